"""The command line explains itself, and shows logs for people."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from local.command_line import COMMANDS, app
from local.functions import functions
from local.logs import readable
from local.sample_practice import PROVIDER_ID, provider_ids

ENTRY = {
    "level": "INFO",
    "location": "_log:44",
    "message": "events published",
    "timestamp": "2026-11-25 23:33:31,928+0000",
    "service": "client-archive",
    "cold_start": True,
    "function_request_id": "88f8c13e-e7e6-4911-b3d2-260487d127f7",
    "writes": 2,
    "client_ids": ["client-1"],
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_every_command_and_every_option_is_explained(command: Any) -> None:
    name = command.__name__
    assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0
    group: Any = typer.main.get_command(app)
    options = [one for one in group.commands[name].params if one.param_type_name == "option"]
    assert [one.name for one in options if not one.help] == []
    assert group.commands[name].help.endswith(".")


def test_the_name_of_a_function_is_completed() -> None:
    group: Any = typer.main.get_command(app)
    [function] = [one for one in group.commands["invoke"].params if one.name == "function"]
    context = group.make_context("local", ["invoke", "archive_client"], resilient_parsing=True)
    completed = [one.value for one in function.shell_complete(context, "cl")]
    assert completed == [one.package for one in functions() if one.package.startswith("cl")]


def test_a_line_for_people_has_its_level_its_message_and_what_it_is_about() -> None:
    assert readable(json.dumps(ENTRY)) == 'INFO events published writes=2 client_ids=["client-1"]'


def test_an_exception_follows_its_line() -> None:
    told = readable(json.dumps({**ENTRY, "level": "ERROR", "exception": "Traceback ...\nValueError: no"}))
    assert told.splitlines()[1:] == ["Traceback ...", "ValueError: no"]


def test_metrics_are_told_by_name_without_those_that_are_zero() -> None:
    metrics = [{"Name": "failed"}, {"Name": "archived"}, {"Name": "clients"}]
    entry = {
        "_aws": {"CloudWatchMetrics": [{"Metrics": metrics}]},
        "failed": [0.0],
        "archived": [1.0, 2.0],
        "clients": 3,
    }
    assert readable(json.dumps(entry)) == "METRICS archived=3 clients=3"


@pytest.mark.parametrize("line", ["REPORT RequestId: 1", "[1, 2]", "17"])
def test_any_other_line_is_shown_as_it_is(line: str) -> None:
    assert readable(f"{line}\n") == line


def test_the_first_provider_is_the_documented_one_and_ids_are_unique() -> None:
    assert provider_ids(1) == [PROVIDER_ID]
    assert len(set(provider_ids(12))) == 12
