"""``invoke`` runs one function with one event."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from local.commands.options import names_of_functions
from local.functions import Function, named
from local.invoking import Invocation, invoke_remotely
from local.ministack import LocalAws
from local.running import EVENTS, find
from local.sam.build import CannotBuild
from local.sam.container import cannot_contain, invoke_in_container
from local.sam.emulator import cannot_emulate, invoke_in_emulator
from local.samples.catalogue import SAMPLES, Sample, readable
from local.screen import Screen


class On(Enum):
    """What can run a function."""

    CONTAINER = "container"
    EMULATOR = "emulator"
    AWS = "aws"


@dataclass(frozen=True, slots=True)
class Way:
    """A way to run a function.

    Args:
        told: the way in words.
        lacks: tells in a sentence what is missing here, or nothing.
        invoke: invokes a function with an event.
    """

    told: str
    lacks: Callable[[], str | None]
    invoke: Callable[[LocalAws, Function, bytes], Invocation]


WAYS = {
    On.CONTAINER: Way("built here, in a container (sam local invoke)", cannot_contain, invoke_in_container),
    On.EMULATOR: Way("built here, with Lambda's emulator and runtime client", cannot_emulate, invoke_in_emulator),
    On.AWS: Way("as deployed on the local AWS", lambda: None, invoke_remotely),
}


def first_here() -> On:
    """Return the first way that this machine has all for."""
    return next(on for on, way in WAYS.items() if way.lacks() is None)


def invoke(
    context: typer.Context,
    function: Annotated[
        str,
        typer.Argument(
            help="A function, like scheduled_cleanup or ScheduledCleanup, or a sample event, like clients_add.",
            autocompletion=names_of_functions,
        ),
    ],
    event: Annotated[
        str | None, typer.Option(help="A file, or - for standard input; by default the sample event in .local/events/.")
    ] = None,
    on: Annotated[
        On | None, typer.Option(help="What runs the function; by default the first of these that is here.")
    ] = None,
) -> None:
    """Invoke a function and print its answer; a fault ends with status 1."""
    running = find(context.obj)
    target, sample = _target(function)
    way = WAYS[on or first_here()]
    if lacks := way.lacks():
        raise CannotBuild(lacks)
    typer.echo(f"{target.name}, {way.told}", err=True)
    given, screen = _event(event, context.obj / EVENTS / f"{sample}.json"), Screen()
    with screen.waiting("Invoking"):
        told = way.invoke(running.aws, target, given)
    typer.echo(told.log, err=True, nl=False)
    screen.json(json.dumps(readable(told.answer)))
    if told.failed:
        raise typer.Exit(1)


def _target(name: str) -> tuple[Function, str]:
    """Return a function and its sample event, named by either; a function's own is its first."""
    for sample in SAMPLES:
        if sample.name == name:
            return named(sample.function), name
    function = named(name)
    return function, _first(function).name


def _first(function: Function) -> Sample:
    return next(sample for sample in SAMPLES if sample.function == function.package)


def _event(given: str | None, sample: Path) -> bytes:
    if given == "-":
        return sys.stdin.buffer.read()
    try:
        return (Path(given) if given else sample).read_bytes()
    except FileNotFoundError as fault:
        raise typer.BadParameter(f"There is no file {fault.filename}.", param_hint="--event") from None
