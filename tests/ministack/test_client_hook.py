"""A platform tells clients through the deployed hook, whose role may do what that takes and no more."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from local.providers import RECORDS_PREFIX
from local.signatures import webhook_headers
from local.stack import PracticeStack
from tests.support.builders import client, stamp
from tests.support.store import store

PROVIDER, PLATFORM = "prov-platforms", "billing"
"""A provider of these tests' own, whose clients no other test counts."""


@pytest.fixture(scope="module", autouse=True)
def secret(deployed: PracticeStack) -> None:
    deployed.aws.ssm.put_parameter(
        Name=f"{RECORDS_PREFIX}{PROVIDER}/{PLATFORM}", Value=deployed.booking_secret, Type="SecureString"
    )


def tell(stack: PracticeStack, external_id: str, version: int, **fields: Any) -> dict[str, Any]:
    told = {"provider_id": PROVIDER, "version": version, "name": "Sam Platform"} | fields
    return call(stack, "PUT", f"/hooks/clients/{external_id}", told)


def call(stack: PracticeStack, method: str, path: str, told: dict[str, Any]) -> dict[str, Any]:
    raw = json.dumps(told).encode()
    headers = webhook_headers(stack.booking_secret, told["provider_id"], PLATFORM, "told", raw, datetime.now(UTC))
    url = f"{stack.deployed.api_url}{path}"
    answer = httpx.request(method, url, content=raw, headers=headers, timeout=60, trust_env=False)
    answer.raise_for_status()
    body: dict[str, Any] = answer.json()
    return body


def test_a_platform_adds_changes_and_names_a_client_by_its_own_id(deployed: PracticeStack) -> None:
    added = tell(deployed, "platform-1", 1, email="sam.1@platform.example")
    assert (added["outcome"], added["added"]) == ("stored", True)
    moved = tell(deployed, "platform-1", 2, name="Sam Moved", email="sam.2@platform.example")
    assert (moved["client_id"], moved["changed"]) == (added["client_id"], ["name", "email"])
    shared = {"kind": "document", "id": "doc-1", "version": 1, "status": "hidden"}
    asked = {"provider_id": PROVIDER, "client_external_id": "platform-1", "changes": [shared]}
    recorded = call(deployed, "POST", "/hooks/records", asked)
    assert (recorded["client_id"], recorded["results"][0]["outcome"]) == (added["client_id"], "stored")
    assert tell(deployed, "platform-2", 1, email="sam.1@platform.example")["added"], "the former address is free"


def test_a8_a_platform_does_not_bring_an_archived_client_back(deployed: PracticeStack) -> None:
    store(deployed.table, client("archived-1", provider_id=PROVIDER, stamp=stamp()))
    linked = tell(deployed, "platform-3", 1, client_id="archived-1", email="wren@platform.example")
    assert (linked["added"], linked["changed"], linked["differs"]) == (False, [], ["name", "email"])
    changed = tell(deployed, "platform-3", 2, name="Sam Changed", email="wren@platform.example")
    assert (changed["changed"], changed["client_status"]) == (["name"], "archived")


def test_of_twenty_who_tell_one_new_client_at_once_one_adds_it(deployed: PracticeStack) -> None:
    def add(_: int) -> dict[str, Any]:
        return tell(deployed, "platform-at-once", 1, email="sam.once@platform.example")

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(add, range(20)))
    assert {one["client_id"] for one in answers} == {answers[0]["client_id"]}
    assert sorted(one["outcome"] for one in answers) == ["stored", *["unchanged"] * 19]
