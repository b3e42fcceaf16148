"""Last step of an import's attempt: a report of every row, and a verdict."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from client_lifecycle.edge import patience, steps, wiring
from client_lifecycle.use_cases.imports.finishing import finish_import


@steps.logger.inject_lambda_context(clear_state=True)
@patience.for_a_task
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:  # noqa: ARG001
    """Close an attempt, and answer with the import's state."""
    step = steps.read(event, steps.Step)
    run = finish_import(wiring.tenant(step.provider_id), wiring.imports(), step.run_id, step.attempt, at=wiring.now())
    steps.logger.info("import ended", extra={"state": run.state, "counts": dict(run.counts)})
    return {"state": run.state.value}
