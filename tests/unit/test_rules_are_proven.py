"""docs/rules.md names a test for every rule, and every test it names exists."""

from __future__ import annotations

import ast
import re

import pytest

from local.template import ROOT

RULES = [
    *(f"E{n}" for n in range(1, 12)),
    *(f"P{n}" for n in range(1, 13)),
    *(f"A{n}" for n in range(1, 11)),
    "T1",
    "T2",
    *(f"S{n}" for n in range(1, 4)),
]
ROWS = re.findall(r"^\| ([A-Z]\d+) \|.*\| (.*) \|$", (ROOT / "docs" / "rules.md").read_text(encoding="utf-8"), re.M)
PROOFS = {rule: re.findall(r"`([^`]+)::([^`]+)`", cell) for rule, cell in ROWS}


def test_every_rule_is_in_the_table() -> None:
    assert [rule for rule, _ in ROWS] == RULES


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_proven_by_tests_that_exist(rule: str) -> None:
    assert PROOFS[rule]
    for file, name in PROOFS[rule]:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, file


def test_the_permission_table_is_tried_for_every_rule() -> None:
    source = (ROOT / "tests" / "unit" / "test_policy.py").read_text(encoding="utf-8")
    assert {f"P{n}" for n in range(1, 13)} == set(re.findall(r'\("(P\d+)", A\.', source))
