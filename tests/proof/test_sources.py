"""What sources tell late, twice, out of order or in part meets archives, undos, plans and bookings, and does no harm.

PROOF_SEED and PROOF_CALLS are those of the interleavings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from client_lifecycle.domain import intake
from client_lifecycle.domain.intake import UNKNOWN, Guard, IncomingChange, Judgement, Kept, Place, judge_all
from client_lifecycle.use_cases import record
from tests.proof.figures import tell
from tests.proof.interleaving import Tally
from tests.proof.invariants import Broken
from tests.proof.sources import live_through_sources
from tests.proof.test_interleavings import CALLS, CALLS_PER_WORLD, SEED
from tests.proof.world import Controls

MOST_WORLDS = 40


def test_no_invariant_breaks_in_ten_thousand_calls_with_sources(controls: Controls) -> None:
    tally = Tally()
    while tally.calls < CALLS:
        live_through_sources(controls, SEED + tally.worlds, tally, CALLS_PER_WORLD)
    tell(f"interleaved with sources, from seed {SEED} on: {tally}; 0 broken invariants")
    assert tally.begun["tell"] > CALLS / 100


def sources_that_ask_nothing_of_the_client(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(record, "guard_of", lambda _: Guard.NOTHING)


def what_is_live_is_told_of_the_archived(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(intake, "_refusing_rule", lambda *_: None)


def versions_that_nobody_compares(patch: pytest.MonkeyPatch) -> None:
    def judged(changes: Iterable[IncomingChange], kept: Mapping[Place, Kept], *rest: Any) -> list[Judgement]:
        told = [*changes]
        older = {one.place for one in told if one.version < (kept.get(one.place, UNKNOWN).version or 0)}
        forgotten = {place: replace(kept[place], version=None) for place in older}
        return judge_all(told, {**kept, **forgotten}, *rest)

    patch.setattr(record, "judge_all", judged)


def confirmations_that_are_taken_for_news(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(record, "guard_of", lambda found: max(Guard.RAISE_REVISION, *(one.guard for one in found)))


@pytest.mark.parametrize(
    "fault",
    [
        sources_that_ask_nothing_of_the_client,
        what_is_live_is_told_of_the_archived,
        versions_that_nobody_compares,
        confirmations_that_are_taken_for_news,
    ],
    ids=lambda fault: fault.__name__,
)
def test_a_fault_in_what_is_made_of_incoming_changes_is_caught(
    fault: Callable[[pytest.MonkeyPatch], None], controls: Controls, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    tally = Tally()
    with pytest.raises(Broken) as broken:
        live_through_many(controls, tally)
    tell(f"caught after {tally.calls:,} calls: {fault.__name__}: {broken.value}")


def live_through_many(controls: Controls, tally: Tally) -> None:
    for seed in range(MOST_WORLDS):
        live_through_sources(controls, seed, tally, CALLS_PER_WORLD)
