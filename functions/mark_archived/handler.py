"""Workflow step: archive the clients of a batch, each with its stamp, before their effects follow."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from client_lifecycle.domain.runs import Outcome
from client_lifecycle.edge import steps, wiring
from client_lifecycle.edge.steps import Marked, Place
from client_lifecycle.storage.providers import read_settings
from client_lifecycle.storage.runs import read_candidates, read_run
from client_lifecycle.use_cases.archive_batch import mark_archived


class MarkStep(steps.Step):
    """The input of this step: a batch of the manifest."""

    members: list[Place]


@steps.logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Mark every client of a batch; those that need no effects get their outcome at once."""
    step = MarkStep.model_validate(event)
    steps.logger.append_keys(run_id=step.run_id, provider_id=step.provider_id)
    table, at = wiring.table(), wiring.now()
    run = read_run(table, step.provider_id, step.run_id)
    safety = read_settings(table, step.provider_id).safety
    places = [(member.client_id, member.position) for member in step.members]
    candidates = read_candidates(table, step.provider_id, step.run_id, places)
    marked: list[Marked] = []
    outcomes: list[dict[str, str | None]] = []

    def mark(place: Place) -> None:
        result = mark_archived(table, run, candidates[place.client_id].read(), safety, at=at)
        if isinstance(result, Outcome):
            outcomes.append({"client_id": place.client_id, "outcome": result, "reason": None})
        else:
            marked.append(Marked(client_id=place.client_id, position=place.position, archive_id=result))

    failures = steps.each_client(step.members, mark)
    outcomes += [{"client_id": one.client_id, "outcome": Outcome.FAILED, "reason": one.reason} for one in failures]
    return {"marked": [one.model_dump() for one in marked], "outcomes": outcomes}
