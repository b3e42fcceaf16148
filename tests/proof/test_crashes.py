"""Whatever is ended by force, before or after any of its AWS calls, has the same result as if it had not been.

It is delivered again, and the clean-up comes by: nothing is lost then, and nothing was done twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.proof.crashes import CASES, Stage
from tests.proof.figures import tell
from tests.proof.interleaving import listed


@pytest.fixture(scope="module")
def points() -> Iterator[Counter[str]]:
    """How many points each case has crashed at."""
    crashed: Counter[str] = Counter()
    yield crashed
    tell(f"crashes: {crashed.total()} points in {len(crashed)} operations, all made good: {listed(crashed)}")


@pytest.mark.parametrize("name", CASES)
def test_a_crash_at_any_call_is_made_good_by_another_delivery(name: str, stage: Stage, points: Counter[str]) -> None:
    for where, is_the_same in stage.points(CASES[name]):
        assert is_the_same, f"crashed {where}"
        points[name] += 1
    assert points[name]
