"""Stop, retry, undo and the clean-up on the deployed system: each function under its own role, through the workflow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from client_lifecycle.domain.client import ArchiveOptions, ArchivePlan, Client, PlanTerms, Status, Trigger
from client_lifecycle.domain.records import Appointment, AppointmentStatus, Record, RecordKind
from client_lifecycle.domain.runs import FINISHED, start
from client_lifecycle.storage import archives
from client_lifecycle.storage.clients import ClientUpdate, client_item, read_client, read_live
from client_lifecycle.storage.runs import read_run, replace_run
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.archive import archived_entry, stamped
from local.stack import PracticeStack
from tests.ministack.test_deployed_system import confirm, finished, invoke, outcomes, preview, somebody
from tests.support.builders import DAY, appointment, cause
from tests.support.practice import put, records_of

LONG_AGO = timedelta(hours=3)


@pytest.fixture
def people(deployed: PracticeStack) -> list[Client]:
    return [somebody(deployed) for _ in range(3)]


def statuses(deployed: PracticeStack, people: list[Client]) -> set[Status]:
    return {read_client(Tenant(deployed.table, who.provider_id), who.client_id).status for who in people}


def test_the_workflow_undoes_a_bulk_archive_and_everyone_is_as_before(
    deployed: PracticeStack, people: list[Client]
) -> None:
    before = [restorable(deployed, who) for who in people]
    shown = preview(deployed, *people)
    confirm(deployed, shown)
    assert finished(deployed, shown["run_id"])["state"] == "completed"
    booker = people[0]
    deployed.api.post(f"/clients/{booker.client_id}/activate")

    undo = deployed.api.post(f"/bulk-archives/{shown['run_id']}/undo")
    assert finished(deployed, undo["run_id"])["state"] == "completed"
    assert outcomes(deployed, undo["run_id"]) == {
        booker.client_id: ("left_alone", "came_back"),
        **{who.client_id: ("activated", None) for who in people[1:]},
    }
    assert statuses(deployed, people) == {Status.ACTIVE}
    assert [restorable(deployed, who) for who in people[1:]] == before[1:]
    assert deployed.api.get(f"/bulk-archives/{shown['run_id']}")["undone_by"] == undo["run_id"]


def restorable(deployed: PracticeStack, who: Client) -> set[Record]:
    """A client's records except its copies of message blasts, which do not come back."""
    return {one for one in records_of(deployed.table, who) if one.kind is not RecordKind.RECIPIENT}


def test_a_stopped_bulk_archive_is_retried_to_the_end(deployed: PracticeStack, people: list[Client]) -> None:
    shown = preview(deployed, *people)
    run = read_run(Tenant(deployed.table, people[0].provider_id), shown["run_id"])
    confirm(deployed, shown)
    stopped = deployed.api.post(f"/bulk-archives/{run.run_id}/stop")
    while stopped["state"] not in set(FINISHED):
        stopped = deployed.api.get(f"/bulk-archives/{run.run_id}")
    reached = stopped["counts"]["archived"]
    assert stopped["counts"]["not_reached"] == len(people) - reached
    again = deployed.api.post(f"/bulk-archives/{run.run_id}/retry")
    assert again["attempt"] == (1 if reached == len(people) else 2)
    assert finished(deployed, run.run_id)["counts"]["archived"] == len(people)


def test_the_clean_up_does_all_its_work_under_its_own_role(deployed: PracticeStack, people: list[Client]) -> None:
    settling, planned, member = people
    invoke(deployed, "scheduled-cleanup", {})  # what is due of other tests' clients
    table, at = deployed.table, datetime.now(UTC)
    archived = stamped(settling, cause(), ArchiveOptions(), at - LONG_AGO)
    archives.commit_archive(
        Tenant(table, settling.provider_id),
        ClientUpdate(settling, archived.client, archived_entry(archived.receipt)),
        archived.receipt,
    )
    terms = PlanTerms(trigger=Trigger.AFTER_LAST_APPOINTMENT, options=ArchiveOptions())
    waiting = ArchivePlan(terms=terms, planned_at=at - LONG_AGO, planned_by=cause(), check_at=at - LONG_AGO)
    table.put_many([client_item(replace(planned, plan=waiting))])
    gone = replace(appointment(), starts_at=at - DAY, status=AppointmentStatus.CANCELLED)
    put(table, replace(planned, plan=waiting), [gone])
    shown = preview(deployed, member)
    run = read_run(Tenant(table, member.provider_id), shown["run_id"])
    replace_run(
        Tenant(table, run.provider_id), run, start(run, confirmed_by="staff-1", accept_changes=False, at=at - LONG_AGO)
    )
    deployed.api.patch("/settings", {"tidy_up": {"inactive_days": 30}})
    try:
        done = invoke(deployed, "scheduled-cleanup", {})
    finally:
        deployed.api.patch("/settings", {"tidy_up": None})
    assert "failed" not in done
    assert done.items() >= {"archive_finished": 1, "plan_carried_out": 1, "run_resumed": 1, "run_proposed": 1}.items()

    receipt = archives.read_receipt(
        Tenant(table, settling.provider_id), settling.client_id, archived.receipt.archive_id
    )
    assert (receipt.state, bool(receipt.changes)) == ("settled", True)
    stamp = read_client(Tenant(table, planned.provider_id), planned.client_id).stamp
    assert stamp
    assert stamp.cause.source == "schedule"
    live = read_live(Tenant(table, settling.provider_id), settling.client_id, at)
    assert not [one for one in live.records if isinstance(one, Appointment)]
    ended = finished(deployed, run.run_id)
    assert (ended["state"], ended["counts"]["not_reached"]) == ("completed_with_failures", 1), "it had no manifest"
