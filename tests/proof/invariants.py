"""What holds for a client and for a run at every moment, between two moments, and when all is done.

It is told in the words of the table, without the code's own plans and transitions: a fault in those must show here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import pairwise

from client_lifecycle.storage import keys
from client_lifecycle.storage.clients import record_from, record_item
from client_lifecycle.storage.items import Plain

ARCHIVED, ACTIVATED = "client.archived", "client.activated"
WHAT_CHANGES = {"status", "cancelled_by", "cancelled_at", "left_at", "hidden_at", "live_key", "day_key"}
WHAT_A_CLIENT_KEEPS = ("provider_id", "client_id", "email", "added_at", "currency", "credit_cents", "owed_cents")
RETRIED = {"failed", "not_reached"}


class Broken(AssertionError):
    """An invariant does not hold."""


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
        """What hangs on the client: appointments, payments and so on."""
        return {sk: item for sk, item in self.items.items() if "kind" in item}

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
            if sk.startswith(prefix):
                for change in item.get("changes", []):
                    yield sk.split("#")[1], change

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


def a_settled_archive_leaves_nothing_live(look: ClientLook) -> None:
    if look.archive_id and not look.is_settling:
        live = [sk for sk, record in look.records.items() if still_live(record, look.at)]
        hold(not live, "an archived client has live records", look.archive_id, *live)


def a_receipt_names_each_record_once(look: ClientLook) -> None:
    named = Counter(
        (archive, change["before"]["kind"], change["before"]["record_id"])
        for archive, change in look.claims("RECEIPT#")
    )
    hold(not [one for one, times in named.items() if times > 1], "a receipt names a record twice")


AT_EVERY_MOMENT = (
    the_stamp_is_the_status,
    the_history_explains_the_status,
    a_settled_archive_leaves_nothing_live,
    a_receipt_names_each_record_once,
)


# Between two moments, of which the second is right after one transaction


@dataclass
class Memory:
    """What has to be remembered of the past: when each archive and each booking was committed."""

    moment: int = 0
    archived: dict[str, int] = field(default_factory=dict)
    booked: dict[str, int] = field(default_factory=dict)
    marked: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True)
class Step:
    """What one transaction has made of a client."""

    before: ClientLook
    after: ClientLook

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
            if sk.startswith(prefix):
                told = self.before.items.get(sk, {}).get("changes", [])
                hold(all(change in item.get("changes", []) for change in told), "what was done is no longer told", sk)
                claims += [(sk.split("#")[1], change) for change in item.get("changes", []) if change not in told]
        return claims

    @property
    def flip(self) -> tuple[str | None, str | None]:
        """The stamp before and after."""
        return self.before.archive_id, self.after.archive_id


def nothing_is_deleted(step: Step, memory: Memory) -> None:
    gone = step.before.items.keys() - step.after.items.keys()
    hold(not gone, "something was deleted", *gone)


def a_client_keeps_its_money_and_name(step: Step, memory: Memory) -> None:
    for name in WHAT_A_CLIENT_KEEPS:
        hold(step.before.client.get(name) == step.after.client.get(name), "the client has changed", name)


def records_stay_what_they_are(step: Step, memory: Memory) -> None:
    provider_id, client_id = step.after.client["provider_id"], step.after.client["client_id"]
    for sk, (before, after) in step.changed.items():
        if "kind" in after:
            kept = [{name: part for name, part in item.items() if name not in WHAT_CHANGES} for item in (before, after)]
            hold(kept[0] == kept[1], "a record has become another", sk)
            hold(record_item(provider_id, client_id, record_from(after)) == after, "a record is in the wrong index", sk)


def what_was_told_stays_told(step: Step, memory: Memory) -> None:
    for sk, (before, after) in step.changed.items():
        if sk.startswith("HISTORY#") or (sk.startswith("RECEIPT#") and not sk.endswith("#LEFT_ALONE")):
            hold({**before, "state": "settled"} == after, "a receipt or the history was rewritten", sk)


def receipts_tell_exactly_what_was_changed(step: Step, memory: Memory) -> None:
    claims = step.new_claims("RECEIPT#")
    for archive_id, _ in claims:
        hold(archive_id == step.after.archive_id, "something was done under a stamp that is gone", archive_id)
    claims += step.new_claims("RESTORE#")
    told = {_sk(change["before"]): (change["before"], change["after"]) for _, change in claims}
    hold(len(told) == len(claims), "a change is told twice", *told)
    done = {sk: pair for sk, pair in step.changed.items() if "kind" in pair[0] and not _is_charged(*pair)}
    hold(told.keys() == done.keys(), "receipts do not tell what was done", *(told.keys() ^ done.keys()))
    for sk, pair in told.items():
        hold(_as_told(done[sk][0]) == pair[0] and _as_told(done[sk][1]) == pair[1], "a receipt tells it wrong", sk)


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
    risen = step.after.client["revision"] - step.before.client["revision"]
    came_alive = [
        sk
        for sk, record in step.after.records.items()
        if "live_key" in record and "live_key" not in step.before.records.get(sk, {})
    ]
    hold(risen == (1 if "CLIENT" in step.changed else 0), "the revision does not count the client's changes", risen)
    if came_alive:
        hold(risen == 1, "something came alive without a new revision", *came_alive)
        hold(step.after.archive_id is None, "something came alive on an archived client", *came_alive)


def a_booking_is_not_cancelled_by_an_archive_before_it(step: Step, memory: Memory) -> None:
    before, after = step.flip
    if after and before is None:
        memory.archived[after] = memory.moment
    for sk, record in step.new.items():
        if record.get("kind") == "appointment":
            memory.booked[sk] = memory.moment
    for archive_id, change in step.new_claims("RECEIPT#"):
        booked = memory.booked.get(_sk(change["before"]))
        if booked is not None:
            hold(memory.archived[archive_id] > booked, "a booking was cancelled by an archive before it", archive_id)


def a_run_archives_a_client_once(step: Step, memory: Memory) -> None:
    before, after = step.flip
    run_id = step.after.client["stamp"]["cause"].get("run_id") if after and before is None else None
    if run_id:
        mark = (run_id, step.after.client["client_id"])
        hold(mark not in memory.marked, "a run has archived a client twice", *mark)
        memory.marked.add(mark)


BETWEEN_TWO_MOMENTS = (
    nothing_is_deleted,
    a_client_keeps_its_money_and_name,
    records_stay_what_they_are,
    what_was_told_stays_told,
    receipts_tell_exactly_what_was_changed,
    each_flip_has_its_line_and_its_receipt,
    the_revision_rises_with_the_client_and_what_is_live,
    a_booking_is_not_cancelled_by_an_archive_before_it,
    a_run_archives_a_client_once,
)


def _sk(record: Plain) -> str:
    return f"{record['kind'].upper()}#{record['record_id']}"


def _as_told(record: Plain) -> Plain:
    """Return a stored record as a receipt tells it: without the places it is stored at."""
    return {name: part for name, part in record.items() if name not in ("pk", "sk", "live_key", "day_key")}


def _is_charged(before: Plain, after: Plain) -> bool:
    """Whether a change is billing's own, which is no archive's work."""
    return before["kind"] == "payment" and (before["status"], after["status"]) == ("scheduled", "charging")


# Runs


@dataclass(frozen=True)
class RunLook:
    """A run and its members at one moment."""

    run: Plain
    members: Mapping[str, Plain]


def a_run_adds_up(look: RunLook) -> None:
    outcomes = Counter(member["outcome"] for member in look.members.values())
    counts = {outcome: int(count) for outcome, count in look.run["counts"].items() if count}
    hold(counts == dict(outcomes), "a run's counts are not its members' outcomes", counts, dict(outcomes))
    hold(sum(counts.values()) == look.run["totals"]["clients"], "a run does not account for every client")


def outcomes_are_given_once(before: RunLook, after: RunLook) -> None:
    for sk, member in before.members.items():
        now, archive_id = after.members[sk], member.get("archive_id")
        if member["outcome"] != "pending" and member["outcome"] not in RETRIED:
            hold(now["outcome"] == member["outcome"], "an outcome was given twice", sk)
        if archive_id or member["outcome"] != "pending":
            hold(now.get("archive_id") == archive_id, "a member was marked again, or after its outcome", sk)


def an_outcome_is_true(before: RunLook, after: RunLook, clients: Mapping[str, ClientLook]) -> None:
    for sk, member in after.members.items():
        if member["outcome"] == "archived" and before.members[sk]["outcome"] != "archived":
            look = clients[keys.client_partition(after.run["provider_id"], member["client_id"])]
            hold(look.archive_id == member.get("archive_id"), "archived, says a run, but the client is not", sk)
            hold(not look.is_settling, "archived, says a run, but not in full", sk)


# When all is done


def every_archive_is_carried_out(looks: Iterable[ClientLook]) -> None:
    for look in looks:
        hold(not look.is_settling, "an archive was never carried out in full", look.archive_id)


def records_are_the_sum_of_what_was_told(look: ClientLook) -> None:
    """Follow each record through receipts and restores, in order: they lead to what it is now, with no gap."""
    told: dict[str, list[Plain]] = {}
    archives = [(archive, 0, change) for archive, change in look.claims("RECEIPT#")]
    restores = [(archive, 1, change) for archive, change in look.claims("RESTORE#")]
    for _, _, change in sorted([*archives, *restores], key=lambda claim: claim[:2]):
        told.setdefault(_sk(change["before"]), []).append(change)
    for sk, changes in told.items():
        for one, following in pairwise(changes):
            hold(one["after"] == following["before"], "something happened to a record that nobody told", sk)
        hold(changes[-1]["after"] == _as_told(look.records[sk]), "a record is not what was last told of it", sk)


def every_run_has_ended(looks: Iterable[RunLook]) -> None:
    for look in (one for one in looks if "started_at" in one.run):
        hold("finished_at" in look.run, "a run has not ended")
        hold(not look.run["counts"].get("pending"), "a run has ended without an outcome for every client")
