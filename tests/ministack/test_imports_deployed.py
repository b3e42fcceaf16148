"""Whole imports on the deployed system: the upload as browsers send it, each function under its own role."""

from __future__ import annotations

import csv
import io
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from client_lifecycle.domain.client import Status
from client_lifecycle.domain.imports.run import IMPORT_IN_FLIGHT
from client_lifecycle.storage.clients import client_item, read_client
from client_lifecycle.storage.external_ids import external_id_items, find_owner
from client_lifecycle.storage.tenant import Tenant
from local.api import Api
from local.stack import PracticeStack
from local.staff import sign_in
from tests.support.builders import client

SECONDS = 120
GOOD, ARCHIVED = 278, 10
BAD = 22


@pytest.fixture
def mark() -> str:
    """What is in each name and address of one test, and nowhere else."""
    return f"zz{uuid4().hex[:10]}"


@pytest.fixture(scope="module")
def practice(deployed: PracticeStack) -> Iterator[PracticeStack]:
    """A practice of its own, of which nothing is left behind."""
    provider_id = f"prov-{uuid4().hex[:10]}"
    token = sign_in(deployed.aws.cognito, deployed.deployed, provider_id)
    with Api(deployed.deployed.api_url, token) as api:
        yield replace(deployed, api=api, practice=replace(deployed.practice, provider_id=provider_id))
    kept = deployed.aws.dynamodb.get_paginator("scan").paginate(
        TableName=deployed.table.name, ProjectionExpression="pk, sk"
    )
    gone = [key for page in kept for key in page["Items"] if provider_id in key["pk"]["S"]]
    for start in range(0, len(gone), 25):
        requests: Any = [{"DeleteRequest": {"Key": key}} for key in gone[start : start + 25]]
        deployed.aws.dynamodb.batch_write_item(RequestItems={deployed.table.name: requests})


def a_file(mark: str) -> str:
    """300 rows, 22 of them bad in six ways."""
    lines = [f"{mark}-{n},{mark} Person,{mark}.{n}@example.org,,Active" for n in range(GOOD - ARCHIVED)]
    lines += [f"{mark}-a{n},{mark} Gone,{mark}.a{n}@example.org,,Archived" for n in range(ARCHIVED)]
    lines += [f"{mark}-m{n},{mark} Mail,no-address,," for n in range(4)]
    lines += [f"{mark}-0,{mark} Same Id,{mark}.i{n}@example.org,," for n in range(4)]
    lines += [f"{mark}-d{n},{mark} Same Mail,{mark.upper()}.{n}@example.org,," for n in range(4)]
    lines += [f"{mark}-u{n},{mark} Group,{mark}.u{n}@example.org,No such group," for n in range(4)]
    lines += [f"{mark}-t{n},{mark} Taken,{mark}.taken@example.org,," for n in range(1)]
    lines += [f'{mark}-b{n},"{mark}"Broken,{mark}.b{n}@example.org,,' for n in range(5)]
    return "\ufeff" + "\r\n".join(["Client ID;Name;Email;Group;Status", *(line.replace(",", ";") for line in lines)])


EXPECTED = {"added": GOOD, "invalid": 9, "duplicate_row": 8, "unknown_group": 4, "email_in_use": 1}


def upload(deployed: PracticeStack, text: str, *, content_type: str | None = None) -> tuple[str, httpx.Response]:
    asked = deployed.api.post("/imports", {"kind": "clients", "format": "csv", "source": "crm"})
    form = asked["upload"]
    fields = {**form["fields"], **({"Content-Type": content_type} if content_type else {})}
    sent = httpx.post(form["url"], data=fields, files={"file": ("clients.csv", text.encode())}, trust_env=False)
    return asked["import_id"], sent


def ended(deployed: PracticeStack, import_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + SECONDS
    while (run := deployed.api.get(f"/imports/{import_id}"))["state"] in set(IMPORT_IN_FLIGHT):
        assert time.monotonic() < deadline, run
        time.sleep(0.2)
    return run


def checked(deployed: PracticeStack, import_id: str) -> dict[str, Any]:
    deployed.api.post(f"/imports/{import_id}/check", {})
    return ended(deployed, import_id)


def confirmed(deployed: PracticeStack, run: dict[str, Any]) -> dict[str, Any]:
    return deployed.api.post(f"/imports/{run['import_id']}/confirm", {"token": run["token"]})


def report(deployed: PracticeStack, import_id: str) -> list[dict[str, str]]:
    url = deployed.api.get(f"/imports/{import_id}/report")["url"]
    return list(csv.DictReader(io.StringIO(httpx.get(url, trust_env=False).text, newline="")))


def test_an_import_of_300_rows_with_six_kinds_of_bad_ones(practice: PracticeStack, mark: str) -> None:
    practice.api.post("/clients", {"name": "Holder", "email": f"{mark}.taken@example.org"})
    import_id, sent = upload(practice, a_file(mark))
    assert sent.status_code == 204, sent.text
    shown = checked(practice, import_id)
    assert (shown["state"], shown["counts"]) == ("checked", EXPECTED)
    confirmed(practice, shown)
    done = ended(practice, import_id)
    assert (done["state"], done["counts"], done["percent_done"]) == ("completed", EXPECTED, 100)
    told = report(practice, import_id)
    assert Counter(line["outcome"] for line in told) == EXPECTED
    assert [int(line["row"]) for line in told] == list(range(2, 302))
    assert not [cell for line in told for cell in line.values() if "@" in cell or "Person" in cell]

    tenant = Tenant(practice.table, practice.practice.provider_id)
    found = [find_owner(tenant, "crm", f"{mark}-{one}")[0] for one in ("0", "a0", "m0", "u0")]
    assert [bool(one) for one in found] == [True, True, False, False]
    gone = read_client(tenant, found[1][0])
    assert gone.status is Status.ARCHIVED
    assert practice.api.post(f"/clients/{gone.client_id}/activate")["client"]["status"] == "active"

    assert_no_name_is_in_the_history(practice, mark)

    again, _ = upload(practice, a_file(mark))
    twice = checked(practice, again)
    assert twice["counts"] == {
        "unchanged": GOOD - 1,
        "differs": 1,
        **{k: v for k, v in EXPECTED.items() if k != "added"},
    }


def assert_no_name_is_in_the_history(practice: PracticeStack, mark: str) -> None:
    """Every execution of imports, those of the map's items too, with its input, its output and its events."""
    workflow = practice.aws.stepfunctions
    arn = practice.deployed.import_state_machine_arn
    seen = 0
    for one in workflow.list_executions(stateMachineArn=arn)["executions"]:
        described = workflow.describe_execution(executionArn=one["executionArn"])
        history = workflow.get_execution_history(executionArn=one["executionArn"])
        text = json.dumps([described, history], default=str)
        assert "run_id" in text
        assert mark not in text
        seen += 1
    assert seen >= 2


def test_an_upload_of_another_type_is_refused_by_the_bucket(practice: PracticeStack, mark: str) -> None:
    _, sent = upload(practice, a_file(mark), content_type="text/html")
    assert sent.status_code == 403


def test_a_stopped_import_is_retried_to_the_end(practice: PracticeStack, mark: str) -> None:
    rows = "".join(f"{mark}-{n},{mark},{mark}.{n}@example.org\n" for n in range(450))
    import_id, _ = upload(practice, f"Client ID,Name,Email\n{rows}")
    confirmed(practice, checked(practice, import_id))
    practice.api.post(f"/imports/{import_id}/stop")
    stopped = ended(practice, import_id)
    assert sum(stopped["counts"].values()) == 450
    left = stopped["counts"].get("not_reached", 0)
    again = practice.api.post(f"/imports/{import_id}/retry")
    assert again["attempt"] == (3 if left else 2)
    assert ended(practice, import_id)["counts"] == {"added": 450}


def test_a_row_that_fails_has_a_reason_and_is_tried_again(practice: PracticeStack, mark: str) -> None:
    """The client that has the row's external id is damaged."""
    tenant = Tenant(practice.table, practice.practice.provider_id)
    damaged = client("client-1", provider_id=tenant.provider_id, external_ids={"crm": f"{mark}-1"})
    practice.table.put_many([{**client_item(damaged), "name": None}, *external_id_items(tenant, damaged)])
    rows = "".join(f"{mark}-{n},{mark},{mark}.{n}@example.org\n" for n in range(3))
    import_id, _ = upload(practice, f"Client ID,Name,Email\n{rows}")
    shown = checked(practice, import_id)
    assert (shown["state"], shown["counts"]) == ("refused", {"added": 2, "failed": 1})
    assert shown["first"]["failed"][0]["reason"] == "UnreadableRecord"

    practice.table.put_many([client_item(damaged)])
    confirmed(practice, checked(practice, import_id))
    assert ended(practice, import_id)["counts"] == {"added": 2, "differs": 1}
