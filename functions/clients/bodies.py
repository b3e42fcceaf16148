"""What callers send about clients: what is missing, too long or unknown is refused by its field's name."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec.structs import replace
from pydantic import Field

from client_lifecycle.domain.client import Client, Status, with_external_ids
from client_lifecycle.domain.policy import Action, Actor
from client_lifecycle.domain.settings import PortalSettings
from client_lifecycle.edge.bodies import (
    MAX_SOURCES,
    AsWhole,
    Body,
    ClientName,
    ExternalId,
    IdField,
    PortalBody,
    Whole,
    name_keys,
    not_given,
)
from client_lifecycle.edge.conditions import SortField, Sought, TabConditionsBody
from client_lifecycle.edge.email_field import Email
from client_lifecycle.edge.id_forms import CURSOR_FORMAT, CURSOR_PATTERN
from client_lifecycle.use_cases.ids import new_id
from client_lifecycle.use_cases.queries.listing import Wanted

MAX_CHECKED_CLIENTS = 1_000
MAX_CENTS = 100_000_000_000


Cents = Annotated[int, Field(ge=0, le=MAX_CENTS), AsWhole]


class AddBody(Body):
    """A client to add; ``external_ids`` are its ids in other systems, by source."""

    name: ClientName
    email: Email
    group_id: IdField | None = None
    settings: PortalBody = Field(default_factory=PortalBody)
    credit_cents: Cents = 0
    owed_cents: Cents = 0
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$", description="The practice's, if none is given.")
    external_ids: dict[IdField, ExternalId] = Field(
        default_factory=dict, max_length=MAX_SOURCES, json_schema_extra=name_keys
    )

    def client(self, provider_id: str, at: datetime, currency: str) -> Client:
        """Return the client, with an id of its own, and in this currency if the body names none."""
        return Client(
            provider_id=provider_id,
            client_id=new_id(at),
            name=self.name,
            email=self.email,
            added_at=at,
            currency=self.currency or currency,
            credit_cents=self.credit_cents,
            owed_cents=self.owed_cents,
            group_id=self.group_id,
            settings=self.settings.over(PortalSettings()),
            external_ids=self.external_ids,
        )


class ChangeBody(Body):
    """What to change of a client; fields left out stay as they are, and the status has verbs of its own (A8).

    ``group_id: null`` takes the client out of its group. Of ``external_ids``, sources that are left out stay, and
    ``null`` gives the id in a source up.
    """

    name: ClientName = Field(default_factory=not_given)
    email: Email = Field(default_factory=not_given)
    group_id: IdField | None = None
    settings: PortalBody = Field(default_factory=PortalBody)
    external_ids: dict[IdField, ExternalId | None] = Field(
        default_factory=dict, max_length=MAX_SOURCES, json_schema_extra=name_keys
    )

    def over(self, client: Client) -> Client:
        """Return a client with these changes."""
        said = self.model_dump(exclude_unset=True, exclude={"settings", "external_ids"})
        changed = replace(client, **said, settings=self.settings.over(client.settings))
        return with_external_ids(changed, self.external_ids)


class CheckBody(Body):
    """A question about many clients; the usual actor of the action asks, unless another is named."""

    action: Annotated[Action, Field(strict=False)]
    actor: Annotated[Actor | None, Field(strict=False)] = None
    client_ids: list[IdField] = Field(min_length=1, max_length=MAX_CHECKED_CLIENTS)


class SearchBody(TabConditionsBody):
    """Whom to find in a tab: clients of whose name each word of ``q`` begins a word, whatever its case and accents.

    With an ``@`` in it, ``q`` is the beginning of an address; without, it has a letter or digit. It stands in the body,
    because names and addresses do not belong into a URL.
    """

    q: Sought
    status: Annotated[Status, Field(strict=False)] = Status.ACTIVE
    sort: SortField | None = None
    limit: Whole = Field(default=50, ge=1, le=100)
    cursor: Annotated[str, Field(pattern=CURSOR_PATTERN, json_schema_extra={"format": CURSOR_FORMAT})] | None = None

    def wanted(self) -> Wanted:
        """Return which clients are wanted."""
        return Wanted(status=self.status, conditions=self.conditions(), sought=self.q, sort=self.sort)


class CountBody(TabConditionsBody):
    """Whom to count in both tabs: those whom a search for ``q`` finds."""

    q: Sought
