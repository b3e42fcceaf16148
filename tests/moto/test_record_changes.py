"""records.changed on the bus: stored like a call, refusals answered once, the malformed set aside (I13, I14, I19)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from client_lifecycle.domain.intake_answers import RefusedOnTheBus
from client_lifecycle.edge import wiring
from client_lifecycle.storage.incoming import read_answer
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from local.template import ROOT
from tests.moto.conftest import Log, letters
from tests.moto.test_record_hook import activate, archive, bill, gone, item, paper, slot
from tests.support.builders import PROVIDER_ID, client
from tests.support.calls import invoke
from tests.support.faults import THROTTLED, failing
from tests.support.store import dump, store

HANDLER = "record_changes.handler.lambda_handler"
SAMPLE = json.loads((ROOT / "events" / "record_changes.json").read_text(encoding="utf-8"))
UNDOCUMENTED = "told us in confidence"
SOURCE = "calendar.example"


@pytest.fixture(autouse=True)
def tenant(table: Table, queue_url: str) -> Tenant:
    store(table, client())
    return Tenant(table, PROVIDER_ID)


def changed(*changes: Any, event_id: str = "e-1", source: str = SOURCE, **fields: Any) -> dict[str, Any]:
    """An event as EventBridge delivers it."""
    values = {"event_id": event_id, "provider_id": PROVIDER_ID, "client_id": "client-1", "changes": list(changes)}
    event: dict[str, Any] = json.loads(SAMPLE["Records"][0]["body"])
    return {**event, "source": source, "detail": values | fields}


def deliver(*events: dict[str, Any]) -> list[str]:
    """Deliver events as a batch of the queue; return which of them are to come again."""
    messages = [{"messageId": str(number), "body": json.dumps(event)} for number, event in enumerate(events)]
    answer = invoke(HANDLER, {"Records": messages})
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def answer_to(tenant: Tenant, event_id: str = "e-1", source: str = SOURCE) -> RefusedOnTheBus | None:
    return read_answer(tenant, source, event_id)


def refusals(tenant: Tenant, event_id: str = "e-1") -> list[tuple[str | None, str, str | None]]:
    answer = answer_to(tenant, event_id)
    assert answer
    return [(one.id, one.reason or one.outcome, one.rule) for one in answer.results]


def test_the_sample_event_is_understood_and_answered(tenant: Tenant, queue_url: str) -> None:
    assert invoke(HANDLER, SAMPLE) == {"batchItemFailures": []}
    detail = json.loads(SAMPLE["Records"][0]["body"])["detail"]
    answer = answer_to(Tenant(tenant.table, detail["provider_id"]), detail["event_id"])
    assert answer
    assert [one.reason for one in answer.results] == ["unknown_client"]
    assert letters(queue_url) == []


def test_i13_what_the_bus_tells_is_its_source_s_and_no_call_s(tenant: Tenant) -> None:
    assert deliver(changed(slot(1))) == []
    assert item(tenant, "APPOINTMENT#appt-1")["source"] == SOURCE
    assert answer_to(tenant) is None
    deliver(changed(slot(2), source="billing.example"))
    answer = answer_to(tenant, source="billing.example")
    assert answer
    assert [(one.reason, one.rule) for one in answer.results] == [("other_source", "I13")]


def test_i4_i19_what_is_refused_is_answered_beside_what_is_stored(tenant: Tenant) -> None:
    deliver(changed(slot(7), event_id="e-0"))
    archive_id = archive()
    deliver(changed(slot(8), bill(1, "charged"), paper(), {**paper(), "kind": "form", UNDOCUMENTED: 1}))
    answer = answer_to(tenant)
    assert answer
    assert item(tenant, "PAYMENT#pay-1")["source_version"] == 1
    appointment, document, form = answer.results
    assert (appointment.reason, appointment.rule, appointment.use) == ("client_archived", "I4", "booking.requested")
    assert appointment.ours
    assert (appointment.ours.version, appointment.ours.archive_id) == (7, archive_id)
    assert (document.id, document.rule) == ("document-1", "P7")
    assert (form.outcome, form.fields) == ("invalid", ("changes[3].(unknown)", "changes[3].status"))


def test_an_id_that_is_none_is_not_published(tenant: Tenant) -> None:
    deliver(changed({**paper(), "id": UNDOCUMENTED}))
    assert refusals(tenant) == [(None, "invalid", None)]


def test_i14_an_unknown_client_is_answered(tenant: Tenant) -> None:
    deliver(changed(slot(), gone(3, record_id="appt-2"), client_id="nobody"))
    assert refusals(tenant) == [("appt-1", "unknown_client", "I14"), ("appt-2", "unknown_client", "I14")]


def test_i2_i3_an_event_that_comes_again_changes_nothing(tenant: Tenant) -> None:
    archive()
    event = changed(slot(), bill(1, "charged"))
    deliver(event, event)
    before = dump(tenant.table)
    assert deliver(event) == []
    assert dump(tenant.table) == before
    activate()
    deliver(event)
    assert item(tenant, "APPOINTMENT#appt-1")["source_version"] == 1, "a refusal consumes nothing"


def test_other_content_under_a_refused_event_id_is_set_aside(tenant: Tenant, queue_url: str) -> None:
    archive()
    deliver(changed(slot()))
    before, event = dump(tenant.table), changed(slot(2))
    deliver(event)
    assert dump(tenant.table) == before
    assert letters(queue_url) == [{"error": "EventIdReused", "fields": ["event_id"], "request": event}]


MALFORMED: list[tuple[dict[str, Any], list[str], list[str]]] = [
    ({"detail": {UNDOCUMENTED: 1}}, [UNDOCUMENTED], ["(unknown)"]),
    ({"detail": {"changes": []}}, ["changes"], ["changes"]),
    ({"detail": {"changes": [paper()] * 51}}, ["changes"], ["changes"]),
    ({"detail": {"event_id": "#"}}, ["event_id"], ["event_id"]),
    ({"detail": {"client_id": UNDOCUMENTED}}, ["client_id"], ["client_id"]),
    ({"detail": {"\ud800": 1}}, ["detail"], ["detail"]),
    ({"source": "the #1 calendar"}, ["source"], ["source"]),
]


@pytest.mark.parametrize(("wrong", "fields", "known"), MALFORMED, ids=[ascii(fields) for _, fields, _ in MALFORMED])
def test_what_is_malformed_as_a_whole_is_set_aside_and_holds_up_nobody(
    tenant: Tenant, queue_url: str, log: Log, wrong: dict[str, Any], fields: list[str], known: list[str]
) -> None:
    event = changed(paper())
    event = event | wrong | {"detail": event["detail"] | wrong.get("detail", {})}
    assert deliver(event, changed(paper(), event_id="e-2")) == []
    [letter] = letters(queue_url)
    assert repr(letter) == repr({"error": "InvalidRequest", "fields": fields, "request": event})
    assert "DOCUMENT#document-1" in {sort_key for _, sort_key in dump(tenant.table)}
    [line] = [line for line in log.lines if line["level"] == "ERROR"]
    assert (line["correlation_id"], line["fields"]) == (event["id"], known)
    assert UNDOCUMENTED not in log.text


def test_a_damaged_client_s_changes_are_set_aside(tenant: Tenant, queue_url: str) -> None:
    key = tenant.keys.client("client-1")
    tenant.table.put_many([{**dump(tenant.table)[key["pk"], key["sk"]], "revision": "often"}])
    assert deliver(changed(slot())) == []
    [letter] = letters(queue_url)
    assert letter["error"] == "UnreadableRecord"


def test_a_busy_table_lets_the_message_come_again_and_no_other(tenant: Tenant, queue_url: str) -> None:
    with failing(wiring.table().client, THROTTLED):
        assert deliver(changed(slot())) == ["0"]
    assert letters(queue_url) == []
    assert deliver(changed(slot()), changed(bill(), event_id="e-2")) == []


def test_what_fails_for_an_unknown_reason_comes_again_alone(tenant: Tenant, log: Log) -> None:
    messages = [{"messageId": "a", "body": "no JSON"}, {"messageId": "b", "body": json.dumps(changed(slot()))}]
    assert invoke(HANDLER, {"Records": messages}) == {"batchItemFailures": [{"itemIdentifier": "a"}]}
    assert item(tenant, "APPOINTMENT#appt-1")["source"] == SOURCE
    assert "exception" in next(line for line in log.lines if line["level"] == "ERROR")
