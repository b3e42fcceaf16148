"""What sources send: changes of one client's records, the same whether they call or publish, and the answer.

A change that is malformed harms no other: it is read for itself, and answered for itself (I19).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeAlias

from msgspec.structs import asdict
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from client_lifecycle.domain.client import Status
from client_lifecycle.domain.intake import IncomingChange, IntakeOutcome, IntakeRefusal
from client_lifecycle.domain.intake_answers import Result, result_of
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
    RecipientStatus,
    Record,
    RecordKind,
    Reminder,
    ReminderStatus,
)
from client_lifecycle.edge.bodies import AsWhole, Body, ExternalId, IdField, Text, Whole, not_given
from client_lifecycle.edge.bookings import A_DAY_IN_MINUTES, ForeignId
from client_lifecycle.edge.field_errors import FieldError, Misfit
from client_lifecycle.edge.id_forms import FOREIGN_ID_PATTERN
from client_lifecycle.edge.moments import Moment
from client_lifecycle.edge.reading import MAX_ERRORS, known_place, path_of
from client_lifecycle.use_cases.record import Delivery, EventDelivery, Recorded

MAX_CHANGES = 50
"""The most that one request tells: the records, the client, a part of a receipt and two lines fit in a transaction."""

MAX_VERSION = 10**15
MAX_CENTS = 10**12

Version = Annotated[int, Field(ge=1, le=MAX_VERSION, description="Rises with each change of the record."), AsWhole]
Cents = Annotated[int, Field(ge=0, le=MAX_CENTS), AsWhole]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class _Change(Body):
    """One record's whole state; ``id`` and ``version`` are its source's own."""

    id: ForeignId
    version: Version

    def record(self) -> Record | None:
        """Return the record as it is told, ``None`` if it was removed."""
        raise NotImplementedError

    def incoming(self, kind: RecordKind) -> IncomingChange:
        """Return the change; its digest is the same for the same content, however it is written."""
        said = self.model_dump(mode="json", exclude={"version"}, exclude_none=True)
        digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
        return IncomingChange(kind=kind, record_id=self.id, version=self.version, digest=digest, record=self.record())


class AppointmentChange(_Change):
    """An appointment. ``booked_at`` is when it was booked or moved to its slot; if left out, when it is told of."""

    kind: Literal["appointment"]
    status: Annotated[AppointmentStatus, Field(strict=False)]
    start: Moment
    duration_minutes: Whole = Field(ge=1, le=A_DAY_IN_MINUTES)
    type: Annotated[Text, Field(min_length=1, max_length=64)] | None = None
    series_id: ForeignId | None = None
    calendar_id: ForeignId | None = None
    booked_at: Moment | None = None
    cancelled_at: Moment | None = None

    def record(self) -> Record:
        """Return the appointment."""
        return Appointment(
            record_id=self.id,
            starts_at=self.start,
            duration_minutes=self.duration_minutes,
            status=self.status,
            type=self.type,
            series_id=self.series_id,
            calendar_id=self.calendar_id,
            booked_at=self.booked_at,
            cancelled_at=self.cancelled_at,
        )


class PaymentChange(_Change):
    """A payment; once ``charging`` it is out of reach."""

    kind: Literal["payment"]
    status: Annotated[PaymentStatus, Field(strict=False)]
    due_at: Moment
    amount_cents: Cents
    currency: Currency
    cancelled_at: Moment | None = None

    def record(self) -> Record:
        """Return the payment."""
        return Payment(
            record_id=self.id,
            due_at=self.due_at,
            amount_cents=self.amount_cents,
            currency=self.currency,
            status=self.status,
            cancelled_at=self.cancelled_at,
        )


class MembershipChange(_Change):
    """The client's place in a chat; ``id`` is the chat's. It is left from ``left_at`` on."""

    kind: Literal["membership"]
    chat_kind: Annotated[ChatKind, Field(strict=False)]
    joined_at: Moment
    left_at: Moment | None = None

    def record(self) -> Record:
        """Return the membership."""
        return Membership(record_id=self.id, chat_kind=self.chat_kind, joined_at=self.joined_at, left_at=self.left_at)


class RecipientChange(_Change):
    """The client's copy of a message blast; ``id`` is the blast's."""

    kind: Literal["recipient"]
    status: Annotated[RecipientStatus, Field(strict=False)]
    send_at: Moment

    def record(self) -> Record:
        """Return the recipient."""
        return Recipient(record_id=self.id, send_at=self.send_at, status=self.status)


class FeedEntryChange(_Change):
    """A line in the provider's feed; it is hidden from ``hidden_at`` on."""

    kind: Literal["feed_entry"]
    subject: Annotated[Text, Field(min_length=1, max_length=200)]
    created_at: Moment
    hidden_at: Moment | None = None

    def record(self) -> Record:
        """Return the entry."""
        return FeedEntry(record_id=self.id, subject=self.subject, created_at=self.created_at, hidden_at=self.hidden_at)


class ReminderChange(_Change):
    """A reminder of a goal."""

    kind: Literal["reminder"]
    status: Annotated[ReminderStatus, Field(strict=False)]
    goal_id: ForeignId
    remind_at: Moment

    def record(self) -> Record:
        """Return the reminder."""
        return Reminder(record_id=self.id, goal_id=self.goal_id, remind_at=self.remind_at, status=self.status)


class DocumentChange(_Change):
    """A document: whether the client sees it, or is asked for it. Never its title."""

    kind: Literal["document"]
    status: Annotated[DocumentStatus, Field(strict=False)]

    def record(self) -> Record:
        """Return the document."""
        return Document(record_id=self.id, status=self.status)


class FormChange(_Change):
    """A form: how far it is. Never what it asks."""

    kind: Literal["form"]
    status: Annotated[FormStatus, Field(strict=False)]

    def record(self) -> Record:
        """Return the form."""
        return Form(record_id=self.id, status=self.status)


class BalanceChange(_Change):
    """What the client has to its credit and what it owes; it replaces both amounts (I16). There is one per client."""

    kind: Literal["balance"]
    id: Literal["balance"] = "balance"
    credit_cents: Cents
    owed_cents: Cents
    currency: Currency

    def record(self) -> Record:
        """Return the balance."""
        return Balance(
            record_id=self.id,
            credit_cents=self.credit_cents,
            owed_cents=self.owed_cents,
            currency=self.currency,
        )


RemovableKind: TypeAlias = Literal[
    "appointment", "payment", "membership", "recipient", "feed_entry", "reminder", "document", "form"
]


class RemovedChange(_Change):
    """A record that its source has removed, of any kind but the balance (I12)."""

    kind: RemovableKind
    removed: Literal[True]

    def record(self) -> None:
        """Return that there is none any more."""


REMOVED = "removed"


def _shape_of(change: Any) -> str | None:
    if not isinstance(change, dict):
        return None
    return REMOVED if change.get(REMOVED) is True else change.get("kind")


AnyChange: TypeAlias = Annotated[
    Annotated[AppointmentChange, Tag("appointment")]
    | Annotated[PaymentChange, Tag("payment")]
    | Annotated[MembershipChange, Tag("membership")]
    | Annotated[RecipientChange, Tag("recipient")]
    | Annotated[FeedEntryChange, Tag("feed_entry")]
    | Annotated[ReminderChange, Tag("reminder")]
    | Annotated[DocumentChange, Tag("document")]
    | Annotated[FormChange, Tag("form")]
    | Annotated[BalanceChange, Tag("balance")]
    | Annotated[RemovedChange, Tag(REMOVED)],
    Discriminator(_shape_of),
]


class Malformed(BaseModel):
    """A change that cannot be read: what it says it is about, as far as that can be told, and what is wrong with it.

    ``errors`` is for the sender. ``known_fields`` are the fields at fault as anybody may read them.
    """

    model_config = ConfigDict(frozen=True)

    kind: str | None = None
    id: str | None = None
    version: int | None = None
    errors: list[FieldError]
    known_fields: list[str]


def _or_malformed(change: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(change)
    except ValidationError as fault:
        return _malformed(change, fault)


def _malformed(change: Any, fault: ValidationError) -> Malformed:
    given = change if isinstance(change, dict) else {}
    found = fault.errors(include_url=False, include_input=False)[:MAX_ERRORS]
    kind, record_id, version = given.get("kind"), given.get("id"), given.get("version")
    return Malformed(
        kind=kind if kind in list(RecordKind) else None,
        id=record_id if isinstance(record_id, str) and len(record_id) <= MAX_ID else None,
        version=version if type(version) is int and 0 < version <= MAX_VERSION else None,
        errors=[FieldError.of(one, path_of(_place(one["loc"]))) for one in found],
        known_fields=sorted({path_of(_place(known_place(one["type"], one["loc"]))) for one in found}),
    )


MAX_ID = 128


def _place(place: Sequence[str | int]) -> Sequence[str | int]:
    """Return a fault's place without the name of the shape, which the sender does not know."""
    return place[1:] or ["kind"]


class RecordsBody(Body):
    """What a source tells of one client; ``client_active_at`` is when it last saw the client do something (I17).

    The client is named by its id here, or by its id in the source (I14).
    """

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["client_id"]}, {"required": ["client_external_id"]}]}
    )

    provider_id: IdField
    client_id: IdField = Field(default_factory=not_given)
    client_external_id: ExternalId = Field(default_factory=not_given)
    client_active_at: Moment | None = None
    changes: Annotated[
        list[Annotated[AnyChange, WrapValidator(_or_malformed)]], Field(min_length=1, max_length=MAX_CHANGES)
    ]

    @model_validator(mode="after")
    def _names_one_client(self) -> RecordsBody:
        if len(self.model_fields_set & {"client_id", "client_external_id"}) != 1:
            raise Misfit("one_client_id", "a client is named by client_id or by client_external_id")
        return self

    @property
    def read(self) -> list[AnyChange | Malformed]:
        """The changes as they could be read."""
        return [*self.changes]

    def delivery(self, source: str) -> Delivery:
        """Return what is told of it that can be read."""
        return Delivery(
            client_id=self.client_id,
            external_id=self.client_external_id,
            source=source,
            changes=[one.incoming(RecordKind(one.kind)) for one in self.read if not isinstance(one, Malformed)],
            active_at=self.client_active_at,
        )


class EventBody(RecordsBody):
    """What a source tells on the bus: the same, and the source's own id of the event."""

    event_id: ForeignId

    def event_delivery(self, source: str, digest: str) -> EventDelivery:
        """Return what is told of it that can be read, and the results of what cannot."""
        return EventDelivery(
            event_id=self.event_id,
            digest=digest,
            delivery=self.delivery(source),
            malformed=[
                Result(
                    kind=one.kind,
                    id=one.id if re.fullmatch(FOREIGN_ID_PATTERN, one.id or "") else None,
                    version=one.version,
                    outcome=IntakeOutcome.INVALID,
                    fields=tuple(f"changes[{place}].{field}" for field in one.known_fields),
                )
                for place, one in enumerate(self.read)
                if isinstance(one, Malformed)
            ],
        )


class OursView(BaseModel):
    """What is kept of a record here, where that is something else than what was told."""

    version: int | None
    status: str
    cancelled_by: str | None
    archive_id: str | None


class ResultView(BaseModel):
    """What became of one change: exactly one outcome, and why where it was not stored (I19)."""

    kind: str | None
    id: str | None
    version: int | None
    outcome: IntakeOutcome
    reason: IntakeRefusal | None = None
    rule: str | None = None
    ours: OursView | None = None
    use: str | None = Field(default=None, description="The event or call that is right instead.")
    errors: list[FieldError] = Field(default_factory=list)

    @classmethod
    def of(cls, result: Result) -> ResultView:
        """Show what became of a change."""
        return cls(
            kind=result.kind,
            id=result.id,
            version=result.version,
            outcome=result.outcome,
            reason=result.reason,
            rule=result.rule,
            ours=OursView(**asdict(result.ours)) if result.ours else None,
            use=result.use,
        )


class RecordsView(BaseModel):
    """The answer: one result for each change, in their order."""

    client_id: str
    client_status: Status
    dry_run: bool
    results: list[ResultView]

    @classmethod
    def of(cls, body: RecordsBody, recorded: Recorded, *, is_dry_run: bool) -> RecordsView:
        """Show what became of what was told."""
        judged = iter(recorded.judgements)
        return cls(
            client_id=recorded.client.client_id,
            client_status=recorded.client.status,
            dry_run=is_dry_run,
            results=[
                ResultView(
                    kind=one.kind, id=one.id, version=one.version, outcome=IntakeOutcome.INVALID, errors=one.errors
                )
                if isinstance(one, Malformed)
                else ResultView.of(result_of(next(judged)))
                for one in body.read
            ],
        )
