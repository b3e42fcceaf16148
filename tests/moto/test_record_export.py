"""POST /clients/{id}/exports: everything that is held of one client, of nobody else, behind a link that expires."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from client_lifecycle.storage.exports import FOLDER
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from tests.moto.conftest import BUCKET, Executions
from tests.support.builders import NOW, OTHER_PROVIDER_ID, PROVIDER_ID, client, one_of_each
from tests.support.calls import READER, STRANGER, Answer, patch, post, put
from tests.support.store import dump, store

pytestmark = pytest.mark.usefixtures("executions")


def exported(answer: Answer) -> Any:
    """Read what a link leads to."""
    assert answer.status == 201
    url = urlsplit(answer.body["url"])
    key = url.path.lstrip("/").removeprefix(f"{BUCKET}/")
    assert key == f"{FOLDER}/{PROVIDER_ID}/client-1/{answer.body['export_id']}.json"
    return json.loads(boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())


def test_an_export_holds_every_item_of_the_client_and_nobody_else_s(table: Table, executions: Executions) -> None:
    store(table, client(), *one_of_each())
    store(table, client("client-10", name="Somebody Else"))
    store(table, client(name="Somebody Else", provider_id=OTHER_PROVIDER_ID))
    patch("/clients/client-1", {"name": "Wren Ålesund"})
    put("/clients/client-1/archive-plan", {"after_last_appointment": True, "note": "She said so"})
    post("/clients/client-1/archive", {"note": "She said so"})
    keys = Keys(PROVIDER_ID)
    for event_id, client_id in (("e-1", "client-1"), ("e-2", "client-10")):
        table.put_many([{**keys.booking_answer(event_id), "event_id": event_id, "client_id": client_id}])
    found = exported(post("/clients/client-1/exports"))
    assert (found["client_id"], found["exported_at"]) == ("client-1", NOW.isoformat())
    items = [item for of_kind in found["items"].values() for item in of_kind]
    held = [
        item
        for item in dump(table).values()
        if item["pk"] == keys.client_partition("client-1")
        or (item["pk"] == keys.booking_partition() and item["client_id"] == "client-1")
    ]
    assert sorted(items, key=lambda item: (item["pk"], item["sk"])) == sorted(
        held, key=lambda item: (item["pk"], item["sk"])
    )
    assert {"client", "appointment", "payment", "receipt", "history_entry", "booking_answer"} <= set(found["items"])
    assert "Somebody Else" not in json.dumps(found)


def test_an_export_holds_what_this_version_cannot_read(table: Table) -> None:
    key = Keys(PROVIDER_ID).client_partition("client-1")
    store(table, client())
    table.put_many([{"pk": key, "sk": "LETTER#1", "kind": "letter", "tags": {"b", "a"}}])
    [letter] = exported(post("/clients/client-1/exports"))["items"]["letter"]
    assert letter["tags"] == ["a", "b"]


def test_the_link_is_good_for_five_minutes_and_signed_by_version_4(table: Table) -> None:
    store(table, client())
    asked = parse_qs(urlsplit(post("/clients/client-1/exports").body["url"]).query)
    assert asked["X-Amz-Expires"] == ["300"]
    assert asked["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]


def test_the_trail_says_who_exported_whom_and_holds_no_link(table: Table) -> None:
    store(table, client())
    answer = post("/clients/client-1/exports")
    assert answer.audit["route"] == "POST /clients/{client_id}/exports"
    assert (answer.audit["ids_named"], answer.audit["clients_shown"]) == ("client-1", "client-1")
    assert "X-Amz" not in str(answer.audit)


def test_nobody_exports_without_the_right_or_another_provider_s_client(table: Table) -> None:
    store(table, client())
    refused = [post("/clients/client-1/exports", claims=READER), post("/clients/client-1/exports", claims=STRANGER)]
    refused.append(post("/clients/client-2/exports"))
    assert [answer.problem for answer in refused] == ["NotPermitted", "ClientNotFound", "ClientNotFound"]
    assert boto3.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
