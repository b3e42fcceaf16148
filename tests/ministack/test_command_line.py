"""Every command of ``python -m local`` does on the running practice what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from local.command_line import app
from local.commands.invoke import WAYS, On
from local.openapi import openapi
from local.running import EVENTS
from local.sam.container import has_image, image
from local.sample_practice import DOCUMENTED_IDS
from local.samples.catalogue import SAMPLES
from local.stack import PracticeStack
from local.template import ROOT
from tests.ministack import commands
from tests.ministack.commands import Going

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return partial(commands.run, folder)


def test_status_tells_the_address_and_counts_every_practice(deployed: PracticeStack, run: Run) -> None:
    told = run("status").output
    assert deployed.deployed.api_url in told
    assert deployed.practice.provider_id in told
    assert "active" in told


def test_a_call_prints_the_answer_alone(run: Run) -> None:
    answer = json.loads(run("call", "get", "/clients?status=active&limit=1").stdout)
    assert [client["status"] for client in answer["clients"]] == ["active"]


def test_a_call_with_a_body_sends_it(run: Run) -> None:
    answer = json.loads(run("call", "POST", "/groups", "--json", '{"name": "Evening Yoga"}').stdout)
    assert answer["name"] == "Evening Yoga"


def test_a_call_that_is_refused_ends_with_status_1(run: Run) -> None:
    result = run("call", "GET", "/clients/nobody", ends_with=1)
    assert json.loads(result.stdout)["type"].endswith("ClientNotFound")
    assert result.stderr == "404 Not Found\n"


def test_a_body_that_is_no_json_is_a_mistake_of_usage(run: Run) -> None:
    assert "--json" in run("call", "POST", "/groups", "--json", "{", ends_with=2).stderr


def test_a_member_of_staff_reads_and_may_not_write(run: Run) -> None:
    run("call", "GET", "/settings", "--as", "reader")
    refused = run("call", "PATCH", "/settings", "--json", "{}", "--as", "reader", ends_with=1)
    assert json.loads(refused.stdout)["type"].endswith("NotPermitted")


def test_a_token_lets_its_bearer_in(deployed: PracticeStack, run: Run) -> None:
    token = run("token", "--as", "archiver").stdout.strip()
    answer = httpx.get(f"{deployed.deployed.api_url}/settings", headers={"Authorization": token}, trust_env=False)
    assert answer.status_code == 200


def test_an_unknown_provider_is_told_who_there_is(deployed: PracticeStack, run: Run) -> None:
    told = run("token", "--provider", "prov-nobody", ends_with=1).stderr
    assert told.startswith("There is no provider prov-nobody. There are: ")
    assert deployed.practice.provider_id in told


ON_AWS = ("--on", "aws")


class TestInvoke:
    def test_a_function_answers(self, run: Run) -> None:
        event = ROOT / "events/scheduled_cleanup.json"
        assert json.loads(run("invoke", "ScheduledCleanup", "--event", str(event), *ON_AWS).stdout) is not None

    def test_the_event_may_come_from_standard_input(self, run: Run) -> None:
        event = (ROOT / "events/practice_settings.json").read_bytes()
        assert json.loads(run("invoke", "practice", "--event", "-", *ON_AWS, input=event).stdout)["statusCode"] == 200

    def test_a_fault_of_the_function_ends_with_status_1(self, run: Run) -> None:
        event = ROOT / "events/mark_archived.json"
        assert "errorType" in run("invoke", "mark_archived", "--event", str(event), *ON_AWS, ends_with=1).stdout

    def test_the_event_is_the_sample_of_that_name_by_default(self, run: Run) -> None:
        assert "groups" in json.loads(run("invoke", "practice_groups", *ON_AWS).stdout)["body"]

    def test_an_unknown_function_is_told_which_there_are(self, run: Run) -> None:
        assert "There are: archive_client, " in run("invoke", "nonsense", ends_with=1).stderr

    @pytest.mark.parametrize("on", WAYS, ids=lambda on: on.value)
    def test_every_way_answers_and_tells_a_fault(self, run: Run, on: On) -> None:
        if lacks := WAYS[on].lacks() or _lacks_image(on):
            pytest.skip(lacks)
        by = ("--event", "-", "--on", on.value)
        event = (ROOT / "events/practice_settings.json").read_bytes()
        assert json.loads(run("invoke", "practice", *by, input=event).stdout)["statusCode"] == 200
        raised = run("invoke", "mark_archived", *by, input=b"{}", ends_with=1)
        assert "errorType" in json.loads(raised.stdout)
        assert raised.stderr.startswith(f"client-archive-mark-archived, {WAYS[on].told}\n")


def _lacks_image(on: On) -> str | None:
    return f"Docker has no image {image()}." if on is On.CONTAINER and not has_image() else None


def test_events_are_written_whose_ids_exist_in_the_state_they_need(run: Run, folder: Path) -> None:
    run("events")
    assert {path.name for path in (folder / EVENTS).iterdir()} == {f"{sample.name}.json" for sample in SAMPLES}
    answer = json.loads(run("invoke", "activate_client", *ON_AWS).stdout)
    assert answer["body"]["client"]["status"] == "active"


def test_a_booking_brings_an_archived_client_back(run: Run) -> None:
    run("call", "POST", f"/clients/{DOCUMENTED_IDS[0]}/archive")
    answer = json.loads(run("book", DOCUMENTED_IDS[0]).stdout)
    assert (answer["answer"], answer["activated"]) == ("accepted", True)


def test_a_booking_that_is_refused_ends_with_status_1(run: Run) -> None:
    refused = run("book", DOCUMENTED_IDS[0], "--in-days", "-1", ends_with=1)
    assert json.loads(refused.stdout)["reason"] == "slot_in_past"


def test_logs_show_what_a_function_logged(run: Run) -> None:
    run("invoke", "clients", "--event", str(ROOT / "events/clients_count.json"), *ON_AWS)
    told = run("logs", "clients").stdout.splitlines()
    assert told
    assert all(re.match(r"\d\d:\d\d:\d\d clients ", line) for line in told)
    assert "REPORT" in told[-1]


def test_tail_shows_events_as_they_happen_and_ends_quietly(run: Run, folder: Path) -> None:
    with Going(folder, "tail") as tail:
        tail.line_with("Following the bus")
        run("call", "POST", f"/clients/{DOCUMENTED_IDS[1]}/archive")
        assert DOCUMENTED_IDS[1] in tail.line_with("client.archived")
        assert tail.stop() == (0, "")


def test_logs_follow_what_is_logged_and_end_quietly(run: Run, folder: Path) -> None:
    with Going(folder, "logs", "practice", "--follow") as logs:
        run("invoke", "practice", "--event", str(ROOT / "events/practice_groups.json"), *ON_AWS)
        logs.line_with("REPORT")
        run("invoke", "practice", "--event", str(ROOT / "events/practice_groups.json"), *ON_AWS)
        logs.line_with("REPORT")
        assert logs.stop() == (0, "")


class TestDocs:
    @pytest.fixture
    def page(self, tmp_path: Path) -> str:
        result = CliRunner().invoke(app, ["--folder", str(tmp_path), "docs", "--no-browser"])
        assert result.exit_code == 0
        return Path(result.stdout.strip()).read_text(encoding="utf-8")

    def test_they_hold_the_whole_description(self, page: str) -> None:
        assert all(f'"{path}"' in page for path in openapi()["paths"])

    def test_they_load_nothing(self, page: str) -> None:
        assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=", page)


class TestWhereNothingRuns:
    def test_one_sentence_says_so(self, tmp_path: Path) -> None:
        result = CliRunner().invoke(app, ["--folder", str(tmp_path), "status"])
        assert (result.exit_code, result.stderr) == (
            1,
            "Nothing is running here. Start it in another terminal: make run\n",
        )

    def test_what_an_ended_practice_left_is_recognised(self, folder: Path, tmp_path: Path) -> None:
        left = json.loads((folder / "practice.json").read_text())
        (tmp_path / "practice.json").write_text(json.dumps({**left, "mark": "another"}))
        result = CliRunner().invoke(app, ["--folder", str(tmp_path), "status"])
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
        assert result.stderr.startswith("What was running here has ended.")
