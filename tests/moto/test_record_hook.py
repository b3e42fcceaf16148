"""POST /hooks/records: who is heard, what becomes of each change, and what is left in the table (I1 to I19)."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import boto3
import pytest

from client_lifecycle.domain.effects import all_effects
from client_lifecycle.domain.records import PaymentStatus
from client_lifecycle.edge import wiring
from client_lifecycle.edge.reading import MAX_SIGNED_BODY_BYTES
from client_lifecycle.edge.signature import sign, sign_webhook
from client_lifecycle.storage import archives, restores
from client_lifecycle.storage.archives import read_receipt
from client_lifecycle.storage.clients import read_client, read_live
from client_lifecycle.storage.incoming import commit_incoming
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases import record
from tests.moto.conftest import Clock
from tests.support import source_secrets
from tests.support.builders import (
    DAY,
    HOUR,
    NOW,
    OTHER_PROVIDER_ID,
    PROVIDER_ID,
    appointment,
    client,
    membership,
    one_of_each,
    payment,
)
from tests.support.calls import Answer, get, post, request
from tests.support.store import dump, store

SECRET = f"whsec_{b64encode(b'the calendar signs with this ....').decode()}"
ALL = ["chats", "reminders", "feed", "appointments", "payments"]
TOMORROW = "2026-03-03T10:00:00+01:00"


@pytest.fixture(autouse=True)
def secrets(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECORD_SECRET_PREFIX", source_secrets.PREFIX)
    wiring.record_secrets.cache_clear()
    source_secrets.give_secret("calendar", SECRET)
    source_secrets.give_secret("billing", "billing's secret")
    source_secrets.give_secret("calendar", "the other provider's secret", provider_id=OTHER_PROVIDER_ID)


@pytest.fixture(autouse=True)
def tenant(table: Table) -> Tenant:
    store(table, client())
    return Tenant(table, PROVIDER_ID)


def signed(raw: str, *, source: str = "calendar", secret: str = SECRET, at: datetime = NOW) -> dict[str, str]:
    return {"X-Provider": PROVIDER_ID, "X-Source": source} | sign_webhook([secret], "msg_1", raw.encode(), at)


def tell(*changes: Any, source: str = "calendar", query: str = "", **fields: Any) -> Answer:
    values = {"provider_id": PROVIDER_ID, "client_id": "client-1", "changes": list(changes)}
    raw = json.dumps({name: value for name, value in (values | fields).items() if value is not None})
    secret = SECRET if source == "calendar" else "billing's secret"
    headers = signed(raw, source=source, secret=secret, at=wiring.now())
    return request("POST", f"/hooks/records{query}", raw=raw, claims=None, headers=headers)


def told(*changes: Any, **fields: Any) -> list[dict[str, Any]]:
    answer = tell(*changes, **fields)
    assert answer.status == 200, answer.body
    results: list[dict[str, Any]] = answer.body["results"]
    return results


def outcomes(*changes: Any, **fields: Any) -> list[tuple[str, str | None]]:
    return [(one["outcome"], one["rule"]) for one in told(*changes, **fields)]


def slot(version: int = 1, status: str = "booked", record_id: str = "appt-1", **fields: Any) -> dict[str, Any]:
    values = {"kind": "appointment", "id": record_id, "version": version, "status": status}
    return values | {"start": TOMORROW, "duration_minutes": 50} | fields


def bill(version: int = 1, status: str = "scheduled", record_id: str = "pay-1", **fields: Any) -> dict[str, Any]:
    values = {"kind": "payment", "id": record_id, "version": version, "status": status}
    return values | {"due_at": TOMORROW, "amount_cents": 9_000, "currency": "USD"} | fields


def paper(version: int = 1, status: str = "shared", kind: str = "document") -> dict[str, Any]:
    return {"kind": kind, "id": f"{kind}-1", "version": version, "status": status}


def place(version: int = 1, chat_kind: str = "group", **fields: Any) -> dict[str, Any]:
    values = {"kind": "membership", "id": "chat-1", "version": version, "chat_kind": chat_kind}
    return values | {"joined_at": "2026-02-01T09:00:00Z"} | fields


def owed(version: int = 1, **fields: Any) -> dict[str, Any]:
    values = {"kind": "balance", "version": version, "credit_cents": 0, "owed_cents": 0, "currency": "USD"}
    return values | fields


def gone(version: int, kind: str = "appointment", record_id: str = "appt-1") -> dict[str, Any]:
    return {"kind": kind, "id": record_id, "version": version, "removed": True}


def archive() -> str:
    answer = post("/clients/client-1/archive", {})
    assert answer.status == 200, answer.body
    archive_id: str = answer.body["receipt"]["archive_id"]
    return archive_id


def activate(*restored: str) -> Answer:
    answer = post("/clients/client-1/activate", {"restore": list(restored)})
    assert answer.status == 200, answer.body
    return answer


def revision(tenant: Tenant) -> int:
    return read_client(tenant, "client-1").revision


def item(tenant: Tenant, sort_key: str) -> dict[str, Any]:
    return dump(tenant.table)[f"CLIENT#{PROVIDER_ID}#client-1", sort_key]


def test_i1_i15_what_is_told_is_in_the_table_as_any_record(tenant: Tenant) -> None:
    everything = [
        slot(type="follow-up", calendar_id="room-2", booked_at="2026-03-01T08:00:00Z"),
        bill(),
        place(),
        {"kind": "recipient", "id": "blast-1", "version": 1, "status": "pending", "send_at": TOMORROW},
        {
            "kind": "feed_entry",
            "id": "feed-1",
            "version": 1,
            "subject": "Journal",
            "created_at": "2026-03-01T08:00:00Z",
        },
        {"kind": "reminder", "id": "r-1", "version": 1, "status": "pending", "goal_id": "g", "remind_at": TOMORROW},
        paper(),
        paper(kind="form", status="requested"),
        owed(credit_cents=500),
    ]
    assert outcomes(*everything) == [("stored", None)] * 9
    live = read_live(tenant, "client-1", NOW)
    assert {record.kind for record in live.records} == {record.kind for record in one_of_each()}
    assert live.client.revision == client().revision + 1
    [change] = [one for one in all_effects(live.records, NOW).changes if one.before.kind == "appointment"]
    assert change.before == appointment(
        "appt-1",
        starts_at=datetime.fromisoformat("2026-03-03T09:00:00+00:00"),
        duration_minutes=50,
        type="follow-up",
        calendar_id="room-2",
        booked_at=datetime.fromisoformat("2026-03-01T08:00:00+00:00"),
    )


@pytest.mark.parametrize("moment", ["1900-01-01T00:00:00Z", "2200-01-01T23:59:59.999999Z"])
def test_t2_what_is_taken_at_the_ends_of_the_span_can_be_read(moment: str) -> None:
    assert outcomes(bill(due_at=moment), slot(start=moment, booked_at=moment)) == [("stored", None)] * 2
    assert get("/clients/client-1/records").body["unreadable"] == []
    archive()


def test_i2_versions_are_stale_unchanged_reused_or_stored() -> None:
    assert outcomes(slot(2)) == [("stored", None)]
    assert outcomes(slot(1), slot(2), slot(2, duration_minutes=5), slot(70)) == [
        ("stale", None),
        ("unchanged", None),
        ("refused", "I2"),
        ("stored", None),
    ]
    assert outcomes(slot(70, start="2026-03-03T09:00:00Z")) == [("unchanged", None)], "the same moment"


def test_i3_i4_i5_while_archived_nothing_begins_and_nothing_is_written(tenant: Tenant) -> None:
    archive()
    before = dump(tenant.table)
    results = told(
        slot(), bill(), place(), place(chat_kind="community"), paper(), paper(kind="form", status="requested")
    )
    assert [(one["outcome"], one["reason"], one["rule"]) for one in results] == [
        ("refused", "client_archived", rule) for rule in ("I4", "I4", "I4", "P5", "P7", "P8")
    ]
    assert [one["use"] for one in results] == ["booking.requested", *[None] * 5]
    assert dump(tenant.table) == before
    activate()
    assert outcomes(slot(), bill(), paper()) == [("stored", None)] * 3


def test_i7_a_fact_never_activates() -> None:
    archive()
    assert tell(slot(status="completed")).body["client_status"] == "archived"
    assert get("/clients/client-1").body["status"] == "archived"


def test_i8_a_confirmation_keeps_undo_and_restore(tenant: Tenant) -> None:
    told(slot(7), bill(7), place(7))
    archive_id = archive()
    raised = revision(tenant)
    left = place(8, left_at="2026-03-02T09:31:00Z")
    assert outcomes(slot(8, "cancelled"), left) == [("stored", None)] * 2
    assert outcomes(bill(8, "cancelled"), source="calendar") == [("stored", None)]
    assert revision(tenant) == raised
    stored = item(tenant, "APPOINTMENT#appt-1")
    assert (stored["cancelled_by"], stored["source_version"], stored["ended_by"]) == ("archive", 8, archive_id)
    restored = activate(*ALL).body["restored"]
    assert {one["outcome"] for one in restored} == {"restored"}
    assert "ended_by" not in item(tenant, "APPOINTMENT#appt-1")


def test_i8_a_confirmation_after_the_restore_cancels_again(tenant: Tenant) -> None:
    told(slot(7))
    archive()
    activate(*ALL)
    assert outcomes(slot(8, "cancelled")) == [("stored", None)]
    stored = item(tenant, "APPOINTMENT#appt-1")
    assert (stored["status"], stored.get("cancelled_by")) == ("cancelled", None)


def test_i9_an_echo_tells_what_we_have(tenant: Tenant) -> None:
    told(slot(7))
    archive_id = archive()
    ours = {"version": 7, "status": "cancelled", "cancelled_by": "archive", "archive_id": archive_id}
    [echo] = told(slot(7))
    assert (echo["outcome"], echo["ours"]) == ("unchanged", ours)
    [later] = told(slot(8))
    assert (later["outcome"], later["rule"], later["ours"]) == ("refused", "I4", ours)


def test_i10_a_declined_card_is_cancelled_by_the_archive(tenant: Tenant) -> None:
    told(bill(1), source="billing")
    told(bill(2, "charging"), source="billing")
    archive_id = archive()
    [result] = told(bill(3), source="billing")
    assert result["outcome"] == "stored"
    assert result["ours"]["status"] == "cancelled"
    assert result["ours"]["archive_id"] == archive_id
    [change] = read_receipt(tenant, "client-1", archive_id).changes
    assert (change.before.status, change.after.status) == (PaymentStatus.SCHEDULED, PaymentStatus.CANCELLED)  # type: ignore[union-attr]
    line = get("/clients/client-1/history?order=newest").body["entries"][0]
    assert (line["event"], line["by"]["source"], line["by"]["actor_id"]) == (
        "client.archive_made_good",
        "records",
        "billing",
    )
    [restored] = activate(*ALL).body["restored"]
    assert (restored["record_id"], restored["outcome"]) == ("pay-1", "restored")


def test_i10_what_was_cancelled_right_before_the_return_is_restored() -> None:
    """A reading of the newest receipt that lags would miss the part that tells of it."""
    archive()
    told(bill(1, "charging"), source="billing")
    told(bill(2), source="billing")
    asked: list[Any] = []
    events = wiring.table().client.meta.events
    events.register("before-parameter-build.dynamodb.Query", lambda params, **_: asked.append(params))
    [restored] = activate(*ALL).body["restored"]
    assert (restored["record_id"], restored["outcome"]) == ("pay-1", "restored")
    assert asked[0]["ConsistentRead"]


@pytest.mark.parametrize(
    ("module", "call"), [(restores, "read_found"), (archives, "commit_reactivation")], ids=["reading", "commit"]
)
def test_a1_i10_what_falls_back_before_a_call_of_the_return_is_restored(
    module: ModuleType, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive()
    told(bill(1, "charging"), source="billing")
    whole = getattr(module, call)

    def declined_first(*args: Any) -> object:
        monkeypatch.setattr(module, call, whole)
        told(bill(2), source="billing")
        return whole(*args)

    monkeypatch.setattr(module, call, declined_first)
    [restored] = activate(*ALL).body["restored"]
    assert (restored["record_id"], restored["outcome"]) == ("pay-1", "restored")


def test_i11_what_is_charged_anyway_is_a_line_for_staff() -> None:
    told(bill(1), bill(1, record_id="pay-2"), source="billing")
    archive()
    charged = [bill(2, "charging"), bill(2, "charged", record_id="pay-2")]
    assert outcomes(*charged, source="billing") == [("stored", None)] * 2
    line = get("/clients/client-1/history?order=newest").body["entries"][0]
    assert (line["event"], line["payment_ids"]) == ("payment.charged_anyway", ["pay-1", "pay-2"])
    assert outcomes(bill(3, "charged"), source="billing") == [("stored", None)]
    assert get("/clients/client-1/history?order=newest").body["entries"][0] == line


def test_i12_what_was_removed_stays_as_a_tombstone_and_is_not_restored(tenant: Tenant) -> None:
    told(slot(1), bill(1))
    archive()
    assert outcomes(gone(2)) == [("stored", None)]
    assert item(tenant, "APPOINTMENT#appt-1").keys() == {
        "pk", "sk", "kind", "record_id", "removed", "source", "source_version", "source_digest",
    }  # fmt: skip
    assert outcomes(slot(1)) == [("stale", None)]
    restored = {one["record_id"]: one["outcome"] for one in activate(*ALL).body["restored"]}
    assert restored == {"appt-1": "record_removed", "pay-1": "restored"}
    assert outcomes(slot(3)) == [("stored", None)]
    assert "removed" not in item(tenant, "APPOINTMENT#appt-1")


def test_i13_another_source_is_refused() -> None:
    told(bill(1), source="billing")
    assert outcomes(bill(9)) == [("refused", "I13")]


def test_i14_a_client_is_named_by_its_id_in_the_source(table: Table) -> None:
    store(table, client(external_ids={"calendar": "cal-1", "billing": "bill-1"}))
    answer = tell(slot(), client_id=None, client_external_id="cal-1")
    assert (answer.body["client_id"], answer.body["results"][0]["outcome"]) == ("client-1", "stored")
    answer = tell(slot(2), client_id=None, client_external_id="bill-1")
    assert (answer.status, answer.problem, answer.fields) == (404, "ClientNotFound", ["client_external_id"])


@pytest.mark.parametrize("named", [{"client_id": None}, {"client_external_id": "cal-1"}], ids=["neither", "both"])
def test_i14_a_client_is_named_in_one_way(table: Table, named: dict[str, Any]) -> None:
    answer = tell(slot(), **named)
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", ["body"])


def test_i14_an_unknown_client_is_404() -> None:
    assert tell(slot(), client_id="nobody").status == 404


def test_i15_endings_papers_and_confirmations_do_not_raise_the_revision(tenant: Tenant) -> None:
    told(slot(1))
    raised = revision(tenant)
    told(slot(2, "completed"), paper(), paper(kind="form", status="submitted"), place(chat_kind="community"), gone(3))
    assert revision(tenant) == raised
    told(owed(1, owed_cents=100))
    assert revision(tenant) == raised + 1


def test_i16_a_balance_told_of_the_archived_keeps_the_revision(tenant: Tenant) -> None:
    told(owed(1, credit_cents=100, owed_cents=900), source="billing")
    archive()
    raised = revision(tenant)
    assert outcomes(owed(2, owed_cents=50, currency="EUR"), owed(1), source="billing") == [
        ("stored", None),
        ("stale", None),
    ]
    shown = get("/clients/client-1").body
    assert (shown["credit_cents"], shown["owed_cents"], shown["currency"]) == (0, 50, "EUR")
    assert revision(tenant) == raised


def test_i17_activity_rises_by_being_told_and_never_into_the_future() -> None:
    def active_at(told_at: datetime) -> str:
        told(paper(), client_active_at=told_at.isoformat())
        moment: str = get("/clients/client-1").body["last_active_at"]
        return moment

    assert active_at(NOW - DAY) == "2026-03-01T09:30:00Z"
    assert active_at(NOW - 2 * DAY) == "2026-03-01T09:30:00Z"
    assert active_at(NOW + DAY) == "2026-03-02T09:30:00Z"


MALFORMED: list[tuple[str, Any, str]] = [
    ("no kind", {"id": "a", "version": 1}, "kind"),
    ("an unknown kind", {"kind": "invoice", "id": "a", "version": 1}, "kind"),
    ("no object", "appointment", "kind"),
    ("no version", {"kind": "document", "id": "d", "status": "shared"}, "version"),
    ("version 0", paper(0), "version"),
    ("an unknown status", paper(status="archived"), "status"),
    ("an unknown field", {**paper(), "title": "Diagnosis"}, "title"),
    ("no zone", slot(start="2026-03-03T10:00:00"), "start"),
    ("a debt below zero", owed(owed_cents=-1), "owed_cents"),
    ("a balance removed", gone(2, "balance", "balance"), "kind"),
]


@pytest.mark.parametrize(("_", "change", "field"), MALFORMED, ids=[row[0] for row in MALFORMED])
def test_i19_what_is_malformed_is_told_with_its_fields_and_harms_no_other(_: str, change: Any, field: str) -> None:
    first, second = told(change, paper(kind="form", status="submitted"))
    assert first["outcome"] == "invalid"
    assert field in {error["field"] for error in first["errors"]}
    assert second["outcome"] == "stored"


def test_a_dry_run_judges_and_stores_nothing(tenant: Tenant) -> None:
    before = dump(tenant.table)
    answer = tell(slot(), paper(), query="?dry_run=true")
    assert (answer.body["dry_run"], [one["outcome"] for one in answer.body["results"]]) == (True, ["stored", "stored"])
    assert dump(tenant.table) == before


def test_fifty_changes_fit_in_one_transaction_and_no_more_are_taken(tenant: Tenant) -> None:
    many = [bill(number + 1, record_id=f"pay-{number}") for number in range(50)]
    assert outcomes(*many) == [("stored", None)] * 50
    archive()
    charged = [{**change, "version": 60, "status": "charging"} for change in many]
    assert outcomes(*charged) == [("stored", None)] * 50
    declined = [{**change, "version": 61} for change in many]
    assert outcomes(*declined) == [("stored", None)] * 50
    assert tell(*many, slot()).status == 422


def test_fifty_of_the_longest_changes_fit_in_a_body_and_no_more_is_read() -> None:
    long, moment = "x" * 128, "2026-03-03T10:00:00.000000+01:00"
    entry = {"kind": "feed_entry", "id": long, "version": 10**15, "subject": "\U0001f33b" * 200, "created_at": moment}
    slot = {
        "kind": "appointment",
        "id": long,
        "version": 10**15,
        "status": "booked",
        "start": moment,
        "booked_at": moment,
    }
    slot |= {"duration_minutes": 1440, "type": "\U0001f33b" * 64, "series_id": long, "calendar_id": long}
    for change in (entry | {"hidden_at": moment}, slot | {"cancelled_at": moment}):
        said = {"provider_id": "p" * 64, "client_id": "c" * 64, "changes": [change] * 50}
        assert len(json.dumps(said, ensure_ascii=False).encode()) <= MAX_SIGNED_BODY_BYTES
    large = "[" * (MAX_SIGNED_BODY_BYTES + 1)
    answer = request("POST", "/hooks/records", raw=large, claims=None, headers=signed(large, secret="guess"))
    assert (answer.status, answer.problem) == (413, "RequestTooLarge")


def test_a_record_that_cannot_be_read_is_put_right_by_its_source(tenant: Tenant) -> None:
    told(slot(1))
    tenant.table.client.update_item(
        TableName=tenant.table.name,
        Key={"pk": {"S": f"CLIENT#{PROVIDER_ID}#client-1"}, "sk": {"S": "APPOINTMENT#appt-1"}},
        UpdateExpression="SET starts_at = :never",
        ExpressionAttributeValues={":never": {"S": "never"}},
    )
    assert outcomes(slot(2)) == [("stored", None)]
    [record] = read_live(tenant, "client-1", NOW).records
    assert record.record_id == "appt-1"


def test_what_lies_here_without_a_version_is_its_first_source_s(tenant: Tenant) -> None:
    store(tenant.table, client("client-1"), appointment(), payment(), membership())
    archive()
    assert (
        outcomes(slot(1, "cancelled"), bill(1, "cancelled"), place(1, left_at=NOW.isoformat()))
        == [("stored", None)] * 3
    )
    assert {one["outcome"] for one in activate(*ALL).body["restored"]} == {"restored"}


def test_a_booking_takes_the_place_of_what_was_removed(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKING_SECRET_PREFIX", "/test/bookings")
    wiring.booking_secrets.cache_clear()
    boto3.client("ssm").put_parameter(Name=f"/test/bookings/{PROVIDER_ID}", Value="secret", Type="SecureString")
    told(slot(1), gone(2))
    asked = {"id": "appt-1", "start": TOMORROW, "duration_minutes": 50, "type": "follow-up"}
    values = {"event_id": "e-1", "provider_id": PROVIDER_ID, "client_id": "client-1", "booked_by": "client"}
    raw = json.dumps({**values, "appointment": asked})
    headers = {"X-Provider": PROVIDER_ID} | sign_webhook(["secret"], "msg_1", raw.encode(), NOW)
    answer = request("POST", "/hooks/bookings", raw=raw, claims=None, headers=headers)
    assert (answer.status, answer.body["answer"]) == (200, "accepted")
    stored = item(tenant, "APPOINTMENT#appt-1")
    assert (stored["status"], "removed" in stored) == ("booked", False)


RAW = json.dumps({"provider_id": PROVIDER_ID, "client_id": "client-1", "changes": [paper()]})
UNSIGNED = {"X-Provider": PROVIDER_ID, "X-Source": "calendar"}
UNHEARD: list[tuple[str, dict[str, str]]] = [
    ("unsigned", UNSIGNED),
    ("another source's secret", signed(RAW, source="billing")),
    ("no source", {**signed(RAW), "X-Source": ""}),
    ("a source that is a path", {**signed(RAW), "X-Source": "../bookings"}),
    ("an unknown source", signed(RAW, source="chat")),
    ("another provider", {**signed(RAW), "X-Provider": OTHER_PROVIDER_ID}),
    ("six minutes ago", signed(RAW, at=NOW - timedelta(minutes=6))),
    (
        "the booking's header",
        {"X-Provider": PROVIDER_ID, "X-Source": "calendar", "X-Signature": sign(SECRET, RAW.encode(), NOW)},
    ),
]


@pytest.mark.parametrize(("_", "headers"), UNHEARD, ids=[row[0] for row in UNHEARD])
def test_nobody_else_is_heard(tenant: Tenant, _: str, headers: dict[str, str]) -> None:
    before = dump(tenant.table)
    answer = request("POST", "/hooks/records", raw=RAW, claims=None, headers=headers)
    assert (answer.status, answer.body["type"].rpartition(":")[2]) == (401, "BadSignature")
    assert dump(tenant.table) == before


def test_a_source_tells_of_its_own_provider_s_clients_only() -> None:
    raw = json.dumps({"provider_id": OTHER_PROVIDER_ID, "client_id": "client-1", "changes": [paper()]})
    assert request("POST", "/hooks/records", raw=raw, claims=None, headers=signed(raw)).status == 401


def test_while_a_secret_is_rotated_the_one_before_is_good_too(clock: Clock) -> None:
    source_secrets.give_secret("calendar", "whsec_bmV3")
    assert tell(paper()).status == 200
    headers = signed(RAW, secret="whsec_bmV3")
    assert request("POST", "/hooks/records", raw=RAW, claims=None, headers=headers).status == 200


def test_a_restore_leaves_what_was_told_meanwhile(tenant: Tenant, clock: Clock) -> None:
    told(slot(1), slot(1, record_id="appt-2"))
    archive()
    clock.pass_by(HOUR)
    [done] = told(slot(2, "completed"))
    assert done["outcome"] == "stored"
    restored = {one["record_id"]: one["outcome"] for one in activate(*ALL).body["restored"]}
    assert restored == {"appt-1": "changed_since", "appt-2": "restored"}


INTERFERING: list[tuple[str, dict[str, Any], str]] = [("document", paper(), "P7"), ("appointment", slot(), "I4")]


@pytest.mark.parametrize(("_", "change", "rule"), INTERFERING, ids=[row[0] for row in INTERFERING])
def test_i18_an_archive_between_judging_and_storing_is_noticed(
    monkeypatch: pytest.MonkeyPatch, _: str, change: dict[str, Any], rule: str
) -> None:

    def archive_first(*args: Any, **kwargs: Any) -> None:
        monkeypatch.setattr(record, "commit_incoming", commit_incoming)
        archive()
        commit_incoming(*args, **kwargs)

    monkeypatch.setattr(record, "commit_incoming", archive_first)
    assert outcomes(change) == [("refused", rule)]


def test_i10_i15_a_return_between_judging_and_storing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    told(bill(1, "charging"))
    archive()

    def activate_first(*args: Any, **kwargs: Any) -> None:
        monkeypatch.setattr(record, "commit_incoming", commit_incoming)
        activate()
        commit_incoming(*args, **kwargs)

    monkeypatch.setattr(record, "commit_incoming", activate_first)
    [result] = told(bill(2))
    assert (result["outcome"], result["ours"]) == ("stored", None)
