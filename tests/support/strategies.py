"""Every value the domain can hold, for property tests. Names and texts are any text; moments are any UTC moment."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import (
    ArchiveOptions,
    ArchivePlan,
    Cause,
    Client,
    Group,
    PlanTerms,
    Reactivation,
    Source,
    Stamp,
    Trigger,
)
from client_lifecycle.domain.effects import Change, LeftAlone, LeftAloneReason, all_effects
from client_lifecycle.domain.labels import Label
from client_lifecycle.domain.members import Member, Totals
from client_lifecycle.domain.money import Amount, per_currency
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.preview import PreviewFacts
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent, Receipt, ReceiptState
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
from client_lifecycle.domain.runs import MAX_CLIENTS, Run, RunState
from client_lifecycle.domain.settings import PortalSettings, SafetyRule
from tests.support.builders import DAY, NOW

ids = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20)
texts = st.text(max_size=40)
counts = st.integers(min_value=0, max_value=10_000)
cents = st.integers(min_value=-(10**12), max_value=10**12)
currencies = st.sampled_from(["CHF", "EUR", "USD"])
switches = st.none() | st.booleans()

far_moments = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
near_moments = st.timedeltas(min_value=-2 * DAY, max_value=2 * DAY).map(lambda ahead: NOW + ahead)
moments = near_moments | far_moments
"""Half of them close to ``NOW``, where the rules make their distinctions."""

appointments = st.builds(
    Appointment,
    record_id=ids,
    starts_at=moments,
    duration_minutes=counts,
    status=st.sampled_from(AppointmentStatus),
    series_id=st.none() | ids,
    cancelled_by=st.none() | ids,
    cancelled_at=st.none() | moments,
)
payments = st.builds(
    Payment,
    record_id=ids,
    due_at=moments,
    amount_cents=cents,
    currency=currencies | texts,
    status=st.sampled_from(PaymentStatus),
    cancelled_by=st.none() | ids,
    cancelled_at=st.none() | moments,
)
memberships = st.builds(
    Membership,
    record_id=ids,
    chat_kind=st.sampled_from(ChatKind),
    joined_at=moments,
    left_at=st.none() | moments,
)
recipients = st.builds(Recipient, record_id=ids, send_at=moments, status=st.sampled_from(RecipientStatus))
feed_entries = st.builds(FeedEntry, record_id=ids, subject=texts, created_at=moments, hidden_at=st.none() | moments)
reminders = st.builds(Reminder, record_id=ids, goal_id=ids, remind_at=moments, status=st.sampled_from(ReminderStatus))
documents = st.builds(Document, record_id=ids, status=st.sampled_from(DocumentStatus))
forms = st.builds(Form, record_id=ids, status=st.sampled_from(FormStatus))
balances = st.builds(Balance, record_id=ids, credit_cents=cents, owed_cents=cents, currency=currencies)
BY_KIND: dict[RecordKind, SearchStrategy[Record]] = {
    RecordKind.APPOINTMENT: appointments,
    RecordKind.PAYMENT: payments,
    RecordKind.MEMBERSHIP: memberships,
    RecordKind.RECIPIENT: recipients,
    RecordKind.FEED_ENTRY: feed_entries,
    RecordKind.REMINDER: reminders,
    RecordKind.DOCUMENT: documents,
    RecordKind.FORM: forms,
    RecordKind.BALANCE: balances,
}
records: SearchStrategy[Record] = st.one_of(*BY_KIND.values())
record_sets: SearchStrategy[list[Record]] = st.lists(
    records, max_size=25, unique_by=lambda record: (record.kind, record.record_id)
)

causes = st.builds(Cause, source=st.sampled_from(Source), actor_id=ids, run_id=st.none() | ids)
stamps = st.builds(Stamp, archive_id=ids, archived_at=moments, cause=causes)
portal_settings = st.builds(
    PortalSettings,
    chat=switches,
    community_chats=switches,
    schedule_appointments=switches,
    email_notifications=switches,
)
options = st.builds(
    ArchiveOptions,
    reason=st.none() | st.sampled_from(ArchiveReason),
    note=st.none() | texts,
    group_id=st.none() | ids,
    notify_client=st.booleans(),
    mute_email=st.booleans(),
)
rule_tuples = st.lists(st.sampled_from(SafetyRule), unique=True).map(tuple)
plan_terms = st.one_of(
    st.builds(
        PlanTerms,
        trigger=st.just(Trigger.ARCHIVE_ON),
        archive_on=moments.map(lambda moment: moment.date()),
        options=options,
        acknowledged=rule_tuples,
    ),
    st.builds(
        PlanTerms,
        trigger=st.sampled_from([Trigger.AFTER_LAST_APPOINTMENT, Trigger.AFTER_LAST_PAYMENT]),
        options=options,
        acknowledged=rule_tuples,
    ),
)
plans = st.builds(
    ArchivePlan,
    terms=plan_terms,
    planned_at=moments,
    planned_by=causes,
    check_at=moments,
    held_back_by=rule_tuples | st.just(("group_not_found",)),
)
clients = st.builds(
    Client,
    provider_id=ids,
    client_id=ids,
    name=texts,
    email=texts,
    added_at=moments,
    currency=texts,
    credit_cents=cents,
    owed_cents=cents,
    group_id=st.none() | ids,
    settings=portal_settings,
    stamp=st.none() | stamps,
    last_return=st.none() | st.builds(Reactivation, archive_id=ids, returned_at=moments, cause=causes),
    plan=st.none() | plans,
    revision=counts,
    last_active_at=st.none() | moments,
)
"""Some are archived and have a plan, which the transitions rule out; none of the rules may depend on it."""
groups = st.builds(Group, provider_id=ids, group_id=ids, name=texts, settings=portal_settings)

changes: SearchStrategy[tuple[Change, ...]] = record_sets.map(lambda found: all_effects(found, NOW).changes)
amounts = st.builds(Amount, currency=currencies, cents=cents)
labels = st.builds(Label, at=st.none() | moments, title=st.none() | texts, amount=st.none() | amounts)
left_alone = st.builds(
    LeftAlone,
    kind=st.sampled_from(RecordKind),
    record_id=ids,
    reason=st.sampled_from(LeftAloneReason),
    label=st.none() | labels,
)
receipts = st.builds(
    Receipt,
    archive_id=ids,
    archived_at=moments,
    cause=causes,
    state=st.sampled_from(ReceiptState),
    options=options,
    moved_from_group_id=st.none() | ids,
    changes=changes,
    left_alone=st.lists(left_alone, max_size=3).map(tuple),
)
history_entries = st.builds(
    HistoryEntry,
    history_id=ids,
    at=moments,
    event=st.sampled_from(HistoryEvent),
    archive_id=st.none() | ids,
    cause=causes,
    options=st.none() | options,
    reason=st.none() | ids,
    plan=st.none() | plan_terms,
)

money = st.lists(amounts, max_size=4).map(per_currency)
facts = st.builds(
    PreviewFacts,
    status=clients.map(lambda client: client.status),
    credits=money,
    owed=money,
    upcoming_appointments=counts,
    scheduled_payments=counts,
    scheduled=money,
    group_id=st.none() | ids,
    warnings=rule_tuples,
    blocks=rule_tuples,
)
members = st.builds(
    Member,
    client_id=ids,
    position=counts,
    facts=facts,
    outcome=st.sampled_from(Outcome),
    reason=st.none() | ids,
    archive_id=st.none() | ids,
    archived_revision=st.none() | counts,
    attempt=st.integers(min_value=1, max_value=9),
    undoes=st.none() | ids,
    undoes_revision=st.none() | counts,
)
totals = st.builds(
    Totals,
    clients=st.integers(min_value=1, max_value=MAX_CLIENTS),
    credits=money,
    owed=money,
    upcoming_appointments=counts,
    scheduled_payments=counts,
    scheduled=money,
)
runs = st.builds(
    Run,
    provider_id=ids,
    run_id=ids,
    state=st.sampled_from(RunState),
    created_at=moments,
    created_by=ids,
    expires_at=moments,
    token=ids,
    currency=st.none() | texts,
    totals=totals,
    counts=st.fixed_dictionaries(dict.fromkeys(Outcome, counts)),
    group_id=st.none() | ids,
    options=options,
    confirmed_by=st.none() | ids,
    started_at=st.none() | moments,
    finished_at=st.none() | moments,
)
