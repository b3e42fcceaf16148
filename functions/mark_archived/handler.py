"""Workflow step: archive the clients of a batch, each with its stamp, before their effects follow."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from client_lifecycle.domain.runs import Outcome
from client_lifecycle.edge import steps, wiring
from client_lifecycle.edge.steps import Marked, Place
from client_lifecycle.storage.runs import read_candidates
from client_lifecycle.use_cases.archive_batch import mark_archived


class MarkStep(steps.Step):
    """The input of this step: a batch of the manifest, and who confirmed the run."""

    actor_id: str
    notify_client: bool
    members: list[Place]


@steps.logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Mark every client of a batch; those that need no effects get their outcome at once."""
    step = MarkStep.model_validate(event)
    steps.logger.append_keys(run_id=step.run_id, provider_id=step.provider_id)
    table, at = wiring.table(), wiring.now()
    places = [(member.client_id, member.position) for member in step.members]
    candidates = read_candidates(table, step.provider_id, step.run_id, places)
    marked: list[Marked] = []
    already_archived: list[str] = []

    def mark(place: Place) -> None:
        archive_id = mark_archived(
            table,
            step.run_id,
            candidates[place.client_id].read(),
            actor_id=step.actor_id,
            notify_client=step.notify_client,
            at=at,
        )
        if archive_id:
            marked.append(Marked(client_id=place.client_id, position=place.position, archive_id=archive_id))
        else:
            already_archived.append(place.client_id)

    failures = steps.each_client(step.members, mark)
    outcomes: dict[str, dict[str, Any]] = {
        **{client_id: {"outcome": Outcome.ALREADY_ARCHIVED, "reason": None} for client_id in already_archived},
        **{failure.client_id: {"outcome": Outcome.FAILED, "reason": failure.reason} for failure in failures},
    }
    return {
        "marked": [one.model_dump() for one in marked],
        "outcomes": [{"client_id": client_id, **outcome} for client_id, outcome in outcomes.items()],
    }
