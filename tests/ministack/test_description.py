"""The deployed API keeps to its description: Schemathesis asks it, with all its checks, and finds no fault.

``make fuzz`` asks more, by ``FUZZ_EXAMPLES`` for each operation and with the seed ``FUZZ_SEED``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.faults import function_faults
from local.openapi import TARGET
from local.stack import PracticeStack, practice_stack
from local.template import ROOT

HERE = Path(__file__).parent / "description"
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "2")
SEED = os.environ.get("FUZZ_SEED", "1")
LEAST_CASES = 1_500
TOKEN_SECONDS = 3_600
"""How long a token is good for; whatever is asked later is refused, which proves nothing."""


@pytest.fixture(scope="module")
def practice() -> Iterator[PracticeStack]:
    """A deployed system of its own: what is asked for changes and archives at will."""
    with practice_stack(clients=60) as stack:
        yield stack


def ask(practice: PracticeStack, folder: Path) -> tuple[dict[str, Any], str]:
    """Ask the API; return Schemathesis's report, and what it says for people."""
    told = folder / "report.json"
    command: list[str | Path] = [
        *(SCHEMATHESIS, f"--config-file={HERE / 'schemathesis.toml'}", "run", TARGET, f"--url={practice.api.base_url}"),
        *("--checks=all", f"--max-examples={EXAMPLES}", f"--seed={SEED}", "--continue-on-failure"),
        *("--no-shrink", "--no-color", f"--report-json-path={told}"),
    ]
    environment = {
        "STAFF_TOKEN": practice.api.token,
        "BOOKING_SECRET": practice.booking_secret,
        "SCHEMATHESIS_HOOKS": "tests.ministack.description.hooks",
        "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": "0",
        "PATH": os.environ["PATH"],
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return json.loads(told.read_text(encoding="utf-8")), done.stdout + done.stderr


def test_the_deployed_api_keeps_to_its_description(practice: PracticeStack, tmp_path: Path) -> None:
    report, words = ask(practice, tmp_path)
    words = "\n".join([words, *function_faults(practice.aws)])
    print(report["test_cases"], report["running_time"])
    assert report["complete"], words
    assert report["running_time"] < TOKEN_SECONDS
    assert (report["failures"], report["errors"]) == ([], []), words
    assert report["operations"]["tested"] == report["operations"]["total"], words
    assert report["test_cases"]["generated"] >= LEAST_CASES
