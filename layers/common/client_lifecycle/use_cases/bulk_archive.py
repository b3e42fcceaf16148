"""Bulk archive from the side panel's view: confirm, exclude, stop, retry. Imports the domain and storage."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime

from ulid import ULID

from client_lifecycle.domain.client import ArchiveOptions, Client, Status
from client_lifecycle.domain.errors import (
    ClientNotFound,
    NothingSelected,
    PreviewExpired,
    PreviewMismatch,
    RunStarted,
    TooManyClients,
)
from client_lifecycle.domain.runs import (
    MAX_CLIENTS,
    PREVIEW_LIFETIME,
    WAITING,
    Member,
    Outcome,
    Run,
    RunKind,
    RunState,
    counts_of,
    facts_of,
    is_left,
    is_owed,
    prepare_retry,
    prepared,
    preview_token,
    start,
    stopping,
    totals_of,
)
from client_lifecycle.storage import runs
from client_lifecycle.storage.clients import LiveClient, list_clients, read_live
from client_lifecycle.storage.outcomes import Settlement, reopen_members, settle_members
from client_lifecycle.storage.providers import read_group, read_settings
from client_lifecycle.storage.table import ReadingOutdated, Table
from client_lifecycle.storage.workflow import Workflow

READERS = 16
"""Clients read at the same time for a preview."""

CLIENTS_PER_PAGE = 1_000


def preview_clients(
    table: Table, provider_id: str, client_ids: Sequence[str], *, created_by: str, at: datetime, options: ArchiveOptions
) -> Run:
    """Prepare the bulk archive of chosen clients; nothing is archived before it is confirmed (A5, E11).

    Args:
        table: where the clients are kept.
        provider_id: the owner.
        client_ids: 1 to 10,000 ids; one that is given twice counts once.
        created_by: the staff user.
        at: the moment of the preview, UTC.
        options: said once for all clients of the run (E9, E10, P11).

    Returns:
        The run, awaiting confirmation, with its token and totals.

    Raises:
        ClientNotFound: ids the provider has no client of; every one is named, and nothing is written.
        StorageBusy: the table kept throttling.
    """
    with ThreadPoolExecutor(READERS) as readers:
        found = list(
            readers.map(lambda client_id: _read_if_known(table, provider_id, client_id, at), dict.fromkeys(client_ids))
        )
    known = [live for live in found if live]
    if len(known) < len(found):
        raise _unknown(client_ids, known)
    return _create(table, provider_id, known, created_by=created_by, at=at, options=options)


def preview_group(
    table: Table, provider_id: str, group_id: str, *, created_by: str, at: datetime, options: ArchiveOptions
) -> Run:
    """Prepare the archive of all active clients of a group, as they are now (A6).

    Raises:
        GroupNotFound: the provider has no such group.
        NothingSelected: the group has no active client.
        TooManyClients: the group has more active clients than one bulk archive takes.
        StorageBusy: the table kept throttling.
    """
    read_group(table, provider_id, group_id)
    listed = _active_members(table, provider_id, group_id)
    with ThreadPoolExecutor(READERS) as readers:
        found = readers.map(lambda client: read_live(table, provider_id, client.client_id, at), listed)
        members = [live for live in found if _still_in(live.client, group_id)]
    if not members:
        raise NothingSelected("This group has no active client.", "group_id")
    return _create(table, provider_id, members, created_by=created_by, at=at, options=options, group_id=group_id)


def confirm(
    table: Table,
    workflow: Workflow,
    provider_id: str,
    run_id: str,
    token: str,
    *,
    confirmed_by: str,
    accept_changes: bool,
    at: datetime,
) -> Run:
    """Start a run that was previewed. Confirming it once more changes nothing.

    A client that is no longer as the preview showed it (a new debt, a new appointment, another group, archived by
    someone else) is left alone, unless ``accept_changes`` is true.

    The manifest is written before the run's state moves, and each attempt's execution is named after the run and the
    attempt: whatever a crash leaves behind, confirming again or the clean-up picks it up.

    Raises:
        RunNotFound: the provider has no such run.
        PreviewMismatch: the token is not the one that this run showed.
        PreviewExpired: the run was not confirmed in time.
        StorageBusy: the table kept throttling.
    """
    run = runs.read_run(table, provider_id, run_id)
    if not hmac.compare_digest(run.token.encode(), token.encode()):
        raise PreviewMismatch("This token does not belong to what the bulk archive showed.", "token")
    if run.state in WAITING and at >= run.expires_at:
        raise PreviewExpired("This preview has expired. Please make a new one.", "token")
    return begin(table, workflow, run, confirmed_by=confirmed_by, accept_changes=accept_changes, at=at)


def begin(table: Table, workflow: Workflow, run: Run, *, confirmed_by: str, accept_changes: bool, at: datetime) -> Run:
    """Start a run that waits; one that was started and is at work is started no second time.

    Raises:
        StorageBusy: the table kept throttling.
    """
    while run.state in WAITING:
        workflow.write_manifest(run, _owed_members(table, run))
        started = start(run, confirmed_by=confirmed_by, accept_changes=accept_changes, at=at)
        run = _replaced(table, run, started)
    return _launched(workflow, run)


def exclude(table: Table, provider_id: str, run_id: str, client_ids: Collection[str]) -> Run:
    """Take clients out of a run that waits; they have the outcome ``excluded``, and no other can follow.

    The token of the preview stays good: fewer clients are archived than were shown, never others.

    Raises:
        RunNotFound: the provider has no such run.
        RunStarted: it does not wait to be confirmed any more.
        ClientNotFound: ids that are not among the clients of the run; nobody is taken out.
        StorageBusy: the table kept throttling.
    """
    run = runs.read_run(table, provider_id, run_id)
    if run.state not in WAITING:
        raise RunStarted("This bulk archive does not wait to be confirmed any more.", "run_id")
    positions = {member.client_id: member.position for member in _members(table, run)}
    if unknown := [index for index, client_id in enumerate(client_ids) if client_id not in positions]:
        fields = [f"client_ids[{index}]" for index in unknown]
        raise ClientNotFound("This client is not among those of the bulk archive.", *fields)
    settlements = [
        Settlement(client_id=client_id, position=positions[client_id], outcome=Outcome.EXCLUDED)
        for client_id in dict.fromkeys(client_ids)
    ]
    settle_members(table, provider_id, run_id, run.attempt, settlements)
    return runs.read_run(table, provider_id, run_id)


def stop(table: Table, provider_id: str, run_id: str, *, at: datetime) -> Run:
    """Stop a run: batches at work end, all other clients are ``not_reached``. Stopping once more changes nothing.

    A run that waits to be confirmed is given up instead.

    Raises:
        RunNotFound: the provider has no such run.
        StorageBusy: the table kept throttling.
    """
    while True:
        run = runs.read_run(table, provider_id, run_id)
        stopped = stopping(run, at)
        if stopped == run:
            return run
        with suppress(ReadingOutdated):
            runs.replace_run(table, run, stopped)
            return stopped


def retry(table: Table, workflow: Workflow, provider_id: str, run_id: str, *, at: datetime) -> Run:
    """Try the failed and not reached clients of a finished run again, and nobody else.

    Retrying once more while that is at work changes nothing; it picks up what a crash left behind.

    Raises:
        RunNotFound: the provider has no such run.
        RunNotStarted: it waits to be confirmed, or was given up.
        RunUndone: it was undone.
        StorageBusy: the table kept throttling.
    """
    run = runs.read_run(table, provider_id, run_id)
    preparing = prepare_retry(run, at)
    if preparing != run:
        run = _replaced(table, run, preparing)
    return resume_retry(table, workflow, run)


def resume_retry(table: Table, workflow: Workflow, run: Run) -> Run:
    """Go on with a retry from wherever it was left."""
    if run.state is RunState.PREPARING:
        left = [member for member in _members(table, run) if is_left(member, run.attempt)]
        with suppress(ReadingOutdated):
            reopen_members(table, run, left)
        workflow.write_manifest(run, _owed_members(table, run))
        with suppress(ReadingOutdated):
            runs.replace_run(table, run, prepared(run))
        run = runs.read_run(table, run.provider_id, run.run_id)
    return _launched(workflow, run)


def _owed_members(table: Table, run: Run) -> list[Member]:
    return [member for member in _members(table, run) if is_owed(member, run.attempt)]


def _members(table: Table, run: Run) -> Iterator[Member]:
    return runs.all_members(table, run.provider_id, run.run_id)


def _replaced(table: Table, before: Run, after: Run) -> Run:
    """Move a run to another state, or return what others have made of it."""
    try:
        runs.replace_run(table, before, after)
    except ReadingOutdated:
        return runs.read_run(table, before.provider_id, before.run_id)
    return after


def _launched(workflow: Workflow, run: Run) -> Run:
    if run.state in (RunState.RUNNING, RunState.STOPPING):
        workflow.start(run)
    return run


def _read_if_known(table: Table, provider_id: str, client_id: str, at: datetime) -> LiveClient | None:
    try:
        return read_live(table, provider_id, client_id, at)
    except ClientNotFound:
        return None


def _unknown(client_ids: Sequence[str], known: Sequence[LiveClient]) -> ClientNotFound:
    known_ids = {live.client.client_id for live in known}
    fields = [f"client_ids[{index}]" for index, client_id in enumerate(client_ids) if client_id not in known_ids]
    return ClientNotFound("You have no client with this id.", *fields)


def _active_members(table: Table, provider_id: str, group_id: str) -> list[Client]:
    members: list[Client] = []
    after: str | None = None
    while True:
        page = list_clients(table, provider_id, Status.ACTIVE, group_id=group_id, limit=CLIENTS_PER_PAGE, after=after)
        members += page.clients
        if len(members) > MAX_CLIENTS:
            raise TooManyClients(f"This group has more than {MAX_CLIENTS:,} active clients.", "group_id")
        if page.next_after is None:
            return members
        after = page.next_after


def _still_in(client: Client, group_id: str) -> bool:
    return client.group_id == group_id and client.status is Status.ACTIVE


def _create(
    table: Table,
    provider_id: str,
    clients: Sequence[LiveClient],
    *,
    created_by: str,
    at: datetime,
    options: ArchiveOptions,
    group_id: str | None = None,
) -> Run:
    if options.group_id:
        read_group(table, provider_id, options.group_id)
    safety = read_settings(table, provider_id).safety
    run_id = str(ULID.from_datetime(at))
    expires_at = at + PREVIEW_LIFETIME
    members = [
        Member(
            client_id=live.client.client_id,
            position=position,
            facts=facts_of(live.client, live.records, safety, at),
        )
        for position, live in enumerate(clients)
    ]
    run = Run(
        provider_id=provider_id,
        run_id=run_id,
        state=RunState.AWAITING_CONFIRMATION,
        created_at=at,
        created_by=created_by,
        expires_at=expires_at,
        token=preview_token(run_id, members, expires_at),
        currency=clients[0].client.currency,
        totals=totals_of(members),
        counts=counts_of(RunKind.ARCHIVE, pending=len(members)),
        group_id=group_id,
        options=options,
    )
    runs.create_run(table, run, members)
    return run
