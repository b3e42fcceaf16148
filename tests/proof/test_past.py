"""The stand-in for lagging reads is itself proven: as of now, it answers each read just as the table does."""

from __future__ import annotations

from typing import Any

import pytest

from client_lifecycle.domain.client import Client, Status
from client_lifecycle.storage.client_lists import all_clients
from client_lifecycle.storage.clients import read_client
from tests.proof.bulk import Work
from tests.proof.interleaving import Tally, live_through
from tests.proof.operations import archive
from tests.proof.past import READS
from tests.proof.scheduler import Call, Let, Running
from tests.proof.world import LONGEST_LAG, Controls, World, plain_people
from tests.support.made_up_answers import Answer

CALLS = 250
METHODS = {"GetItem": "get_item", "BatchGetItem": "batch_get_item", "Query": "query"}


def told(answer: Answer) -> list[Any]:
    """Return what an answer tells, whatever order the service is free to tell it in."""
    batches = answer.get("Responses", {}).values()
    unordered = sorted(
        (item for batch in batches for item in batch), key=lambda item: (item["pk"]["S"], item["sk"]["S"])
    )
    return [answer.get("Item"), answer.get("Items"), answer.get("Count"), unordered]


@pytest.mark.parametrize("seed", [0, 1])
def test_as_of_now_every_read_is_answered_as_by_the_table(
    seed: int, controls: Controls, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, whole = set(), World.let_go

    def let_go(world: World, running: Running, let: Let) -> Call | None:
        call = running.stands_before
        if call and call.name in READS:
            answer = getattr(controls.dynamodb, METHODS[call.name])(**call.body)
            assert told(world.past.answer(call, world.past.moment)) == told(answer), call
            asked.add((call.name, call.body.get("IndexName")))
        return whole(world, running, let)

    monkeypatch.setattr(World, "let_go", let_go)
    live_through(controls, seed, Tally(), CALLS)
    assert asked >= {("GetItem", None), ("BatchGetItem", None), ("Query", None), ("Query", "live"), ("Query", "due")}


def done(world: World, work: Work) -> Any:
    running = world.begin("done", work)
    while not running.has_ended:
        world.let_go(running, Let())
    assert running.error is None
    return running.result


def active(world: World) -> list[str]:
    clients, _ = done(world, lambda: all_clients(world.tenant, Status.ACTIVE, group_id=None))
    return [client.client_id for client in clients]


def test_an_index_lags_until_time_has_passed_and_a_client_never(controls: Controls) -> None:
    with controls.new_world() as world:
        world.settle_in(plain_people()[:1])
        [who] = world.people
        done(world, archive(world, who, 0))
        found: Client = done(world, lambda: read_client(world.tenant, who.client_id))
        assert (found.status, active(world)) == (Status.ARCHIVED, [who.client_id])
        world.at += 2 * LONGEST_LAG
        assert active(world) == []
