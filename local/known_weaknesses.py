"""Asks PyPI and OSV whether what is shipped has known weaknesses, and says so if they cannot be asked.

``make audit`` runs it. Without a network it ends with status 2, and a line that says that nothing is known; pip-audit
itself then speaks of no known weakness.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local.template import ROOT

PIP_AUDIT = ROOT / ".venv-supply" / "bin" / "pip-audit"
SHIPPED = ROOT / "layers" / "common" / "requirements.txt"
ASK = (str(PIP_AUDIT), "--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off")
SECONDS = 180


def weaknesses(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each known weakness in what pip-audit has found."""
    for package in found["dependencies"]:
        for weakness in package.get("vulns", ()):
            fixed = ", ".join(weakness["fix_versions"]) or "no version yet"
            yield f"{package['name']} {package['version']}: {weakness['id']}, mended in {fixed}"


def not_asked(found: Mapping[str, Any]) -> list[str]:
    """Return the packages that the database could not be asked for."""
    return [package["name"] for package in found["dependencies"] if "skip_reason" in package]


def report(answer: str) -> tuple[Sequence[str], int]:
    """Return what to tell, and the status to end with.

    Args:
        answer: what pip-audit has written, nothing if it could not ask.
    """
    try:
        found = json.loads(answer)
    except ValueError:
        return ["The database of weaknesses cannot be reached from here: nothing is known, good or bad."], 2
    if known := list(weaknesses(found)):
        return known, 1
    if skipped := not_asked(found):
        return [f"The database of weaknesses cannot be asked from here for {', '.join(skipped)}."], 2
    return [f"No weakness is known in {len(found['dependencies'])} packages."], 0


def main() -> int:
    """Ask, and tell."""
    try:
        asked = subprocess.run(  # noqa: S603
            [*ASK, "--requirement", SHIPPED], capture_output=True, text=True, timeout=SECONDS, check=False
        )
        answer = asked.stdout
    except subprocess.TimeoutExpired:
        answer = ""
    lines, status = report(answer)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return status


if __name__ == "__main__":
    sys.exit(main())
