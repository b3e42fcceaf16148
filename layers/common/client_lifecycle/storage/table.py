"""The DynamoDB table: reads, and conditional transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from uuid import uuid4

from botocore.exceptions import ClientError
from msgspec import Struct

from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage.attributes import Plain, from_item, to_item
from client_lifecycle.storage.retries import TryAgain, pause, persistently, reasons_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Write: TypeAlias = "TransactWriteItemTypeDef"
"""One action of a transaction; outside storage nobody looks into it."""

T = TypeVar("T")
Wanted = TypeVar("Wanted")
Name = TypeVar("Name")

CALLS_AT_ONCE = 16
"""Calls made side by side, at most; well below the connections that a client keeps open."""

MAX_TRANSACTION_ITEMS = 100
ACTIONS_TOGETHER = MAX_TRANSACTION_ITEMS
KEYS_PER_BATCH_GET = 100
ITEMS_PER_BATCH_WRITE = 25

MAX_COMMIT_ATTEMPTS = 10
"""Readings that a commit is decided on while each turns out to be outdated."""

CANCELLATIONS_TOGETHER = 3
"""How often a transaction that could be several is tried before it becomes several: others may pass quickly."""

CONDITION_FAILED = "ConditionalCheckFailed"


class ConditionsFailed(Exception):
    """A transaction wrote nothing because items were not as expected.

    ``found`` maps the index of each such action to the item as it stands, ``None`` where there is none.
    """

    def __init__(self, found: Mapping[int, Plain | None]) -> None:
        super().__init__(f"conditions failed at {sorted(found)}")
        self.found = found


class StaleRead(Exception):
    """What a commit was decided on has changed meanwhile; nothing was written. Read again and decide again."""


class _Cancelled(Exception):
    """A transaction was cancelled as often as it was to be tried."""


class Query(Struct, frozen=True):
    """What is asked of the table, or of an index of it.

    ``condition`` is the key condition; its placeholders are the keys of ``values``. ``where`` is a condition on the
    items read: those that do not meet it are not returned. ``names`` are placeholders in it for the names of attributes
    that are words of DynamoDB's own. ``newest_first`` is the descending order of the sort key. ``only`` is the one
    attribute that is answered; what is read, and paid for, is the same.
    """

    condition: str
    values: Mapping[str, Any]
    index: str | None = None
    where: str | None = None
    names: Mapping[str, str] | None = None
    newest_first: bool = False
    only: str | None = None


class Page(Struct, frozen=True):
    """One page of a query and the key to continue from, ``None`` on the last.

    It is empty only where nothing follows, or where the query has a ``where``.
    """

    items: list[Plain]
    next_key: Plain | None


def nobody(_: Sequence[Unreadable]) -> None:
    """Tell nobody of what could not be read."""


class Table(Struct, frozen=True):
    """A DynamoDB table behind the few calls this system makes.

    ``report`` is told of every item that was skipped because it cannot be read; it may be called by many threads.
    Every call raises ``StorageBusy`` when throttles, conflicts or a connection's faults outlast the time there is.
    """

    client: DynamoDBClient
    name: str
    report: Callable[[Sequence[Unreadable]], None] = nobody

    def get(self, key: Mapping[str, str]) -> Plain | None:
        """Read one item, strongly consistent."""
        answer = persistently(lambda: self.client.get_item(TableName=self.name, Key=to_item(key), ConsistentRead=True))
        return from_item(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Mapping[str, str]], *, consistent: bool = True) -> list[Plain]:
        """Read many items, strongly consistent by default, in no particular order; unknown keys are left out."""
        wanted = [to_item(key) for key in keys]
        chunks = [wanted[start : start + KEYS_PER_BATCH_GET] for start in range(0, len(wanted), KEYS_PER_BATCH_GET)]
        return [plain for found in side_by_side(partial(self._get_chunk, consistent), chunks) for plain in found]

    def _get_chunk(self, consistent: bool, wanted: list[dict[str, Any]]) -> list[Plain]:
        found: list[Plain] = []

        def read_what_is_left() -> None:
            nonlocal wanted
            request: dict[str, Any] = {self.name: {"Keys": wanted, "ConsistentRead": consistent}}
            answer = self.client.batch_get_item(RequestItems=request)
            found.extend(from_item(item) for item in answer["Responses"].get(self.name, []))
            unprocessed: dict[str, Any] = dict(answer.get("UnprocessedKeys", {}))
            wanted = unprocessed.get(self.name, {}).get("Keys", [])
            if wanted:
                raise TryAgain

        persistently(read_what_is_left)
        return found

    def put_many(self, items: Sequence[Plain]) -> None:
        """Write items without a condition; for items that nothing can read until a later write names them."""
        for start in range(0, len(items), ITEMS_PER_BATCH_WRITE):
            self._put_chunk([to_item(item) for item in items[start : start + ITEMS_PER_BATCH_WRITE]])

    def _put_chunk(self, items: list[dict[str, Any]]) -> None:
        requests: list[Any] = [{"PutRequest": {"Item": item}} for item in items]

        def write_what_is_left() -> None:
            nonlocal requests
            answer = self.client.batch_write_item(RequestItems={self.name: requests})
            requests = answer.get("UnprocessedItems", {}).get(self.name, [])
            if requests:
                raise TryAgain

        persistently(write_what_is_left)

    def page(
        self,
        query: Query,
        *,
        limit: int | None = None,
        after: Mapping[str, Any] | None = None,
        consistent: bool = True,
    ) -> Page:
        """Read one page of a query.

        AWS may answer a page without an item though more follow. Those are skipped, unless there is a ``where``:
        how much is read to find what meets it is the caller's to say.

        Args:
            query: what is asked.
            limit: the most items to return.
            after: the ``next_key`` of the page before.
            consistent: strongly consistent; not possible on a global index, which lags by moments.
        """
        request = {
            **self._asked(query),
            "ScanIndexForward": not query.newest_first,
            "ConsistentRead": consistent,
        }
        if limit:
            request["Limit"] = limit
        if after:
            request["ExclusiveStartKey"] = to_item(after)
        answer = persistently(lambda: self.client.query(**request))
        while not (answer["Items"] or query.where) and "LastEvaluatedKey" in answer:
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
            answer = persistently(lambda: self.client.query(**request))
        last = answer.get("LastEvaluatedKey")
        return Page([from_item(item) for item in answer["Items"]], from_item(last) if last else None)

    def query(self, query: Query, *, consistent: bool = True) -> Iterator[Plain]:
        """Read every item of a query, page by page; a global index cannot be read strongly consistent."""
        after: Plain | None = None
        while True:
            page = self.page(query, after=after, consistent=consistent)
            yield from page.items
            if page.next_key is None:
                return
            after = page.next_key

    def count(self, query: Query) -> int:
        """Count the items of an index's query, page by page; none of them is returned."""
        request = {**self._asked(query), "Select": "COUNT"}
        total = 0
        while True:
            answer = persistently(lambda: self.client.query(**request))
            total += answer["Count"]
            if "LastEvaluatedKey" not in answer:
                return total
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _asked(self, query: Query) -> dict[str, Any]:
        request: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": query.condition,
            "ExpressionAttributeValues": to_item(query.values),
        }
        if query.where:
            request["FilterExpression"] = query.where
        if query.only:
            request["ProjectionExpression"] = query.only
        if query.names:
            request["ExpressionAttributeNames"] = query.names
        if query.index:
            request["IndexName"] = query.index
        return request

    def transact(self, writes: Sequence[Write]) -> None:
        """Commit all writes or none; a commit whose answer was lost is asked for again, and made once.

        Args:
            writes: up to 100 actions, on as many different items.

        Raises:
            ConditionsFailed: an item was not as its action expects; nothing was written.
        """
        try:
            self._commit(writes)
        except ClientError as error:
            if failed := _failed_conditions(error):
                raise ConditionsFailed(failed) from error
            raise

    def transact_unless_refused(self, writes: Sequence[Write]) -> bool:
        """Commit all writes or none, and tell which; what others keep cancelling is not insisted on.

        Args:
            writes: up to 100 actions, on as many different items.
        """
        try:
            self._commit(writes, most_cancellations=CANCELLATIONS_TOGETHER)
        except (ClientError, _Cancelled):
            return False
        return True

    def _commit(self, writes: Sequence[Write], most_cancellations: float = inf) -> None:
        """Ask for a commit until it is made, refused for good, or was cancelled so often."""
        token, cancellations = str(uuid4()), 0

        def commit() -> None:
            nonlocal token, cancellations
            try:
                self.client.transact_write_items(TransactItems=list(writes), ClientRequestToken=token)
            except self.client.exceptions.TransactionCanceledException as fault:
                token, cancellations = str(uuid4()), cancellations + 1
                if cancellations == most_cancellations:
                    raise _Cancelled from fault
                raise

        persistently(commit)

    def transact_if_unchanged(self, writes: Sequence[Write]) -> None:
        """Commit all writes or none, where every condition only asks that things still are as they were read.

        Args:
            writes: up to 100 actions, on as many different items.

        Raises:
            StaleRead: an item is no longer as it was read; nothing was written.
        """
        try:
            self.transact(writes)
        except ConditionsFailed as failed:
            raise StaleRead from failed


def side_by_side(call: Callable[[Wanted], T], wanted: Sequence[Wanted]) -> list[T]:
    """Make a call for each thing wanted, several at a time, and return the answers in the order of what is wanted."""
    if len(wanted) < 2:
        return [call(one) for one in wanted]
    contexts = [copy_context() for _ in wanted]
    with ThreadPoolExecutor(min(CALLS_AT_ONCE, len(wanted))) as callers:
        return list(callers.map(lambda context, one: context.run(call, one), contexts, wanted))


def commit_together(table: Table, groups: Mapping[Name, Sequence[Write]]) -> set[Name]:
    """Commit groups of writes, each whole or not at all, as many in one transaction as it takes.

    A transaction that is refused commits none of its groups, whichever it is refused for: each is to be decided
    again, alone. A group without writes is committed.

    Args:
        table: where to.
        groups: each on items of its own, of at most as many actions as one transaction takes.

    Returns:
        The names of the groups that are committed.

    Raises:
        StorageBusy: the table kept throttling; what was committed stays.
    """
    committed: set[Name] = set()
    for pack in _packs(groups):
        writes = [write for name in pack for write in groups[name]]
        if not writes or table.transact_unless_refused(writes):
            committed.update(pack)
    return committed


def _packs(groups: Mapping[Name, Sequence[Write]]) -> Iterator[list[Name]]:
    pack: list[Name] = []
    actions = 0
    for name, writes in groups.items():
        if actions + len(writes) > ACTIONS_TOGETHER:
            yield pack
            pack, actions = [], 0
        pack.append(name)
        actions += len(writes)
    yield pack


def commit_attempts() -> Iterator[int]:
    """Count the readings that a commit may be decided on, one after the other, until one of them is not outdated.

    A writer that lost against another comes again after a pause with full jitter, up to a bound.
    """
    for reading in range(MAX_COMMIT_ATTEMPTS):
        if reading:
            pause(reading)
        yield reading


def _failed_conditions(error: ClientError) -> dict[int, Plain | None]:
    """Return what was found in place of what was expected, by the index of the action."""
    return {
        index: from_item(reason["Item"]) if reason.get("Item") else None
        for index, reason in enumerate(reasons_of(error))
        if reason["Code"] == CONDITION_FAILED
    }
