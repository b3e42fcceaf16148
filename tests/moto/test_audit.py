"""Every request leaves one line that says who asked for what and whom the answer showed, and nothing about a person."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from client_lifecycle.edge import audit, wiring
from client_lifecycle.storage.audit_trail import STREAM
from client_lifecycle.storage.connections import connect_audit_trail
from client_lifecycle.storage.table import Table
from tests.moto.conftest import ENVIRONMENT, Log
from tests.support import rights
from tests.support.builders import PROVIDER_ID, STAFF_ID, client
from tests.support.calls import MANAGER, READER, ROUTES, SOURCE_IP, Trail, get, post, request
from tests.support.store import store

MARK = "zyxmark"
LINE = {
    "audit",
    "at",
    "request_id",
    "actor_id",
    "provider_id",
    "roles",
    "route",
    "ids_named",
    "ids_named_count",
    "clients_shown",
    "clients_shown_count",
    "status",
    "outcome",
    "source_ip",
}


@pytest.fixture
def logs(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Any:
    """CloudWatch Logs, with the group that the trail is kept in."""
    logs = boto3.client("logs")
    group = ENVIRONMENT["AUDIT_LOG_GROUP"]
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=STREAM)
    connected = connect_audit_trail(group)
    monkeypatch.setattr(wiring, "audit_trail", lambda: connected)
    return logs


def kept(logs: Any) -> list[dict[str, Any]]:
    events = logs.get_log_events(logGroupName=ENVIRONMENT["AUDIT_LOG_GROUP"], logStreamName=STREAM)["events"]
    return [json.loads(event["message"]) for event in events]


def ask(route: tuple[str, str], claims: dict[str, Any] | None) -> Any:
    method, path = route
    address = path.replace("{client_id}", "client-1").replace("{archive_id}", "archive-1")
    address = address.replace("{run_id}", "run-1").replace("{group_id}", "group-1")
    body = None if method == "GET" else {"name": MARK, "note": MARK, "client_id": f"{MARK}@example.org"}
    return request(method, address, body, claims=claims)


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_every_route_leaves_one_line_whatever_becomes_of_the_request(
    table: Table, trail: Trail, monkeypatch: pytest.MonkeyPatch, route: tuple[str, str]
) -> None:
    """``request`` requires the one line of each call; here is what it says."""
    store(table, client(name=MARK, email=f"{MARK}@example.org"))
    asked, refused = ask(route, MANAGER), ask(route, MANAGER | {"custom:provider_id": ""})

    def broken() -> Table:
        raise RuntimeError(MARK)

    monkeypatch.setattr(wiring, "table", broken)
    failed = ask(route, MANAGER)
    if not route[1].startswith("/hooks/"):
        assert refused.audit["outcome"] == "NotPermitted"
        assert (asked.audit["actor_id"], asked.audit["provider_id"]) == (STAFF_ID, PROVIDER_ID)
        assert asked.audit["roles"] == "practice-managers"
        assert failed.status in (422, 500) or asked.audit["outcome"] == "RecordsAreKept"
    for answer in (asked, refused, failed):
        assert answer.audit.keys() == LINE
        assert answer.audit["route"] == " ".join(route)
        assert answer.audit["source_ip"] == SOURCE_IP
        assert answer.audit["request_id"]
        assert answer.audit["outcome"] == ("answered" if answer.status < 400 else answer.problem)
        assert set(answer.audit["ids_named"].split()) <= {"client-1", "archive-1", "run-1", "group-1"}
        assert MARK not in str(answer.audit)
        assert audit.SET_ASIDE not in str(answer.audit)


def test_a_line_names_whom_a_request_names_and_whom_the_answer_shows(table: Table) -> None:
    store(table, client("client-1"))
    store(table, client("client-2"))
    listed = get("/clients", claims=READER).audit
    assert (listed["clients_shown"], listed["clients_shown_count"]) == ("client-1 client-2", 2)
    assert (listed["ids_named"], listed["roles"]) == ("", "client-readers")
    checked = post("/permission-checks", {"action": "sign_in", "client_ids": ["client-2", "client-9"]}).audit
    assert (checked["ids_named"], checked["ids_named_count"]) == ("client-2 client-9", 2)
    unknown = get("/clients/client-9").audit
    assert (unknown["ids_named"], unknown["clients_shown"], unknown["outcome"]) == ("client-9", "", "ClientNotFound")


def test_a_line_names_a_hundred_ids_and_counts_all(table: Table) -> None:
    asked = post("/permission-checks", {"action": "sign_in", "client_ids": [f"c-{n:03}" for n in range(150)]}).audit
    assert (len(asked["ids_named"].split()), asked["ids_named_count"]) == (100, 150)


def test_the_line_of_a_refused_body_names_nothing_of_it() -> None:
    refused = post("/permission-checks", {"action": "sign_in", "client_ids": ["Jane"], MARK: 1}).audit
    assert (refused["outcome"], refused["ids_named_count"]) == ("InvalidRequest", 0)
    forbidden = post("/bulk-archives", {"client_ids": ["Jane"]}, claims=READER).audit
    assert (forbidden["outcome"], forbidden["ids_named_count"]) == ("NotPermitted", 0)


@pytest.mark.parametrize("package", sorted({handler.partition(".")[0] for handler in ROUTES.values()}))
def test_lines_are_kept_in_a_log_group_of_their_own(logs: Any, package: str) -> None:
    """CloudWatch takes no line of long ago, so that the clock is the real one."""
    event, now = {"httpMethod": "GET", "resource": "/clients/{client_id}"}, datetime.now(UTC)
    with rights.of(package):
        audit.keep(wiring.audit_trail, audit.audit_line(event, 200, '{"client_id":"client-1"}', now), now)
    [line] = kept(logs)
    assert line.keys() == LINE
    assert line["clients_shown"] == "client-1"


def test_a_line_that_is_not_taken_is_in_the_function_s_log_and_counted(
    table: Table, monkeypatch: pytest.MonkeyPatch, log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    class Full:
        def keep(self, line: str, at: object) -> None:
            raise ClientError({"Error": {"Code": "ServiceUnavailableException"}}, "PutLogEvents")

    line = audit.audit_line({"requestContext": {"requestId": "r-1"}}, 200, "{}", wiring.now())
    audit.keep(Full, line, wiring.now())  # type: ignore[arg-type]
    [told] = [one for one in log.lines if one["message"] == "audit line set aside"]
    assert told["line"] == line
    assert f'"{audit.SET_ASIDE}":[1.0]' in capsys.readouterr().out
