"""What a preview reads: the same facts as each client's own records tell, in a number of calls that hardly grows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from math import ceil

import pytest

from client_lifecycle.domain.client import ArchiveOptions, Status
from client_lifecycle.domain.members import Member
from client_lifecycle.domain.preview import PreviewFacts, preview_facts
from client_lifecycle.domain.records import Record
from client_lifecycle.domain.runs import preview_terms
from client_lifecycle.domain.selection import (
    ChosenClients,
    ClientFilter,
    FilteredClients,
    GroupMembers,
    Selection,
    matches,
)
from client_lifecycle.domain.settings import ProviderSettings
from client_lifecycle.storage.clients import client_item, read_live, record_item
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.runs import all_members, read_run
from client_lifecycle.storage.table import ITEMS_PER_BATCH_WRITE, KEYS_PER_BATCH_GET, Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.bulk.preview import FEW_CLIENTS, Preview, preview
from local.sample_practice import GROUPS, SampleClient, SamplePractice, generate, load
from tests.support.builders import DAY, NOW, PROVIDER_ID, appointment, cause, client, payment
from tests.support.practice import put

AT = datetime(2026, 5, 11, 10, 7, tzinfo=UTC)
GROUP_ID = GROUPS[0][0]
MANY = 1_000


@pytest.fixture(scope="module")
def practice() -> SamplePractice:
    return generate(clients=220, at=AT)


def show(table: Table, provider_id: str, selection: Selection) -> Preview:
    return preview(
        Tenant(table, provider_id),
        selection,
        preview_terms(AT),
        cause=cause(actor_id="staff-1"),
        at=AT,
        options=ArchiveOptions(),
    )


def facts(sample: SampleClient) -> PreviewFacts:
    return preview_facts(sample.client, sample.records, ProviderSettings(), AT)


def active(practice: SamplePractice) -> list[SampleClient]:
    return [sample for sample in practice.clients if sample.client.status is Status.ACTIVE]


def test_e11_what_is_shown_is_what_the_clients_own_records_tell(table: Table, practice: SamplePractice) -> None:
    load(table, practice)
    tenant = Tenant(table, practice.provider_id)
    everyone = tuple(sample.client.client_id for sample in practice.clients)
    assert len(everyone) > FEW_CLIENTS
    of_many = show(table, practice.provider_id, ChosenClients(client_ids=everyone))
    few: list[Member] = []
    for start in range(0, len(everyone), FEW_CLIENTS):
        chosen = ChosenClients(client_ids=everyone[start : start + FEW_CLIENTS])
        few += show(table, practice.provider_id, chosen).members
    read = {}
    for client_id in everyone:
        live = read_live(tenant, client_id, AT)
        read[client_id] = preview_facts(live.client, live.records, ProviderSettings(), AT)
    assert {member.client_id: member.facts for member in of_many.members} == read
    assert {member.client_id: member.facts for member in few} == read
    assert of_many.run.totals.scheduled_payments > 50


SELECTIONS: dict[str, Selection] = {
    "a group": GroupMembers(group_id=GROUP_ID),
    "a filter": FilteredClients(filter=ClientFilter(no_upcoming_appointment=True, owes_nothing=True)),
    "a filter by days": FilteredClients(
        filter=ClientFilter(inactive_since=(AT - 60 * DAY).date(), added_before=(AT - 365 * DAY).date())
    ),
}


@pytest.mark.parametrize("name", SELECTIONS)
def test_a_listing_finds_whom_the_filter_finds_among_all_clients(
    table: Table, practice: SamplePractice, name: str
) -> None:
    load(table, practice)
    selection = SELECTIONS[name]
    conditions = selection.filter if isinstance(selection, FilteredClients) else ClientFilter(group_id=GROUP_ID)
    expected = {
        sample.client.client_id: facts(sample)
        for sample in practice.clients
        if matches(conditions, sample.client, facts(sample).upcoming_appointments, UTC)
    }
    shown = show(table, practice.provider_id, selection)
    assert {member.client_id: member.facts for member in shown.members} == expected
    assert 0 < len(expected) < len(active(practice))


def test_a6_the_run_is_kept_as_it_was_shown(table: Table, practice: SamplePractice) -> None:
    load(table, practice)
    tenant = Tenant(table, practice.provider_id)
    shown = show(table, practice.provider_id, FilteredClients(filter=ClientFilter(owes_nothing=True)))
    assert read_run(tenant, shown.run.run_id) == shown.run
    assert list(all_members(tenant, shown.run)) == list(shown.members)


@contextmanager
def counted(table: Table) -> Iterator[Counter[str]]:
    """Count calls by operation; a query is named with its index."""
    calls: Counter[str] = Counter()

    def count(params: dict[str, str], model: object, **_: object) -> None:
        calls[f"{model.name} {params.get('IndexName', '')}".strip()] += 1  # type: ignore[attr-defined]

    events = table.client.meta.events
    events.register("provide-client-params.dynamodb", count)
    try:
        yield calls
    finally:
        events.unregister("provide-client-params.dynamodb", count)


@pytest.fixture
def many(table: Table) -> list[str]:
    """A thousand clients, each with two appointments and a payment ahead."""
    ids = [f"c-{number:04d}" for number in range(MANY)]
    slots = [appointment("a-1", starts_at=AT + DAY), appointment("a-2", starts_at=AT + 2 * DAY)]
    owned: list[Record] = [*slots, payment()]
    table.put_many([client_item(client(client_id)) for client_id in ids])
    table.put_many([record_item(Keys(PROVIDER_ID), client_id, record) for client_id in ids for record in owned])
    return ids


def test_a_preview_of_many_clients_costs_calls_by_the_hundred(table: Table, many: list[str]) -> None:
    with counted(table) as calls:
        shown = show(table, PROVIDER_ID, ChosenClients(client_ids=tuple(many)))
    assert shown.run.totals.upcoming_appointments == 2 * MANY
    assert calls == {
        "BatchGetItem": ceil(MANY / KEYS_PER_BATCH_GET),
        "GetItem": 1,
        "Query commitments_by_provider": 2,
        "BatchWriteItem": ceil(MANY / ITEMS_PER_BATCH_WRITE),
        "TransactWriteItems": 1,
    }


def test_a_preview_of_a_filter_costs_the_pages_of_its_listings(table: Table, many: list[str]) -> None:
    with counted(table) as calls:
        shown = show(table, PROVIDER_ID, FilteredClients(filter=ClientFilter(added_before=AT.date())))
    assert len(shown.members) == MANY
    assert calls == {
        "Query clients_by_status": 1,
        "GetItem": 1,
        "Query commitments_by_provider": 2,
        "BatchWriteItem": ceil(MANY / ITEMS_PER_BATCH_WRITE),
        "TransactWriteItems": 1,
    }


def test_a_preview_of_few_clients_reads_nobody_else_s_commitments(table: Table, many: list[str]) -> None:
    with counted(table) as calls:
        shown = show(table, PROVIDER_ID, ChosenClients(client_ids=tuple(many[:3])))
    assert shown.run.totals.scheduled_payments == 3
    assert calls == {"BatchGetItem": 1, "GetItem": 1, "Query live": 3, "BatchWriteItem": 1, "TransactWriteItems": 1}


def test_commitments_are_read_beyond_the_first_page(table: Table) -> None:
    long_type = "x" * 30_000
    crowd = [client(f"c-{number}") for number in range(FEW_CLIENTS + 1)]
    for who in crowd:
        put(table, who, [appointment("a-1", starts_at=NOW + 100 * DAY, type=long_type)] if who in crowd[:60] else [])
    with counted(table) as calls:
        shown = show(table, PROVIDER_ID, ChosenClients(client_ids=tuple(one.client_id for one in crowd)))
    assert shown.run.totals.upcoming_appointments == 60
    assert calls["Query commitments_by_provider"] > 2
