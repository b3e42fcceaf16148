"""A run that is undone, with nothing in between, has changed nothing; where it cannot be so, it is told (A1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.records import Record
from client_lifecycle.domain.restore import taken_slots
from client_lifecycle.domain.runs import Run, RunState
from client_lifecycle.storage import runs
from client_lifecycle.storage.commitments import Calendar
from client_lifecycle.use_cases import restore
from client_lifecycle.use_cases.bulk import steps
from client_lifecycle.use_cases.bulk.steps import Result
from tests.proof import invariants
from tests.proof.bulk import EFFECTS, MARK, SETTLE, UNDO, Execution
from tests.proof.crashes import Scene, Stage
from tests.proof.invariants import Broken, ClientLook
from tests.proof.operations import undo_of
from tests.support.builders import DAY, HOUR, NOW, appointment, client, one_of_each, payment

MEMBERS = 8
LONG_AGO = NOW - 1_000 * DAY


def class_members() -> list[tuple[Client, list[Record]]]:
    """Clients of a group with the same three slots, of which each was booked at another time."""
    return [
        (
            client(f"member-{number}"),
            [
                *one_of_each(),
                *(
                    appointment(f"class-{week}-{number}", starts_at=NOW + 7 * week * DAY, booked_at=NOW - number * DAY)
                    for week in (1, 2, 3)
                ),
                *(payment(f"p-{nth:02}", due_at=NOW + (nth + 1) * DAY) for nth in range(6)),
            ],
        )
        for number in range(MEMBERS)
    ]


def carried_out(scene: Scene, execution: Execution, *steps: str) -> Run:
    """Do all the steps of all batches, and the last; return the run as it has ended."""
    for batch in execution.batches:
        for step in steps:
            scene.done(batch.deliver(step))
    scene.done(execution.finish())
    scene.dead(execution.run)
    return runs.read_run(scene.world.tenant, execution.run.run_id)


def undone(scene: Scene, between: Callable[[], object] = lambda: None) -> tuple[Mapping[str, ClientLook], Run]:
    """Archive all in a run and undo it; return what was there before, and the undo."""
    world = scene.world
    world.settle_in(class_members())
    before = dict(world.looks)
    run = carried_out(scene, scene.confirmed(*(who.client_id for who in world.people)), MARK, *EFFECTS, SETTLE)
    between()
    scene.done(lambda: undo_of(world, run, scene.workflow))
    undo = runs.read_run(world.tenant, run.run_id).undone_by
    begun = runs.read_run(world.tenant, undo or "")
    return before, carried_out(scene, scene.execution(begun), UNDO, SETTLE)


def is_as_before(scene: Scene, before: Mapping[str, ClientLook]) -> None:
    for partition, look in scene.world.looks.items():
        invariants.an_undo_leaves_nothing_changed(before[partition], look)


def test_a1_with_nothing_in_between_an_undo_leaves_all_as_it_was(stage: Stage) -> None:
    with stage.scene() as scene:
        before, undo = undone(scene)
        assert (undo.state, undo.counts[Outcome.ACTIVATED]) == (RunState.COMPLETED, MEMBERS)
        is_as_before(scene, before)
        scene.play(scene.clean_up())
        scene.world.at_rest()


def test_a1_with_time_in_between_what_is_past_is_told(stage: Stage) -> None:
    with stage.scene() as scene:

        def pass_by() -> None:
            scene.world.at += DAY + HOUR

        _, undo = undone(scene, pass_by)
        assert (undo.state, undo.counts[Outcome.ACTIVATED_IN_PART]) == (RunState.COMPLETED_IN_PART, MEMBERS)
        assert undo.not_restored == {"slot_passed": MEMBERS, "payment_date_passed": 2 * MEMBERS}


def slots_taken_by_what_was_there_before(patch: pytest.MonkeyPatch) -> None:
    whole = taken_slots
    patch.setattr(restore, "taken_slots", lambda who, slots, calendar, _: whole(who, slots, calendar, LONG_AGO))
    patch.setattr(Calendar, "booked_since", everything_booked(Calendar.booked_since))


def everything_booked(whole: Callable[..., Any]) -> Callable[..., Any]:
    return lambda calendar, _, until: whole(calendar, LONG_AGO, until)


def undoings_that_keep_silent(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(steps, "_activated", lambda *_: Result(outcome=Outcome.ACTIVATED))


def test_a_record_that_stays_cancelled_is_noticed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    slots_taken_by_what_was_there_before(monkeypatch)
    with stage.scene() as scene:
        before, _ = undone(scene)
        with pytest.raises(Broken):
            is_as_before(scene, before)


def test_an_undo_that_keeps_silent_is_noticed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    undoings_that_keep_silent(monkeypatch)
    with stage.scene() as scene:

        def pass_by() -> None:
            scene.world.at += DAY + HOUR

        with pytest.raises(Broken):
            undone(scene, pass_by)
