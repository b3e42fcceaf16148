"""What other systems tell of a client's records, and what becomes of each thing told (I1-I17).

A *source* tells one record's whole state at a time; a change is judged against what is kept of the record and against
the client, and against nothing else: no clock orders anything, and what is refused leaves nothing behind. The judgement
also says what the transaction that stores it must find of the client, so that it is still right when it is committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from client_lifecycle.domain.client import Client, with_last_active
from client_lifecycle.domain.effects import CANCELLED_BY_ARCHIVE, Change, all_effects
from client_lifecycle.domain.policy import TABLE, Action
from client_lifecycle.domain.records import (
    Appointment,
    AppointmentStatus,
    Balance,
    ChatKind,
    Document,
    DocumentStatus,
    FeedEntry,
    Form,
    FormStatus,
    Membership,
    Payment,
    PaymentStatus,
    Recipient,
    Record,
    RecordKind,
    Reminder,
)

REMOVED = "removed"


class IntakeOutcome(StrEnum):
    """What becomes of a change; each has exactly one of these (I19)."""

    STORED = "stored"
    UNCHANGED = "unchanged"
    STALE = "stale"
    REFUSED = "refused"
    INVALID = "invalid"


class IntakeRefusal(StrEnum):
    """Why a well-formed change is refused, for machines; an unknown client is only on the bus, a call gets 404."""

    CLIENT_ARCHIVED = "client_archived"
    VERSION_REUSED = "version_reused"
    OTHER_SOURCE = "other_source"
    UNKNOWN_CLIENT = "unknown_client"


class Guard(IntEnum):
    """What a transaction that stores changes must find of the client, the weakest first.

    ``NOTHING``: what is told would be stored whatever the client is. ``STILL_ACTIVE``: it would be refused if the
    client were archived. ``RAISE_REVISION``: the same, and an archive that has not seen it must not be committed (I15).
    ``STILL_ARCHIVED``: it was judged under the client's stamp.
    """

    NOTHING = 0
    STILL_ACTIVE = 1
    RAISE_REVISION = 2
    STILL_ARCHIVED = 3


Place: TypeAlias = tuple[RecordKind, str]
"""A record of a client by kind and id."""


class IncomingChange(Struct, frozen=True, kw_only=True):
    """One record's whole state at one version, as its source tells it (I1).

    ``record`` is ``None`` if the source has removed it (I12). ``digest`` is the same for the same content (I2).
    """

    kind: RecordKind
    record_id: str
    version: int
    digest: str
    record: Record | None = None

    @property
    def place(self) -> Place:
        """Which record of the client it is about."""
        return self.kind, self.record_id


class Kept(Struct, frozen=True, kw_only=True):
    """What is kept of one record, and beside it whose it is and what its source last said.

    ``record`` is ``None`` if it was removed, or nobody has ever told of it. ``source``, ``version`` and ``digest`` are
    those of the last change that was stored; a record that no source has told of yet has none. ``ended_by`` is the
    archive that ended the record, for as long as it stays so.
    """

    record: Record | None = None
    source: str | None = None
    version: int | None = None
    digest: str | None = None
    ended_by: str | None = None

    @property
    def is_ended_by_archive(self) -> bool:
        """Whether an archive ended the record; before ``ended_by`` was kept, cancellations alone told so."""
        return self.ended_by is not None or getattr(self.record, "cancelled_by", None) == CANCELLED_BY_ARCHIVE


UNKNOWN = Kept()
"""What is kept of a record that nobody has told of."""


class Judgement(Struct, frozen=True, kw_only=True):
    """What becomes of one change.

    ``after`` is what is kept then: what was kept before unless the change is ``stored``. ``refusal`` and ``rule`` say
    why it is refused. ``made_good`` is what the client's archive does at once to what was told (I10).
    ``charged_anyway`` tells that a payment which an archive cancelled is charged all the same (I11).
    """

    incoming: IncomingChange
    outcome: IntakeOutcome
    after: Kept
    guard: Guard = Guard.NOTHING
    refusal: IntakeRefusal | None = None
    rule: str | None = None
    made_good: Change | None = None
    charged_anyway: bool = False

    @property
    def differs(self) -> bool:
        """Whether what is kept has another status or version than what was told, so that the source must know."""
        return (status_of(self.after.record), self.after.version) != (
            status_of(self.incoming.record),
            self.incoming.version,
        )


def status_of(record: Record | None) -> str:
    """Name the state that a record is in; one that was removed has a state too (I12)."""
    match record:
        case None:
            return REMOVED
        case Appointment() | Payment() | Recipient() | Reminder() | Document() | Form():
            return record.status.value
        case Membership():
            return "left" if record.left_at else "joined"
        case FeedEntry():
            return "hidden" if record.hidden_at else "shown"
        case Balance():
            return "told"
        case _:
            assert_never(record)


def judge_all(
    changes: Iterable[IncomingChange], kept: Mapping[Place, Kept], source: str, client: Client, at: datetime
) -> list[Judgement]:
    """Judge changes in their order; of two of one record, the second is judged on what the first leaves.

    Args:
        changes: what is told, of one client.
        kept: what is kept of these records; of one that is not in it, nothing is.
        source: who tells it.
        client: as read.
        at: the present moment, UTC.
    """
    standing = dict(kept)
    judgements = []
    for incoming in changes:
        judgement = judge(incoming, standing.get(incoming.place, UNKNOWN), source, client, at)
        standing[incoming.place] = judgement.after
        judgements.append(judgement)
    return judgements


def judge(incoming: IncomingChange, kept: Kept, source: str, client: Client, at: datetime) -> Judgement:
    """Judge one change (I1-I16).

    Args:
        incoming: what the source tells.
        kept: what is kept of the record.
        source: who tells it.
        client: as read; an archived client carries its stamp.
        at: the present moment, UTC: which appointments are still ahead, when one was booked or cancelled.
    """
    if kept.source not in (None, source):
        return _refused(incoming, kept, IntakeRefusal.OTHER_SOURCE, "I13")
    if kept.version is not None and incoming.version <= kept.version:
        return _not_newer(incoming, kept)
    if incoming.record is None:
        return _stored(incoming, source, record=None)
    if kept.is_ended_by_archive and status_of(incoming.record) == status_of(kept.record):
        return _stored(incoming, source, record=kept.record, ended_by=kept.ended_by)
    if client.stamp and _fell_back(incoming.record, kept.record):
        return _cancelled_at_once(incoming, incoming.record, source, client.stamp.archive_id, at)
    if client.stamp and (rule := _refusing_rule(incoming.record, kept.record, at)):
        return _refused(incoming, kept, IntakeRefusal.CLIENT_ARCHIVED, rule)
    record = _with_booked_at(incoming.record, kept.record, at)
    return replace(
        _stored(incoming, source, record),
        guard=_guard(record, kept.record, client, at),
        charged_anyway=_is_charged_anyway(record, kept.record),
    )


def _not_newer(incoming: IncomingChange, kept: Kept) -> Judgement:
    """Judge a change of a version that was stored already, or is lower (I2)."""
    if incoming.version != kept.version:
        return Judgement(incoming=incoming, outcome=IntakeOutcome.STALE, after=kept)
    if incoming.digest != kept.digest:
        return _refused(incoming, kept, IntakeRefusal.VERSION_REUSED, "I2")
    return Judgement(incoming=incoming, outcome=IntakeOutcome.UNCHANGED, after=kept)


def _refused(incoming: IncomingChange, kept: Kept, refusal: IntakeRefusal, rule: str) -> Judgement:
    return Judgement(incoming=incoming, outcome=IntakeOutcome.REFUSED, after=kept, refusal=refusal, rule=rule)


def _stored(incoming: IncomingChange, source: str, record: Record | None, ended_by: str | None = None) -> Judgement:
    after = Kept(record=record, source=source, version=incoming.version, digest=incoming.digest, ended_by=ended_by)
    return Judgement(incoming=incoming, outcome=IntakeOutcome.STORED, after=after)


def _fell_back(record: Record, before: Record | None) -> bool:
    """Tell whether a payment that was being charged is scheduled again (I10)."""
    match before, record:
        case Payment(status=PaymentStatus.CHARGING), Payment(status=PaymentStatus.SCHEDULED):
            return True
        case _:
            return False


def _cancelled_at_once(
    incoming: IncomingChange, record: Record, source: str, archive_id: str, at: datetime
) -> Judgement:
    """End what was told under the archive that the client is under (I10)."""
    [change] = all_effects([record], at).changes
    stored = _stored(incoming, source, change.after, ended_by=archive_id)
    return replace(stored, guard=Guard.STILL_ARCHIVED, made_good=change)


def _refusing_rule(record: Record, before: Record | None, at: datetime) -> str | None:
    """Return the rule by which a record of an archived client may not become so, if there is one (I4, I5)."""
    if all_effects([record], at).changes:
        return "I4"
    action = _begun(record, before)
    if action is None or TABLE[action].while_archived:
        return None
    return TABLE[action].number


def _begun(record: Record, before: Record | None) -> Action | None:
    """Name what begins with a record, of what the policy decides on; staying as it was is no beginning (P9)."""
    match record:
        case Membership(left_at=None, chat_kind=chat_kind):
            stays = isinstance(before, Membership) and before.left_at is None and before.chat_kind is chat_kind
            return None if stays else JOINING[chat_kind]
        case Document(status=status):
            stays = isinstance(before, Document) and before.status is status
            return None if stays else SHOWING[status]
        case Form(status=FormStatus.REQUESTED):
            stays = isinstance(before, Form) and before.status is FormStatus.REQUESTED
            return None if stays else Action.REQUEST_FORM
        case Appointment() | Payment() | Membership() | Recipient() | FeedEntry() | Reminder():
            return None
        case Form() | Balance():
            return None
        case _:
            assert_never(record)


JOINING: Mapping[ChatKind, Action | None] = {
    ChatKind.COMMUNITY: Action.JOIN_COMMUNITY_CHAT,
    ChatKind.DIRECT: Action.START_CHAT,
    ChatKind.GROUP: None,
}
"""What a new place in a chat is; one in a group chat is an effect's affair (E2)."""

SHOWING: Mapping[DocumentStatus, Action | None] = {
    DocumentStatus.SHARED: Action.SHARE_DOCUMENT,
    DocumentStatus.REQUESTED: Action.REQUEST_DOCUMENT,
    DocumentStatus.HIDDEN: None,
}
"""What a document's new state is."""


def _guard(record: Record, before: Record | None, client: Client, at: datetime) -> Guard:
    """Say what must hold when a record is stored: an archive has to know what is live, and what a rule reads (S1)."""
    is_live = record.lives_until is not None and record.lives_until > at
    if is_live or isinstance(record, Balance):
        return Guard.STILL_ARCHIVED if client.stamp else Guard.RAISE_REVISION
    if client.stamp is None and _refusing_rule(record, before, at):
        return Guard.STILL_ACTIVE
    return Guard.NOTHING


def _with_booked_at(record: Record, before: Record | None, at: datetime) -> Record:
    """Return an appointment with the moment it was booked or moved to its slot, if its calendar does not tell (A1).

    It is the moment of telling for one that is new, has moved or takes longer; otherwise it stays what it was.
    """
    if not isinstance(record, Appointment) or record.booked_at:
        return record
    is_booked = record.status is AppointmentStatus.BOOKED
    if isinstance(before, Appointment) and _keeps_slot(record, before):
        return replace(record, booked_at=before.booked_at)
    return replace(record, booked_at=at) if is_booked else record


def _keeps_slot(record: Appointment, before: Appointment) -> bool:
    if record.status is AppointmentStatus.BOOKED and before.status is not AppointmentStatus.BOOKED:
        return False
    is_no_longer = record.duration_minutes <= before.duration_minutes
    return is_no_longer and (record.starts_at, record.calendar_id) == (before.starts_at, before.calendar_id)


def _is_charged_anyway(record: Record, before: Record | None) -> bool:
    """Tell whether a payment that an archive cancelled is being charged, or was (I11)."""
    was_cancelled = isinstance(before, Payment) and before.cancelled_by == CANCELLED_BY_ARCHIVE
    is_charged = isinstance(record, Payment) and record.status in (PaymentStatus.CHARGING, PaymentStatus.CHARGED)
    return was_cancelled and is_charged


def guard_of(judgements: Sequence[Judgement]) -> Guard:
    """Return what one transaction that stores all these changes must find of the client."""
    return max((one.guard for one in judgements), default=Guard.NOTHING)


def seen_active(client: Client, told_at: datetime, at: datetime) -> Client:
    """Return a client as active when a source saw it: never earlier than known, never ahead of now (I17)."""
    return with_last_active(client, min(told_at, at))


def with_balance(client: Client, judgements: Iterable[Judgement]) -> Client:
    """Return a client with the balance that was told last, if one was stored; it replaces both amounts (I16)."""
    for judgement in judgements:
        balance = judgement.after.record
        if judgement.outcome is IntakeOutcome.STORED and isinstance(balance, Balance):
            client = replace(
                client,
                credit_cents=balance.credit_cents,
                owed_cents=balance.owed_cents,
                currency=balance.currency,
            )
    return client
