"""Archive one client, with all checks and effects."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from client_lifecycle.domain.client import ArchiveOptions, Cause, Client, Stamp, archive, next_flip_at
from client_lifecycle.domain.effects import Change, all_effects
from client_lifecycle.domain.errors import AcknowledgementNeeded, ArchiveBlocked, Superseded
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent, Receipt, ReceiptState
from client_lifecycle.domain.requirements import Requirement, nothing
from client_lifecycle.domain.safety import assess
from client_lifecycle.domain.settings import ProviderSettings, SafetyRule
from client_lifecycle.storage import archives
from client_lifecycle.storage.clients import ClientUpdate, LiveClient, read_live
from client_lifecycle.storage.providers import group_check, read_group, read_settings
from client_lifecycle.storage.receipt_pages import ReceiptCursor, read_receipt_page
from client_lifecycle.storage.table import StaleRead
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.archive_effects import finish_archive, make_good
from client_lifecycle.use_cases.ids import new_id
from client_lifecycle.use_cases.optimistic import optimistic_on_client


class ArchiveRequest(Struct, frozen=True, kw_only=True):
    """Who archives a client, through what and when; what was said, and the safety rules whose warning was seen."""

    cause: Cause
    at: datetime
    options: ArchiveOptions
    acknowledged: Collection[SafetyRule]


class Archived(Struct, frozen=True):
    """A client that is archived, and the receipt of the archive it is under; of a long one, its first page.

    ``rest`` is where the receipt continues, ``None`` if that is all of it. ``made_good`` is what had become live since
    the client was archived, and was ended now (A11).
    """

    client: Client
    receipt: Receipt
    rest: ReceiptCursor | None = None
    made_good: tuple[Change, ...] = ()


def archive_client(
    tenant: Tenant,
    client_id: str,
    *,
    cause: Cause,
    at: datetime,
    options: ArchiveOptions,
    acknowledged: Collection[SafetyRule] = (),
    require: Requirement = nothing,
) -> Archived:
    """Archive a client with all effects (E1-E11), in one transaction where it fits.

    A client with more live records than one transaction takes is archived first, which guards it; the rest
    follows in chunks under the stamp. Archiving an archived client returns the receipt it has: the client stays under
    that archive, and what has become live under it since is made good (A11).

    Args:
        tenant: the provider's part of the table.
        client_id: the client to archive.
        cause: who archives, and through what.
        at: the moment of the archive, UTC.
        options: reason, note, and what else happens in the same write (E9, E10, P11).
        acknowledged: the safety rules whose warning the caller has seen.
        require: what the client must be for it.

    Raises:
        ClientNotFound: the provider has no such client.
        ChangedMeanwhile: the client is not as required.
        UnreadableRecord: the client, or a record that is live, cannot be read; nothing is archived, and of a client
            that is archived already, all else is made good.
        GroupNotFound: the provider has no group to move the client to.
        ArchiveBlocked: a safety rule forbids it.
        AcknowledgementNeeded: a safety rule wants to be acknowledged first.
        Superseded: the client came back while the rest of a large archive was being committed.
        CommitContended: the client's records kept changing.
        StorageBusy: the table kept throttling.
    """
    request = ArchiveRequest(cause=cause, at=at, options=options, acknowledged=acknowledged)
    made_good: list[Change] = []

    @optimistic_on_client
    def archived() -> Archived:
        live = read_live(tenant, client_id, at)
        require(live.client)
        if live.client.stamp:
            return _archived_before(tenant, live, live.client.stamp, request, made_good)
        return archive_snapshot(tenant, live, read_settings(tenant), request)

    return archived()


def archive_snapshot(
    tenant: Tenant,
    live: LiveClient,
    settings: ProviderSettings,
    request: ArchiveRequest,
) -> Archived:
    """Archive an active client as it was read, with all checks and effects, or not at all.

    The settings are to be read after the client: what the commit finds unchanged was so when they were read, so every
    archive is allowed by the rules of one moment, and the client was as it is in that moment (S1, S2).

    Args:
        tenant: the provider's part of the table.
        live: the client and all its records that are live at the moment of the archive.
        settings: the provider's, as read after the client.
        request: who archives, when, and what was said.

    Raises:
        StaleRead: the client or one of its records is no longer as it was read.
        LifecycleError: as ``archive_client``, except ``ClientNotFound``.
    """
    if request.options.group_id:
        read_group(tenant, request.options.group_id)
    require_safe(live, settings, request.acknowledged, request.at)
    archived = _commit_archive(tenant, live, request)
    return archived if archived.receipt.state is ReceiptState.SETTLED else _finished(tenant, archived, request.at)


def require_safe(
    live: LiveClient, settings: ProviderSettings, acknowledged: Collection[SafetyRule], at: datetime
) -> None:
    """Hold an archive back that a provider's safety rules forbid, or want to be acknowledged (S1, S2).

    Raises:
        UnreadableRecord: a live record cannot be read, so it is not known what the rules say.
        ArchiveBlocked: a rule forbids it.
        AcknowledgementNeeded: a rule wants to be acknowledged first.
    """
    live.require_whole()
    findings = assess(live.client, live.records, settings, at)
    if findings.blocks:
        names = [rule.value for rule in findings.blocks]
        told = to_builtins(findings.of(findings.blocks))
        message = f"Your settings do not allow archiving this client: {', '.join(names)}."
        raise ArchiveBlocked(message, rules=names, findings=told)
    if missing := findings.unacknowledged(acknowledged):
        names = [rule.value for rule in missing]
        message = f"Please acknowledge first: {', '.join(names)}."
        raise AcknowledgementNeeded(message, "acknowledge", rules=names, findings=to_builtins(findings.of(missing)))


def _archived_before(
    tenant: Tenant, live: LiveClient, stamp: Stamp, request: ArchiveRequest, made_good: list[Change]
) -> Archived:
    """Make good a client that is archived already; each change is added to ``made_good`` once it is committed."""
    try:
        for part in make_good(tenant, live, stamp, cause=request.cause, at=request.at):
            made_good.extend(part.changes)
    except Superseded as gone:
        raise StaleRead from gone
    return replace(_with_receipt(tenant, live.client, stamp.archive_id), made_good=tuple(made_good))


def _commit_archive(tenant: Tenant, live: LiveClient, request: ArchiveRequest) -> Archived:
    plan = all_effects(live.records, request.at)
    part = plan.first(archives.CHANGES_WITH_FLIP)
    archived = stamped(live.client, request.cause, request.options, request.at)
    receipt = replace(
        archived.receipt,
        state=ReceiptState.SETTLED if len(part) == len(plan) else ReceiptState.SETTLING,
        changes=part.changes,
        left_alone=part.left_alone,
    )
    group = [group_check(tenant, request.options.group_id)] if request.options.group_id else []
    update = ClientUpdate(live.client, archived.client, archived_entry(receipt))
    archives.commit_archive(tenant, update, receipt, also=group)
    return Archived(archived.client, receipt)


def _finished(tenant: Tenant, archived: Archived, at: datetime) -> Archived:
    client, archive_id = archived.client, archived.receipt.archive_id
    finish_archive(tenant, client.client_id, archive_id, at=at)
    return _with_receipt(tenant, client, archive_id)


def _with_receipt(tenant: Tenant, client: Client, archive_id: str) -> Archived:
    paged = read_receipt_page(tenant, client.client_id, archive_id)
    return Archived(client, paged.receipt, paged.next_cursor)


def stamped(client: Client, cause: Cause, options: ArchiveOptions, at: datetime) -> Archived:
    """Return an active client as archived at ``at``, with the receipt of an archive whose effects are to follow."""
    at = next_flip_at(client, at)
    archive_id = new_id(at)
    stamp = Stamp(
        archive_id=archive_id,
        archived_at=at,
        cause=cause,
        reason=options.reason,
        notify_client=options.notify_client,
    )
    archived = archive(client, stamp, options)
    receipt = Receipt(
        archive_id=archive_id,
        archived_at=at,
        cause=cause,
        state=ReceiptState.SETTLING,
        options=options,
        moved_from_group_id=client.group_id if archived.group_id != client.group_id else None,
    )
    return Archived(archived, receipt)


def archived_entry(receipt: Receipt) -> HistoryEntry:
    """Return the history line of an archive."""
    return HistoryEntry(
        history_id=new_id(receipt.archived_at),
        at=receipt.archived_at,
        event=HistoryEvent.ARCHIVED,
        archive_id=receipt.archive_id,
        cause=receipt.cause,
        options=receipt.options,
    )
