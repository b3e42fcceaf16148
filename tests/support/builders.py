"""Clients, records, receipts and runs with sensible values, so that a test names only what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from client_lifecycle.domain.client import ArchivePlan, Cause, Client, Door, Group, PlanTerms, Source, Stamp, Trigger
from client_lifecycle.domain.effects import Change
from client_lifecycle.domain.imports.outcomes import ImportKind
from client_lifecycle.domain.imports.run import Import, ImportFormat, ImportState
from client_lifecycle.domain.members import Member, totals_of
from client_lifecycle.domain.money import Amount, Money
from client_lifecycle.domain.outcomes import OUTCOMES, RunKind
from client_lifecycle.domain.preview import PreviewFacts
from client_lifecycle.domain.receipts import Receipt, ReceiptState
from client_lifecycle.domain.records import (
    Appointment,
    Balance,
    ChatKind,
    Document,
    DocumentStatus,
    FeedEntry,
    Form,
    FormStatus,
    Membership,
    Payment,
    Recipient,
    Record,
    Reminder,
)
from client_lifecycle.domain.runs import Run, RunState, preview_token

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

PROVIDER_ID = "prov-oak"
OTHER_PROVIDER_ID = "prov-elm"
STAFF_ID = "staff-7"
GROUP_ID = "group-sleep"
ARCHIVE_ID = "01KJPZ0000ARCHVE0000000001"
RUN_ID = "01KJPZ0000RVN000000000001"


def appointment(record_id: str = "appt-1", **fields: Any) -> Appointment:
    """A session booked for tomorrow."""
    values: dict[str, Any] = {"record_id": record_id, "starts_at": NOW + DAY, "duration_minutes": 45}
    return Appointment(**values | fields)


def payment(record_id: str = "pay-1", **fields: Any) -> Payment:
    """75 dollars due tomorrow."""
    values: dict[str, Any] = {"record_id": record_id, "due_at": NOW + DAY, "amount_cents": 7_500, "currency": "USD"}
    return Payment(**values | fields)


def membership(record_id: str = "chat-1", chat_kind: ChatKind = ChatKind.GROUP, **fields: Any) -> Membership:
    """A place in a live group chat, taken last month."""
    values: dict[str, Any] = {"record_id": record_id, "chat_kind": chat_kind, "joined_at": NOW - 30 * DAY}
    return Membership(**values | fields)


def recipient(record_id: str = "blast-1", **fields: Any) -> Recipient:
    """A copy of a blast that goes out tomorrow."""
    values: dict[str, Any] = {"record_id": record_id, "send_at": NOW + DAY}
    return Recipient(**values | fields)


def feed_entry(record_id: str = "feed-1", **fields: Any) -> FeedEntry:
    """A line that the provider's feed has shown since yesterday."""
    values: dict[str, Any] = {"record_id": record_id, "subject": "Filled in a food journal", "created_at": NOW - DAY}
    return FeedEntry(**values | fields)


def reminder(record_id: str = "reminder-1", **fields: Any) -> Reminder:
    """A reminder for tomorrow."""
    values: dict[str, Any] = {"record_id": record_id, "goal_id": "goal-water", "remind_at": NOW + DAY}
    return Reminder(**values | fields)


def one_of_each() -> list[Record]:
    """One record of every kind that an archive touches, each of them its work."""
    return [appointment(), payment(), membership(), recipient(), feed_entry(), reminder()]


def document(record_id: str = "doc-1", **fields: Any) -> Document:
    """A document that the client sees."""
    return Document(**{"record_id": record_id, "status": DocumentStatus.SHARED} | fields)


def form(record_id: str = "form-1", **fields: Any) -> Form:
    """A form that the client is asked to fill in."""
    return Form(**{"record_id": record_id, "status": FormStatus.REQUESTED} | fields)


def balance(record_id: str = "balance", **fields: Any) -> Balance:
    """25 dollars to the client's credit, and no debt."""
    values: dict[str, Any] = {"record_id": record_id, "credit_cents": 2_500, "owed_cents": 0, "currency": "USD"}
    return Balance(**values | fields)


def untouched() -> list[Record]:
    """One record of every kind that no archive touches."""
    return [document(), form(), balance()]


def client(client_id: str = "client-1", **fields: Any) -> Client:
    """An active client."""
    values: dict[str, Any] = {
        "provider_id": PROVIDER_ID,
        "client_id": client_id,
        "name": "Wren Fairbrook",
        "email": f"wren.{client_id}@example.org",
        "added_at": NOW - 400 * DAY,
        "currency": "USD",
    }
    return Client(**values | fields)


def group(group_id: str = GROUP_ID, **fields: Any) -> Group:
    """A client group."""
    return Group(**{"provider_id": PROVIDER_ID, "group_id": group_id, "name": "Sleep Better"} | fields)


def cause(**fields: Any) -> Cause:
    """A staff user's doing."""
    return Cause(**{"source": Source.STAFF, "actor_id": STAFF_ID, "through": Door.API} | fields)


def stamp(archive_id: str = ARCHIVE_ID, **fields: Any) -> Stamp:
    """The mark of an archive at ``NOW``."""
    values: dict[str, Any] = {"archive_id": archive_id, "archived_at": NOW, "cause": cause()}
    return Stamp(**values | fields)


def terms(trigger: Trigger = Trigger.AFTER_LAST_APPOINTMENT, **fields: Any) -> PlanTerms:
    """What a provider plans, without a word on how."""
    return PlanTerms(**{"trigger": trigger} | fields)


def plan(of: PlanTerms | None = None, **fields: Any) -> ArchivePlan:
    """A staff user's plan of yesterday that waits to be looked at."""
    values: dict[str, Any] = {"planned_at": NOW - DAY, "planned_by": cause(), "check_at": NOW}
    return ArchivePlan(**{"terms": of or terms()} | values | fields)


def receipt(*changes: Change, **fields: Any) -> Receipt:
    """The settled receipt of an archive at ``NOW``."""
    values: dict[str, Any] = {
        "archive_id": ARCHIVE_ID,
        "archived_at": NOW,
        "cause": cause(),
        "state": ReceiptState.SETTLED,
        "changes": changes,
    }
    return Receipt(**values | fields)


def facts(**fields: Any) -> PreviewFacts:
    """What the panel shows about a client with nothing at stake."""
    nothing: dict[str, Any] = {"credits": (), "owed": (), "upcoming_appointments": 0}
    values: dict[str, Any] = {"status": "active", "scheduled_payments": 0, "scheduled": ()}
    return PreviewFacts(**nothing | values | fields)


def money(**cents: int) -> Money:
    """Amounts by currency, like ``money(EUR=1_200)``, in the order of their codes."""
    return tuple(Amount(currency=currency, cents=amount) for currency, amount in sorted(cents.items()))


def member(position: int = 0, client_id: str | None = None, **fields: Any) -> Member:
    """A client's place in a run."""
    values: dict[str, Any] = {"client_id": client_id or f"client-{position}", "position": position, "facts": facts()}
    return Member(**values | fields)


def run(members: Sequence[Member] = (), **fields: Any) -> Run:
    """A run that waits to be confirmed."""
    expires_at = NOW + HOUR
    values: dict[str, Any] = {
        "provider_id": PROVIDER_ID,
        "run_id": RUN_ID,
        "state": RunState.AWAITING_CONFIRMATION,
        "created_at": NOW,
        "created_by": STAFF_ID,
        "expires_at": expires_at,
        "token": preview_token(RUN_ID, members, expires_at),
        "totals": totals_of(members),
        "counts": {outcome: sum(one.outcome is outcome for one in members) for outcome in OUTCOMES[RunKind.ARCHIVE]},
    }
    return Run(**values | fields)


def an_import(**fields: Any) -> Import:
    """An import of clients that waits for its file."""
    values: dict[str, Any] = {
        "provider_id": PROVIDER_ID,
        "import_id": "import-1",
        "kind": ImportKind.CLIENTS,
        "format": ImportFormat.CSV,
        "source": "crm",
        "state": ImportState.AWAITING_UPLOAD,
        "created_at": NOW,
        "created_by": STAFF_ID,
        "expires_at": NOW + 30 * DAY,
    }
    return Import(**values | fields)
