"""Plan a client's archive, cancel the plan, and carry it out when it is due."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from client_lifecycle.domain.client import ArchivePlan, Cause, Client, Door, HeldBackBy, PlanTerms, Source
from client_lifecycle.domain.errors import AcknowledgementNeeded, ArchiveBlocked, GroupNotFound
from client_lifecycle.domain.plans import LONGEST_WAIT, next_check_at, noted_in, planned, put_off, unplanned
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent
from client_lifecycle.domain.records import LONGEST_APPOINTMENT
from client_lifecycle.domain.requirements import Requirement, nothing
from client_lifecycle.domain.settings import ProviderSettings, SafetyRule
from client_lifecycle.storage.clients import ClientUpdate, LiveClient, commit_update, read_client, read_live
from client_lifecycle.storage.history import with_notes_of_plans
from client_lifecycle.storage.providers import read_group, read_settings
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.archive import ArchiveRequest, archive_snapshot
from client_lifecycle.use_cases.ids import new_id
from client_lifecycle.use_cases.optimistic import optimistic_on_client


class PlanResult(StrEnum):
    """The result of carrying out a plan."""

    ARCHIVED = "archived"
    PUT_OFF = "put_off"
    HELD_BACK = "held_back"
    NOTHING_DUE = "nothing_due"


@optimistic_on_client
def plan_archive(
    tenant: Tenant, client_id: str, terms: PlanTerms, *, cause: Cause, at: datetime, require: Requirement = nothing
) -> Client:
    """Plan a client's archive, in the place of any other plan; the same plan again changes nothing.

    Safety rules are not asked now but when the plan is carried out.

    Args:
        tenant: the provider's part of the table.
        client_id: the client to archive later.
        terms: when and how.
        cause: who plans, and through what.
        at: the present moment, UTC.
        require: what the client must be for it.

    Raises:
        ClientNotFound: the provider has no such client.
        ChangedMeanwhile: the client is not as required.
        AlreadyArchived: the client is archived.
        InvalidRequest: the day to archive on has begun.
        GroupNotFound: the provider has no group to move the client to.
        CommitContended: the client kept changing.
        StorageBusy: the table kept throttling.
    """
    [client] = with_notes_of_plans(tenant, [read_client(tenant, client_id)])
    require(client)
    after = planned(client, terms, cause, at, read_settings(tenant).time_zone)
    if terms.options.group_id:
        read_group(tenant, terms.options.group_id)
    if after == client:
        return client
    entry = _entry(HistoryEvent.ARCHIVE_PLANNED, terms, cause, at)
    commit_update(tenant, ClientUpdate(client, noted_in(after, entry.history_id), entry))
    return after


@optimistic_on_client
def cancel_plan(tenant: Tenant, client_id: str, *, cause: Cause, at: datetime) -> Client:
    """Cancel a client's plan; a client without one stays as it is.

    Args:
        tenant: the provider's part of the table.
        client_id: the client.
        cause: who cancels, and through what.
        at: the present moment, UTC.

    Raises:
        ClientNotFound: the provider has no such client.
        CommitContended: the client kept changing.
        StorageBusy: the table kept throttling.
    """
    client = read_client(tenant, client_id)
    if client.plan is None:
        return client
    after, entry = plan_cancelled(client, client.plan, cause, at)
    commit_update(tenant, ClientUpdate(client, after, entry))
    return after


def plan_cancelled(client: Client, plan: ArchivePlan, cause: Cause, at: datetime) -> tuple[Client, HistoryEntry]:
    """Return a client without its plan, and the history line that tells of it."""
    return unplanned(client), _entry(HistoryEvent.ARCHIVE_PLAN_CANCELLED, plan.terms, cause, at)


@optimistic_on_client
def carry_out_plan(tenant: Tenant, client_id: str, *, at: datetime) -> PlanResult:
    """Archive a client whose plan is due, just as the single archive does (A5), or put the plan off.

    Everything is committed on the reading it was decided on: a booking, a cancellation or another plan that lands in
    between wins. Safe to repeat, and to run twice at once. A plan that a safety rule or a missing group keeps from
    being carried out says so, and is looked at again a day later.

    Args:
        tenant: the provider's part of the table.
        client_id: the client whose plan may be due.
        at: the present moment, UTC.

    Returns:
        What was done; ``nothing_due`` if the plan is gone or is to be looked at later.

    Raises:
        ClientNotFound: the provider has no such client.
        UnreadableRecord: the client, or a record that is live, cannot be read; nothing is done.
        Superseded: the client came back while the rest of a large archive was being committed.
        CommitContended: the client's records kept changing.
        StorageBusy: the table kept throttling.
    """
    live = read_live(tenant, client_id, at - LONGEST_APPOINTMENT)
    plan = live.client.plan
    if plan is None or plan.check_at > at:
        return PlanResult.NOTHING_DUE
    settings = read_settings(tenant)
    return _carry_out(tenant, live, plan, settings, at)


def _carry_out(
    tenant: Tenant, live: LiveClient, plan: ArchivePlan, settings: ProviderSettings, at: datetime
) -> PlanResult:
    live.require_whole()
    if check_at := next_check_at(plan.terms, live.records, at, settings.time_zone):
        commit_update(tenant, ClientUpdate(live.client, put_off(live.client, plan, check_at)))
        return PlanResult.PUT_OFF
    if held_back_by := _archive(tenant, live, plan, settings, at):
        commit_update(tenant, ClientUpdate(live.client, put_off(live.client, plan, at + LONGEST_WAIT, held_back_by)))
        return PlanResult.HELD_BACK
    return PlanResult.ARCHIVED


def _archive(
    tenant: Tenant, live: LiveClient, plan: ArchivePlan, settings: ProviderSettings, at: datetime
) -> tuple[HeldBackBy, ...]:
    """Archive the client in the planner's name, or return what holds the archive back."""
    [noted] = with_notes_of_plans(tenant, [live.client])
    terms = noted.plan.terms if noted.plan else plan.terms
    cause = Cause(source=Source.SCHEDULE, actor_id=plan.planned_by.actor_id, through=Door.SCHEDULE)
    try:
        request = ArchiveRequest(cause=cause, at=at, options=terms.options, acknowledged=terms.acknowledged)
        archive_snapshot(tenant, live, settings, request)
    except (ArchiveBlocked, AcknowledgementNeeded) as fault:
        return tuple(SafetyRule(rule) for rule in fault.facts["rules"])
    except GroupNotFound:
        return ("group_not_found",)
    return ()


def _entry(event: HistoryEvent, terms: PlanTerms, cause: Cause, at: datetime) -> HistoryEntry:
    return HistoryEntry(history_id=new_id(at), at=at, event=event, cause=cause, plan=terms)
