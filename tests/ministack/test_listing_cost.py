"""What a page of a listing costs in capacity units, whatever else is stored; what finding by words costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from client_lifecycle.domain.client import (
    ArchiveOptions,
    Cause,
    Client,
    PlanTerms,
    Source,
    Status,
    Trigger,
    with_next_revision,
)
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent
from client_lifecycle.storage import client_lists
from client_lifecycle.storage.client_edits import commit_client
from client_lifecycle.storage.client_lists import READS, ClientPage, Tab, list_clients
from client_lifecycle.storage.clients import read_client
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.search import MAX_QUERIES, find_by_address, find_by_name
from client_lifecycle.storage.table import Query, Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.archive import archive_client
from client_lifecycle.use_cases.planned_archives import plan_archive
from tests.support.builders import GROUP_ID, NOW, OTHER_PROVIDER_ID, PROVIDER_ID, cause, client, stamp
from tests.support.practice import put


def is_active(client: Client) -> bool:
    """The condition of a tab."""
    return client.status is Status.ACTIVE


TAB = Tab(status=Status.ACTIVE)


def owes(client: Client) -> bool:
    """A condition that nobody here meets."""
    return client.owed_cents > 0


LISTINGS: dict[str, Callable[[Table], ClientPage]] = {
    "a tab": lambda table: list_clients(Tenant(table, PROVIDER_ID), TAB, limit=20, after=None),
    "a tab from its end": lambda table: list_clients(
        Tenant(table, PROVIDER_ID), replace(TAB, is_descending=True), limit=20, after=None
    ),
    "some of a tab": lambda table: list_clients(Tenant(table, PROVIDER_ID), TAB, limit=20, after=None, is_wanted=owes),
    "a search by name": lambda table: find_by_name(
        Tenant(table, PROVIDER_ID), ["wren"], is_wanted=is_active, limit=20, after=None
    ),
    "a search by address": lambda table: find_by_address(
        Tenant(table, PROVIDER_ID), "wren.mine-1@", is_wanted=is_active, limit=20, after=None
    ),
    "a group": lambda table: list_clients(
        Tenant(table, PROVIDER_ID), replace(TAB, group_id=GROUP_ID), limit=20, after=None
    ),
}


OPERATIONS = ("Query", "BatchGetItem", "TransactWriteItems")


@contextmanager
def units(table: Table) -> Iterator[list[float]]:
    """Gather the capacity units of every query, batch and transaction; MiniStack tells none of a batch."""
    found: list[float] = []

    def ask(params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def gather(parsed: dict[str, Any], **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        found.append(sum(one["CapacityUnits"] for one in ([consumed] if isinstance(consumed, dict) else consumed)))

    events = table.client.meta.events
    for operation in OPERATIONS:
        events.register(f"provide-client-params.dynamodb.{operation}", ask)
        events.register(f"after-call.dynamodb.{operation}", gather)
    try:
        yield found
    finally:
        for operation in OPERATIONS:
            events.unregister(f"provide-client-params.dynamodb.{operation}", ask)
            events.unregister(f"after-call.dynamodb.{operation}", gather)


@pytest.mark.parametrize("name", LISTINGS)
def test_a_page_costs_the_same_however_many_clients_are_elsewhere(table: Table, name: str) -> None:
    for number in range(20):
        put(table, client(f"mine-{number}", group_id=GROUP_ID))
    with units(table) as before:
        LISTINGS[name](table)
    for number in range(300):
        put(table, client(f"archived-{number}", name="Zoë Zamora", group_id=GROUP_ID, stamp=stamp()))
        put(table, client(f"elsewhere-{number}", provider_id=OTHER_PROVIDER_ID, group_id=GROUP_ID))
    with units(table) as after:
        LISTINGS[name](table)
    assert after == before
    assert sum(after) > 0


def test_a_condition_costs_what_is_read_to_find_somebody(table: Table, tenant: Tenant) -> None:
    for number in range(120):
        put(table, client(f"client-{number:03}"))

    def read(is_wanted: Callable[[Client], bool] | None) -> list[int]:
        counts: list[int] = []

        def gather(parsed: dict[str, Any], **_: Any) -> None:
            counts.append(parsed["ScannedCount"])

        table.client.meta.events.register("after-call.dynamodb.Query", gather)
        try:
            list_clients(tenant, TAB, limit=20, after=None, is_wanted=is_wanted)
        finally:
            table.client.meta.events.unregister("after-call.dynamodb.Query", gather)
        return counts

    assert (read(None), read(is_active), read(owes)) == ([20], [100], [100, 20])


def test_a_page_ends_where_it_has_looked_far_enough(
    table: Table, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_lists, "READS", (2, 4))
    for number in range(9):
        put(table, client(f"client-{number}", owed_cents=number // 8))
    first = list_clients(tenant, TAB, limit=20, after=None, is_wanted=owes)
    rest = list_clients(tenant, TAB, limit=20, after=first.next_after, is_wanted=owes)
    assert (first.clients, [one.client_id for one in rest.clients], rest.next_after) == ([], ["client-8"], None)
    assert sum(READS) == 1_500


def test_a_search_looks_so_often_and_no_more_where_the_other_tab_has_all(table: Table, tenant: Tenant) -> None:
    for number in range(600):
        put(table, client(f"archived-{number}", stamp=stamp()))
    with units(table) as spent:
        page = find_by_name(tenant, ["wren"], is_wanted=is_active, limit=20, after=None)
    assert (page.clients, len(spent)) == ([], 2 * MAX_QUERIES)
    with units(table) as spent:
        page = find_by_name(tenant, ["wren"], is_wanted=is_active, limit=20, after=page.next_after)
    assert (page.clients, page.next_after) == ([], None)


def test_a_word_costs_two_write_units_and_an_archive_writes_none(table: Table, tenant: Tenant) -> None:
    def spent(write: Callable[[], object]) -> float:
        with units(table) as found:
            write()
        return sum(found)

    line = HistoryEntry(history_id="history-1", at=NOW, event=HistoryEvent.ADDED, cause=cause())
    one, other = client("one", name="Ada", email="a@x.org"), client("other", name="Ada Bell Cole", email="b@x.org")

    def added(who: Client) -> float:
        return spent(lambda: commit_client(tenant, None, who, line))

    assert added(other) - added(one) == 4
    words = list(table.query(Query("pk = :pk", {":pk": Keys(PROVIDER_ID).words()})))
    staff = Cause(source=Source.STAFF, actor_id="staff-7")
    archive_client(tenant, "one", cause=staff, at=NOW, options=ArchiveOptions())
    assert list(table.query(Query("pk = :pk", {":pk": Keys(PROVIDER_ID).words()}))) == words
    assert len(words) == 4


def test_the_note_of_a_plan_costs_nothing_when_its_client_is_changed(table: Table, tenant: Tenant) -> None:
    line = HistoryEntry(history_id="history-1", at=NOW, event=HistoryEvent.CHANGED, cause=cause())

    def spent_on_a_change(client_id: str, note: str | None) -> float:
        put(table, client(client_id, group_id=GROUP_ID))
        terms = PlanTerms(trigger=Trigger.AFTER_LAST_PAYMENT, options=ArchiveOptions(note=note))
        plan_archive(tenant, client_id, terms, cause=Cause(source=Source.STAFF, actor_id="staff-7"), at=NOW)
        before = read_client(tenant, client_id)
        with units(table) as found:
            commit_client(tenant, before, with_next_revision(replace(before, owed_cents=1)), line)
        return sum(found)

    assert spent_on_a_change("noted", "n" * 2_000) == spent_on_a_change("plain", None)
