"""Commits a client that is added or changed, with its address, its ids elsewhere and its group, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.receipts import HistoryEntry
from client_lifecycle.storage import keys
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.clients import address_item, client_item, client_write, history_write
from client_lifecycle.storage.external_ids import claims, releases
from client_lifecycle.storage.items import check, delete, put, put_new
from client_lifecycle.storage.providers import group_check, group_not_found
from client_lifecycle.storage.table import ConditionsFailed, StaleRead, Table, Write
from client_lifecycle.storage.tenant import Tenant


class AddressTaken(Exception):
    """A client of the provider, active or archived, has this address already; nothing was written (A3)."""

    def __init__(self, client_id: str | None) -> None:
        super().__init__(f"the address is {client_id or 'another client'}'s")
        self.client_id = client_id


class ExternalIdTaken(Exception):
    """A client of the provider has this id in the source already; nothing was written (I14)."""

    def __init__(self, source: str, client_id: str | None) -> None:
        super().__init__(f"the id in {source} is {client_id or 'another client'}'s")
        self.source = source
        self.client_id = client_id


Fault: TypeAlias = Callable[[Plain | None], Exception]
"""Names the fault of a write from the item that was found in its way."""


def commit_client(
    tenant: Tenant, before: Client | None, after: Client, history: HistoryEntry, beside: Sequence[Write] = ()
) -> None:
    """Keep a client that was added or changed, with the line for its history, or nothing of it.

    A new address, or a new id in another system, is taken and the former one released in the same transaction, so that
    no two clients of a provider ever share one, however many are added at once.

    Args:
        tenant: the provider's part of the table.
        before: the client as read, ``None`` for a new one.
        after: the client as it is to be, at its next revision.
        history: who did it, and what.
        beside: what else is committed with it, each over its reading.

    Raises:
        StaleRead: the client, or what is beside it, is no longer as it was read.
        GroupNotFound: the provider has no group to put the client into.
        ExternalIdTaken: another client has the id in another system.
        AddressTaken: another client has the address.
    """
    client = client_write(tenant, before, after) if before else _new_client(tenant, after)
    actions: list[tuple[Write, Fault]] = [(client, lambda _: StaleRead())]
    actions += [(write, lambda _: StaleRead()) for write in beside]
    if _has_new_group(before, after):
        actions.append((group_check(tenant, after.group_id or ""), lambda _: group_not_found()))
    actions += [(write, _external_id_taken(source)) for source, write in claims(tenant, before, after).items()]
    given_up: list[keys.Key] = []
    if before is None or address_item(before) != address_item(after):
        given_up = _addresses_given_up(tenant, before, after) if before else []
        actions += [(write, _address_is_taken) for write in _address_taken(tenant, after, given_up)]
    tidied = [
        *(_given_up(tenant.table, key, after.client_id) for key in given_up),
        *releases(tenant, before, after),
        *_words_changed(tenant, before, after),
        history_write(tenant, after, history),
    ]
    try:
        tenant.table.transact([*(write for write, _ in actions), *tidied])
    except ConditionsFailed as failed:
        first = min(failed.found)
        raise actions[first][1](failed.found[first]) if first < len(actions) else failed from failed


def foresee_client(tenant: Tenant, before: Client | None, after: Client) -> None:
    """Raise what ``commit_client`` would raise because of others, as far as reading tells; nothing is written.

    Raises:
        GroupNotFound: the provider has no group to put the client into.
        AddressTaken: another client has the address.
    """
    group = [tenant.keys.group(after.group_id)] if after.group_id and _has_new_group(before, after) else []
    address, formerly = tenant.keys.email(after.email), tenant.keys.former_emails(after.email)
    found = tenant.table.get_many([*group, address, *formerly], consistent=False)
    by_key = {(plain["pk"], plain["sk"]): plain for plain in found}
    if group and (group[0]["pk"], group[0]["sk"]) not in by_key:
        raise group_not_found()
    for key in (address, *formerly):
        taken = by_key.get((key["pk"], key["sk"]))
        if taken and taken.get("client_id") != after.client_id and not (key != address and "form" in taken):
            raise AddressTaken(_owner_of(taken))


def _has_new_group(before: Client | None, after: Client) -> bool:
    return after.group_id is not None and (before is None or before.group_id != after.group_id)


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


def _external_id_taken(source: str) -> Fault:
    return lambda found: ExternalIdTaken(source, _owner_of(found))


def _address_is_taken(found: Plain | None) -> Exception:
    return AddressTaken(_owner_of(found))


def _owner_of(found: Plain | None) -> str | None:
    """Return whose an address or an id is, as far as that is known."""
    client_id = found.get("client_id") if found else None
    return client_id if isinstance(client_id, str) else None
