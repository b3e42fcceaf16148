"""Ids of clients in other systems: each is one client's, claimed in the transaction that gives it to the client."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.client_intake import IncomingClient, LastTold, told_now
from client_lifecycle.domain.errors import ClientNotFound
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.items import check, delete, put
from client_lifecycle.storage.skipping import read_each
from client_lifecycle.storage.table import Write
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import from_plain, to_plain

IS_MINE = "client_id = :client_id"


class Claim(Struct, frozen=True):
    """Whose an id in a source is."""

    client_id: str


class Standing(Struct, frozen=True):
    """Whose id in a source this is, and what the source told last of the client, as far as there is either."""

    owner: str | None = None
    last: LastTold | None = None


def owner_of(claim: Plain) -> str:
    """Return whose a claimed id or address is.

    Raises:
        UnreadableRecord: it does not say so.
    """
    return from_plain(Claim, claim).client_id


def find_owner(tenant: Tenant, source: str, external_id: str) -> tuple[list[str], list[Unreadable]]:
    """Find whose id in a source this is.

    Returns:
        Its owner, or nobody if it was claimed a moment ago; and the claim, if it cannot be read.
    """
    found = tenant.table.get_many([tenant.keys.external_id(source, external_id)], consistent=False)
    return read_each(tenant.table, owner_of, found)


def read_standing(tenant: Tenant, source: str, external_id: str) -> Standing:
    """Read what is known of an id in a source, strongly consistent.

    Raises:
        UnreadableRecord: what is stored of it cannot be read.
    """
    wanted = [tenant.keys.external_id(source, external_id), tenant.keys.last_told(source, external_id)]
    found = {plain["sk"]: plain for plain in tenant.table.get_many(wanted)}
    claim, told = (found.get(key["sk"]) for key in wanted)
    return Standing(owner_of(claim) if claim else None, from_plain(LastTold, told) if told else None)


def require_owner(tenant: Tenant, source: str, external_id: str) -> str:
    """Return whose id in a source this is, strongly consistent.

    Raises:
        ClientNotFound: it is nobody's (I14).
        UnreadableRecord: what is stored of it cannot be read.
    """
    owner = read_standing(tenant, source, external_id).owner
    if owner is None:
        raise ClientNotFound("You have no client with this id in this source.", "client_external_id")
    return owner


def told_write(tenant: Tenant, incoming: IncomingClient, last: LastTold | None) -> Write:
    """Keep what a source tells, over what it told last, or not at all."""
    item = {**tenant.keys.last_told(incoming.source, incoming.external_id), **to_plain(told_now(incoming))}
    if last is None:
        return put(tenant.table.name, item, "attribute_not_exists(pk)")
    return put(tenant.table.name, item, "version = :version", {":version": last.version})


def owner_check(tenant: Tenant, incoming: IncomingClient, client_id: str) -> Write:
    """Require that the id in the source is still this client's."""
    key = tenant.keys.external_id(incoming.source, incoming.external_id)
    return check(tenant.table.name, key, IS_MINE, {":client_id": client_id})


def external_id_items(tenant: Tenant, client: Client) -> list[Plain]:
    """Return the items that keep a client's ids from being used by another, as they are stored."""
    return [_item(tenant, client, source) for source in sorted(client.external_ids)]


def _item(tenant: Tenant, client: Client, source: str) -> Plain:
    return {**tenant.keys.external_id(source, client.external_ids[source]), "client_id": client.client_id}


def claims(tenant: Tenant, before: Client | None, after: Client) -> dict[str, Write]:
    """Return the writes that claim a client's new ids, by source; each fails if another client has the id."""
    mine = {":client_id": after.client_id}
    return {
        source: put(tenant.table.name, _item(tenant, after, source), f"attribute_not_exists(pk) OR {IS_MINE}", mine)
        for source in _changed(after, before)
    }


def releases(tenant: Tenant, before: Client | None, after: Client) -> list[Write]:
    """Return the writes that let go of the ids that a client no longer has, and of what was told under them."""
    if before is None:
        return []
    return [write for source in _changed(before, after) for write in _release(tenant, before, source)]


def _release(tenant: Tenant, before: Client, source: str) -> Sequence[Write]:
    external_id, mine = before.external_ids[source], {":client_id": before.client_id}
    claim, told = tenant.keys.external_id(source, external_id), tenant.keys.last_told(source, external_id)
    free = f"attribute_not_exists(pk) OR {IS_MINE}"
    return [delete(tenant.table.name, claim, free, mine), delete(tenant.table.name, told)]


def _changed(one: Client, other: Client | None) -> list[str]:
    """Return the sources whose id the first client has, and the other has not."""
    others = other.external_ids if other else {}
    return sorted(source for source, external_id in one.external_ids.items() if others.get(source) != external_id)
