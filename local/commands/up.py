"""``up`` keeps a practice up until it is stopped, and says how to work with it from another terminal."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer

from local.console import DEFAULT_PORT as DEFAULT_CONSOLE_PORT
from local.console import console
from local.deploy import Deployed
from local.functions import functions
from local.ministack import DEFAULT_PORT, LocalAws, LocalAwsFailed, PortTaken
from local.package import SOURCES, Code
from local.providers import booking_secrets
from local.running import ENVIRONMENT, EVENTS, announced, is_running, shell_environment
from local.sam.build import built_here, runs_what_ships
from local.sam.relay import reached_from_containers
from local.sample_practice import FEWEST_CLIENTS, PROVIDER_ID, provider_ids
from local.samples.catalogue import SAMPLES
from local.samples.running import write_events
from local.screen import Screen
from local.stack import deployed_system, open_practice
from local.staff import Role, give_password, sign_in

CALLS = (
    'curl -H "Authorization: $TOKEN" "$API/clients?status=active&limit=5"',
    'curl -H "Authorization: $TOKEN" "$API/clients/client-0003/archive" --json \'{}\'',
    'curl -H "Authorization: $TOKEN" "$API/clients/client-0003/activate" --json \'{"restore": ["appointments"]}\'',
)


def up(
    context: typer.Context,
    keep: Annotated[bool, typer.Option("--keep", help="Go on where the last “up --keep” was stopped.")] = False,
    clients: Annotated[int, typer.Option(min=FEWEST_CLIENTS, help="How many clients a new practice has.")] = 240,
    providers: Annotated[int, typer.Option(min=1, help="How many providers there are, each with a practice.")] = 1,
    port: Annotated[int, typer.Option(help="The port of the local AWS; another one if it is taken.")] = DEFAULT_PORT,
) -> None:
    """Start a local AWS, deploy template.yaml, load sample practices, and keep it all up until Ctrl-C.

    With --keep what was done is written to .local/ when it is stopped, by Ctrl-C or by ending the terminal, and not
    if the local AWS itself is ended by force (kill -9) or the machine goes down.
    """
    screen, folder = Screen(), context.obj
    if is_running(folder):
        raise LocalAwsFailed("A practice is running here already. “python -m local status” tells where.")
    kept = folder / f"kept-{port}" if keep else None
    screen.heading("A local AWS on this machine")
    code = _code(screen)
    with _way_out(kept), deployed_system(port=port, keep=kept, code=code, watcher=screen) as (aws, deployed):
        _open_practices(screen, aws, deployed, provider_ids(providers), clients)
        with screen.step("Making sample events") as progress:
            write_events(folder / EVENTS, aws, deployed, progress)
        token = sign_in(aws.cognito, deployed, PROVIDER_ID)
        environment = shell_environment(aws, deployed, token=token, booking_secret=booking_secrets(aws)[PROVIDER_ID])
        with (
            announced(folder, aws, environment),
            reached_from_containers(aws.endpoint, screen.say),
            console(aws, deployed, port=DEFAULT_CONSOLE_PORT) as address,
        ):
            _explain(screen, deployed, Path(os.path.relpath(folder)))
            _explain_console(screen, address, aws, deployed)
            _wait(aws)
        screen.say(f"Writing what was done to {kept}." if kept else "")
    screen.say("Everything that was started is stopped.")


def _code(screen: Screen) -> Code:
    """Return what ships, byte for byte, where this Python is its runtime; the sources everywhere else."""
    if not runs_what_ships():
        return SOURCES
    with screen.step("Building what ships, to be deployed as it is"):
        return Code(built_here() / "template.yaml", built=True)


@contextmanager
def _way_out(kept: Path | None) -> Iterator[None]:
    """Say with a failure how to do without the state that was kept."""
    try:
        yield
    except PortTaken:
        raise
    except LocalAwsFailed as failed:
        if kept and kept.exists():
            failed.add_note(f"To begin without what was kept, remove {kept}.")
        raise


def _open_practices(screen: Screen, aws: LocalAws, deployed: Deployed, providers: Sequence[str], clients: int) -> None:
    there = booking_secrets(aws)
    for provider_id in providers:
        if provider_id in there:
            screen.say(f"{provider_id} has its practice from before.")
            continue
        with screen.step(f"Loading a sample practice, {provider_id}") as progress:
            open_practice(aws, deployed, provider_id, clients, progress)


def _wait(aws: LocalAws) -> None:
    with suppress(KeyboardInterrupt):
        while aws.is_running:
            time.sleep(0.5)
        raise LocalAwsFailed(f"MiniStack ended by itself. The end of its log:\n{aws.log_tail()}")


def _explain(screen: Screen, deployed: Deployed, folder: Path) -> None:
    screen.heading("The functions")
    for function in functions():
        screen.raw(f"{function.name:<41} {function.description}")
    screen.heading("The API")
    screen.raw(deployed.api_url)
    screen.heading("Run a Lambda: in another terminal, in this folder")
    screen.raw(".venv/bin/python -m local invoke archive_client")
    screen.say(
        f"It takes one of the {len(SAMPLES)} events in {folder / EVENTS}. “--help” in its place lists all commands."
    )
    screen.heading("With tools of your own: the first line sets addresses, keys, and a token for an hour")
    screen.raw(f". {folder / ENVIRONMENT}")
    for call in CALLS:
        screen.raw(call)


def _explain_console(screen: Screen, address: str, aws: LocalAws, deployed: Deployed) -> None:
    password = secrets.token_urlsafe(12)
    email = give_password(aws.cognito, deployed, PROVIDER_ID, f"{password}aA1!", role=Role.MANAGER)
    screen.heading("The console: a page for the practice's staff")
    screen.raw(address)
    screen.raw(f"{email}, password {password}aA1!")
    screen.say("")
    screen.say("Ctrl-C stops everything.")
