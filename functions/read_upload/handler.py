"""First step of a check: what was uploaded is read row by row, and cut into parts."""

from __future__ import annotations

from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from client_lifecycle.edge import patience, steps, wiring
from client_lifecycle.edge.import_rows import row_reader
from client_lifecycle.use_cases.imports.reading import read_upload


@steps.logger.inject_lambda_context(clear_state=True)
@patience.for_a_task
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, bool]:  # noqa: ARG001
    """Read an upload, and answer whether parts follow; there are none if the file is refused."""
    step = steps.read(event, steps.Step)
    read_row_of = partial(row_reader, at=wiring.now())
    goes_on = read_upload(wiring.tenant(step.provider_id), wiring.imports(), step.run_id, step.attempt, read_row_of)
    steps.logger.info("upload read", extra={"goes_on": goes_on})
    return {"goes_on": goes_on}
