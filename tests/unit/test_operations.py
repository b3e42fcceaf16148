"""The operators' command line explains itself, and a letter says nothing of what a booking says."""

from __future__ import annotations

import re
from base64 import b32encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from unittest.mock import MagicMock
from weakref import WeakSet

import boto3
import pytest
import typer.main
from botocore.stub import Stubber
from typer.testing import CliRunner

from client_lifecycle.storage.table import Table
from local.template import ROOT
from operations import outbox
from operations.command_line import COMMANDS, app
from operations.commands import pause as pausing
from operations.commands import restore as restoring
from operations.commands.redrive import describe
from operations.commands.smoke import code_of_the_moment
from operations.commands.staff import authenticate
from operations.dead_letters import Letter, Queue
from operations.outbox import events_between
from operations.tables import IMAGES


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_every_command_and_every_option_is_explained(command: Any) -> None:
    name = command.__name__.replace("_", "-")
    assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0
    group: Any = typer.main.get_command(app)
    options = [one for one in group.commands[name].params if one.param_type_name == "option"]
    assert [one.name for one in options if not one.help] == []
    assert group.commands[name].help.endswith(".")


PAGES = [page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md")]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_a_page_tells_of_every_command_with_its_options(command: Any) -> None:
    name = command.__name__.replace("_", "-")
    group: Any = typer.main.get_command(app)
    options = {option for one in group.commands[name].params for option in one.opts if option.startswith("--")}
    told = "".join(page for page in PAGES if re.search(rf"operations {name}\b|`{name}`", page))
    assert told
    assert [option for option in sorted(options) if not re.search(rf"{option}\b", told)] == []


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
    assert "An id is 1 to 64" in told.output


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


@dataclass
class Restoring:
    """DynamoDB, with a table in use and a restore of it that an interrupted command has begun."""

    summary: dict[str, Any]
    calls: list[str] = field(default_factory=list)

    def describe_table(self, TableName: str) -> Any:  # noqa: N803
        begun = {} if TableName == "clients" else {"RestoreSummary": self.summary}
        return {
            "Table": {
                "TableStatus": "ACTIVE",
                "KeySchema": [],
                "StreamSpecification": {"StreamViewType": IMAGES},
                "DeletionProtectionEnabled": True,
                **begun,
            }
        }

    def update_table(self, **_: Any) -> None:
        self.calls.append("update_table")

    def update_continuous_backups(self, **_: Any) -> None:
        self.calls.append("update_continuous_backups")


ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/"
BACKUP = f"{ARN}clients/backup/01"
BEGUN = {"SourceTableArn": f"{ARN}clients", "SourceBackupArn": BACKUP, "RestoreDateTime": START}


def restored(monkeypatch: pytest.MonkeyPatch, summary: dict[str, Any], *options: str) -> tuple[Any, list[str]]:
    dynamodb = Restoring(summary)

    class Found:
        outputs: ClassVar = {"TableName": "clients"}

        def client(self, _: str) -> Any:
            return dynamodb

    monkeypatch.setattr(restoring, "find_stack", lambda _: Found())
    return CliRunner().invoke(app, ["restore", "clients-restored", *options]), dynamodb.calls


@pytest.mark.parametrize("options", [[], ["--at", "2026-03-01T00:00:00Z"], ["--backup", BACKUP]])
def test_an_interrupted_restore_continues_when_it_is_given_again(
    monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    told, calls = restored(monkeypatch, BEGUN, *options)
    assert told.exit_code == 0, told.output
    assert "it continues" in told.output
    assert calls == ["update_table", "update_continuous_backups"]


@pytest.mark.parametrize(
    ("summary", "options"),
    [
        ({}, []),
        ({**BEGUN, "SourceTableArn": f"{ARN}others"}, []),
        (BEGUN, ["--source", "others"]),
        (BEGUN, ["--backup", f"{ARN}clients/backup/02"]),
        (BEGUN, ["--at", "2026-03-01T00:00:01Z"]),
    ],
)
def test_a_table_that_is_not_the_restore_asked_for_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, summary: dict[str, Any], options: list[str]
) -> None:
    told, calls = restored(monkeypatch, summary, *options)
    assert told.exit_code == 1
    assert "Name another" in told.output
    assert calls == []


def test_resume_says_how_what_a_pause_held_up_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pausing, "find_stack", lambda _: None)
    monkeypatch.setattr(pausing, "traffic", MagicMock(**{"writers.return_value": {"Clients": "clients"}}))
    told = CliRunner().invoke(app, ["resume"])
    assert "python -m operations redrive bookings" in told.output
    assert "POST /bulk-archives/{run_id}/retry" in told.output


def test_a_code_of_the_moment_is_what_an_authenticator_app_shows() -> None:
    """The vectors of RFC 6238 for SHA-1, of which an app shows the last six digits."""
    secret = b32encode(b"12345678901234567890").decode()
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (2000000000, "279037"), (20000000000, "353130")):
        assert code_of_the_moment(secret, seconds) == code


def test_the_first_sign_in_sets_a_password_and_an_app_up() -> None:
    cognito = boto3.client("cognito-idp", region_name="us-east-1", aws_access_key_id="t", aws_secret_access_key="t")
    stack = MagicMock(outputs={"StaffPoolId": "us-east-1_pool", "StaffPoolClientId": "client"})
    stack.client.return_value = cognito
    client = {"UserPoolId": "us-east-1_pool", "ClientId": "client"}

    def respond(challenge: str, session: str, said: dict[str, str]) -> dict[str, Any]:
        return {
            **client,
            "ChallengeName": challenge,
            "Session": session,
            "ChallengeResponses": {"USERNAME": "a"} | said,
        }

    sessions = [f"a session of Cognito {number}" for number in range(4)]
    with Stubber(cognito) as stubbed:
        asked = {**client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "a", "PASSWORD": "p"}}
        for method, answer, sent in (
            ("admin_initiate_auth", {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": sessions[0]}, asked),
            (
                "admin_respond_to_auth_challenge",
                {"ChallengeName": "MFA_SETUP", "Session": sessions[1]},
                respond("NEW_PASSWORD_REQUIRED", sessions[0], {"NEW_PASSWORD": "chosen"}),
            ),
            ("associate_software_token", {"SecretCode": "A" * 16, "Session": sessions[2]}, {"Session": sessions[1]}),
            (
                "verify_software_token",
                {"Status": "SUCCESS", "Session": sessions[3]},
                {"Session": sessions[2], "UserCode": "123456"},
            ),
            (
                "admin_respond_to_auth_challenge",
                {"AuthenticationResult": {"IdToken": "a-token"}},
                respond("MFA_SETUP", sessions[3], {}),
            ),
        ):
            stubbed.add_response(method, answer, sent)
        seen: list[str | None] = []

        def code(secret: str | None) -> str:
            seen.append(secret)
            return "123456"

        assert authenticate(stack, "a", "p", lambda: "chosen", code) == "a-token"
        stubbed.assert_no_pending_responses()
    assert seen == ["A" * 16]
