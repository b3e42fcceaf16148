"""``cut-over`` lets the system use another table."""

from __future__ import annotations

from typing import Annotated

import typer

from local.screen import Screen
from operations.options import DryRun
from operations.stack import OperationFailed, find_stack
from operations.tables import Tables, use
from operations.traffic import is_paused


def cut_over(
    context: typer.Context,
    table: Annotated[str, typer.Argument(help="The table that is used from now on.")],
    dry_run: DryRun = False,
) -> None:
    """Let the system use another table; the one it had leaves the stack and is kept. Pause the system before."""
    stack, screen = find_stack(context.obj), Screen()
    tables, before = Tables(stack.client("dynamodb")), stack.outputs["TableName"]
    if table == before:
        raise OperationFailed(f"{table} is the table in use.")
    if faults := tables.lacks(table, before):
        raise OperationFailed(f"{table} cannot be used: {', '.join(faults)}.")
    screen.raw(f"{stack.name} uses {table} in place of {before}, which is kept.")
    if dry_run:
        screen.say("Nothing was done.")
        return
    if not is_paused(stack):
        raise OperationFailed("The system still writes to the table it has. First: python -m operations pause")
    with screen.step("Updating the stack") as progress:
        use(stack, tables.describe(table), progress)
    screen.raw("Let it work again: python -m operations resume")
