"""Times an import on the local AWS, and counts what it costs for each row.

``python -m benchmarks.imports --rows 10000`` uploads that many clients, checks and confirms them, and imports the same
file again. Then one part is carried out in this process, to count its calls and units. Wall time compares versions of
this project on one machine; the counts hold anywhere.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx

from client_lifecycle.domain.imports.run import IMPORT_IN_FLIGHT, ROWS_PER_PART
from client_lifecycle.storage.imports import read_import
from client_lifecycle.storage.table import Table
from client_lifecycle.use_cases.imports import control
from client_lifecycle.use_cases.imports.parts import work_on_part
from local.samples import imports
from local.samples.given import DOCUMENTED
from local.samples.practice import practice_of
from local.stack import PracticeStack, practice_stack

POLL_SECONDS = 0.5
STATES_PER_PART = 2
STATES_PER_RUN = 5
COUNTED = ("TransactWriteItems", "BatchGetItem", "GetItem", "Query")


def main() -> None:
    """Import clients, the same again, and one part with its calls counted, and print the figures."""
    arguments = argparse.ArgumentParser(description=main.__doc__)
    arguments.add_argument("--rows", type=int, default=1_000, help="clients to import")
    asked = arguments.parse_args()
    with practice_stack() as stack:
        text = _file(asked.rows)
        for title in ("new clients", "the same file again"):
            print(f"\n{asked.rows:,} rows, {title}")
            _import(stack, text, asked.rows)
        _count_calls(stack)


def _file(rows: int) -> str:
    lines = (f"x-{number},Ada Number {number},ada.{number}@bench.example" for number in range(rows))
    return "\n".join(["Client ID,Name,Email", *lines])


def _import(stack: PracticeStack, text: str, rows: int) -> None:
    asked = stack.api.post("/imports", {"kind": "clients", "format": "csv", "source": "bench"})
    form, address = asked["upload"], f"/imports/{asked['import_id']}"
    httpx.post(form["url"], data=form["fields"], files={"file": text.encode()}, trust_env=False).raise_for_status()
    with _timed("check", rows):
        stack.api.post(f"{address}/check", {})
        shown = _ended(stack, address)
    with _timed("confirm to verdict", rows):
        stack.api.post(f"{address}/confirm", {"token": shown["token"]})
        done = _ended(stack, address)
    parts = -(-rows // ROWS_PER_PART)
    transitions = STATES_PER_PART * parts + STATES_PER_RUN
    print(f"verdict                      {done['state']:>10}   {done['counts']}")
    print(f"state transitions            {transitions:>10,}   {transitions / rows:.3f} per row, for each of the two")


def _ended(stack: PracticeStack, address: str) -> dict[str, Any]:
    while (run := stack.api.get(address))["state"] in set(IMPORT_IN_FLIGHT):
        time.sleep(POLL_SECONDS)
    return run


@contextmanager
def _timed(what: str, rows: int) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    seconds = time.perf_counter() - begin
    print(f"{what:<28} {seconds:>10.1f} s  {rows / seconds:.0f} rows/s")


def _count_calls(stack: PracticeStack) -> None:
    """Bring one part of new clients in, in this process, counting calls and capacity units by operation."""
    practice = practice_of(stack.aws, stack.deployed, provider_id=stack.practice.provider_id, secret="none")  # noqa: S106
    clients = [f"BENCH{number:04}" for number in range(ROWS_PER_PART)]
    given = imports.checked(
        practice.tenant, practice.imports, replace(DOCUMENTED, at=datetime.now(UTC), client_ids=clients)
    )
    control.confirm(
        practice.tenant,
        practice.imports,
        given.run_id,
        given.token,
        overwrite=False,
        confirmed_by="benchmark",
        at=datetime.now(UTC),
    )
    attempt = read_import(practice.tenant, given.run_id).attempt
    with _counted(practice.table) as (calls, units):
        work_on_part(
            practice.tenant,
            practice.imports,
            given.run_id,
            attempt,
            0,
            at=datetime.now(UTC),
            log_failure=lambda _row, _fault: None,
        )
    print(f"\nDynamoDB calls and units of a part, {len(clients):,} new clients with two words in their names")
    for operation in sorted(calls):
        each = f"{calls[operation] / len(clients):.2f} calls, {units[operation] / len(clients):.1f} units per row"
        print(f"{operation:<28} {calls[operation]:>10,}   {each}")


@contextmanager
def _counted(table: Table) -> Iterator[tuple[Counter[str], Counter[str]]]:
    calls: Counter[str] = Counter()
    units: Counter[str] = Counter()

    def ask(params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name in COUNTED:
            params["ReturnConsumedCapacity"] = "TOTAL"

    def count(parsed: Mapping[str, Any], model: Any, **_: Any) -> None:
        calls[model.name] += 1
        told = parsed.get("ConsumedCapacity", [])
        for one in told if isinstance(told, list) else [told]:
            units[model.name] += one["CapacityUnits"]

    events = table.client.meta.events
    events.register("before-parameter-build.dynamodb", ask)
    events.register("after-call.dynamodb", count)
    try:
        yield calls, units
    finally:
        events.unregister("before-parameter-build.dynamodb", ask)
        events.unregister("after-call.dynamodb", count)


if __name__ == "__main__":
    main()
