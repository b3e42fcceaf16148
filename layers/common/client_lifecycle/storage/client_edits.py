"""Commits a client that staff add or change, with its address and its place in a group, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from client_lifecycle.domain.client import Client
from client_lifecycle.storage import keys
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.clients import address_item, client_item, client_write
from client_lifecycle.storage.items import check, delete, put, put_new
from client_lifecycle.storage.providers import group_check, group_not_found
from client_lifecycle.storage.table import ConditionsFailed, StaleRead, Table, Write
from client_lifecycle.storage.tenant import Tenant


class AddressTaken(Exception):
    """A client of the provider, active or archived, has this address already; nothing was written (A3)."""

    def __init__(self, client_id: str | None) -> None:
        super().__init__(f"the address is {client_id or 'another client'}'s")
        self.client_id = client_id


def commit_client(tenant: Tenant, before: Client | None, after: Client) -> None:
    """Keep a client that was added or changed, or nothing of it.

    A new address is taken and the former one released in the same transaction, so that no two clients of a provider
    ever share one, however many are added at once.

    Args:
        tenant: the provider's part of the table.
        before: the client as read, ``None`` for a new one.
        after: the client as it is to be, at its next revision.

    Raises:
        StaleRead: the client is no longer as it was read.
        GroupNotFound: the provider has no group to put the client into.
        AddressTaken: another client has the address.
    """
    faults: list[Exception] = [StaleRead()]
    writes = [client_write(tenant, before, after) if before else _new_client(tenant, after)]
    if after.group_id and (before is None or before.group_id != after.group_id):
        faults.append(group_not_found())
        writes.append(group_check(tenant, after.group_id))
    if before is None or address_item(before) != address_item(after):
        given_up = _addresses_given_up(tenant, before, after) if before else []
        writes += _address_taken(tenant, after, given_up)
        writes += [_given_up(tenant.table, key, after.client_id) for key in given_up]
    writes += _words_changed(tenant, before, after)
    try:
        tenant.table.transact(writes)
    except ConditionsFailed as failed:
        raise _fault(failed, faults) from failed


def _new_client(tenant: Tenant, client: Client) -> Write:
    return put_new(tenant.table.name, tenant.keys.client(client.client_id), client_item(client))


def _address_taken(tenant: Tenant, client: Client, given_up: Sequence[keys.Key]) -> list[Write]:
    """Take an address that nobody else has; an older version may have compared it as it is spelled, and kept it so."""
    mine, name = {":client_id": client.client_id}, tenant.table.name
    take = put(name, address_item(client), "attribute_not_exists(pk) OR client_id = :client_id", mine)
    free_formerly = [
        check(name, key, "attribute_not_exists(pk) OR attribute_exists(form) OR client_id = :client_id", mine)
        for key in tenant.keys.former_emails(client.email)
        if key not in given_up
    ]
    return [take, *free_formerly]


def _addresses_given_up(tenant: Tenant, before: Client, after: Client) -> list[keys.Key]:
    """Return the keys of the address that a client no longer has, in every form it was taken in.

    Former forms were written by former versions only, so they need no consistent reading.
    """
    email, taken = before.email, tenant.keys.email(after.email)
    former = tenant.table.get_many(tenant.keys.former_emails(email), consistent=False)
    own = [{"pk": plain["pk"], "sk": plain["sk"]} for plain in former if plain.get("client_id") == before.client_id]
    return [key for key in [tenant.keys.email(email), *own] if key != taken]


def _given_up(table: Table, key: keys.Key, client_id: str) -> Write:
    mine = {":client_id": client_id}
    return delete(table.name, key, "attribute_not_exists(pk) OR client_id = :client_id", mine)


def _words_changed(tenant: Tenant, before: Client | None, after: Client) -> list[Write]:
    """Keep the words that a client is found by, and take away those that it no longer is."""
    if before and before.name == after.name:
        return []
    found_by, formerly = tenant.keys.words_of(after), tenant.keys.words_of(before) if before else []
    gone = [delete(tenant.table.name, key) for key in formerly if key not in found_by]
    return [*(put(tenant.table.name, {**key}) for key in found_by), *gone]


def _fault(failed: ConditionsFailed, faults: list[Exception]) -> Exception:
    """Name a fault: the first actions of the transaction have theirs in ``faults``, the next ones take the address."""
    for index, fault in enumerate(faults):
        if index in failed.found:
            return fault
    owner = failed.found[min(failed.found)]
    return AddressTaken(_owner_of(owner)) if owner else failed


def _owner_of(address: Plain) -> str | None:
    """Return whose an address is, as far as that is known."""
    client_id = address.get("client_id")
    return client_id if isinstance(client_id, str) else None
