"""Records runs of this version between any two steps, for the functions of the versions after it to finish.

``python -m tests.recorded.in_flight tests/recorded/2026-11-26`` carries a bulk archive, its retry and its undo out by
the shipped workflow. Before each step it writes down what an execution knows and what has changed in the table and the
bucket, to ``in_flight.json`` in that folder; the workflow itself goes beside it, for an execution ends by the
definition that it began with. A recording that is checked in is never made again.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3

from client_lifecycle.storage.table import Table
from local.template import ROOT
from tests.recorded.record import keep, practice
from tests.support.builders import client, one_of_each
from tests.support.calls import invoke, post
from tests.support.state_machine import DEFINITION, Answer, Fault, Replay, Waiting, replay
from tests.support.store import store

WORKFLOW = ROOT / "workflows" / "archive_clients.asl.json"
CLIENTS = ("c-one", "c-two")
BUSY = {"failures": [{"client_id": "c-two", "reason": "CommitContended"}]}

Moment = dict[str, Any]
"""Before a step: its place, the execution's input and answers so far, and all items and objects that have changed."""


class World:
    """The table and the bucket, and what has changed in them since they were last looked at."""

    def __init__(self, table: Table, bucket: str) -> None:
        self._table, self._bucket = table, bucket
        self._seen: dict[str, Any] = {}

    def changed(self) -> dict[str, Any]:
        pages = self._table.client.get_paginator("scan").paginate(TableName=self._table.name)
        items = [item for page in pages for item in page["Items"]]
        items.sort(key=lambda item: (item["pk"]["S"], item["sk"]["S"]))
        now = {f"{item['pk']['S']} {item['sk']['S']}": item for item in items} | dict(self.objects())
        assert self._seen.keys() <= now.keys(), "a recording tells of no deletion"
        changed = {name: one for name, one in now.items() if self._seen.get(name) != one}
        self._seen = now
        objects = {name: one for name, one in changed.items() if isinstance(one, str)}
        return {"items": [one for name, one in changed.items() if name not in objects], "objects": objects}

    def objects(self) -> Iterator[tuple[str, str]]:
        s3 = boto3.client("s3")
        for found in s3.list_objects_v2(Bucket=self._bucket).get("Contents", []):
            yield found["Key"], s3.get_object(Bucket=self._bucket, Key=found["Key"])["Body"].read().decode()


def play(world: World) -> Iterator[Moment]:
    """Archive two clients, of whom one fails; try that one again; undo it all."""
    run = post("/bulk-archives", {"client_ids": list(CLIENTS)}).body
    post(f"/bulk-archives/{run['run_id']}/confirm", {"token": run["token"]})
    yield from carry_out("archive", world, {"0/cancel_commitments": BUSY})
    post(f"/bulk-archives/{run['run_id']}/retry")
    yield from carry_out("retry", world, {})
    post(f"/bulk-archives/{run['run_id']}/undo")
    yield from carry_out("undo", world, {})


def carry_out(name: str, world: World, instead: dict[str, Any]) -> Iterator[Moment]:
    """Carry the newest execution out, one step after the other, and yield the moment before each."""
    started, log = newest_input(), dict[str, list[Answer | Fault]]()
    while isinstance(reached := replay(DEFINITION, started, Replay(log, read_items)), Waiting):
        place, event = next(iter(reached.tasks.items()))
        answers = {of: answer.payload for of, [answer] in log.items() if isinstance(answer, Answer)}
        yield {"run": name, "before": place, "input": started, "answers": answers, **world.changed()}
        answer = instead.get(place) or invoke(f"{place.rpartition('/')[2]}.handler.lambda_handler", event)
        log[place] = [Answer(answer)]


def newest_input() -> dict[str, Any]:
    """Return the input of the execution that was started last."""
    from tests.moto import conftest

    client = boto3.client("stepfunctions")
    arns = [
        one["executionArn"]
        for one in client.list_executions(stateMachineArn=conftest.ENVIRONMENT["STATE_MACHINE_ARN"])["executions"]
    ]
    newest = max((client.describe_execution(executionArn=arn) for arn in arns), key=lambda one: one["startDate"])
    told: dict[str, Any] = json.loads(newest["input"])
    return told


def read_items(bucket: str, key: str) -> list[Any]:
    """Read a manifest."""
    items: list[Any] = json.loads(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return items


def record(folder: Path) -> None:
    """Play, and keep each moment and the workflow."""
    from tests.moto.conftest import BUCKET

    with practice() as table:
        for client_id in CLIENTS:
            store(table, client(client_id), *one_of_each())
        moments = list(play(World(table, BUCKET)))
    keep(folder / "in_flight.json", moments)
    shutil.copy(WORKFLOW, folder)


if __name__ == "__main__":
    record(Path(sys.argv[1]))
