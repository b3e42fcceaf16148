"""How long calls may be held up: time that is lost counts, once, and there is an end to it."""

from __future__ import annotations

import pytest

from client_lifecycle.domain.errors import StorageBusy
from client_lifecycle.storage import retries
from tests.support.faults import CountedTime, used_up


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> CountedTime:
    counted = CountedTime()
    monkeypatch.setattr(retries, "time", counted)
    return counted


def held_up() -> None:
    raise retries.TryAgain


def test_time_without_trouble_does_not_count(time: CountedTime) -> None:
    patience = retries.Patience(5, within_seconds=100)
    time.sleep(50)
    assert patience.pause(since=time.now, attempt=1)


def test_a_call_that_fails_late_has_lost_its_time(time: CountedTime) -> None:
    patience = retries.Patience(5, within_seconds=100)
    since = time.now
    time.sleep(5)
    assert not patience.pause(since, attempt=1)


def test_calls_held_up_side_by_side_lose_their_time_once(time: CountedTime) -> None:
    patience = retries.Patience(5, within_seconds=100)
    since = time.now
    time.sleep(3)
    assert [patience.pause(since, attempt=1) for _ in range(16)] == [True] * 16
    assert time.now < 5


def test_one_call_after_the_other_share_what_may_be_lost(time: CountedTime) -> None:
    with retries.patience(5, within_seconds=100):
        for _ in range(3):
            with pytest.raises(StorageBusy):
                retries.persistently(held_up)
    assert used_up(time.now, 5)


def test_nothing_is_tried_again_after_the_end_whatever_was_lost(time: CountedTime) -> None:
    patience = retries.Patience(1_000, within_seconds=10)
    time.sleep(10)
    assert not patience.pause(since=time.now, attempt=1)


def test_an_invocation_s_patience_ends_with_it(time: CountedTime) -> None:
    with retries.patience(0, within_seconds=0), pytest.raises(StorageBusy):
        retries.persistently(held_up)
    assert time.now == 0
    with pytest.raises(StorageBusy):
        retries.persistently(held_up)
    assert used_up(time.now, retries.PATIENCE_SECONDS)


@pytest.mark.parametrize("attempt", range(1, 40))
def test_pauses_are_of_any_length_up_to_a_bound_that_grows(attempt: int) -> None:
    pauses = [retries.jittered_seconds(attempt) for _ in range(50)]
    bound = min(retries.FIRST_PAUSE_SECONDS * 2**attempt, retries.LONGEST_PAUSE_SECONDS)
    assert 0 <= min(pauses) < bound / 2 < max(pauses) <= bound
