"""``up`` starts a practice that other terminals find, and with ``--keep`` continues where it was stopped."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.functions import functions
from local.running import ENVIRONMENT, EVENTS, PRACTICE, is_running
from local.sample_practice import DOCUMENTED_IDS, PROVIDER_ID
from local.samples.catalogue import SAMPLES
from tests.ministack.commands import STOP_SECONDS, Going, run

STARTED = "Ctrl-C stops everything."
LISTS_FUNCTIONS = "import boto3; print(len(boto3.client('lambda').list_functions()['Functions']))"


def up(folder: Path, port: str) -> Going:
    return Going(folder, "up", "--keep", "--clients", "10", "--port", port)


@pytest.fixture(scope="module")
def port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("local")


@pytest.fixture(scope="module")
def practice(folder: Path, port: str) -> Iterator[Going]:
    with up(folder, port) as practice:
        told = practice.lines_until(STARTED)
        assert {function.name for function in functions()} <= {line.split()[0] for line in told if line.split()}
        yield practice


def status(folder: Path, client_id: str, provider_id: str = PROVIDER_ID) -> str:
    client = json.loads(run(folder, "call", "GET", f"/clients/{client_id}", "--provider", provider_id).stdout)
    return str(client["status"])


def wait_until_nothing_runs(folder: Path) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while is_running(folder):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.usefixtures("practice")
class TestWhileItRuns:
    def test_its_files_are_for_their_owner_alone(self, folder: Path) -> None:
        assert {(folder / name).stat().st_mode & 0o777 for name in (PRACTICE, ENVIRONMENT)} == {0o600}

    def test_there_is_an_event_for_every_sample(self, folder: Path) -> None:
        assert len(list((folder / EVENTS).iterdir())) == len(SAMPLES)

    def test_one_line_of_shell_points_tools_at_it(self, folder: Path) -> None:
        script = f'''
            . {folder / ENVIRONMENT}
            {sys.executable} -c "{LISTS_FUNCTIONS}"
            curl --silent --fail --header "Authorization: $TOKEN" $API/settings
        '''
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "AWS_PROFILE": "somebody-elses"}
        done = subprocess.run(["bash", "-euc", script], env=environment, capture_output=True, text=True, check=True)
        count, settings = done.stdout.split("\n", 1)
        assert int(count) == len(functions()) + 1, "and the one that publishes the console"
        assert "undo_window_days" in json.loads(settings)

    def test_a_second_one_is_refused(self, folder: Path) -> None:
        assert run(folder, "up", ends_with=1).stderr.startswith("A practice is running here already.")

    def test_seed_opens_another_practice_and_reset_makes_all_of_them_new(self, folder: Path) -> None:
        run(folder, "seed", "--clients", "12")
        run(folder, "seed", "--provider", "prov-0002", ends_with=1)
        for provider_id in (PROVIDER_ID, "prov-0002"):
            run(folder, "call", "POST", f"/clients/{DOCUMENTED_IDS[0]}/archive", "--provider", provider_id)
        run(folder, "reset")
        assert {status(folder, DOCUMENTED_IDS[0], who) for who in (PROVIDER_ID, "prov-0002")} == {"active"}
        counts = json.loads(run(folder, "call", "GET", "/client-counts", "--provider", "prov-0002").stdout)
        assert sum(counts.values()) == 12
        assert json.loads(run(folder, "invoke", "archive_client").stdout)["statusCode"] == 200


def test_kept_state_is_started_at_its_own_port_or_not_at_all(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        (tmp_path / f"kept-{port}").mkdir()
        told = run(tmp_path, "up", "--keep", "--port", str(port), ends_with=1).stderr
    assert told == f"Port {port} is taken by another program, and the state that is kept needs it.\n"


def test_what_was_done_is_kept_even_if_up_is_killed_and_events_flow_again(
    practice: Going, folder: Path, port: str
) -> None:
    run(folder, "call", "POST", f"/clients/{DOCUMENTED_IDS[1]}/archive")
    practice.stop(signal.SIGKILL)
    wait_until_nothing_runs(folder)
    assert run(folder, "status", ends_with=1).stderr.startswith("What was running here has ended.")
    with up(folder, port) as again:
        again.line_with(STARTED)
        assert status(folder, DOCUMENTED_IDS[1]) == "archived"
        with Going(folder, "tail") as tail:
            tail.line_with("Following the bus")
            run(folder, "call", "POST", f"/clients/{DOCUMENTED_IDS[1]}/activate")
            assert DOCUMENTED_IDS[1] in tail.line_with("client.activated")
        assert again.stop() == (0, "")
    assert not (folder / PRACTICE).exists()
