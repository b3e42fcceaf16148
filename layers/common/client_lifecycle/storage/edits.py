"""Commits a client that staff add or change, with its address and its place in a group, in one transaction.

Imports the domain and the rest of this ring.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from client_lifecycle.domain.client import Client
from client_lifecycle.storage import keys
from client_lifecycle.storage.clients import address_item, client_item, client_write
from client_lifecycle.storage.items import put_new, to_item
from client_lifecycle.storage.providers import group_check, group_not_found
from client_lifecycle.storage.table import ConditionsFailed, ReadingOutdated, Table

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


class AddressTaken(Exception):
    """A client of the provider, active or archived, has this address already; nothing was written (A3)."""

    def __init__(self, client_id: str) -> None:
        super().__init__(f"the address is {client_id}'s")
        self.client_id = client_id


def commit_client(table: Table, before: Client | None, after: Client) -> None:
    """Keep a client that was added or changed, or nothing of it.

    A new address is taken and the former one given up in the same transaction, so that no two clients of a provider
    ever share one, however many are added at once.

    Args:
        table: where to write.
        before: the client as read, ``None`` for a new one.
        after: the client as it shall be, at its next revision.

    Raises:
        ReadingOutdated: the client is no longer as it was read.
        GroupNotFound: the provider has no group to put the client into.
        AddressTaken: another client has the address.
    """
    faults: list[Exception] = [ReadingOutdated()]
    writes = [client_write(table, before, after) if before else _new_client(table, after)]
    if after.group_id and (before is None or before.group_id != after.group_id):
        faults.append(group_not_found())
        writes.append(group_check(table, after.provider_id, after.group_id))
    if before is None or address_item(before) != address_item(after):
        writes.append(put_new(table.name, keys.email_key(after.provider_id, after.email), address_item(after)))
        writes += [_address_given_up(table, before)] if before else []
    try:
        table.transact(writes)
    except ConditionsFailed as failed:
        raise _fault(failed, faults) from failed


def _new_client(table: Table, client: Client) -> TransactWriteItemTypeDef:
    return put_new(table.name, keys.client_key(client.provider_id, client.client_id), client_item(client))


def _address_given_up(table: Table, client: Client) -> TransactWriteItemTypeDef:
    return {
        "Delete": {
            "TableName": table.name,
            "Key": to_item(keys.email_key(client.provider_id, client.email)),
            "ConditionExpression": "attribute_not_exists(pk) OR client_id = :client_id",
            "ExpressionAttributeValues": to_item({":client_id": client.client_id}),
        }
    }


def _fault(failed: ConditionsFailed, faults: list[Exception]) -> Exception:
    """Name a fault: the first actions of the transaction have theirs in ``faults``, the next one takes the address."""
    for index, fault in enumerate(faults):
        if index in failed.found:
            return fault
    owner = failed.found.get(len(faults))
    return AddressTaken(owner["client_id"]) if owner else failed
