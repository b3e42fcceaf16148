"""Keeps bulk archives and their undos, with their members.

What moves a member from one outcome to another is in ``settlements``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field

from client_lifecycle.domain.errors import RunNotFound
from client_lifecycle.domain.members import Member
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.practice_history import PracticeEntry
from client_lifecycle.domain.runs import IN_FLIGHT, WAITING, Run, with_all_outcomes
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage import keys
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.items import conditional_update, put_new
from client_lifecycle.storage.pages import fitting, list_newest
from client_lifecycle.storage.practice_history import practice_write
from client_lifecycle.storage.skipping import read_each
from client_lifecycle.storage.table import Page, Query, Table, Write, side_by_side
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import from_plain, to_plain

WITHOUT_CURRENCY = {"credit_cents": "credits", "owed_cents": "owed", "scheduled_payment_cents": "scheduled"}
"""Amounts as earlier versions named and stored them, plain numbers, and what they are today."""

CHECK_RUN_AFTER = timedelta(minutes=10)
"""How long after an attempt began the clean-up looks whether something still works on it."""


class RunPage(Struct, frozen=True):
    """A page of a provider's runs and the id to go on after, ``None`` on the last."""

    runs: list[Run]
    next_after: str | None
    unreadable: list[Unreadable] = field(default_factory=list)


class MemberPage(Struct, frozen=True):
    """A page of a run's members and the position to go on after, ``None`` on the last."""

    members: list[Member]
    next_after: int | None
    unreadable: list[Unreadable] = field(default_factory=list)


def create_run(tenant: Tenant, run: Run, members: Sequence[Member], line: PracticeEntry) -> None:
    """Store a run and its members; the run comes last, so a run that can be read is complete (A6).

    The line for the practice's history is stored with the run.
    """
    store_members(tenant, run, members)
    tenant.table.transact([*_new_run(tenant, run), practice_write(tenant, line)])


def create_undo(tenant: Tenant, before: Run, after: Run, undo: Run, line: PracticeEntry) -> None:
    """Store a run that undoes another, and on the other which one that is; its members are stored before.

    Raises:
        StaleRead: the run to undo is no longer as it was read.
    """
    writes = [_replacement(tenant, before, after), *_new_run(tenant, undo), practice_write(tenant, line)]
    tenant.table.transact_if_unchanged(writes)


def store_members(tenant: Tenant, run: Run, members: Sequence[Member]) -> None:
    """Store the members of a run that is not stored itself yet, all partitions side by side."""
    items = [_member_item(tenant.keys, run, member) for member in members]
    starts = range(0, len(items), keys.MEMBERS_PER_PARTITION)
    side_by_side(tenant.table.put_many, [items[start : start + keys.MEMBERS_PER_PARTITION] for start in starts])


def read_run(tenant: Tenant, run_id: str) -> Run:
    """Read a run.

    Raises:
        RunNotFound: the provider has no such run.
        UnreadableRecord: it cannot be read.
    """
    plain = tenant.table.get(tenant.keys.run(run_id))
    if plain is None:
        raise run_not_found()
    return run_from(plain)


def run_from(plain: Plain) -> Run:
    """Read a run, also one that was stored before there was one of today's outcomes, or amounts had a currency."""
    return with_all_outcomes(from_plain(Run, _with_currency(plain, "totals", plain.get("currency"))))


def replace_run(tenant: Tenant, before: Run, after: Run, line: PracticeEntry | None = None) -> None:
    """Move a run to another state; its counts are not written.

    The line for the practice's history tells who moves it; the workflow has none, for it carries out what was asked.

    Raises:
        StaleRead: the run's state is no longer as it was read, or another attempt or its undo has begun.
    """
    lines = [practice_write(tenant, line)] if line else []
    tenant.table.transact_if_unchanged([_replacement(tenant, before, after), *lines])


def list_runs(tenant: Tenant, *, limit: int, after: str | None) -> RunPage:
    """Read a page of a provider's runs, the newest first; it ends before it would hold more than an answer does."""
    runs, last, unreadable = list_newest(tenant, keys.RUN_PREFIX, tenant.keys.run, run_from, limit=limit, after=after)
    return RunPage(runs, last, unreadable)


def list_members(tenant: Tenant, run: Run, *, outcome: Outcome | None, limit: int, after: int | None) -> MemberPage:
    """Read a page of a run's members in the order of the preview, all or those with one outcome.

    It ends before it would hold more than an answer does.
    """
    is_pending = outcome is Outcome.PENDING
    start: Plain | None = tenant.keys.member(run.run_id, after) if after is not None else None
    if start and outcome and not is_pending and after is not None:
        start["outcome_key"] = keys.outcome_key(outcome, after)
    found: list[Plain] = []
    next_after: int | None = None
    for partition in tenant.keys.member_partitions(run, after or 0):
        here = start if start and start["pk"] == partition else None
        left = limit - len(found)
        if is_pending:
            page = _page_of_pending(tenant.table, partition, left, here)
        elif outcome:
            page = _page_by_outcome(tenant.table, partition, outcome, left, here)
        else:
            page = _page_by_position(tenant.table, partition, left, here)
        found += page.items
        if page.next_key or len(found) == limit:
            last = _last_position(found, after or 0)
            next_after = last if last + 1 < run.totals.clients else None
            break
    shown = fitting(found)
    if len(shown) < len(found):
        next_after = _last_position(shown, after or 0)
    members, unreadable = read_each(tenant.table, _reader_of_members(run), shown)
    return MemberPage(members, next_after, unreadable)


def position_of(member: Unreadable) -> int:
    """Return the position of a member that cannot be read."""
    return keys.position_in(member.id)


def _last_position(found: Sequence[Plain], without: int) -> int:
    """Return the position of the last member found, or the one given if there is none."""
    return max((keys.position_of(plain) for plain in found if keys.is_member(plain)), default=without)


def _page_by_position(table: Table, partition: str, limit: int, after: Plain | None) -> Page:
    values = {":pk": partition, ":prefix": keys.MEMBER_PREFIX}
    return table.page(Query("pk = :pk AND begins_with(sk, :prefix)", values), limit=limit, after=after)


def _page_by_outcome(table: Table, partition: str, outcome: Outcome, limit: int, after: Plain | None) -> Page:
    values = {":pk": partition, ":prefix": keys.outcome_prefix(outcome)}
    condition = "pk = :pk AND begins_with(outcome_key, :prefix)"
    return table.page(Query(condition, values, index=keys.OUTCOMES_INDEX), limit=limit, after=after)


def _page_of_pending(table: Table, partition: str, limit: int, after: Plain | None) -> Page:
    """Read a page of members without an outcome, which are in no index: among so many first, then among all others."""
    values = {":pk": partition, ":prefix": keys.MEMBER_PREFIX, ":pending": Outcome.PENDING.value}
    pending = Query(
        "pk = :pk AND begins_with(sk, :prefix)",
        values,
        where="#outcome = :pending OR attribute_not_exists(#outcome)",
        names={"#outcome": "outcome"},
    )
    page = table.page(pending, limit=limit, after=after)
    found = page.items
    while page.next_key and len(found) < limit:
        page = table.page(pending, after=page.next_key)
        found = [*found, *page.items]
    if len(found) <= limit:
        return Page(found, page.next_key)
    last = found[limit - 1]
    return Page(found[:limit], {"pk": last["pk"], "sk": last["sk"]})


def all_members(tenant: Tenant, run: Run) -> list[Member]:
    """Read every member of a run that can be read, in the order of the preview."""
    members, _ = read_all_members(tenant, run)
    return members


def read_all_members(tenant: Tenant, run: Run) -> tuple[list[Member], list[Unreadable]]:
    """Read every member of a run, in the order of the preview.

    Returns:
        The members, and those that cannot be read.
    """

    def found() -> Iterator[Plain]:
        for partition in tenant.keys.member_partitions(run):
            values = {":pk": partition, ":prefix": keys.MEMBER_PREFIX}
            yield from tenant.table.query(Query("pk = :pk AND begins_with(sk, :prefix)", values))

    return read_each(tenant.table, _reader_of_members(run), found())


def members_with(tenant: Tenant, run: Run, outcome: Outcome) -> Iterator[Member]:
    """Read every member of a run that has this outcome, in the order of the preview."""
    for partition in tenant.keys.member_partitions(run):
        values = {":pk": partition, ":prefix": keys.outcome_prefix(outcome)}
        condition = "pk = :pk AND begins_with(outcome_key, :prefix)"
        found = tenant.table.query(Query(condition, values, index=keys.OUTCOMES_INDEX))
        members, _ = read_each(tenant.table, _reader_of_members(run), found)
        yield from members


def read_members(tenant: Tenant, run_id: str, positions: Sequence[int]) -> dict[int, Plain]:
    """Read members of a run as stored, by position; each is to be read one by one, so that none stops the others."""
    found = tenant.table.get_many([tenant.keys.member(run_id, position) for position in positions])
    return {keys.position_of(plain): plain for plain in found}


def read_member(tenant: Tenant, run: Run, position: int) -> Member:
    """Read one member of a run that is known to have it.

    Raises:
        UnreadableRecord: it cannot be read.
    """
    return member_at(read_members(tenant, run.run_id, [position]), run, position)


def member_at(stored: Mapping[int, Plain], run: Run, position: int) -> Member:
    """Read one of many members that were read as stored.

    Raises:
        UnreadableRecord: it cannot be read, or is missing.
    """
    plain = stored.get(position) or keys.Keys(run.provider_id).member(run.run_id, position)
    return _reader_of_members(run)(plain)


def _reader_of_members(run: Run) -> Callable[[Mapping[str, Any]], Member]:
    """Return what reads a member of this run, also one that was stored before amounts had a currency."""
    return lambda plain: from_plain(Member, _with_currency(plain, "facts", run.currency))


def _with_currency(plain: Mapping[str, Any], field_name: str, currency: str | None) -> Mapping[str, Any]:
    """Return an item whose facts or totals have amounts that carry their currency, as they are stored today (M1).

    Args:
        plain: the item, of today or of an earlier version, which stored numbers in the run's currency.
        field_name: the field that holds the facts or totals.
        currency: the run's.
    """
    sums = plain.get(field_name)
    if not isinstance(sums, Mapping):
        return plain
    amounts = {
        name: [{"currency": currency, "cents": sums[before]}] if sums[before] != 0 else []
        for before, name in WITHOUT_CURRENCY.items()
        if before in sums
    }
    return {**plain, field_name: {**sums, **amounts}}


def member_fields(member: Member) -> Plain:
    """Return a member as it is stored, without its key; it enters the index once it has an outcome."""
    is_pending = member.outcome is Outcome.PENDING
    place = {} if is_pending else {"outcome_key": keys.outcome_key(member.outcome, member.position)}
    return {**to_plain(member), **place}


def run_not_found() -> RunNotFound:
    """Return the fault for a run id the provider does not have."""
    return RunNotFound("You have no bulk archive with this id.", "run_id")


def _new_run(tenant: Tenant, run: Run) -> list[Write]:
    place = tenant.keys.run_in_list(run.run_id)
    return [
        put_new(tenant.table.name, tenant.keys.run(run.run_id), _run_fields(run)),
        put_new(tenant.table.name, place, {"run_id": run.run_id}),
    ]


def _replacement(tenant: Tenant, before: Run, after: Run) -> Write:
    key = tenant.keys.run(before.run_id)
    expect = {"state", "attempt", "undone_by"}
    return conditional_update(
        tenant.table.name, key, _without_counts(before), _without_counts(after), expect, shape=Run
    )


def _without_counts(run: Run) -> Plain:
    return {name: value for name, value in _run_fields(run).items() if name != "counts"}


def _run_fields(run: Run) -> Plain:
    check_at = _check_at(run)
    return {**to_plain(run), **(keys.due_keys(keys.Work.RUN, run.run_id, check_at) if check_at else {})}


def _check_at(run: Run) -> datetime | None:
    """Return from when on the clean-up has to look at a run."""
    if run.state in IN_FLIGHT and run.attempt_started_at:
        return run.attempt_started_at + CHECK_RUN_AFTER
    return run.starts_at if run.state in WAITING else None


def _member_item(own: keys.Keys, run: Run, member: Member) -> Plain:
    return {**own.member(run.run_id, member.position), **member_fields(member)}
