"""A proof that cannot fail proves nothing: each of these faults, put into the code, breaks an invariant soon."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import count
from types import ModuleType
from typing import Any

import pytest
from msgspec.structs import replace

from client_lifecycle.domain.bookings import Booking, BookingAnswer
from client_lifecycle.domain.client import ArchivePlan, Client, with_next_revision
from client_lifecycle.domain.effects import (
    ChangeSet,
    EffectName,
    RecordKey,
    cancel_commitments,
    leave_chats,
    work_of_effects,
)
from client_lifecycle.domain.errors import LifecycleError
from client_lifecycle.domain.members import Member
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.records import Record
from client_lifecycle.domain.restore import Restoration, RestoreState
from client_lifecycle.domain.runs import Run, finish
from client_lifecycle.domain.undo import UndoSkipReason, skip_reason
from client_lifecycle.storage import archives, bookings, clients, due, restores, runs, settlements
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.clients import ClientUpdate, LiveClient, read_live
from client_lifecycle.storage.due import Due
from client_lifecycle.storage.items import conditional_update, put_new
from client_lifecycle.storage.table import Page, Table, commit_together
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import to_plain
from client_lifecycle.use_cases import activate, archive, archive_effects, book, planned_archives, restore
from client_lifecycle.use_cases.bulk import batches, control, retry, steps, together
from client_lifecycle.use_cases.bulk.steps import Result
from client_lifecycle.use_cases.bulk.together import Look
from client_lifecycle.use_cases.restore import Reading
from tests.proof import operations
from tests.proof.bulk import MARK, Work
from tests.proof.crashes import A_SECOND, CASES, Scene, Stage, failed_for_good
from tests.proof.figures import tell
from tests.proof.interleaving import Tally, live_through
from tests.proof.invariants import Broken, hold
from tests.proof.neighbours import change_a_neighbour
from tests.proof.trail import KEPT_CALLS
from tests.proof.world import Controls
from tests.support.builders import DAY, cause, plan

CALLS_PER_WORLD = 250
MOST_WORLDS = 30
"""No more calls than those that every change is tried with; what takes longer to show is raced instead."""

Fault = Callable[[pytest.MonkeyPatch], None]


def exists(tenant: Tenant, key: Mapping[str, str]) -> dict[str, object]:
    """A condition that always holds."""
    place = {name: {"S": part} for name, part in key.items()}
    return {
        "ConditionCheck": {"TableName": tenant.table.name, "Key": place, "ConditionExpression": "attribute_exists(pk)"}
    }


def effects_without_the_stamp_check(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(clients, "stamp_check", lambda tenant, *ids: exists(tenant, tenant.keys.client(ids[0])))


def clients_written_over_any_revision(patch: pytest.MonkeyPatch) -> None:
    def client_write(tenant: Tenant, before: Client, after: Client) -> object:
        key = tenant.keys.client(before.client_id)
        stored = clients.client_item(before), clients.client_item(after)
        return conditional_update(tenant.table.name, key, *stored, {"archive_id"})

    patch.setattr(clients, "client_write", client_write)


def bookings_that_leave_an_active_client_untouched(patch: pytest.MonkeyPatch) -> None:
    whole = bookings.commit_booking

    def commit_booking(tenant: Tenant, update: ClientUpdate, booking: Booking, answer: BookingAnswer) -> None:
        if update.before.stamp:
            whole(tenant, update, booking, answer)
            return
        item = clients.record_item(tenant.keys, update.client_id, booking.appointment)
        place = {"pk": item["pk"], "sk": item["sk"]}
        answer_key = tenant.keys.booking_answer(booking.event_id)
        tenant.table.transact_if_unchanged(
            [put_new(tenant.table.name, place, item), put_new(tenant.table.name, answer_key, to_plain(answer))]
        )

    patch.setattr(bookings, "commit_booking", commit_booking)


def returns_in_two_transactions(patch: pytest.MonkeyPatch) -> None:
    def commit_reactivation(tenant: Tenant, update: ClientUpdate, *_: object) -> None:
        for write in reversed(clients.update_writes(tenant, update)):
            tenant.table.transact_if_unchanged([write])

    patch.setattr(archives, "commit_reactivation", commit_reactivation)


def unguarded(patch: pytest.MonkeyPatch, module: ModuleType, *fields: str) -> None:
    """Leave these fields out of the conditions under which a module writes."""
    guarded = conditional_update

    def update(
        table: str, key: Mapping[str, str], before: Plain, after: Plain, expect: Iterable[str], **shape: object
    ) -> object:
        return guarded(table, key, before, after, set(expect) - set(fields), **shape)

    patch.setattr(module, "conditional_update", update)


def unguarded_in(patch: pytest.MonkeyPatch, name: str, *fields: str) -> None:
    """Leave these fields out of the conditions under which one function writes outcomes or marks."""
    whole: Callable[..., object] = getattr(settlements, name)

    def write(*arguments: object) -> object:
        with pytest.MonkeyPatch.context() as inner:
            unguarded(inner, settlements, *fields)
            return whole(*arguments)

    patch.setattr(settlements, name, write)


def outcomes_given_over_others(patch: pytest.MonkeyPatch) -> None:
    unguarded(patch, settlements, "outcome")


def marks_that_are_not_kept(patch: pytest.MonkeyPatch) -> None:
    def mark_write(tenant: Tenant, run: Run, member: Member, archived: Client, archive_id: str) -> object:
        return exists(tenant, tenant.keys.member(run.run_id, member.position))

    patch.setattr(settlements, "mark_write", mark_write)


def marks_on_members_that_have_their_outcome(patch: pytest.MonkeyPatch) -> None:
    unguarded_in(patch, "mark_write", "outcome", "attempt", "archive_id")


def attempts_that_settle_for_each_other(patch: pytest.MonkeyPatch) -> None:
    """A late delivery of an earlier attempt gives an outcome that the present one owes."""
    unguarded_in(patch, "_outcome_write", "attempt")


def failures_of_clients_that_are_marked_meanwhile(patch: pytest.MonkeyPatch) -> None:
    """A client counts as failed before it was marked, although it has been marked since that was read."""
    unguarded_in(patch, "_outcome_write", "archive_id")


def failed_archives_that_nobody_finishes(patch: pytest.MonkeyPatch) -> None:
    def due_write(tenant: Tenant, client_id: str, archive_id: str, at: datetime) -> object:
        return exists(tenant, tenant.keys.receipt(client_id, archive_id))

    patch.setattr(archives, "due_write", due_write)


def members_without_an_outcome_that_nobody_looks_for(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(runs, "_page_of_pending", lambda *_: Page([], None))


def not_reached_although_marked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(settlements, "OUTCOMES_WITHOUT_CHANGE", frozenset())


def retries_that_reopen_everybody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(retry, "is_to_retry", lambda member, attempt: member.attempt < attempt)


def returns_that_undoings_do_not_keep(patch: pytest.MonkeyPatch) -> None:
    def reactivation_write(tenant: Tenant, run: Run, member: Member) -> object:
        return exists(tenant, tenant.keys.member(run.run_id, member.position))

    patch.setattr(settlements, "reactivation_write", reactivation_write)


def undoings_of_whoever_carries_the_stamp(patch: pytest.MonkeyPatch) -> None:
    """Clients who were changed since are brought back nevertheless."""

    def left_alone(member: Member, client: Client) -> UndoSkipReason | None:
        found = found_reason(member, client)
        return None if found is UndoSkipReason.CHANGED_SINCE else found

    found_reason = skip_reason
    patch.setattr(steps, "skip_reason", left_alone)


def undoings_of_whoever_is_archived(patch: pytest.MonkeyPatch) -> None:
    """Clients who came back, or were archived again by others, are brought back nevertheless."""
    patch.setattr(steps, "skip_reason", lambda *_: None)


def runs_replaced_whatever_became_of_them(patch: pytest.MonkeyPatch) -> None:
    unguarded(patch, runs, "state", "attempt", "undone_by")


def verdicts_from_an_old_reading(patch: pytest.MonkeyPatch) -> None:
    """The run is closed by the counts that were read before its last batch has settled."""

    def finish_as_read_before(run: Run, at: datetime, *more: Any) -> Run:
        return finish(replace(run, counts={**run.counts, Outcome.FAILED: 0}), at, *more)

    patch.setattr(steps, "finish", finish_as_read_before)


def plans_carried_out_although_they_are_gone(patch: pytest.MonkeyPatch) -> None:
    """The clean-up archives every client it finds in its list, without looking whether the plan still stands."""

    def found_again(tenant: Tenant, client_id: str, at: datetime) -> LiveClient:
        live = read_live(tenant, client_id, at)
        as_found = live.client if live.client.plan or live.client.stamp else replace(live.client, plan=plan())
        return replace(live, client=as_found)

    patch.setattr(planned_archives, "read_live", found_again)


def bookings_that_leave_the_plan(patch: pytest.MonkeyPatch) -> None:
    def plan_kept(client: Client, plan: ArchivePlan, cause: object, at: datetime) -> tuple[Client, None]:
        return with_next_revision(client), None

    patch.setattr(book, "plan_cancelled", plan_kept)


def work_that_the_clean_up_forgets(patch: pytest.MonkeyPatch) -> None:
    """Whatever was looked at once is never looked at again."""

    def postpone(table: Table, found: Due, until: datetime) -> Due:
        due.forget(table, found)
        return found

    patch.setattr(due, "postpone", postpone)


def reminders_that_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    def most_effects(records: Iterable[Record], at: datetime) -> ChangeSet:
        frozen = tuple(records)
        return cancel_commitments(frozen, at) + leave_chats(frozen, at)

    for module in (archive, archive_effects):
        patch.setattr(module, "all_effects", most_effects)


def archives_that_make_nothing_good(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(archive, "make_good", lambda *_, **__: iter(()))


def payments_left_alone_that_nobody_looks_at_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(archives, "left_alone_check_at", lambda archived_at, at: at + 1_000 * DAY)


def flips_at_the_time_they_were_asked_for(patch: pytest.MonkeyPatch) -> None:
    for module in (archive, restore):
        patch.setattr(module, "next_flip_at", lambda _, at: at)


def returns_from_whatever_receipt_is_newest(patch: pytest.MonkeyPatch) -> None:
    """The receipt of one archive is restored from, although the client is under another by now."""
    whole = restore.read_newest

    def read_newest(*asked: Any) -> Reading | None:
        if reading := whole(*asked):
            archive_id = activate._last_archive_id(reading.client) or ""
            return replace(reading, receipt=replace(reading.receipt, archive_id=archive_id))
        return None

    patch.setattr(activate, "read_newest", read_newest)


FAULTS: tuple[Fault, ...] = (
    clients_written_over_any_revision,
    bookings_that_leave_an_active_client_untouched,
    returns_in_two_transactions,
    outcomes_given_over_others,
    marks_that_are_not_kept,
    retries_that_reopen_everybody,
    undoings_of_whoever_carries_the_stamp,
    undoings_of_whoever_is_archived,
    verdicts_from_an_old_reading,
    plans_carried_out_although_they_are_gone,
    bookings_that_leave_the_plan,
    work_that_the_clean_up_forgets,
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
    assert_tells_its_last_calls(broken.value)
    tell(f"caught after {tally.calls:,} calls: {fault.__name__}: {broken.value}")


def assert_tells_its_last_calls(broken: Broken) -> None:
    trail = next(note for note in broken.__notes__ if note.startswith("the last 20 calls"))
    *calls, last = trail.splitlines()[1:]
    assert len(calls) == KEPT_CALLS - 1
    assert re.match(r"\w+: [A-Z]\w+ ", last)


def restores_that_outlive_an_archive(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(restore, "may_continue", lambda *_: True)


def restores_that_lose_their_place(patch: pytest.MonkeyPatch) -> None:
    """What was restored before a crash is counted again."""
    whole = restores.read_restoration

    def read_restoration(*place: Any) -> Restoration | None:
        found = whole(*place)
        return replace(found, done=0) if found and found.state is RestoreState.RESTORING else found

    patch.setattr(restores, "read_restoration", read_restoration)


def bookings_without_their_answer(patch: pytest.MonkeyPatch) -> None:
    def read_client(tenant: Tenant, booking: Booking) -> Client:
        return clients.read_client(tenant, booking.client_id)

    patch.setattr(bookings, "read_answer_or_client", read_client)


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (bookings_without_their_answer, "booking by a client"),
        (outcomes_given_over_others, "settle"),
        (marks_that_are_not_kept, "mark"),
        (attempts_that_settle_for_each_other, "settle that comes late"),
        (failed_archives_that_nobody_finishes, "finish what was lost"),
        (members_without_an_outcome_that_nobody_looks_for, "finish what was lost"),
        (returns_that_undoings_do_not_keep, "undo of many records"),
        (restores_that_outlive_an_archive, "clean-up of a restore that is over"),
        (restores_that_lose_their_place, "activate with restore of many records"),
        (payments_left_alone_that_nobody_looks_at_again, "clean-up that makes good"),
        (archives_that_make_nothing_good, "archive that makes good"),
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


Race = Callable[[Scene], tuple[Work, Callable[[], object]]]
"""Sets a scene, and returns some work and what comes in between."""


def effects_while_their_client_returns(scene: Scene) -> tuple[Work, Callable[[], object]]:
    work, back = CASES["cancel_commitments"](scene), operations.activate(scene.world, scene.who("plain"), 0)
    return work, lambda: scene.done(back)


def mark_while_its_run_ends(scene: Scene) -> tuple[Work, Callable[[], object]]:
    execution = scene.confirmed()
    return execution.batches[0].deliver(MARK), lambda: scene.done(execution.finish())


def failure_of_a_batch_while_it_marks(scene: Scene) -> tuple[Work, Callable[[], object]]:
    batch = scene.confirmed().batches[0]
    late = batch.deliver(MARK)
    return failed_for_good(batch), lambda: scene.done(late)


def end_of_a_run_while_it_marks(scene: Scene) -> tuple[Work, Callable[[], object]]:
    execution = scene.confirmed()
    return execution.finish(), lambda: scene.done(execution.batches[0].deliver(MARK))


def stop_while_its_run_ends(scene: Scene) -> tuple[Work, Callable[[], object]]:
    execution = scene.confirmed()
    tenant, run_id, at = scene.world.tenant, execution.run.run_id, scene.world.at
    return lambda: control.stop(tenant, run_id, cause=cause(), at=at), lambda: scene.done(execution.finish())


def archive_while_others_do_and_undo_so(scene: Scene) -> tuple[Work, Callable[[], object]]:
    who, work = scene.who("plain"), operations.archive(scene.world, scene.who("plain"), 0)
    scene.world.at += A_SECOND
    return work, lambda: scene.done(operations.archive(scene.world, who, 0), operations.activate(scene.world, who, 0))


def return_while_others_archive_anew(scene: Scene) -> tuple[Work, Callable[[], object]]:
    who = scene.who("plain")
    scene.done(operations.archive(scene.world, who, 0))
    work = operations.restore(scene.world, who, 0)
    scene.world.at += A_SECOND
    return work, lambda: scene.done(operations.activate(scene.world, who, 0), operations.archive(scene.world, who, 0))


@pytest.mark.parametrize(
    ("fault", "race"),
    [
        (effects_without_the_stamp_check, effects_while_their_client_returns),
        (marks_on_members_that_have_their_outcome, mark_while_its_run_ends),
        (not_reached_although_marked, end_of_a_run_while_it_marks),
        (failures_of_clients_that_are_marked_meanwhile, failure_of_a_batch_while_it_marks),
        (runs_replaced_whatever_became_of_them, stop_while_its_run_ends),
        (flips_at_the_time_they_were_asked_for, archive_while_others_do_and_undo_so),
        (returns_from_whatever_receipt_is_newest, return_while_others_archive_anew),
    ],
    ids=lambda one: one.__name__,
)
def test_a_fault_in_the_code_shows_when_another_comes_in_between(
    fault: Fault, race: Race, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    race_everywhere(stage, race)
    fault(monkeypatch)
    with pytest.raises(Broken) as broken:
        race_everywhere(stage, race)
    tell(f"caught in a race, {race.__name__}: {fault.__name__}: {broken.value}")


def race_everywhere(stage: Stage, race: Race) -> None:
    """Have the other come in before each call in turn."""
    for at_call in count():
        with stage.scene() as scene:
            work, between = race(scene)
            if not scene.interrupted(work, at_call, between):
                return


# Faults in the way back to one client each


def refused_marks_that_fail_everybody(patch: pytest.MonkeyPatch) -> None:
    """Who was in a transaction that was refused is failed, for whose sake it may have been."""
    whole = together.mark_together

    def mark_together(tenant: Tenant, run: Run, members: list[Member], **at: Any) -> dict[int, Result]:
        failed = dict.fromkeys((one.position for one in members), Result(outcome=Outcome.FAILED))
        return failed | whole(tenant, run, members, **at)

    patch.setattr(batches, "mark_together", mark_together)


def refused_marks_that_nobody_tries_again(patch: pytest.MonkeyPatch) -> None:
    """Who was in a transaction that was refused for another's sake is skipped."""
    whole = together.mark_together

    def mark_together(tenant: Tenant, run: Run, members: list[Member], **at: Any) -> dict[int, Result]:
        skipped = dict.fromkeys((one.position for one in members), Result())
        return skipped | whole(tenant, run, members, **at)

    patch.setattr(batches, "mark_together", mark_together)


def marks_that_are_made_again(patch: pytest.MonkeyPatch) -> None:
    """Who was marked together is marked again alone, as if nothing had been done."""
    whole, read = together.mark_together, dict[int, Plain]()

    def mark_together(*about: Any, **at: Any) -> dict[int, Result]:
        whole(*about, **at)
        return {}

    def as_read_before(tenant: Tenant, run_id: str, positions: list[int]) -> dict[int, Plain]:
        read.update({**runs.read_members(tenant, run_id, [one for one in positions if one not in read])})
        return read

    patch.setattr(batches, "mark_together", mark_together)
    patch.setattr(batches, "read_members", as_read_before)


def refused_effects_that_count_as_done(patch: pytest.MonkeyPatch) -> None:
    whole = together.apply_together

    def apply_together(tenant: Tenant, effect: Any, looks: dict[str, Look], **at: Any) -> set[str]:
        whole(tenant, effect, looks, **at)
        return set(looks)

    patch.setattr(batches, "apply_together", apply_together)


def effects_that_are_wanted_of_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("client_lifecycle.use_cases.bulk.steps.work_of_effects", lambda *_: {})


def records_that_are_named_to_no_effect(patch: pytest.MonkeyPatch) -> None:
    """The effects are told of all their records but the first."""
    whole = work_of_effects

    def work(records: tuple[Record, ...], at: datetime) -> dict[EffectName, tuple[RecordKey, ...]]:
        return {name: found[1:] for name, found in whole(records, at).items()}

    patch.setattr("client_lifecycle.use_cases.bulk.steps.work_of_effects", work)


def refusals_that_are_taken_for_commits(patch: pytest.MonkeyPatch) -> None:
    whole = commit_together

    def all_committed(table: Any, groups: dict[Any, Any]) -> set[Any]:
        whole(table, groups)
        return set(groups)

    patch.setattr(together, "commit_together", all_committed)


FAULTS_TOGETHER: tuple[Fault, ...] = (
    refused_marks_that_fail_everybody,
    refused_marks_that_nobody_tries_again,
    marks_that_are_made_again,
    refused_effects_that_count_as_done,
    effects_that_are_wanted_of_nobody,
    records_that_are_named_to_no_effect,
    refusals_that_are_taken_for_commits,
)


@pytest.mark.parametrize("fault", FAULTS_TOGETHER, ids=lambda fault: fault.__name__)
def test_a_fault_in_the_way_back_to_one_client_each_is_caught(
    fault: Fault, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    with pytest.raises((Broken, LifecycleError)) as broken:
        change_a_neighbour(stage)
    tell(f"caught with a neighbour that changes: {fault.__name__}: {broken.value}")
