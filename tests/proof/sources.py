"""Sources that tell late, twice, out of order and in part, and what must hold of all that they tell (I1 to I15)."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from client_lifecycle.domain.client import Client, Door
from client_lifecycle.domain.intake import IncomingChange
from client_lifecycle.domain.records import (
    AppointmentStatus,
    DocumentStatus,
    PaymentStatus,
    Record,
    ReminderStatus,
)
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.values import to_plain
from client_lifecycle.use_cases.record import Delivery, record
from tests.proof import invariants
from tests.proof.bulk import Work
from tests.proof.interleaving import AT_ONCE, TIMES, Interleaving, Tally
from tests.proof.invariants import Memory, Step, as_told, hold, sort_key, still_live
from tests.proof.operations import OPERATIONS
from tests.proof.world import Controls, World, plain_people
from tests.support.builders import DAY, NOW, appointment, document, membership, payment, reminder

SOURCE = "platform"
WHOLE = 0.7
"""How much of what it has last said of a client a source delivers; the rest comes late, or never."""

MEETING = (
    "activate",
    "archive",
    "begin_run",
    "book_by_client",
    "carry_out_plan",
    "clean_up",
    "plan",
    "restore",
    *["undo"] * 3,
    *["bulk_step"] * 6,
    *["confirm_again"] * 2,
)
"""What else happens meanwhile: archives of one and of many, with previews that wait, undos, plans and bookings."""

STATES: Mapping[str, Callable[[str, int], Record]] = {
    "appointment": lambda record_id, choice: appointment(
        record_id, starts_at=NOW + (choice % 5 + 3) * DAY, status=list(AppointmentStatus)[choice % 3]
    ),
    "payment": lambda record_id, choice: payment(record_id, status=list(PaymentStatus)[choice % 4]),
    "reminder": lambda record_id, choice: reminder(record_id, status=list(ReminderStatus)[choice % 3]),
    "membership": lambda record_id, choice: membership(record_id, left_at=NOW if choice % 3 == 0 else None),
    "document": lambda record_id, choice: document(record_id, status=list(DocumentStatus)[choice % 3]),
}
"""The states that a source tells a record of each kind to be in."""


@dataclass
class Platform:
    """A source: all that it has ever said of each record, whether it was delivered or not."""

    said: dict[tuple[str, str], list[IncomingChange]] = field(default_factory=lambda: defaultdict(list))

    def tell(self, world: World, who: Client, dice: random.Random) -> Work:
        """Say something new of some records, and deliver it with what was said before, all, none or in part."""
        for kind in dice.sample(sorted(STATES), dice.randint(1, 3)):
            for _ in range(dice.choice((0, 1, 1, 2))):
                self._say(who, kind, dice)
        said = [changes for (client_id, _), changes in self.said.items() if client_id == who.client_id]
        older = [one for changes in said for one in changes[:-1]]
        delivered = [changes[-1] for changes in said if dice.random() < WHOLE]
        delivered += dice.sample(older, min(len(older), dice.randint(0, 2)))
        dice.shuffle(delivered)
        delivery = Delivery(client_id=who.client_id, source=SOURCE, changes=delivered)
        at = world.at
        return lambda: record(world.tenant, delivery, at=at, is_dry_run=False, through=Door.RECORD_HOOK)

    def _say(self, who: Client, kind: str, dice: random.Random) -> None:
        record_id = f"told-{kind}"
        said = self.said[who.client_id, f"{kind.upper()}#{record_id}"]
        now = STATES[kind](record_id, dice.randrange(60))
        version = (said[-1].version if said else 0) + dice.choice((1, 1, 3))
        said.append(
            IncomingChange(kind=now.kind, record_id=record_id, version=version, digest=str(version), record=now)
        )

    def holds(self, step: Step, memory: Memory) -> None:
        """Hold what must be so of each record that this source tells of."""
        client_id = step.after.client["client_id"]
        for sk, item in step.after.records.items():
            if "source_version" not in item:
                continue
            before = step.before.records.get(sk, {})
            if before != item:
                hold(before.get("source_version", 0) <= item["source_version"], "a version has gone down", sk)
                _nothing_begins_while_archived(step, sk, before, item)
            _what_is_not_confirmed_is_listed(sk, before, item)
            said = next(one for one in self.said[client_id, sk] if one.version == item["source_version"])
            is_explained = _without_booked_at(as_told(item)) in _explained(step, sk, item, said)
            hold(is_explained, "nobody said so", sk, item)


def _nothing_begins_while_archived(step: Step, sk: str, before: Plain, item: Plain) -> None:
    """What is told of an archived client ends or stays ended, and leaves its revision: no undo is lost for it (I8)."""
    was, archive_id = step.flip
    if archive_id is None or before.get("source_version") == item["source_version"]:
        return
    hold(was == archive_id, "something was told in the moment of an archive", sk)
    hold(not still_live(item, step.after.at), "something live was told of an archived client", sk)
    shown = item["kind"] == "document" and item["status"] in ("shared", "requested")
    hold(not shown or before.get("status") == item["status"], "a document was shared with an archived client", sk)
    revisions = step.before.client["revision"], step.after.client["revision"]
    hold(revisions[0] == revisions[1], "what was told of an archived client drops it out of an undo", sk, *revisions)


def _what_is_not_confirmed_is_listed(sk: str, before: Plain, item: Plain) -> None:
    """What an archive ends is listed until its source says so too, or it is no longer ended by an archive (I8).

    One ends a payment twice that was being charged in between, and has fallen back (I10).
    """
    if "ended_by" not in item:
        hold("due_since" not in item, "what no archive has ended is listed as unconfirmed", sk)
    elif any(before.get(name) != item.get(name) for name in ("ended_by", "cancelled_at")):
        hold({"due_key", "due_since"} <= item.keys(), "what an archive ended is not listed", sk)
    elif before["source_version"] != item["source_version"]:
        hold("due_since" not in item, "what was confirmed is still listed", sk)
    else:
        hold(before.get("due_since") == item.get("due_since"), "a confirmation came from nowhere", sk)


def _explained(step: Step, sk: str, item: Plain, said: IncomingChange) -> Iterator[Plain]:
    """Yield what a record may be: what its source last said, or what receipts and restores have made of it since."""
    if "ended_by" not in item:
        yield _without_booked_at(to_plain(said.record))
        yield from (one for _, one in _claims(step, "RESTORE#", sk))
    else:
        yield from (one for archive_id, one in _claims(step, "RECEIPT#", sk) if archive_id == item["ended_by"])


def _claims(step: Step, prefix: str, sk: str) -> Iterator[tuple[str, Plain]]:
    for archive_id, change in step.after.claims(prefix):
        if sort_key(change["after"]) == sk:
            yield archive_id, _without_booked_at(change["after"])


def _without_booked_at(record: Plain) -> Plain:
    """Return a record without the moment of telling, which its source need not say (A1)."""
    return {name: part for name, part in record.items() if name != "booked_at"}


def live_through_sources(controls: Controls, seed: int, tally: Tally, calls: int) -> None:
    """Live through one world whose people's records sources tell of, in which about this many calls go through.

    Raises:
        Exception: an invariant does not hold; a note names the seed.
    """
    dice, platform = random.Random(seed), Platform()
    tally.worlds += 1
    with controls.new_world(seed) as world:
        world.settle_in(plain_people())
        world.holds_between = (*OF_SOURCES, platform.holds)
        world.holds_always = ALWAYS
        interleaving = Interleaving(world, dice, tally)
        try:
            if seed % 3 == 1:
                interleaving.live_through_a_run()
            last = tally.calls + calls
            while tally.calls < last:
                _one_choice(interleaving, platform, dice)
            interleaving.end()
        except BaseException as fault:
            fault.add_note(f"world {seed}; PROOF_SEED={seed} begins with it")
            raise
        finally:
            interleaving.abandon()


def _one_choice(interleaving: Interleaving, platform: Platform, dice: random.Random) -> None:
    world, turn = interleaving.world, dice.randrange(AT_ONCE)
    if len(interleaving.running) < AT_ONCE and (not interleaving.running or dice.random() < 0.3):
        who = world.people[dice.choice((0, 0, 1, 3))]
        if dice.random() < 0.5:
            interleaving.begin_work("tell", platform.tell(world, who, dice))
        elif work := OPERATIONS[name := dice.choice(MEETING)](world, who, dice.randrange(2**16)):
            interleaving.begin_work(name, work)
        return
    match dice.choices(("go", "refuse", "crash", "time"), (86, 6, 2, 6))[0]:
        case "go":
            interleaving.let_go(turn)
        case "refuse":
            interleaving.refuse(turn, dice.randrange(2**16))
        case "crash":
            interleaving.crash(turn, after=dice.random() < 0.5)
        case _:
            world.at += dice.choice(TIMES)


WITHOUT_SOURCES = {
    invariants.records_stay_what_they_are,
    invariants.receipts_tell_exactly_what_was_changed,
    invariants.the_revision_rises_with_the_client_and_what_is_live,
    invariants.a_booking_is_not_cancelled_by_an_archive_before_it,
}
"""What holds only where nobody but this system writes records."""

OF_SOURCES = tuple(one for one in invariants.BETWEEN_TWO_MOMENTS if one not in WITHOUT_SOURCES)
ALWAYS = tuple(
    one
    for one in invariants.AT_EVERY_MOMENT
    if one
    not in (
        invariants.what_an_archive_left_alone_is_in_the_clean_ups_list,
        invariants.a_receipt_names_each_record_once,
    )
)
