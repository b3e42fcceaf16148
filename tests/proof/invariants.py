"""What holds for a client and for a run at every moment, between two moments, and when all is done.

It is told in the words of the table, without the code's own plans and transitions: a fault in those must show here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from typing import TypeAlias

from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.clients import record_from, record_item
from client_lifecycle.storage.keys import Keys

ARCHIVED, ACTIVATED = "client.archived", "client.activated"
WHAT_CHANGES = {"status", "cancelled_by", "cancelled_at", "left_at", "hidden_at", "live_key", "commitment_key"}
PLACES = ("pk", "sk", "live_key", "commitment_key")
BESIDE = {"source", "source_version", "source_digest", "ended_by", "due_key", "due_since"}
"""What lies beside a record's value: whose it is, the archive that ended it, and whether that is confirmed."""

LEASE = {"due_key", "due_since"}
"""What the clean-up may move on an item by itself: when to look at it again."""

KIND_OF = {
    "appointments": "appointment",
    "payments": "payment",
    "chats": "membership",
    "feed": "feed_entry",
    "reminders": "reminder",
}
"""What can be asked back, by the name it is asked for with."""

MONEY = {"credit_cents", "owed_cents"}
WHAT_A_CLIENT_KEEPS = {"provider_id", "client_id", "email", "added_at", "currency", *MONEY}
RETRIED = {"failed", "not_reached"}
DAYS_OF_SOON = 7
"""By default an appointment of the next seven days is soon."""

HELD_BACK = {"blocked", "needs_acknowledgement"}
NOTHING_DONE = {"already_archived", "changed_since_preview", "excluded", "not_reached", "left_alone", *HELD_BACK}
FINISHED = {"stopped", "completed", "completed_in_part", "completed_with_failures"}


class Broken(AssertionError):
    """An invariant does not hold."""


def without_lease(item: Plain) -> Plain:
    """Return an item without its place in the clean-up's list."""
    return {name: part for name, part in item.items() if name not in LEASE}


def tells(sk: str, prefix: str) -> bool:
    """Tell whether an item may say what a receipt, or a restore, has done; a line of a return says the latter."""
    return sk.startswith((prefix, "HISTORY#") if prefix == "RESTORE#" else prefix)


def hold(holds: bool, what: str, *where: object) -> None:
    """Insist on something.

    Raises:
        Broken: it is not so.
    """
    if not holds:
        raise Broken(f"{what}: {', '.join(map(str, where))}" if where else what)


@dataclass(frozen=True)
class ClientLook:
    """Everything a client's partition holds at one moment, by sort key."""

    items: Mapping[str, Plain]
    at: datetime

    @cached_property
    def client(self) -> Plain:
        """The client itself."""
        return self.items["CLIENT"]

    @property
    def archive_id(self) -> str | None:
        """The stamp's id, while there is one."""
        return self.client.get("archive_id")

    @cached_property
    def records(self) -> dict[str, Plain]:
        """What belongs to the client: appointments, payments and so on."""
        return {sk: item for sk, item in self.items.items() if "kind" in item}

    @cached_property
    def plan(self) -> Plain | None:
        """The plan to archive the client later, if there is one, with the note that its line of the history has."""
        plan: Plain | None = self.client.get("plan")
        if plan is None or not plan.get("noted_in"):
            return plan
        told = self.items[f"HISTORY#{plan['noted_in']}"]["plan"]
        return {**plan, "terms": {**plan["terms"], "options": told["options"]}}

    @cached_property
    def flips(self) -> list[Plain]:
        """The archives and returns that the history tells of, in its own order."""
        lines = [item for sk, item in sorted(self.items.items()) if sk.startswith("HISTORY#")]
        return [line for line in lines if line["event"] in (ARCHIVED, ACTIVATED)]

    @cached_property
    def receipts(self) -> dict[str, Plain]:
        """The heads of all receipts, by archive."""
        heads = [item for sk, item in self.items.items() if sk.startswith("RECEIPT#") and "archive_id" in item]
        return {head["archive_id"]: head for head in heads}

    def claims(self, prefix: str) -> Iterator[tuple[str, Plain]]:
        """Every change that receipts, or restores, say they have made, with the archive it belongs to."""
        for sk, item in sorted(self.items.items()):
            if tells(sk, prefix):
                for change in item.get("changes", []):
                    yield item.get("archive_id") or sk.split("#")[1], change

    @property
    def is_settling(self) -> bool:
        """Whether the archive that the client is under has not been carried out in full."""
        return self.archive_id is not None and self.receipts[self.archive_id]["state"] == "settling"


def still_live(record: Plain, at: datetime) -> bool:
    """Whether a record is something that an archived client must not have (E2, E3, E4, E6, E7, E8)."""
    match record["kind"]:
        case "appointment":
            return bool(record["status"] == "booked" and datetime.fromisoformat(record["starts_at"]) > at)
        case "payment":
            return bool(record["status"] == "scheduled")
        case "membership":
            return record["chat_kind"] == "group" and "left_at" not in record
        case "recipient" | "reminder":
            return bool(record["status"] == "pending")
        case "document":
            return False
        case _:
            return "hidden_at" not in record


# At every moment


def the_stamp_is_the_status(look: ClientLook) -> None:
    client, archive_id = look.client, look.archive_id
    hold((client["status"] == "archived") == (archive_id is not None), "the stamp and the status differ")
    hold(client.get("stamp", {}).get("archive_id") == archive_id, "the stamp has two ids")
    hold(client["status_key"].endswith(client["status"]), "the client is in the wrong tab")
    if archive_id:
        hold(archive_id in look.receipts, "no receipt for the stamp", archive_id)
        hold(look.plan is None, "an archived client has a plan", archive_id)


def what_is_to_be_done_is_in_the_clean_ups_list(look: ClientLook) -> None:
    hold(look.plan is None or look.client.keys() >= LEASE, "the clean-up does not know of a plan")
    hold(look.plan is not None or not look.client.keys() & LEASE, "the clean-up waits for a plan that is gone")
    for archive_id, receipt in look.receipts.items():
        if receipt["state"] == "settled":
            hold(not receipt.keys() & LEASE, "the clean-up waits for an archive that is done", archive_id)
        elif archive_id == look.archive_id and not receipt["cause"].get("run_id"):
            hold(receipt.keys() >= LEASE, "the clean-up does not know of an archive that is not done", archive_id)


def the_history_explains_the_status(look: ClientLook) -> None:
    expected, archive_id = ARCHIVED, None
    for line in look.flips:
        hold(line["event"] == expected, "archives and returns do not alternate in the history", line["history_id"])
        if expected == ACTIVATED:
            hold(line["archive_id"] == archive_id, "a return from another archive than the last", archive_id)
        expected, archive_id = (ACTIVATED if expected == ARCHIVED else ARCHIVED), line["archive_id"]
    last = look.flips[-1] if look.flips else None
    stands = last["archive_id"] if last and last["event"] == ARCHIVED else None
    hold(stands == look.archive_id, "the history does not explain the status", stands, look.archive_id)
    if last and last["event"] == ACTIVATED:
        hold(look.client["last_return"]["archive_id"] == last["archive_id"], "back from another archive than is noted")


def what_an_archive_left_alone_is_in_the_clean_ups_list(look: ClientLook) -> None:
    """That is a payment in charge, and still is when it fell back and nobody has looked since (A11)."""
    if look.archive_id and not look.is_settling:
        for sk, record in look.records.items():
            if record["kind"] == "payment" and record["status"] in ("charging", "scheduled"):
                left = look.items.get(f"RECEIPT#{look.archive_id}#LEFT_ALONE#{sk}", {})
                hold(left.keys() >= LEASE, "the clean-up does not know of a payment left alone", look.archive_id, sk)


def a_receipt_names_each_record_once(look: ClientLook) -> None:
    named = Counter(
        (archive, change["before"]["kind"], change["before"]["record_id"])
        for archive, change in look.claims("RECEIPT#")
    )
    hold(not [one for one, times in named.items() if times > 1], "a receipt names a record twice")


def a_restore_tells_what_it_has_done(look: ClientLook) -> None:
    """Each record of the receipt has one outcome, one that was ended twice too (A11, I10)."""
    for sk, report in look.items.items():
        if not sk.startswith("RESTORATION#"):
            continue
        counts = report["not_restored"]["counts"]
        hold(report["done"] == report["restored"] + sum(counts.values()), "a restore does not add up", sk)
        hold(len(report["not_restored"]["items"]) == sum(counts.values()), "what is missing is not named", sk)
        is_due = report.keys() >= LEASE
        hold(is_due == (report["state"] == "restoring"), "the clean-up does not know of a restore, or of one done", sk)
        if report["state"] == "finished":
            wanted = [one for archive, one in look.claims("RECEIPT#") if archive == report["archive_id"]]
            kinds = {KIND_OF[asked] for asked in report["asked"]}
            asked = [one for one in wanted if one["before"]["kind"] in kinds]
            records = {sort_key(one["before"]) for one in asked}
            is_done = report["done"] == len(records)
            hold(is_done, "a restore has ended before it was done", sk, report["done"], len(records))


AT_EVERY_MOMENT = (
    a_restore_tells_what_it_has_done,
    the_stamp_is_the_status,
    what_is_to_be_done_is_in_the_clean_ups_list,
    the_history_explains_the_status,
    what_an_archive_left_alone_is_in_the_clean_ups_list,
    a_receipt_names_each_record_once,
)


# Between two moments, of which the second is right after one transaction


@dataclass
class Memory:
    """What has to be remembered of the past: when each archive and each booking was committed, and what runs did.

    ``own_bookings`` are the appointments that clients have asked for themselves; ``archived_by`` has the archive that a
    run has begun on a client, ``left_at`` the client's revision then, and ``undone`` who was brought back by an undo;
    ``revised`` is when each client last got another revision. ``fallen_back`` has the payments that fell back from
    charging, and when, until the system has seen them: by client and sort key.
    """

    moment: int = 0
    archived: dict[str, int] = field(default_factory=dict)
    booked: dict[str, int] = field(default_factory=dict)
    own_bookings: set[str] = field(default_factory=set)
    archived_by: dict[tuple[str, str], str] = field(default_factory=dict)
    left_at: dict[str, int] = field(default_factory=dict)
    undone: set[tuple[str, str]] = field(default_factory=set)
    revised: dict[str, int] = field(default_factory=dict)
    fallen_back: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """What one transaction has made of a client.

    ``judged_by`` are the levels of the practice's safety rules in every state that its writer could have read
    after the client; ``acknowledged`` are the rules whose warning a person has seen for this client.
    """

    before: ClientLook
    after: ClientLook
    judged_by: Sequence[Plain]
    acknowledged: frozenset[str]

    @cached_property
    def new(self) -> dict[str, Plain]:
        """The items that are new."""
        return {sk: item for sk, item in self.after.items.items() if sk not in self.before.items}

    @cached_property
    def changed(self) -> dict[str, tuple[Plain, Plain]]:
        """The items that are no longer as they were."""
        before, after = self.before.items, self.after.items
        return {sk: (item, after[sk]) for sk, item in before.items() if sk in after and after[sk] != item}

    def new_claims(self, prefix: str) -> list[tuple[str, Plain]]:
        """The changes that this transaction says it has made, each with the archive it belongs to."""
        claims: list[tuple[str, Plain]] = []
        for sk, item in {**self.new, **{sk: after for sk, (_, after) in self.changed.items()}}.items():
            if tells(sk, prefix):
                told = self.before.items.get(sk, {}).get("changes", [])
                hold(all(change in item.get("changes", []) for change in told), "what was done is no longer told", sk)
                archive_id = item.get("archive_id") or sk.split("#")[1]
                claims += [(archive_id, change) for change in item.get("changes", []) if change not in told]
        return claims

    @property
    def is_billing(self) -> bool:
        """Whether it is billing's own: nothing has changed but what a client has to its credit, or owes (I16)."""
        before, after = self.before.client, self.after.client
        differs = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        return not self.new and self.changed.keys() == {"CLIENT"} and differs <= {*MONEY, "revision"}

    @property
    def flip(self) -> tuple[str | None, str | None]:
        """The stamp before and after."""
        return self.before.archive_id, self.after.archive_id


def nothing_is_deleted(step: Step, memory: Memory) -> None:
    gone = step.before.items.keys() - step.after.items.keys()
    hold(not gone, "something was deleted", *gone)


def a_client_keeps_its_money_and_name(step: Step, memory: Memory) -> None:
    for name in WHAT_A_CLIENT_KEEPS - (MONEY if step.is_billing else set()):
        hold(step.before.client.get(name) == step.after.client.get(name), "the client has changed", name)


def records_stay_what_they_are(step: Step, memory: Memory) -> None:
    provider_id, client_id = step.after.client["provider_id"], step.after.client["client_id"]
    for sk, (before, after) in step.changed.items():
        if "kind" in after:
            kept = [
                {name: part for name, part in item.items() if name not in WHAT_CHANGES | BESIDE}
                for item in (before, after)
            ]
            hold(kept[0] == kept[1], "a record has become another", sk)
            hold(
                record_item(Keys(provider_id), client_id, record_from(after)) == _value(after),
                "a record is in the wrong index",
                sk,
            )


def what_was_told_stays_told(step: Step, memory: Memory) -> None:
    for sk, (before, after) in step.changed.items():
        if sk.startswith("HISTORY#") or (sk.startswith("RECEIPT#") and "#LEFT_ALONE#" not in sk):
            told = [without_lease(one) for one in (before, after, {**before, "state": "settled"})]
            hold(told[1] in (told[0], told[2]), "a receipt or the history was rewritten", sk)


def receipts_tell_exactly_what_was_changed(step: Step, memory: Memory) -> None:
    claims = step.new_claims("RECEIPT#")
    for archive_id, _ in claims:
        hold(archive_id == step.after.archive_id, "something was done under a stamp that is gone", archive_id)
    claims += step.new_claims("RESTORE#")
    told = {sort_key(change["before"]): (change["before"], change["after"]) for _, change in claims}
    hold(len(told) == len(claims), "a change is told twice", *told)
    done = {sk: pair for sk, pair in step.changed.items() if "kind" in pair[0] and not _is_billings_own(*pair)}
    hold(told.keys() == done.keys(), "receipts do not tell what was done", *(told.keys() ^ done.keys()))
    for sk, pair in told.items():
        hold(as_told(done[sk][0]) == pair[0] and as_told(done[sk][1]) == pair[1], "a receipt tells it wrong", sk)


def a_settled_archive_leaves_nothing_live_but_what_fell_back(step: Step, memory: Memory) -> None:
    """An archived client keeps no live record that the system has seen (A11).

    The archive has seen whatever was live when it was carried out. What falls back from charging since then is seen by
    the next archive of the client, or by the clean-up, and ends then; until it does it is unseen.
    """
    look, client_id = step.after, step.after.client["client_id"]
    for sk, (before, after) in step.changed.items():
        if before.get("kind") == "payment":
            memory.fallen_back.pop((client_id, sk), None)
            if (before["status"], after["status"]) == ("charging", "scheduled"):
                memory.fallen_back[client_id, sk] = memory.moment
    if look.archive_id and not look.is_settling:
        live = [sk for sk, record in look.records.items() if still_live(record, look.at)]
        seen = [sk for sk in live if (client_id, sk) not in memory.fallen_back]
        hold(not seen, "an archived client has live records", look.archive_id, *seen)


def each_flip_has_its_line_and_its_receipt(step: Step, memory: Memory) -> None:
    before, after = step.flip
    lines = [line for line in step.after.flips if line not in step.before.flips]
    told = [(line["event"], line["archive_id"]) for line in lines]
    if before == after:
        hold(not told, "the history tells of what did not happen", *told)
    elif before is None:
        hold(told == [(ARCHIVED, after)], "an archive without its line in the history", after)
        hold(f"RECEIPT#{after}" in step.new, "an archive without a receipt", after)
    else:
        hold(after is None, "a stamp was written over another", before, after)
        hold(told == [(ACTIVATED, before)], "a return without its line in the history", before)


def the_revision_rises_with_the_client_and_what_is_live(step: Step, memory: Memory) -> None:
    before, after = step.before.client, step.after.client
    risen = after["revision"] - before["revision"]
    came_alive = [
        sk
        for sk, record in step.after.records.items()
        if "live_key" in record and "live_key" not in step.before.records.get(sk, {})
    ]
    has_changed = as_revised(before) != as_revised(after)
    hold(risen == (1 if has_changed else 0), "the revision does not count the client's changes", risen)
    if came_alive:
        hold(risen == 1, "something came alive without a new revision", *came_alive)
        hold(step.after.archive_id is None, "something came alive on an archived client", *came_alive)


def as_revised(client: Plain) -> Plain:
    """Return what of a client its revision counts: that its archive was made good is no change of the client."""
    return {name: value for name, value in without_lease(client).items() if name != "made_good_at"}


def a_settled_receipt_that_grows_is_announced(step: Step, memory: Memory) -> None:
    """A return that has read the receipt before learns of it: by what was left alone, or else by the client."""
    before, archive_id = step.before, step.before.archive_id
    if archive_id and not before.is_settling:
        has_grown = any(archive == archive_id for archive, _ in step.new_claims("RECEIPT#"))
        has_left_alone = any(sk.startswith(f"RECEIPT#{archive_id}#LEFT_ALONE#") for sk in before.items)
        is_announced = has_left_alone or "made_good_at" in step.after.client
        hold(not has_grown or is_announced, "a receipt has grown, and nothing tells a return of it", archive_id)


def no_archive_is_over_a_safety_rule(step: Step, memory: Memory) -> None:
    """By the rules of one moment nothing forbids it, and a person has seen every warning (S1, S2)."""
    if step.before.archive_id is None and step.after.archive_id is not None:
        at = datetime.fromisoformat(step.after.client["stamp"]["archived_at"])
        allowed = [not _held_back(step, levels, at) for levels in step.judged_by]
        hold(any(allowed), "an archive over a safety rule", *(_held_back(step, step.judged_by[-1], at)))
    if step.before.client["revision"] != step.after.client["revision"]:
        memory.revised[step.after.client["client_id"]] = memory.moment


def _held_back(step: Step, levels: Plain, at: datetime) -> list[str]:
    applying = [(rule, levels.get(rule)) for rule in _rules_that_apply(step.before, levels, at)]
    return [rule for rule, level in applying if level == "block" or (level == "warn" and rule not in step.acknowledged)]


def _rules_that_apply(look: ClientLook, levels: Plain, at: datetime) -> Iterator[str]:
    """Name the safety rules that apply to a client of a practice whose days are those of UTC."""
    days = timedelta(days=int(levels.get("appointment_within_days", DAYS_OF_SOON)) + 1)
    soon_until = datetime.combine((at + days).date(), time(), UTC)
    booked = [one for one in look.records.values() if one["kind"] == "appointment" and one["status"] == "booked"]
    if look.client["owed_cents"] > 0:
        yield "owes_money"
    if look.client["credit_cents"] > 0:
        yield "has_credits"
    if any(at < datetime.fromisoformat(one["starts_at"]) < soon_until for one in booked):
        yield "appointment_soon"
    if any(one["kind"] == "payment" and one["status"] == "charging" for one in look.records.values()):
        yield "payment_charging"


def a_booking_is_not_cancelled_by_an_archive_before_it(step: Step, memory: Memory) -> None:
    before, after = step.flip
    if after and before is None:
        memory.archived[after] = memory.moment
    for sk, record in step.new.items():
        if record.get("kind") == "appointment":
            memory.booked[sk] = memory.moment
    for archive_id, change in step.new_claims("RECEIPT#"):
        booked = memory.booked.get(sort_key(change["before"]))
        if booked is not None:
            hold(memory.archived[archive_id] > booked, "a booking was cancelled by an archive before it", archive_id)


def a_run_archives_a_client_once(step: Step, memory: Memory) -> None:
    before, after = step.flip
    run_id = step.after.client["stamp"]["cause"].get("run_id") if after and before is None else None
    if run_id and after:
        mark = (run_id, step.after.client["client_id"])
        hold(mark not in memory.archived_by, "a run has archived a client twice", *mark)
        memory.archived_by[mark] = after
        memory.left_at[after] = step.after.client["revision"]


def an_undo_brings_back_once_who_is_as_the_run_left_them(step: Step, memory: Memory) -> None:
    before, after = step.flip
    back = step.after.client["last_return"]["cause"] if before and after is None else {}
    if before and back.get("source") == "undo":
        undone = (before, step.after.client["client_id"])
        hold(before in memory.archived_by.values(), "an undo of what no run has done", *undone)
        hold(undone not in memory.undone, "a client was brought back twice", *undone)
        hold(step.before.client["revision"] == memory.left_at[before], "an undo of who was changed since", *undone)
        memory.undone.add(undone)


def a_plan_is_told_of_and_carried_out_while_it_stands(step: Step, memory: Memory) -> None:
    before, after = step.before.plan, step.after.plan
    lines = [item["event"] for sk, item in step.new.items() if sk.startswith("HISTORY#")]
    planned, cancelled = (lines.count(f"client.archive_plan{what}") for what in ("ned", "_cancelled"))
    is_archived = step.before.archive_id is None and step.after.archive_id is not None
    is_new = after is not None and (before is None or before["terms"] != after["terms"])
    hold(planned == is_new, "a plan is not in the history, or one that was not made")
    hold(cancelled == (before is not None and after is None and not is_archived), "a plan has gone without a word")
    if is_archived and step.after.client["stamp"]["cause"]["source"] == "schedule":
        hold(before is not None, "a client was archived as planned, but the plan was gone", step.after.archive_id)
        options = step.after.receipts[step.after.archive_id or ""]["options"]
        hold(before is not None and before["terms"]["options"] == options, "archived otherwise than planned")


def what_a_restore_leaves_as_changed_is_not_as_its_archive_left_it(step: Step, memory: Memory) -> None:
    for sk, report in step.after.items.items():
        is_new = sk.startswith("RESTORATION#") and report != step.before.items.get(sk)
        if is_new and report["state"] == "finished":
            told = [one for archive, one in step.after.claims("RECEIPT#") if archive == report["archive_id"]]
            left = {sort_key(change["after"]): change["after"] for change in told}
            named = report["not_restored"]["items"]
            changed = [sort_key(one) for one in named if one["outcome"] == "changed_since"]
            missed = [one for one in changed if as_told(step.after.records[one]) == left[one]]
            hold(not missed, "a restore has missed what was ended while it went on", sk, *missed)


def who_books_is_not_archived_later(step: Step, memory: Memory) -> None:
    own = [sk for sk, record in step.new.items() if record.get("record_id") in memory.own_bookings]
    hold(not own or step.after.plan is None, "a client has booked, and is still to be archived", *own)


BETWEEN_TWO_MOMENTS = (
    nothing_is_deleted,
    a_client_keeps_its_money_and_name,
    records_stay_what_they_are,
    what_was_told_stays_told,
    receipts_tell_exactly_what_was_changed,
    a_settled_archive_leaves_nothing_live_but_what_fell_back,
    each_flip_has_its_line_and_its_receipt,
    the_revision_rises_with_the_client_and_what_is_live,
    a_settled_receipt_that_grows_is_announced,
    no_archive_is_over_a_safety_rule,
    a_booking_is_not_cancelled_by_an_archive_before_it,
    a_run_archives_a_client_once,
    an_undo_brings_back_once_who_is_as_the_run_left_them,
    a_plan_is_told_of_and_carried_out_while_it_stands,
    who_books_is_not_archived_later,
    what_a_restore_leaves_as_changed_is_not_as_its_archive_left_it,
)


def sort_key(record: Plain) -> str:
    """Return where a record is stored in its client's partition."""
    return f"{record['kind'].upper()}#{record['record_id']}"


def _value(record: Plain) -> Plain:
    """Return a record without what lies beside its value."""
    return {name: part for name, part in record.items() if name not in BESIDE}


def as_told(record: Plain) -> Plain:
    """Return a stored record as a receipt tells it: without the places it is stored at."""
    return {name: part for name, part in record.items() if name not in PLACES and name not in BESIDE}


BILLINGS_OWN = {("scheduled", "charging"), ("charging", "scheduled"), ("charging", "charged")}


def _is_billings_own(before: Plain, after: Plain) -> bool:
    """Whether a change is billing's own, which is no archive's work."""
    return before["kind"] == "payment" and (before["status"], after["status"]) in BILLINGS_OWN


# Runs

Clients: TypeAlias = Mapping[str, ClientLook]


@dataclass(frozen=True)
class RunLook:
    """A run and its members at one moment."""

    run: Plain
    members: Mapping[str, Plain]


def acknowledged_in_a_run(look: RunLook, client_id: str) -> frozenset[str]:
    """Return the warnings that a person has seen for a client: those of the preview, if a person has confirmed it."""
    if look.run.get("confirmed_by") == "tidy-up":
        return frozenset()
    return frozenset(
        rule
        for member in look.members.values()
        if member["client_id"] == client_id
        for rule in member["facts"]["warnings"]
    )


def a_run_adds_up(look: RunLook) -> None:
    outcomes = Counter(member["outcome"] for member in look.members.values())
    counts = {outcome: int(count) for outcome, count in look.run["counts"].items() if count}
    hold(counts == dict(outcomes), "a run's counts are not its members' outcomes", counts, dict(outcomes))
    hold(sum(counts.values()) == look.run["totals"]["clients"], "a run does not account for every client")


def outcomes_are_given_once(before: RunLook, after: RunLook, clients: Clients) -> None:
    """Only who failed or was not reached is owed another outcome, once the run's next attempt is prepared."""
    for sk, member in before.members.items():
        now, attempt = after.members[sk], member["attempt"]
        if member["outcome"] == now["outcome"]:
            hold(now["attempt"] == attempt, "a member has changed its attempt", sk)
        elif member["outcome"] == "pending":
            hold(now["attempt"] == attempt == after.run["attempt"], "an outcome of an attempt that is over", sk)
        else:
            hold(member["outcome"] in RETRIED, "an outcome was given twice", sk)
            hold(now["outcome"] == "pending", "an outcome was given over another", sk)
            hold(attempt < now["attempt"] == after.run["attempt"], "a member was reopened by no new attempt", sk)
            hold(after.run["state"] == "preparing", "a member was reopened although nobody has asked", sk)


def a_member_is_marked_once(before: RunLook, after: RunLook, clients: Clients) -> None:
    for sk, member in before.members.items():
        now, archive_id = after.members[sk], member.get("archive_id")
        if now.get("archive_id") == archive_id:
            continue
        look = clients[Keys(after.run["provider_id"]).client_partition(member["client_id"])]
        hold(archive_id is None, "a member was marked twice", sk)
        hold(member["outcome"] == now["outcome"] == "pending", "a member was marked after its outcome", sk)
        if "undoes" in member:
            back = look.client["last_return"]
            was_it = (back["archive_id"], back["cause"].get("run_id")) == (now["archive_id"], after.run["run_id"])
            hold(was_it and look.archive_id is None, "a member was marked as brought back, and is not", sk)
        else:
            hold(now["archive_id"] == look.archive_id, "a member was marked with another stamp than the client has", sk)
            hold(now["archived_revision"] == look.client["revision"], "a member was marked with another revision", sk)


def an_outcome_is_true(before: RunLook, after: RunLook, clients: Clients) -> None:
    for sk, member in after.members.items():
        if member["outcome"] == before.members[sk]["outcome"]:
            continue
        look = clients[Keys(after.run["provider_id"]).client_partition(member["client_id"])]
        match member["outcome"]:
            case "archived":
                hold(look.archive_id == member.get("archive_id"), "archived, says a run, but the client is not", sk)
                hold(not look.is_settling, "archived, says a run, but not in full", sk)
            case "superseded":
                hold(look.archive_id != member.get("archive_id"), "superseded, but the stamp stands", sk)
            case "activated" | "activated_in_part":
                hold("archive_id" in member, "activated, says an undo, but it was somebody else", sk)
                report = look.items.get(f"RESTORATION#{member['undoes']}", {})
                by_undo = report.get("cause", {}).get("run_id") == after.run["run_id"]
                hold(not by_undo or report["state"] == "finished", "activated, but it is still restored", sk)
                told, found = member.get("not_restored", {}), report.get("not_restored", {})
                hold(not by_undo or told == (found if found.get("counts") else {}), "an undo tells it wrong", sk)
                in_part = member["outcome"] == "activated_in_part"
                hold(bool(told) == in_part, "what could not be restored is not told, or is made up", sk)
            case _:
                pass


def who_is_not_dealt_with_is_told_why(before: RunLook, after: RunLook, clients: Clients) -> None:
    for sk, member in after.members.items():
        if member["outcome"] == before.members[sk]["outcome"] or member["outcome"] not in NOTHING_DONE:
            continue
        hold("archive_id" not in member, "nothing done, says a run, but it has done something", sk)
        if member["outcome"] in HELD_BACK:
            hold(bool(member["rules"]), "held back, says a run, and not by what", sk)
        if member["outcome"] == "left_alone":
            look = clients[Keys(after.run["provider_id"]).client_partition(member["client_id"])]
            as_left = (look.archive_id, look.client["revision"]) == (member["undoes"], member["undoes_revision"])
            hold(not as_left, "left alone, says an undo, but the client is as the run left it", sk)


def a_run_moves_as_it_may(before: RunLook, after: RunLook, clients: Clients) -> None:
    was, now = before.run, after.run
    hold(now["attempt"] - was["attempt"] in (0, 1), "an attempt was left out")
    if was["state"] in FINISHED:
        goes_on = now["state"] == "preparing" and now["attempt"] == was["attempt"] + 1
        hold(now["state"] == was["state"] or goes_on, "a run that has ended goes on", was["state"], now["state"])
        hold("undone_by" not in was or without_lease(now) == without_lease(was), "a run went on after it was undone")
    elif now["state"] in FINISHED and "started_at" in now:
        hold(not now["counts"].get("pending"), "a run has ended with clients who have no outcome")
        verdict = "stopped" if was["state"] == "stopping" else _verdict(now)
        hold(now["state"] == verdict, "the verdict is not what the run came to", was["state"], now["state"])
        missing: Counter[str] = Counter()
        for member in after.members.values():
            if member["outcome"] == "activated_in_part":
                missing.update(member["not_restored"]["counts"])
        hold(now.get("not_restored", {}) == missing, "a run does not count what it could not restore", missing)


def _verdict(run: Plain) -> str:
    if any(run["counts"].get(outcome) for outcome in RETRIED):
        return "completed_with_failures"
    return "completed_in_part" if run["counts"].get("activated_in_part") else "completed"


BETWEEN_TWO_MOMENTS_OF_A_RUN = (
    outcomes_are_given_once,
    a_member_is_marked_once,
    an_outcome_is_true,
    who_is_not_dealt_with_is_told_why,
    a_run_moves_as_it_may,
)


def a_run_tells_whom_it_has_done(look: RunLook, memory: Memory) -> None:
    for member in look.members.values():
        client_id, mark, undoes = member["client_id"], member.get("archive_id"), member.get("undoes")
        if undoes:
            done = undoes if (undoes, client_id) in memory.undone else None
        else:
            done = memory.archived_by.get((look.run["run_id"], client_id))
        hold(mark == done, "a run has archived a client, or brought it back, and does not know it", client_id)


def an_archive_of_a_run_is_looked_after(look: RunLook, clients: Clients) -> None:
    """Until it is carried out, by its run while that owes the outcome and is in the clean-up's list, or else itself."""
    is_run_in_list = look.run.keys() >= LEASE
    for member in look.members.values():
        client = clients.get(Keys(look.run["provider_id"]).client_partition(member["client_id"]))
        archive_id = None if "undoes" in member else member.get("archive_id")
        if client and archive_id and client.archive_id == archive_id and client.is_settling:
            is_owed = member["outcome"] == "pending" and is_run_in_list
            is_in_list = client.receipts[archive_id].keys() >= LEASE
            hold(is_owed or is_in_list, "nobody carries out an archive of a run", archive_id)


# When all is done


def every_archive_is_carried_out(looks: Iterable[ClientLook]) -> None:
    for look in looks:
        hold(not look.is_settling, "an archive was never carried out in full", look.archive_id)


def nothing_is_live_on_an_archived_client(looks: Iterable[ClientLook]) -> None:
    """Once the clean-up has looked, nothing is left that it has not seen (A11)."""
    for look in (one for one in looks if one.archive_id):
        live = [sk for sk, record in look.records.items() if still_live(record, look.at)]
        hold(not live, "an archived client was left with live records", look.archive_id, *live)


def every_restore_has_ended(looks: Iterable[ClientLook]) -> None:
    for look in looks:
        left = [sk for sk, one in look.items.items() if sk.startswith("RESTORATION#") and one["state"] == "restoring"]
        hold(not left, "a restore was never finished", *left)


def an_undo_leaves_nothing_changed(before: ClientLook, after: ClientLook) -> None:
    """With nothing in between, every record that can come back is as it was before the run (A1)."""
    back = set(KIND_OF.values())
    for sk, record in before.records.items():
        overdue = record["kind"] == "payment" and datetime.fromisoformat(record["due_at"]) <= after.at
        if record["kind"] in back and not overdue:
            hold(after.records[sk] == record, "a record is not as it was before the run that was undone", sk)


def records_are_the_sum_of_what_was_told(look: ClientLook) -> None:
    """Follow each record through receipts and restores, in order: they lead to what it is now, with no gap."""
    told: dict[str, list[Plain]] = {}
    archives = [(archive, 0, change) for archive, change in look.claims("RECEIPT#")]
    restores = [(archive, 1, change) for archive, change in look.claims("RESTORE#")]
    for _, _, change in sorted([*archives, *restores], key=lambda claim: claim[:2]):
        told.setdefault(sort_key(change["before"]), []).append(change)
    for sk, changes in told.items():
        for one, following in pairwise(changes):
            hold(one["after"] == following["before"], "something happened to a record that nobody told", sk)
        hold(changes[-1]["after"] == as_told(look.records[sk]), "a record is not what was last told of it", sk)


def every_run_has_ended(looks: Iterable[RunLook]) -> None:
    for look in (one for one in looks if "started_at" in one.run):
        hold("finished_at" in look.run, "a run has not ended")
        hold(not look.run["counts"].get("pending"), "a run has ended without an outcome for every client")
