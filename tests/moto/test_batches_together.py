"""A batch takes few calls; what is refused for one client is done for each of the others alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Barrier
from typing import Any

import pytest

from client_lifecycle.domain.members import CLIENTS_PER_BATCH
from client_lifecycle.edge import wiring
from client_lifecycle.storage.table import MAX_TRANSACTION_ITEMS, Table, commit_together
from tests.moto.conftest import Executions
from tests.moto.workflow import EFFECTS, Workflow, confirmed
from tests.support.builders import PROVIDER_ID, appointment, client, membership, one_of_each, reminder
from tests.support.calls import post
from tests.support.faults import failing, refused
from tests.support.made_up_answers import answering, cancelled
from tests.support.store import dump, store

EVERYONE = [f"c-{number:02}" for number in range(CLIENTS_PER_BATCH)]
MOST_CALLS_PER_CLIENT = 2
PATIENCE_SECONDS = 30


@pytest.fixture(autouse=True)
def practice(table: Table, executions: Executions) -> None:
    """As many active clients as a batch has, with one record of every kind."""
    for client_id in EVERYONE:
        store(table, client(client_id), *one_of_each())


@pytest.fixture
def calls() -> Counter[str]:
    """The calls to the table that functions make from now on, by their name."""
    made: Counter[str] = Counter()
    wiring.table().client.meta.events.register("before-call.dynamodb", lambda model, **_: made.update([model.name]))
    return made


def test_a_batch_is_marked_with_one_query_each_and_one_transaction(calls: Counter[str]) -> None:
    workflow = confirmed(*EVERYONE)
    calls.clear()
    workflow.mark(workflow.batch(*EVERYONE))
    assert calls == {"Query": CLIENTS_PER_BATCH, "GetItem": 2, "BatchGetItem": 1, "TransactWriteItems": 1}


def test_all_steps_of_a_batch_take_two_calls_a_client_at_most(calls: Counter[str]) -> None:
    workflow = confirmed(*EVERYONE)
    calls.clear()
    workflow.settle(workflow.effects(workflow.mark(workflow.batch(*EVERYONE))))
    assert workflow.counts == {"archived": CLIENTS_PER_BATCH}
    assert calls.total() <= MOST_CALLS_PER_CLIENT * CLIENTS_PER_BATCH


def test_an_effect_reads_a_batch_s_records_in_few_calls(calls: Counter[str]) -> None:
    workflow = confirmed(*EVERYONE)
    state = workflow.mark(workflow.batch(*EVERYONE))
    made = {}
    for effect in EFFECTS:
        calls.clear()
        workflow.effect(effect, state)
        made[effect] = calls["BatchGetItem"], calls["Query"]
    assert made == {"cancel_commitments": (1, 0), "leave_chats": (1, 0), "silence_notifications": (1, 0)}


@pytest.mark.parametrize(
    ("record", "with_work"),
    [
        (appointment("a"), "cancel_commitments"),
        (membership("m"), "leave_chats"),
        (reminder("r"), "silence_notifications"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_an_effect_reads_those_clients_only_whom_it_has_work_for(
    record: Any, with_work: str, table: Table, calls: Counter[str]
) -> None:
    for client_id in ("d-1", "d-2"):
        store(table, client(client_id), *([record] if client_id == "d-1" else []))
    workflow = confirmed("d-1", "d-2")
    state = workflow.mark(workflow.batch("d-1", "d-2"))
    made = {}
    for effect in EFFECTS:
        calls.clear()
        assert workflow.effect(effect, state) == {"failures": []}
        made[effect] = calls.total()
    assert made == {effect: 2 if effect == with_work else 0 for effect in EFFECTS}


def test_effects_look_at_every_client_that_an_older_step_has_marked(table: Table) -> None:
    workflow = confirmed("c-00")
    state = workflow.mark(workflow.batch("c-00"))
    for marked in state["first"]["marked"]:
        del marked["work_for"], marked["records"]
    workflow.settle(workflow.effects(state))
    assert workflow.outcomes == {"c-00": ("archived", None)}
    assert statuses_of(table, "c-00") == {"cancelled", "withdrawn", "suppressed"}


def statuses_of(table: Table, client_id: str) -> set[str]:
    """What became of a client's appointments, payments, places in blasts, and reminders."""
    kinds = ("APPOINTMENT", "PAYMENT", "RECIPIENT", "REMINDER")
    items = dump(table).items()
    return {
        str(item["status"]) for (pk, sk), item in items if pk.endswith(f"#{client_id}") and sk.split("#")[0] in kinds
    }


def test_who_has_more_records_than_the_state_holds_is_read_whole(table: Table, calls: Counter[str]) -> None:
    many = [reminder(f"{number:04}-{'r' * 60}") for number in range(65)]
    store(table, client("d-1"), *many)
    workflow = confirmed("d-1")
    state = workflow.mark(workflow.batch("d-1"))
    [marked] = state["first"]["marked"]
    assert (marked["work_for"], marked["records"]) == (["silence_notifications"], None)
    calls.clear()
    assert workflow.effect("silence_notifications", state) == {"failures": []}
    assert calls["Query"] == 1
    assert statuses_of(table, "d-1") == {"suppressed"}


def test_a_record_that_ended_since_it_was_named_is_left_as_it_is(table: Table) -> None:
    workflow = confirmed("c-00")
    state = workflow.mark(workflow.batch("c-00"))
    [key] = [key for key in dump(table) if key[0].endswith("#c-00") and key[1].startswith("APPOINTMENT#")]
    ended = {name: value for name, value in dump(table)[key].items() if name not in ("live_key", "commitment_key")}
    table.put_many([ended | {"status": "completed"}])
    workflow.settle(workflow.effects(state))
    assert workflow.outcomes == {"c-00": ("archived", None)}
    assert statuses_of(table, "c-00") == {"completed", "cancelled", "withdrawn", "suppressed"}


# Refused for one client's sake


def before_the_first_commit(do: Callable[[], object]) -> None:
    """Do something right before functions commit for the first time from now on."""
    left = [do]

    def hook(**_: object) -> None:
        if left:
            left.pop()()

    wiring.table().client.meta.events.register("before-call.dynamodb.TransactWriteItems", hook)


def whole(workflow: Workflow) -> dict[str, tuple[str, str | None]]:
    workflow.settle(workflow.effects(workflow.mark(workflow.batch(*EVERYONE))))
    return workflow.outcomes


def test_a_client_who_changes_meanwhile_costs_nobody_else_the_archive() -> None:
    workflow = confirmed(*EVERYONE)
    before_the_first_commit(lambda: post("/clients/c-07/archive", {}))
    outcomes = whole(workflow)
    assert outcomes.pop("c-07") == ("changed_since_preview", None)
    assert set(outcomes.values()) == {("archived", None)}


def test_a_client_who_returns_meanwhile_leaves_all_others_to_the_effect() -> None:
    workflow = confirmed(*EVERYONE)
    state = workflow.mark(workflow.batch(*EVERYONE))
    before_the_first_commit(lambda: post("/clients/c-07/activate", {}))
    workflow.settle(workflow.effects(state))
    outcomes = workflow.outcomes
    assert outcomes.pop("c-07") == ("superseded", None)
    assert set(outcomes.values()) == {("archived", None)}


@pytest.mark.parametrize("step", ["mark", *EFFECTS])
def test_a_transaction_of_many_that_is_too_large_is_made_of_each_alone(step: str, table: Table) -> None:
    workflow = confirmed(*EVERYONE)
    state = workflow.batch(*EVERYONE)
    too_large = refused(400, "ValidationException")
    with failing(wiring.table().client, too_large, times=1 if step == "mark" else 0, operation="TransactWriteItems"):
        state = workflow.mark(state)
    assert len(state["first"]["marked"]) == CLIENTS_PER_BATCH
    with failing(wiring.table().client, too_large, times=1, operation="TransactWriteItems"):
        effects = [workflow.effect(effect, state) for effect in EFFECTS]
    workflow.settle({**state, "effects": effects})
    assert workflow.counts == {"archived": CLIENTS_PER_BATCH}


# Packs


def put_of(name: str, number: int) -> Any:
    key = {"pk": {"S": f"CLIENT#{PROVIDER_ID}#{name}"}, "sk": {"S": f"PACKED#{number:03}"}}
    return {"Put": {"TableName": wiring.table().name, "Item": key}}


@pytest.mark.parametrize(
    ("sizes", "transactions"),
    [([], 0), ([0, 0], 0), ([4] * 25, 1), ([4] * 26, 2), ([60, 40, 1], 2), ([99, 2, 98], 2), ([100, 100], 2)],
)
def test_groups_are_committed_with_as_few_transactions_as_in_turn_fit(
    sizes: list[int], transactions: int, calls: Counter[str]
) -> None:
    groups = {str(name): [put_of(str(name), number) for number in range(size)] for name, size in enumerate(sizes)}
    assert commit_together(wiring.table(), groups) == groups.keys()
    assert calls["TransactWriteItems"] == transactions


def test_groups_that_are_refused_together_are_all_left(table: Table) -> None:
    held: Any = {**put_of("held", 0)["Put"], "ConditionExpression": "attribute_exists(pk)"}
    groups = {"free": [put_of("free", 0)], "held": [{"Put": held}], "apart": [put_of("a", n) for n in range(99)]}
    assert len(groups["apart"]) + 2 > MAX_TRANSACTION_ITEMS
    before = {key for key in dump(table) if "PACKED" in key[1]}
    assert commit_together(wiring.table(), groups) == {"apart"}
    assert {key[0].rpartition("#")[2] for key in dump(table) if "PACKED" in key[1]} - before == {"a"}


@pytest.mark.parametrize(("conflicts", "is_committed"), [(0, True), (2, True), (3, False)])
def test_others_may_be_in_the_way_twice_before_many_become_one_each(conflicts: int, is_committed: bool) -> None:
    left = [cancelled({"TransactItems": [{}]}, "TransactionConflict") for _ in range(conflicts)]
    with answering(wiring.table(), "TransactWriteItems", lambda _: left.pop() if left else None) as tries:
        assert wiring.table().transact_unless_refused([put_of("one", 0)]) is is_committed
    assert len(tries) == min(conflicts + 1, 3)


def test_clients_of_an_undo_are_brought_back_side_by_side() -> None:
    archived = confirmed(*EVERYONE[:2])
    archived.whole(*EVERYONE[:2])
    undo = Workflow(post(f"/bulk-archives/{archived.run_id}/undo").body["run_id"], kind="undo")
    both_commit = Barrier(2, timeout=PATIENCE_SECONDS)

    def wait(**_: Any) -> None:
        both_commit.wait()

    events = wiring.table().client.meta.events
    events.register("before-call.dynamodb.TransactWriteItems", wait)
    state = undo.undo(undo.batch(*EVERYONE[:2]))
    events.unregister("before-call.dynamodb.TransactWriteItems", wait)
    undo.settle(state)
    assert undo.counts == {"activated": 2}
