"""Last step of the workflow: account for every client and close the run with its verdict."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from client_lifecycle.edge import patience, steps, wiring
from client_lifecycle.use_cases.bulk.steps import finish_run


@steps.logger.inject_lambda_context(clear_state=True)
@patience.for_a_task
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:  # noqa: ARG001
    """Close a run and answer with its verdict."""
    step = steps.read(event, steps.Step)
    run = finish_run(wiring.tenant(step.provider_id), step.run_id, step.attempt, at=wiring.now())
    steps.logger.info("run finished", extra={"run_id": run.run_id, "state": run.state, "counts": dict(run.counts)})
    return {"state": run.state.value}
