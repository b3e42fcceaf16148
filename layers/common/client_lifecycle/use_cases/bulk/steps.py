"""The steps of a run's workflow: mark or undo, settle, finish.

The steps between, the three effects, are ``archive_effects.apply_effect`` with one effect each. Every step may be
delivered twice: what is done already is found done, and what belongs to an earlier attempt of the run changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from client_lifecycle.domain.client import Cause, Client, Door, Source, Status
from client_lifecycle.domain.effects import Change, EffectName, RecordKey, work_of_effects
from client_lifecycle.domain.errors import Superseded, UnreadableRecord
from client_lifecycle.domain.members import Member, awaits_outcome, held_back, made_good
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.preview import has_changed, preview_facts
from client_lifecycle.domain.restore import NotRestored, Restorable, Restoration, RestoreOutcome
from client_lifecycle.domain.runs import (
    IN_FLIGHT,
    TIDY_UP,
    Run,
    RunState,
    acknowledged,
    carried_out_for,
    finish,
    prepared,
)
from client_lifecycle.domain.safety import Finding, assess
from client_lifecycle.domain.selection import may_match
from client_lifecycle.domain.settings import ProviderSettings, SafetyRule
from client_lifecycle.domain.undo import not_restored_of, skip_reason
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.storage import archives, restores, runs, settlements
from client_lifecycle.storage.clients import ClientUpdate, LiveClient, read_client, read_live
from client_lifecycle.storage.commitments import Calendar
from client_lifecycle.storage.providers import read_settings
from client_lifecycle.storage.settlements import Settlement
from client_lifecycle.storage.table import StaleRead, Write
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.archive import archived_entry, stamped
from client_lifecycle.use_cases.archive_effects import make_good
from client_lifecycle.use_cases.bulk.launch import replace_or_reread
from client_lifecycle.use_cases.optimistic import optimistic_on_client
from client_lifecycle.use_cases.restore import (
    Reading,
    RestoreRequest,
    activate_and_restore,
    continue_restore,
    read_from,
)

EVERYTHING = tuple(Restorable)

BATCH_NOT_SETTLED = "BatchNotSettled"
"""The reason of clients that are archived, or brought back, but whose batch's last step failed for good."""


PENDING_PER_PAGE = 1_000
"""Members without an outcome that are read at a time when a run is closed."""


class Result(Struct, frozen=True):
    """The result of a first step for one member.

    It is the member's stamp, if effects are to follow, or else its outcome, with what held the client back if something
    did; neither, if it has its outcome already. ``work`` has the effects that have anything to do, and with which
    records, if that is known: under the stamp nothing becomes live again (I4).
    """

    archive_id: str | None = None
    work: Mapping[EffectName, tuple[RecordKey, ...]] | None = None
    outcome: Outcome | None = None
    reason: str | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def rules(self) -> tuple[SafetyRule, ...]:
        """The rules that held the client back."""
        return tuple(one.rule for one in self.findings)


def mark_archived(tenant: Tenant, run: Run, attempt: int, member: Member, *, at: datetime) -> Result:
    """Archive one member of a run: flip, history, receipt, and the stamp on the member, in one transaction.

    A member that this run has marked before keeps that stamp, even if the client came back since: a booking that
    lands in the middle of a run is not undone by a second delivery. A member that has its outcome keeps that too: a
    delivery that comes late archives nobody of whom the run says otherwise. No check of the single archive is skipped
    (A5), whatever was confirmed. One that was archived before stays under that archive, which is made good (A11). Once
    the run is being stopped, or has ended, nobody else is marked.

    Args:
        tenant: the provider's part of the table.
        run: the run, as read when the step began.
        attempt: the attempt of the run that the step belongs to.
        member: the member, as read.
        at: the moment of the archive, UTC.

    Raises:
        ClientNotFound: the client is gone.
        UnreadableRecord: the client, or a record that is live, cannot be read; it is not archived.
        CommitContended: the client kept changing.
        StorageBusy: the table kept throttling.
    """

    def done(latest: Member) -> Result:
        if not awaits_outcome(latest, attempt):
            return Result()
        if latest.archive_id:
            return Result(archive_id=latest.archive_id)
        if run.state is not RunState.RUNNING:
            return Result(outcome=Outcome.NOT_REACHED)
        return _marked(tenant, run, latest, at)

    return _on_latest(tenant, run, member, done)


def _on_latest(tenant: Tenant, run: Run, member: Member, work: Callable[[Member], Result]) -> Result:
    """Do the work on a member as it was read, and on a new reading of it while the work comes too late."""
    latest = member

    @optimistic_on_client
    def done() -> Result:
        nonlocal latest
        try:
            return work(latest)
        except (StaleRead, Superseded) as late:
            latest = runs.read_member(tenant, run, member.position)
            raise StaleRead from late

    return done()


def _marked(tenant: Tenant, run: Run, member: Member, at: datetime) -> Result:
    live = read_whole(tenant, run, member)
    held_back = outcome_without_archive(run, member, live, read_settings(tenant), at)
    if held_back is None:
        marking = mark(tenant, run, member, live, at)
        tenant.table.transact_if_unchanged(marking.writes)
        return marking.result
    if held_back.outcome is Outcome.ALREADY_ARCHIVED:
        _make_good(tenant, run, member, live, at)
    elif writes := leave_alone(tenant, run, member, held_back).writes:
        tenant.table.transact_if_unchanged(writes)
    return held_back


def read_whole(tenant: Tenant, run: Run, member: Member) -> LiveClient:
    """Read a member's client with all its records that an archive may have to touch.

    Raises:
        ClientNotFound: the client is gone.
        UnreadableRecord: the client, or a record that is live, cannot be read.
    """
    live = read_live(tenant, member.client_id, run.created_at)
    live.require_whole()
    return live


class Marking(Struct, frozen=True):
    """What a first step writes for a member, in one transaction with as many others as fit, and its result."""

    result: Result
    writes: Sequence[Write]


def mark(tenant: Tenant, run: Run, member: Member, live: LiveClient, at: datetime) -> Marking:
    """Return what archives a member's client while both are as they were read."""
    archived = stamped(live.client, _cause(run), run.options, at)
    receipt = archived.receipt
    update = ClientUpdate(live.client, archived.client, archived_entry(receipt))
    return Marking(
        Result(archive_id=receipt.archive_id, work=work_of_effects(live.records, at)),
        [
            *archives.archive_writes(tenant, update, receipt),
            settlements.mark_write(tenant, run, member, archived.client, receipt.archive_id),
        ],
    )


def leave_alone(tenant: Tenant, run: Run, member: Member, result: Result) -> Marking:
    """Return what keeps on a member why its client is held back; nothing is written of one whom no rule holds back."""
    after = held_back(member, result.findings) if result.findings else member
    writes = [settlements.pending_write(tenant, run, member, after)] if after != member else []
    return Marking(result, writes)


def _make_good(tenant: Tenant, run: Run, member: Member, live: LiveClient, at: datetime) -> None:
    """Make good a client that is archived already, and keep the result on the member, in the same writes."""
    stamp = live.client.stamp
    if stamp is None:
        return

    def keep_on_member(changes: Sequence[Change]) -> list[Write]:
        nonlocal member
        before, member = member, made_good(member, stamp.archive_id, changes)
        return [settlements.pending_write(tenant, run, before, member)]

    for _ in make_good(tenant, live, stamp, cause=_cause(run), at=at, also=keep_on_member):
        pass


def _cause(run: Run) -> Cause:
    actor_id = carried_out_for(run)
    through = Door.SCHEDULE if actor_id == TIDY_UP else Door.API
    return Cause(source=Source.BULK_ARCHIVE, actor_id=actor_id, run_id=run.run_id, through=through)


def outcome_without_archive(
    run: Run, member: Member, live: LiveClient, settings: ProviderSettings, at: datetime
) -> Result | None:
    """Return the outcome of a client that is left alone, and the rules that held it back, if they did (S3).

    What the safety rules forbid, or want to be acknowledged, is judged as of now, by settings that are read after the
    client (S1, S2): a proposal, or a retry, may come weeks after the preview, and accepting changes accepts no warning
    that nobody has seen. For the rest the client is summed up again as of the preview's moment, so that an appointment
    begun since is no change. A client that a filter found must still fit it: one who was inactive may be active
    again.
    """
    if live.client.status is Status.ACTIVE and (held_back := _by_rules(run, member, live, settings, at)):
        return held_back
    facts = preview_facts(live.client, live.records, settings, run.created_at)
    if Status.ARCHIVED is facts.status is member.facts.status:
        return Result(outcome=Outcome.ALREADY_ARCHIVED)
    is_other = run.filter is not None and not may_match(run.filter, live.client, settings.time_zone)
    if (is_other or has_changed(member.facts, facts)) and not run.accept_changes:
        return Result(outcome=Outcome.CHANGED_SINCE_PREVIEW)
    return Result(outcome=Outcome.ALREADY_ARCHIVED) if facts.status is Status.ARCHIVED else None


def _by_rules(run: Run, member: Member, live: LiveClient, settings: ProviderSettings, at: datetime) -> Result | None:
    findings = assess(live.client, live.records, settings, at)
    if findings.blocks:
        return Result(outcome=Outcome.BLOCKED, findings=findings.of(findings.blocks))
    if missing := findings.unacknowledged(acknowledged(run, member)):
        return Result(outcome=Outcome.NEEDS_ACKNOWLEDGEMENT, findings=findings.of(missing))
    return None


def undo_archive(tenant: Tenant, run: Run, attempt: int, member: Member, calendar: Calendar) -> Result:
    """Bring one member of an undo back, with all that its archive took and that can still be had (A1).

    A client who booked, was archived again, or was changed in any way since is left alone. A member that this undo has
    brought back is ``activated``, whatever became of it since and even if the undo is being stopped by now; what its
    first delivery has left is restored. What could not be restored is kept on the member, and in its outcome.

    Args:
        tenant: the provider's part of the table.
        run: the undo, as read when the step began.
        attempt: the attempt of the undo that the step belongs to.
        member: the member, as read.
        calendar: the provider's, of the present moment.

    Raises:
        ClientNotFound: the client is gone.
        CommitContended: the client kept changing.
        StorageBusy: the table kept throttling.
    """

    def undo(latest: Member) -> Result:
        if not awaits_outcome(latest, attempt) or latest.undoes is None:
            return Result()
        if run.state is not RunState.RUNNING and not latest.archive_id:
            return Result(outcome=Outcome.NOT_REACHED)
        try:
            reading = read_from(tenant, latest.client_id, latest.undoes, EVERYTHING)
        except UnreadableRecord:
            if left_alone := _left_alone(latest, read_client(tenant, latest.client_id)):
                return left_alone
            raise
        if left_alone := _left_alone(latest, reading.client):
            return left_alone
        return _activated(tenant, run, latest, _restored(tenant, run, latest, reading, calendar))

    return _on_latest(tenant, run, member, undo)


def _left_alone(member: Member, client: Client) -> Result | None:
    because = skip_reason(member, client)
    return Result(outcome=Outcome.LEFT_ALONE, reason=because.value) if because else None


def _restored(tenant: Tenant, run: Run, member: Member, reading: Reading, calendar: Calendar) -> Restoration | None:
    """Bring a client back, or continue what an earlier delivery has begun.

    An undo of a version that kept no account of what it restored may have begun with it; then there is nothing to go
    on with once the client is archived again.
    """
    client, archive_id = reading.client, reading.receipt.archive_id
    begun = member.archive_id and restores.read_restoration(tenant, member.client_id, archive_id)
    if begun:
        return continue_restore(tenant, reading, begun, calendar)
    if member.archive_id and client.stamp:
        return None
    cause = Cause(source=Source.UNDO, actor_id=carried_out_for(run), run_id=run.run_id, through=Door.API)
    also = [] if member.archive_id else [settlements.reactivation_write(tenant, run, member)]
    request = RestoreRequest(archive_id=archive_id, cause=cause, at=calendar.at, asked=EVERYTHING)
    return activate_and_restore(tenant, reading, request, calendar, also=also).restoration


def _activated(tenant: Tenant, run: Run, member: Member, restoration: Restoration | None) -> Result:
    """Return the outcome of a client that is back, and keep on its member what could not be restored."""
    if restoration is None or restoration.not_restored == NotRestored():
        return Result(outcome=Outcome.ACTIVATED)
    marked = replace(member, archive_id=member.undoes)
    settlements.keep_not_restored(tenant, run, marked, restoration.not_restored)
    return Result(outcome=Outcome.ACTIVATED_IN_PART)


def finish_run(tenant: Tenant, run_id: str, attempt: int, *, at: datetime) -> Run:
    """Close an attempt of a run: clients that were lost on the way get an outcome, so that every client has one.

    The verdict is taken from counts with nobody pending: those cannot change any more, however late a batch settles. A
    retry that could not be prepared is no longer preparing first, so that nobody is reopened any more either.

    Raises:
        RunNotFound: the provider has no such run.
        StorageBusy: the table kept throttling.
    """
    run = runs.read_run(tenant, run_id)
    if run.attempt == attempt and run.state is RunState.PREPARING:
        run = replace_or_reread(tenant, run, prepared(run))
    tried: set[int] = set()
    while _is_in_flight(run, attempt):
        lost, unreadable = _pending(tenant, run)
        if left := [*lost, *(one for one in unreadable if one.position not in tried)]:
            settlements.settle_members(tenant, run_id, attempt, left, at=at)
            tried |= {one.position for one in unreadable}
        else:
            _close(tenant, run, at)
        run = runs.read_run(tenant, run_id)
    return run


def _is_in_flight(run: Run, attempt: int) -> bool:
    return run.attempt == attempt and run.state in IN_FLIGHT


def _close(tenant: Tenant, run: Run, at: datetime) -> None:
    """Give a run its verdict, by counts that are read once nobody is pending any more: those are final."""
    latest = runs.read_run(tenant, run.run_id)
    if _is_in_flight(latest, run.attempt):
        replace_or_reread(tenant, latest, finish(latest, at, _not_restored(tenant, latest)))


def _not_restored(tenant: Tenant, run: Run) -> dict[RestoreOutcome, int]:
    """Add up what an undo could not take back; reading is needed only if there is somebody it is said of."""
    if not run.counts.get(Outcome.ACTIVATED_IN_PART):
        return {}
    return not_restored_of(runs.members_with(tenant, run, Outcome.ACTIVATED_IN_PART))


def _pending(tenant: Tenant, run: Run) -> tuple[list[Settlement], list[Settlement]]:
    """Return the outcomes of all members who have none: of those this attempt owes one, and of those it cannot read.

    A member that cannot be read may be so damaged that it cannot be given its outcome either. The counts are as exact
    as the outcomes, so where they know of nobody there is nobody to look for.
    """
    if not run.counts.get(Outcome.PENDING):
        return [], []
    lost: list[Settlement] = []
    unreadable: list[Settlement] = []
    after: int | None = None
    while True:
        page = runs.list_members(tenant, run, outcome=Outcome.PENDING, limit=PENDING_PER_PAGE, after=after)
        lost += [_without_outcome(member) for member in page.members if awaits_outcome(member, run.attempt)]
        unreadable += [_damaged(one) for one in page.unreadable if one.kind == "member"]
        if page.next_after is None:
            return lost, unreadable
        after = page.next_after


def _damaged(member: Unreadable) -> Settlement:
    return failed("", runs.position_of(member), UnreadableRecord.__name__, [member])


def _without_outcome(member: Member) -> Settlement:
    if member.archive_id:
        return failed(member.client_id, member.position, BATCH_NOT_SETTLED)
    return Settlement(client_id=member.client_id, position=member.position, outcome=Outcome.NOT_REACHED)


def failed(client_id: str, position: int, reason: str, unreadable: Sequence[Unreadable] = ()) -> Settlement:
    """Return the outcome of a client that could not be archived in full, and the records it failed for, if any."""
    named = tuple(unreadable)
    return Settlement(client_id=client_id, position=position, outcome=Outcome.FAILED, reason=reason, unreadable=named)
