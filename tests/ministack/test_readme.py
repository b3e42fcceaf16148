"""What the README and the guide for integrators tell people to type does what they say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from client_lifecycle.domain.records import RecordKind
from client_lifecycle.storage.attributes import to_item
from client_lifecycle.storage.keys import Keys
from local.command_line import COMMANDS
from local.sample_practice import PROVIDER_ID
from local.stack import PracticeStack
from local.template import ROOT

SAM = ROOT / ".venv-sam" / "ready"

README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "integrator-guide.md").read_text(encoding="utf-8")
BLOCKS, CALLS = (re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for text in (README, GUIDE))


def script_of(blocks: list[str], folder: Path) -> str:
    """Join blocks to a script that stops at the first failure and finds the practice in this folder."""
    script = "\n".join(blocks).replace("curl ", "curl --silent --show-error --fail-with-body ")
    script = script.replace("-m local ", f"-m local --folder {folder} ").replace(".local/", f"{folder}/")
    return "set -euo pipefail\n" + script.replace(".venv/bin/python", sys.executable)


def run(script: str, **environment: str) -> str:
    known = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **environment}
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, env=known, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def answers(told: str) -> list[dict[str, Any]]:
    """Read the JSON documents that were printed one after the other."""
    found, decoder = [], json.JSONDecoder()
    while told := told[max(told.find("{"), 0) :].strip():
        document, end = decoder.raw_decode(told)
        found.append(document)
        told = told[end:]
    return found


def test_the_calls_of_the_readme_do_what_it_says(folder: Path) -> None:
    told = answers(run(script_of([block for block in BLOCKS if "curl" in block], folder)))
    assert [one["client"]["status"] for one in told if "client" in one] == ["archived", "active"]


def test_the_calls_of_the_guide_do_what_it_says_again_and_again(folder: Path) -> None:
    for _ in range(2):
        told = answers(run(script_of(CALLS, folder)))
        changed = [one["client"]["status"] for one in told if "client" in one and "blocks" not in one]
        assert changed == ["archived", "active", "archived", "active", "active", "archived", "archived"]
        assert [one["activated"] for one in told if "answer" in one] == [True, True]
        [checked] = [one for one in told if "refused" in one]
        assert [refused["client_id"] for refused in checked["refused"]] == ["client-0004"]
        runs = [(one["kind"], one["state"]) for one in told if "kind" in one and "counts" in one]
        assert runs[0] == ("archive", "awaiting_confirmation")
        assert {("archive", "completed"), ("undo", "completed"), ("archive", "stopped")} <= set(runs)
        members = [client for one in told if "kind" not in one for client in one.get("clients", [])]
        assert {client["outcome"] for client in members if "outcome" in client} == {"archived"}


def test_one_line_in_another_terminal_shows_a_running_lambda(folder: Path) -> None:
    [block] = [block for block in BLOCKS if "invoke archive_client" in block]
    [answer] = answers(run(script_of([block], folder)))
    assert answer["body"]["client"]["status"] == "archived"


def test_the_call_of_the_document_on_records_is_signed_and_stored(deployed: PracticeStack, folder: Path) -> None:
    document = (ROOT / "docs" / "records.md").read_text(encoding="utf-8")
    [block] = [block for block in re.findall(r"```sh\n(.*?)```", document, re.DOTALL) if "curl" in block]
    try:
        [answer] = answers(run(script_of([block], folder)))
        assert [one["outcome"] for one in answer["results"]] == ["stored"]
        [again] = answers(run(script_of([block], folder)))
        assert [one["outcome"] for one in again["results"]] == ["unchanged"]
    finally:
        key = Keys(PROVIDER_ID).record("client-0003", RecordKind.DOCUMENT, "doc-1")
        deployed.aws.dynamodb.delete_item(TableName=deployed.table.name, Key=to_item(key))


@pytest.mark.skipif(not SAM.exists(), reason="the SAM CLI is not installed here: make .venv-sam/ready")
def test_the_sam_cli_works_without_docker(folder: Path) -> None:
    [block] = [block for block in BLOCKS if "sam remote invoke" in block]
    told = run(script_of([block.replace("make ", "# ")], folder))
    assert "client-archive-mark-archived" in told
    assert '"marked": [{"client_id": ' in told
    assert "REPORT RequestId: " in told


def test_every_command_the_readme_lists_exists_and_every_command_is_listed() -> None:
    listed = re.findall(r"^\| `([a-z]+)", README, re.MULTILINE)
    assert set(listed) == {command.__name__ for command in COMMANDS}


def test_every_file_the_readme_links_to_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_make_target_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", README)) - {"alone"} <= targets
