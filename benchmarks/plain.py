"""What a user would write instead: a table with one index, and functions that change one item after the other.

There is no transaction, no receipt and no history; nothing holds what the rules of this project hold. It has the same
clients with the same records, so what the difference costs is what the rules cost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.effects import all_effects
from client_lifecycle.domain.records import Record, RecordKind
from client_lifecycle.storage.attributes import from_item, to_item
from client_lifecycle.storage.values import to_plain

BY_STATUS = "by_status"
PUTS_AT_ONCE = 25

HANDLERS = (
    (RecordKind.APPOINTMENT, RecordKind.PAYMENT),
    (RecordKind.MEMBERSHIP, RecordKind.RECIPIENT),
    (RecordKind.FEED_ENTRY, RecordKind.REMINDER),
)
"""The kinds of record that each of three functions ends: commitments, chats, notifications."""

STATES_PER_CLIENT = 5
"""To mark, the parallel state, and a task for each of the three functions."""

EVENTS_PER_CLIENT = 28
"""Of an inline map's history: two for the iteration, four for the parallel state, at least five for each of four tasks,
and two for entering and leaving what holds them."""

MOST_EVENTS = 25_000
"""Of one execution, inline maps included (Step Functions, "Maximum execution history size")."""

MOST_CLIENTS = MOST_EVENTS // EVENTS_PER_CLIENT
AT_ONCE = 40
"""Iterations of an inline map at once, at most (Step Functions, "Map state processing modes")."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A user's own table of clients and their records."""

    client: Any
    name: str

    def load(self, known: Client, records: Iterable[Record], at: datetime) -> None:
        """Put a client and its records into the table; what an archive would end says so."""
        live = {(change.before.kind, change.before.record_id) for change in all_effects(tuple(records), at).changes}
        items: list[dict[str, Any]] = [
            _client_item(known),
            *(
                {
                    **_key(known.client_id, f"{one.kind.value}#{one.record_id}"),
                    **to_plain(one),
                    "live": (one.kind, one.record_id) in live,
                }
                for one in records
            ),
        ]
        self._put(items)

    def load_clients(self, clients: Iterable[Client]) -> None:
        """Put clients without records into the table."""
        self._put([_client_item(known) for known in clients])

    def bring_in(self, clients: Iterable[Client]) -> None:
        """Look whether each client is there, and put it if it is not."""
        for known in clients:
            key = to_item(_key(known.client_id, "client"))
            if "Item" not in self.client.get_item(TableName=self.name, Key=key, ConsistentRead=True):
                self.client.put_item(TableName=self.name, Item=to_item(_client_item(known)))

    def put_each(self, items: Iterable[dict[str, Any]]) -> None:
        """Put items one after the other."""
        for item in items:
            self.client.put_item(TableName=self.name, Item=to_item(item))

    def page(self, provider_id: str, limit: int) -> None:
        """Read the first page of the active clients, by name."""
        self.client.query(**self._tab(provider_id), Limit=limit)

    def search(self, provider_id: str, name: str) -> int:
        """Read the active clients, page by page, and count those in whose names there is a word."""
        request = self._tab(provider_id)
        found = 0
        while True:
            answer = self.client.query(**request)
            found += sum(name in item["name"]["S"] for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return found
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _tab(self, provider_id: str) -> dict[str, Any]:
        return {
            "TableName": self.name,
            "IndexName": BY_STATUS,
            "KeyConditionExpression": "tab = :tab",
            "ExpressionAttributeValues": to_item({":tab": f"{provider_id}#active"}),
        }

    def _put(self, items: Sequence[dict[str, Any]]) -> None:
        for first in range(0, len(items), PUTS_AT_ONCE):
            puts = [{"PutRequest": {"Item": to_item(item)}} for item in items[first : first + PUTS_AT_ONCE]]
            self.client.batch_write_item(RequestItems={self.name: puts})

    def mark(self, provider_id: str, client_id: str, status: str) -> None:
        """Read a client and set its status."""
        key = to_item(_key(client_id, "client"))
        self.client.get_item(TableName=self.name, Key=key, ConsistentRead=True)
        self._update(key, {"status": status, "tab": f"{provider_id}#{status}"})

    def end(self, client_id: str, kinds: Collection[RecordKind] = tuple(RecordKind)) -> None:
        """End what is live of these kinds, record by record."""
        for item in self._records(client_id):
            if item["live"] and item["kind"] in kinds:
                self._update(_key_of(item), {"status": "cancelled", "live": False, "ended_by_archive": True})

    def bring_back(self, client_id: str) -> None:
        """Take back what was ended, record by record."""
        for item in self._records(client_id):
            if item.get("ended_by_archive"):
                self._update(_key_of(item), {"status": "booked", "live": True, "ended_by_archive": False})

    def book(self, provider_id: str, client_id: str, appointment: Record) -> None:
        """Read a client, put the appointment, and make the client active."""
        self.mark(provider_id, client_id, "active")
        item = {**_key(client_id, f"{appointment.kind.value}#{appointment.record_id}"), **to_plain(appointment)}
        self.client.put_item(TableName=self.name, Item=to_item({**item, "live": True}))

    def look(self, client_id: str) -> None:
        """Read a client and its records, to show what is at stake."""
        self.client.get_item(TableName=self.name, Key=to_item(_key(client_id, "client")), ConsistentRead=True)
        self._records(client_id)

    def _records(self, client_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        request: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": to_item({":pk": _key(client_id, "")["pk"]}),
            "ConsistentRead": True,
        }
        while True:
            answer = self.client.query(**request)
            found += [from_item(item) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return [item for item in found if "kind" in item]
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _update(self, key: dict[str, Any], values: dict[str, Any]) -> None:
        self.client.update_item(
            TableName=self.name,
            Key=key,
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues=to_item({f":{name}": value for name, value in values.items()}),
        )


def make_plain(client: Any) -> Plain:
    """Make a user's own table."""
    name = f"plain-{uuid4()}"
    client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": one, "AttributeType": "S"} for one in ("pk", "sk", "tab", "name")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": BY_STATUS,
                "KeySchema": [
                    {"AttributeName": "tab", "KeyType": "HASH"},
                    {"AttributeName": "name", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return Plain(client, name)


def _client_item(known: Client) -> dict[str, Any]:
    fields = {"name": known.name, "email": known.email, "status": "active", "currency": known.currency}
    return {**_key(known.client_id, "client"), **fields, "tab": f"{known.provider_id}#active"}


def _key(client_id: str, kind: str) -> dict[str, str]:
    return {"pk": f"client#{client_id}", "sk": kind}


def _key_of(item: dict[str, Any]) -> dict[str, Any]:
    return to_item({"pk": item["pk"], "sk": item["sk"]})
