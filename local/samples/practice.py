"""Makes, in a running practice, the state that each sample event needs: clients, groups and bulk archives of its own.

The workflow's state is made by the use cases themselves, with a workflow that is never started.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ulid import ULID

from client_lifecycle.domain.client import ArchiveOptions, Client, Group, PlanTerms, Trigger
from client_lifecycle.domain.effects import cancel_commitments, leave_chats, silence_notifications
from client_lifecycle.domain.members import FIRST_ATTEMPT
from client_lifecycle.domain.records import Appointment, ChatKind, FeedEntry, Membership, Payment, Record, Reminder
from client_lifecycle.domain.restore import Restorable
from client_lifecycle.domain.runs import Run, preview_terms
from client_lifecycle.domain.selection import ChosenClients
from client_lifecycle.storage import runs
from client_lifecycle.storage.clients import address_item, client_item, group_item, record_item
from client_lifecycle.storage.import_files import ImportWorkflow
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.settlements import settle_members
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.workflow import Workflow
from client_lifecycle.use_cases.activate import activate_client
from client_lifecycle.use_cases.archive import archive_client
from client_lifecycle.use_cases.archive_effects import apply_effect
from client_lifecycle.use_cases.bulk.batches import Marked, judge
from client_lifecycle.use_cases.bulk.control import Confirmation, confirm
from client_lifecycle.use_cases.bulk.preview import preview
from client_lifecycle.use_cases.bulk.retry import retry
from client_lifecycle.use_cases.bulk.steps import failed, finish_run, mark_archived
from client_lifecycle.use_cases.bulk.undo import start_undo
from client_lifecycle.use_cases.planned_archives import plan_archive
from local.deploy import Deployed
from local.ministack import LocalAws
from local.sample_practice import CURRENCY
from local.samples import imports
from local.samples.catalogue import SAMPLES, Need, Sample
from local.samples.given import BY_STAFF, Given
from local.samples.imports import NotStartedImports, imports_of
from local.stack import Progress

EFFECTS = (cancel_commitments, leave_chats, silence_notifications)
DAY = timedelta(days=1)


class NotStarted(Workflow, frozen=True):
    """A workflow that writes manifests and starts nothing."""

    def start(self, run: Run) -> None:
        """Leave the run as it is, confirmed and at rest."""


@dataclass(frozen=True, slots=True)
class Practice:
    """A provider's practice, and the secret its scheduling system signs bookings with."""

    table: Table
    workflow: NotStarted
    imports: NotStartedImports
    provider_id: str
    secret: str

    @property
    def tenant(self) -> Tenant:
        """The table as the practice's."""
        return Tenant(self.table, self.provider_id)


def prepare(
    practice: Practice, samples: Sequence[Sample] = SAMPLES, on_progress: Progress = lambda _done, _total: None
) -> dict[str, Given]:
    """Make what samples need, for each its own.

    Args:
        practice: where.
        samples: the samples.
        on_progress: told how many of how many are done.

    Returns:
        What each sample may name, by the sample's name.
    """
    given: dict[str, Given] = {}
    for done, sample in enumerate(samples, 1):
        given[sample.name] = _prepared(practice, sample)
        on_progress(done, len(samples))
    return given


def _prepared(practice: Practice, sample: Sample) -> Given:
    at = datetime.now(UTC)
    clients = [_new_client(practice, f"Sample {sample.name} {number}", at) for number in (1, 2)]
    given = Given(
        at=at,
        provider_id=practice.provider_id,
        fresh_id=_fresh(at),
        client_ids=[client.client_id for client in clients],
        secret=practice.secret,
    )
    return MAKERS[sample.need](practice, given)


def _fresh(at: datetime) -> str:
    return str(ULID.from_datetime(at))


def _new_client(practice: Practice, name: str, at: datetime) -> Client:
    client_id = _fresh(at)
    client = Client(
        provider_id=practice.provider_id,
        client_id=client_id,
        name=name,
        email=f"{client_id.lower()}@example.org",
        added_at=at - 200 * DAY,
        currency=CURRENCY,
    )
    records = [record_item(Keys(client.provider_id), client_id, record) for record in _records(client_id, at)]
    practice.table.put_many([client_item(client), address_item(client), *records])
    return client


def _records(client_id: str, at: datetime) -> list[Record]:
    """Return one live record of most kinds; the slot is the client's own, far ahead of the practice's."""
    own_hours = int.from_bytes(client_id[-4:].encode()) % 400_000
    return [
        Appointment(
            record_id=f"appointment-{client_id}",
            starts_at=at + 1_000 * DAY + timedelta(hours=own_hours),
            duration_minutes=50,
        ),
        Payment(record_id=f"payment-{client_id}", due_at=at + 7 * DAY, amount_cents=6_000, currency=CURRENCY),
        Membership(record_id=f"chat-{client_id}", chat_kind=ChatKind.GROUP, joined_at=at - 100 * DAY),
        FeedEntry(record_id=f"feed-{client_id}", subject="Reached a goal", created_at=at - DAY),
        Reminder(record_id=f"reminder-{client_id}", goal_id="goal-water", remind_at=at + DAY),
    ]


# What the needs become


def _active(_: Practice, given: Given) -> Given:
    return given


def _archived(practice: Practice, given: Given) -> Given:
    archived = [
        archive_client(practice.tenant, client_id, cause=BY_STAFF, at=given.at, options=ArchiveOptions())
        for client_id in given.client_ids
    ]
    return replace(given, archive_ids=[one.receipt.archive_id for one in archived])


def _returned(practice: Practice, given: Given, asked: Sequence[Restorable] = ()) -> Given:
    archived = _archived(practice, given)
    activate_client(practice.tenant, given.client_id, cause=BY_STAFF, at=given.at, asked=asked)
    return archived


def _restored(practice: Practice, given: Given) -> Given:
    return _returned(practice, given, list(Restorable))


def _planned(practice: Practice, given: Given) -> Given:
    _plan(practice, given, PlanTerms(trigger=Trigger.AFTER_LAST_APPOINTMENT), given.at)
    return given


def _due(practice: Practice, given: Given) -> Given:
    """Plan the archive for today, as somebody did two days ago."""
    terms = PlanTerms(trigger=Trigger.ARCHIVE_ON, archive_on=given.at.date())
    _plan(practice, given, terms, given.at - 2 * DAY)
    return given


def _plan(practice: Practice, given: Given, terms: PlanTerms, at: datetime) -> None:
    plan_archive(practice.tenant, given.client_id, terms, cause=BY_STAFF, at=at)


def _empty_group(practice: Practice, given: Given) -> Given:
    group = Group(provider_id=given.provider_id, group_id=given.fresh_id, name="Sample group")
    practice.table.put_many([group_item(group)])
    return replace(given, group_id=group.group_id)


def _waiting(practice: Practice, given: Given) -> Given:
    shown = preview(
        practice.tenant,
        ChosenClients(client_ids=tuple(given.client_ids)),
        preview_terms(given.at),
        cause=BY_STAFF,
        at=given.at,
        options=ArchiveOptions(),
    )
    return replace(
        given,
        run_id=shown.run.run_id,
        token=shown.run.token,
        client_ids=[member.client_id for member in shown.members],
    )


def _confirmed(practice: Practice, given: Given) -> Given:
    given = _waiting(practice, given)
    confirm(
        practice.tenant,
        practice.workflow,
        given.run_id,
        given.token,
        Confirmation(cause=BY_STAFF, accept_changes=False, at=given.at),
    )
    return given


def _marked(practice: Practice, given: Given) -> Given:
    given = _confirmed(practice, given)
    return replace(given, archive_ids=_mark(practice, given, len(given.client_ids)))


def _mark(practice: Practice, given: Given, count: int) -> list[str]:
    """Mark the first so many clients of a run, and return their stamps."""
    run = runs.read_run(practice.tenant, given.run_id)
    members = list(runs.all_members(practice.tenant, run))[:count]
    marks = [mark_archived(practice.tenant, run, FIRST_ATTEMPT, member, at=given.at) for member in members]
    return [mark.archive_id for mark in marks if mark.archive_id]


def _applied(practice: Practice, given: Given) -> Given:
    given = _marked(practice, given)
    _apply(practice, given)
    return given


def _apply(practice: Practice, given: Given) -> None:
    for client_id, archive_id in zip(given.client_ids, given.archive_ids, strict=False):
        for effect in EFFECTS:
            apply_effect(practice.tenant, client_id, archive_id, effect, at=given.at)


def _settled(practice: Practice, given: Given) -> Given:
    given = _applied(practice, given)
    _settle(practice, given)
    return given


def _settle(practice: Practice, given: Given) -> None:
    """Give the marked clients their outcome, and any other that of a failure."""
    places = list(enumerate(given.client_ids))
    marked = [
        judge(Marked(client_id=who, position=place, archive_id=given.archive_ids[place]), None)
        for place, who in places[: len(given.archive_ids)]
    ]
    lost = [failed(who, place, "InternalError") for place, who in places[len(given.archive_ids) :]]
    settle_members(practice.tenant, given.run_id, FIRST_ATTEMPT, [*marked, *lost], at=given.at)


def _finished(practice: Practice, given: Given) -> Given:
    given = _settled(practice, given)
    finish_run(practice.tenant, given.run_id, FIRST_ATTEMPT, at=given.at)
    return given


def _with_a_failure(practice: Practice, given: Given) -> Given:
    given = _confirmed(practice, given)
    given = replace(given, archive_ids=_mark(practice, given, 1))
    _apply(practice, given)
    _settle(practice, given)
    finish_run(practice.tenant, given.run_id, FIRST_ATTEMPT, at=given.at)
    return given


def _retried(practice: Practice, given: Given) -> Given:
    given = _with_a_failure(practice, given)
    retry(practice.tenant, practice.workflow, given.run_id, cause=BY_STAFF, at=given.at)
    return given


def _undo_confirmed(practice: Practice, given: Given) -> Given:
    given = _finished(practice, given)
    begun = start_undo(practice.tenant, practice.workflow, given.run_id, cause=BY_STAFF, at=given.at)
    return replace(given, run_id=begun.run_id)


def _importing(make: Callable[[Tenant, ImportWorkflow, Given], Given]) -> Callable[[Practice, Given], Given]:
    return lambda practice, given: make(practice.tenant, practice.imports, given)


MAKERS: Mapping[Need, Callable[[Practice, Given], Given]] = {
    Need.NOTHING: _active,
    Need.ACTIVE: _active,
    Need.ARCHIVED: _archived,
    Need.RETURNED: _returned,
    Need.RESTORED: _restored,
    Need.PLANNED: _planned,
    Need.DUE: _due,
    Need.EMPTY_GROUP: _empty_group,
    Need.WAITING: _waiting,
    Need.FAILED: _with_a_failure,
    Need.CONFIRMED: _confirmed,
    Need.MARKED: _marked,
    Need.APPLIED: _applied,
    Need.SETTLED: _settled,
    Need.RETRIED: _retried,
    Need.UNDO_CONFIRMED: _undo_confirmed,
    Need.UPLOADED: _importing(imports.uploaded),
    Need.CHECKING: _importing(imports.checking),
    Need.READ: _importing(imports.read),
    Need.PREDICTED: _importing(imports.predicted),
    Need.CHECKED: _importing(imports.checked),
    Need.NOT_REACHED: _importing(imports.not_reached),
}
"""How each need is met."""


def practice_of(aws: LocalAws, deployed: Deployed, *, provider_id: str, secret: str) -> Practice:
    """Return a practice on the local AWS."""
    workflow = NotStarted(aws.s3, aws.stepfunctions, deployed.manifest_bucket, deployed.state_machine_arn)
    table = Table(aws.dynamodb, deployed.table_name)
    return Practice(table, workflow, imports_of(aws, deployed), provider_id, secret)
