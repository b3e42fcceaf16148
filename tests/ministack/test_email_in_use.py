"""A3, I14: no two clients of a provider share an address or an id elsewhere, however many are changed at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from client_lifecycle.domain.client import Client, Status, with_external_ids
from client_lifecycle.domain.errors import EmailInUse, ExternalIdInUse, GroupNotFound, LifecycleError
from client_lifecycle.storage import retries
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.client_lists import count_clients
from client_lifecycle.storage.clients import address_item, read_client
from client_lifecycle.storage.external_ids import find_owner
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.clients import add_client, change_client
from client_lifecycle.use_cases.practice import add_group, delete_group
from tests.support.builders import GROUP_ID, NOW, PROVIDER_ID, cause, client, group

ADDERS = 20
ADDRESS = "Wren.Fairbrook@example.org"
SPELLINGS = [ADDRESS, f"  {ADDRESS} ", ADDRESS.lower(), ADDRESS.upper()]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE_SECONDS", 0.001)


def at_once(work: Callable[[int], Client]) -> list[Client | LifecycleError]:
    """Do one thing in many threads that start together; each answers with its client or its fault."""
    start = Barrier(ADDERS)

    def attempt(number: int) -> Client | LifecycleError:
        start.wait()
        try:
            return work(number)
        except LifecycleError as fault:
            return fault

    with ThreadPoolExecutor(ADDERS) as pool:
        return list(pool.map(attempt, range(ADDERS)))


def owner_of(table: Table, address: str) -> Plain | None:
    return table.get(Keys(PROVIDER_ID).email(address))


def one_winner(answers: list[Client | LifecycleError]) -> Client:
    [winner] = [answer for answer in answers if isinstance(answer, Client)]
    refused = [answer for answer in answers if isinstance(answer, LifecycleError)]
    assert [type(fault) for fault in refused] == [EmailInUse] * (ADDERS - 1)
    assert {fault.message for fault in refused} == {"Email in use."}
    assert {fault.facts["client_id"] for fault in refused} == {winner.client_id}
    return winner


def test_a3_of_twenty_adds_at_once_exactly_one_wins(table: Table, tenant: Tenant) -> None:
    def add(number: int) -> Client:
        return add_client(tenant, client(f"new-{number}", email=SPELLINGS[number % len(SPELLINGS)]), cause())

    winner = one_winner(at_once(add))
    assert owner_of(table, ADDRESS) == address_item(winner)
    assert count_clients(tenant, Status.ACTIVE, group_id=None) == 1


def test_a3_of_twenty_clients_that_change_to_one_address_one_gets_it(table: Table, tenant: Tenant) -> None:
    people = [add_client(tenant, client(f"client-{number}"), cause()) for number in range(ADDERS)]

    def change(number: int) -> Client:
        who = people[number]
        return change_client(
            tenant, who.client_id, lambda _: client(who.client_id, email=ADDRESS), cause=cause(), at=NOW
        )

    winner = one_winner(at_once(change))
    assert owner_of(table, ADDRESS) == address_item(winner)
    for who in people:
        stored = read_client(tenant, who.client_id)
        assert owner_of(table, stored.email) == address_item(stored)
        assert (owner_of(table, who.email) is None) == (who.client_id == winner.client_id)


def test_i14_of_twenty_clients_that_get_one_id_elsewhere_one_has_it(table: Table, tenant: Tenant) -> None:
    people = [add_client(tenant, client(f"client-{number}"), cause()) for number in range(ADDERS)]

    def link(number: int) -> Client:
        who = people[number].client_id
        return change_client(tenant, who, lambda found: with_external_ids(found, {"crm": "c-1"}), cause=cause(), at=NOW)

    answers = at_once(link)
    [winner] = [answer for answer in answers if isinstance(answer, Client)]
    refused = [answer for answer in answers if isinstance(answer, LifecycleError)]
    assert {(type(fault), fault.facts["client_id"]) for fault in refused} == {(ExternalIdInUse, winner.client_id)}
    assert find_owner(tenant, "crm", "c-1") == ([winner.client_id], [])
    linked = [who.client_id for who in people if read_client(tenant, who.client_id).external_ids]
    assert linked == [winner.client_id]


def test_changes_of_one_client_at_once_all_count(table: Table, tenant: Tenant) -> None:
    who = add_client(tenant, client(), cause())

    def rename(number: int) -> Client:
        return change_client(
            tenant,
            who.client_id,
            lambda before: client(email=f"wren.{number}@example.org", revision=before.revision),
            cause=cause(),
            at=NOW,
        )

    changed = [answer for answer in at_once(rename) if isinstance(answer, Client)]
    stored = read_client(tenant, who.client_id)
    assert stored in changed
    assert stored.revision == 1 + len(changed)
    taken = [number for number in range(ADDERS) if owner_of(table, f"wren.{number}@example.org")]
    assert [f"wren.{number}@example.org" for number in taken] == [stored.email]
    assert owner_of(table, who.email) is None


def test_a_client_is_never_put_into_a_group_that_is_gone(table: Table, tenant: Tenant) -> None:
    add_group(tenant, group(), cause=cause(), at=NOW)
    delete_group(tenant, GROUP_ID, cause=cause(), at=NOW)
    with pytest.raises(GroupNotFound):
        add_client(tenant, client(group_id=GROUP_ID), cause())
    assert owner_of(table, client().email) is None
