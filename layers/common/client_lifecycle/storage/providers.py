"""Reads and writes what belongs to a provider as a whole: settings, client groups."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field
from msgspec.structs import fields, replace

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import Client, Group, Status
from client_lifecycle.domain.errors import GroupNotEmpty, GroupNotFound, UnreadableRecord
from client_lifecycle.domain.policy import switches_of
from client_lifecycle.domain.practice_history import PracticeEntry
from client_lifecycle.domain.settings import (
    Level,
    PortalSettings,
    ProviderSettings,
    SafetyRule,
    SafetySettings,
    Switch,
)
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage import keys
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.clients import group_item
from client_lifecycle.storage.items import check, conditional_update, delete, put_new
from client_lifecycle.storage.practice_history import practice_write
from client_lifecycle.storage.skipping import read_each
from client_lifecycle.storage.table import ConditionsFailed, Query, StaleRead, Write
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import from_plain, to_plain

AT_ONCE = datetime.fromtimestamp(0, UTC)
"""A moment that has passed: what is due since then is due at once."""

SETTINGS_FIELDS = tuple(field.name for field in fields(ProviderSettings))
GROUP_FIELDS = tuple(field.name for field in fields(Group))


class GroupPage(Struct, frozen=True):
    """A page of a provider's groups and the id to go on after, ``None`` on the last."""

    groups: list[Group]
    next_after: str | None
    unreadable: list[Unreadable] = field(default_factory=list)


CAREFUL = ProviderSettings(
    safety=replace(SafetySettings(), **{rule.value: Level.BLOCK for rule in SafetyRule}),
    no_self_return=frozenset(ArchiveReason),
)
"""What counts for settings that cannot be read: nothing is done that they could forbid."""


def read_settings(tenant: Tenant) -> ProviderSettings:
    """Read a provider's settings; one that has decided nothing has the defaults.

    Of settings that cannot be read, each one that can is as it is stored, and each one that cannot is as careful as it
    can be (S1): one bad value does not stop a practice, nor does it archive anybody over a rule.
    """
    stored = stored_settings(tenant)
    try:
        return settings_from(stored)
    except UnreadableRecord as fault:
        tenant.table.report(fault.found)
        return ProviderSettings(**{name: _setting(stored or {}, name) for name in SETTINGS_FIELDS})


def _setting(stored: Plain, name: str) -> Any:
    if name == "portal":
        return _switches(stored.get(name))
    try:
        return getattr(from_plain(ProviderSettings, {name: stored[name]} if name in stored else {}), name)
    except UnreadableRecord:
        return getattr(CAREFUL, name)


def stored_settings(tenant: Tenant) -> Plain | None:
    """Read a provider's settings as they are stored, ``None`` if it has decided nothing."""
    return tenant.table.get(tenant.keys.settings())


def settings_from(stored: Plain | None) -> ProviderSettings:
    """Read stored settings; what they do not say is as by default.

    Raises:
        UnreadableRecord: they cannot be read.
    """
    return from_plain(ProviderSettings, stored) if stored else ProviderSettings()


def commit_settings(tenant: Tenant, stored: Plain | None, after: ProviderSettings, line: PracticeEntry) -> None:
    """Keep a provider's settings over the reading they were decided on, with the line for the history, or not at all.

    Raises:
        StaleRead: the settings are no longer as they were read.
    """
    key = tenant.keys.settings()
    plain = _settings_fields(tenant, stored or {}, after)
    if stored is None:
        write = put_new(tenant.table.name, key, plain)
    else:
        before = {name: stored.get(name) for name in [*SETTINGS_FIELDS, *keys.DUE_ATTRIBUTES]}
        write = conditional_update(tenant.table.name, key, before, plain, SETTINGS_FIELDS)
    tenant.table.transact_if_unchanged([write, practice_write(tenant, line)])


def _settings_fields(tenant: Tenant, stored: Plain, after: ProviderSettings) -> Plain:
    """Return settings as they are stored; a new wish to tidy up is due for the clean-up at once."""
    plain = to_plain(after)
    if "tidy_up" not in plain:
        return plain
    if plain["tidy_up"] == stored.get("tidy_up"):
        return plain | {name: stored[name] for name in keys.DUE_ATTRIBUTES if name in stored}
    return plain | keys.due_keys(keys.Work.TIDY_UP, tenant.provider_id, AT_ONCE)


def read_group(tenant: Tenant, group_id: str, *, field: str = "group_id") -> Group:
    """Read one client group; ``field`` is the part of the request that named it.

    Raises:
        GroupNotFound: the provider has no such group.
    """
    return group_from(stored_group(tenant, group_id, field=field))


def stored_group(tenant: Tenant, group_id: str, *, field: str = "group_id") -> Plain:
    """Read one client group as it is stored; ``field`` is the part of the request that named it.

    Raises:
        GroupNotFound: the provider has no such group.
    """
    plain = tenant.table.get(tenant.keys.group(group_id))
    if plain is None:
        raise group_not_found(field)
    return plain


def group_from(stored: Plain) -> Group:
    """Read a stored client group.

    Raises:
        UnreadableRecord: it cannot be read.
    """
    return from_plain(Group, stored)


def read_switches(tenant: Tenant, group_ids: Iterable[str]) -> tuple[dict[str, PortalSettings], list[Unreadable]]:
    """Read the switches of many groups, each once; ids the provider does not have are left out.

    A group that cannot be read, because it has no name for example, still has the switches that can be.

    Returns:
        The switches by group id, and the groups that cannot be read.
    """
    found = tenant.table.get_many([tenant.keys.group(group_id) for group_id in dict.fromkeys(group_ids)])
    _, unreadable = read_each(tenant.table, group_from, found)
    return {keys.named(plain).id: _switches(plain.get("settings")) for plain in found}, unreadable


def read_group_names(tenant: Tenant, group_ids: Iterable[str]) -> dict[str, str]:
    """Read the names of groups by id, in one call for a hundred; those that are gone or cannot be read are left out."""
    wanted = [tenant.keys.group(group_id) for group_id in dict.fromkeys(group_ids)]
    groups, _ = read_each(tenant.table, group_from, tenant.table.get_many(wanted, consistent=False))
    return {group.group_id: group.name for group in groups}


def _switches(stored: object) -> PortalSettings:
    """Read the switches that can be read, each by itself: a bad value does not turn on what another turns off (P6)."""
    told = stored if isinstance(stored, dict) else {}
    return PortalSettings(**{switch.value: word for switch in Switch if isinstance(word := told.get(switch), bool)})


def list_groups(tenant: Tenant, *, limit: int, after: str | None) -> GroupPage:
    """Read a page of a provider's groups, by id."""
    values = {":pk": tenant.keys.partition(), ":prefix": keys.GROUP_PREFIX}
    start = tenant.keys.group(after) if after else None
    page = tenant.table.page(Query("pk = :pk AND begins_with(sk, :prefix)", values), limit=limit, after=start)
    groups, unreadable = read_each(tenant.table, group_from, page.items)
    return GroupPage(groups, keys.named(page.next_key).id if page.next_key else None, unreadable)


def add_group(tenant: Tenant, group: Group, line: PracticeEntry) -> None:
    """Keep a new client group, with the line for the history."""
    made = put_new(tenant.table.name, tenant.keys.group(group.group_id), group_item(group))
    tenant.table.transact([made, practice_write(tenant, line)])


def commit_group(tenant: Tenant, stored: Plain, after: Group, line: PracticeEntry) -> None:
    """Keep a group over the reading it was decided on, with the line for the history, or not at all.

    Raises:
        GroupNotFound: the group was deleted meanwhile.
        StaleRead: the group is no longer as it was read.
    """
    key = tenant.keys.group(after.group_id)
    before = {name: stored.get(name) for name in GROUP_FIELDS}
    write = conditional_update(tenant.table.name, key, before, to_plain(after), GROUP_FIELDS)
    try:
        tenant.table.transact([write, practice_write(tenant, line)])
    except ConditionsFailed as failed:
        raise StaleRead if failed.found[0] else group_not_found() from failed


def delete_group(tenant: Tenant, group_id: str, line: PracticeEntry) -> None:
    """Delete a client group that no client is in, with the line for the history; clients are never deleted.

    Adding a client to a group, or moving it by a change or an archive, checks in the same transaction that the group
    exists. What remains: a run that moves its clients checks at its preview, and the listing read here follows a
    write by a moment, normally less than a second. A client that joins in that moment keeps the id of a group that is
    gone; it has the provider's settings where the group's would have counted, and can be moved like any other.

    Raises:
        GroupNotEmpty: a client, active or archived, is in the group.
        GroupNotFound: the provider has no such group.
    """
    for status in Status:
        values = {":partition": tenant.keys.tab_of_group(group_id, status)}
        found = tenant.table.page(
            Query("group_key = :partition", values, index=keys.BY_GROUP_INDEX), limit=1, consistent=False
        )
        if found.items:
            message = "This group still has clients. Move them first."
            raise GroupNotEmpty(message, "group_id", client_status=status.value)
    try:
        gone = delete(tenant.table.name, tenant.keys.group(group_id), "attribute_exists(pk)")
        tenant.table.transact([gone, practice_write(tenant, line)])
    except ConditionsFailed as failed:
        raise group_not_found() from failed


def group_check(tenant: Tenant, group_id: str) -> Write:
    """Require that the provider has this group, in the transaction that puts a client into it."""
    return check(tenant.table.name, tenant.keys.group(group_id), "attribute_exists(pk)")


def group_not_found(field: str = "group_id") -> GroupNotFound:
    """Return the fault for a group id the provider does not have, in this part of the request."""
    return GroupNotFound("You have no client group with this id.", field)


def portal_settings(tenant: Tenant, client: Client, provider: ProviderSettings) -> PortalSettings:
    """Resolve a client's switches over its group's, read from the table, and its provider's (P6)."""
    switches, _ = read_switches(tenant, [client.group_id] if client.group_id else [])
    return switches_of(client, switches.get(client.group_id or ""), provider)
