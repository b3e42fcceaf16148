"""The steps of a bulk archive's workflow: mark, settle, finish. Imports the domain and storage.

The steps between, the three effects, are ``archive.apply_effect`` with one plan each. Every step may be delivered
twice: what is done already is found done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from client_lifecycle.domain.client import Cause, Client, Source, Status
from client_lifecycle.domain.runs import Facts, Member, Outcome, Run, RunState, facts_of, finish
from client_lifecycle.domain.settings import SafetySettings
from client_lifecycle.storage import archives, runs
from client_lifecycle.storage.clients import read_live
from client_lifecycle.storage.runs import Candidate, Settlement
from client_lifecycle.storage.table import ReadingOutdated, Table
from client_lifecycle.use_cases.archive import COMMIT_ATTEMPTS, archived_entry, contended, stamped

SETTLEMENTS_PER_TRANSACTION = 33
"""Each takes up to three actions beside the one that moves the run's counts."""

Mark = str | Outcome
"""An archive id, or the outcome of a client that was not archived."""

BATCH_NOT_SETTLED = "BatchNotSettled"
"""The reason of clients whose batch's last step failed for good."""


def mark_archived(table: Table, run: Run, candidate: Candidate, safety: SafetySettings, *, at: datetime) -> Mark:
    """Archive one member of a run: flip, history, receipt, and the stamp on the member, in one transaction.

    A member that this run has marked before keeps that stamp, even if the client came back since: a booking that
    lands in the middle of a run is not undone by a second delivery. A member that has its outcome keeps that too: a
    delivery that comes late archives nobody of whom the run says otherwise.

    Args:
        table: where the client is kept.
        run: the run, confirmed.
        candidate: the member beside its client, as read.
        safety: the provider's safety rules; no check of the single archive is skipped (A5).
        at: the moment of the archive, UTC.

    Returns:
        The stamp under which the effects are to be carried out, or the outcome of a client that is not archived.

    Raises:
        CommitContended: the client kept changing.
        StorageBusy: the table kept throttling.
    """
    for _ in range(COMMIT_ATTEMPTS):
        member = candidate.member
        if member.archive_id:
            return member.archive_id
        if member.outcome is not Outcome.PENDING:
            return member.outcome
        client, facts = _as_now(table, run, candidate, safety)
        if held_back := _held_back(run, member, facts):
            return held_back
        cause = Cause(source=Source.BULK_ARCHIVE, actor_id=run.confirmed_by or run.created_by, run_id=run.run_id)
        archived = stamped(client, cause, run.options, at)
        receipt = archived.receipt
        mark = runs.mark_write(table, client.provider_id, run.run_id, member, receipt.archive_id)
        try:
            archives.commit_archive(table, client, archived.client, archived_entry(receipt), receipt, also=[mark])
        except ReadingOutdated:
            place = (member.client_id, member.position)
            stored = runs.read_candidates(table, client.provider_id, run.run_id, [place])
            candidate = stored[member.client_id].read()
            continue
        return receipt.archive_id
    raise contended()


def _as_now(table: Table, run: Run, candidate: Candidate, safety: SafetySettings) -> tuple[Client, Facts]:
    """Return a member's client and its facts, of one reading; the preview's hold while the revision does.

    A later revision is summed up as of the preview's moment, so that an appointment begun since is no change.
    """
    member, client = candidate.member, candidate.client
    if client.revision == member.revision:
        return client, member.facts
    live = read_live(table, client.provider_id, client.client_id, run.created_at)
    return live.client, facts_of(live.client, live.records, safety, run.created_at)


def _held_back(run: Run, member: Member, facts: Facts) -> Outcome | None:
    """Return why a client is left alone."""
    if facts != member.facts and not run.accept_changes:
        return Outcome.CHANGED_SINCE_PREVIEW
    if facts.status is Status.ARCHIVED:
        return Outcome.ALREADY_ARCHIVED
    return Outcome.BLOCKED if facts.blocks else None


def settle_batch(table: Table, provider_id: str, run_id: str, settlements: Sequence[Settlement]) -> None:
    """Give a batch's members their outcomes, settle their receipts and move the run's counts, exactly once.

    Raises:
        StorageBusy: the table kept throttling.
    """
    for start in range(0, len(settlements), SETTLEMENTS_PER_TRANSACTION):
        runs.settle_members(table, provider_id, run_id, settlements[start : start + SETTLEMENTS_PER_TRANSACTION])


def finish_run(table: Table, provider_id: str, run_id: str, *, at: datetime) -> Run:
    """Close a run: members whose batch was lost become ``failed``, so that every client has an outcome.

    Raises:
        RunNotFound: the provider has no such run.
        StorageBusy: the table kept throttling.
    """
    while pending := runs.list_members(
        table, provider_id, run_id, outcome=Outcome.PENDING, limit=SETTLEMENTS_PER_TRANSACTION, after=None
    ).members:
        lost = [failed(member.client_id, member.position, BATCH_NOT_SETTLED) for member in pending]
        runs.settle_members(table, provider_id, run_id, lost)
    run = runs.read_run(table, provider_id, run_id)
    if run.state is not RunState.RUNNING:
        return run
    finished = finish(run, at)
    try:
        runs.replace_run(table, run, finished)
    except ReadingOutdated:
        return runs.read_run(table, provider_id, run_id)
    return finished


def failed(client_id: str, position: int, reason: str) -> Settlement:
    """Return the outcome of a client that could not be archived in full."""
    return Settlement(client_id=client_id, position=position, outcome=Outcome.FAILED, reason=reason)


def judge(client_id: str, position: int, archive_id: str, failures: Mapping[str, str]) -> Settlement:
    """Return the outcome of a marked client from what the three effects reported.

    Args:
        client_id: the client.
        position: its place in the run.
        archive_id: the stamp it was marked with.
        failures: reason by client id, from all three effects; a client without one is archived in full.
    """
    reason = failures.get(client_id)
    if reason is None:
        return Settlement(client_id=client_id, position=position, outcome=Outcome.ARCHIVED, archive_id=archive_id)
    if reason == "Superseded":
        return Settlement(client_id=client_id, position=position, outcome=Outcome.SUPERSEDED)
    return failed(client_id, position, reason)
