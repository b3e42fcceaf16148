"""Workflow step: settle receipts, outcomes and counts of a batch from what the steps before report."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from msgspec import Struct, field

from client_lifecycle.edge import patience, steps, wiring
from client_lifecycle.use_cases.bulk.batches import BatchReport, EffectResult, FirstResult, settle_batch
from client_lifecycle.use_cases.bulkhead import INTERNAL_ERROR


class Caught(Struct, frozen=True):
    """What a Catch of the workflow knows of a fault: its name is the error's class name."""

    name: str = field(name="Error")


class SettleStep(steps.BatchStep, frozen=True, kw_only=True):
    """The input of this step: the batch, and either what its first step did or how that failed for good."""

    first: FirstResult | None = None
    first_error: Caught | None = None
    effects: list[EffectResult] = field(default_factory=list)

    def report(self) -> BatchReport:
        """Return what the steps before report."""
        error = self.first_error.name if self.first_error else INTERNAL_ERROR
        return BatchReport(first=self.first, first_error=error, effects=self.effects)


@steps.logger.inject_lambda_context(clear_state=True)
@patience.for_a_task
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001
    """Settle a batch. Answers nothing, so that the run's state does not grow with its size."""
    step = steps.read(event, SettleStep)
    for settlement in settle_batch(wiring.tenant(step.provider_id), step, step.report(), at=wiring.now()):
        steps.logger.info(
            "client settled",
            extra={
                "client_id": settlement.client_id,
                "outcome": settlement.outcome,
                "reason": settlement.reason,
                "rules": settlement.rules,
            },
        )
