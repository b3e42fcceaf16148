"""What a platform tells of a client itself, and what becomes of it (A3, A8, I2).

A field changes here when it has changed *there*: when the platform tells another value than it told last. What staff
have corrected since stays until then. The first telling of a client that is here already changes none of its fields.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from client_lifecycle.domain.client import Client, with_external_ids, with_last_active
from client_lifecycle.domain.intake import IntakeOutcome


class ClientRefusal(StrEnum):
    """Why what is told of a client is refused, for machines."""

    VERSION_REUSED = "version_reused"
    EMAIL_IN_USE = "email_in_use"
    UNKNOWN_GROUP = "unknown_group"
    LINKED_OTHERWISE = "linked_otherwise"


RULES: Mapping[ClientRefusal, str] = {
    ClientRefusal.VERSION_REUSED: "I2",
    ClientRefusal.EMAIL_IN_USE: "A3",
    ClientRefusal.UNKNOWN_GROUP: "I19",
    ClientRefusal.LINKED_OTHERWISE: "I14",
}
"""The rule behind each refusal."""


class IncomingClient(Struct, frozen=True, kw_only=True):
    """A client's whole state at one version, as a platform tells it.

    ``tells_group`` is false if the platform keeps no groups. ``client_id`` is given to link a client that is here
    already. ``active_at`` is when the platform last saw the client do something; it is no part of the version (I17).
    """

    source: str
    external_id: str
    version: int
    name: str
    email: str
    group_id: str | None = None
    tells_group: bool = False
    client_id: str | None = None
    active_at: datetime | None = None

    @property
    def fields(self) -> dict[str, str | None]:
        """The fields that are told, by their names on a client."""
        group = {"group_id": self.group_id} if self.tells_group else {}
        return {"name": self.name, "email": self.email, **group}


class LastTold(Struct, frozen=True, kw_only=True):
    """What a platform told last of a client: the version, and a digest of each field; never a value."""

    version: int
    digests: Mapping[str, str]


class ClientJudgement(Struct, frozen=True, kw_only=True):
    """What becomes of what is told of a client: the client as it is then, and which fields change.

    ``client`` is ``None`` where a refusal leaves nobody to tell of.
    """

    outcome: IntakeOutcome
    client: Client | None
    changed: tuple[str, ...] = ()
    added: bool = False
    refusal: ClientRefusal | None = None


def told_now(incoming: IncomingClient) -> LastTold:
    """Return what is kept of what is told."""
    digests = {name: _digest(value) for name, value in incoming.fields.items()}
    return LastTold(version=incoming.version, digests=digests)


def _digest(value: str | None) -> str:
    return hashlib.sha256((value or "").encode()).hexdigest()


def judge_known(incoming: IncomingClient, last: LastTold | None, client: Client) -> ClientJudgement:
    """Judge what is told of a client that is here already; its status is never touched (A8).

    Args:
        incoming: what is told.
        last: what the platform told last, if it told anything.
        client: the client that has the external id, or is to get it.
    """
    now = told_now(incoming)
    if client.external_ids.get(incoming.source, incoming.external_id) != incoming.external_id:
        return refused(client, ClientRefusal.LINKED_OTHERWISE)
    if last and incoming.version < last.version:
        return ClientJudgement(outcome=IntakeOutcome.STALE, client=client)
    if last and incoming.version == last.version:
        if now.digests != last.digests:
            return refused(client, ClientRefusal.VERSION_REUSED)
        return ClientJudgement(outcome=IntakeOutcome.UNCHANGED, client=client)
    fresh = _fields_to_change(incoming, last, now, client)
    linked = with_external_ids(client, {incoming.source: incoming.external_id})
    after = replace(linked, **fresh)
    return ClientJudgement(outcome=IntakeOutcome.STORED, client=after, changed=tuple(fresh))


def _fields_to_change(incoming: IncomingClient, last: LastTold | None, now: LastTold, client: Client) -> dict[str, Any]:
    """Return the fields whose value is another at the platform than it told last, and another than it is here."""
    before = last.digests if last else {}
    return {
        name: value
        for name, value in incoming.fields.items()
        if name in before and before[name] != now.digests[name] and getattr(client, name) != value
    }


def judge_new(
    incoming: IncomingClient, provider_id: str, client_id: str, currency: str, at: datetime
) -> ClientJudgement:
    """Judge what is told of a client that is not here yet: it is added as it is told, in the practice's currency."""
    client = Client(
        provider_id=provider_id,
        client_id=client_id,
        name=incoming.name,
        email=incoming.email,
        added_at=at,
        currency=currency,
        group_id=incoming.group_id,
        external_ids={incoming.source: incoming.external_id},
    )
    if incoming.active_at:
        client = with_last_active(client, min(incoming.active_at, at))
    return ClientJudgement(outcome=IntakeOutcome.STORED, client=client, added=True)


def refused(client: Client | None, refusal: ClientRefusal) -> ClientJudgement:
    """Refuse what is told; nothing is kept of it (I3)."""
    return ClientJudgement(outcome=IntakeOutcome.REFUSED, client=client, refusal=refusal)


def differing(incoming: IncomingClient, client: Client) -> tuple[str, ...]:
    """Name the fields that are something else here than was told."""
    return tuple(name for name, value in incoming.fields.items() if getattr(client, name) != value)
