"""Puts clients and records into a table, and looks at what became of them."""

from __future__ import annotations

from collections.abc import Sequence

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.records import Record
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.clients import address_item, client_item, record_from, record_item, word_items
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.packed_changes import unpacked
from client_lifecycle.storage.table import Query, Table


def put(table: Table, client: Client, records: Sequence[Record] = ()) -> Client:
    """Store a client with its address, the words of its name and its records."""
    stored = [record_item(Keys(client.provider_id), client.client_id, record) for record in records]
    table.put_many([client_item(client), address_item(client), *word_items(client), *stored])
    return client


def everything(table: Table, client: Client) -> list[Plain]:
    """Read every item of a client, as stored."""
    partition = Keys(client.provider_id).client_partition(client.client_id)
    return [unpacked(plain) for plain in table.query(Query("pk = :pk", {":pk": partition}))]


def records_of(table: Table, client: Client) -> list[Record]:
    """Read every record of a client."""
    return [record_from(plain) for plain in everything(table, client) if "kind" in plain]


def count(table: Table, client: Client, prefix: str) -> int:
    """Count the items of a client whose sort key begins like this."""
    return sum(plain["sk"].startswith(prefix) for plain in everything(table, client))
