"""One bad stored value harms one client: what other systems wrote into the table before they had doors."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client_lifecycle.domain.errors import UnreadableRecord
from client_lifecycle.edge import wiring
from client_lifecycle.storage import keys
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.due import list_unconfirmed
from client_lifecycle.storage.event_bus import EventBus
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from tests.moto.conftest import Clock, Executions, Log
from tests.moto.test_publish_events import Bus
from tests.moto.test_record_hook import slot
from tests.moto.workflow import Workflow, confirmed
from tests.recorded.record import SOURCE
from tests.support import source_secrets
from tests.support.booking_secrets import PREFIX, give_secret
from tests.support.builders import DAY, GROUP_ID, NOW, PROVIDER_ID, appointment, client, group
from tests.support.calls import MANAGER, Answer, delete, get, invoke, pages, patch, post, put
from tests.support.recorded import DAYS, LATER, SECRET, book, delivered, put_all, recorded, requested
from tests.support.source_secrets import tell
from tests.support.store import store, store_group

MARK = "Quillfeather"
EXTERNAL_ID = "p-1"
ITEMS = recorded(DAYS[-1])
KEYS = {
    *("pk", "sk", "status_key", "name_key", "email_key", "group_key", "live_key", "commitment_key", "outcome_key"),
    *("due_key", "due_since", "booked_at"),
}
"""What DynamoDB itself holds to be text, and what no item of those days has."""

PLACES = sorted((place, name) for place, item in enumerate(ITEMS) for name in item if name not in KEYS)
VALUES: list[Any] = [None, MARK, [MARK], {"x": MARK}, True, 10**20, -1, "2026-03-01T10:00:00", "9999-12-31T10:00:00Z"]
EXAMPLES = settings().max_examples // 15
"""Each of them calls everything, which takes seconds."""

RESTORE = {"restore": ["appointments", "payments", "chats", "reminders", "feed"]}
damages = st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(VALUES)), min_size=1, max_size=8)


@pytest.fixture(autouse=True)
def practice(
    table: Table,
    executions: Executions,
    import_executions: Executions,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Table]:
    clock.at = LATER
    monkeypatch.setenv("RECORD_SECRET_PREFIX", source_secrets.PREFIX)
    source_secrets.give_secret(SOURCE)
    monkeypatch.setenv("BOOKING_SECRET_PREFIX", PREFIX)
    give_secret(PROVIDER_ID, SECRET)
    queue_url = boto3.client("sqs").create_queue(QueueName="dead-letters")["QueueUrl"]
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", queue_url)
    bus: Any = Bus()
    monkeypatch.setattr(wiring, "event_bus", lambda: EventBus(bus, "client-archive"))
    for connection in (wiring.booking_secrets, wiring.record_secrets, wiring.dead_letters):
        connection.cache_clear()
    yield table
    for connection in (wiring.booking_secrets, wiring.record_secrets, wiring.dead_letters):
        connection.cache_clear()


# Every kind of damage, every call


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=EXAMPLES)
@given(damages)
def test_a_damaged_item_harms_only_calls_that_name_it(
    table: Table, log: Log, found: list[tuple[tuple[int, str], Any]]
) -> None:
    items = [dict(item) for item in ITEMS]
    for (place, name), value in found:
        items[place][name] = value
    put_all(table, [{**item, "added_by_others": {"x": [MARK]}} for item in items])
    damaged = [items[place] for (place, _), _ in found]
    harmed = {one for item in damaged for one in named_by(item)}
    for names, answer in calls():
        if answer.status >= 500:
            assert answer.problem == "UnreadableRecord", (names, answer.body, log.text[-3000:])
            assert names & harmed, (names, harmed, answer.body)
            assert {one["id"] for one in answer.body["unreadable"]} <= harmed
    steps(harmed)
    publish(items)
    failed = [line for line in log.lines if "exception_name" in line]
    assert {line["exception_name"] for line in failed} <= {"UnreadableRecord"}, failed
    assert MARK not in log.text


def named_by(item: Plain) -> set[str]:
    """Return the ids that a call can name a damaged item by: its own, and that of the client or run it belongs to."""
    named = keys.named(item)
    return {part for part in (named.id, named.client_id or "", *item["pk"].split("#")[2:]) if part}


def calls() -> Iterator[tuple[set[str], Answer]]:
    """Call every route, with the ids that each call names."""
    yield from lists()
    everyone = [item["client_id"] for item in ITEMS if item["sk"] == keys.CLIENT_SK]
    for client_id in ("c-active", "c-archived", "c-settling", "c-told"):
        yield from of_client(client_id)
    for item in ITEMS:
        if item["sk"] == keys.RUN_SK and item["state"] in ("awaiting_confirmation", "completed_with_failures"):
            yield from of_run(item["run_id"])
    for item in ITEMS:
        if item["sk"] == keys.IMPORT_SK:
            yield from of_import(item["import_id"])
    yield from of_sources()
    yield set(), post("/permission-checks", {"action": "request_form", "client_ids": everyone})
    yield set(), post("/bulk-archives", {"client_ids": everyone})
    invoke("scheduled_cleanup.handler.lambda_handler", {})


def lists() -> Iterator[tuple[set[str], Answer]]:
    for status in ("active", "archived"):
        yield set(), get(f"/clients?status={status}&limit=100")
        yield set(), get(f"/clients?status={status}&group_id={GROUP_ID}")
        yield set(), post("/clients/_search", {"status": status, "q": "wren"})
        yield set(), post("/clients/_search", {"status": status, "q": "wren@"})
        yield set(), post("/clients/_count", {"q": "wren"})
        yield set(), get(f"/clients.csv?status={status}")
    yield set(), get("/client-counts")
    yield set(), get("/client-counts?owes=true&inactive_since=2026-01-01&no_upcoming_appointment=true")
    yield {SOURCE, EXTERNAL_ID}, get(f"/clients?source={SOURCE}&external_id={EXTERNAL_ID}")
    yield set(), get("/history")
    yield set(), get("/me", claims=MANAGER | {"name": "Robin Reed"})
    yield set(), get("/imports")
    yield set(), get("/groups")
    yield {GROUP_ID}, get(f"/groups/{GROUP_ID}")
    yield {GROUP_ID}, patch(f"/groups/{GROUP_ID}", {"name": "Sleep"})
    yield {PROVIDER_ID}, get("/settings")
    yield {PROVIDER_ID}, patch("/settings", {"undo_window_days": 20})
    yield set(), get("/records/unconfirmed?hours=0")
    yield set(), get("/bulk-archives")
    yield {GROUP_ID}, post("/bulk-archives", {"group_id": GROUP_ID})
    yield set(), post("/bulk-archives", {"filter": {"inactive_since": "2026-01-01"}})


def of_client(client_id: str) -> Iterator[tuple[set[str], Answer]]:
    path, names = f"/clients/{client_id}", {client_id}
    for part in ("", "/permissions", "/history", "/receipts", "/records", "/archive-preview"):
        yield names, get(f"{path}{part}")
    for archive_id in sorted({keys.receipt_of_key(item)[0] for item in ITEMS if is_receipt(item, client_id)}):
        yield names, get(f"{path}/receipts/{archive_id}")
        yield names, post(f"{path}/receipts/{archive_id}/restore", RESTORE)
        yield names, get(f"{path}/receipts/{archive_id}/restore")
    yield names, patch(path, {"name": "Wren Other"})
    yield names, put(f"{path}/archive-plan", {"archive_on": "2026-06-01"})
    yield names, delete(f"{path}/archive-plan")
    yield names, post(f"{path}/archive", {"acknowledge": ["has_credits"]})
    yield names, book(client_id)
    yield names, post(f"{path}/activate", RESTORE)
    yield names, post(f"{path}/exports")
    yield names, post("/clients", {"name": "Wren", "email": f"{client_id}@example.org"})
    invoke(
        "booking_requests.handler.lambda_handler", {"source": "scheduling", "detail": requested(client_id), "id": "1"}
    )


def of_import(import_id: str) -> Iterator[tuple[set[str], Answer]]:
    path, names = f"/imports/{import_id}", {import_id}
    first = get(path)
    yield names, first
    yield names, post(f"{path}/check", {"mapping": {}})
    yield names, post(f"{path}/confirm", {"token": first.body.get("token") or "0" * 64})
    yield names, get(f"{path}/report")
    yield names, post(f"{path}/retry")
    yield names, post(f"{path}/stop")


def of_sources() -> Iterator[tuple[set[str], Answer]]:
    [owner] = [item["client_id"] for item in ITEMS if item["pk"].endswith(f"#{EXTERNAL_ID}") and "client_id" in item]
    names = {SOURCE, EXTERNAL_ID, owner}
    person = {"version": 2, "name": "Wren Told", "email": "told@example.org"}
    yield names, tell("PUT", f"/hooks/clients/{EXTERNAL_ID}", SOURCE, person)
    change = {"kind": "appointment", "id": "appt-1", "version": 2, "removed": True}
    yield {"c-told"}, tell("POST", "/hooks/records", SOURCE, {"client_id": "c-told", "changes": [change]})
    yield names, tell("POST", "/hooks/records", SOURCE, {"client_external_id": EXTERNAL_ID, "changes": [change]})


def is_receipt(item: Plain, client_id: str) -> bool:
    partition, sort_key = str(item["pk"]), str(item["sk"])
    return partition.endswith(f"#{client_id}") and sort_key.startswith(keys.RECEIPT_PREFIX)


def of_run(run_id: str) -> Iterator[tuple[set[str], Answer]]:
    path, names = f"/bulk-archives/{run_id}", {run_id}
    first = get(path)
    yield names, first
    yield names, get(f"{path}/clients")
    yield names, post(f"{path}/exclude", {"client_ids": ["c-run-2"]})
    yield names, post(f"{path}/confirm", {"token": first.body.get("token") or "0" * 64})
    yield names, post(f"{path}/retry")
    yield names, post(f"{path}/undo")
    yield names, post(f"{path}/stop")


def steps(harmed: set[str]) -> None:
    """Carry out the steps of the run that is half done; only a run that cannot be read fails as a whole."""
    [run] = [item for item in ITEMS if item["sk"] == keys.RUN_SK and item["state"] == "running"]
    workflow = Workflow(run["run_id"])
    try:
        workflow.settle(workflow.effects(workflow.mark(workflow.batch("c-half-1", "c-half-2", "c-half-3"))))
        workflow.finish()
    except UnreadableRecord:
        assert run["run_id"] in harmed


def publish(items: list[Plain]) -> None:
    writes = [delivered(item, number) for number, item in enumerate(items)]
    assert invoke("publish_events.handler.lambda_handler", {"Records": writes})["batchItemFailures"] == []


# The damage that was met


def spoil(table: Table, client_id: str, sk: str = keys.CLIENT_SK, **values: Any) -> None:
    """Write other values over what is stored of a client."""
    key = {"pk": f"CLIENT#{PROVIDER_ID}#{client_id}", "sk": sk}
    plain = table.get(key)
    assert plain is not None
    table.put_many([{**plain, **values}])


def told(*fields: str, kind: str = "client", id_: str = "bad", client_id: str | None = None) -> dict[str, Any]:
    """Return what an answer says of a record that it skipped."""
    return {"kind": kind, "id": id_, "fields": list(fields), "client_id": client_id}


@pytest.fixture
def two(table: Table) -> Table:
    """A client and a second one, whom something bad is written over; both quiet, and each with an appointment."""
    for client_id in ("good", "bad"):
        quiet = client(client_id, email=f"{client_id}@example.org", last_active_at=NOW - 200 * DAY)
        store(table, quiet, appointment(f"appt-{client_id}", starts_at=NOW + 3 * DAY))
    return table


def test_a_filter_skips_a_client_active_at_a_moment_without_zone(two: Table, log: Log) -> None:
    spoil(two, "bad", last_active_at="2025-08-01T10:00:00")
    answer = post("/bulk-archives", {"filter": {"inactive_since": "2026-01-01"}})
    assert [one["client_id"] for one in answer.body["clients"]] == ["good"]
    assert answer.body["unreadable"] == [told("last_active_at")]
    [line] = [line for line in log.lines if line["message"] == "record cannot be read"]
    assert (line["kind"], line["id"], line["fields"]) == ("client", "bad", ["last_active_at"])


def test_what_is_skipped_is_counted(two: Table, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(two, "bad", credit_cents="12.5")
    get("/clients")
    assert '"UnreadableRecord":[1.0]' in capsys.readouterr().out


def test_a_client_s_own_booking_names_what_cannot_be_read(two: Table) -> None:
    spoil(two, "bad", last_active_at="2025-08-01T10:00:00")
    answer = book("bad")
    assert (answer.status, answer.problem) == (500, "UnreadableRecord")
    assert [(one["id"], one["fields"]) for one in answer.body["unreadable"]] == [("bad", ["last_active_at"])]


def test_an_appointment_without_zone_is_skipped_by_a_preview(two: Table) -> None:
    spoil(two, "bad", "APPOINTMENT#appt-bad", starts_at="2026-03-05T09:30:00")
    run = post("/bulk-archives", {"client_ids": ["good", "bad"]}).body
    assert [one["upcoming_appointments"] for one in run["clients"]] == [1, 0]
    assert run["unreadable"] == [told("starts_at", kind="appointment", id_="appt-bad", client_id="bad")]


def test_an_appointment_without_zone_takes_no_other_client_s_slot(two: Table) -> None:
    post("/clients/good/archive", {})
    spoil(two, "bad", "APPOINTMENT#appt-bad", starts_at="2026-03-05T09:30:00", booked_at="2026-03-02T09:45:00Z")
    [item] = post("/clients/good/activate", {"restore": ["appointments"]}).body["restored"]
    assert item["outcome"] == "restored"


BESIDE = [
    ("source", 7),
    ("source_version", MARK),
    ("source_digest", [MARK]),
    ("ended_by", True),
    ("due_since", MARK),
    ("due_since", f"{PROVIDER_ID}#2026-03-01T10:00:00"),
]


@pytest.mark.parametrize(("name", "value"), BESIDE)
def test_a_list_of_records_continues_past_what_lies_beside_one(two: Table, name: str, value: Any) -> None:
    store(two, client("bad"), appointment("appt-good", starts_at=NOW + 4 * DAY))
    spoil(two, "bad", "APPOINTMENT#appt-bad", **{name: value})
    listed = get("/clients/bad/records").body
    assert [one["id"] for one in listed["records"]] == ["appt-good"]
    assert listed["unreadable"] == [told(name, kind="appointment", id_="appt-bad", client_id="bad")]


@pytest.mark.parametrize("record_id", [7, ["appt-bad"]])
def test_a_list_of_records_continues_past_a_removed_one_without_an_id(two: Table, record_id: Any) -> None:
    spoil(two, "bad", "APPOINTMENT#appt-bad", removed=True, record_id=record_id)
    listed = get("/clients/bad/records").body
    assert listed["unreadable"] == [told("record_id", kind="appointment", id_="appt-bad", client_id="bad")]


def test_what_a_source_tells_takes_the_place_of_what_cannot_be_read_beside(two: Table) -> None:
    spoil(two, "bad", "APPOINTMENT#appt-bad", source=SOURCE, source_version=MARK)
    answer = tell("POST", "/hooks/records", SOURCE, {"client_id": "bad", "changes": [slot(record_id="appt-bad")]})
    assert [one["outcome"] for one in answer.body["results"]] == ["stored"]


@pytest.mark.parametrize("since", [" ", "!#", MARK, f"{PROVIDER_ID}#2026-03-01T10:00:00", f"{PROVIDER_ID}#yesterday"])
def test_a_bad_place_among_the_unconfirmed_hides_no_other(two: Table, since: str) -> None:
    own = Tenant(two, PROVIDER_ID).keys
    spoil(two, "bad", "APPOINTMENT#appt-bad", due_key=own.unconfirmed(), due_since=since)
    spoil(two, "good", "APPOINTMENT#appt-good", due_key=own.unconfirmed(), due_since=own.ended_at(NOW))
    assert [one.provider_id for one in list_unconfirmed(two, LATER)] == [PROVIDER_ID]
    invoke("scheduled_cleanup.handler.lambda_handler", {})


@pytest.mark.parametrize("cents", [Decimal("12.5"), 10**13, "500", True])
def test_a_list_continues_past_an_invalid_amount(two: Table, cents: Any) -> None:
    spoil(two, "bad", credit_cents=cents)
    read = list(pages("/clients?limit=1"))
    assert [one["client_id"] for page in read for one in page["clients"]] == ["good"]
    assert [one for page in read for one in page["unreadable"]] == [told("credit_cents")]


@pytest.mark.parametrize("values", [{"credit_cents": Decimal("12.5")}, {"name": None}])
def test_a3_an_address_of_a_client_that_cannot_be_read_is_in_use(two: Table, values: dict[str, Any]) -> None:
    spoil(two, "bad", **values)
    answer = post("/clients", {"name": "Robin", "email": "bad@example.org"})
    assert (answer.status, answer.problem, answer.body["client_id"]) == (409, "EmailInUse", "bad")


def test_a_group_without_a_name_harms_none_of_its_members(two: Table) -> None:
    store_group(two, group("group-good"))
    two.put_many([{"pk": f"PROVIDER#{PROVIDER_ID}", "sk": "GROUP#bad", "provider_id": PROVIDER_ID, "group_id": "bad"}])
    spoil(two, "good", group_id="bad")
    listed = get("/groups").body
    assert [one["group_id"] for one in listed["groups"]] == ["group-good"]
    assert listed["unreadable"] == [told("name", kind="group")]
    assert get("/clients/good/permissions").body["unreadable"] == [told("name", kind="group")]
    assert post("/permission-checks", {"action": "request_form", "client_ids": ["good"]}).body["allowed"] == ["good"]


def test_a_run_that_cannot_be_read_is_named_in_the_list(two: Table) -> None:
    good = post("/bulk-archives", {"client_ids": ["good"]}).body["run_id"]
    bad = post("/bulk-archives", {"client_ids": ["bad"]}).body["run_id"]
    key = {"pk": f"RUN#{PROVIDER_ID}#{bad}", "sk": keys.RUN_SK}
    two.put_many([{**(two.get(key) or {}), "state": "lost"}])
    listed = get("/bulk-archives").body
    assert [run["run_id"] for run in listed["runs"]] == [good]
    assert listed["unreadable"] == [told("state", kind="run", id_=bad)]


def test_a_run_s_member_names_what_it_failed_for(two: Table) -> None:
    workflow = confirmed("good", "bad")
    spoil(two, "bad", "APPOINTMENT#appt-bad", duration_minutes=-50)
    workflow.whole("good", "bad")
    assert workflow.outcomes == {"good": ("archived", None), "bad": ("failed", "UnreadableRecord")}
    [bad] = get(f"/bulk-archives/{workflow.run_id}/clients?outcome=failed").body["clients"]
    assert bad["unreadable"] == [told("duration_minutes", kind="appointment", id_="appt-bad", client_id="bad")]


def test_a_run_stored_before_an_outcome_was_known_counts_it(two: Table) -> None:
    workflow = confirmed("good")
    key = {"pk": f"RUN#{PROVIDER_ID}#{workflow.run_id}", "sk": keys.RUN_SK}
    plain = two.get(key) or {}
    two.put_many([{**plain, "counts": {"pending": 1}}])
    workflow.whole("good")
    assert workflow.counts == {"archived": 1}
