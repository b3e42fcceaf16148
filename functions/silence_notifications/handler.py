"""Workflow step: hide the feed entries and suppress the goal reminders of marked clients (E4, E8)."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from client_lifecycle.domain.effects import EffectName
from client_lifecycle.edge import patience, steps


@steps.logger.inject_lambda_context(clear_state=True)
@patience.for_a_task
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Carry out the effect for every marked client of a batch and name those it failed for."""
    return steps.apply_effect(EffectName.SILENCE_NOTIFICATIONS, event)
