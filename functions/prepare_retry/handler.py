"""First step of a retry: the clients to be tried again are pending again, and listed in a manifest."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from client_lifecycle.edge import patience, steps, wiring
from client_lifecycle.use_cases.bulk.retry import gather


@steps.logger.inject_lambda_context(clear_state=True)
@patience.for_a_task
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, bool]:  # noqa: ARG001
    """Gather the clients of a retry, and answer whether there is work on them; there is none once it is stopped."""
    step = steps.read(event, steps.Step)
    goes_on = gather(wiring.tenant(step.provider_id), wiring.workflow(), step.run_id, step.attempt)
    steps.logger.info("retry prepared", extra={"run_id": step.run_id, "attempt": step.attempt, "goes_on": goes_on})
    return {"goes_on": goes_on}
