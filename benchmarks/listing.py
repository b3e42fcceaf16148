"""A page of a tab, and a search by name, among ever more clients: what they read does not grow.

Instead, a user's own index gives a page as well; names are found there by a filter, which reads the whole tab.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice

from benchmarks.engine import fresh_table
from benchmarks.meter import Spent, again, measure, typical
from benchmarks.plain import Plain, make_plain
from benchmarks.rows import Row
from benchmarks.subjects import PROVIDER_ID, Work, client_of
from benchmarks.workflow import MEMORY_OF_ALL
from client_lifecycle.domain.client import Client, Status
from client_lifecycle.storage.clients import client_item, word_items
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.queries.listing import Wanted, list_wanted
from local.ministack import LocalAws

PAGE = 20
TIMES = 9
CLIENTS_PER_LOAD = 2_000
SOUGHT = "tamsin"
A_TAB = Wanted(status=Status.ACTIVE)
FOUND = Wanted(status=Status.ACTIVE, sought=SOUGHT)


def rows(aws: LocalAws, sizes: Sequence[int]) -> list[Row]:
    """Measure a page and a search among so many clients of one provider, growing the same table."""
    plain = make_plain(aws.dynamodb)
    try:
        with fresh_table(aws) as table:
            return list(_growing(table, plain, sizes))
    finally:
        aws.dynamodb.delete_table(TableName=plain.name)


def _growing(table: Table, plain: Plain, sizes: Sequence[int]) -> Iterator[Row]:
    at, there = datetime.now(UTC), 0
    tenant = Tenant(table, PROVIDER_ID)
    for size in sizes:
        waiting = (_client(number, at) for number in range(there, size))
        while clients := list(islice(waiting, CLIENTS_PER_LOAD)):
            table.put_many([item for known in clients for item in (client_item(known), *word_items(known))])
            plain.load_clients(clients)
        there = size
        yield _row(
            f"page of {PAGE} of {size:,} clients",
            table,
            lambda: list_wanted(tenant, A_TAB, at=at, limit=PAGE),
            lambda: plain.page(PROVIDER_ID, PAGE),
        )
        yield _row(
            f"search by name among {size:,}",
            table,
            lambda: list_wanted(tenant, FOUND, at=at, limit=PAGE),
            lambda: plain.search(PROVIDER_ID, SOUGHT.title()),
        )


def _client(number: int, at: datetime) -> Client:
    """Return a client; every tenth, of the first two hundred, has the name that is sought."""
    first_name = SOUGHT.title() if number < 200 and number % 10 == 0 else "Sam"
    return client_of(number, at, name=f"{first_name} Sample {number:06}")


def _row(measure_name: str, table: Table, ours: Work, instead: Work) -> Row:
    here: list[Spent] = []
    floor: list[Spent] = []
    elsewhere: list[Spent] = []
    for _ in range(TIMES):
        spent, calls = measure(table.client, ours)
        here.append(_served(spent))
        floor.append(again(table.client, calls, table.name, table.name))
        elsewhere.append(_served(measure(table.client, instead)[0]))
    return Row(measure_name, typical(here), typical(floor), typical(elsewhere))


def _served(spent: Spent) -> Spent:
    gibibyte_seconds = spent.model_seconds * MEMORY_OF_ALL / 1_024
    return replace(spent, requests=1, invocations=1, gibibyte_seconds=gibibyte_seconds)
