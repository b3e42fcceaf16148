"""No archive is over a safety rule, on whatever path (S1, S2); where the code would let one pass, the proofs notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.errors import ArchiveBlocked
from client_lifecycle.domain.settings import Level, SafetyRule
from client_lifecycle.use_cases import archive as archiving
from client_lifecycle.use_cases.bulk import steps
from tests.proof.bulk import MARK, Work
from tests.proof.crashes import Case, Scene, Stage, planned
from tests.proof.invariants import Broken
from tests.proof.operations import (
    AMOUNTS_CENTS,
    EVERY_RULE,
    LEVELS,
    archive,
    bill,
    carry_out_plan,
    change_rules,
)
from tests.support.builders import DAY

WHO_OWES, QUIET = "in-charge", "quiet"
CREDIT = AMOUNTS_CENTS.index(2_500)

Fault = Callable[[pytest.MonkeyPatch], None]


def decide(scene: Scene, rule: SafetyRule, level: Level) -> None:
    """Have staff decide what a rule does from now on."""
    choice = EVERY_RULE.index(rule) + len(EVERY_RULE) * LEVELS.index(level)
    scene.done(change_rules(scene.world, scene.who(QUIET), choice))


def single(scene: Scene) -> Work:
    decide(scene, SafetyRule.OWES_MONEY, Level.BLOCK)
    work = archive(scene.world, scene.who(WHO_OWES), 0)

    def blocked() -> None:
        with pytest.raises(ArchiveBlocked):
            work()

    return blocked


def bulk(scene: Scene) -> Work:
    """Return the step for a client that is warned of only after the preview."""
    execution = scene.confirmed(WHO_OWES)
    decide(scene, SafetyRule.OWES_MONEY, Level.WARN)
    return execution.batches[0].deliver(MARK)


def retry(scene: Scene) -> Work:
    run = scene.ended(scene.confirmed(WHO_OWES))
    decide(scene, SafetyRule.OWES_MONEY, Level.WARN)
    execution = scene.retrying(run)
    scene.done(execution.prepare())
    return execution.batches[0].deliver(MARK)


def plan(scene: Scene) -> Work:
    planned(scene)
    scene.done(bill(scene.world, scene.who(QUIET), CREDIT))
    decide(scene, SafetyRule.HAS_CREDITS, Level.WARN)
    return carry_out_plan(scene.world, scene.who(QUIET), 0)


def tidy_up(scene: Scene) -> Work:
    """Return the step of a proposal that showed its warning to nobody, for it has started by itself."""
    scene.done(bill(scene.world, scene.who(QUIET), CREDIT))
    decide(scene, SafetyRule.HAS_CREDITS, Level.WARN)
    scene.world.tidy_up(starts_by_itself=True)
    scene.done(scene.clean_up())
    scene.world.at += DAY
    scene.done(scene.clean_up())
    [run] = scene.world.runs
    return scene.execution(run).batches[0].deliver(MARK)


def archives_that_ask_no_rule(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(archiving, "require_safe", lambda *_: None)


def runs_that_ask_no_rule(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(steps, "_by_rules", lambda *_: None)


def proposals_whose_warnings_count_as_seen(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(steps, "acknowledged", lambda _, member: member.facts.warnings)


PATHS: Mapping[Case, Fault] = {
    single: archives_that_ask_no_rule,
    bulk: runs_that_ask_no_rule,
    retry: runs_that_ask_no_rule,
    plan: archives_that_ask_no_rule,
    tidy_up: proposals_whose_warnings_count_as_seen,
}


def archived(scene: Scene) -> list[Client]:
    return [who for who, look in zip(scene.world.people, scene.world.looks.values(), strict=True) if look.archive_id]


@pytest.mark.parametrize("path", PATHS)
def test_s1_s2_nobody_is_archived_over_a_rule_that_came_up_in_between(path: Case, stage: Stage) -> None:
    with stage.scene() as scene:
        scene.play(path(scene))
        assert archived(scene) == []


@pytest.mark.parametrize(("path", "fault"), PATHS.items())
def test_an_archive_over_a_rule_is_noticed(
    path: Case, fault: Fault, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    with stage.scene() as scene, pytest.raises(Broken, match="an archive over a safety rule"):
        scene.play(path(scene))
