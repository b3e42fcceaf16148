"""The records that belong to a client.

Every record tells how long it *lives*: until when an archive still has to look at it. That is the whole of what storage
needs to find an archive's work in one query, however long the client's history is. Documents, forms and the balance
never live: no archive touches them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal, TypeAlias

from msgspec import Struct

FOREVER = datetime.max.replace(tzinfo=UTC)

LONGEST_APPOINTMENT = timedelta(days=1)


class RecordKind(StrEnum):
    """What a record is; also part of its key."""

    APPOINTMENT = "appointment"
    PAYMENT = "payment"
    MEMBERSHIP = "membership"
    RECIPIENT = "recipient"
    FEED_ENTRY = "feed_entry"
    REMINDER = "reminder"
    DOCUMENT = "document"
    FORM = "form"
    BALANCE = "balance"


class AppointmentStatus(StrEnum):
    """``booked`` is the only one that an archive cancels."""

    BOOKED = "booked"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Appointment(Struct, frozen=True, kw_only=True):
    """A meeting of client and provider. Each occurrence of a recurring series is one, sharing ``series_id``.

    ``booked_at`` is when it was booked, or moved to its slot, as far as the calendar has said; nothing else changes it.
    ``calendar_id`` is the calendar whose slot it takes, where a provider has several (A1).
    """

    kind: Literal[RecordKind.APPOINTMENT] = RecordKind.APPOINTMENT
    record_id: str
    starts_at: datetime
    duration_minutes: int
    status: AppointmentStatus = AppointmentStatus.BOOKED
    series_id: str | None = None
    type: str | None = None
    booked_at: datetime | None = None
    calendar_id: str | None = None
    cancelled_by: str | None = None
    cancelled_at: datetime | None = None

    @property
    def ends_at(self) -> datetime:
        """When it is over."""
        return self.starts_at + timedelta(minutes=self.duration_minutes)

    def is_upcoming(self, at: datetime) -> bool:
        """Tell whether it is booked and starts after a moment."""
        return self.status is AppointmentStatus.BOOKED and self.starts_at > at

    @property
    def lives_until(self) -> datetime | None:
        """A booked appointment lives until it starts."""
        return self.starts_at if self.status is AppointmentStatus.BOOKED else None


class PaymentStatus(StrEnum):
    """``charging`` is in the hands of the card network and can no longer be called back."""

    SCHEDULED = "scheduled"
    CHARGING = "charging"
    CHARGED = "charged"
    CANCELLED = "cancelled"


class Payment(Struct, frozen=True, kw_only=True):
    """Money to be charged to the client at ``due_at``."""

    kind: Literal[RecordKind.PAYMENT] = RecordKind.PAYMENT
    record_id: str
    due_at: datetime
    amount_cents: int
    currency: str
    status: PaymentStatus = PaymentStatus.SCHEDULED
    cancelled_by: str | None = None
    cancelled_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is neither charged nor cancelled, however late it is."""
        return self.status in (PaymentStatus.SCHEDULED, PaymentStatus.CHARGING)

    @property
    def lives_until(self) -> datetime | None:
        """A payment lives as long as it is open."""
        return FOREVER if self.is_open else None


class ChatKind(StrEnum):
    """A ``direct`` chat joins one client and the provider; a ``group`` chat is live; a ``community`` stays (E3)."""

    GROUP = "group"
    COMMUNITY = "community"
    DIRECT = "direct"


class Membership(Struct, frozen=True, kw_only=True):
    """The client's place in a chat; ``record_id`` is the chat's id."""

    kind: Literal[RecordKind.MEMBERSHIP] = RecordKind.MEMBERSHIP
    record_id: str
    chat_kind: ChatKind
    joined_at: datetime
    left_at: datetime | None = None

    @property
    def lives_until(self) -> datetime | None:
        """Only a group chat is left on archiving (E2); the others are never an archive's work."""
        return FOREVER if self.chat_kind is ChatKind.GROUP and self.left_at is None else None


class RecipientStatus(StrEnum):
    """What becomes of one client's copy of a message blast."""

    PENDING = "pending"
    SENT = "sent"
    WITHDRAWN = "withdrawn"


class Recipient(Struct, frozen=True, kw_only=True):
    """The client as a recipient of a message blast; ``record_id`` is the blast's id."""

    kind: Literal[RecordKind.RECIPIENT] = RecordKind.RECIPIENT
    record_id: str
    send_at: datetime
    status: RecipientStatus = RecipientStatus.PENDING

    @property
    def lives_until(self) -> datetime | None:
        """Until the blast is really sent, even when that is later than planned."""
        return FOREVER if self.status is RecipientStatus.PENDING else None


class FeedEntry(Struct, frozen=True, kw_only=True):
    """A line about the client in the provider's notification feed."""

    kind: Literal[RecordKind.FEED_ENTRY] = RecordKind.FEED_ENTRY
    record_id: str
    subject: str
    created_at: datetime
    hidden_at: datetime | None = None

    @property
    def lives_until(self) -> datetime | None:
        """As long as it is shown."""
        return FOREVER if self.hidden_at is None else None


class ReminderStatus(StrEnum):
    """A ``suppressed`` reminder is never sent; it may be restored."""

    PENDING = "pending"
    SENT = "sent"
    SUPPRESSED = "suppressed"


class Reminder(Struct, frozen=True, kw_only=True):
    """A push message or e-mail that reminds the client of a goal."""

    kind: Literal[RecordKind.REMINDER] = RecordKind.REMINDER
    record_id: str
    goal_id: str
    remind_at: datetime
    status: ReminderStatus = ReminderStatus.PENDING

    @property
    def lives_until(self) -> datetime | None:
        """Until it is really sent."""
        return FOREVER if self.status is ReminderStatus.PENDING else None


class DocumentStatus(StrEnum):
    """A ``hidden`` document was shared or requested before; that is how it is un-shared (P9)."""

    SHARED = "shared"
    REQUESTED = "requested"
    HIDDEN = "hidden"


class Document(Struct, frozen=True, kw_only=True):
    """A document between client and provider: its id and whether the client sees it, never its title (P7)."""

    kind: Literal[RecordKind.DOCUMENT] = RecordKind.DOCUMENT
    record_id: str
    status: DocumentStatus

    @property
    def lives_until(self) -> datetime | None:
        """What is visible stays visible (P9)."""
        return None


class FormStatus(StrEnum):
    """A ``withdrawn`` form is no longer asked for; a ``submitted`` one was filled in."""

    REQUESTED = "requested"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"


class Form(Struct, frozen=True, kw_only=True):
    """A form that the client is asked to fill in: its id and how far it is, never what it asks (P8)."""

    kind: Literal[RecordKind.FORM] = RecordKind.FORM
    record_id: str
    status: FormStatus

    @property
    def lives_until(self) -> datetime | None:
        """A form that was asked for before may still be filled in (P9)."""
        return None


class Balance(Struct, frozen=True, kw_only=True):
    """What the client has to its credit and what it owes, as billing last told; both amounts are the client's (I16)."""

    kind: Literal[RecordKind.BALANCE] = RecordKind.BALANCE
    record_id: str
    credit_cents: int
    owed_cents: int
    currency: str

    @property
    def lives_until(self) -> datetime | None:
        """An archive changes no amount (E11)."""
        return None


UntouchedRecord: TypeAlias = Document | Form | Balance
"""A record that no archive touches."""

Record: TypeAlias = Appointment | Payment | Membership | Recipient | FeedEntry | Reminder | UntouchedRecord
