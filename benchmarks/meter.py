"""Counts what work asks of DynamoDB: calls, capacity units, seconds; and makes the same calls again without the work.

Units are those that the engine tells. Of batches MiniStack tells none: there they are reckoned from the sizes of items,
each rounded up by itself, as DynamoDB does.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any

from botocore import xform_name

from benchmarks.timeline import Timeline

READ_UNIT_BYTES, WRITE_UNIT_BYTES = 4_096, 1_024
BYTES_OF_A_LIST = 3
"""What a list or a map takes beside its parts, each of which takes one byte more."""

READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan"})
WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})


@dataclass(frozen=True, slots=True)
class Call:
    """A call to DynamoDB, and the units that it took."""

    operation: str
    params: dict[str, Any]
    read_units: float
    write_units: float


@dataclass(frozen=True, slots=True)
class Spent:
    """What some work took: here, on the modelled AWS, and in what AWS is paid for."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    model_seconds: float = 0.0
    calls: float = 0.0
    read_units: float = 0.0
    write_units: float = 0.0
    transitions: float = 0.0
    invocations: float = 0.0
    gibibyte_seconds: float = 0.0
    requests: float = 0.0

    def each(self, number: float) -> Spent:
        """Return what it took for each of so many things."""
        return Spent(**{one.name: getattr(self, one.name) / number for one in fields(self)})


TIMES = frozenset({"seconds", "cpu_seconds"})


def typical(pieces: Sequence[Spent]) -> Spent:
    """Return what one piece of work takes: the median of times, which a busy machine spoils least, else the mean."""
    return Spent(
        **{
            one.name: (statistics.median if one.name in TIMES else statistics.fmean)(
                [getattr(piece, one.name) for piece in pieces]
            )
            for one in fields(Spent)
        }
    )


def per_client(batches: Sequence[Spent], sizes: Sequence[int]) -> Spent:
    """Return what a client takes of batches of such sizes: the median of times over batches, of all else the mean."""
    everything = Spent(**{one.name: math.fsum(getattr(each, one.name) for each in batches) for one in fields(Spent)})
    usual = typical([batch.each(size) for batch, size in zip(batches, sizes, strict=True)])
    return replace(everything.each(sum(sizes)), seconds=usual.seconds, cpu_seconds=usual.cpu_seconds)


@dataclass
class Meter:
    """The calls that a client was asked for, in the order of their answers; each is told to the timeline."""

    timeline: Timeline
    calls: list[Call] = field(default_factory=list)

    def ask(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        """Ask a call what it costs."""
        if model.name in READS | WRITES:
            self.timeline.compute()
            params["ReturnConsumedCapacity"] = "TOTAL"
            context["asked"] = params

    def gather(self, parsed: Mapping[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        """Note what a call took."""
        if model.name not in READS | WRITES:
            return
        params = context["asked"]
        taken = units(model.name, params, parsed)
        is_read = model.name in READS
        self.calls.append(Call(model.name, params, taken if is_read else 0.0, 0.0 if is_read else taken))
        self.timeline.call(model.name, items_of(params), self.calls[-1].write_units)


@contextmanager
def metered(client: Any, timeline: Timeline) -> Iterator[Meter]:
    """Watch what a DynamoDB client is asked until the block ends."""
    meter, events = Meter(timeline), client.meta.events
    events.register("provide-client-params.dynamodb", meter.ask)
    events.register("after-call.dynamodb", meter.gather)
    try:
        yield meter
    finally:
        events.unregister("provide-client-params.dynamodb", meter.ask)
        events.unregister("after-call.dynamodb", meter.gather)


def measure(client: Any, work: Callable[[], object], timeline: Timeline | None = None) -> tuple[Spent, list[Call]]:
    """Do some work once, and return what it took and what it asked for.

    Args:
        client: the DynamoDB client that the work uses.
        work: what to do.
        timeline: where the work is on the modelled AWS; by default at its begin.
    """
    on = timeline or Timeline()
    begun_at = on.at
    with metered(client, on) as meter:
        on.begin()
        began, cpu_began = time.perf_counter(), time.process_time()
        work()
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
        on.compute()
    spent = Spent(
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        model_seconds=on.at - begun_at,
        calls=len(meter.calls),
        read_units=sum(call.read_units for call in meter.calls),
        write_units=sum(call.write_units for call in meter.calls),
    )
    return spent, meter.calls


def again(client: Any, calls: Sequence[Call], table: str, other: str) -> Spent:
    """Make the same calls of another table that has the same items, in bare botocore, and return what they took."""
    moved = [(xform_name(call.operation), _elsewhere(call.params, table, other)) for call in calls]

    def ask() -> None:
        for name, params in moved:
            getattr(client, name)(**params)

    spent, _ = measure(client, ask)
    return spent


def _elsewhere(params: Mapping[str, Any], table: str, other: str) -> dict[str, Any]:
    moved = _renamed(params, {table: other})
    return {name: value for name, value in moved.items() if name != "ClientRequestToken"}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Return a copy with other names in the place of these, wherever they are."""
    match value:
        case str():
            return names.get(value, value)
        case Mapping():
            return {names.get(name, name): _renamed(part, names) for name, part in value.items()}
        case list():
            return [_renamed(part, names) for part in value]
        case _:
            return value


def units(operation: str, params: Mapping[str, Any], parsed: Mapping[str, Any]) -> float:
    """Return the capacity units that a call took."""
    if operation == "BatchGetItem":
        return sum(
            _read_units(item, params["RequestItems"][table].get("ConsistentRead", False))
            for table, found in parsed.get("Responses", {}).items()
            for item in found
        )
    if operation == "BatchWriteItem":
        written = [one["PutRequest"]["Item"] for asked in params["RequestItems"].values() for one in asked]
        return sum(math.ceil(bytes_of(item) / WRITE_UNIT_BYTES) for item in written)
    told = parsed.get("ConsumedCapacity", [])
    return math.fsum(one["CapacityUnits"] for one in ([told] if isinstance(told, dict) else told))


def _read_units(item: Mapping[str, Any], consistent: bool) -> float:
    return math.ceil(bytes_of(item) / READ_UNIT_BYTES) * (1.0 if consistent else 0.5)


def bytes_of(item: Mapping[str, Any]) -> int:
    """Return the size of an item as it is billed, without the bytes that only storage counts."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    [(kind, held)] = value.items()
    match kind:
        case "S":
            return len(str(held).encode())
        case "N":
            return math.ceil(len(held.strip("-0.")) / 2) + 1 + int(held.startswith("-"))
        case "B":
            return len(held)
        case "M":
            return BYTES_OF_A_LIST + sum(1 + len(name.encode()) + _value_bytes(part) for name, part in held.items())
        case "L":
            return BYTES_OF_A_LIST + sum(1 + _value_bytes(part) for part in held)
        case _:
            return 1


def items_of(params: Mapping[str, Any]) -> int:
    """Return how many items a call reads by key or writes."""
    if "TransactItems" in params:
        return len(params["TransactItems"])
    asked = params.get("RequestItems", {})
    return sum(len(one["Keys"] if isinstance(one, dict) else one) for one in asked.values()) or 1
