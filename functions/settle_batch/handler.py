"""Workflow step: settle receipts, outcomes and counts of a batch from what the steps before report."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from msgspec import Struct, field

from client_lifecycle.edge import patience, steps, wiring
from client_lifecycle.edge.steps import BatchMember, EffectResult, FirstResult, Marked
from client_lifecycle.storage.outcomes import Settlement, settle_members
from client_lifecycle.use_cases.bulk.steps import Fault, failed, judge


class Caught(Struct, frozen=True):
    """What a Catch of the workflow knows of a fault: its name is the error's class name."""

    name: str = field(name="Error")


class SettleStep(steps.Step, frozen=True, kw_only=True):
    """The input of this step: the batch, and either what its first step did or how that failed for good."""

    members: list[BatchMember]
    first: FirstResult | None = None
    first_error: Caught | None = None
    effects: list[EffectResult] = field(default_factory=list)


@steps.logger.inject_lambda_context(clear_state=True)
@patience.for_a_task
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001
    """Settle a batch. Answers nothing, so that the run's state does not grow with its size."""
    step = steps.read(event, SettleStep)
    steps.logger.append_keys(run_id=step.run_id, provider_id=step.provider_id)
    settlements = _settlements(step)
    settle_members(wiring.tenant(step.provider_id), step.run_id, step.attempt, settlements)
    for settlement in settlements:
        steps.logger.info(
            "client settled",
            extra={
                "client_id": settlement.client_id,
                "outcome": settlement.outcome,
                "reason": settlement.reason,
                "rules": settlement.rules,
            },
        )


def _settlements(step: SettleStep) -> list[Settlement]:
    if step.first is None:
        reason = step.first_error.name if step.first_error else steps.INTERNAL_ERROR
        return [failed(member.client_id, member.position, reason) for member in step.members]
    positions = {member.client_id: member.position for member in step.members}
    failures = _failures(step.first.marked, step.effects)
    settled = [judge(marked.client_id, marked.position, marked.archive_id, failures) for marked in step.first.marked]
    decided = [
        Settlement(
            client_id=outcome.client_id,
            position=positions[outcome.client_id],
            outcome=outcome.outcome,
            reason=outcome.reason,
            rules=tuple(outcome.rules),
            unreadable=tuple(outcome.unreadable),
        )
        for outcome in step.first.outcomes
    ]
    return [*settled, *decided]


def _failures(marked: list[Marked], effects: list[EffectResult]) -> dict[str, Fault]:
    """Gather the faults of all effects by client; an effect that failed as a whole failed for every client."""
    failures: dict[str, Fault] = {}
    for effect in effects:
        if effect.error:
            failures |= {one.client_id: Fault(effect.error) for one in marked}
        failures |= {one.client_id: Fault(one.reason, tuple(one.unreadable)) for one in effect.failures}
    return failures
