"""The command line: its commands, and how faults and stops end them."""

from __future__ import annotations

import io
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import httpx
import typer
from botocore.exceptions import BotoCoreError, ClientError

from local.api import ApiRefused
from local.command_group import CommandGroup
from local.commands import book, call, demo, docs, events, invoke, logs, reset, sam, seed, status, tail, token, up
from local.functions import UnknownName
from local.ministack import LocalAwsFailed
from local.running import FOLDER, NothingRuns
from local.sam.build import CannotBuild

FAULTS = (
    LocalAwsFailed,
    CannotBuild,
    NothingRuns,
    ApiRefused,
    UnknownName,
    httpx.HTTPError,
    BotoCoreError,
    ClientError,
)
INTERRUPTED = 128 + signal.SIGINT


class Commands(CommandGroup):
    """The commands of this machine; what one has started is stopped when it is interrupted."""

    faults = FAULTS

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("\nInterrupted. Everything that was started is stopped.", err=True)
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The client archive on this machine. Start it with “up”, and talk to it from another terminal.",
)
COMMANDS = (
    up.up,
    status.status,
    demo.demo,
    call.call,
    token.token,
    book.book,
    invoke.invoke,
    sam.sam,
    events.events,
    logs.logs,
    tail.tail,
    seed.seed,
    reset.reset,
    docs.docs,
)
for command in COMMANDS:
    app.command()(command)


@app.callback()
def _whole(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Option(help="Where “up” leaves what the other commands need.", show_default=".local")
    ] = FOLDER,
) -> None:
    context.obj = folder


def main() -> None:
    """Run a command and end the process with its status."""
    _treat_every_stop_alike()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    app(prog_name="python -m local" if sys.argv[0].endswith("__main__.py") else None)


def _treat_every_stop_alike() -> None:
    """Let Ctrl-C, a kill and a closed terminal all unwind what was started."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
