"""Runs that an earlier version began are finished by this one's functions, from before any of their steps.

An execution keeps the definition that it began with. So the recorded workflow continues, with today's functions, from
the items, manifests and answers of its day.
"""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from client_lifecycle.storage.attributes import from_item
from client_lifecycle.storage.table import Table
from local.template import ROOT
from tests.moto.conftest import BUCKET, Clock, Executions, Log
from tests.support.builders import DAY
from tests.support.calls import get, invoke, post
from tests.support.recorded import LATER, put_all
from tests.support.state_machine import Answer, Reached, Replay, carried_out, replay, tasks_of

RECORDINGS = sorted((ROOT / "tests" / "recorded").glob("*/in_flight.json"))
MOMENTS = [
    (path, number, f"{path.parent.name}, {moment['run']}, before {moment['before']}")
    for path in RECORDINGS
    for number, moment in enumerate(json.loads(path.read_text(encoding="utf-8")))
]
VERDICTS = {"archive": "completed_with_failures", "retry": "completed", "undo": "completed"}
STATUS = {"archive": "archived", "retry": "archived", "undo": "active"}


@pytest.mark.parametrize(("path", "number"), [one[:2] for one in MOMENTS], ids=[one[2] for one in MOMENTS])
def test_a_run_of_an_earlier_version_is_finished(
    path: Any, number: int, table: Table, executions: Executions, clock: Clock, log: Log
) -> None:
    moments = json.loads(path.read_text(encoding="utf-8"))[: number + 1]
    definition = json.loads((path.parent / "archive_clients.asl.json").read_text(encoding="utf-8"))
    happened, moment = dict[tuple[str, str], Any](), moments[-1]
    for item in (from_item(item) for one in moments for item in one["items"]):
        happened[item["pk"], item["sk"]] = item
    put_all(table, list(happened.values()))
    for key, text in ((key, text) for one in moments for key, text in one["objects"].items()):
        boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=text.encode())
    clock.at = LATER
    known = {place: [Answer(payload)] for place, payload in moment["answers"].items()}

    def replayed(answers: Any) -> Reached:
        return replay(definition, moment["input"], Replay({**known, **answers}, read_items))

    carried_out(replayed, lambda package, event: invoke(f"{package}.handler.lambda_handler", event))
    run = get(f"/bulk-archives/{moment['input']['run_id']}").body
    assert run["counts"]["pending"] == 0
    assert sum(run["counts"].values()) == 2
    assert run["state"] in (VERDICTS[moment["run"]], "completed")
    done = [one for one in clients_of(run) if one["outcome"] in ("archived", "activated")]
    assert done
    for one in done:
        assert get(f"/clients/{one['client_id']}").body["status"] == STATUS[moment["run"]]
        everything = {"restore": ["appointments", "payments", "chats", "reminders", "feed"]}
        assert post(f"/clients/{one['client_id']}/activate", everything).status == 200
    clock.at = LATER + DAY
    invoke("scheduled_cleanup.handler.lambda_handler", {})
    assert [line for line in log.lines if line["level"] == "ERROR"] == []


def read_items(bucket: str, key: str) -> list[Any]:
    items: list[Any] = json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return items


def clients_of(run: dict[str, Any]) -> list[dict[str, Any]]:
    clients: list[dict[str, Any]] = get(f"/bulk-archives/{run['run_id']}/clients").body["clients"]
    return clients


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.parent.name)
def test_each_step_of_a_recorded_workflow_is_recorded(path: Any) -> None:
    moments = json.loads(path.read_text(encoding="utf-8"))
    definition = json.loads((path.parent / "archive_clients.asl.json").read_text(encoding="utf-8"))
    assert {moment["before"].rpartition("/")[2] for moment in moments} == set(tasks_of(definition))
