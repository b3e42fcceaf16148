"""The operators' command line explains itself, and a letter says nothing of what a booking says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakSet

import boto3
import pytest
import typer.main
from botocore.stub import Stubber
from typer.testing import CliRunner

from client_lifecycle.storage.table import Table
from operations import outbox
from operations.command_line import COMMANDS, app
from operations.commands.redrive import describe
from operations.dead_letters import Letter, Queue
from operations.outbox import events_between


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


@pytest.mark.parametrize("command", [["add-provider"], ["add-staff", "ada@example.org", "--provider"]])
@pytest.mark.parametrize("provider", ["prov maple", "prov/maple", "prov-maple\n", "p" * 65, ""])
def test_a_provider_s_id_that_the_api_would_refuse_is_not_taken(command: list[str], provider: str) -> None:
    told = CliRunner().invoke(app, [*command, provider])
    assert told.exit_code == 2
    assert "A provider's id is 1 to 64" in told.output


def test_a_letter_that_others_see_already_is_left_to_them() -> None:
    sqs = boto3.client("sqs", region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(sqs) as stubbed:
        stubbed.add_client_error("change_message_visibility", "MessageNotInflight")
        Queue(sqs, "https://queue").put_back(Letter({}, "handle"))
        stubbed.assert_no_pending_responses()


START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass(eq=False)
class Happened:
    """An event, of which only the time matters here."""

    time: datetime


@dataclass(frozen=True)
class Scan:
    """A table's client that scans pages of a hundred items."""

    pages: int = 5

    def describe_table(self, **_: Any) -> Any:
        return {"Table": {"ItemCount": self.pages * 100}}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: Any) -> Any:
        item = {"pk": {"S": "p"}, "sk": {"S": "s"}}
        return ({"Items": [item] * 100, "ScannedCount": 100} for _ in range(self.pages))


def test_only_events_of_the_span_are_held_while_the_table_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    alive: WeakSet[Happened] = WeakSet()
    hours = iter(range(500))

    def happened(_: object) -> list[Happened]:
        event = Happened(START + next(hours) * HOUR)
        alive.add(event)
        return [event]

    monkeypatch.setattr(outbox, "events_of", happened)
    held: list[int] = []
    table = Table(client=Scan(), name="the-table")  # type: ignore[arg-type]
    span = (START + 250 * HOUR, START + 253 * HOUR)
    told = events_between(table, *span, lambda _done, _total: held.append(len(alive)))
    assert [event.time for event in told.events] == [START + hour * HOUR for hour in (250, 251, 252)]
    assert max(held) <= 4
