"""The operators' commands on the deployed system, and every command that the runbook and the guides name."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from local.deploy import PARAMETERS
from local.ministack import CONFIG
from local.stack import PracticeStack
from local.template import ROOT
from operations.command_line import COMMANDS
from operations.stack import find_stack
from tests.ministack.operating import OPERATE, commands_in, operate, shell_of


@pytest.fixture
def resumed(deployed: PracticeStack) -> Iterator[None]:
    """Whatever a test does, the system works afterwards."""
    yield
    operate(deployed.aws, "resume")


def test_raised_alarms_are_shown_with_what_they_say(deployed: PracticeStack) -> None:
    cloudwatch = deployed.aws.session.client("cloudwatch", endpoint_url=deployed.aws.endpoint, config=CONFIG)
    with shell_of(deployed.aws):
        physical = find_stack("client-archive").resources["RunsBroken"]
    cloudwatch.set_alarm_state(AlarmName=physical, StateValue="ALARM", StateReason="a test")
    told = operate(deployed.aws, "alarms")
    assert "RunsBroken" in told
    assert "ended without a verdict" in told
    cloudwatch.set_alarm_state(AlarmName=physical, StateValue="OK", StateReason="a test")
    assert "RunsBroken" not in operate(deployed.aws, "alarms")
    assert "RunsBroken" in operate(deployed.aws, "alarms", "--all")


def test_an_alarm_reaches_those_who_subscribed_to_its_topic(
    deployed: PracticeStack, outputs: dict[str, str], sqs: Any
) -> None:
    session, endpoint = deployed.aws.session, deployed.aws.endpoint
    sns = session.client("sns", endpoint_url=endpoint, config=CONFIG)
    cloudwatch = session.client("cloudwatch", endpoint_url=endpoint, config=CONFIG)
    url = sqs.create_queue(QueueName="on-call")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    may_send = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = {"Version": "2012-10-17", "Statement": [may_send]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(TopicArn=outputs["AlarmTopicArn"], Protocol="sqs", Endpoint=arn)
    with shell_of(deployed.aws):
        alarm = find_stack("client-archive").resources["EventsLate"]
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="a test")
    [told] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    assert alarm in told["Body"]
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="a test")


def test_an_unknown_stack_or_function_is_told_in_a_sentence(deployed: PracticeStack) -> None:
    assert "There is no stack other" in operate(deployed.aws, "--stack", "other", "alarms", ends_with=1)
    assert "There is no function Other" in operate(deployed.aws, "errors", "Other", ends_with=1)


def test_a_paused_system_does_nothing_until_it_is_resumed(deployed: PracticeStack, resumed: None) -> None:
    """On AWS that is true of a function's versions too; the versions of MiniStack 1.5 run on."""
    lambda_ = deployed.aws.lambda_
    name = "client-archive-booking-hook"
    lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=7)
    assert "would stop" in operate(deployed.aws, "pause", "--dry-run")
    assert deployed.api.get("/client-counts")
    operate(deployed.aws, "pause")
    operate(deployed.aws, "pause")
    with pytest.raises(lambda_.exceptions.TooManyRequestsException):
        lambda_.invoke(FunctionName="client-archive-clients")
    operate(deployed.aws, "resume")
    assert lambda_.invoke(FunctionName="client-archive-clients", Payload=b"{}")["StatusCode"] == 200
    assert lambda_.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 7
    assert "ReservedConcurrentExecutions" not in lambda_.get_function_concurrency(FunctionName="client-archive-clients")
    lambda_.delete_function_concurrency(FunctionName=name)


def test_resume_enables_the_reader_of_the_stream_and_the_clock(deployed: PracticeStack, resumed: None) -> None:
    lambda_ = deployed.aws.lambda_
    with shell_of(deployed.aws):
        mapping = find_stack("client-archive").resources["PublishEventsStream"]
    lambda_.update_event_source_mapping(UUID=mapping, Enabled=False)
    operate(deployed.aws, "clean-up")
    assert "nobody reads the table's stream" in operate(deployed.aws, "errors", "ScheduledCleanup", "--minutes", "5")
    operate(deployed.aws, "resume")
    assert lambda_.get_event_source_mapping(UUID=mapping)["State"] == "Enabled"


def test_a_member_of_staff_is_invited_and_signs_in_with_a_new_password(deployed: PracticeStack) -> None:
    email, provider = "first@example.org", deployed.practice.provider_id
    operate(deployed.aws, "add-staff", email, "--provider", provider, "--role", "archiver", "--name", "Fay First")
    assert "There is a user" in operate(deployed.aws, "add-staff", email, "--provider", provider, ends_with=1)
    mailed, chosen = "Mailed-password-1", "Chosen-password-2"
    deployed.aws.cognito.admin_set_user_password(
        UserPoolId=deployed.deployed.user_pool_id, Username=email, Password=mailed, Permanent=False
    )
    token = operate(deployed.aws, "sign-in", email, typed=f"{mailed}\n{chosen}\n{chosen}\n").split()[-1]
    answer = httpx.get(f"{deployed.api.base_url}/client-counts", headers={"Authorization": token}, trust_env=False)
    assert answer.json() == deployed.api.get("/client-counts")
    me = httpx.get(f"{deployed.api.base_url}/me", headers={"Authorization": token}, trust_env=False).json()
    assert (me["name"], me["roles"], me["practice"]["provider_id"]) == ("Fay First", ["client-archivers"], provider)


def test_who_has_left_has_one_token_until_it_expires_and_gets_no_other(deployed: PracticeStack) -> None:
    """docs/privacy.md says so; the deployed system's tokens are good for an hour, those of AWS for 15 minutes."""
    cognito, told = deployed.aws.cognito, deployed.deployed
    email, password = "leaves@example.org", "Chosen-password-3"
    operate(deployed.aws, "add-staff", email, "--provider", deployed.practice.provider_id)
    cognito.admin_set_user_password(UserPoolId=told.user_pool_id, Username=email, Password=password, Permanent=True)

    def sign_in() -> Any:
        return cognito.admin_initiate_auth(
            UserPoolId=told.user_pool_id,
            ClientId=told.user_pool_client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )["AuthenticationResult"]

    tokens = sign_in()
    claims = json.loads(urlsafe_b64decode(tokens["IdToken"].split(".")[1] + "=="))
    assert claims["exp"] - claims["iat"] == 60 * int(PARAMETERS["TokenMinutes"])

    def status() -> int:
        headers = {"Authorization": tokens["IdToken"]}
        return httpx.get(f"{deployed.api.base_url}/client-counts", headers=headers, trust_env=False).status_code

    assert status() == 200
    operate(deployed.aws, "remove-staff", email)
    assert status() == 200
    with pytest.raises(cognito.exceptions.NotAuthorizedException):
        sign_in()
    again = {"REFRESH_TOKEN": tokens["RefreshToken"]}
    with pytest.raises(cognito.exceptions.NotAuthorizedException):
        cognito.initiate_auth(ClientId=told.user_pool_client_id, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=again)
    assert "There is no user" in operate(deployed.aws, "remove-staff", "nobody@example.org", ends_with=1)


def test_a_password_alone_signs_nobody_in_from_outside(deployed: PracticeStack) -> None:
    said = {"USERNAME": "anybody@example.org", "PASSWORD": "Chosen-password-3"}
    with pytest.raises(ClientError, match="not enabled"):
        deployed.aws.cognito.initiate_auth(
            ClientId=deployed.deployed.user_pool_client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=said
        )


def test_a_provider_s_secret_is_made_and_renewed(deployed: PracticeStack) -> None:
    secrets = [operate(deployed.aws, "add-provider", "prov-new").strip() for _ in range(2)]
    assert len(set(secrets)) == 2
    name = "/client-archive/bookings/prov-new"
    versions = deployed.aws.ssm.get_parameter_history(Name=name, WithDecryption=True)["Parameters"]
    assert [version["Value"] for version in versions] == secrets


def test_a_source_s_secret_is_made_as_standard_webhooks_has_it(deployed: PracticeStack) -> None:
    secret = operate(deployed.aws, "add-source", "prov-new", "calendar").strip()
    parameter = deployed.aws.ssm.get_parameter(Name="/client-archive/records/prov-new/calendar", WithDecryption=True)
    assert parameter["Parameter"]["Value"] == secret
    assert len(b64decode(secret.removeprefix("whsec_"), validate=True)) == 32


def test_the_smoke_test_goes_through_the_system_as_often_as_it_is_asked(deployed: PracticeStack) -> None:
    for _ in range(2):
        told = operate(deployed.aws, "smoke")
        assert told.count("✓") == 8
    users = deployed.aws.cognito.list_users(UserPoolId=deployed.deployed.user_pool_id)["Users"]
    emails = [one["Value"] for user in users for one in user["Attributes"] if one["Name"] == "custom:provider_id"]
    assert "smoke-test" not in emails


def test_a_broken_system_fails_the_smoke_test(deployed: PracticeStack, resumed: None) -> None:
    operate(deployed.aws, "pause")
    operate(deployed.aws, "smoke", ends_with=1)


def test_the_guide_leads_to_the_first_archived_client(deployed: PracticeStack, tmp_path: Path) -> None:
    """What stands under “The first practice”, as it stands there; the password comes from the test and not by mail."""
    guide = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
    section = guide.partition("## The first practice")[2].partition("\n## ")[0]
    invite, keep, secret, archive = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="utf-8")
    python.chmod(0o700)

    def run(script: str, typed: str = "") -> str:
        with shell_of(deployed.aws):
            environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(
            ["bash", "-euc", script.replace("curl ", "curl --fail-with-body --silent --show-error ")],
            cwd=tmp_path,
            env=environment,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,  # without a terminal, passwords are read from here
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "is invited" in run(invite)
    assert "ada@example.org" not in run(keep)
    assert run(secret).strip()
    mailed, chosen = "Mailed-password-1", "Chosen-password-2"
    deployed.aws.cognito.admin_set_user_password(
        UserPoolId=deployed.deployed.user_pool_id, Username="ada@example.org", Password=mailed, Permanent=False
    )
    told = run(archive, f"{mailed}\n{chosen}\n{chosen}\n")
    assert '"status": "archived"' in told or '"status":"archived"' in told


@pytest.mark.usefixtures("secrets_put_back")
def test_every_command_of_the_runbook_runs(deployed: PracticeStack, resumed: None) -> None:
    """This stack delivers to nobody and says so; test_delivered_events has one that does."""
    commands = {tuple(command) for command in commands_in("runbook.md")}
    assert len(commands) > 15
    for command in sorted(commands):
        operate(deployed.aws, *command, ends_with=1 if "deliveries" in command else 0)


def test_every_command_that_a_document_names_exists() -> None:
    names = {command.__name__.replace("_", "-") for command in COMMANDS}
    named = {
        match
        for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
        for match in re.findall(rf"{OPERATE} (?:--stack \S+ )?([a-z][a-z-]+)", document.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= names
