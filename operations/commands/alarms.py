"""``alarms`` shows the alarms of the stack and the state that each is in."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from local.screen import Screen
from operations.stack import Stack, find_stack

RAISED = "ALARM"


def alarms(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Show those that are quiet, too.")] = False,
) -> None:
    """Show the alarms that are raised and what each says; docs/runbook.md tells what to do about it."""
    stack, screen = find_stack(context.obj), Screen()
    found = _alarms_of(stack)
    shown = {name: alarm for name, alarm in found.items() if every or alarm["StateValue"] == RAISED}
    for name, alarm in sorted(shown.items()):
        screen.raw(f"{alarm['StateValue']:<18} {name:<30} {alarm['AlarmDescription']}")
    raised = sum(alarm["StateValue"] == RAISED for alarm in found.values())
    screen.say(f"{raised} of {len(found)} alarms are raised.")


def _alarms_of(stack: Stack) -> dict[str, dict[str, Any]]:
    """Return the stack's alarms by the names that template.yaml gives them."""
    pages = stack.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{stack.name}-")
    by_name = {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]}
    return {name: by_name[physical] for name, physical in stack.resources.items() if physical in by_name}
