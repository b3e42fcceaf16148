"""Workflow step: bring the clients of a batch back from the bulk archive that is undone."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from client_lifecycle.domain.members import Member
from client_lifecycle.domain.runs import Run
from client_lifecycle.edge import patience, steps, wiring
from client_lifecycle.storage.commitments import Calendar
from client_lifecycle.use_cases.bulk.steps import Result, undo_archive


@steps.logger.inject_lambda_context(clear_state=True)
@patience.for_a_task
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Undo the archive of every client of a batch; each has its outcome at once."""
    step = steps.read(event, steps.BatchStep)
    tenant, at = wiring.tenant(step.provider_id), wiring.now()
    calendar = Calendar(tenant, at)

    def undo(run: Run, attempt: int, member: Member) -> Result:
        return undo_archive(tenant, run, attempt, member, calendar, at=at)

    return steps.first_step(step, undo)
