"""``logs`` shows what the functions logged."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Annotated

import typer

from local.commands.options import names_of_functions
from local.functions import functions, named
from local.logs import Logs
from local.running import find
from local.screen import Screen

POLL_SECONDS = 0.5


def logs(
    context: typer.Context,
    function: Annotated[
        str | None, typer.Argument(help="Whose log; all functions' by default.", autocompletion=names_of_functions)
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Show what the functions logged, the oldest line first."""
    chosen = (named(function),) if function else functions()
    seen, screen = Logs(find(context.obj).aws, chosen), Screen()
    with suppress(KeyboardInterrupt):
        while True:
            for line in seen.new():
                screen.raw(f"{line.at:%H:%M:%S} {line.function.package:<21} {line.text}")
            if not follow:
                return
            time.sleep(POLL_SECONDS)
