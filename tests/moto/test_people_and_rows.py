"""What stands beside ids in lists: names of groups and of staff, next appointments, counts; and who is asking."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest

from client_lifecycle.domain.errors import StorageBusy
from client_lifecycle.edge import people, wiring
from client_lifecycle.storage.commitments import next_appointments
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from local.tables import create_table
from tests.moto.conftest import ENVIRONMENT, Executions, Log
from tests.support.builders import DAY, GROUP_ID, NOW, PROVIDER_ID, STAFF_ID, appointment, client, group, stamp
from tests.support.calls import ARCHIVER, MANAGER, READER, STRANGER, get, patch, post
from tests.support.store import dump, store, store_group

KEY_OF_NAME = (f"PROVIDER#{PROVIDER_ID}", f"STAFF#{STAFF_ID}")
SAM = {**ARCHIVER, "name": " Sam  Keeper ", "email": "sam@example.org"}


@pytest.fixture(autouse=True)
def practice(table: Table, executions: Executions) -> Table:
    store_group(table, group(name="Sleep Better"))
    return table


def calls_of(address: str, claims: Mapping[str, Any] = MANAGER) -> list[str]:
    """The calls that an answer makes at DynamoDB."""
    made: list[str] = []
    events = wiring.table().client.meta.events

    def note(model: Any, **_: Any) -> None:
        made.append(model.name)

    events.register("before-call.dynamodb", note)
    try:
        assert get(address, claims=claims).status == 200
    finally:
        events.unregister("before-call.dynamodb", note)
    return made


# Rows


def rows(address: str) -> dict[str, dict[str, Any]]:
    return {one["client_id"]: one for one in get(address).body["clients"]}


def test_a_row_has_the_names_and_the_next_appointment(table: Table) -> None:
    get("/me", claims=SAM)
    later, first = appointment("later", starts_at=NOW + 9 * DAY), appointment("first", starts_at=NOW + 2 * DAY)
    over = appointment("over", starts_at=NOW - DAY)
    store(table, client("member", name="Ada", group_id=GROUP_ID), later, first, over)
    store(table, client("alone", name="Bo", group_id="group-gone"), over)
    store(table, client("gone", name="Cy", group_id=GROUP_ID, stamp=stamp()), later)
    active = rows("/clients")
    assert (active["member"]["group_name"], active["alone"]["group_name"]) == ("Sleep Better", None)
    assert active["member"]["next_appointment_at"] == (NOW + 2 * DAY).isoformat().replace("+00:00", "Z")
    assert active["alone"]["next_appointment_at"] is None
    [archived] = rows("/clients?status=archived").values()
    assert (archived["group_name"], archived["next_appointment_at"]) == ("Sleep Better", None)
    assert (archived["archived_by"]["actor_id"], archived["archived_by"]["name"]) == (STAFF_ID, "Sam Keeper")


@pytest.mark.parametrize("status", ["active", "archived"])
def test_no_call_is_made_for_a_row(table: Table, status: str) -> None:
    def add(number: int) -> None:
        archived = {"stamp": stamp()} if status == "archived" else {}
        store(table, client(f"client-{number}", group_id=GROUP_ID, **archived), appointment(f"a-{number}"))

    add(0)
    of_one = calls_of(f"/clients?status={status}&limit=40")
    for number in range(1, 40):
        add(number)
    assert calls_of(f"/clients?status={status}&limit=40") == of_one
    assert len(of_one) == 3


def test_an_appointment_is_found_behind_more_than_a_page_of_others(table: Table) -> None:
    """A page of a query is one megabyte: these are more, and all are sooner."""
    for number in range(4):
        store(table, client(f"busy-{number}"), appointment("soon", type="x" * 300_000))
    store(table, client("patient"), appointment("late", starts_at=NOW + 30 * DAY))
    store(table, client("idle"))
    found = next_appointments(Tenant(table, PROVIDER_ID), ["busy-0", "patient", "idle"], NOW)
    assert found == {"busy-0": NOW + DAY, "patient": NOW + 30 * DAY}


# Groups


def test_groups_are_listed_with_their_counts(table: Table) -> None:
    store_group(table, group("group-empty", name="Nobody"))
    for number in range(3):
        store(table, client(f"in-{number}", group_id=GROUP_ID))
    store(table, client("out", group_id=GROUP_ID, stamp=stamp()))
    store(table, client("alone"))
    listed = {one["group_id"]: one["clients"] for one in get("/groups", claims=READER).body["groups"]}
    assert listed == {GROUP_ID: {"active": 3, "archived": 1}, "group-empty": {"active": 0, "archived": 0}}
    assert {one["clients"] for one in get("/groups?counts=false").body["groups"]} == {None}
    assert len(calls_of("/groups")) == 3
    assert len(calls_of("/groups?counts=false")) == 1


# Who is asking


def test_who_asks_is_told_their_name_practice_and_roles() -> None:
    patch("/settings", {"name": "Maple Health", "currency": "JPY", "time_zone": "Asia/Tokyo"})
    assert get("/me", claims={**SAM, "cognito:groups": "client-archivers,front-desk"}).body == {
        "user_id": STAFF_ID,
        "name": "Sam Keeper",
        "practice": {"provider_id": PROVIDER_ID, "name": "Maple Health"},
        "roles": ["client-archivers", "front-desk"],
        "currency": "JPY",
        "time_zone": "Asia/Tokyo",
    }


@pytest.mark.parametrize(
    ("claims", "name"),
    [({}, None), ({"email": "sam@example.org"}, "sam@example.org"), ({"name": ""}, None), ({"name": "  "}, None)],
)
def test_who_has_no_name_is_called_by_the_address_or_not_at_all(claims: dict[str, str], name: str | None) -> None:
    assert get("/me", claims=READER | claims).body["name"] == name
    assert get("/history").body["entries"] == []


def test_a_name_is_kept_once_and_replaced_by_another(table: Table) -> None:
    get("/me", claims=SAM)
    kept = dump(table)[KEY_OF_NAME]
    assert (kept["name"], "email" in kept) == ("Sam Keeper", False)
    get("/me", claims=SAM)
    assert dump(table)[KEY_OF_NAME] == kept
    get("/me", claims=SAM | {"name": "Sam Mason"})
    assert dump(table)[KEY_OF_NAME]["name"] == "Sam Mason"
    get("/me", claims=ARCHIVER)
    assert dump(table)[KEY_OF_NAME]["name"] == "Sam Mason"


def everywhere(run_id: str, archive_id: str, import_id: str) -> Iterator[Any]:
    yield get("/clients/client-1").body["archived_by"]
    yield get("/clients?status=archived").body["clients"][0]["archived_by"]
    yield get("/clients/client-1/history").body["entries"][0]["by"]
    yield get("/clients/client-1/receipts").body["receipts"][0]["archived_by"]
    yield get(f"/clients/client-1/receipts/{archive_id}").body["archived_by"]
    yield get("/history").body["entries"][0]["by"]
    runs = [get(f"/bulk-archives/{run_id}").body, get("/bulk-archives").body["runs"][0]]
    imports = [get(f"/imports/{import_id}").body, get("/imports").body["imports"][0]]
    for run in (*runs, *imports):
        yield {"actor_id": run["created_by"], "name": run["names"].get(run["created_by"])}


def names_told(*ids: str) -> set[tuple[str, str | None]]:
    return {(by["actor_id"], by["name"]) for by in everywhere(*ids)}


def test_names_of_staff_stand_beside_their_ids_and_nowhere_else(table: Table, log: Log) -> None:
    store(table, client())
    archive_id = post("/clients/client-1/archive", {}).body["client"]["archive_id"]
    run_id = post("/bulk-archives", {"client_ids": ["client-1"]}).body["run_id"]
    import_id = post("/imports", {"kind": "clients", "source": "older", "format": "csv"}).body["import_id"]
    assert names_told(run_id, archive_id, import_id) == {(STAFF_ID, None)}
    get("/me", claims=SAM)
    assert names_told(run_id, archive_id, import_id) == {(STAFF_ID, "Sam Keeper")}
    assert "keeper" not in log.text.casefold()
    assert [key for key, item in dump(table).items() if "keeper" in str(item).casefold()] == [KEY_OF_NAME]


def test_who_asks_is_named_by_their_own_token_and_others_are_read(table: Table) -> None:
    store(table, client("by-sam", stamp=stamp()))
    assert calls_of("/clients/by-sam", SAM) == calls_of("/clients/by-sam", SAM | {"sub": "jo"})[:-1]
    assert get("/clients/by-sam", claims=SAM).body["archived_by"]["name"] == "Sam Keeper"
    assert get("/clients/by-sam", claims=SAM | {"sub": "jo"}).body["archived_by"]["name"] is None


def test_an_answer_is_given_without_names_while_they_cannot_be_read(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> dict[str, str]:
        raise StorageBusy("The table is busy.")

    store(table, client())
    monkeypatch.setattr(people, "names_of", busy)
    archived = post("/clients/client-1/archive", {})
    assert (archived.status, archived.body["client"]["archived_by"]["name"]) == (200, None)


def test_a_kept_answer_has_no_name_and_is_given_with_it(table: Table) -> None:
    kept = create_table(boto3.client("dynamodb"), ENVIRONMENT["IDEMPOTENCY_TABLE_NAME"], "IdempotencyTable")
    store(table, client())
    asked = {"claims": SAM, "headers": {"Idempotency-Key": "once"}}
    first, again = (post("/bulk-archives", {"client_ids": ["client-1"]}, **asked) for _ in range(2))
    assert again.body == first.body
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.body["names"] == {STAFF_ID: "Sam Keeper"}
    [answer] = boto3.client("dynamodb").scan(TableName=kept.name)["Items"]
    assert "Keeper" not in str(answer)


def test_what_only_looks_like_an_author_is_left_as_it_is(table: Table) -> None:
    """Ids in other systems have names that callers choose."""
    lookalike = {"actor_id": STAFF_ID, "names": "n-1", "created_by": STAFF_ID}
    store(table, client(external_ids=lookalike))
    assert get("/clients/client-1", claims=SAM).body["external_ids"] == lookalike


def test_another_practice_sees_no_name(table: Table) -> None:
    get("/me", claims=SAM)
    post("/groups", {"name": "Elm"}, claims=STRANGER)
    [line] = get("/history", claims=STRANGER).body["entries"]
    assert (line["by"]["actor_id"], line["by"]["name"]) == (STAFF_ID, None)


# A practice's name and currency


def test_a_practice_s_name_is_in_no_history_and_can_be_taken_back() -> None:
    patch("/settings", {"name": "Maple Health"})
    assert "Maple" not in str(get("/history").body)
    assert get("/history").body["entries"][0]["edits"] == [{"field": "name", "before": None, "after": None}]
    assert patch("/settings", {"name": None}).body["name"] is None


@pytest.mark.parametrize(("said", "currency"), [({}, "EUR"), ({"currency": "GBP"}, "GBP")])
def test_m1_a_new_client_s_amounts_are_in_the_practice_s_currency(said: dict[str, str], currency: str) -> None:
    assert patch("/settings", {"currency": "EUR"}).status == 200
    assert post("/clients", {"name": "Jo", "email": "jo@example.org"} | said).body["currency"] == currency


@pytest.mark.parametrize(("body", "field"), [({"currency": "euro"}, "currency"), ({"name": ""}, "name")])
def test_a_wrong_name_or_currency_is_refused_by_its_name(body: dict[str, str], field: str) -> None:
    assert patch("/settings", body).fields == [field]
