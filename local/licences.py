"""Writes docs/licences.md: what the Lambda layer ships, in which version, under which licence.

``python -m local.licences`` writes it; a test fails when it is out of date.
"""

from __future__ import annotations

import re
from importlib.metadata import metadata
from pathlib import Path

from local.known_weaknesses import SHIPPED
from local.template import ROOT

TARGET = ROOT / "docs" / "licences.md"
HEAD = """# Licences

What the Lambda layer ships, from `layers/common/requirements.txt`. `make sbom` writes the same as a bill of materials
(CycloneDX), with the hash of each file.
Written by `.venv/bin/python -m local.licences`.

| package | version | licence |
|---|---|---|
"""


def shipped(requirements: Path = SHIPPED) -> dict[str, str]:
    """Return the packages of the layer with their versions."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", requirements.read_text(encoding="utf-8"), re.MULTILINE))


def licence(package: str) -> str:
    """Return a package's licence, as its own metadata has it."""
    told = metadata(package)
    classified = [one.rpartition(" :: ")[2] for one in told.get_all("Classifier") or [] if one.startswith("License ::")]
    expressed = [*(told.get_all("License-Expression") or []), *classified, *(told.get_all("License") or [])]
    return str(expressed[0]).partition("\n")[0] if expressed else "unknown"


def text() -> str:
    """Return the page as it is checked in."""
    return HEAD + "".join(f"| {name} | {version} | {licence(name)} |\n" for name, version in shipped().items())


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
