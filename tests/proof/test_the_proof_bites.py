"""A proof that cannot fail proves nothing: each of these faults, put into the code, breaks an invariant soon."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import pytest

from client_lifecycle.domain.bookings import Booking, BookingAnswer
from client_lifecycle.domain.client import Client
from client_lifecycle.domain.effects import Change, Plan, cancel_commitments, leave_chats
from client_lifecycle.domain.errors import LifecycleError
from client_lifecycle.domain.receipts import HistoryEntry
from client_lifecycle.domain.runs import Member
from client_lifecycle.storage import archives, bookings, clients, keys, runs
from client_lifecycle.storage.items import conditional_update, put_new, to_plain
from client_lifecycle.storage.table import Table
from client_lifecycle.use_cases import activate, archive
from tests.proof.crashes import CASES, Stage
from tests.proof.figures import tell
from tests.proof.interleaving import Tally, live_through
from tests.proof.invariants import Broken, hold
from tests.proof.world import Controls

CALLS_PER_WORLD = 250
MOST_WORLDS = 12
"""Few, for a fault that is not caught soon may never be in the calls that every change is tried with."""

Fault = Callable[[pytest.MonkeyPatch], None]


def exists(table: Table, key: Mapping[str, str]) -> dict[str, object]:
    """A condition that always holds."""
    place = {name: {"S": part} for name, part in key.items()}
    return {"ConditionCheck": {"TableName": table.name, "Key": place, "ConditionExpression": "attribute_exists(pk)"}}


def effects_without_the_stamp_check(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(clients, "stamp_check", lambda table, *ids: exists(table, keys.client_key(*ids[:2])))


def clients_written_over_any_revision(patch: pytest.MonkeyPatch) -> None:
    def client_write(table: Table, before: Client, after: Client) -> object:
        key = keys.client_key(before.provider_id, before.client_id)
        stored = clients.client_item(before), clients.client_item(after)
        return conditional_update(table.name, key, *stored, {"archive_id"})

    patch.setattr(clients, "client_write", client_write)


def bookings_that_leave_an_active_client_untouched(patch: pytest.MonkeyPatch) -> None:
    whole = bookings.commit_booking

    def commit_booking(
        table: Table,
        before: Client,
        after: Client,
        booking: Booking,
        answer: BookingAnswer,
        history: HistoryEntry | None,
    ) -> None:
        if before.stamp:
            whole(table, before, after, booking, answer, history)
            return
        item = clients.record_item(before.provider_id, before.client_id, booking.appointment)
        place = {"pk": item["pk"], "sk": item["sk"]}
        answer_key = keys.booking_key(before.provider_id, booking.event_id)
        table.transact_on_reading([put_new(table.name, place, item), put_new(table.name, answer_key, to_plain(answer))])

    patch.setattr(bookings, "commit_booking", commit_booking)


def returns_in_two_transactions(patch: pytest.MonkeyPatch) -> None:
    def commit_return(
        table: Table,
        before: Client,
        after: Client,
        history: HistoryEntry | None,
        archive_id: str,
        changes: Sequence[Change],
        at: datetime,
    ) -> None:
        if history:
            table.transact_on_reading([clients.history_write(table, before, history)])
        table.transact_on_reading([clients.client_write(table, before, after)])

    patch.setattr(archives, "commit_return", commit_return)


def outcomes_given_over_others(patch: pytest.MonkeyPatch) -> None:
    guarded = runs.conditional_update

    def update(table: str, key: object, before: object, after: object, expect: set[str]) -> object:
        return guarded(table, key, before, after, expect - {"outcome"})

    patch.setattr(runs, "conditional_update", update)


def marks_that_are_not_kept(patch: pytest.MonkeyPatch) -> None:
    def mark_write(table: Table, provider_id: str, run_id: str, member: Member, archive_id: str) -> object:
        return exists(table, keys.member_key(provider_id, run_id, member.position))

    patch.setattr(runs, "mark_write", mark_write)


def changes_written_over_anything(patch: pytest.MonkeyPatch) -> None:
    def change_write(table: Table, provider_id: str, client_id: str, change: Change) -> object:
        key = keys.record_key(provider_id, client_id, change.before.kind, change.before.record_id)
        stored = [clients.record_item(provider_id, client_id, one) for one in (change.before, change.after)]
        return conditional_update(table.name, key, *stored, ())

    patch.setattr(clients, "change_write", change_write)


def changes_and_receipts_written_over_others(patch: pytest.MonkeyPatch) -> None:
    """Each of the two guards alone would do: what changes twice would be told twice under the same key."""
    changes_written_over_anything(patch)
    patch.setattr(archives, "put_new", archives.put_over)


def reminders_that_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    def most_effects(records: object, at: datetime) -> Plan:
        frozen = tuple(records)
        return cancel_commitments(frozen, at) + leave_chats(frozen, at)

    patch.setattr(archive, "all_effects", most_effects)


def flips_at_the_time_they_were_asked_for(patch: pytest.MonkeyPatch) -> None:
    for module in (archive, activate):
        patch.setattr(module, "next_flip_at", lambda _, at: at)


FAULTS: tuple[Fault, ...] = (
    effects_without_the_stamp_check,
    clients_written_over_any_revision,
    bookings_that_leave_an_active_client_untouched,
    returns_in_two_transactions,
    outcomes_given_over_others,
    marks_that_are_not_kept,
    changes_and_receipts_written_over_others,
    reminders_that_are_forgotten,
    flips_at_the_time_they_were_asked_for,
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_in_the_code_breaks_an_invariant(
    fault: Fault, controls: Controls, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    tally = Tally()
    with pytest.raises(Broken) as broken:
        live_through_many(controls, tally)
    tell(f"caught after {tally.calls:,} calls: {fault.__name__}: {broken.value}")


def bookings_without_their_answer(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bookings, "read_answer", lambda *_: None)


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (bookings_without_their_answer, "booking by a client"),
        (outcomes_given_over_others, "settle"),
        (marks_that_are_not_kept, "mark"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.__name__,
)
def test_a_fault_in_the_code_shows_after_a_crash(
    fault: Fault, name: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    with pytest.raises((Broken, LifecycleError)) as broken:
        crash_everywhere(stage, name)
    tell(f"caught in a crash of {name}: {fault.__name__}: {type(broken.value).__name__}: {broken.value}")


def crash_everywhere(stage: Stage, name: str) -> None:
    for where, is_the_same in stage.points(CASES[name]):
        hold(is_the_same, "it did not come to the same", where)


def live_through_many(controls: Controls, tally: Tally) -> None:
    for seed in range(MOST_WORLDS):
        live_through(controls, seed, tally, CALLS_PER_WORLD)
