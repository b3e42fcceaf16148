"""The modelled AWS of the benchmarks: what is side by side takes as long as the slowest, and a table fills up."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from benchmarks import timeline as timelines
from benchmarks.latencies import SINGLE_MS, TRANSACTION_MS, Latencies
from benchmarks.throughput import Batch, Bucket, run_seconds
from benchmarks.timeline import Timeline, Write

PLENTY = 1e9


def test_what_is_side_by_side_takes_as_long_as_the_slowest() -> None:
    timeline = Timeline()

    def work(seconds: float) -> None:
        timeline.at += seconds

    timeline.apart(work, [1.0, 3.0, 2.0])
    assert timeline.at == pytest.approx(3.0, abs=0.1)


def test_threads_of_one_function_share_its_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = [0.0]
    monkeypatch.setattr(timelines, "time", SimpleNamespace(process_time=lambda: spent[0]))

    def busy(seconds: float) -> None:
        spent[0] += seconds

    shared, apart = Timeline(_cpu=0.0), Timeline(_cpu=0.0)
    shared.side_by_side(busy, [1.0] * 3)
    apart.begin()
    apart.apart(busy, [1.0] * 3)
    assert (shared.at, apart.at) == (3.0, 1.0)


def test_more_than_can_be_side_by_side_waits_for_its_turn() -> None:
    timeline = Timeline()

    def work(seconds: float) -> None:
        timeline.at += seconds

    timeline.side_by_side(work, [1.0] * 17)
    assert timeline.at == pytest.approx(2.0, abs=0.1)


def test_writes_of_branches_side_by_side_are_in_the_order_of_time() -> None:
    timeline = Timeline(writes=[Write(2.0, 1), Write(1.0, 1)])
    assert [write.at for write in timeline.in_time()] == [1.0, 2.0]


def test_latencies_are_those_published_and_the_same_for_a_seed() -> None:
    drawn = [Latencies().seconds("GetItem", 1) for _ in range(3)]
    assert len(set(drawn)) == 1
    latencies = Latencies()
    single = [1_000 * latencies.seconds("Query", 1) for _ in range(500)]
    assert SINGLE_MS[0] <= min(single) < SINGLE_MS[1] < max(single) <= SINGLE_MS[-1]
    many = [1_000 * latencies.seconds("TransactWriteItems", 25) for _ in range(500)]
    assert TRANSACTION_MS[25][0] <= min(many) < max(many) <= TRANSACTION_MS[25][-1]


def test_a_transaction_takes_longer_with_more_items() -> None:
    assert Latencies().seconds("TransactWriteItems", 5) < Latencies().seconds("TransactWriteItems", 100)


def test_a_bucket_lets_through_what_it_holds_and_then_its_rate() -> None:
    bucket = Bucket(100)
    assert [bucket.take(0, 60), bucket.take(0, 60), bucket.take(0, 100)] == pytest.approx([0, 0.2, 1.2])


@pytest.mark.parametrize(("at_once", "seconds"), [(1, 8.0), (2, 4.0), (4, 2.0), (9, 2.0)])
def test_batches_at_once_divide_the_time_of_a_run(at_once: int, seconds: float) -> None:
    batches = [Batch([Write(1.0, 10)], 2.0)] * 4
    assert run_seconds(batches, at_once, PLENTY) == pytest.approx(seconds)


def test_a_run_is_never_faster_than_its_table() -> None:
    batches = [Batch([Write(0.1, 1_000), Write(0.2, 1_000)], 0.3)] * 50
    assert run_seconds(batches, 50, 4_000) == pytest.approx((100_000 - 4_000) / 4_000, rel=0.05)
