"""docs/rules.md names tests for every rule, each of them exists, and every rule has mutations that they can catch."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest

from local.template import ROOT
from tests.rules.citations import cited, in_process
from tests.rules.mutation import DoesNotApply, Mutation
from tests.rules.mutations import MUTATIONS

RULES = [
    *(f"E{n}" for n in range(1, 12)),
    *(f"P{n}" for n in range(1, 13)),
    *(f"A{n}" for n in range(1, 12)),
    "M1",
    "T1",
    "T2",
    *(f"S{n}" for n in range(1, 4)),
    *(f"I{n}" for n in range(1, 20)),
]
PROOFS = cited()


def test_every_rule_is_in_the_table() -> None:
    assert list(PROOFS) == RULES


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_proven_by_tests_that_exist(rule: str) -> None:
    assert in_process(PROOFS[rule])
    for test in PROOFS[rule]:
        tree = ast.parse((ROOT / test.file).read_text(encoding="utf-8"))
        assert test.name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, test.file


def test_the_permission_table_is_tried_for_every_rule() -> None:
    source = (ROOT / "tests" / "unit" / "test_policy.py").read_text(encoding="utf-8")
    assert {f"P{n}" for n in range(1, 13)} == set(re.findall(r'\("(P\d+)", A\.', source))


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_mutations(rule: str) -> None:
    """``make check-rules`` makes them, and shows that a cited test fails."""
    assert [mutation for mutation in MUTATIONS if mutation.rule == rule]


def test_every_mutation_is_of_a_rule_and_applies_to_the_code_as_it_is() -> None:
    for mutation in MUTATIONS:
        assert mutation.rule in RULES
        mutation.check()


def test_a_mutation_is_told_from_any_other() -> None:
    told = [(mutation.rule, mutation.what) for mutation in MUTATIONS]
    assert len(told) == len(set(told))


@pytest.mark.parametrize("old", ["no such text", "Action."])
def test_a_mutation_whose_text_is_not_there_once_does_not_apply(old: str) -> None:
    with pytest.raises(DoesNotApply):
        Mutation("P1", "nothing", "client_lifecycle.domain.policy", old, "").check()


TRIED = """
from tests.rules.check import check
from tests.rules.citations import Cited
from tests.rules.mutation import Mutation

POLICY = "client_lifecycle.domain.policy"
CITED = {"P12": [Cited("tests/unit/test_policy.py", "test_p12_buying_a_package_does_not_activate")]}
MUTATIONS = [
    Mutation("P12", "buying activates", POLICY, "refusal is None and action is Action.BOOK_APPOINTMENT", "True"),
    Mutation("P12", "signing in is not in the table", POLICY, 'SIGN_IN = "sign_in"', 'SIGN_IN = "sign_on"'),
    Mutation("P12", "the text is another by now", POLICY, "no such text", ""),
    Mutation("P12", "the module cannot be imported", POLICY, "TABLE: Mapping", "TABLE: Mapping = UNKNOWN; X: Mapping"),
]
for tried in check(MUTATIONS, CITED, at_a_time=1):
    print(tried.mutation and tried.mutation.what, "|", tried.finding.verdict, "|", tried.is_as_it_should_be)
"""


def test_what_is_caught_survives_or_cannot_be_tried_is_told_apart() -> None:
    done = subprocess.run([sys.executable, "-c", TRIED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "None | survived | True",
        "buying activates | caught | True",
        "signing in is not in the table | survived | False",
        "the text is another by now | does not apply | False",
        "the module cannot be imported | does not run | False",
    ]
