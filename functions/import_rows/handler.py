"""Workflow step: the rows of one part of an import are predicted, or brought in."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from client_lifecycle.edge import patience, steps, wiring
from client_lifecycle.use_cases.imports.parts import work_on_part


@steps.logger.inject_lambda_context(clear_state=True)
@patience.for_a_task
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001
    """Work on one part. Answers nothing, so that the state does not grow with the import."""
    step = steps.read(event, steps.PartStep)
    done = work_on_part(
        wiring.tenant(step.provider_id),
        wiring.imports(),
        step.run_id,
        step.attempt,
        step.part,
        at=wiring.now(),
        log_failure=steps.log_row_failure,
    )
    steps.logger.info("part done", extra={"part": step.part, "counts": dict(done.counts) if done else None})
