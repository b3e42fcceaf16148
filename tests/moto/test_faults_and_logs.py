"""Faults of our own: a problem that gives nothing away, a log line that tells all but names, and nothing half done."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from client_lifecycle.domain.errors import LifecycleError, StorageBusy
from client_lifecycle.edge import http, wiring
from client_lifecycle.edge.environment import TableSettings, read_environment
from client_lifecycle.storage.table import Table
from tests.moto.conftest import Executions, Log
from tests.moto.workflow import confirmed
from tests.support.builders import GROUP_ID, PROVIDER_ID, client, group, one_of_each
from tests.support.calls import ARCHIVER, Answer, get, post
from tests.support.store import dump, store, store_group

SECRET = "the-inner-workings"
CALLS: list[tuple[str, Any]] = [
    ("archive", lambda: post("/clients/client-1/archive", {})),
    ("activate", lambda: post("/clients/client-1/activate", {})),
    ("list", lambda: get("/clients")),
    ("read", lambda: get("/clients/client-1")),
    ("preview", lambda: post("/bulk-archives", {"group_id": GROUP_ID})),
    ("watch", lambda: get("/bulk-archives/01K")),
]


@pytest.mark.parametrize(("_", "call"), CALLS, ids=[row[0] for row in CALLS])
def test_a_fault_of_our_own_answers_500_without_internals_and_is_logged(
    _: str, call: Any, monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    def broken() -> Table:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(wiring, "table", broken)
    answer: Answer = call()
    assert (answer.status, answer.problem) == (500, "InternalError")
    assert SECRET not in str(answer.body)
    assert "RuntimeError" not in str(answer.body)
    [line] = [line for line in log.lines if line["level"] == "ERROR"]
    assert line["message"] == "request failed"
    assert SECRET in line["exception"]
    assert line["correlation_id"]


def test_a_refusal_of_aws_answers_500_without_its_words(
    table: Table, monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    refusal = {"Error": {"Code": "AccessDeniedException", "Message": "arn:aws:iam::123456789012:role/archive"}}

    def refuse(*_: object, **__: object) -> None:
        raise ClientError(refusal, "Query")  # type: ignore[arg-type]

    monkeypatch.setattr(Table, "page", refuse)
    answer = post("/clients/client-1/archive", {})
    assert answer.problem == "InternalError"
    assert "arn:aws" not in str(answer.body)


def test_a_missing_setting_answers_500_without_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TABLE_NAME")
    answer = get("/clients")
    assert answer.problem == "InternalError"
    assert "table_name" not in str(answer.body).lower()


def test_a_missing_setting_is_named_where_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TABLE_NAME")
    with pytest.raises(ValueError, match="table_name"):
        read_environment(TableSettings)


def test_a_busy_table_answers_503_and_says_when_to_try_again(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object, **__: object) -> None:
        raise StorageBusy("The records are busy at the moment. Please try again.")

    store(table, client(), *one_of_each())
    before = dump(table)
    monkeypatch.setattr(Table, "transact", busy)
    answer = post("/clients/client-1/archive", {})
    assert (answer.status, answer.problem) == (503, "StorageBusy")
    assert dump(table) == before


def subclasses(of: type[LifecycleError]) -> list[type[LifecycleError]]:
    return [found for one in of.__subclasses__() for found in (one, *subclasses(one))]


@pytest.mark.parametrize("fault", subclasses(LifecycleError), ids=lambda fault: fault.__name__)
def test_every_fault_is_of_one_kind_and_has_its_status(fault: type[LifecycleError]) -> None:
    kinds = [kind for kind in http.STATUS_OF if issubclass(fault, kind)]
    assert len(kinds) == 1
    assert http.status_of(fault) == http.STATUS_OF[kinds[0]]


# Logs


@pytest.fixture
def practice(table: Table, executions: Executions) -> Table:
    store_group(table, group())
    for number in (1, 2):
        named = {"name": f"Quillfeather Nobody{number}", "email": f"quill{number}@example.org"}
        store(table, client(f"client-{number}", group_id=GROUP_ID, **named), *one_of_each())
    return table


PERSONAL = ("Quillfeather", "Nobody", "quill", "example.org", "food journal")


def assert_nothing_personal(log: Log, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    assert log.lines
    everything = log.text + caplog.text + "".join(capfd.readouterr())
    assert not [word for word in PERSONAL if word in everything]


def test_no_log_line_of_any_call_holds_a_name_or_an_address(
    practice: Table, log: Log, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    get("/clients?limit=1")
    get("/clients?cursor=client-404")
    get("/clients/client-1")
    post("/clients/client-1/archive", {"reason": "quill1@example.org"})
    post("/clients/client-1/archive", {"notify_client": "Quillfeather"})
    post("/clients/client-1/archive", raw="quill1@example.org")
    post("/clients/client-1/archive", {})
    post("/clients/client-1/activate", {})
    post("/bulk-archives", {"client_ids": ["Quillfeather Nobody1", "client-404"]})
    post("/bulk-archives", {"client_ids": ["client-404"]})
    post("/clients/client-1/archive", {}, claims=ARCHIVER | {"email": "quill9@example.org", "cognito:groups": ""})
    workflow = confirmed("client-1", "client-2")
    workflow.whole("client-1", "client-2")
    get(f"/bulk-archives/{workflow.run_id}/clients")
    assert_nothing_personal(log, caplog, capfd)


@pytest.mark.parametrize("sk", ["CLIENT", "FEED_ENTRY#feed-1"])
def test_an_item_that_cannot_be_read_is_not_quoted_in_the_log(
    practice: Table, sk: str, log: Log, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    workflow = confirmed("client-1")
    key = {"pk": f"CLIENT#{PROVIDER_ID}#client-1", "sk": sk}
    item = practice.get(key)
    assert item is not None
    spoiled = {"name": ["Quillfeather"]} if sk == "CLIENT" else {"subject": ["food journal"]}
    practice.put_many([item | spoiled])
    assert post("/clients/client-1/archive", {}).problem == "UnreadableRecord"
    if sk != "CLIENT":
        workflow.whole("client-1")
    [field] = spoiled
    told = [line for line in log.lines if line["message"] == "record cannot be read"]
    assert told
    assert all(line["id"] in sk + "client-1" and line["fields"][0].startswith(field) for line in told)
    assert_nothing_personal(log, caplog, capfd)
