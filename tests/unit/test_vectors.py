"""The golden vectors that other teams run: they hold here, and cover every rule, kind, state and outcome."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from client_lifecycle.domain.effects import all_effects
from client_lifecycle.domain.intake import (
    UNKNOWN,
    Guard,
    IncomingChange,
    IntakeOutcome,
    IntakeRefusal,
    Kept,
    judge_all,
    seen_active,
    status_of,
)
from client_lifecycle.domain.records import (
    AppointmentStatus,
    ChatKind,
    DocumentStatus,
    FormStatus,
    PaymentStatus,
    RecipientStatus,
    RecordKind,
    ReminderStatus,
)
from client_lifecycle.edge.records import RecordsBody, RecordsView
from client_lifecycle.use_cases.record import Recorded
from local.schemas import schema_texts
from tests.support.builders import NOW, client, stamp
from tests.support.vectors import ARCHIVE_ID, GOLDEN, VECTORS, Json, Vector, compared, moment
from tests.unit.test_openapi import DESCRIPTION

MOMENTS = [NOW, datetime(2039, 12, 31, tzinfo=UTC)]
"""The vectors hold at any moment between these."""

ACTIVE, ARCHIVED = client(), client(stamp=stamp(archive_id=ARCHIVE_ID))
SCHEMAS = {
    file.name: Draft202012Validator(schema, validate_formats=True) for file, schema in schema_texts(DESCRIPTION).items()
}
NAMES = [vector.name for vector in VECTORS]


def body_of(change: Json) -> RecordsBody:
    return RecordsBody.model_validate({"provider_id": "prov-oak", "client_id": "client-1", "changes": [change]})


def incoming(change: Json, source: str) -> IncomingChange:
    [read] = body_of(change).delivery(source).changes
    return read


def kept_of(vector: Vector, at: datetime) -> Kept:
    if vector.kept is None:
        return UNKNOWN
    source, ended_by = vector.kept["source"], vector.kept["ended_by"]
    last = incoming(vector.kept["change"], source)
    record = last.record
    if ended_by:
        assert record
        [change] = all_effects([record], at).changes
        record = change.after
    return Kept(record=record, source=source, version=last.version, digest=last.digest, ended_by=ended_by)


@pytest.mark.parametrize("at", MOMENTS, ids=["now", "later"])
@pytest.mark.parametrize("vector", VECTORS, ids=NAMES)
def test_what_is_told_becomes_what_the_vector_says(vector: Vector, at: datetime) -> None:
    body = body_of(vector.change)
    delivery = body.delivery(vector.source)
    of = {"active": ACTIVE, "archived": ARCHIVED}[vector.client]
    before = kept_of(vector, at)
    judgements = judge_all(delivery.changes, {one.place: before for one in delivery.changes}, vector.source, of, at)
    answer = RecordsView.of(body, Recorded(of, judgements), is_dry_run=False).model_dump(mode="json")
    assert answer["client_status"] == vector.client
    assert [compared(result) for result in answer["results"]] == [vector.result]
    after = judgements[-1].after if judgements else before
    assert shown(after) == vector.after
    assert any(one.guard is Guard.RAISE_REVISION for one in judgements) is vector.revision_rises


def shown(kept: Kept) -> Json | None:
    return None if kept is UNKNOWN else {"version": kept.version, "status": status_of(kept.record)}


@pytest.mark.parametrize("activity", GOLDEN["activity"], ids=lambda activity: activity["name"])
def test_i17_activity_becomes_what_the_vector_says(activity: Json) -> None:
    known, told = moment(activity["known"]), moment(activity["told"])
    assert told
    after = NOW if activity["after"] == "now" else moment(activity["after"])
    assert seen_active(client(last_active_at=known), told, NOW).last_active_at == after


@pytest.mark.parametrize("vector", VECTORS, ids=NAMES)
def test_the_schemas_take_what_is_not_invalid_and_nothing_else(vector: Vector) -> None:
    is_valid = vector.result["outcome"] != IntakeOutcome.INVALID
    kind = vector.change["kind"]
    if kind in list(RecordKind):
        assert SCHEMAS[f"{kind}.json"].is_valid(vector.change) is is_valid
    request = {"provider_id": "prov-oak", "client_id": "client-1", "changes": [vector.change]}
    assert SCHEMAS["request.json"].is_valid(request) is is_valid


STATUSES = {
    RecordKind.APPOINTMENT: [*AppointmentStatus],
    RecordKind.PAYMENT: [*PaymentStatus],
    RecordKind.MEMBERSHIP: ["joined", "left"],
    RecordKind.RECIPIENT: [*RecipientStatus],
    RecordKind.FEED_ENTRY: ["shown", "hidden"],
    RecordKind.REMINDER: [*ReminderStatus],
    RecordKind.DOCUMENT: [*DocumentStatus],
    RecordKind.FORM: [*FormStatus],
    RecordKind.BALANCE: ["told"],
}
NEW = {
    (vector.client, vector.change["kind"], status_of(incoming(vector.change, "calendar").record))
    for vector in VECTORS
    if vector.kept is None and vector.result["outcome"] != IntakeOutcome.INVALID
}


@pytest.mark.parametrize("kind", RecordKind)
@pytest.mark.parametrize("of", ["active", "archived"])
def test_there_is_a_vector_of_every_state_that_a_new_record_can_have(kind: RecordKind, of: str) -> None:
    assert {(of, kind.value, str(status)) for status in STATUSES[kind]} <= NEW


def values(*path: str) -> set[Any]:
    found = set()
    for vector in VECTORS:
        value: Any = vector._asdict()
        for name in path:
            value = value[name]
        found.add(value)
    return found


def test_the_vectors_cover_every_rule_outcome_refusal_and_kind_of_chat() -> None:
    rules = {rule for part in ("vectors", "requests", "activity") for one in GOLDEN[part] for rule in one["rules"]}
    assert {f"I{number}" for number in range(1, 20)} <= rules
    assert {"P3", "P5", "P7", "P8", "P9"} <= rules
    assert values("result", "outcome") == set(IntakeOutcome)
    assert values("result", "reason") == {None, *IntakeRefusal} - {IntakeRefusal.UNKNOWN_CLIENT}, "a call gets 404"
    assert {one.change["chat_kind"] for one in VECTORS if "chat_kind" in one.change} == set(ChatKind)


def test_every_vector_has_a_name_of_its_own() -> None:
    assert len(set(NAMES)) == len(NAMES)
