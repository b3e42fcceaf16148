"""The deployed functions leave their lines in the audit trail, by their own roles."""

from __future__ import annotations

import json
from typing import Any

import httpx

from client_lifecycle.storage.audit_trail import STREAM
from local.ministack import CONFIG
from local.stack import PracticeStack


def test_one_line_in_the_trail_tells_who_looked_at_whom(deployed: PracticeStack, outputs: dict[str, str]) -> None:
    """The local AWS leaves no line for what its gateway refuses; AWS does, in the access log."""
    client_id = "client-0001"
    for path in (f"/clients/{client_id}", "/clients/nobody-at-all", f"/clients/{client_id}/history"):
        headers = {"Authorization": deployed.api.token}
        httpx.get(f"{deployed.api.base_url}{path}", headers=headers, timeout=60, trust_env=False)
    logs: Any = deployed.aws.session.client("logs", endpoint_url=deployed.aws.endpoint, config=CONFIG)
    found = logs.get_log_events(logGroupName=outputs["AuditLogGroup"], logStreamName=STREAM, limit=10_000)["events"]
    lines = [json.loads(event["message"]) for event in found]
    [unknown] = [line for line in lines if line["ids_named"] == "nobody-at-all"]
    assert (unknown["route"], unknown["status"], unknown["outcome"]) == (
        "GET /clients/{client_id}",
        404,
        "ClientNotFound",
    )
    assert (unknown["provider_id"], unknown["roles"]) == (deployed.practice.provider_id, "practice-managers")
    assert unknown["actor_id"]
    assert unknown["request_id"]
    assert len([one for one in lines if one["request_id"] == unknown["request_id"]]) == 1
    assert [one for one in lines if one["clients_shown"] == client_id and one["route"] == unknown["route"]]
