"""The DynamoDB table: reads, conditional transactions, and the one place where AWS faults get our names.

Imports the domain's errors, ``items`` and botocore.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from client_lifecycle.domain.errors import StorageBusy
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage.items import Plain, from_item, to_item

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

T = TypeVar("T")
Wanted = TypeVar("Wanted")

CALLS_AT_ONCE = 16
"""Calls made side by side, at most; well below the connections that a client keeps open."""

MAX_TRANSACTION_ITEMS = 100
KEYS_PER_BATCH_GET = 100
ITEMS_PER_BATCH_WRITE = 25

ATTEMPTS = 8
"""Tries of one call while the service asks for another."""

COMMIT_ATTEMPTS = 10
"""Readings that a commit is decided on while each turns out to be outdated."""

FIRST_PAUSE_SECONDS = 0.025
LONGEST_PAUSE_SECONDS = 1.0

TRY_AGAIN_CODES = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
TRY_AGAIN_REASONS = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"})
CONDITION_FAILED = "ConditionalCheckFailed"


class ConditionsFailed(Exception):
    """A transaction wrote nothing because items were not as expected.

    ``found`` maps the index of each such action to the item as it stands, ``None`` where there is none.
    """

    def __init__(self, found: Mapping[int, Plain | None]) -> None:
        super().__init__(f"conditions failed at {sorted(found)}")
        self.found = found


class ReadingOutdated(Exception):
    """What a commit was decided on has changed meanwhile; nothing was written. Read again and decide again."""


class _TryAgain(Exception):
    """The service asked for another try: a throttle or a conflict with another transaction."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a query and the key to go on from, ``None`` on the last."""

    items: list[Plain]
    next_key: Plain | None


def nobody(_: Sequence[Unreadable]) -> None:
    """Tell nobody of what could not be read."""


@dataclass(frozen=True, slots=True)
class Table:
    """A DynamoDB table behind the few calls this system makes.

    ``report`` is told of every item that was passed over because it cannot be read; it may be called by many threads.
    Every call raises ``StorageBusy`` when throttles or conflicts outlast the retries.
    """

    client: DynamoDBClient
    name: str
    report: Callable[[Sequence[Unreadable]], None] = nobody

    def get(self, key: Mapping[str, str]) -> Plain | None:
        """Read one item, strongly consistent."""
        answer = _with_retries(lambda: self.client.get_item(TableName=self.name, Key=to_item(key), ConsistentRead=True))
        return from_item(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Mapping[str, str]]) -> list[Plain]:
        """Read many items, strongly consistent, in no particular order; unknown keys are left out."""
        wanted = [to_item(key) for key in keys]
        chunks = [wanted[start : start + KEYS_PER_BATCH_GET] for start in range(0, len(wanted), KEYS_PER_BATCH_GET)]
        return [plain for found in side_by_side(self._get_chunk, chunks) for plain in found]

    def _get_chunk(self, wanted: list[dict[str, Any]]) -> list[Plain]:
        found: list[Plain] = []

        def read_what_is_left() -> None:
            nonlocal wanted
            request: dict[str, Any] = {self.name: {"Keys": wanted, "ConsistentRead": True}}
            answer = self.client.batch_get_item(RequestItems=request)
            found.extend(from_item(item) for item in answer["Responses"].get(self.name, []))
            unprocessed: dict[str, Any] = dict(answer.get("UnprocessedKeys", {}))
            wanted = unprocessed.get(self.name, {}).get("Keys", [])
            if wanted:
                raise _TryAgain

        _with_retries(read_what_is_left)
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
                raise _TryAgain

        _with_retries(write_what_is_left)

    def page(
        self,
        condition: str,
        values: Mapping[str, Any],
        *,
        where: str | None = None,
        index: str | None = None,
        limit: int | None = None,
        after: Mapping[str, Any] | None = None,
        newest_first: bool = False,
        consistent: bool = False,
    ) -> Page:
        """Read one page of a query.

        Args:
            condition: the key condition; its placeholders are the keys of ``values``.
            values: plain values for the placeholders.
            where: a condition on the items read; those that do not meet it are not returned.
            index: the index to read, the table itself by default.
            limit: the most items to return.
            after: the ``next_key`` of the page before.
            newest_first: descending order of the sort key.
            consistent: strongly consistent; not possible on a global index.
        """
        request: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": to_item(values),
            "ScanIndexForward": not newest_first,
            "ConsistentRead": consistent,
        }
        if where:
            request["FilterExpression"] = where
        if index:
            request["IndexName"] = index
        if limit:
            request["Limit"] = limit
        if after:
            request["ExclusiveStartKey"] = to_item(after)
        answer = _with_retries(lambda: self.client.query(**request))
        last = answer.get("LastEvaluatedKey")
        return Page([from_item(item) for item in answer["Items"]], from_item(last) if last else None)

    def query(
        self,
        condition: str,
        values: Mapping[str, Any],
        *,
        where: str | None = None,
        index: str | None = None,
        consistent: bool = True,
    ) -> Iterator[Plain]:
        """Read every item of a query, page by page; strongly consistent unless it is of a global index."""
        after: Plain | None = None
        while True:
            page = self.page(condition, values, where=where, index=index, after=after, consistent=consistent)
            yield from page.items
            if page.next_key is None:
                return
            after = page.next_key

    def count(self, condition: str, values: Mapping[str, Any], *, index: str) -> int:
        """Count the items of an index's query, page by page; none of them is returned."""
        request: dict[str, Any] = {
            "TableName": self.name,
            "IndexName": index,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": to_item(values),
            "Select": "COUNT",
        }
        total = 0
        while True:
            answer = _with_retries(lambda: self.client.query(**request))
            total += answer["Count"]
            if "LastEvaluatedKey" not in answer:
                return total
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def transact(self, writes: Sequence[TransactWriteItemTypeDef]) -> None:
        """Commit all writes or none.

        Args:
            writes: up to 100 actions, on as many different items.

        Raises:
            ConditionsFailed: an item was not as its action expects; nothing was written.
        """
        _with_retries(lambda: self.client.transact_write_items(TransactItems=list(writes)))

    def transact_on_reading(self, writes: Sequence[TransactWriteItemTypeDef]) -> None:
        """Commit all writes or none, where every condition only asks that things still are as they were read.

        Args:
            writes: up to 100 actions, on as many different items.

        Raises:
            ReadingOutdated: an item is no longer as it was read; nothing was written.
        """
        try:
            self.transact(writes)
        except ConditionsFailed as failed:
            raise ReadingOutdated from failed


def side_by_side(call: Callable[[Wanted], T], wanted: Sequence[Wanted]) -> list[T]:
    """Make a call for each thing wanted, several at a time, and return the answers in the order of what is wanted."""
    if len(wanted) < 2:
        return [call(one) for one in wanted]
    with ThreadPoolExecutor(min(CALLS_AT_ONCE, len(wanted))) as callers:
        return list(callers.map(call, wanted))


def readings() -> Iterator[int]:
    """Count the readings that a commit may be decided on, one after the other, until one of them is not outdated.

    Whoever lost against another writer comes again after a pause with full jitter, up to a bound.
    """
    for reading in range(COMMIT_ATTEMPTS):
        _pause(reading)
        yield reading


def _with_retries(call: Callable[[], T]) -> T:
    """Make a call until it is not throttled or in conflict, pausing with full jitter, up to a bound."""
    for attempt in range(ATTEMPTS):
        _pause(attempt)
        try:
            return call()
        except _TryAgain:
            continue
        except ClientError as error:
            if not _asks_for_another_try(error):
                raise _named(error) from error
    raise StorageBusy("The records are busy at the moment. Please try again.")


def _pause(attempt: int) -> None:
    """Wait before every attempt but the first, longer and longer."""
    if attempt:
        ceiling_seconds = min(FIRST_PAUSE_SECONDS * 2**attempt, LONGEST_PAUSE_SECONDS)
        time.sleep(random.uniform(0, ceiling_seconds))  # noqa: S311 - spreads load, hides nothing


def _asks_for_another_try(error: ClientError) -> bool:
    code = error.response["Error"]["Code"]
    if code != "TransactionCanceledException":
        return code in TRY_AGAIN_CODES
    reasons = {reason["Code"] for reason in _reasons(error)} - {"None"}
    return bool(reasons) and reasons <= TRY_AGAIN_REASONS


def _named(error: ClientError) -> Exception:
    """Turn an AWS fault into ours; one that has no name here is a bug and passes through as it is."""
    failed = {
        index: from_item(reason["Item"]) if reason.get("Item") else None
        for index, reason in enumerate(_reasons(error))
        if reason["Code"] == CONDITION_FAILED
    }
    return ConditionsFailed(failed) if failed else error


def _reasons(error: ClientError) -> list[dict[str, Any]]:
    response: dict[str, Any] = dict(error.response)
    return list(response.get("CancellationReasons", []))
