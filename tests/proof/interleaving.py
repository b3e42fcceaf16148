"""Interleaves operations call by call, and has the world hold its invariants after each call."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from zlib import crc32

from client_lifecycle.domain.receipts import LONGEST_WAIT
from client_lifecycle.domain.settings import Level, SafetySettings
from tests.proof.bulk import EFFECTS, FINISH, MARK, SETTLE, Work
from tests.proof.operations import EXPECTED, OPERATIONS, begin_run, clean_up, plan
from tests.proof.scheduler import GO, Call, Crash, Let, Running
from tests.proof.world import FEWER_TRIES, LONGEST_LAG_WRITES, Controls, World, person_with_many_records, plain_people
from tests.support.made_up_answers import Answer, cancelled

AT_ONCE = 6
MOST_CLEAN_UPS = 8
BETWEEN_CLEAN_UPS = timedelta(minutes=20)
"""Longer than an item that the clean-up looks at is left to it."""

ANY = 2**16
TIMES = (
    timedelta(milliseconds=1),
    timedelta(seconds=2),
    timedelta(minutes=3),
    timedelta(minutes=12),
    timedelta(minutes=25),
    timedelta(hours=15),
)
NAMES = (
    *sorted(OPERATIONS),
    *(["bulk_step"] * len(OPERATIONS)),
    *(["retry", "undo", "change", "bill", "change_rules"] * 2),
)
"""A run takes many steps, so they are chosen as often as all the rest together."""

SAFETY_AT_FIRST = (
    SafetySettings(),
    SafetySettings(),
    SafetySettings(owes_money=Level.BLOCK, has_credits=Level.WARN),
    SafetySettings(),
    SafetySettings(payment_charging=Level.BLOCK, appointment_soon=Level.WARN),
)
"""What the safety rules of a practice do at first, by its seed."""

POPULAR = 0.6
"""How often an operation is for the first client: those that meet are worth more than those that do not."""


@dataclass
class Tally:
    """How much was tried, and what came of it; ``trail`` is a checksum of all calls, in order."""

    calls: int = 0
    trail: int = 0
    transactions: int = 0
    worlds: int = 0
    begun: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return (
            f"{self.calls:,} calls, {self.transactions:,} transactions of {self.begun.total():,} operations in "
            f"{self.worlds} worlds; answers: {listed(self.answers)}; outcomes in runs: {listed(self.outcomes)}"
        )


def listed(counts: Counter[str]) -> str:
    """Return counts as a list for people, the largest first."""
    return ", ".join(f"{count:,} {name}" for name, count in counts.most_common())


@dataclass
class Interleaving:
    """One world in which operations begin at any time and their calls go through in any order.

    ``order`` decides, once nothing new begins, in which order the rest goes through.
    """

    world: World
    order: random.Random
    tally: Tally
    running: list[Running] = field(default_factory=list)
    is_whole: bool = True

    def __post_init__(self) -> None:
        """Have reads lag by chance."""
        self.world.lag = lambda: self.order.randint(0, LONGEST_LAG_WRITES)

    def begin(self, name: str, who: int, choice: int) -> None:
        """Begin an operation of the table, if there is anything to do for it."""
        people = self.world.people
        work = OPERATIONS[name](self.world, people[who % len(people)], choice)
        if work:
            self.begin_work(name, work)

    def plan_to_archive_everyone(self) -> None:
        """Have an archive planned for each client, one way or the other."""
        for place, who in enumerate(self.world.people):
            self.begin_work(plan.__name__, plan(self.world, who, place))
            self._drain()

    def live_through_a_run(self) -> None:
        """Let a run of everyone end with a batch that was done, one that was not settled, and others not reached."""
        everyone = 2 ** len(self.world.people) - 1
        self.begin_work(begin_run.__name__, begin_run(self.world, self.world.people[0], everyone))
        self._drain()
        [execution] = self.world.local.executions.values()
        done, lost = execution.batches[:2]
        for step in (MARK, *EFFECTS, SETTLE):
            self.begin_work(step, done.deliver(step))
            self._drain()
        for step in (MARK, *EFFECTS):
            self.begin_work(step, lost.deliver(step))
            self._drain()
        self.begin_work(SETTLE, lost.deliver(SETTLE))
        self.crash(0, after=False)
        self.begin_work(FINISH, execution.finish())
        self._drain()

    def let_go(self, turn: int) -> None:
        """Let the next call of one operation go through."""
        self._let_go(turn, GO)

    def refuse(self, turn: int, choice: int) -> None:
        """Answer the next calls of one operation with a conflict, a throttle, or with the work left undone."""
        refused = self.running[turn % len(self.running)]
        for _ in range(1 + choice % FEWER_TRIES):
            if refused.stands_before:
                self._let_go(self.running.index(refused), Let(answer=refusal(refused.stands_before, choice)))

    def crash(self, turn: int, *, after: bool) -> None:
        """End one operation by force, right before or right after its next call is carried out."""
        self._let_go(turn, Let(crash_before=not after, crash_after=after))

    def end(self) -> None:
        """Let everything end, deliver what is owed, clean up as often as it takes, and look at what is left."""
        self._drain()
        for _ in range(MOST_CLEAN_UPS):
            while deliveries := self.world.local.ready(again=False):
                for delivery in deliveries[:AT_ONCE]:
                    self.begin_work(delivery.step, delivery.begin())
                self._drain()
            self.world.at += LONGEST_WAIT if self.world.has_unseen_payments else BETWEEN_CLEAN_UPS
            self.begin_work(clean_up.__name__, clean_up(self.world, self.world.people[0], 0))
            self._drain()
            if not (self.world.is_anything_at_work or self.world.has_unseen_payments):
                break
        self.world.at_rest()
        for look in self.world.run_looks.values():
            self.tally.outcomes.update(member["outcome"] for member in look.members.values())

    def abandon(self) -> None:
        """End whatever still runs by force."""
        for running in [one for one in self.running if not one.has_ended]:
            running.let_go(Let(crash_before=True))

    def _drain(self) -> None:
        while self.running:
            self.let_go(self.order.randrange(AT_ONCE))

    def begin_work(self, name: str, work: Work) -> None:
        """Begin some work."""
        self.tally.begun[name] += 1
        self.running.append(self.world.begin(name, work))
        self._take_leave()

    def _let_go(self, turn: int, let: Let) -> None:
        running = self.running[turn % len(self.running)]
        self.is_whole = False
        standing = running.stands_before
        self.tally.trail = crc32(f"{running.name} {standing and standing.name}".encode(), self.tally.trail)
        with self.world.trail.explaining():
            done = self.world.let_go(running, let)
            self.tally.calls += 1
            self.tally.transactions += done is not None and done.name == "TransactWriteItems"
            self._take_leave()
        self.is_whole = True

    def _take_leave(self) -> None:
        for running in [one for one in self.running if one.has_ended]:
            self.running.remove(running)
            self.tally.answers["done" if running.error is None else type(running.error).__name__] += 1
            if running.error and not isinstance(running.error, (*EXPECTED, Crash)):
                self.is_whole = False
                raise running.error


def refusal(call: Call, choice: int) -> Answer:
    """Return what the service could say to a call instead of carrying it out."""
    if call.name == "TransactWriteItems":
        return cancelled(call.body, ("TransactionConflict", "ThrottlingError")[choice % 2])
    if call.name == "BatchGetItem" and choice % 2:
        return {"Responses": {}, "UnprocessedKeys": call.body["RequestItems"]}
    if call.name == "BatchWriteItem" and choice % 2:
        return {"UnprocessedItems": call.body["RequestItems"]}
    fault = ("ProvisionedThroughputExceededException", "ThrottlingException")[choice // 2 % 2]
    return {"__type": f"com.amazonaws.dynamodb.v20120810#{fault}", "message": "made up"}


def live_through(controls: Controls, seed: int, tally: Tally, calls: int) -> None:
    """Live through one world in which about this many calls go through, all chosen by the seed.

    Raises:
        Exception: an invariant does not hold, or an operation met what it must not; a note names the seed.
    """
    dice = random.Random(seed)
    people = [*([person_with_many_records()] if seed % 4 == 0 else []), *plain_people()]
    tally.worlds += 1
    with controls.new_world(seed) as world:
        world.settle_in(people)
        world.decide(SAFETY_AT_FIRST[seed % len(SAFETY_AT_FIRST)])
        if seed % 3 == 0:
            world.tidy_up(starts_by_itself=seed % 2 == 0)
        interleaving = Interleaving(world, dice, tally)
        before = tally.calls
        try:
            if seed % 2:
                interleaving.live_through_a_run()
            else:
                interleaving.plan_to_archive_everyone()
            tally.calls = before
            last = tally.calls + calls
            while tally.calls < last:
                _one_choice(interleaving, dice)
            interleaving.end()
        except BaseException as fault:
            fault.add_note(f"world {seed}, after {tally.calls - before} calls; PROOF_SEED={seed} begins with it")
            raise
        finally:
            interleaving.abandon()


def _one_choice(interleaving: Interleaving, dice: random.Random) -> None:
    turn, choice = dice.randrange(AT_ONCE), dice.randrange(ANY)
    if len(interleaving.running) < AT_ONCE and (not interleaving.running or dice.random() < 0.25):
        who = 0 if dice.random() < POPULAR else dice.randrange(AT_ONCE)
        interleaving.begin(dice.choice(NAMES), who, choice)
        return
    match dice.choices(("go", "refuse", "crash", "time"), (84, 8, 2, 6))[0]:
        case "go":
            interleaving.let_go(turn)
        case "refuse":
            interleaving.refuse(turn, choice)
        case "crash":
            interleaving.crash(turn, after=choice % 2 == 0)
        case _:
            interleaving.world.at += dice.choice(TIMES)
