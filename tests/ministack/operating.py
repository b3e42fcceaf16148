"""Runs the operators' commands against the local AWS, as from a shell with its variables."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from typer.testing import CliRunner

from local.ministack import ACCOUNT_KEY, REGION, LocalAws
from operations.command_line import app


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


def operate(aws: LocalAws, *arguments: str, ends_with: int = 0) -> str:
    """Run a command; return what it says."""
    with shell_of(aws):
        result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == ends_with, (result.output, result.exception)
    return result.output
