"""``call`` sends one request to the API."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated

import httpx
import typer

from local.api import TIMEOUT_SECONDS
from local.commands.options import As, Provider
from local.running import find
from local.sample_practice import PROVIDER_ID
from local.screen import Screen
from local.staff import Role


class Method(Enum):
    """The methods of the API's routes."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


def call(
    context: typer.Context,
    method: Annotated[Method, typer.Argument(case_sensitive=False)],
    path: Annotated[str, typer.Argument(help="Path and query, like “/clients?status=active”.")],
    body: Annotated[str | None, typer.Option("--json", help="The body; none by default.")] = None,
    role: As = Role.MANAGER,
    provider: Provider = PROVIDER_ID,
) -> None:
    """Call the API as a member of staff and print the answer; a refusal ends with status 1."""
    document = _document(body)
    running = find(context.obj)
    with Screen().waiting(f"{method.value} {path}"):
        answer = httpx.request(
            method.value,
            f"{running.deployed.api_url}/{path.removeprefix('/')}",
            headers={"Authorization": running.token(provider, role)},
            json=document,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )
    show_answer(answer)


def show_answer(answer: httpx.Response) -> None:
    """Print the body of an answer.

    Raises:
        typer.Exit: it is a refusal; its status is told on standard error.
    """
    Screen().json(answer.text)
    if answer.is_error:
        typer.echo(f"{answer.status_code} {answer.reason_phrase}", err=True)
        raise typer.Exit(1)


def _document(body: str | None) -> object:
    try:
        return None if body is None else json.loads(body)
    except ValueError as fault:
        raise typer.BadParameter(f"This is no JSON: {fault}", param_hint="--json") from None
