"""What callers read: the answers of the API, kept apart from what is stored. Imports the domain and pydantic."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from client_lifecycle.domain.client import (
    ArchiveOptions,
    ArchivePlan,
    Cause,
    Client,
    Group,
    HeldBackBy,
    PlanTerms,
    Source,
    Status,
    Trigger,
)
from client_lifecycle.domain.effects import Change, LeftAloneReason
from client_lifecycle.domain.money import Amount
from client_lifecycle.domain.policy import TABLE, Action, Actor, Permission, Refusal
from client_lifecycle.domain.reasons import ArchiveReason
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent, Receipt, ReceiptState
from client_lifecycle.domain.records import RecordKind
from client_lifecycle.domain.restore import (
    NotRestored,
    Restorable,
    Restoration,
    RestoredItem,
    RestoreOutcome,
    RestoreState,
)
from client_lifecycle.domain.runs import (
    WAITING,
    MadeGood,
    Member,
    Outcome,
    PreviewFacts,
    Run,
    RunKind,
    RunState,
    Totals,
    estimated_seconds_left,
)
from client_lifecycle.domain.selection import ClientFilter
from client_lifecycle.domain.settings import PortalSettings, ProviderSettings, SafetyRule, SafetySettings, TidyUp
from client_lifecycle.domain.unreadable import MOST_NAMED, Unreadable
from client_lifecycle.edge.ids import ID_PATTERN
from client_lifecycle.storage.clients import client_not_found
from client_lifecycle.storage.items import to_plain

UnreadableField = Annotated[
    list[Unreadable],
    Field(default_factory=list, description="Stored records that had to be passed over, the first of them."),
    AfterValidator(lambda found: found[:MOST_NAMED]),
]
"""What could not be read for an answer; ids and names of fields, never what is stored."""


class Body(BaseModel):
    """The base of every request body: fields that are not documented are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


IdField = Annotated[str, Field(pattern=ID_PATTERN)]
"""An id inside a body."""


def _whole(number: object) -> object:
    return int(number) if isinstance(number, float) and number.is_integer() else number


AsWhole = BeforeValidator(_whole)
"""Beside an ``int`` inside a body: JSON has one kind of number, so 5.0 is 5."""

Whole = Annotated[int, AsWhole]

MAX_NAMED = 20
"""The most that a list of choices may hold; one that is named twice counts once."""


def not_given() -> Any:
    """Stand in for a field that a partial change leaves out; never read, and no default in the API's description."""
    return None


TEXT_PATTERN = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"
"""What ``_text`` allows, but for half characters, as the API's description says it."""

BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0\U0001d159")
"""Letters and signs that show nothing: fillers of Hangul, the empty sign of Braille, the empty note head."""

UNASSIGNED_AND_IGNORED = re.compile("[\u2065\ufdd0-\ufdef\ufff0-\ufff8\ufffe\uffff\U000e0000-\U000e0fff]")
"""Code points that are no characters, or that nothing is shown for whatever they may once be."""

INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs", "Mn", "Me"})
"""The categories of Unicode whose characters show nothing by themselves."""


def _is_visible(character: str) -> bool:
    return (
        unicodedata.category(character) not in INVISIBLE
        and character not in BLANK_LETTERS
        and not UNASSIGNED_AND_IGNORED.fullmatch(character)
    )


def _name(text: str) -> str:
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise ValueError("control characters are not allowed")
    if not any(_is_visible(character) for character in text):
        raise ValueError("a name has at least one character that can be seen")
    return unicodedata.normalize("NFC", text)


def _text(text: str) -> str:
    if any(unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\r\t" for character in text):
        raise ValueError("control characters are not allowed")
    return text


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_name),
    Field(json_schema_extra={"format": "name"}),
]
"""A name of a person or of a group, without the spaces around it."""

Text = Annotated[str, AfterValidator(_text), Field(json_schema_extra={"pattern": TEXT_PATTERN})]
"""Text of any kind, of several lines if need be."""


class OptionsBody(Body):
    """What can be said when archiving, one client or many.

    Nothing is sent to the client unless ``notify_client`` is true. The note is for the practice alone.
    """

    reason: Annotated[ArchiveReason | None, Field(strict=False)] = None
    note: Annotated[Text, Field(max_length=2_000)] | None = None
    group_id: str | None = Field(default=None, pattern=ID_PATTERN, description="The group to move the client to.")
    notify_client: bool = False
    mute_email: bool = False

    def options(self) -> ArchiveOptions:
        """Return what was said."""
        return ArchiveOptions(
            reason=self.reason,
            note=self.note,
            group_id=self.group_id,
            notify_client=self.notify_client,
            mute_email=self.mute_email,
        )


class PortalBody(Body):
    """The switches of one level; a switch left out stays as it is, ``null`` leaves it to the level above."""

    chat: bool | None = None
    community_chats: bool | None = None
    schedule_appointments: bool | None = None
    email_notifications: bool | None = None

    def over(self, settings: PortalSettings) -> PortalSettings:
        """Return the switches of a level with what is said here."""
        return replace(settings, **self.model_dump(exclude_unset=True))


class CauseView(BaseModel):
    """Who changed a client's status, and through what."""

    source: Source
    actor_id: str
    run_id: str | None = None

    @classmethod
    def of(cls, cause: Cause) -> CauseView:
        """Show a cause."""
        return cls(source=cause.source, actor_id=cause.actor_id, run_id=cause.run_id)


class PlanView(BaseModel):
    """An archive planned for later; ``held_back_by`` tells why it was not carried out although it was due."""

    trigger: Trigger
    archive_on: date | None
    options: ArchiveOptions
    acknowledged: list[SafetyRule]
    planned_at: datetime
    planned_by: CauseView
    held_back_by: list[HeldBackBy]

    @classmethod
    def of(cls, plan: ArchivePlan) -> PlanView:
        """Show a plan."""
        return cls(
            trigger=plan.terms.trigger,
            archive_on=plan.terms.archive_on,
            options=plan.terms.options,
            acknowledged=list(plan.terms.acknowledged),
            planned_at=plan.planned_at,
            planned_by=CauseView.of(plan.planned_by),
            held_back_by=list(plan.held_back_by),
        )


class ClientView(BaseModel):
    """A client as the provider's staff see it, in either tab."""

    client_id: str
    name: str
    email: str
    status: Status
    group_id: str | None
    added_at: datetime
    last_active_at: datetime | None
    credit_cents: int
    owed_cents: int
    currency: str
    settings: PortalSettings
    archive_id: str | None = None
    archived_at: datetime | None = None
    archived_by: CauseView | None = None
    archive_reason: ArchiveReason | None = None
    returned_at: datetime | None = None
    returned_by: CauseView | None = None
    returned_by_booking: bool = False
    archive_plan: PlanView | None = None

    @classmethod
    def of(cls, client: Client) -> ClientView:
        """Show a client."""
        stamp, back = client.stamp, client.last_return
        return cls(
            client_id=client.client_id,
            name=client.name,
            email=client.email,
            status=client.status,
            group_id=client.group_id,
            added_at=client.added_at,
            last_active_at=client.last_active_at,
            credit_cents=client.credit_cents,
            owed_cents=client.owed_cents,
            currency=client.currency,
            settings=client.settings,
            archive_id=stamp.archive_id if stamp else None,
            archived_at=stamp.archived_at if stamp else None,
            archived_by=CauseView.of(stamp.cause) if stamp else None,
            archive_reason=stamp.reason if stamp else None,
            returned_at=back.returned_at if back else None,
            returned_by=CauseView.of(back.cause) if back else None,
            returned_by_booking=back is not None and back.cause.source is Source.BOOKING,
            archive_plan=PlanView.of(client.plan) if client.plan else None,
        )


class ChangeView(BaseModel):
    """One record that an archive touched, with its fields before and after."""

    kind: RecordKind
    record_id: str
    before: dict[str, Any]
    after: dict[str, Any]

    @classmethod
    def of(cls, change: Change) -> ChangeView:
        """Show a change."""
        return cls(
            kind=change.before.kind,
            record_id=change.before.record_id,
            before=to_plain(change.before),
            after=to_plain(change.after),
        )


class LeftAloneView(BaseModel):
    """One record that an archive could not touch, and why."""

    kind: RecordKind
    record_id: str
    reason: LeftAloneReason


class ReceiptView(BaseModel):
    """All that one archive changed, by pages if that is much.

    ``next_cursor`` asks ``GET /clients/{client_id}/receipts/{archive_id}`` for the changes that follow. What was left
    alone is told with the changes it was met among, now and then on two pages.
    """

    archive_id: str
    archived_at: datetime
    archived_by: CauseView
    state: ReceiptState
    reason: ArchiveReason | None
    note: str | None
    notify_client: bool
    mute_email: bool
    moved_to_group_id: str | None
    moved_from_group_id: str | None
    changes: list[ChangeView]
    left_alone: list[LeftAloneView]
    next_cursor: str | None

    @classmethod
    def of(cls, receipt: Receipt, next_cursor: str | None) -> ReceiptView:
        """Show a page of a receipt, with the cursor of the page that follows."""
        return cls(
            archive_id=receipt.archive_id,
            archived_at=receipt.archived_at,
            archived_by=CauseView.of(receipt.cause),
            state=receipt.state,
            reason=receipt.options.reason,
            note=receipt.options.note,
            notify_client=receipt.options.notify_client,
            mute_email=receipt.options.mute_email,
            moved_to_group_id=receipt.options.group_id,
            moved_from_group_id=receipt.moved_from_group_id,
            changes=[ChangeView.of(change) for change in receipt.changes],
            left_alone=[
                LeftAloneView(kind=left.kind, record_id=left.record_id, reason=left.reason)
                for left in receipt.left_alone
            ],
            next_cursor=next_cursor,
        )


class RestoredItemView(BaseModel):
    """What became of one record that was asked back."""

    kind: RecordKind
    record_id: str
    outcome: RestoreOutcome

    @classmethod
    def of(cls, item: RestoredItem) -> RestoredItemView:
        """Show an item."""
        return cls(kind=item.kind, record_id=item.record_id, outcome=item.outcome)


class RestorationView(BaseModel):
    """How far a restore from a receipt has come.

    ``restored`` counts what was taken back and ``counts`` what could not be, by reason; ``not_restored`` names the
    first hundred of that.
    """

    archive_id: str
    state: RestoreState
    asked: list[Restorable]
    asked_by: CauseView
    began_at: datetime
    finished_at: datetime | None
    restored: int
    counts: dict[RestoreOutcome, int]
    not_restored: list[RestoredItemView]

    @classmethod
    def of(cls, restoration: Restoration) -> RestorationView:
        """Show a restore."""
        return cls(
            archive_id=restoration.archive_id,
            state=restoration.state,
            asked=list(restoration.asked),
            asked_by=CauseView.of(restoration.cause),
            began_at=restoration.began_at,
            finished_at=restoration.finished_at,
            restored=restoration.restored,
            counts=dict(restoration.not_restored.counts),
            not_restored=[RestoredItemView.of(item) for item in restoration.not_restored.items],
        )


class HistoryView(BaseModel):
    """One line of a client's history."""

    history_id: str
    at: datetime
    event: HistoryEvent
    by: CauseView
    archive_id: str | None
    options: ArchiveOptions | None
    reason: str | None
    plan: PlanTerms | None

    @classmethod
    def of(cls, entry: HistoryEntry) -> HistoryView:
        """Show a line."""
        return cls(
            history_id=entry.history_id,
            at=entry.at,
            event=entry.event,
            by=CauseView.of(entry.cause),
            archive_id=entry.archive_id,
            options=entry.options,
            reason=entry.reason,
            plan=entry.plan,
        )


class ClientListView(BaseModel):
    """A page of a client list."""

    clients: list[ClientView]
    next_cursor: str | None
    unreadable: UnreadableField


class CountsView(BaseModel):
    """How many clients each tab has."""

    active: int
    archived: int


class HistoryListView(BaseModel):
    """A page of a client's history."""

    entries: list[HistoryView]
    next_cursor: str | None
    unreadable: UnreadableField


class ReceiptListView(BaseModel):
    """A page of a client's receipts."""

    receipts: list[ReceiptView]
    next_cursor: str | None
    unreadable: UnreadableField


class PermissionView(BaseModel):
    """Whether one actor may do one thing; ``activates`` tells that doing it brings the client back."""

    action: Action
    actor: Actor
    allowed: bool
    reason: Refusal | None
    rule: str
    sentence: str
    activates: bool

    @classmethod
    def of(cls, permission: Permission) -> PermissionView:
        """Show an answer."""
        return cls(
            action=permission.action,
            actor=permission.actor,
            allowed=permission.allowed,
            reason=permission.refusal,
            rule=permission.rule,
            sentence=permission.sentence,
            activates=permission.activates,
        )


class PermissionsView(BaseModel):
    """All that is allowed with a client; ``settings`` are its switches, resolved over its group and provider."""

    client_id: str
    status: Status
    settings: PortalSettings
    permissions: list[PermissionView]
    unreadable: UnreadableField


class RefusedView(BaseModel):
    """A client that an action is refused for, and why; an id that is no client's, or of one that is damaged, is too."""

    client_id: str
    reason: Refusal | Literal["client_not_found", "client_unreadable"]
    rule: str
    sentence: str

    @classmethod
    def of(cls, client_id: str, action: Action, permission: Permission | None, *, is_damaged: bool) -> RefusedView:
        """Show a refusal, ``None`` for an id that is no client's, or the one of a client that cannot be read."""
        reason: Refusal | Literal["client_not_found", "client_unreadable"]
        if is_damaged:
            reason, sentence = "client_unreadable", "What is stored of this client cannot be read."
        elif permission is None or permission.refusal is None:
            reason, sentence = "client_not_found", client_not_found().message
        else:
            reason, sentence = permission.refusal, permission.sentence
        return cls(client_id=client_id, reason=reason, rule=TABLE[action].number, sentence=sentence)


class PermissionCheckView(BaseModel):
    """Who of many clients an action is allowed for, and who not; each in the order asked."""

    action: Action
    actor: Actor
    allowed: list[str]
    refused: list[RefusedView]
    unreadable: UnreadableField


class GroupView(BaseModel):
    """A client group and its switches, which count for members that have not set theirs."""

    group_id: str
    name: str
    settings: PortalSettings

    @classmethod
    def of(cls, group: Group) -> GroupView:
        """Show a group."""
        return cls(group_id=group.group_id, name=group.name, settings=group.settings)


class GroupListView(BaseModel):
    """A page of a provider's groups."""

    groups: list[GroupView]
    next_cursor: str | None
    unreadable: UnreadableField


class SettingsView(BaseModel):
    """What a provider has decided for all clients."""

    portal: PortalSettings
    safety: SafetySettings
    no_self_return: list[ArchiveReason]
    undo_window_days: int
    tidy_up: TidyUp | None
    time_zone: str

    @classmethod
    def of(cls, settings: ProviderSettings) -> SettingsView:
        """Show settings; the reasons are sorted."""
        return cls(
            portal=settings.portal,
            safety=settings.safety,
            no_self_return=sorted(settings.no_self_return),
            undo_window_days=settings.undo_window_days,
            tidy_up=settings.tidy_up,
            time_zone=settings.time_zone.key,
        )


class MemberView(BaseModel):
    """One client of a bulk archive: what was shown before it was confirmed, and what it came to.

    ``credits``, what is ``owed`` and what the payments not yet charged come to, ``scheduled``, are per currency.
    ``warnings`` and ``blocks`` are the safety rules that were shown, ``rules`` those that held the client back when its
    turn came. ``archive_id`` is the archive that the run made or, in an undo, the one that is undone. ``not_restored``
    names what an undo could not take back, the first hundred records; ``not_restored_total`` tells how many they are.
    ``made_good`` is what had come alive on a client that was archived already and was ended by this run, if anything
    had: the first hundred records, how many they are, and the archive whose receipt has them all.
    ``unreadable`` names what it failed for, if that is the reason.
    """

    client_id: str
    name: str | None
    status: Status
    credits: list[Amount]
    owed: list[Amount]
    upcoming_appointments: int
    scheduled_payments: int
    scheduled: list[Amount]
    warnings: list[SafetyRule]
    blocks: list[SafetyRule]
    outcome: Outcome
    reason: str | None
    rules: list[SafetyRule]
    archive_id: str | None
    not_restored: list[RestoredItemView]
    not_restored_total: int
    made_good: MadeGood | None
    unreadable: UnreadableField

    @classmethod
    def of(cls, member: Member, client: Client | None) -> MemberView:
        """Show a member with the name of its client, runs hold ids only; ``None`` if the client cannot be read."""
        facts: PreviewFacts = member.facts
        missing = member.not_restored or NotRestored()
        return cls(
            client_id=member.client_id,
            name=client.name if client else None,
            status=facts.status,
            credits=list(facts.credits),
            owed=list(facts.owed),
            upcoming_appointments=facts.upcoming_appointments,
            scheduled_payments=facts.scheduled_payments,
            scheduled=list(facts.scheduled),
            warnings=list(facts.warnings),
            blocks=list(facts.blocks),
            outcome=member.outcome,
            reason=member.reason,
            rules=list(member.rules),
            archive_id=member.archive_id or member.undoes,
            not_restored=[RestoredItemView.of(item) for item in missing.items],
            not_restored_total=sum(missing.counts.values()),
            made_good=member.made_good,
            unreadable=list(member.unreadable),
        )


class MemberListView(BaseModel):
    """A page of a bulk archive's clients."""

    clients: list[MemberView]
    next_cursor: str | None
    unreadable: UnreadableField


class RunView(BaseModel):
    """A bulk archive or the undo of one: its stage, its counts by outcome, and what is at stake.

    One that waits has the ``token`` to confirm it with. ``attempt`` counts the first start and every retry. A proposed
    one starts by itself at ``starts_at``, if there is such a moment. ``seconds_left`` is estimated from the pace of the
    present attempt. ``not_restored`` counts what an undo that has ended could not take back, by reason.
    """

    run_id: str
    kind: RunKind
    state: RunState
    group_id: str | None
    filter: ClientFilter | None
    left_out: int
    options: ArchiveOptions
    created_at: datetime
    created_by: str
    expires_at: datetime
    token: str | None
    starts_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    attempt: int
    undo_of: str | None
    undone_by: str | None
    totals: Totals
    counts: dict[Outcome, int]
    not_restored: dict[RestoreOutcome, int]
    not_restored_total: int
    percent_done: int
    seconds_left: int | None
    unreadable: UnreadableField

    @classmethod
    def of(cls, run: Run, at: datetime) -> RunView:
        """Show a run as it stands at this moment."""
        return cls(**_run_fields(run, at))


class RunListView(BaseModel):
    """A page of a provider's bulk archives and undoings, the newest first."""

    runs: list[RunView]
    next_cursor: str | None
    unreadable: UnreadableField


class PreviewView(RunView):
    """A bulk archive that waits to be confirmed, with the first page of its clients."""

    clients: list[MemberView]
    next_cursor: str | None

    @classmethod
    def with_first_page(cls, run: Run, page: MemberListView, at: datetime) -> PreviewView:
        """Show a run as the side panel does."""
        return cls(**_run_fields(run, at), clients=page.clients, next_cursor=page.next_cursor)


def _run_fields(run: Run, at: datetime) -> dict[str, Any]:
    clients = run.totals.clients
    told = {name: getattr(run, name) for name in RunView.model_fields if hasattr(run, name)}
    return {
        **told,
        "token": run.token if run.state in WAITING else None,
        "counts": dict(run.counts),
        "not_restored": dict(run.not_restored),
        "not_restored_total": sum(run.not_restored.values()),
        "unreadable": list(run.unreadable),
        "percent_done": 100 * (clients - run.counts[Outcome.PENDING]) // clients,
        "seconds_left": estimated_seconds_left(run, at),
    }
