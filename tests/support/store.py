"""Puts clients, groups and settings into the table, and takes everything out again."""

from __future__ import annotations

from typing import Any

from client_lifecycle.domain.bookings import BookingAnswer
from client_lifecycle.domain.client import Client, Group
from client_lifecycle.domain.records import Record
from client_lifecycle.domain.settings import ProviderSettings
from client_lifecycle.storage.attributes import Plain, from_item
from client_lifecycle.storage.clients import address_item, client_item, group_item, record_item, word_items
from client_lifecycle.storage.external_ids import external_id_items
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.packed_changes import unpacked
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import from_plain, to_plain

Dump = dict[tuple[str, str], Plain]


def store(table: Table, client: Client, *records: Record) -> Client:
    """Put a client, its address, the words of its name and its records into the table."""
    owned = [record_item(Keys(client.provider_id), client.client_id, record) for record in records]
    claimed = external_id_items(Tenant(table, client.provider_id), client)
    table.put_many([client_item(client), address_item(client), *word_items(client), *claimed, *owned])
    return client


def store_group(table: Table, group: Group) -> Group:
    """Put a client group into the table."""
    table.put_many([group_item(group)])
    return group


def store_settings(table: Table, provider_id: str, settings: ProviderSettings) -> None:
    """Put a provider's settings into the table."""
    table.put_many([{**Keys(provider_id).settings(), **to_plain(settings)}])


def answer_to(tenant: Tenant, event_id: str) -> BookingAnswer | None:
    """Return the answer that a booking was given, if it was."""
    plain = tenant.table.get(tenant.keys.booking_answer(event_id))
    return from_plain(BookingAnswer, plain) if plain else None


def dump(table: Table) -> Dump:
    """Take a copy of every item of the table."""
    pages = table.client.get_paginator("scan").paginate(TableName=table.name, ConsistentRead=True)
    items = [unpacked(from_item(item)) for page in pages for item in page["Items"]]
    return {(item["pk"], item["sk"]): item for item in items}


def statuses(table: Table, client_id: str) -> dict[str, Any]:
    """Return the status of every item of a client, by sort key."""
    return {sk: item.get("status") for (pk, sk), item in dump(table).items() if pk.endswith(f"#{client_id}")}
