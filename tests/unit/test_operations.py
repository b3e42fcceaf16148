"""The operators' command line explains itself, and a letter says nothing of what a booking says."""

from __future__ import annotations

from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from operations.command_line import COMMANDS, app
from operations.commands.redrive import describe
from operations.dead_letters import Letter


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_every_command_and_every_option_is_explained(command: Any) -> None:
    name = command.__name__.replace("_", "-")
    assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0
    group: Any = typer.main.get_command(app)
    options = [one for one in group.commands[name].params if one.param_type_name == "option"]
    assert [one.name for one in options if not one.help] == []
    assert group.commands[name].help.endswith(".")


def test_a_letter_is_described_by_ids_and_its_fault() -> None:
    detail = {"provider_id": "prov-1", "event_id": "e-1", "appointment": {"type": "confidential"}}
    letter = Letter({"error": "InvalidRequest", "fields": ["booked_by"], "request": {"detail": detail}}, "")
    assert describe(letter) == "booking prov-1 e-1 InvalidRequest booked_by"


@pytest.mark.parametrize("detail", [None, "text", []])
def test_a_letter_without_a_readable_booking_can_be_described(detail: object) -> None:
    assert describe(Letter({"detail-type": "booking.requested", "detail": detail}, "")) == "booking not delivered"
