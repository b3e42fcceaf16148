"""Runs the operators' commands against the local AWS, as from a shell with its variables."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from typer.testing import CliRunner

from local.ministack import ACCOUNT_KEY, REGION, LocalAws
from local.template import ROOT
from operations.command_line import app

OPERATE = "python -m operations"


@contextmanager
def shell_of(aws: LocalAws) -> Iterator[None]:
    """Set the variables by which AWS's tools find the local AWS."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ours = {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCOUNT_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    with mock.patch.dict(os.environ, {**others, **ours}, clear=True):
        yield


def operate(aws: LocalAws, *arguments: str, ends_with: int = 0, typed: str | None = None) -> str:
    """Run a command; return what it says."""
    with shell_of(aws):
        result = CliRunner().invoke(app, list(arguments), input=typed)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == ends_with, result.output
    return result.output


def commands_in(document: str) -> list[list[str]]:
    """Return the operators' commands in the shell blocks of a document, in its order, without the program's name."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [shlex.split(line.removeprefix(OPERATE), comments=True) for line in lines if line.startswith(OPERATE)]
