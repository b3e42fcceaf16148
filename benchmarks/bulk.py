"""Bulk archives: the shipped workflow and its functions in this process, at several sizes.

Instead of it, a user would map over the clients inline, with a task for each of four functions and client; and what
happens to any one client is the measure of both. How long a run takes on AWS is modelled from what was counted here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import cycle, islice
from typing import Any

from benchmarks.latencies import STATE_SECONDS, WRITE_UNITS_PER_SECOND, Latencies
from benchmarks.meter import Call, Spent, measure, per_client, typical
from benchmarks.one_process import Pace, pace
from benchmarks.plain import AT_ONCE, EVENTS_PER_CLIENT, HANDLERS, MOST_EVENTS, STATES_PER_CLIENT
from benchmarks.rows import Row
from benchmarks.subjects import BY_STAFF, PROVIDER_ID, Bench, bench, client_of, usual_records
from benchmarks.throughput import Batch, run_seconds
from benchmarks.timeline import Timeline, in_order
from benchmarks.workflow import MEMORY_OF_ALL, Carried, KeptManifest, carry_out, functions_on, invoke
from client_lifecycle.domain.client import ArchiveOptions
from client_lifecycle.domain.members import CLIENTS_PER_BATCH
from client_lifecycle.domain.runs import preview_terms
from client_lifecycle.domain.selection import ChosenClients
from client_lifecycle.storage.clients import read_client
from client_lifecycle.use_cases.bulk.control import Confirmation, confirm
from client_lifecycle.use_cases.bulk.preview import Preview, preview
from local.ministack import LocalAws
from local.template import read_template

CLIENTS_PER_LOAD = 500
SAMPLE = 1_000
"""Clients of a run that its floor, what a user would do instead, and one process are measured with at most."""

BATCHES_AT_ONCE: int = read_template()["Parameters"]["BatchesAtOnce"]["Default"]
MEMORY_GIBIBYTES = MEMORY_OF_ALL / 1_024
AT_ONCE_PLOTTED = (BATCHES_AT_ONCE, 10, 20, 40)


@dataclass
class Measured:
    """What batches of such sizes took, and each client plainly, and how they look on the modelled AWS."""

    latencies: Latencies = field(default_factory=Latencies)
    sizes: list[int] = field(default_factory=list)
    ours: list[Spent] = field(default_factory=list)
    floor: list[Spent] = field(default_factory=list)
    instead: list[Spent] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    plain_clients: list[Batch] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run of so many clients, measured; seconds are those of the modelled AWS, by batches at once.

    ``pace`` is that of one process, of ``SAMPLE`` clients at most.
    """

    clients: int
    preview: Row
    archive: Row
    seconds: Mapping[int, float]
    plain_seconds: float
    pace: Pace

    @property
    def rows(self) -> list[Row]:
        """The rows of the table."""
        return [self.preview, self.archive]


def outcome(aws: LocalAws, clients: int) -> Outcome:
    """Preview a run of so many clients, carry it out, and do the same in bare botocore and plainly."""
    with bench(aws) as made:
        for first in range(0, clients, CLIENTS_PER_LOAD):
            numbers = range(first, min(first + CLIENTS_PER_LOAD, clients))
            loaded = [(client_of(number, made.at), usual_records(number, made.at)) for number in numbers]
            made.load(loaded, plainly=first < SAMPLE)
        kept, measured = KeptManifest(), Measured()
        shown, previewed = _previewed(made, clients)
        made.follow(lambda: _confirmed(made, kept, shown))
        with functions_on(made.ours.table):
            for batch in kept.items:
                _work_on(made, kept, batch, measured)
            invoke("finish_run", kept.attempt)
        for number in range(min(clients, SAMPLE)):
            _work_plainly(made, client_of(number, made.at).client_id, measured)
        _require_archived(made, clients)
    return Outcome(
        clients=clients,
        preview=previewed,
        archive=_archive_row(clients, measured),
        seconds={at_once: _seconds(measured.batches, at_once) for at_once in AT_ONCE_PLOTTED},
        plain_seconds=_plain_seconds(clients, measured),
        pace=pace(aws, min(clients, SAMPLE)),
    )


def batch_calls(aws: LocalAws) -> tuple[list[Call], float, str]:
    """Carry out a run of one batch, and return its calls, its seconds on the modelled AWS, and the run's id."""
    with bench(aws) as made:
        numbers = range(CLIENTS_PER_BATCH)
        made.load([(client_of(number, made.at), usual_records(number, made.at)) for number in numbers])
        kept, timeline = KeptManifest(), Timeline()
        shown, _ = _previewed(made, CLIENTS_PER_BATCH)
        _confirmed(made, kept, shown)
        with functions_on(made.ours.table), in_order(timeline):
            work = partial(carry_out, kept, kept.items[0], timeline, Carried())
            _, calls = measure(made.dynamodb, work, timeline)
    return calls, timeline.at, shown.run.run_id


def _previewed(made: Bench, clients: int) -> tuple[Preview, Row]:
    """Preview a run; instead, a user would read each client and its records by calls of its own."""
    chosen = ChosenClients(client_ids=tuple(client_of(number, made.at).client_id for number in range(clients)))
    sampled = chosen.client_ids[:SAMPLE]
    shown: list[Preview] = []
    timeline = Timeline()

    def ours() -> None:
        terms = preview_terms(made.at)
        shown.append(preview(made.ours, chosen, terms, cause=BY_STAFF, at=made.at, options=ArchiveOptions()))

    def plainly() -> None:
        for client_id in sampled:
            made.plain.look(client_id)

    with in_order(timeline):
        spent, calls = measure(made.dynamodb, ours, timeline)
    floor = made.floor(calls)
    instead = made.instead(plainly)
    all_instead = instead.each(len(sampled) / clients)
    return shown[0], Row(f"preview of {clients:,}", _served(spent), floor, _served(all_instead))


def _served(spent: Spent) -> Spent:
    return replace(spent, requests=1, invocations=1, gibibyte_seconds=spent.model_seconds * MEMORY_GIBIBYTES)


def _confirmed(made: Bench, kept: KeptManifest, shown: Preview) -> None:
    confirmation = Confirmation(cause=BY_STAFF, accept_changes=False, at=made.at)
    confirm(made.ours, kept.stand_in, shown.run.run_id, shown.run.token, confirmation)


def _work_on(made: Bench, kept: KeptManifest, batch: Mapping[str, Any], measured: Measured) -> None:
    """Carry out one batch, and make its calls again in bare botocore."""
    timeline, carried = Timeline(measured.latencies), Carried()
    with in_order(timeline):
        spent, calls = measure(made.dynamodb, lambda: carry_out(kept, batch, timeline, carried), timeline)
    paid = replace(
        spent,
        transitions=carried.transitions,
        invocations=carried.invocations,
        gibibyte_seconds=carried.gibibyte_seconds,
    )
    measured.sizes.append(len(batch["members"]))
    measured.ours.append(paid)
    if sum(measured.sizes) <= SAMPLE:
        measured.floor.append(made.floor(calls))
    measured.batches.append(Batch(timeline.in_time(), timeline.at))


def _work_plainly(made: Bench, client_id: str, measured: Measured) -> None:
    """Do for one client what four functions of a plain workflow do: mark it, then three of them side by side."""
    timeline = Timeline(measured.latencies)

    def four_functions() -> None:
        timeline.at += STATE_SECONDS
        made.plain.mark(PROVIDER_ID, client_id, "archived")
        timeline.at += 2 * STATE_SECONDS
        timeline.apart(lambda kinds: made.plain.end(client_id, kinds), HANDLERS)

    spent = made.instead(four_functions, timeline)
    working_seconds = spent.model_seconds - 3 * STATE_SECONDS
    paid = replace(
        spent,
        transitions=STATES_PER_CLIENT,
        invocations=1 + len(HANDLERS),
        gibibyte_seconds=working_seconds * MEMORY_GIBIBYTES,
    )
    measured.instead.append(paid)
    measured.plain_clients.append(Batch(timeline.in_time(), timeline.at))


def _archive_row(clients: int, measured: Measured) -> Row:
    """Return what each client of a run took; its seconds are the run's, divided by its clients."""
    seconds = _seconds(measured.batches, BATCHES_AT_ONCE) / clients
    plain_seconds = _plain_seconds(clients, measured) / clients
    events = clients * EVENTS_PER_CLIENT
    return Row(
        f"bulk of {clients:,}, each client",
        replace(per_client(measured.ours, measured.sizes), model_seconds=seconds),
        per_client(measured.floor, measured.sizes[: len(measured.floor)]),
        replace(typical(measured.instead), model_seconds=plain_seconds),
        f"an inline map would have {events:,} events, more than the {MOST_EVENTS:,} that an execution can have"
        if events > MOST_EVENTS
        else None,
    )


def _plain_seconds(clients: int, measured: Measured) -> float:
    """Return how long an inline map takes, whose clients take as long as those that were measured."""
    return _seconds([*islice(cycle(measured.plain_clients), clients)], AT_ONCE)


def _seconds(batches: Sequence[Batch], at_once: int) -> float:
    return run_seconds(batches, at_once, WRITE_UNITS_PER_SECOND)


def _require_archived(made: Bench, clients: int) -> None:
    """See that the run has done what it is measured for."""
    for number in (0, clients - 1):
        assert read_client(made.ours, client_of(number, made.at).client_id).stamp
