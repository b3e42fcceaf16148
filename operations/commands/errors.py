"""``errors`` shows what the functions logged as an error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from local.logs import readable
from local.screen import Screen
from operations.stack import OperationFailed, Stack, find_stack

PATTERN = '{ $.level = "ERROR" || $.level = "CRITICAL" }'


def errors(
    context: typer.Context,
    function: Annotated[
        str | None, typer.Argument(help="Whose log, like ArchiveClient; all functions' by default.")
    ] = None,
    minutes: Annotated[int, typer.Option(help="How far back.", min=1)] = 60,
) -> None:
    """Show what the functions logged as an error, the oldest first."""
    stack, screen = find_stack(context.obj), Screen()
    since = datetime.now(UTC) - timedelta(minutes=minutes)
    chosen = _chosen(stack, function)
    with screen.step(f"Reading {len(chosen)} logs") as progress:
        found = []
        for number, (name, physical) in enumerate(chosen.items(), start=1):
            found += [(event["timestamp"], name, event["message"]) for event in _errors(stack, physical, since)]
            progress(number, len(chosen))
    for at, name, message in sorted(found):
        screen.raw(f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%dT%H:%M:%SZ} {name:<22} {readable(message)}")
    screen.say(f"{len(found)} errors in the last {minutes} minutes.")


def _chosen(stack: Stack, function: str | None) -> Mapping[str, str]:
    if function is None:
        return stack.functions
    if function not in stack.functions:
        raise OperationFailed(f"There is no function {function}. There are: {', '.join(sorted(stack.functions))}.")
    return {function: stack.functions[function]}


def _errors(stack: Stack, physical: str, since: datetime) -> list[dict[str, Any]]:
    """Return what a function logged as an error; a function that never ran may have no log yet."""
    logs = stack.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{physical}", startTime=int(since.timestamp() * 1000), filterPattern=PATTERN
    )
    try:
        return [event for page in pages for event in page["events"]]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise
