"""Reads what the deployed functions log, line after line, also while they log it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.functions import Function
from local.ministack import LocalAws

LOG_GROUPS = "/aws/lambda/"
OF_THE_SERVICE = ("START ", "END ")
"""How the lines begin that Lambda itself adds to each invocation and that tell nothing."""

OF_EVERY_LINE = frozenset(
    {
        "level", "location", "message", "timestamp", "service", "cold_start", "function_name", "function_memory_size",
        "function_arn", "function_request_id", "xray_trace_id", "exception", "exception_name", "stack_trace",
    }
)  # fmt: skip
"""What the logger adds to each line; the rest is what the line is about."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a function's log."""

    at: datetime
    function: Function
    text: str


class Logs:
    """What functions log; each reading has what is new since the last.

    Args:
        aws: where they are deployed.
        functions: whose logs.
    """

    def __init__(self, aws: LocalAws, functions: Sequence[Function]) -> None:
        self._logs = aws.logs
        self._last = dict.fromkeys(functions, (0, 0))

    def new(self) -> list[Line]:
        """Return the lines since the last reading, by time."""
        lines = [line for function in self._last for line in self._new(function)]
        return sorted(lines, key=lambda line: line.at)

    def _new(self, function: Function) -> Iterator[Line]:
        """Yield a function's lines; those of the last moment read come again and are skipped by their number."""
        since, skipped = self._last[function]
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"{LOG_GROUPS}{function.name}", startTime=since
        )
        events = [event for page in pages for event in page["events"]]
        if events:
            last = events[-1]["timestamp"]
            self._last[function] = (last, sum(event["timestamp"] == last for event in events))
        for event in events[skipped:]:
            if not event["message"].startswith(OF_THE_SERVICE):
                yield Line(datetime.fromtimestamp(event["timestamp"] / 1000, UTC), function, readable(event["message"]))


def readable(line: str) -> str:
    """Return a line for people: of a structured one its level, its message and what it is about."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line.strip()
    if not isinstance(entry, dict):
        return line.strip()
    if "_aws" in entry:
        return _metrics(entry)
    about = [f"{name}={_short(value)}" for name, value in entry.items() if name not in OF_EVERY_LINE]
    told = " ".join([str(entry.get("level", "")), str(entry.get("message", "")), *about]).strip()
    return f"{told}\n{entry['exception']}" if "exception" in entry else told


def _metrics(entry: dict[str, Any]) -> str:
    """Return the metrics that an entry in CloudWatch's embedded format counts, without those that are zero."""
    names = [metric["Name"] for group in entry["_aws"]["CloudWatchMetrics"] for metric in group["Metrics"]]
    counted = {name: sum(entry[name]) if isinstance(entry[name], list) else entry[name] for name in names}
    return " ".join(["METRICS", *(f"{name}={value:g}" for name, value in counted.items() if value)])


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
