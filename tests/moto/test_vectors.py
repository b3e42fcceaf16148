"""The golden vectors, told through POST /hooks/records as any other team would run them against this system."""

from __future__ import annotations

import json
from typing import Any

import pytest

from client_lifecycle.edge import wiring
from client_lifecycle.storage.attributes import to_item
from client_lifecycle.storage.clients import read_client
from client_lifecycle.storage.keys import Key
from client_lifecycle.storage.stream import INSERT, StreamRecord, events_of
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from tests.support import source_secrets
from tests.support.builders import NOW, PROVIDER_ID, client
from tests.support.calls import Answer, post
from tests.support.store import Dump, dump, store
from tests.support.vectors import ARCHIVE_ID, GOLDEN, VECTORS, Json, Vector, compared, moment


@pytest.fixture(autouse=True)
def secrets(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECORD_SECRET_PREFIX", source_secrets.PREFIX)
    wiring.record_secrets.cache_clear()
    for source in ("calendar", "billing"):
        source_secrets.give_secret(source)


def tell(source: str, **body: Any) -> Answer:
    return source_secrets.tell("POST", "/hooks/records", source, {"client_id": "client-1", **body})


def prepare(table: Table, vector: Vector) -> str:
    """Make the client and its record as the vector has them, by telling and archiving; return the archive's id."""
    store(table, client())
    archive_id = ARCHIVE_ID
    if vector.kept:
        told = tell(vector.kept["source"], changes=[vector.kept["change"]])
        assert [one["outcome"] for one in told.body["results"]] == ["stored"]
    if vector.client == "archived" or (vector.kept and vector.kept["ended_by"]):
        archive_id = post("/clients/client-1/archive", {}).body["receipt"]["archive_id"]
    if vector.client == "active" and archive_id != ARCHIVE_ID:
        post("/clients/client-1/activate", {})
    return archive_id


def run(table: Table, vector: Vector) -> Json:
    """Tell the vector's change, and return what a vector says of it."""
    archive_id = prepare(table, vector)
    before = dump(table)
    answer = tell(vector.source, changes=[vector.change])
    assert answer.status == 200, answer.body
    [result] = answer.body["results"]
    after = dump(table)
    return {
        "client": answer.body["client_status"],
        "result": json.loads(json.dumps(compared(result)).replace(archive_id, ARCHIVE_ID)),
        "revision_rises": revision(after) > revision(before),
        "events": sorted(events(before, after)),
    }


def revision(items: Dump) -> int:
    return int(items[f"CLIENT#{PROVIDER_ID}#client-1", "CLIENT"]["revision"])


def events(before: Dump, after: Dump) -> list[str]:
    """Return the names of the events that the new items give rise to."""
    new = [plain for key, plain in after.items() if key not in before]
    return [event.name.value for plain in new for event in events_of(written(plain))]


def written(plain: Json) -> StreamRecord:
    key: Key = {"pk": plain["pk"], "sk": plain["sk"]}
    return StreamRecord(sequence_number="1", stream_arn="stream", kind=INSERT, key=key, before={}, after=to_item(plain))


def empty(table: Table) -> None:
    for pk, sk in dump(table):
        table.client.delete_item(TableName=table.name, Key={"pk": {"S": pk}, "sk": {"S": sk}})


def test_the_door_answers_what_the_vectors_say(table: Table) -> None:
    wrong = {}
    for vector in VECTORS:
        told = run(table, vector)
        said = {name: getattr(vector, name) for name in told}
        if told != said | {"events": sorted(vector.events)}:
            wrong[vector.name] = told
        empty(table)
    assert wrong == {}


@pytest.mark.parametrize("case", GOLDEN["requests"], ids=lambda case: case["name"])
def test_i14_i19_whole_requests_are_answered_as_the_vectors_say(table: Table, case: Json) -> None:
    store(table, client())
    before = dump(table)
    answer = tell("calendar", **case["request"])
    assert (answer.status, answer.body["type"]) == (case["status"], case["type"])
    assert dump(table) == before


@pytest.mark.parametrize("case", GOLDEN["activity"], ids=lambda case: case["name"])
def test_i17_activity_told_becomes_what_the_vectors_say(tenant: Tenant, case: Json) -> None:
    store(tenant.table, client(last_active_at=moment(case["known"])))
    change = VECTORS[0].change
    tell("calendar", changes=[change], client_active_at=case["told"])
    after = NOW if case["after"] == "now" else moment(case["after"])
    assert read_client(tenant, "client-1").last_active_at == after
