"""Keeps bulk archives and their members, and moves members from one outcome to another exactly once.

Imports the domain and the rest of this ring.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.errors import RunNotFound
from client_lifecycle.domain.runs import Member, Outcome, Run
from client_lifecycle.storage import archives, clients, keys
from client_lifecycle.storage.items import Plain, conditional_update, from_plain, put_new, to_item, to_plain
from client_lifecycle.storage.table import ConditionsFailed, Page, Table, side_by_side

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


COUNTS = 0
"""The index of the write to the run's counts in the transaction that settles members."""


@dataclass(frozen=True, slots=True)
class MemberPage:
    """A page of a run's members and the position to go on after, ``None`` on the last."""

    members: list[Member]
    next_after: int | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member of a run beside the client as it is now."""

    member: Member
    client: Client


@dataclass(frozen=True, slots=True)
class StoredCandidate:
    """A candidate as stored; it is read one by one, so that an unreadable client stops nobody else."""

    member: Plain
    client: Plain

    def read(self) -> Candidate:
        """Read the candidate.

        Raises:
            UnreadableItem: the client or the member does not have the shape it should.
        """
        return Candidate(from_plain(Member, self.member), from_plain(Client, self.client))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What a run came to for one of its members.

    ``archive_id`` is the stamp that the client must still carry and the receipt that is settled; it is given for
    clients archived in full, and only for them.
    """

    client_id: str
    position: int
    outcome: Outcome
    reason: str | None = None
    archive_id: str | None = None


def create_run(table: Table, run: Run, members: Sequence[Member]) -> None:
    """Store a run and its members; the run comes last, so a run that can be read is complete (A6).

    Each partition of members is written on its own, all of them side by side.
    """
    items = [_member_item(run, member) for member in members]
    starts = range(0, len(items), keys.MEMBERS_PER_PARTITION)
    side_by_side(table.put_many, [items[start : start + keys.MEMBERS_PER_PARTITION] for start in starts])
    table.transact([put_new(table.name, keys.run_key(run.provider_id, run.run_id), to_plain(run))])


def read_run(table: Table, provider_id: str, run_id: str) -> Run:
    """Read a run.

    Raises:
        RunNotFound: the provider has no such run.
    """
    plain = table.get(keys.run_key(provider_id, run_id))
    if plain is None:
        raise run_not_found()
    return from_plain(Run, plain)


def replace_run(table: Table, before: Run, after: Run) -> None:
    """Move a run to another state.

    Raises:
        ReadingOutdated: the run's state is no longer as it was read.
    """
    key = keys.run_key(before.provider_id, before.run_id)
    table.transact_on_reading([conditional_update(table.name, key, to_plain(before), to_plain(after), {"state"})])


def list_members(
    table: Table, provider_id: str, run_id: str, *, outcome: Outcome | None, limit: int, after: int | None
) -> MemberPage:
    """Read a page of a run's members in the order of the preview, all or those with one outcome."""
    start: Plain | None = keys.member_key(provider_id, run_id, after) if after is not None else None
    if start and outcome and after is not None:
        start["outcome_key"] = keys.outcome_key(outcome, after)
    members: list[Member] = []
    for partition in keys.member_partitions(provider_id, run_id, after or 0):
        here = start if start and start["pk"] == partition else None
        page = _page_of_partition(table, partition, outcome, limit - len(members), here)
        members += [from_plain(Member, plain) for plain in page.items]
        if page.next_key or len(members) == limit:
            return MemberPage(members, members[-1].position)
    return MemberPage(members, None)


def _page_of_partition(table: Table, partition: str, outcome: Outcome | None, limit: int, after: Plain | None) -> Page:
    if outcome is None:
        values = {":pk": partition, ":prefix": keys.MEMBER_PREFIX}
        return table.page("pk = :pk AND begins_with(sk, :prefix)", values, limit=limit, after=after, consistent=True)
    values = {":pk": partition, ":prefix": keys.outcome_prefix(outcome)}
    condition = "pk = :pk AND begins_with(outcome_key, :prefix)"
    return table.page(condition, values, index=keys.OUTCOMES_INDEX, limit=limit, after=after, consistent=True)


def all_members(table: Table, provider_id: str, run_id: str) -> Iterator[Member]:
    """Read every member of a run, in the order of the preview; a partition that is not full is the last."""
    for partition in keys.member_partitions(provider_id, run_id):
        values = {":pk": partition, ":prefix": keys.MEMBER_PREFIX}
        found = list(table.query("pk = :pk AND begins_with(sk, :prefix)", values))
        yield from (from_plain(Member, plain) for plain in found)
        if len(found) < keys.MEMBERS_PER_PARTITION:
            return


def read_candidates(
    table: Table, provider_id: str, run_id: str, places: Sequence[tuple[str, int]]
) -> dict[str, StoredCandidate]:
    """Read members of a run together with their clients, by client id.

    Args:
        table: where to read.
        provider_id: the owner.
        run_id: the run.
        places: client id and position of each member.
    """
    member_keys = [keys.member_key(provider_id, run_id, position) for _, position in places]
    client_keys = [keys.client_key(provider_id, client_id) for client_id, _ in places]
    found = {(plain["pk"], plain["sk"]): plain for plain in table.get_many([*member_keys, *client_keys])}
    return {
        client_id: StoredCandidate(found[member["pk"], member["sk"]], found[client["pk"], client["sk"]])
        for (client_id, _), member, client in zip(places, member_keys, client_keys, strict=True)
    }


def mark_write(
    table: Table, provider_id: str, run_id: str, member: Member, archive_id: str
) -> TransactWriteItemTypeDef:
    """Record on a member under which stamp its client is archived; possible once per run."""
    before = _member_fields(member)
    after = _member_fields(replace(member, archive_id=archive_id))
    key = keys.member_key(provider_id, run_id, member.position)
    return conditional_update(table.name, key, before, after, {"outcome", "archive_id"})


def settle_members(table: Table, provider_id: str, run_id: str, settlements: Sequence[Settlement]) -> None:
    """Give members their outcomes, settle their receipts and move the run's counts, in one transaction.

    A member that has its outcome already keeps it and is not counted again, however often this is called. A client
    that no longer carries its stamp becomes ``superseded`` instead.

    Args:
        table: where to write.
        provider_id: the owner.
        run_id: the run.
        settlements: up to 33, of pending members.

    Raises:
        RunNotFound: the provider has no such run.
    """
    left = list(settlements)
    settled_receipts: set[str] = set()
    while left:
        plan = _settlement_writes(table, provider_id, run_id, left, settled_receipts)
        try:
            table.transact([_count_write(table, provider_id, run_id, left), *(write for _, _, write in plan)])
        except ConditionsFailed as failed:
            if COUNTS in failed.found:
                raise run_not_found() from failed
            left = _without_surprises(left, [plan[index - 1] for index in failed.found], settled_receipts)
        else:
            return


_SettlementWrite = tuple[Settlement, str, "TransactWriteItemTypeDef"]


def _settlement_writes(
    table: Table, provider_id: str, run_id: str, settlements: Sequence[Settlement], settled_receipts: set[str]
) -> list[_SettlementWrite]:
    writes: list[_SettlementWrite] = []
    for settlement in settlements:
        writes.append((settlement, "member", _outcome_write(table, provider_id, run_id, settlement)))
        if settlement.archive_id is None:
            continue
        client_id, archive_id = settlement.client_id, settlement.archive_id
        writes.append((settlement, "stamp", clients.stamp_check(table, provider_id, client_id, archive_id)))
        if archive_id not in settled_receipts:
            receipt = archives.settled_write(table, provider_id, client_id, archive_id)
            writes.append((settlement, "receipt", receipt))
    return writes


def _without_surprises(
    settlements: list[Settlement], refused: list[_SettlementWrite], settled_receipts: set[str]
) -> list[Settlement]:
    """Take back what the table refused: outcomes given before, stamps that are gone, receipts settled before."""
    surprises = {(settlement.position, what) for settlement, what, _ in refused}
    settled_receipts |= {
        settlement.archive_id for settlement, what, _ in refused if what == "receipt" and settlement.archive_id
    }
    return [
        replace(settlement, outcome=Outcome.SUPERSEDED, archive_id=None)
        if (settlement.position, "stamp") in surprises
        else settlement
        for settlement in settlements
        if (settlement.position, "member") not in surprises
    ]


def _outcome_write(table: Table, provider_id: str, run_id: str, settlement: Settlement) -> TransactWriteItemTypeDef:
    key = keys.member_key(provider_id, run_id, settlement.position)
    before = {
        "outcome": Outcome.PENDING.value,
        "outcome_key": keys.outcome_key(Outcome.PENDING, settlement.position),
    }
    after = {
        "outcome": settlement.outcome.value,
        "outcome_key": keys.outcome_key(settlement.outcome, settlement.position),
        "reason": settlement.reason,
    }
    return conditional_update(table.name, key, before, after, {"outcome"})


def _count_write(
    table: Table, provider_id: str, run_id: str, settlements: Sequence[Settlement]
) -> TransactWriteItemTypeDef:
    gained = Counter(settlement.outcome for settlement in settlements)
    moves = {outcome.value: count for outcome, count in gained.items()} | {Outcome.PENDING.value: -len(settlements)}
    return {
        "Update": {
            "TableName": table.name,
            "Key": to_item(keys.run_key(provider_id, run_id)),
            "UpdateExpression": "SET " + ", ".join(f"#counts.#{name} = #counts.#{name} + :{name}" for name in moves),
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeNames": {"#counts": "counts", **{f"#{name}": name for name in moves}},
            "ExpressionAttributeValues": to_item({f":{name}": count for name, count in moves.items()}),
        }
    }


def _member_fields(member: Member) -> Plain:
    return {**to_plain(member), "outcome_key": keys.outcome_key(member.outcome, member.position)}


def _member_item(run: Run, member: Member) -> Plain:
    return {**keys.member_key(run.provider_id, run.run_id, member.position), **_member_fields(member)}


def run_not_found() -> RunNotFound:
    """Return the fault for a run id the provider does not have."""
    return RunNotFound("You have no bulk archive with this id.", "run_id")
