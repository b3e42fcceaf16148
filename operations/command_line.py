"""The command line of those who operate a stack: its commands, and how faults end them."""

from __future__ import annotations

from typing import Annotated, Any

import httpx
import typer
from botocore.exceptions import BotoCoreError, ClientError
from typer.core import TyperGroup

from client_lifecycle.domain.errors import StorageBusy
from local.api import ApiRefused
from operations.commands import (
    address,
    alarms,
    clean_up,
    cut_over,
    errors,
    pause,
    provider,
    redrive,
    replay,
    republish,
    restore,
    smoke,
    staff,
)
from operations.stack import OperationFailed

FAULTS = (OperationFailed, ApiRefused, StorageBusy, httpx.HTTPError, BotoCoreError, ClientError)
STACK = "client-archive"


class Commands(TyperGroup):
    """Commands whose faults are told in a sentence or two and end with status 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except FAULTS as fault:
            typer.echo(str(fault) or type(fault).__name__, err=True)
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Operates a deployed client archive, with the credentials and the region that AWS's own tools use.",
)
COMMANDS = (
    alarms.alarms,
    errors.errors,
    clean_up.clean_up,
    redrive.redrive,
    republish.republish,
    replay.replay,
    pause.pause,
    pause.resume,
    restore.restore,
    cut_over.cut_over,
    smoke.smoke,
    address.address,
    staff.add_staff,
    staff.sign_in,
    staff.remove_staff,
    provider.add_provider,
    provider.add_source,
)
for command in COMMANDS:
    app.command()(command)


@app.callback()
def _whole(
    context: typer.Context,
    stack: Annotated[str, typer.Option(envvar="STACK", help="The name of the stack.")] = STACK,
) -> None:
    context.obj = stack


def main() -> None:
    """Run a command and end the process with its status."""
    app(prog_name="python -m operations")
