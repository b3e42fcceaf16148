"""No order of events leaves a client half archived.

Archive, activate, restore, plans, bookings, edits, bulk archives with their steps, retries and undos, and the
clean-up are interleaved at the level of single AWS calls, with conflicts, throttles, crashes, late deliveries and reads
that lag, while money, safety rules and switches change.

PROOF_SEED begins with another world than the first, PROOF_CALLS lets more calls through, and PROOF_MINUTES runs for
that long (make soak). A failure names the seed that replays it.
"""

from __future__ import annotations

import os
import random
import time
from contextlib import ExitStack
from datetime import timedelta

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from client_lifecycle.domain.outcomes import OUTCOMES
from tests.proof.figures import tell
from tests.proof.interleaving import ANY, AT_ONCE, TIMES, Interleaving, Tally, live_through
from tests.proof.operations import OPERATIONS
from tests.proof.world import Controls, plain_people

SEED = int(os.environ.get("PROOF_SEED", "0"))
ENOUGH_TO_MEET_EVERYTHING = 10_000
CALLS = int(os.environ.get("PROOF_CALLS", str(ENOUGH_TO_MEET_EVERYTHING)))
MINUTES = float(os.environ.get("PROOF_MINUTES", "0"))
CALLS_PER_WORLD = 250
OUTCOMES_TO_MEET = {outcome for outcomes in OUTCOMES.values() for outcome in outcomes}
ANSWERS_TO_MEET = {"done", "Crash", "StorageBusy", "RunUndone", "ArchiveBlocked", "AcknowledgementNeeded"}

choices = st.integers(0, ANY)
places = st.integers(0, AT_ONCE - 1)


def test_no_invariant_breaks_in_ten_thousand_interleaved_calls(controls: Controls) -> None:
    tally, until = Tally(), time.monotonic() + 60 * MINUTES
    while tally.calls < CALLS or time.monotonic() < until or is_something_left_to_meet(tally):
        live_through(controls, SEED + tally.worlds, tally, CALLS_PER_WORLD)
    tell(f"interleaved, from seed {SEED} on: {tally}; 0 broken invariants")
    assert tally.calls >= CALLS
    if CALLS < ENOUGH_TO_MEET_EVERYTHING:
        return
    assert tally.outcomes.keys() >= OUTCOMES_TO_MEET
    assert tally.answers.keys() >= ANSWERS_TO_MEET


def is_something_left_to_meet(tally: Tally) -> bool:
    """Whether more calls may be let through, up to twice as many, because something rare has not come up yet."""
    has_met_all = tally.outcomes.keys() >= OUTCOMES_TO_MEET and tally.answers.keys() >= ANSWERS_TO_MEET
    return ENOUGH_TO_MEET_EVERYTHING <= CALLS and not has_met_all and tally.calls < 2 * ENOUGH_TO_MEET_EVERYTHING


def test_a_seed_gives_the_same_order_of_events_again(controls: Controls) -> None:
    tallies = [Tally(), Tally()]
    for tally in tallies:
        live_through(controls, SEED, tally, CALLS_PER_WORLD)
    assert tallies[0] == tallies[1]


class Interleavings(RuleBasedStateMachine):
    """The same choices, made by Hypothesis, which also looks for the fewest that break an invariant."""

    controls: Controls
    tally: Tally

    def __init__(self) -> None:
        super().__init__()
        self.resources = ExitStack()
        self.begun: Interleaving | None = None

    @property
    def now(self) -> Interleaving:
        assert self.begun is not None
        return self.begun

    @initialize(dice=choices)
    def practice(self, dice: int) -> None:
        world = self.resources.enter_context(self.controls.new_world(dice))
        world.settle_in(plain_people())
        self.begun = Interleaving(world, random.Random(dice), self.tally)
        self.tally.worlds += 1

    @precondition(lambda self: len(self.now.running) < AT_ONCE)
    @rule(name=st.sampled_from(sorted(OPERATIONS)), who=places, choice=choices)
    def begin(self, name: str, who: int, choice: int) -> None:
        self.now.begin(name, who, choice)

    @precondition(lambda self: self.now.running)
    @rule(turns=st.lists(places, min_size=1, max_size=20))
    def let_calls_through(self, turns: list[int]) -> None:
        for turn in turns:
            if self.now.running:
                self.now.let_go(turn)

    @precondition(lambda self: self.now.running)
    @rule(turn=places, choice=choices)
    def refuse(self, turn: int, choice: int) -> None:
        self.now.refuse(turn, choice)

    @precondition(lambda self: self.now.running)
    @rule(turn=places, after=st.booleans())
    def crash(self, turn: int, after: bool) -> None:
        self.now.crash(turn, after=after)

    @rule(time=st.sampled_from(TIMES))
    def time_passes(self, time: timedelta) -> None:
        self.now.world.at += time

    def teardown(self) -> None:
        try:
            if self.begun and self.begun.is_whole:
                with self.begun.world.trail.explaining():
                    self.begun.end()
        finally:
            if self.begun:
                self.begun.abandon()
            self.resources.close()


def test_no_invariant_breaks_in_what_hypothesis_thinks_of(controls: Controls) -> None:
    tally = Tally()
    machine = type("Machine", (Interleavings,), {"controls": controls, "tally": tally})
    run_state_machine_as_test(
        seed(SEED)(machine),
        settings=settings(
            max_examples=10,
            stateful_step_count=50,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    tell(f"thought of by Hypothesis, with seed {SEED}: {tally}; 0 broken invariants")
    assert tally.calls
