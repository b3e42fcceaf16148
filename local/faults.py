"""Finds what the deployed functions logged as errors, so that a failure can be told with its cause."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from local.logs import LOG_GROUPS
from local.ministack import LocalAws


@contextmanager
def explained(aws: LocalAws) -> Iterator[None]:
    """Add to any exception of the block, as notes, what the functions logged as errors."""
    try:
        yield
    except Exception as error:
        if aws.is_running:
            for fault in function_faults(aws):
                error.add_note(fault)
        raise


def function_faults(aws: LocalAws, limit: int = 5) -> list[str]:
    """Return the errors that the functions logged, each in a line or two, up to ``limit`` of them."""
    found: list[str] = []
    for group in aws.logs.describe_log_groups(logGroupNamePrefix=LOG_GROUPS)["logGroups"]:
        name = group["logGroupName"]
        for event in aws.logs.filter_log_events(logGroupName=name)["events"]:
            fault = _fault(event["message"])
            if fault:
                found.append(f"{name.removeprefix(LOG_GROUPS)}: {fault}")
    return found[:limit]


def _fault(line: str) -> str | None:
    """Read one line of a function's structured log."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or entry.get("level") not in ("ERROR", "CRITICAL"):
        return None
    trace = str(entry.get("exception", "")).strip().splitlines()
    return f"{entry.get('message')}: {trace[-1]}" if trace else str(entry.get("message"))
