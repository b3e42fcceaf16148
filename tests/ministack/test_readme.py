"""Whatever the README tells people to type does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from local.stack import PracticeStack
from local.template import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_call_of_the_readme_succeeds(deployed: PracticeStack, tmp_path: Path) -> None:
    calls = "".join(block for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) if "curl" in block)
    calls = calls.replace("curl ", "curl --silent --show-error --fail-with-body ")
    script = "set -euo pipefail\n" + calls.replace(".venv/bin/python", sys.executable)
    environment = {
        "PATH": os.environ["PATH"],
        "API": deployed.deployed.api_url,
        "TOKEN": deployed.api.token,
        "BOOKING_SECRET": deployed.booking_secret,
    }
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.replace(": ", ":")
    assert '"status":"archived"' in said
    assert '"answer":"accepted","activated":true' in said


def test_every_file_the_readme_links_to_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_make_target_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", README)) - {"alone"} <= targets
