"""What it costs to be told what exists: units by kind of change, and changes per second beside bare botocore.

``python -m benchmarks.records`` tells changes to a system on the local AWS, in this process, over HTTP and on the bus,
one and fifty in a request, and makes the same DynamoDB calls again in bare botocore. Units hold anywhere; seconds
compare the ways on one machine, and those over HTTP and on the bus are mostly the local AWS's own.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import Any

import httpx

from benchmarks.meter import again, measure
from benchmarks.rows import Row
from benchmarks.subjects import PROVIDER_ID, Bench, Comparison, bench
from client_lifecycle.domain.client import ArchiveOptions, Cause, Client, Door, Group, Source
from client_lifecycle.domain.records import RecordKind
from client_lifecycle.edge.records import MAX_CHANGES, RecordsBody
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.archive import archive_client
from client_lifecycle.use_cases.clients import add_client
from client_lifecycle.use_cases.practice import add_group
from client_lifecycle.use_cases.record import record
from local.api import TIMEOUT_SECONDS
from local.ministack import CONFIG, LocalAws
from local.sample_practice import FEWEST_CLIENTS
from local.sources import BusDoor, HttpDoor
from local.stack import PracticeStack, practice_stack
from local.tables import create_table

GROUP_ID = "group-benchmark"
POLL_SECONDS = 0.02
BY_THE_BENCHMARK = Cause(source=Source.SYSTEM, actor_id="benchmark", through=Door.CLIENT_HOOK)
AHEAD, PAST = "2040-01-15T10:00:00Z", "2025-06-02T09:00:00Z"

Change = dict[str, Any]


def appointment(version: int, number: int = 1, **fields: Any) -> Change:
    """Return an appointment as a calendar tells it, by default one that is booked and ahead."""
    told = {"kind": "appointment", "id": f"appt-{number}", "version": version, "status": "booked", "start": AHEAD}
    return {**told, "duration_minutes": 50, **fields}


def payment(version: int, status: str = "scheduled") -> Change:
    """Return a payment as billing tells it."""
    told = {"kind": "payment", "id": "pay-1", "version": version, "status": status, "due_at": AHEAD}
    return {**told, "amount_cents": 9_000, "currency": "USD"}


@dataclass(frozen=True, slots=True)
class Case:
    """Changes whose units are counted, after others were told and, if so, the client was archived."""

    changes: Sequence[Change]
    before: Sequence[Change] = ()
    archived: bool = False


CASES: Mapping[str, Case] = {
    "appointment, new": Case([appointment(1)]),
    "appointment, moved": Case([appointment(2, start="2040-01-16T10:00:00Z")], [appointment(1)]),
    "appointment, cancelled": Case([appointment(2, status="cancelled")], [appointment(1)]),
    "appointment, completed": Case([appointment(2, status="completed")], [appointment(1)]),
    "appointment, confirmed": Case([appointment(2, status="cancelled")], [appointment(1)], archived=True),
    "appointment, removed": Case(
        [{"kind": "appointment", "id": "appt-1", "version": 2, "removed": True}], [appointment(1)]
    ),
    "appointment, unchanged": Case([appointment(1)], [appointment(1)]),
    "appointment, refused": Case([appointment(1)], archived=True),
    "fifty appointments, new": Case([appointment(1, number) for number in range(MAX_CHANGES)]),
    "payment, scheduled": Case([payment(1)]),
    "payment, charging": Case([payment(2, "charging")], [payment(1)]),
    "payment, charged": Case([payment(2, "charged")], [payment(1, "charging")]),
    "payment, declined": Case([payment(2)], [payment(1, "charging")], archived=True),
    "membership": Case([{"kind": "membership", "id": "c-1", "version": 1, "chat_kind": "group", "joined_at": PAST}]),
    "recipient": Case([{"kind": "recipient", "id": "b-1", "version": 1, "status": "pending", "send_at": AHEAD}]),
    "feed entry": Case([{"kind": "feed_entry", "id": "f-1", "version": 1, "subject": "Journal", "created_at": PAST}]),
    "reminder": Case(
        [{"kind": "reminder", "id": "r-1", "version": 1, "status": "pending", "goal_id": "g", "remind_at": AHEAD}]
    ),
    "document": Case([{"kind": "document", "id": "d-1", "version": 1, "status": "shared"}]),
    "form": Case([{"kind": "form", "id": "f-1", "version": 1, "status": "requested"}]),
    "balance": Case([{"kind": "balance", "version": 1, "credit_cents": 0, "owed_cents": 5, "currency": "USD"}]),
}


def main() -> None:
    """Print the units of each case, and how many changes a second each way takes."""
    arguments = argparse.ArgumentParser(description=main.__doc__)
    arguments.add_argument("--changes", type=int, default=500, help="appointments to tell in each way")
    asked = arguments.parse_args()
    with practice_stack(clients=FEWEST_CLIENTS) as stack:
        tenant = Tenant(stack.table, stack.practice.provider_id)
        keep_group(tenant)
        print(f"{'change':<28}{'write units':>12}")
        for name, case in CASES.items():
            print(f"{name:<28}{write_units(tenant, name, case):>12g}")
        for in_one in (1, MAX_CHANGES):
            rates = changes_per_second(stack, asked.changes, in_one)
            print(f"\n{f'changes a second, {in_one} in one':<28}{'':>12}{'time, bare is 1':>18}")
            for way, rate in rates.items():
                print(f"{way:<28}{rate:>12.0f}{rates['bare botocore'] / rate:>18.1f}")


def rows(aws: LocalAws, changes: int) -> list[Row]:
    """Tell so many new appointments of one client, one and fifty in a request; a user would put each of them."""
    with bench(aws) as made:
        keep_group(made.ours)
        keep_group(Tenant(made.bare, made.ours.provider_id))
        return [_told(made, changes, in_one) for in_one in (1, MAX_CHANGES)]


def _told(made: Bench, changes: int, in_one: int) -> Row:
    client_id = f"client-told-{in_one}"
    made.follow(partial(add, made.ours, client_id))
    measured = Comparison(made)
    for some in requests(changes, in_one):
        keys = [Keys(PROVIDER_ID).record(client_id, RecordKind.APPOINTMENT, change["id"]) for change in some]
        items = [{**key, **change} for key, change in zip(keys, some, strict=True)]
        measured.add(partial(tell, made.ours, client_id, some), partial(made.plain.put_each, items))
    title = "one change told" if in_one == 1 else f"{in_one} changes told in one"
    return measured.row(title)


def write_units(tenant: Tenant, name: str, case: Case) -> float:
    """Tell the changes of a case of a client of its own, and return the write units that they took."""
    client_id = name.replace(", ", "-").replace(" ", "-")
    add(tenant, client_id)
    if case.before:
        tell(tenant, client_id, case.before)
    if case.archived:
        cause = Cause(source=Source.STAFF, actor_id="benchmark")
        archive_client(tenant, client_id, cause=cause, at=datetime.now(UTC), options=ArchiveOptions())
    spent, _ = measure(tenant.table.client, partial(tell, tenant, client_id, case.changes))
    return spent.write_units


def add(tenant: Tenant, client_id: str) -> None:
    """Add a client to the practice."""
    now = datetime.now(UTC)
    client = Client(
        provider_id=tenant.provider_id,
        client_id=client_id,
        name="Sam Sample",
        email=f"{client_id}@example.org",
        added_at=now,
        currency="USD",
        group_id=GROUP_ID,
    )
    add_client(tenant, client, BY_THE_BENCHMARK)


def keep_group(tenant: Tenant) -> None:
    """Keep the group of the benchmark's clients, so that each of them is in every index of clients."""
    group = Group(provider_id=tenant.provider_id, group_id=GROUP_ID, name="Benchmark")
    add_group(tenant, group, cause=BY_THE_BENCHMARK, at=datetime.now(UTC))


def tell(tenant: Tenant, client_id: str, changes: Sequence[Change]) -> None:
    """Tell changes in this process, as the function behind the door does with what it was sent."""
    body = {"provider_id": tenant.provider_id, "client_id": client_id, "changes": [*changes]}
    delivery = RecordsBody.model_validate(body).delivery("benchmark")
    record(tenant, delivery, at=datetime.now(UTC), is_dry_run=False, through=Door.RECORD_HOOK)


def requests(changes: int, in_one: int) -> list[list[Change]]:
    """Return new appointments, so many in one request."""
    return [
        [appointment(1, number) for number in range(first, min(first + in_one, changes))]
        for first in range(0, changes, in_one)
    ]


def changes_per_second(stack: PracticeStack, changes: int, in_one: int) -> dict[str, float]:
    """Tell new appointments of a client in each way, and return how many a second each way takes.

    Args:
        stack: the system, and who signs what.
        changes: how many appointments.
        in_one: how many of them in one request.
    """
    told = requests(changes, in_one)
    tenant = Tenant(stack.table, stack.practice.provider_id)
    bare = Tenant(create_table(stack.aws.dynamodb, f"bare-{in_one}"), tenant.provider_id)
    keep_group(bare)
    here, there, heard = (f"client-{way}-{in_one}" for way in ("here", "http", "bus"))
    for whose, client_id in ((tenant, here), (tenant, there), (tenant, heard), (bare, here)):
        add(whose, client_id)
    in_process, calls = measure(tenant.table.client, lambda: seconds(tell, [(tenant, here, one) for one in told]))
    with httpx.Client(base_url=stack.deployed.api_url, timeout=TIMEOUT_SECONDS, trust_env=False) as http:
        door = HttpDoor(http, tenant.provider_id, "calendar", stack.booking_secret)
        over_http = seconds(door.tell, [(there, one) for one in told])
    took = {
        "bare botocore": again(bare.table.client, calls, tenant.table.name, bare.table.name).seconds,
        "in this process": in_process.seconds,
        "over HTTP": over_http,
        "on the bus": seconds(tell_on_the_bus, [(stack, heard, told)]),
    }
    return {way: changes / taken for way, taken in took.items()}


def tell_on_the_bus(stack: PracticeStack, client_id: str, told: Sequence[Sequence[Change]]) -> None:
    """Put all of it on the bus, and wait until the last of it is stored."""
    events = stack.aws.session.client("events", endpoint_url=stack.aws.endpoint, config=CONFIG)
    provider_id = stack.practice.provider_id
    door = BusDoor(events, stack.deployed.event_bus, provider_id, "calendar")
    for changes in told:
        door.tell(client_id, changes)
    for change in chain(*told):
        while not stack.table.get(Keys(provider_id).record(client_id, RecordKind.APPOINTMENT, change["id"])):
            time.sleep(POLL_SECONDS)


def seconds(do: Callable[..., object], all_arguments: Sequence[tuple[Any, ...]]) -> float:
    """Do something with each of these arguments, and return how long it took."""
    began = time.perf_counter()
    for arguments in all_arguments:
        do(*arguments)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
