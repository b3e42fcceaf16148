"""Ids of clients in other systems: each is one client's, claimed in the transaction that gives it to the client."""

from __future__ import annotations

from client_lifecycle.domain.client import Client
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.items import delete, put
from client_lifecycle.storage.table import Write
from client_lifecycle.storage.tenant import Tenant


def read_owner(tenant: Tenant, source: str, external_id: str) -> str | None:
    """Return whose id in a source this is; ``None`` if it is nobody's, or was claimed a moment ago."""
    found = tenant.table.get_many([tenant.keys.external_id(source, external_id)], consistent=False)
    return found[0]["client_id"] if found else None


def external_id_items(tenant: Tenant, client: Client) -> list[Plain]:
    """Return the items that keep a client's ids from being used by another, as they are stored."""
    return [_item(tenant, client, source) for source in sorted(client.external_ids)]


def _item(tenant: Tenant, client: Client, source: str) -> Plain:
    return {**tenant.keys.external_id(source, client.external_ids[source]), "client_id": client.client_id}


def claims(tenant: Tenant, before: Client | None, after: Client) -> dict[str, Write]:
    """Return the writes that claim a client's new ids, by source; each fails if another client has the id."""
    mine = {":client_id": after.client_id}
    return {
        source: put(
            tenant.table.name,
            _item(tenant, after, source),
            "attribute_not_exists(pk) OR client_id = :client_id",
            mine,
        )
        for source in _changed(after, before)
    }


def releases(tenant: Tenant, before: Client | None, after: Client) -> list[Write]:
    """Return the writes that let go of the ids that a client no longer has."""
    if before is None:
        return []
    mine = {":client_id": after.client_id}
    return [
        delete(
            tenant.table.name,
            tenant.keys.external_id(source, before.external_ids[source]),
            "attribute_not_exists(pk) OR client_id = :client_id",
            mine,
        )
        for source in _changed(before, after)
    ]


def _changed(one: Client, other: Client | None) -> list[str]:
    """Return the sources whose id the first client has, and the other has not."""
    others = other.external_ids if other else {}
    return sorted(source for source, external_id in one.external_ids.items() if others.get(source) != external_id)
