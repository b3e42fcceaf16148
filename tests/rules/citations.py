"""What docs/rules.md says of each rule: its number, and the tests that it cites as proof."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local.template import ROOT


@dataclass(frozen=True, slots=True, order=True)
class Cited:
    """A test that is cited, by file and function."""

    file: str
    name: str


def cited() -> Mapping[str, Sequence[Cited]]:
    """The tests that docs/rules.md cites, by rule, in its order."""
    rows = re.findall(r"^\| ([A-Z]\d+) \|.*\| (.*) \|$", (ROOT / "docs" / "rules.md").read_text(encoding="utf-8"), re.M)
    return {rule: [Cited(*test) for test in re.findall(r"`([^`]+)::([^`]+)`", cell)] for rule, cell in rows}


def in_process(tests: Sequence[Cited]) -> list[Cited]:
    """Those of the tests that call the code in their own process, the fastest first."""
    return [test for folder in ("tests/unit/", "tests/moto/") for test in tests if test.file.startswith(folder)]
