"""Select the clients of a bulk archive and show what is at stake, before anything is archived (A5, A6, E11).

However many clients there are, they are read a hundred at a time or in whole pages of a listing, and so are the
commitments of their provider. Both indexes lag by moments. That harms nobody: the workflow's first step reads each
client strongly consistently and compares it with what was shown here, so whatever an index missed is a client that
changed since the preview.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from client_lifecycle.domain.client import ArchiveOptions, Cause, Client, Status
from client_lifecycle.domain.errors import ClientNotFound, NothingSelected, TooManyClients, UnreadableRecord
from client_lifecycle.domain.members import Member, totals_of, with_attention
from client_lifecycle.domain.outcomes import RunKind, counts_of
from client_lifecycle.domain.practice_history import PracticeEvent
from client_lifecycle.domain.preview import PreviewFacts, needs_attention, preview_facts
from client_lifecycle.domain.runs import MAX_CLIENTS, ConfirmationTerms, Run, RunState, preview_token
from client_lifecycle.domain.selection import (
    ChosenClients,
    FilteredClients,
    GroupMembers,
    Selection,
    conditions_of,
    matches,
    may_match,
)
from client_lifecycle.domain.settings import ProviderSettings
from client_lifecycle.domain.unreadable import MOST_NAMED, Unreadable
from client_lifecycle.storage import runs
from client_lifecycle.storage.client_lists import IsWanted, all_clients
from client_lifecycle.storage.clients import read_clients
from client_lifecycle.storage.commitments import Commitments, commitments_of_clients, commitments_of_provider
from client_lifecycle.storage.providers import read_group, read_settings
from client_lifecycle.storage.search import seeking
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.ids import new_id
from client_lifecycle.use_cases.practice_lines import practice_line

FEW_CLIENTS = 200
"""Up to so many clients, one query for each costs less than all commitments of a large practice."""


FIELDS = {GroupMembers: ("group_id", "group_id"), FilteredClients: ("filter", "filter.group_id")}
"""The parts of the request that name a selection, and the group in it."""


class Preview(Struct, frozen=True):
    """A run that waits to be confirmed, with its members in order, and their clients by id."""

    run: Run
    members: Sequence[Member]
    clients: Mapping[str, Client]


class _Shown(Struct, frozen=True):
    """Clients in the order of the preview, each with what is shown of it; and what could not be read."""

    clients: list[tuple[Client, PreviewFacts]]
    unreadable: list[Unreadable]


def preview(
    tenant: Tenant,
    selection: Selection,
    offer: ConfirmationTerms,
    *,
    cause: Cause,
    at: datetime,
    options: ArchiveOptions,
) -> Preview:
    """Prepare a bulk archive: freeze its members, and show what archiving each of them would mean.

    Args:
        tenant: the provider's part of the table.
        selection: whom to archive.
        offer: how the run waits to be confirmed.
        cause: who asks for it, and through what.
        at: the moment of the preview, UTC.
        options: said once for all clients of the run (E9, E10, P11).

    Returns:
        The run, awaiting confirmation, with its token and totals. Those who need attention come first; chosen clients
        come in the order in which they were named, all others by name.

    Raises:
        ClientNotFound: ids the provider has no client of; every one is named, and nothing is written.
        UnreadableRecord: none of the chosen clients can be read.
        GroupNotFound: the provider has no such group to select from, or to move the clients to.
        NothingSelected: the group or the filter leaves nobody to archive.
        TooManyClients: more clients are selected than one bulk archive takes.
        StorageBusy: the table kept throttling.
    """
    if options.group_id:
        read_group(tenant, options.group_id, field="options.group_id")
    settings = read_settings(tenant)
    if isinstance(selection, ChosenClients):
        shown = _chosen(tenant, selection, settings, at)
    else:
        shown = _found(tenant, selection, settings, at)
    ordered = sorted(shown.clients, key=lambda one: not needs_attention(one[1]))
    members = [
        Member(client_id=client.client_id, position=position, facts=facts)
        for position, (client, facts) in enumerate(ordered)
    ]
    run_id = new_id(at)
    run = Run(
        provider_id=tenant.provider_id,
        run_id=run_id,
        state=offer.state,
        created_at=at,
        created_by=cause.actor_id,
        expires_at=offer.expires_at,
        starts_at=offer.starts_at,
        token=preview_token(run_id, members, offer.expires_at),
        totals=with_attention(totals_of(members), members),
        counts=counts_of(RunKind.ARCHIVE, pending=len(members)),
        options=options,
        unreadable=tuple(shown.unreadable[:MOST_NAMED]),
    )
    run = _selected_by(run, selection)
    event = PracticeEvent.RUN_PROPOSED if run.state is RunState.PROPOSED else PracticeEvent.RUN_PREVIEWED
    line = practice_line(event, cause, at, run_id=run_id, group_id=run.group_id)
    runs.create_run(tenant, run, members, line)
    return Preview(run, members, {client.client_id: client for client, _ in shown.clients})


def _selected_by(run: Run, selection: Selection) -> Run:
    match selection:
        case GroupMembers():
            return replace(run, group_id=selection.group_id, left_out=len(selection.left_out))
        case FilteredClients():
            return replace(run, filter=selection.filter, left_out=len(selection.left_out))
        case _:
            return run


def _chosen(tenant: Tenant, selection: ChosenClients, settings: ProviderSettings, at: datetime) -> _Shown:
    wanted = dict.fromkeys(selection.client_ids)
    known, unreadable = read_clients(tenant, list(wanted))
    there = known.keys() | {one.id for one in unreadable}
    unknown = [f"client_ids[{index}]" for index, one in enumerate(selection.client_ids) if one not in there]
    if unknown:
        raise ClientNotFound("You have no client with this id.", *unknown)
    if not known:
        raise UnreadableRecord(*unreadable)
    clients = [known[client_id] for client_id in wanted if client_id in known]
    shown = _facts(tenant, clients, settings, at)
    return replace(shown, unreadable=[*unreadable, *shown.unreadable])


def _found(
    tenant: Tenant,
    selection: GroupMembers | FilteredClients,
    settings: ProviderSettings,
    at: datetime,
) -> _Shown:
    conditions, zone = conditions_of(selection), settings.time_zone
    field, group_field = FIELDS[type(selection)]
    if conditions.group_id:
        read_group(tenant, conditions.group_id, field=group_field)
    listed, unreadable = all_clients(tenant, Status.ACTIVE, group_id=conditions.group_id)
    candidates = [one for one in listed if one.client_id not in selection.left_out and may_match(conditions, one, zone)]
    shown = _facts(tenant, list(filter(_is_sought(selection), candidates)), settings, at)
    found = [one for one in shown.clients if matches(conditions, one[0], one[1].upcoming_appointments, zone)]
    if not found:
        raise NothingSelected("There is no active client to archive in this selection.", field)
    if isinstance(selection, FilteredClients) and selection.at_most:
        found = found[: selection.at_most]
    if len(found) > MAX_CLIENTS:
        message = f"This selection has more than {MAX_CLIENTS:,} active clients."
        raise TooManyClients(message, field, most_clients=MAX_CLIENTS)
    return _Shown(found, [*unreadable, *shown.unreadable])


def _is_sought(selection: GroupMembers | FilteredClients) -> IsWanted | None:
    sought = selection.sought if isinstance(selection, FilteredClients) else None
    return seeking(sought, "filter.q") if sought else None


def _facts(tenant: Tenant, clients: Sequence[Client], settings: ProviderSettings, at: datetime) -> _Shown:
    commitments, unreadable = _commitments(tenant, [client.client_id for client in clients], at)
    facts = [(client, preview_facts(client, commitments.get(client.client_id, ()), settings, at)) for client in clients]
    return _Shown(facts, unreadable)


def _commitments(tenant: Tenant, client_ids: Sequence[str], at: datetime) -> tuple[Commitments, list[Unreadable]]:
    if len(client_ids) <= FEW_CLIENTS:
        return commitments_of_clients(tenant, client_ids, at)
    return commitments_of_provider(tenant, at)
