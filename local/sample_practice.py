"""A made-up health practice of any size, the same for the same seed: for the demo, the tests and the benchmarks.

An archived client is first made as an active one on the evening it was archived, and then archived by the domain's
own rules. ``local.telling`` loads a practice through the doors; ``load`` writes its items directly, which is fast and
for tests of storage and for benchmarks alone. Imports the domain and storage.
"""

from __future__ import annotations

import random
import unicodedata
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice

from msgspec.structs import replace
from ulid import ULID

from client_lifecycle.domain.client import ArchiveOptions, Cause, Client, Group, Source, Stamp, archive
from client_lifecycle.domain.effects import all_effects
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent, Receipt, ReceiptState
from client_lifecycle.domain.records import (
    Appointment,
    AppointmentStatus,
    ChatKind,
    FeedEntry,
    Membership,
    Payment,
    PaymentStatus,
    Recipient,
    RecipientStatus,
    Record,
    Reminder,
    ReminderStatus,
)
from client_lifecycle.domain.settings import PortalSettings
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.clients import address_item, client_item, group_item, record_item, word_items
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.values import to_plain

PROVIDER_ID = "prov-maple"
CURRENCY, OTHER_CURRENCY = "USD", "EUR"
"""What most clients pay in, and what every tenth does."""

MANY_LIVE_RECORDS_ID = "client-0001"
"""An active client of no group with more live records than two transactions take."""

LONG_HISTORY_ID = "client-0002"
"""An active client with weekly appointments over twelve years."""

DOCUMENTED_IDS = ("client-0003", "client-0004")
"""Active clients whom the README's calls act on: nothing is switched off for them, and much is ahead of them."""

SPECIAL_NUMBERS = 4
FEWEST_CLIENTS = 10
ITEMS_PER_REPORT = 500

ARCHIVED_SHARE = 0.15
SERIES_SHARE = 1 / 3
CREDIT_SHARE = 0.20
DEBT_SHARE = 0.15
CHARGING_SHARE = 0.0125

GROUPS = (
    ("group-spring-nutrition", "Spring Nutrition Course", 0.13),
    ("group-couples", "Couples Counselling", 0.06),
    ("group-postnatal", "Postnatal Recovery", 0.10),
    ("group-diabetes-care", "Diabetes Care", 0.16),
    ("group-mindful-movement", "Mindful Movement", 0.12),
    ("group-sleep-better", "Sleep Better", 0.08),
    ("group-running-injuries", "Running Injuries", 0.05),
)
"""Id, name and share of the clients; all others are in no group."""

WALKING_CHAT_ID = "chat-saturday-walk"
COMMUNITY_CHAT_IDS = ("chat-community-kitchen", "chat-community-outdoors", "chat-community-parents")
STAFF_IDS = ("staff-01", "staff-02", "staff-03")
GOAL_IDS = ("goal-water", "goal-steps", "goal-sleep", "goal-vegetables", "goal-stretching")
FEED_SUBJECTS = (
    "Filled in a food journal",
    "Sent back the intake form",
    "Reached a goal",
    "Asked to move an appointment",
    "Uploaded lab results",
    "Bought a package",
)
PRICES_CENTS = (4_500, 6_000, 7_500, 9_000, 12_000)
SESSION_MINUTES = (30, 45, 60)
CANCELLED_CHANCE = 0.08

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
OPENING = timedelta(hours=8)
EVENING = timedelta(hours=18, minutes=30)
"""When the last session of a day is over; clients are archived after it."""

# fmt: off
FIRST_NAMES = (
    "Adaeze", "Aiko", "Álvaro", "Amara", "Anaïs", "Anneli", "Aroha", "Béla", "Birgit", "Bruna", "Çağla", "Callum",
    "Chiara", "Chloë", "Dagný", "Delphine", "Emre", "Esperança", "Farah", "Femke", "Folasade", "Françoise",
    "Gideon", "Giulia", "Håkon", "Hana", "Hiroshi", "Ilse", "Imani", "Ioana", "Jens", "Jorge", "José", "Kalani",
    "Katarzyna", "Kofi", "Laila", "Leilani", "Lucía", "Mairéad", "Malik", "Mateus", "Milica", "Nadia", "Niamh",
    "Noémie", "Oluwaseun", "Øystein", "Priya", "Rafael", "Ren", "Rosalind", "Sanjay", "Siobhán", "Søren", "Tamsin",
    "Thảo", "Tomáš", "Valérie", "Wanjiru", "Wren", "Xiomara", "Yael", "Yusuf", "Zoë", "Žofie",
)
LAST_NAMES = (
    "Abernethy", "Achterberg", "Adeyemi-Cole", "Almgren", "Åkerhielm", "Arrowood", "Baptista", "Bellweather",
    "Bjørnstad", "Brânză", "Çelikkaya", "Chukwuma", "Clearwater", "Dąbek", "Delacroix-Ruiz", "Dunmore", "Ebadi",
    "Eriksdóttir", "Fairbrook", "Fernández", "Fitzalan", "Gharib", "Gonçalves", "Greenhalgh", "Großmann",
    "Hallewell", "Hashimura", "Ibáñez", "Iyengar", "Jadeja", "Jónsvík", "Kamau", "Kealoha", "Kovačić", "Lindqvist",
    "Łukaszek", "MacIlroy", "Marchetti", "Mabena-Lund", "Nakagiri", "Nguyễn", "Northcote", "O'Brannigan", "Okonjo",
    "Ørum", "Papadakos", "Pereira", "Quillfeather", "Ravensdale", "Řezníček", "Sandoval", "Şahinler", "Sørheim",
    "Szabolcsi", "Tamatea", "Thistlewood", "Tran-Weber", "Underhay", "Vasconcelos", "Vörös", "Wainwright",
    "Winterbourne", "Xanthou", "Yamashiro", "Zamora", "Żurawski",
)
# fmt: on
MAIL_DOMAINS = ("example.org", "mail.example.org", "post.example.org", "home.example.org")
PLAIN_LETTERS = str.maketrans({"ø": "o", "ł": "l", "ß": "ss", "đ": "d", "'": None})


def provider_ids(count: int) -> list[str]:
    """Return the ids of so many providers with sample practices; the first is the one that the documentation names."""
    return [PROVIDER_ID, *(f"prov-{number:04d}" for number in range(2, count + 1))]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleClient:
    """A client, all its records, and what its archive left behind if it is archived."""

    client: Client
    records: tuple[Record, ...]
    receipt: Receipt | None = None
    history: tuple[HistoryEntry, ...] = ()

    @property
    def records_before_archive(self) -> tuple[Record, ...]:
        """The records as they were before the client's archive, if it has one, ended some of them."""
        changes = self.receipt.changes if self.receipt else ()
        before = {(change.before.kind, change.before.record_id): change.before for change in changes}
        return tuple(before.get((record.kind, record.record_id), record) for record in self.records)


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePractice:
    """One provider's groups and clients."""

    provider_id: str
    groups: tuple[Group, ...]
    clients: tuple[SampleClient, ...]


def generate(*, clients: int = 240, seed: int = 20_26, at: datetime, provider_id: str = PROVIDER_ID) -> SamplePractice:
    """Make up a practice; the same arguments give the same practice.

    Args:
        clients: how many; the shares of archived clients, group members and so on hold at any size.
        seed: another one gives another practice.
        at: the present moment of the practice, with its time zone.
        provider_id: whose practice it is.

    Raises:
        ValueError: ``at`` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("at needs a time zone")
    now = at.astimezone(UTC)
    rng = random.Random(seed)  # noqa: S311 - made-up data, nothing secret
    roster = _roster(rng, clients, provider_id)
    blasts = _blast_calendar(now)
    return SamplePractice(
        provider_id=provider_id,
        groups=tuple(Group(provider_id=provider_id, group_id=group_id, name=name) for group_id, name, _ in GROUPS),
        clients=tuple(_sample_client(rng, number, roster, blasts, now) for number in range(1, clients + 1)),
    )


def items(practice: SamplePractice) -> Iterator[Plain]:
    """Yield every item of the practice as it is stored."""
    for group in practice.groups:
        yield group_item(group)
    for sample in practice.clients:
        yield from _items_of_client(sample)


def load(table: Table, practice: SamplePractice, on_progress: Callable[[int], None] | None = None) -> int:
    """Write the whole practice into a table, beside the doors that everybody else has to take.

    Args:
        table: where to write.
        practice: what to write.
        on_progress: told from time to time how many items are written so far, and at the end.

    Returns:
        The number of items written.
    """
    written = 0
    waiting = items(practice)
    while chunk := list(islice(waiting, ITEMS_PER_REPORT)):
        table.put_many(chunk)
        written += len(chunk)
        if on_progress:
            on_progress(written)
    return written


def _items_of_client(sample: SampleClient) -> Iterator[Plain]:
    provider_id, client_id = sample.client.provider_id, sample.client.client_id
    yield client_item(sample.client)
    for record in sample.records:
        yield record_item(Keys(provider_id), client_id, record)
    for entry in sample.history:
        yield {**Keys(provider_id).history_entry(client_id, entry.history_id), **to_plain(entry)}
    if sample.receipt:
        yield {**Keys(provider_id).receipt(client_id, sample.receipt.archive_id), **to_plain(sample.receipt)}
    yield address_item(sample.client)
    yield from word_items(sample.client)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Roster:
    """Which clients, by number, have what: exact shares of the practice, spread by chance."""

    provider_id: str
    names: Sequence[tuple[str, str]]
    groups: Sequence[str | None]
    archived: frozenset[int]
    in_series: frozenset[int]
    in_credit: frozenset[int]
    in_debt: frozenset[int]
    charging: frozenset[int]


def _roster(rng: random.Random, clients: int, provider_id: str) -> _Roster:
    everyone = range(1, clients + 1)
    ordinary = everyone[SPECIAL_NUMBERS:]
    archived = _pick(rng, ordinary, ARCHIVED_SHARE)
    active = [number for number in ordinary if number not in archived]
    return _Roster(
        provider_id=provider_id,
        names=_names(rng),
        groups=_spread_over_groups(rng, clients),
        archived=archived,
        in_series=_pick(rng, active, SERIES_SHARE) | _pick(rng, sorted(archived), SERIES_SHARE),
        in_credit=_pick(rng, everyone, CREDIT_SHARE),
        in_debt=_pick(rng, everyone, DEBT_SHARE),
        charging=_pick(rng, active, CHARGING_SHARE),
    )


def _names(rng: random.Random) -> list[tuple[str, str]]:
    """Return every pair of first and last name, shuffled: names repeat only in a practice that has used them up."""
    names = [(first, last) for first in FIRST_NAMES for last in LAST_NAMES]
    rng.shuffle(names)
    return names


def _pick(rng: random.Random, numbers: Sequence[int], share: float) -> frozenset[int]:
    return frozenset(rng.sample(numbers, round(len(numbers) * share)))


def _spread_over_groups(rng: random.Random, clients: int) -> list[str | None]:
    """Return each client's group in the order of their numbers; the first has none."""
    others = clients - 1
    edges = list(accumulate(share for _, _, share in GROUPS))
    choices = [*(group_id for group_id, _, _ in GROUPS), None]
    spread = [choices[bisect(edges, (place + 0.5) / others)] for place in range(others)]
    rng.shuffle(spread)
    return [None, *spread]


@dataclass(frozen=True, slots=True)
class _Blast:
    """A message blast of the practice."""

    blast_id: str
    send_at: datetime


def _blast_calendar(now: datetime) -> list[_Blast]:
    """Return a newsletter for every four weeks: two years of sent ones, two still to come."""
    sendings = [_midnight(now) + 10 * DAY + OPENING + weeks * WEEK for weeks in range(-104, 5, 4)]
    return [_Blast(f"blast-newsletter-{send_at:%Y-%m-%d}", send_at) for send_at in sendings]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """A recurring appointment, with ``done`` occurrences in the past where the client's time allows."""

    every_weeks: int
    occurrences: int
    done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """How much of everything a client has."""

    age_days: int
    past_visits: int
    visit_every_weeks: int
    series: _Series | None
    single_ahead: bool
    instalments: int
    reminders_sent: int
    reminders_ahead: int
    feed_entries: int


LONG_PROGRAMME = _Course(
    age_days=900,
    past_visits=12,
    visit_every_weeks=4,
    series=_Series(every_weeks=1, occurrences=52, done=0),
    single_ahead=False,
    instalments=12,
    reminders_sent=14,
    reminders_ahead=120,
    feed_entries=30,
)
LONG_HISTORY = _Course(
    age_days=12 * 365,
    past_visits=620,
    visit_every_weeks=1,
    series=None,
    single_ahead=True,
    instalments=1,
    reminders_sent=3,
    reminders_ahead=3,
    feed_entries=4,
)
DOCUMENTED = _Course(
    age_days=400,
    past_visits=8,
    visit_every_weeks=2,
    series=_Series(every_weeks=1, occurrences=10, done=4),
    single_ahead=False,
    instalments=2,
    reminders_sent=2,
    reminders_ahead=3,
    feed_entries=2,
)
SPECIAL_COURSES = {
    MANY_LIVE_RECORDS_ID: LONG_PROGRAMME,
    LONG_HISTORY_ID: LONG_HISTORY,
    **dict.fromkeys(DOCUMENTED_IDS, DOCUMENTED),
}


def _ordinary_course(rng: random.Random, *, in_series: bool, archived: bool) -> _Course:
    has_goals = rng.random() < 0.5
    return _Course(
        age_days=rng.randint(150 if archived else 3, 5 * 365 - 1),
        past_visits=rng.randint(0, 12),
        visit_every_weeks=rng.choice((1, 2, 2, 4)),
        series=_ordinary_series(rng) if in_series else None,
        single_ahead=not in_series and rng.random() < 0.5,
        instalments=rng.randint(1, 4) if rng.random() < 0.35 else 0,
        reminders_sent=rng.randint(0, 5) if has_goals else 0,
        reminders_ahead=rng.randint(1, 6) if has_goals else 0,
        feed_entries=rng.randint(0, 4),
    )


def _ordinary_series(rng: random.Random) -> _Series:
    occurrences = rng.randint(4, 12)
    return _Series(every_weeks=rng.choice((1, 2)), occurrences=occurrences, done=rng.randint(0, occurrences - 2))


@dataclass(frozen=True, slots=True)
class _Scene:
    """One client's time with the practice: from ``added_at`` up to ``now``, its present moment.

    ``slot`` is the first of its weekly hours that is still ahead of ``now``.
    """

    rng: random.Random
    number: int
    added_at: datetime
    now: datetime
    slot: datetime
    session_minutes: int
    price_cents: int

    def between(self, start: datetime, end: datetime) -> datetime:
        """Draw a moment from ``start`` up to ``end``."""
        return start + timedelta(seconds=int(self.rng.random() * (end - start).total_seconds()))

    def since_added(self) -> datetime:
        """Draw a moment of the client's time with the practice."""
        return self.between(self.added_at, self.now)


def _sample_client(
    rng: random.Random, number: int, roster: _Roster, blasts: Sequence[_Blast], at: datetime
) -> SampleClient:
    client_id = f"client-{number:04d}"
    archived = number in roster.archived
    ordinary = _ordinary_course(rng, in_series=number in roster.in_series, archived=archived)
    course = SPECIAL_COURSES.get(client_id, ordinary)
    now = _archived_on(rng, at, course.age_days) if archived else at
    added_at = at - timedelta(days=course.age_days, seconds=rng.randrange(24 * 60 * 60))
    scene = _scene(rng, number, added_at, now)
    client = _client(scene, client_id, roster)
    records = _records(scene, course, client, blasts)
    client = replace(client, last_active_at=_last_visit(records))
    if number in roster.charging:
        records.append(_charging_payment(scene))
    if archived:
        return _archived(scene, client, records)
    return SampleClient(client=client, records=tuple(records))


def _last_visit(records: Sequence[Record]) -> datetime | None:
    """Return when the last visit that took place began."""
    visits = [one for one in records if isinstance(one, Appointment) and one.status is AppointmentStatus.COMPLETED]
    return max((visit.starts_at for visit in visits), default=None)


def _archived_on(rng: random.Random, at: datetime, age_days: int) -> datetime:
    days_ago = rng.randint(3, min(540, age_days - 60))
    return _midnight(at) - days_ago * DAY + EVENING + timedelta(minutes=rng.randrange(120))


def _scene(rng: random.Random, number: int, added_at: datetime, now: datetime) -> _Scene:
    to_weekday = (rng.randrange(5) - now.weekday()) % 7
    slot = _midnight(now) + to_weekday * DAY + OPENING + timedelta(minutes=30 * rng.randrange(20))
    return _Scene(
        rng=rng,
        number=number,
        added_at=added_at,
        now=now,
        slot=slot if slot > now else slot + WEEK,
        session_minutes=rng.choice(SESSION_MINUTES),
        price_cents=rng.choice(PRICES_CENTS),
    )


def _client(scene: _Scene, client_id: str, roster: _Roster) -> Client:
    rng, number = scene.rng, scene.number
    first, last = roster.names[number % len(roster.names)]
    return Client(
        provider_id=roster.provider_id,
        client_id=client_id,
        name=f"{first} {last}",
        email=f"{_ascii(first)}.{_ascii(last)}.{number}@{rng.choice(MAIL_DOMAINS)}",
        added_at=scene.added_at,
        currency=_currency(number),
        credit_cents=rng.randint(1, 40) * 500 if number in roster.in_credit else 0,
        owed_cents=rng.randint(1, 60) * 250 if number in roster.in_debt else 0,
        group_id=roster.groups[number - 1],
        settings=PortalSettings() if client_id in DOCUMENTED_IDS else _settings(rng),
    )


def _currency(number: int) -> str:
    return CURRENCY if number % 10 else OTHER_CURRENCY


def _settings(rng: random.Random) -> PortalSettings:
    return PortalSettings(
        chat=_switch(rng, 0.05),
        community_chats=_switch(rng, 0.04),
        schedule_appointments=_switch(rng, 0.10),
        email_notifications=_switch(rng, 0.08),
    )


def _switch(rng: random.Random, off_share: float) -> bool | None:
    """Return ``False`` with this chance, ``True`` sometimes, and mostly no choice at all."""
    drawn = rng.random()
    if drawn < off_share:
        return False
    return True if drawn > 0.95 else None


def _records(scene: _Scene, course: _Course, client: Client, blasts: Sequence[_Blast]) -> list[Record]:
    appointments = _appointments(scene, course)
    return [
        *appointments,
        *_payments(scene, course, appointments),
        *_memberships(scene, client),
        *_recipients(scene, blasts),
        *_feed_entries(scene, course),
        *_reminders(scene, course),
    ]


def _appointments(scene: _Scene, course: _Course) -> list[Appointment]:
    """Return past visits, then the series or the next single one; one a week at most, so none overlap."""
    weeks_back = (scene.slot - scene.added_at) // WEEK
    series_weeks = _series_weeks(course.series, weeks_back) if course.series else range(0)
    last_visit = min(series_weeks, default=0)
    visits = [last_visit - course.visit_every_weeks * count for count in range(course.past_visits, 0, -1)]
    planned: list[tuple[int, str | None]] = [(week, None) for week in visits if -week <= weeks_back]
    if course.single_ahead:
        planned.append((0, None))
    planned += [(week, f"series-{scene.number:04d}") for week in series_weeks]
    return [_appointment(scene, nth, week, series_id) for nth, (week, series_id) in enumerate(planned, start=1)]


def _series_weeks(series: _Series, weeks_back: int) -> range:
    """Return the weeks of a series, counted from the next one ahead."""
    first = -min(series.done, weeks_back // series.every_weeks)
    return range(first * series.every_weeks, (first + series.occurrences) * series.every_weeks, series.every_weeks)


def _appointment(scene: _Scene, nth: int, week: int, series_id: str | None) -> Appointment:
    starts_at = scene.slot + week * WEEK
    status, cancelled_by, cancelled_at = AppointmentStatus.BOOKED, None, None
    if scene.rng.random() < CANCELLED_CHANCE:
        status, cancelled_by = AppointmentStatus.CANCELLED, scene.rng.choice(("client", "staff"))
        latest = min(starts_at, scene.now)
        cancelled_at = scene.between(max(scene.added_at, latest - 2 * WEEK), latest)
    elif starts_at + timedelta(minutes=scene.session_minutes) <= scene.now:
        status = AppointmentStatus.COMPLETED
    return Appointment(
        record_id=f"appt-{scene.number:04d}-{nth:03d}",
        starts_at=starts_at,
        duration_minutes=scene.session_minutes,
        status=status,
        series_id=series_id,
        booked_at=scene.added_at,
        cancelled_by=cancelled_by,
        cancelled_at=cancelled_at,
    )


def _payments(scene: _Scene, course: _Course, appointments: Sequence[Appointment]) -> list[Record]:
    """Return the sessions charged one by one (others are covered by a package) and the monthly instalments ahead."""
    charged = [
        appointment.starts_at + timedelta(minutes=appointment.duration_minutes)
        for appointment in appointments
        if appointment.status is AppointmentStatus.COMPLETED and scene.rng.random() < 0.5
    ]
    first_due = _midnight(scene.now) + scene.rng.randint(1, 28) * DAY + timedelta(hours=6)
    scheduled = [first_due + 30 * month * DAY for month in range(course.instalments)]
    dues = [(due_at, PaymentStatus.CHARGED) for due_at in charged]
    dues += [(due_at, PaymentStatus.SCHEDULED) for due_at in scheduled]
    return [_payment(scene, nth, due_at, status) for nth, (due_at, status) in enumerate(dues, start=1)]


def _charging_payment(scene: _Scene) -> Payment:
    return _payment(scene, 0, scene.now - timedelta(minutes=2), PaymentStatus.CHARGING)


def _payment(scene: _Scene, nth: int, due_at: datetime, status: PaymentStatus) -> Payment:
    return Payment(
        record_id=f"pay-{scene.number:04d}-{nth:03d}",
        due_at=due_at,
        amount_cents=scene.price_cents,
        currency=_currency(scene.number),
        status=status,
    )


def _memberships(scene: _Scene, client: Client) -> list[Record]:
    rng = scene.rng
    chats: list[tuple[str, ChatKind]] = []
    if client.group_id and rng.random() < 0.9:
        chats.append((f"chat-{client.group_id}", ChatKind.GROUP))
    if rng.random() < 0.15:
        chats.append((WALKING_CHAT_ID, ChatKind.GROUP))
    if rng.random() < 0.5:
        chats.append((rng.choice(COMMUNITY_CHAT_IDS), ChatKind.COMMUNITY))
    if rng.random() < 0.6:
        chats.append((f"chat-direct-{scene.number:04d}", ChatKind.DIRECT))
    return [
        Membership(record_id=chat_id, chat_kind=chat_kind, joined_at=scene.since_added())
        for chat_id, chat_kind in chats
    ]


def _recipients(scene: _Scene, blasts: Sequence[_Blast]) -> list[Record]:
    """Return the client's copies of the newsletters of the last and the next weeks."""
    since, until = max(scene.added_at, scene.now - 12 * WEEK), scene.now + 6 * WEEK
    return [
        Recipient(
            record_id=blast.blast_id,
            send_at=blast.send_at,
            status=RecipientStatus.SENT if blast.send_at <= scene.now else RecipientStatus.PENDING,
        )
        for blast in blasts
        if since < blast.send_at <= until and scene.rng.random() < 0.6
    ]


def _feed_entries(scene: _Scene, course: _Course) -> list[Record]:
    since = max(scene.added_at, scene.now - 60 * DAY)
    return [
        FeedEntry(
            record_id=f"feed-{scene.number:04d}-{nth:03d}",
            subject=scene.rng.choice(FEED_SUBJECTS),
            created_at=scene.between(since, scene.now),
        )
        for nth in range(1, course.feed_entries + 1)
    ]


def _reminders(scene: _Scene, course: _Course) -> list[Record]:
    """Return a reminder a day, of one goal: those of the last days are sent, those from tomorrow on are not."""
    sent = min(course.reminders_sent, (scene.now - scene.added_at).days - 1)
    days = [*range(-sent, 0), *range(1, course.reminders_ahead + 1)]
    first = _midnight(scene.now) + OPENING
    goal_id = scene.rng.choice(GOAL_IDS)
    return [
        Reminder(
            record_id=f"reminder-{scene.number:04d}-{nth:03d}",
            goal_id=goal_id,
            remind_at=first + day * DAY,
            status=ReminderStatus.SENT if day < 0 else ReminderStatus.PENDING,
        )
        for nth, day in enumerate(days, start=1)
    ]


def _archived(scene: _Scene, client: Client, records: Sequence[Record]) -> SampleClient:
    """Archive a client as the service does: the stamp, all effects, the receipt and the line of history."""
    at = scene.now
    archive_id = _ulid(scene.rng, at)
    cause = Cause(source=Source.STAFF, actor_id=scene.rng.choice(STAFF_IDS))
    plan = all_effects(records, at)
    changed = {(change.before.kind, change.before.record_id): change.after for change in plan.changes}
    return SampleClient(
        client=archive(client, Stamp(archive_id=archive_id, archived_at=at, cause=cause), ArchiveOptions()),
        records=tuple(changed.get((record.kind, record.record_id), record) for record in records),
        receipt=Receipt(
            archive_id=archive_id,
            archived_at=at,
            cause=cause,
            state=ReceiptState.SETTLED,
            changes=plan.changes,
            left_alone=plan.left_alone,
        ),
        history=(
            HistoryEntry(
                history_id=_ulid(scene.rng, at),
                at=at,
                event=HistoryEvent.ARCHIVED,
                archive_id=archive_id,
                cause=cause,
            ),
        ),
    )


def _ulid(rng: random.Random, at: datetime) -> str:
    """Return a ULID that the seed decides."""
    milliseconds = (at - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)
    return str(ULID.from_bytes(milliseconds.to_bytes(6, "big") + rng.randbytes(10)))


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _ascii(name: str) -> str:
    """Write a name for an e-mail address: lower case, no accents."""
    letters = unicodedata.normalize("NFKD", name.lower().translate(PLAIN_LETTERS))
    return letters.encode("ascii", "ignore").decode()
