"""The command line of those who operate a stack: its commands, and how faults end them."""

from __future__ import annotations

from typing import Annotated

import httpx
import typer
from botocore.exceptions import BotoCoreError, ClientError

from client_lifecycle.domain.errors import StorageBusy
from local.api import ApiRefused
from local.command_group import CommandGroup
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


class Commands(CommandGroup):
    """The commands of those who operate a stack."""

    faults = FAULTS


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
    staff.keep_rights,
    provider.add_provider,
    provider.add_source,
    provider.add_endpoint,
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
