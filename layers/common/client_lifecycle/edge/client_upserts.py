"""What platforms send of a client itself, and the answer."""

from __future__ import annotations

from pydantic import BaseModel, Field

from client_lifecycle.domain.client import Status
from client_lifecycle.domain.client_intake import RULES, ClientRefusal, IncomingClient, differing
from client_lifecycle.domain.intake import IntakeOutcome
from client_lifecycle.edge.bodies import Body, ClientName, IdField
from client_lifecycle.edge.email_field import Email
from client_lifecycle.edge.moments import Moment
from client_lifecycle.edge.records import Version
from client_lifecycle.use_cases.client_upsert import Upserted


class ClientBody(Body):
    """A client as a platform has it, whole, at one version. Its status is never told: that has verbs of its own (A8).

    ``group_id: null`` is no group; left out, the platform keeps no groups. ``last_active_at`` is when the platform last
    saw the client do something (I17). ``client_id`` links a client that is here already.
    """

    provider_id: IdField
    version: Version
    name: ClientName
    email: Email
    group_id: IdField | None = None
    last_active_at: Moment | None = None
    client_id: IdField | None = None

    def incoming(self, source: str, external_id: str) -> IncomingClient:
        """Return what is told."""
        return IncomingClient(
            source=source,
            external_id=external_id,
            version=self.version,
            name=self.name,
            email=self.email,
            group_id=self.group_id,
            tells_group="group_id" in self.model_fields_set,
            client_id=self.client_id,
            active_at=self.last_active_at,
        )


class InUseByView(BaseModel):
    """Whose the address is, and how to activate that client (A3)."""

    client_id: str | None = None
    client_status: Status | None = None
    activate: str | None = None


class UpsertView(BaseModel):
    """What became of it: exactly one outcome, and why where it was not stored (I19)."""

    external_id: str
    version: int
    outcome: IntakeOutcome
    reason: ClientRefusal | None
    rule: str | None
    client_id: str | None
    client_status: Status | None
    added: bool
    changed: list[str] = Field(description="The fields of the client that were changed.")
    differs: list[str] = Field(description="The fields that are something else here than was told, and stay so.")
    in_use_by: InUseByView | None
    dry_run: bool

    @classmethod
    def of(cls, incoming: IncomingClient, upserted: Upserted, *, is_dry_run: bool) -> UpsertView:
        """Show what became of what was told; a client that would be added has no id yet."""
        judgement = upserted.judgement
        client = None if is_dry_run and judgement.added else judgement.client
        return cls(
            external_id=incoming.external_id,
            version=incoming.version,
            outcome=judgement.outcome,
            reason=judgement.refusal,
            rule=RULES[judgement.refusal] if judgement.refusal else None,
            client_id=client.client_id if client else None,
            client_status=client.status if client else None,
            added=judgement.added,
            changed=list(judgement.changed),
            differs=list(differing(incoming, client)) if client else [],
            in_use_by=InUseByView(**upserted.in_use_by) if upserted.in_use_by else None,
            dry_run=is_dry_run,
        )
