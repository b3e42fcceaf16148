"""Mutations of what archiving does: rules E1 to E11."""

from __future__ import annotations

from dataclasses import replace

from tests.rules.mutation import Mutation
from tests.rules.mutations.policy_cells import cells

ARCHIVE = "client_lifecycle.use_cases.archive"
CLIENT = "client_lifecycle.domain.client"
EFFECTS = "client_lifecycle.domain.effects"
EVENTS = "client_lifecycle.domain.events"
PREVIEW = "client_lifecycle.domain.preview"

RECORDS = "client_lifecycle.domain.records"
UPCOMING = "self.status is AppointmentStatus.BOOKED and self.starts_at > at"
SCHEDULED = "case Payment(status=PaymentStatus.SCHEDULED):"
CANCELLED_PAYMENT = "record, status=PaymentStatus.CANCELLED, cancelled_by=CANCELLED_BY_ARCHIVE, cancelled_at=at"
IN_A_GROUP_CHAT = "case Membership(chat_kind=ChatKind.GROUP, left_at=None):"
ALL_EFFECTS = "cancel_commitments(frozen, at) + leave_chats(frozen, at) + silence_notifications(frozen, at)"
FLIP = "        stamp=stamp,\n        plan=None,\n"
NEWLY_SHARED = [
    f"{action}: allowed while archived" for action in ("share_document", "request_document", "request_form")
]
CREDITS = "credits=per_currency([Amount(currency=client.currency, cents=client.credit_cents)]),"
OWED = "owed=per_currency([Amount(currency=client.currency, cents=client.owed_cents)]),"

ARCHIVING = [
    Mutation("E1", "the status does not flip", CLIENT, FLIP, "        plan=None,\n"),
    Mutation("E1", "the name goes with the archive", CLIENT, FLIP, f'{FLIP}        name="",\n'),
    Mutation(
        "E1", "when the client was last active is forgotten", CLIENT, FLIP, f"{FLIP}        last_active_at=None,\n"
    ),
    Mutation(
        "E1",
        "a cancelled appointment becomes another record",
        EFFECTS,
        "cancelled: Record = replace(\n                    record,\n",
        'cancelled: Record = replace(\n                    record,\n                    record_id="other",\n',
    ),
    Mutation("E2", "group chats are not left", EFFECTS, "replace(record, left_at=at)", "record"),
    Mutation("E2", "group chats stay, community chats are left", EFFECTS, "ChatKind.GROUP", "ChatKind.COMMUNITY"),
    Mutation(
        "E2", "a chat left before is left again", EFFECTS, IN_A_GROUP_CHAT, "case Membership(chat_kind=ChatKind.GROUP):"
    ),
    Mutation("E2", "the archive leaves out the chats", EFFECTS, " + leave_chats(frozen, at)", ""),
    Mutation("E3", "blasts are not withdrawn", EFFECTS, "replace(record, status=RecipientStatus.WITHDRAWN)", "record"),
    Mutation(
        "E3",
        "a blast that is late is sent",
        EFFECTS,
        "case Recipient(status=RecipientStatus.PENDING):",
        "case Recipient(status=RecipientStatus.PENDING) if record.send_at > at:",
    ),
    Mutation(
        "E3",
        "a blast that was sent is withdrawn",
        EFFECTS,
        "case Recipient(status=RecipientStatus.PENDING):",
        "case Recipient():",
    ),
    Mutation(
        "E3", "community and direct chats are left too", EFFECTS, IN_A_GROUP_CHAT, "case Membership(left_at=None):"
    ),
    Mutation("E3", "the archive leaves out the blasts", EFFECTS, " + leave_chats(frozen, at)", ""),
    Mutation("E4", "feed entries stay", EFFECTS, "replace(record, hidden_at=at)", "record"),
    Mutation(
        "E4", "an entry hidden before is hidden again", EFFECTS, "case FeedEntry(hidden_at=None):", "case FeedEntry():"
    ),
    Mutation("E4", "the archive leaves out the feed", EFFECTS, " + silence_notifications(frozen, at)", ""),
    *(replace(cell, rule="E5") for cell in cells() if cell.what in NEWLY_SHARED),
    Mutation("E6", "an appointment that starts now is cancelled", RECORDS, UPCOMING, UPCOMING.replace(">", ">=")),
    Mutation("E6", "past appointments are cancelled, not those ahead", RECORDS, UPCOMING, UPCOMING.replace(">", "<")),
    Mutation(
        "E6",
        "every booked appointment is cancelled",
        RECORDS,
        UPCOMING,
        "self.status is AppointmentStatus.BOOKED",
    ),
    Mutation(
        "E6",
        "one cancelled before is cancelled again",
        RECORDS,
        UPCOMING,
        "self.starts_at > at",
    ),
    Mutation("E6", "recurring appointments stay", RECORDS, UPCOMING, f"{UPCOMING} and self.series_id is None"),
    Mutation(
        "E6",
        "appointments far ahead stay",
        RECORDS,
        UPCOMING,
        UPCOMING.replace("self.starts_at > at", "0 < (self.starts_at - at).total_seconds() < 3600"),
    ),
    Mutation(
        "E6",
        "an appointment is marked but not cancelled",
        EFFECTS,
        "                    status=AppointmentStatus.CANCELLED,\n",
        "",
    ),
    Mutation(
        "E6", "who cancelled it is not said", EFFECTS, "                    cancelled_by=CANCELLED_BY_ARCHIVE,\n", ""
    ),
    Mutation("E6", "when it was cancelled is not said", EFFECTS, "                    cancelled_at=at,\n", ""),
    Mutation("E6", "the archive leaves out the appointments", EFFECTS, ALL_EFFECTS, ALL_EFFECTS.partition(" + ")[2]),
    Mutation("E7", "payments stay", EFFECTS, CANCELLED_PAYMENT, "record"),
    Mutation(
        "E7",
        "a payment that is due stays",
        EFFECTS,
        SCHEDULED,
        "case Payment(status=PaymentStatus.SCHEDULED) if record.due_at > at:",
    ),
    Mutation(
        "E7",
        "who cancelled it is not said",
        EFFECTS,
        CANCELLED_PAYMENT,
        "record, status=PaymentStatus.CANCELLED, cancelled_at=at",
    ),
    Mutation(
        "E7",
        "when it was cancelled is not said",
        EFFECTS,
        CANCELLED_PAYMENT,
        "record, status=PaymentStatus.CANCELLED, cancelled_by=CANCELLED_BY_ARCHIVE",
    ),
    Mutation(
        "E7",
        "a payment that is charging is cancelled",
        EFFECTS,
        SCHEDULED,
        "case Payment(status=PaymentStatus.SCHEDULED | PaymentStatus.CHARGING):",
    ),
    Mutation(
        "E7",
        "a payment that was charged is cancelled",
        EFFECTS,
        SCHEDULED,
        "case Payment(status=PaymentStatus.SCHEDULED | PaymentStatus.CHARGED):",
    ),
    Mutation(
        "E7",
        "a payment that is charging is not reported",
        EFFECTS,
        "return ChangeSet(tuple(changes), tuple(left_alone))",
        "return ChangeSet(tuple(changes))",
    ),
    Mutation("E7", "the receipt does not name it", ARCHIVE, "        left_alone=part.left_alone,\n", ""),
    Mutation("E7", "the archive leaves out the payments", EFFECTS, ALL_EFFECTS, ALL_EFFECTS.partition(" + ")[2]),
    Mutation(
        "E8", "reminders are not suppressed", EFFECTS, "replace(record, status=ReminderStatus.SUPPRESSED)", "record"
    ),
    Mutation(
        "E8",
        "a reminder that is late is sent",
        EFFECTS,
        "case Reminder(status=ReminderStatus.PENDING):",
        "case Reminder(status=ReminderStatus.PENDING) if record.remind_at > at:",
    ),
    Mutation(
        "E8",
        "a reminder that was sent is suppressed",
        EFFECTS,
        "case Reminder(status=ReminderStatus.PENDING):",
        "case Reminder():",
    ),
    Mutation("E8", "the archive leaves out the reminders", EFFECTS, " + silence_notifications(frozen, at)", ""),
    Mutation("E9", "the client is always told", ARCHIVE, "notify_client=options.notify_client", "notify_client=True"),
    Mutation("E9", "the client is never told", ARCHIVE, "notify_client=options.notify_client", "notify_client=False"),
    Mutation(
        "E9",
        "whoever writes to clients is not told whether to",
        EVENTS,
        ', "notify_client": origin.notify_client}',
        "}",
    ),
    Mutation(
        "E9",
        "whoever writes to clients is told to",
        EVENTS,
        '"notify_client": origin.notify_client',
        '"notify_client": True',
    ),
    Mutation(
        "E9",
        "the event of an archive does not say",
        EVENTS,
        "            notify_client=entry.options.notify_client,\n",
        "",
    ),
    Mutation(
        "E9", "the event of a run does not say", EVENTS, "            notify_client=after.options.notify_client,\n", ""
    ),
    Mutation(
        "E10",
        "the client loses its group",
        CLIENT,
        "group_id=options.group_id or client.group_id",
        "group_id=options.group_id",
    ),
    Mutation(
        "E10",
        "the client is not moved",
        CLIENT,
        "group_id=options.group_id or client.group_id",
        "group_id=client.group_id",
    ),
    Mutation(
        "E10",
        "the receipt does not tell from where",
        ARCHIVE,
        "moved_from_group_id=client.group_id if archived.group_id != client.group_id else None",
        "moved_from_group_id=None",
    ),
    Mutation("E11", "credits are forfeited", CLIENT, FLIP, f"{FLIP}        credit_cents=0,\n"),
    Mutation("E11", "debts are forgiven", CLIENT, FLIP, f"{FLIP}        owed_cents=0,\n"),
    Mutation(
        "E11", "a cancelled payment has no amount", EFFECTS, CANCELLED_PAYMENT, f"{CANCELLED_PAYMENT}, amount_cents=0"
    ),
    Mutation(
        "E11",
        "a cancelled payment has another currency",
        EFFECTS,
        CANCELLED_PAYMENT,
        f'{CANCELLED_PAYMENT}, currency="XXX"',
    ),
    Mutation("E11", "credits are not shown", PREVIEW, CREDITS, "credits=(),"),
    Mutation("E11", "debts are not shown", PREVIEW, OWED, "owed=(),"),
    Mutation(
        "E11",
        "past appointments are shown too",
        PREVIEW,
        "case Appointment() if record.is_upcoming(at):",
        "case Appointment():",
    ),
    Mutation(
        "E11", "scheduled payments are not shown", PREVIEW, "scheduled_payments=len(payments)", "scheduled_payments=0"
    ),
    Mutation("E11", "what they come to is not shown", PREVIEW, "scheduled=per_currency(payments)", "scheduled=()"),
]
