"""Add and change clients, and tell what is allowed with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from client_lifecycle.domain.client import Cause, Client, with_next_revision
from client_lifecycle.domain.edits import edits_between
from client_lifecycle.domain.errors import ClientNotFound, Conflict, EmailInUse, ExternalIdInUse, UnreadableRecord
from client_lifecycle.domain.policy import TABLE, Action, Actor, Permission, decide, permissions_of, switches_of
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent
from client_lifecycle.domain.settings import PortalSettings
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage.client_edits import AddressTaken, ExternalIdTaken, commit_client
from client_lifecycle.storage.clients import read_client, read_clients
from client_lifecycle.storage.providers import read_settings, read_switches
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.ids import new_id
from client_lifecycle.use_cases.optimistic import optimistic_on_client


class ClientPermissions(Struct, frozen=True):
    """Everything that is allowed or refused with one client, and the switches it was decided on."""

    client: Client
    settings: PortalSettings
    permissions: list[Permission]
    unreadable: Sequence[Unreadable] = ()


class PermissionCheck(Struct, frozen=True):
    """The answer on one action for many clients, ``None`` for an id that has no client, or one that cannot be read."""

    action: Action
    actor: Actor
    permissions: Mapping[str, Permission | None]
    unreadable: Sequence[Unreadable] = ()


def add_client(tenant: Tenant, client: Client, cause: Cause) -> Client:
    """Add a client; of many that are added at once with one address, or one id in another system, one is (A3, I14).

    Args:
        tenant: the provider's part of the table.
        client: the client, with an id of its own.
        cause: who adds it, and through what.

    Raises:
        EmailInUse: a client of the provider, active or archived, has the address.
        ExternalIdInUse: a client of the provider has one of its ids in other systems.
        GroupNotFound: the provider has no such group.
        StorageBusy: the table kept throttling.
    """
    try:
        commit_client(tenant, None, client, edit_line(None, client, cause, client.added_at))
    except (AddressTaken, ExternalIdTaken) as taken:
        raise in_use(tenant, taken) from taken
    return client


@optimistic_on_client
def change_client(
    tenant: Tenant, client_id: str, edit: Callable[[Client], Client], *, cause: Cause, at: datetime
) -> Client:
    """Change what staff may change of a client, active or archived; an edit that changes nothing writes nothing.

    Args:
        tenant: the provider's part of the table.
        client_id: the client.
        edit: from the client as it is to the client as it is to be; called again when others were faster.
        cause: who changes it, and through what.
        at: the present moment, UTC.

    Raises:
        ClientNotFound: the provider has no such client.
        EmailInUse: another client of the provider, active or archived, has the new address.
        ExternalIdInUse: another client of the provider has one of its new ids in other systems.
        GroupNotFound: the provider has no such group.
        CommitContended: the client kept changing.
        StorageBusy: the table kept throttling.
    """
    before = read_client(tenant, client_id)
    edited = edit(before)
    if edited == before:
        return before
    after = with_next_revision(edited)
    try:
        commit_client(tenant, before, after, edit_line(before, after, cause, at))
    except (AddressTaken, ExternalIdTaken) as taken:
        raise in_use(tenant, taken) from taken
    return after


def edit_line(before: Client | None, after: Client, cause: Cause, at: datetime) -> HistoryEntry:
    """Return the line for the history of a client that is added, or changed; ``None`` is how a new one was."""
    event = HistoryEvent.CHANGED if before else HistoryEvent.ADDED
    return HistoryEntry(history_id=new_id(at), at=at, event=event, cause=cause, edits=edits_between(before, after))


def read_permissions(tenant: Tenant, client_id: str) -> ClientPermissions:
    """Tell all that is allowed with one client (P1-P12).

    Raises:
        ClientNotFound: the provider has no such client.
    """
    client = read_client(tenant, client_id)
    provider = read_settings(tenant)
    groups, unreadable = read_switches(tenant, [client.group_id] if client.group_id else [])
    settings = switches_of(client, groups.get(client.group_id or ""), provider)
    permissions = permissions_of(client, settings, provider.no_self_return)
    return ClientPermissions(client, settings, permissions, unreadable)


def check_permissions(
    tenant: Tenant, action: Action, actor: Actor | None, client_ids: Sequence[str]
) -> PermissionCheck:
    """Tell with which of many clients an action is allowed; a hundred clients cost one read more.

    Args:
        tenant: the provider's part of the table.
        action: what is asked about.
        actor: who wants to do it, the usual one if ``None``.
        client_ids: the clients; an id named twice is answered once.
    """
    who, wanted = actor or TABLE[action].actors[0], list(dict.fromkeys(client_ids))
    provider = read_settings(tenant)
    clients, unreadable = read_clients(tenant, wanted)
    group_ids = (client.group_id for client in clients.values() if client.group_id)
    groups, unreadable_groups = read_switches(tenant, group_ids)

    def answer(client: Client) -> Permission:
        settings = switches_of(client, groups.get(client.group_id or ""), provider)
        return decide(action, who, client, settings, provider.no_self_return)

    found = {client_id: answer(client) for client_id, client in clients.items()}
    answers = {client_id: found.get(client_id) for client_id in wanted}
    return PermissionCheck(action, who, answers, [*unreadable, *unreadable_groups])


def in_use(tenant: Tenant, taken: AddressTaken | ExternalIdTaken) -> Conflict:
    """Return the fault for what another client has, with all that is known of whose it is."""
    if isinstance(taken, AddressTaken):
        return _email_in_use(tenant, taken.client_id)
    known = {"client_id": taken.client_id} if taken.client_id else {}
    return ExternalIdInUse("Another client has this id in that source.", f"external_ids.{taken.source}", **known)


def _email_in_use(tenant: Tenant, client_id: str | None) -> EmailInUse:
    """Return the fault for an address that is taken, with all that is known of whose it is (A3)."""
    known = {"client_id": client_id, "activate": f"/clients/{client_id}/activate"} if client_id else {}
    try:
        owner = read_client(tenant, client_id) if client_id else None
    except (ClientNotFound, UnreadableRecord):
        owner = None
    return EmailInUse("Email in use.", "email", **known, **({"client_status": owner.status.value} if owner else {}))
