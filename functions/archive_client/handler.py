"""Preview the archive of a client, and archive it, now or later: event -> use case or query -> response."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body as FromBody
from pydantic import ConfigDict, Field

from client_lifecycle.domain.client import PlanTerms, Trigger
from client_lifecycle.domain.errors import (
    AcknowledgementNeeded,
    AlreadyArchived,
    ArchiveBlocked,
    ChangedMeanwhile,
    ClientNotFound,
    GroupNotFound,
    InvalidRequest,
    Superseded,
)
from client_lifecycle.domain.labels import MAX_NAMED_RECORDS, RecordName
from client_lifecycle.domain.members import record_names
from client_lifecycle.domain.settings import SafetyRule
from client_lifecycle.edge import http, identity, wiring
from client_lifecycle.edge.bodies import MAX_NAMED, OptionsBody
from client_lifecycle.edge.moments import Day
from client_lifecycle.edge.preconditions import IfMatch, answers_with_tag, only_if, tag_of_client, tagged
from client_lifecycle.edge.receipt_listing import shown_receipt
from client_lifecycle.edge.views.archive_preview import ArchivePreviewView
from client_lifecycle.edge.views.clients import ClientView
from client_lifecycle.edge.views.receipts import ReceiptView
from client_lifecycle.edge.views.shared import View
from client_lifecycle.edge.views.value_models import Shown
from client_lifecycle.use_cases.archive import archive_client
from client_lifecycle.use_cases.planned_archives import cancel_plan, plan_archive
from client_lifecycle.use_cases.queries import archives as queries

app = http.resolver()


class ArchiveBody(OptionsBody):
    """How to archive one client; ``acknowledge`` names the safety rules whose warning was seen."""

    acknowledge: list[Annotated[SafetyRule, Field(strict=False)]] = Field(default_factory=list, max_length=MAX_NAMED)


NO_BODY = ArchiveBody.model_construct()
"""What a request without a body says."""


def _only(said: Trigger) -> dict[str, Any]:
    """Describe a body that says one trigger and no other."""
    others = {trigger.value: {"enum": [False, None]} for trigger in Trigger if trigger is not said}
    wanted = {"type": "string"} if said is Trigger.ARCHIVE_ON else {"const": True}
    return {"required": [said.value], "properties": {said.value: wanted, **others}}


class PlanBody(ArchiveBody):
    """When to archive, which is exactly one of three, and how."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [_only(trigger) for trigger in Trigger]})

    archive_on: Day | None = Field(
        default=None, description="At the start of this day where the practice is; it must be ahead."
    )
    after_last_appointment: bool = Field(
        default=False, description="Once no booked appointment is ahead or in progress."
    )
    after_last_payment: bool = Field(default=False, description="Once no payment is scheduled or being charged.")

    def terms(self) -> PlanTerms:
        """Return what is planned.

        Raises:
            InvalidRequest: it is not said when, or more than once.
        """
        said = [trigger for trigger in Trigger if getattr(self, trigger)]
        if len(said) != 1:
            raise InvalidRequest(f"Say exactly one of {', '.join(Trigger)}.", *(said or Trigger), code="one_trigger")
        return PlanTerms(
            trigger=said[0],
            archive_on=self.archive_on,
            options=self.options(),
            acknowledged=tuple(sorted(set(self.acknowledge))),
        )


class ArchivedView(View):
    """The archived client and the receipt of the archive it is under.

    Of a long receipt it is the first page; ``GET /clients/{client_id}/receipts/{archive_id}`` continues from its
    ``next_cursor``.
    ``made_good`` lists what had become live on a client that was archived already and was ended by this request, the
    first hundred records; ``made_good_total`` tells how many they are. The receipt has them all.
    """

    client: ClientView
    receipt: ReceiptView
    made_good: list[Shown[RecordName]]
    made_good_total: int


@app.post("/clients/<client_id>/archive", summary="Archive a client", tags=["clients"])
@http.may_fail_with(ClientNotFound, GroupNotFound, ChangedMeanwhile, ArchiveBlocked, AcknowledgementNeeded, Superseded)
def archive(
    client_id: http.Id, body: Annotated[ArchiveBody, FromBody()] = NO_BODY, if_match: IfMatch = None
) -> ArchivedView:
    """Archive a client with all effects.

    Archiving an archived client answers with the receipt it has. What has become live since, like a payment that was
    being charged and fell back to scheduled, is ended under that archive and added to its receipt.
    """
    caller = identity.caller(app)
    archived = archive_client(
        wiring.tenant(caller.provider_id),
        client_id,
        cause=caller.cause,
        at=wiring.now(),
        options=body.options(),
        acknowledged=body.acknowledge,
        require=only_if(if_match, tag_of_client),
    )
    receipt = shown_receipt(archived.client, archived.receipt, archived.rest)
    return ArchivedView(
        client=ClientView.of(archived.client),
        receipt=receipt,
        made_good=record_names(archived.made_good[:MAX_NAMED_RECORDS]),
        made_good_total=len(archived.made_good),
    )


@app.get(
    "/clients/<client_id>/archive-preview",
    summary="Preview the archive of a client",
    tags=["clients"],
)
@http.may_fail_with(ClientNotFound)
@answers_with_tag
def preview(client_id: http.Id) -> Response[ArchivePreviewView]:
    """Tell what archiving this client now would meet and do: rules with their numbers, and each record. Writes nothing.

    The archive decides by the same functions, on a reading of its own. Sent back as ``If-Match``, the ``ETag`` makes
    sure that the client is archived as it was shown.
    """
    caller, at = identity.caller(app), wiring.now()
    shown = queries.preview_archive(wiring.tenant(caller.provider_id), client_id, at=at)
    return tagged(ArchivePreviewView.of(shown), tag_of_client(shown.client))


@app.put(
    "/clients/<client_id>/archive-plan",
    summary="Plan a client's archive for later",
    tags=["clients"],
)
@http.may_fail_with(ClientNotFound, GroupNotFound, ChangedMeanwhile, AlreadyArchived)
def plan(client_id: http.Id, body: Annotated[PlanBody, FromBody()], if_match: IfMatch = None) -> ClientView:
    """Archive a client later, unless it books before; a new plan takes the place of the one before.

    Safety rules are asked when the plan is carried out. One that forbids it then, or wants an acknowledgement that
    was not given here, holds the plan back until it no longer does.
    """
    caller = identity.caller(app)
    planned = plan_archive(
        wiring.tenant(caller.provider_id),
        client_id,
        body.terms(),
        cause=caller.cause,
        at=wiring.now(),
        require=only_if(if_match, tag_of_client),
    )
    return ClientView.of(planned)


@app.delete(
    "/clients/<client_id>/archive-plan",
    summary="Cancel a client's planned archive",
    tags=["clients"],
)
@http.may_fail_with(ClientNotFound)
def cancel(client_id: http.Id) -> ClientView:
    """Cancel the plan to archive a client later; a client without one stays as it is."""
    caller = identity.caller(app)
    return ClientView.of(cancel_plan(wiring.tenant(caller.provider_id), client_id, cause=caller.cause, at=wiring.now()))


lambda_handler = http.lambda_handler(app)
