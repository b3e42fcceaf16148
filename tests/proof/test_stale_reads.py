"""Each read that asks for consistency needs it: answered with what was there some calls ago, it is caught."""

from __future__ import annotations

from collections import Counter

import pytest

from client_lifecycle.domain.errors import LifecycleError
from tests.proof.crashes import Case, Stage
from tests.proof.figures import tell
from tests.proof.invariants import Broken, hold
from tests.proof.stale_reads import READS, asking_no_more
from tests.proof.world import Controls


@pytest.mark.parametrize("read", READS)
def test_a_read_that_asks_for_consistency_no_more_is_caught(read: str, stage: Stage, controls: Controls) -> None:
    calls, expected = stage.undisturbed(READS[read])
    with asking_no_more(controls.dynamodb, read), pytest.raises((Broken, LifecycleError)) as caught:
        crash_after_each_call(stage, READS[read], calls, expected)
    tell(f"caught in a case of {calls} calls: {read}: {type(caught.value).__name__}: {caught.value}")


def crash_after_each_call(stage: Stage, case: Case, calls: int, expected: Counter[str]) -> None:
    """Play a case undisturbed, and then crashed after each of its calls, and insist on its result."""
    hold(stage.undisturbed(case)[1] == expected, "it came to something else")
    for at_call in range(calls):
        is_same = stage.crashed(case, at_call, after=True) == expected
        hold(is_same, "crashed, it came to something else", f"after call {at_call + 1} of {calls}")
