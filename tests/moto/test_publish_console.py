"""The console's files are put where its address serves them, at each deployment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from moto import mock_aws
from publish_console import handler

BUCKET = "console"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What CloudFormation is told."""
    told: list[dict[str, Any]] = []

    def hear(_method: str, _url: str, *, body: str, **_more: object) -> None:
        told.append(json.loads(body))

    monkeypatch.setattr("urllib3.request", hear)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield told


def asked(kind: str, *, bucket: str = BUCKET) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": "https://cloudformation.example/answer",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "ConsoleFiles",
        "ResourceProperties": {"Bucket": bucket, "Configuration": {"api": "/v1"}},
    }


def published() -> Mapping[str, Any]:
    s3 = boto3.client("s3")
    names = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
    return {name: s3.get_object(Bucket=BUCKET, Key=name) for name in names}


def test_a_deployment_publishes_each_file_by_its_type(answers: list[dict[str, Any]]) -> None:
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    handler.lambda_handler(asked("Create"), None)
    files = published()
    assert files["index.html"]["ContentType"] == "text/html; charset=utf-8"
    assert files["main.js"]["ContentType"] == "text/javascript; charset=utf-8"
    assert {file["CacheControl"] for file in files.values()} == {"no-cache"}
    assert json.load(files["config.json"]["Body"]) == {"api": "/v1"}
    assert [answer["Status"] for answer in answers] == ["SUCCESS"]


def test_an_update_removes_what_is_no_longer_there(answers: list[dict[str, Any]]) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="old.js", Body=b"")
    handler.lambda_handler(asked("Update"), None)
    assert "old.js" not in published()
    assert "index.html" in published()
    assert answers[0]["Status"] == "SUCCESS"


def test_a_deletion_empties_the_bucket(answers: list[dict[str, Any]]) -> None:
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    handler.lambda_handler(asked("Create"), None)
    handler.lambda_handler(asked("Delete"), None)
    assert published() == {}
    assert answers[1]["PhysicalResourceId"] == answers[0]["PhysicalResourceId"]


def test_a_deployment_fails_if_its_files_cannot_be_published(answers: list[dict[str, Any]]) -> None:
    handler.lambda_handler(asked("Create", bucket="not-there"), None)
    assert [(answer["Status"], answer["Reason"]) for answer in answers] == [("FAILED", "NoSuchBucket")]
