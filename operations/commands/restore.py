"""``restore`` makes a table of clients as it was at a moment, ready to be used."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from local.screen import Screen
from operations.options import MOMENTS, DryRun
from operations.stack import OperationFailed, find_stack
from operations.tables import Tables


def restore(
    context: typer.Context,
    to: Annotated[str, typer.Argument(help="The name of the new table.")],
    at: Annotated[
        datetime | None,
        typer.Option(formats=MOMENTS, help="The moment, like 2026-03-02T09:30:00Z; the last possible by default."),
    ] = None,
    source: Annotated[str | None, typer.Option(help="The table to restore; by default that in use.")] = None,
    backup: Annotated[str | None, typer.Option(help="The ARN of a backup, if the table is gone.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Restore the table to a moment, under another name; the system keeps the table it has until cut-over.

    Given again after an interruption, it continues the restore that it began.
    """
    stack, screen = find_stack(context.obj), Screen()
    tables, restored = Tables(stack.client("dynamodb")), source or stack.outputs["TableName"]
    is_begun = tables.exists(to)
    if is_begun:
        tables.check_restored(to, backup or restored, at)
        screen.raw(f"The restore of {backup or restored} as {to} was begun; it continues.")
    elif backup:
        screen.raw(f"{backup} is restored as {to}.")
    else:
        screen.raw(f"{restored} is restored to {_moment(tables, restored, at)} as {to}.")
    if dry_run:
        screen.say("Nothing was done.")
        return
    if not is_begun:
        _begin(tables, restored, backup, to, at)
    with screen.step("Restoring; minutes to hours on AWS"):
        tables.wait_until_active(to)
    with screen.step("Stream, protection, point-in-time recovery"):
        tables.protect(to)
    if faults := tables.lacks(to, restored):
        raise OperationFailed(f"{to} cannot be used: {', '.join(faults)}.")
    screen.raw(f"Let the system use it: python -m operations cut-over {to}")


def _begin(tables: Tables, restored: str, backup: str | None, to: str, at: datetime | None) -> None:
    if backup:
        tables.restore_backup(backup, to)
    else:
        tables.restore(restored, to, at)


def _moment(tables: Tables, restored: str, at: datetime | None) -> datetime:
    """Return the moment that a table is restored to, the last possible by default.

    Raises:
        OperationFailed: it cannot be restored to that moment.
    """
    first, last = tables.restorable(restored)
    if at and not first <= at <= last:
        raise OperationFailed(f"{restored} can be restored to a moment between {first} and {last}.")
    return at or last
