"""What may come in: who may ask is decided first, whatever the body is; then size, form, and a short answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from client_lifecycle.edge.identity import LEAST_ROLE, Role
from client_lifecycle.edge.reading import MAX_BODY_BYTES, MAX_ERRORS
from client_lifecycle.storage.table import Table
from tests.moto.conftest import Executions, Log
from tests.support.builders import client, one_of_each
from tests.support.calls import (
    ARCHIVER,
    GUEST,
    MANAGER,
    PROBLEM_JSON,
    READER,
    ROUTES,
    Answer,
    get,
    patch,
    post,
    request,
)
from tests.support.store import dump, store

ARCHIVE = "/clients/client-1/archive"
STAFF_ROUTES = sorted(route for route in ROUTES if not route[1].startswith("/hooks/"))
BELOW: dict[Role, Mapping[str, str]] = {Role.READER: GUEST, Role.ARCHIVER: READER, Role.MANAGER: ARCHIVER}
"""The claims of those who may least of all do what a role may."""
NOBODY = MANAGER | {"custom:provider_id": ""}
MALFORMED: dict[str, str | bytes] = {
    "no JSON": "{",
    "null": "null",
    "no text": b"\xff",
    "too large": "[" * (MAX_BODY_BYTES + 1),
}


@pytest.fixture(autouse=True)
def practice(table: Table, executions: Executions) -> Table:
    store(table, client(), *one_of_each())
    return table


def named(route: tuple[str, str]) -> str:
    return " ".join(route)


def ask(route: tuple[str, str], **options: Any) -> Answer:
    method, template = route
    return request(method, template.replace("{", "").replace("}", ""), **options)


@pytest.mark.parametrize("route", STAFF_ROUTES, ids=named)
def test_who_may_not_ask_is_told_so_whatever_the_body_is(practice: Table, route: tuple[str, str]) -> None:
    before = dump(practice)
    unwelcome = [None, NOBODY, GUEST, BELOW[LEAST_ROLE[named(route)]]]
    asked = [(raw, unwelcome[-1]) for raw in MALFORMED.values()] + [("{", claims) for claims in unwelcome]
    for raw, claims in asked:
        answer = ask(route, raw=raw, claims=claims)
        assert (answer.status, answer.problem) == (403, "NotPermitted")
    assert dump(practice) == before


@pytest.mark.parametrize("client_id", ["\N{GRINNING FACE}", "\x00", "a\u202eb"])
def test_an_address_with_characters_of_no_id_is_not_found(client_id: str) -> None:
    assert (get(f"/clients/{client_id}").status, get(f"/clients/{client_id}/history").status) == (404, 404)
    assert get(f"/clients/{client_id}", claims=NOBODY).status == 403


@pytest.mark.parametrize("route", STAFF_ROUTES, ids=named)
def test_a_body_of_more_than_a_mebibyte_is_too_large(practice: Table, route: tuple[str, str]) -> None:
    before = dump(practice)
    answer = ask(route, raw=" " * (MAX_BODY_BYTES + 1))
    assert (answer.status, answer.problem, answer.fields) == (413, "RequestTooLarge", ["body"])
    assert dump(practice) == before


@pytest.mark.parametrize("route", STAFF_ROUTES, ids=named)
def test_a_parameter_that_a_route_does_not_have_is_refused_by_its_name(
    practice: Table, log: Log, route: tuple[str, str]
) -> None:
    before = dump(practice)
    method, template = route
    answer = request(method, template.replace("{", "").replace("}", "") + "?Wren=okonjo&Wren=fairbrook", {})
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", ["Wren"])
    assert "wren" not in log.text.casefold()
    assert dump(practice) == before


def nested(levels: int) -> str:
    return '{"note":' + "[" * levels + "]" * levels + "}"


UNREADABLE: dict[str, tuple[str | bytes, int, str]] = {
    "null": ("null", 422, "body"),
    "a list of a body": ("[{}]", 422, "body"),
    "a number": ("1", 422, "body"),
    "a thousand levels": (nested(1_000), 400, "body"),
    "a hundred thousand levels": (nested(100_000), 400, "body"),
    "a hundred levels": (nested(100), 422, "note"),
    "5,000 digits": ('{"note":' + "1" * 5_000 + "}", 400, "body"),
    "4,000 digits": ('{"note":' + "1" * 4_000 + "}", 422, "note"),
    "not a number": ('{"notify_client":NaN}', 400, "body"),
    "infinity": ('{"notify_client":-Infinity}', 400, "body"),
    "beyond infinity": ('{"notify_client":1e999}', 422, "notify_client"),
    "half a character": (r'{"note":"\ud800"}', 422, "note"),
    "half a character in a name": (r'{"\ud800":1}', 422, "body"),
    "a byte order mark": ("\ufeff{}", 400, "body"),
    "nothing but spaces": ("  ", 400, "body"),
    "no UTF-8": (b'{"note":"\xff"}', 422, "body"),
    "a NUL": ('{"note":"\\u0000"}', 422, "note"),
    "a control character": ('{"note":"\\u009b"}', 422, "note"),
    "a change of direction": ('{"note":"\\u202e"}', 422, "note"),
    "a noncharacter": ('{"note":"\\udbff\\udfff"}', 422, "note"),
}


@pytest.mark.parametrize("path", [ARCHIVE, "/clients/client-1/activate"])
@pytest.mark.parametrize(("raw", "status", "field"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_body_that_cannot_be_one_is_refused_and_archives_nobody(
    practice: Table, path: str, raw: str | bytes, status: int, field: str
) -> None:
    before = dump(practice)
    answer = post(path, raw=raw)
    if path != ARCHIVE and field != "body":
        assert answer.status == 422
    else:
        assert (answer.status, answer.problem, answer.fields) == (status, "InvalidRequest", [field])
    assert dump(practice) == before


@pytest.mark.parametrize("text", ["%", "e30", "é", "\ud800"], ids=["no base64", "cut short", "no ASCII", "half one"])
def test_a_body_that_cannot_be_decoded_is_refused(practice: Table, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if text == "\ud800":
        assert post(ARCHIVE, raw=text).fields == ["body"]
        return
    monkeypatch.setattr(base64, "b64encode", lambda _: text.encode())
    assert post(ARCHIVE, raw=b"{}").fields == ["body"]


def test_without_a_body_the_verbs_do_what_they_do_by_default() -> None:
    assert post(ARCHIVE).status == 200
    assert post("/clients/client-1/activate", raw="", headers={"Content-Type": "text/plain"}).status == 200


TYPES = {
    "application/json": 200,
    "APPLICATION/JSON": 200,
    "application/json; charset=utf-8": 200,
    " application/json ;charset=UTF-8": 200,
    "": 200,
    "application/jsonx": 415,
    "application/merge-patch+json": 415,
    "text/plain": 415,
    "application/x-www-form-urlencoded": 415,
    "multipart/form-data": 415,
    "multipart/form-data; boundary=x": 415,
}


@pytest.mark.parametrize(("content_type", "status"), TYPES.items())
@pytest.mark.parametrize("raw", ["{}", b"{}"], ids=["as text", "encoded"])
def test_a_body_is_json_and_says_so(content_type: str, status: int, raw: str | bytes) -> None:
    answer = post(ARCHIVE, raw=raw, headers={"Content-Type": content_type})
    assert (answer.status, answer.fields) == (status, [] if status == 200 else ["Content-Type"])


@pytest.mark.parametrize("limit", ["5.0", "1_0", "+5", "%205", "5%20", "%D9%A5", "0x5", "1e1", "", "0", "101"])
def test_a_number_in_an_address_is_written_in_digits(limit: str) -> None:
    for path in ("/clients", "/clients/client-1/receipts"):
        answer = get(f"{path}?limit={limit}")
        assert (answer.status, answer.fields) == (422, ["limit"])


@pytest.mark.parametrize("value", [50.5, 1e3, True, "50", None, 10**400])
def test_only_a_whole_number_is_one_in_a_body(value: object) -> None:
    answer = patch("/settings", {"undo_window_days": value})
    assert (answer.status, answer.fields) == (422, ["undo_window_days"])


@pytest.mark.parametrize("path", ["/clients/client-1\n", "/clients/client-1%0A", "/clients/client-1\r"])
def test_an_id_that_ends_in_a_line_feed_is_nobody_s(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.calls._route", lambda *_: ("/clients/{client_id}", {}))
    monkeypatch.setattr("tests.support.calls.urlsplit", lambda _: type("Url", (), {"path": path, "query": ""}))
    monkeypatch.setitem(ROUTES, ("GET", "/clients/{client_id}"), "clients.handler.lambda_handler")
    assert get(path).status in (404, 422)


BLANK = [
    "\u200b",
    "\u200b\u200d",
    "\u202e",
    "\u2066\u2069",
    "\ufeff",
    "\u00ad",
    "\u3164",
    "\u2800",
    "\u0301",
    " \u200b ",
    "\u2065",
    "\ufff0",
    "\uffff",
    "\U000e0fff",
    "\U0001d159",
]


@pytest.mark.parametrize("name", [*BLANK, "\u0000", "Jane\u0007", "Jane\u202eenaJ", "Jane\U0001fffe"], ids=ascii)
def test_a_name_can_be_seen_and_reads_as_it_is(practice: Table, name: str) -> None:
    before = dump(practice)
    bodies = {"/clients": {"name": name, "email": "jane@example.org"}, "/groups": {"name": name}}
    for path, body in bodies.items():
        assert post(path, body).fields == ["name"]
    assert patch("/clients/client-1", {"name": name}).fields == ["name"]
    assert dump(practice) == before


@pytest.mark.parametrize("name", ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u200fדנה", "李", "👩\u200d⚕️"])
def test_a_name_may_hold_what_its_script_needs(name: str) -> None:
    assert post("/groups", {"name": name}).body["name"] == name


# Short answers, short lines, nobody's name


MANY: dict[str, tuple[str, dict[str, Any]]] = {
    "restore": ("/clients/client-1/activate", {"restore": [1] * 100_000}),
    "acknowledge": (ARCHIVE, {"acknowledge": [1] * 100_000}),
    "client_ids": ("/bulk-archives", {"client_ids": ["#"] * 10_000}),
    "exclude_client_ids": ("/bulk-archives", {"exclude_client_ids": ["#"] * 10_000}),
    "checked": ("/permission-checks", {"action": "sign_in", "client_ids": ["#"] * 10_000}),
    "unknown fields": (ARCHIVE, {f"unknown-{number}": 1 for number in range(30_000)}),
    "a long name": (ARCHIVE, {"x" * 500_000: 1}),
}


@pytest.mark.parametrize(("path", "body"), MANY.values(), ids=MANY)
def test_however_much_is_wrong_the_answer_and_the_log_are_short(path: str, body: dict[str, Any], log: Log) -> None:
    answer = post(path, body)
    assert answer.status == 422
    assert len(answer.fields) <= MAX_ERRORS
    assert len(json.dumps(answer.body)) < 10_000
    assert len(log.text) < 10_000


def test_the_reasons_that_bar_from_coming_back_are_bounded_too() -> None:
    assert patch("/settings", {"no_self_return": ["discharged"] * 21}).fields == ["no_self_return"]


def test_what_is_named_twice_counts_once(practice: Table) -> None:
    post(ARCHIVE, {"acknowledge": ["owes_money"] * 20})
    restored = post("/clients/client-1/activate", {"restore": ["chats"] * 20}).body["restored"]
    assert len(restored) == len({(item["kind"], item["record_id"]) for item in restored})
    shown = post("/bulk-archives", {"client_ids": ["client-1"] * 20})
    assert shown.body["totals"]["clients"] == 1


def test_the_name_of_an_unknown_field_stays_between_the_caller_and_us(log: Log) -> None:
    told = "Jane Doe jane@x.org"
    assert post(ARCHIVE, {told: 1}).fields == [told]
    assert patch("/settings", {"safety": {told: 1}}).fields == [f"safety.{told}"]
    assert told not in log.text
    assert [line["fields"] for line in log.lines if "fields" in line] == [["(unknown)"], ["safety.(unknown)"]]


# Whom the claims name


def token(groups: list[str]) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"cognito:groups": groups}).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2lnbmVk"


ALIKE = [["x,client-archivers"], ["client-archivers,"], ["[client-archivers]"], ["[client-archivers"], []]


@pytest.mark.parametrize("groups", ALIKE, ids=str)
@pytest.mark.parametrize("write", [",".join, lambda names: f"[{' '.join(names)}]"], ids=["commas", "brackets"])
def test_a_group_of_another_name_may_not_archive(groups: list[str], write: Any) -> None:
    claims = ARCHIVER | {"cognito:groups": write(groups)}
    assert post(ARCHIVE, {}, claims=claims, headers={"Authorization": token(groups)}).status == 403


@pytest.mark.parametrize("groups", ["[x,client-archivers]", "[[client-archivers]]", "client-archivers ", ",", "[]"])
def test_a_claim_that_means_one_thing_only_needs_no_token(groups: str) -> None:
    assert post(ARCHIVE, {}, claims=ARCHIVER | {"cognito:groups": groups}).status == 403


@pytest.mark.parametrize("write", [",".join, lambda names: f"[{' '.join(names)}]"], ids=["commas", "brackets"])
def test_one_of_several_groups_may_archive(write: Any) -> None:
    groups = ["front-desk", "client-archivers"]
    claims = ARCHIVER | {"cognito:groups": write(groups)}
    assert post(ARCHIVE, {}, claims=claims, headers={"Authorization": f"Bearer {token(groups)}"}).status == 200


def test_a_token_that_does_not_fit_the_claims_gives_no_rights() -> None:
    headers = {"Authorization": token(["client-archivers"])}
    assert post(ARCHIVE, {}, claims=READER, headers=headers).status == 403


@pytest.mark.parametrize("claim", ["custom:provider_id", "sub"])
@pytest.mark.parametrize("value", ["a#b", "a b", "a\n", "x" * 65, "", "é", None])
def test_a_claim_that_is_no_id_belongs_to_nobody(claim: str, value: str | None) -> None:
    answer = post(ARCHIVE, {}, claims=MANAGER | {claim: value})
    assert (answer.status, answer.problem) == (403, "NotPermitted")


@pytest.mark.parametrize("groups", [["client-archivers"], {"client-archivers": 1}, 1, None])
def test_a_claim_of_groups_that_is_no_text_gives_no_rights(groups: object) -> None:
    claims = ARCHIVER | {"cognito:groups": groups}
    assert post(ARCHIVE, {}, claims=claims).status == 403
    assert get("/clients", claims=claims).status == 403


SIGNED: list[list[dict[str, list[str]]]] = [[{"signature": []}], [{"webhook": []}]]


def test_every_route_states_who_may_ask() -> None:
    for handler in set(ROUTES.values()):
        module = __import__(handler.rsplit(".", 1)[0], fromlist=["app"])
        for route in module.app._static_routes + module.app._dynamic_routes:
            stated = [[{"staff": [role]}] for role in Role]
            assert route.security in (*stated, *SIGNED)


def test_a_title_is_the_same_on_every_python() -> None:
    answer = post(ARCHIVE, {"force": True})
    assert (answer.content_type, answer.body["title"]) == (PROBLEM_JSON, "Unprocessable Content")


@pytest.mark.parametrize("days", ["20", "20.0", "2e1"])
def test_a_number_in_a_body_is_whole_however_it_is_written(table: Table, days: str) -> None:
    answer = patch("/settings", raw=f'{{"undo_window_days": {days}}}')
    assert (answer.status, answer.body["undo_window_days"]) == (200, 20)
