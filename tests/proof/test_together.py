"""Clients whom a step deals with together do each other no harm: each ends as it would have ended alone.

While a batch is archived, step by step, one of its clients changes before each call in turn. The other must be archived
in full nevertheless.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from client_lifecycle.domain.errors import LifecycleError
from client_lifecycle.domain.members import Member
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.runs import Run
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.runs import read_members
from client_lifecycle.storage.table import commit_together
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.bulk import batches, together
from client_lifecycle.use_cases.bulk.steps import Result
from tests.proof.bulk import EFFECTS, MARK, SETTLE, Execution
from tests.proof.crashes import Scene, Stage
from tests.proof.figures import tell
from tests.proof.invariants import Broken, hold, nothing_is_live_on_an_archived_client
from tests.proof.operations import activate, archive
from tests.proof.world import Controls

OTHER, CHANGED = "plain", "in-charge"
Fault = Callable[[pytest.MonkeyPatch], None]


def test_a_neighbour_that_changes_before_any_call_harms_nobody(stage: Stage) -> None:
    tell(f"a neighbour changed before each of {change_a_neighbour(stage)} calls of a batch, and harmed nobody")


def change_a_neighbour(stage: Stage) -> int:
    """Have one client of two archived, or brought back, by staff before each call in turn; return how many there are.

    Raises:
        Broken: the other is not archived in full.
    """
    for at_call in count():
        with stage.scene() as scene:
            execution = scene.confirmed(OTHER, CHANGED)
            assert execution.items
            if not scene.interrupted(lambda: carry_out(execution), at_call, lambda: flip(scene)):  # noqa: B023
                return at_call
            scene.world.recheck()
            [look] = scene.world.run_looks.values()
            outcomes = {member["client_id"]: member["outcome"] for member in look.members.values()}
            hold(outcomes[OTHER] == Outcome.ARCHIVED, "a neighbour has cost a client its archive", outcomes)
            hold(outcomes[CHANGED] != Outcome.FAILED, "a change was taken for a fault", outcomes)
            nothing_is_live_on_an_archived_client(one for one in scene.world.looks.values() if is_of(one, OTHER))
    raise AssertionError


def is_of(look: Any, client_id: str) -> bool:
    return bool(look.client["client_id"] == client_id)


def carry_out(execution: Execution) -> None:
    """Do all the steps of the only batch."""
    for step in (MARK, *EFFECTS, SETTLE):
        execution.batches[0].deliver(step)()


def flip(scene: Scene) -> None:
    """Have staff archive the client that is active, or bring back the one that is not."""
    who = scene.who(CHANGED)
    scene.world.recheck()
    [look] = [one for one in scene.world.looks.values() if is_of(one, CHANGED)]
    scene.done((activate if look.archive_id else archive)(scene.world, who, 0))


# Faults in the way back to one client each


def refused_marks_that_fail_everybody(patch: pytest.MonkeyPatch) -> None:
    """Who was in a transaction that was refused is failed, whoever it was refused for."""
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
        read.update({**read_members(tenant, run_id, [one for one in positions if one not in read])})
        return read

    patch.setattr(batches, "mark_together", mark_together)
    patch.setattr(batches, "read_members", as_read_before)


def refused_effects_that_count_as_done(patch: pytest.MonkeyPatch) -> None:
    whole = together.apply_together

    def apply_together(tenant: Tenant, effect: Any, archive_ids: dict[str, str], **at: Any) -> set[str]:
        whole(tenant, effect, archive_ids, **at)
        return set(archive_ids)

    patch.setattr(batches, "apply_together", apply_together)


def effects_that_are_wanted_of_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("client_lifecycle.use_cases.bulk.steps.effects_with_work", lambda *_: ())


def refusals_that_are_taken_for_commits(patch: pytest.MonkeyPatch) -> None:
    whole = commit_together

    def all_committed(table: Any, groups: dict[Any, Any]) -> set[Any]:
        whole(table, groups)
        return set(groups)

    patch.setattr(together, "commit_together", all_committed)


FAULTS: tuple[Fault, ...] = (
    refused_marks_that_fail_everybody,
    refused_marks_that_nobody_tries_again,
    marks_that_are_made_again,
    refused_effects_that_count_as_done,
    effects_that_are_wanted_of_nobody,
    refusals_that_are_taken_for_commits,
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_in_the_way_back_to_one_client_each_is_caught(
    fault: Fault, stage: Stage, controls: Controls, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    with pytest.raises((Broken, LifecycleError)) as broken:
        change_a_neighbour(stage)
    tell(f"caught with a neighbour that changes: {fault.__name__}: {broken.value}")
