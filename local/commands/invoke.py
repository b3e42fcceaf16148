"""``invoke`` runs one function with one event."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from local.commands.options import names_of_functions
from local.functions import Function, named
from local.invoking import invoke_remotely
from local.running import EVENTS, find
from local.samples.catalogue import SAMPLES, Sample, readable
from local.screen import Screen


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
) -> None:
    """Invoke a function and print its answer; a fault ends with status 1."""
    running = find(context.obj)
    target, sample = _target(function)
    told = invoke_remotely(running.aws, target, _event(event, context.obj / EVENTS / f"{sample}.json"))
    Screen().json(json.dumps(readable(told.answer)))
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
