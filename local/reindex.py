"""Brings what clients are listed and found by up to the present version: once after a deployment that changes it.

``python -m local.reindex TABLE`` may run while the system is in use, and again: each client is written over the reading
it was decided on. It prints the ids of clients that could not be brought up to date, and why.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.errors import UnreadableRecord
from client_lifecycle.storage import keys
from client_lifecycle.storage.attributes import from_item, to_item
from client_lifecycle.storage.clients import address_item, client_item, word_items
from client_lifecycle.storage.connections import connect_table
from client_lifecycle.storage.items import put
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import ConditionsFailed, Table, nobody
from client_lifecycle.storage.values import from_plain


def reindex(table: Table) -> Iterator[tuple[str, str]]:
    """Write each client's places, words and address as they are now; yield whom that failed for, and why."""
    for page in table.client.get_paginator("scan").paginate(TableName=table.name, ConsistentRead=True):
        for plain in (from_item(item) for item in page["Items"]):
            if plain["sk"] == keys.CLIENT_SK:
                try:
                    _bring_up_to_date(table, from_plain(Client, plain))
                except UnreadableRecord:
                    yield plain["pk"], "cannot be read"
                except ConditionsFailed:
                    yield plain["pk"], "changed meanwhile, or another client has its address"


def _bring_up_to_date(table: Table, client: Client) -> None:
    stored = client_item(client)
    table.transact(
        [
            {
                "Update": {
                    "TableName": table.name,
                    "Key": to_item(Keys(client.provider_id).client(client.client_id)),
                    "UpdateExpression": "SET name_key = :after_name_key REMOVE email_key",
                    "ConditionExpression": "revision = :revision",
                    "ExpressionAttributeValues": to_item(
                        {
                            ":after_name_key": stored["name_key"],
                            ":revision": client.revision,
                        }
                    ),
                }
            },
            {
                "Put": {
                    "TableName": table.name,
                    "Item": to_item(address_item(client)),
                    "ConditionExpression": "attribute_not_exists(pk) OR client_id = :client_id",
                    "ExpressionAttributeValues": to_item({":client_id": client.client_id}),
                }
            },
            *(put(table.name, {"pk": word["pk"], "sk": word["sk"]}) for word in word_items(client)),
        ]
    )


if __name__ == "__main__":
    for partition, fault in reindex(connect_table(sys.argv[1], nobody)):
        print(partition, fault)
