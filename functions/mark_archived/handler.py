"""Workflow step: archive the clients of a batch, each with its stamp, before their effects follow."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from client_lifecycle.edge import patience, steps, wiring
from client_lifecycle.use_cases.bulk.batches import mark_batch


@steps.logger.inject_lambda_context(clear_state=True)
@patience.for_a_task
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Mark every client of a batch; those that need no effects get their outcome at once."""
    step = steps.read(event, steps.BatchStep)
    tenant = wiring.tenant(step.provider_id)
    return steps.as_state(mark_batch(tenant, step, at=wiring.now(), on_failure=steps.log_failure))
