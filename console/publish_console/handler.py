"""Publishes the console: copies its files into the bucket behind its address, as a custom resource of the stack."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import urllib3

SITE = Path(__file__).parent.parent / "site"
CONFIGURATION = "config.json"
CONTENT_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
DOCUMENTATION = re.compile(rb"/\*\*.*?\*/", re.DOTALL)
MARGINS = re.compile(rb"^\s+", re.MULTILINE)
"""Indentation and empty lines: with documentation, a fifth of the scripts."""

ALWAYS_ASK = "no-cache"
"""Browsers keep a file and ask each time whether it is still the one: a deployment changes files at their addresses."""

logger = logging.getLogger(__name__)


def lambda_handler(event: Mapping[str, Any], _context: object) -> None:
    """Publish, or empty the bucket when the stack is deleted, and tell CloudFormation how it went.

    Args:
        event: CloudFormation's request. Its ``Bucket`` is where to, its ``Configuration`` becomes ``config.json``.
    """
    failure = ""
    try:
        _carry_out(event)
    except Exception as fault:
        logger.exception("The console could not be published.")
        failure = type(fault).__name__
    _answer(event, failure)


def _carry_out(event: Mapping[str, Any]) -> None:
    s3, bucket = boto3.client("s3"), event["ResourceProperties"]["Bucket"]
    files = {} if event["RequestType"] == "Delete" else _files(event["ResourceProperties"]["Configuration"])
    for name, content in files.items():
        s3.put_object(
            Bucket=bucket,
            Key=name,
            Body=content,
            ContentType=CONTENT_TYPES[Path(name).suffix],
            CacheControl=ALWAYS_ASK,
        )
    for name in _published(s3, bucket) - files.keys():
        s3.delete_object(Bucket=bucket, Key=name)


def as_shipped(file: Path) -> bytes:
    """Return what a browser is sent of a file: of scripts and styles, what counts for it."""
    content = file.read_bytes()
    return MARGINS.sub(b"", DOCUMENTATION.sub(b"", content)) if file.suffix in {".js", ".css"} else content


def _files(configuration: Mapping[str, str]) -> dict[str, bytes]:
    site = {path.relative_to(SITE).as_posix(): as_shipped(path) for path in SITE.rglob("*") if path.is_file()}
    return {**site, CONFIGURATION: json.dumps(configuration).encode()}


def _published(s3: Any, bucket: str) -> set[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {item["Key"] for page in pages for item in page.get("Contents", [])}


def _answer(event: Mapping[str, Any], failure: str) -> None:
    answer = {
        "Status": "FAILED" if failure else "SUCCESS",
        "Reason": failure or "Published",
        "PhysicalResourceId": event.get("PhysicalResourceId", "console-files"),
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    urllib3.request("PUT", event["ResponseURL"], body=json.dumps(answer), headers={"Content-Type": ""}, timeout=30)
