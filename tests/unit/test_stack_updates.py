"""An update of the deployed stack keeps every data store, and each update makes one index at most."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from local.stack_baseline import BASELINE, faults, read_baseline, stores
from local.template import ROOT, read_template

DEPLOYED = read_baseline()
HINT = "docs/stack-updates.md tells how; local.stack_baseline is written when a release is deployed"
INDEX = {"keys": ["HASH status_key S"], "projection": {"ProjectionType": "KEYS_ONLY"}}
TABLE: dict[str, Any] = dict(DEPLOYED["Table"])


def wanted(**table: Any) -> dict[str, Any]:
    return {**DEPLOYED, "Table": {**TABLE, **table}}


def test_the_template_can_follow_what_is_deployed_in_one_update() -> None:
    assert list(faults(DEPLOYED, stores())) == [], HINT


def test_the_baseline_knows_every_data_store() -> None:
    """A store that is missing there could be replaced without a word."""
    assert set(stores()) == set(DEPLOYED), f"python -m local.stack_baseline writes {BASELINE.name}"


def test_one_update_may_make_or_delete_one_index() -> None:
    made = {**TABLE["indexes"], "clients_by_city": INDEX}
    without = {name: index for name, index in TABLE["indexes"].items() if name != "due"}
    for indexes in (made, without):
        assert list(faults(DEPLOYED, wanted(indexes=indexes))) == []


@pytest.mark.parametrize(
    "indexes",
    [
        {**TABLE["indexes"], "one": INDEX, "two": INDEX},
        {**TABLE["indexes"], "due": INDEX},
        {"one": INDEX, **{name: index for name, index in TABLE["indexes"].items() if name != "due"}},
    ],
    ids=["two made", "one changed", "one renamed"],
)
def test_two_index_steps_are_not_one_update(indexes: dict[str, Any]) -> None:
    assert list(faults(DEPLOYED, wanted(indexes=indexes))) == ["Table needs 2 updates: one makes or deletes one index."]


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("KeySchema", ["HASH pk S", "RANGE sk N"]),
        ("LocalSecondaryIndexes", {"live": INDEX}),
        ("TableName", "clients"),
    ],
)
def test_a_table_is_not_replaced_by_an_empty_one(part: str, value: object) -> None:
    [fault] = faults(DEPLOYED, wanted(fixed={**TABLE["fixed"], part: value}))
    assert fault == f"Table is replaced by an empty one: {part} differs."


def test_a_store_that_is_renamed_or_becomes_another_leaves_the_stack() -> None:
    renamed = copy.deepcopy(DEPLOYED)
    renamed["Clients"] = renamed.pop("Table")
    renamed["StaffPool"] = {**renamed["StaffPool"], "type": "AWS::Cognito::IdentityPool"}
    assert sorted(faults(DEPLOYED, renamed)) == ["StaffPool leaves the stack.", "Table leaves the stack."]


def test_the_stack_policy_denies_replacing_what_outlives_the_stack() -> None:
    policy = json.loads((ROOT / "stack-policy.json").read_text(encoding="utf-8"))
    allowed, denied = policy["Statement"]
    assert (allowed["Effect"], allowed["Action"], allowed["Resource"]) == ("Allow", "Update:*", "*")
    assert (denied["Effect"], denied["Action"]) == ("Deny", ["Update:Replace", "Update:Delete"])
    kept = {
        f"LogicalResourceId/{name}"
        for name, resource in read_template()["Resources"].items()
        if resource.get("DeletionPolicy") == "Retain" and name in DEPLOYED
    }
    assert set(denied["Resource"]) >= kept
    assert {name.removeprefix("LogicalResourceId/") for name in denied["Resource"]} <= set(DEPLOYED)
