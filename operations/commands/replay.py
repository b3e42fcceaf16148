"""``replay`` lets EventBridge deliver archived events again."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from local.screen import Screen
from operations.options import Since, Until
from operations.stack import OperationFailed, Stack, find_stack

POLL_SECONDS = 1.0
RUNNING = frozenset({"STARTING", "RUNNING"})


def replay(
    context: typer.Context,
    since: Since,
    until: Until,
    rule: Annotated[
        list[str] | None, typer.Option(help="The ARN of a rule that gets them; every rule of the bus by default.")
    ] = None,
) -> None:
    """Deliver the archived events of a time span again, with the ids they had, to all rules or to some."""
    stack, screen = find_stack(context.obj), Screen()
    with screen.step("Replaying"):
        state = _replay(stack, since, until, rule or [])
    if state != "COMPLETED":
        raise OperationFailed(f"The replay ended as {state}.")


def _replay(stack: Stack, since: datetime, until: datetime, rules: list[str]) -> str:
    """Start a replay, wait for its end, and return the state it ended in."""
    events = stack.client("events")
    try:
        archive = events.describe_archive(ArchiveName=stack.name)
    except events.exceptions.ResourceNotFoundException:
        raise OperationFailed(
            "The stack keeps no archive of events. Deploy it with EventArchiveDays above 0, or republish instead."
        ) from None
    name = f"{stack.name}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    destination = {"Arn": archive["EventSourceArn"], **({"FilterArns": rules} if rules else {})}
    events.start_replay(
        ReplayName=name,
        EventSourceArn=archive["ArchiveArn"],
        EventStartTime=since,
        EventEndTime=until,
        Destination=destination,
    )
    while (state := events.describe_replay(ReplayName=name)["State"]) in RUNNING:
        time.sleep(POLL_SECONDS)
    return str(state)
