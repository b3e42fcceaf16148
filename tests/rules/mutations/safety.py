"""Mutations of money, time and safety: rules M1, T1, T2 and S1 to S3."""

from __future__ import annotations

from tests.rules.mutation import Mutation
from tests.rules.mutations.archiving import ARCHIVE, CREDITS, OWED, PREVIEW
from tests.rules.mutations.coming_back import ARCHIVE_BATCH, SELECTION

ARCHIVE_LATER = "client_lifecycle.use_cases.planned_archives"
ASKED_BOOKINGS = "client_lifecycle.domain.bookings"
DAYS = "client_lifecycle.domain.days"
MOMENTS = "client_lifecycle.edge.moments"
MONEY = "client_lifecycle.domain.money"
PLANS = "client_lifecycle.domain.plans"
SAFETY = "client_lifecycle.domain.safety"
STORED_RUNS = "client_lifecycle.storage.runs"
TIDY_UP = "client_lifecycle.use_cases.bulk.proposals"
MEMBERS = "client_lifecycle.domain.members"
RUNS = "client_lifecycle.domain.runs"
VIEWS = "client_lifecycle.edge.views.clients"
READ_SETTINGS = "    before = read_settings(tenant)\n"
READ_LIVE = "        live = read_live(tenant, client_id, at)\n"
READ_PLANNED = "    live = read_live(tenant, client_id, at - LONGEST_APPOINTMENT)\n"

SAFETY_RULES = [
    Mutation("M1", "amounts of several currencies are added up", MONEY, "sums[amount.currency] +=", 'sums["USD"] +='),
    Mutation(
        "M1",
        "a payment is shown in the client's currency",
        PREVIEW,
        "Amount(currency=record.currency,",
        "Amount(currency=client.currency,",
    ),
    Mutation("M1", "credits are in dollars", PREVIEW, CREDITS, CREDITS.replace("client.currency", '"USD"')),
    Mutation("M1", "debts are in dollars", PREVIEW, OWED, OWED.replace("client.currency", '"USD"')),
    Mutation("M1", "a client's amounts are in dollars", VIEWS, "currency=client.currency", 'currency="USD"'),
    *(
        Mutation(
            "M1",
            f"the total of {what} is in dollars",
            MEMBERS,
            f"{what}=per_currency(amount for",
            f'{what}=per_currency(replace(amount, currency="USD") for',
        )
        for what in ("credits", "owed", "scheduled")
    ),
    Mutation(
        "M1",
        "what was stored without a currency is in euros",
        STORED_RUNS,
        '[{"currency": currency, "cents"',
        '[{"currency": "EUR", "cents"',
    ),
    Mutation(
        "T1",
        "a planned archive starts with the day in UTC",
        PLANS,
        "return start_of(terms.archive_on, zone) - at",
        "return start_of(terms.archive_on, UTC) - at",
    ),
    Mutation(
        "T1",
        "a plan is first looked at by the day in UTC",
        PLANS,
        "start_of(terms.archive_on, UTC) - BEGINS_SOMEWHERE",
        "start_of(terms.archive_on, UTC) + BEGINS_SOMEWHERE",
    ),
    Mutation("T1", "a filter means days in UTC", SELECTION, "moment < start_of(day, zone)", "moment.date() < day"),
    Mutation("T1", "who is quiet is counted in days in UTC", TIDY_UP, "day_of(at, zone)", "at.date()"),
    Mutation(
        "T1",
        "near is counted in times of 24 hours",
        SAFETY,
        "soon_until = start_of(later, settings.time_zone)",
        "soon_until = at + timedelta(days=settings.safety.appointment_within_days)",
    ),
    Mutation("T1", "near is counted in days in UTC", SAFETY, "day_of(at, settings.time_zone)", "at.date()"),
    Mutation("T1", "near leaves out the last day", SAFETY, "appointment_within_days + 1)", "appointment_within_days)"),
    Mutation(
        "T1",
        "a day begins at midnight where there is none",
        DAYS,
        "    if other >= start:\n        return start\n",
        "    return start\n",
    ),
    Mutation(
        "T1",
        "a day that has two midnights begins at the second",
        DAYS,
        "        return start\n",
        "        return other\n",
    ),
    Mutation(
        "T2", "a booking may start in eleven years", ASKED_BOOKINGS, "timedelta(days=3_653)", "timedelta(days=4_018)"
    ),
    Mutation(
        "T2",
        "a booking may start in nine years at most",
        ASKED_BOOKINGS,
        "timedelta(days=3_653)",
        "timedelta(days=3_287)",
    ),
    Mutation(
        "T2",
        "a booking may start at any time",
        ASKED_BOOKINGS,
        "    if booking.appointment.starts_at > at + FARTHEST:\n",
        "    if False:\n",
    ),
    Mutation("T2", "a day may lie a year before 1900", MOMENTS, "date(1900, 1, 1)", "date(1899, 1, 1)"),
    Mutation("T2", "a day may lie a day after 2200 begins", MOMENTS, "date(2200, 1, 1)", "date(2200, 1, 2)"),
    Mutation("T2", "a day may lie anywhere", MOMENTS, "    if not FIRST_DAY <= day <= LAST_DAY:\n", "    if False:\n"),
    Mutation("T2", "a moment may lie beyond in UTC", MOMENTS, "    _within_the_span(in_utc.date())\n", ""),
    Mutation("T2", "a moment may lie beyond where it is written", MOMENTS, "    _within_the_span(moment.date())\n", ""),
    Mutation(
        "S1", "the single archive passes over what blocks", ARCHIVE, "    if findings.blocks:\n", "    if False:\n"
    ),
    Mutation(
        "S1", "a bulk archive passes over what blocks", ARCHIVE_BATCH, "    if findings.blocks:\n", "    if False:\n"
    ),
    Mutation(
        "S1",
        "a bulk archive judges as of the preview",
        ARCHIVE_BATCH,
        "if live.client.status is Status.ACTIVE and (held_back",
        "if False and (held_back",
    ),
    Mutation(
        "S1",
        "the single archive reads the settings before the client",
        ARCHIVE,
        f"{READ_LIVE}        require(live.client)\n        if live",
        f"    {READ_SETTINGS}{READ_LIVE}        require(live.client)\n        if not live.client.stamp:\n"
        "            return archive_snapshot(tenant, live, before, request)\n        if live",
    ),
    Mutation(
        "S1",
        "a plan reads the settings before the client",
        ARCHIVE_LATER,
        READ_PLANNED,
        f"{READ_SETTINGS}{READ_PLANNED}    if live.client.plan:\n"
        "        return _carry_out(tenant, live, live.client.plan, before, at)\n",
    ),
    Mutation("S2", "the single archive passes over what warns", ARCHIVE, "findings.unacknowledged(acknowledged)", "()"),
    Mutation(
        "S2",
        "a bulk archive passes over what warns",
        ARCHIVE_BATCH,
        "findings.unacknowledged(acknowledged(run, member))",
        "()",
    ),
    Mutation(
        "S2",
        "confirming acknowledges every warning there is",
        RUNS,
        "else member.facts.warnings",
        "else tuple(SafetyRule)",
    ),
    Mutation(
        "S2",
        "confirming acknowledges nothing",
        RUNS,
        "return () if run.confirmed_by == TIDY_UP else member.facts.warnings",
        "return ()",
    ),
    Mutation(
        "S2",
        "the clean-up acknowledges what it shows",
        RUNS,
        "return () if run.confirmed_by == TIDY_UP else member.facts.warnings",
        "return member.facts.warnings",
    ),
    Mutation(
        "S2",
        "a plan acknowledges every warning",
        ARCHIVE_LATER,
        "acknowledged=terms.acknowledged",
        "acknowledged=tuple(SafetyRule)",
    ),
    Mutation("S2", "a plan acknowledges nothing", ARCHIVE_LATER, "acknowledged=terms.acknowledged", "acknowledged=()"),
    Mutation(
        "S3",
        "what blocks is not named",
        ARCHIVE_BATCH,
        "Result(outcome=Outcome.BLOCKED, findings=findings.of(findings.blocks))",
        "Result(outcome=Outcome.BLOCKED)",
    ),
    Mutation(
        "S3",
        "what warns is not named",
        ARCHIVE_BATCH,
        "Result(outcome=Outcome.NEEDS_ACKNOWLEDGEMENT, findings=findings.of(missing))",
        "Result(outcome=Outcome.NEEDS_ACKNOWLEDGEMENT)",
    ),
    Mutation(
        "S3",
        "who is blocked is as if not reached",
        ARCHIVE_BATCH,
        "Result(outcome=Outcome.BLOCKED, findings=findings.of(findings.blocks))",
        "Result(outcome=Outcome.NOT_REACHED, findings=findings.of(findings.blocks))",
    ),
    Mutation(
        "S3",
        "who needs an acknowledgement is as if changed",
        ARCHIVE_BATCH,
        "Result(outcome=Outcome.NEEDS_ACKNOWLEDGEMENT, findings=findings.of(missing))",
        "Result(outcome=Outcome.CHANGED_SINCE_PREVIEW, findings=findings.of(missing))",
    ),
]
