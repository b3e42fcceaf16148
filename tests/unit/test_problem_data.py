"""Every fault and every field at fault has a code, and the data of its sentence as the API's description types it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from client_lifecycle.domain import errors
from client_lifecycle.domain.errors import InvalidRequest, LifecycleError
from client_lifecycle.domain.records import PaymentStatus
from client_lifecycle.domain.safety import assess
from client_lifecycle.domain.settings import Level, ProviderSettings, SafetyRule, SafetySettings
from client_lifecycle.edge.field_errors import FieldError, Misfit
from client_lifecycle.edge.http import FAULTS_OF
from client_lifecycle.edge.problem_data import DATA_OF, data_of
from local.openapi import TARGET
from local.template import ROOT
from tests.support.builders import NOW, appointment, client, payment

SOURCES = [*(ROOT / "layers").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
BEFORE_USE_CASES = [path for path in SOURCES if "functions" in path.parts or "edge" in path.parts]
DESCRIPTION = json.loads(TARGET.read_text(encoding="utf-8"))
FAULTS: dict[str, type[LifecycleError]] = {
    name: one for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, LifecycleError)
}
BY_ITSELF: dict[type[LifecycleError], set[str]] = {errors.UnreadableRecord: {"unreadable"}}
"""Faults that gather their data themselves."""


def calls(paths: list[Path]) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call by a bare name in these files, with where it is."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


RAISED = [(place, FAULTS[call.func.id], call) for place, call in calls(SOURCES) if call.func.id in FAULTS]  # type: ignore[attr-defined]


def test_every_fault_tells_what_its_model_says_and_nothing_else() -> None:
    assert len(RAISED) > 60
    for place, fault, call in RAISED:
        told = {one.arg for one in call.keywords if one.arg} - {"code"}
        assert told <= data_of(fault).model_fields.keys(), place


@pytest.mark.parametrize("fault", DATA_OF, ids=lambda fault: fault.__name__)
def test_every_model_of_data_is_filled_where_its_fault_is_raised(fault: type[LifecycleError]) -> None:
    wanted = {name for name, one in data_of(fault).model_fields.items() if one.is_required()}
    for place, raised, call in RAISED:
        told = {one.arg for one in call.keywords} | BY_ITSELF.get(fault, set())
        assert raised is not fault or None in told or wanted <= told, place


def test_what_is_wrong_with_a_request_has_a_code_of_its_own() -> None:
    codes = {
        keyword.value.value
        for place, fault, call in RAISED
        if fault is InvalidRequest
        for keyword in call.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    }
    assert len(codes) >= 12
    for place, fault, call in RAISED:
        assert fault is not InvalidRequest or "code" in {one.arg for one in call.keywords}, place


def test_what_bodies_refuse_by_rules_of_ours_has_a_code() -> None:
    """A ``ValueError`` of a validator would be told as ``value_error``, which says nothing."""
    names = [(place, call.func.id) for place, call in calls(BEFORE_USE_CASES)]  # type: ignore[attr-defined]
    assert [name for _, name in names].count("Misfit") >= 15
    assert not [place for place, name in names if name == "ValueError" and "environment" not in place]


@pytest.mark.parametrize("fault", DATA_OF, ids=lambda fault: fault.__name__)
def test_the_description_types_the_data_wherever_the_fault_may_be_met(fault: type[LifecycleError]) -> None:
    met = [told for told in answers() if fault.__name__ in told["code"]["enum"]]
    assert met or not any(fault in faults for faults in FAULTS_OF.values())
    for told in met:
        for member in data_of(fault).model_fields:
            *_, model, _, name = told[member]["$ref"].split("/")
            assert name == member
            assert member in DESCRIPTION["components"]["schemas"][model]["properties"]


def answers() -> Iterator[dict[str, Any]]:
    """Yield what each problem of each operation may tell beside what every problem does."""
    for operations in DESCRIPTION["paths"].values():
        for operation in operations.values():
            for answer in operation["responses"].values():
                if problem := answer.get("content", {}).get("application/problem+json"):
                    yield problem["schema"]["allOf"][1]["properties"]


def test_every_problem_of_the_gateway_has_its_code() -> None:
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    types = template.count("urn:client-archive:problem:")
    assert types == template.count('"code":"') > 10


# Rules


@pytest.mark.parametrize("level", [Level.WARN, Level.BLOCK])
@pytest.mark.parametrize("rule", SafetyRule)
def test_every_safety_rule_tells_its_numbers(rule: SafetyRule, level: Level) -> None:
    """Which number it is, each rule decides; one that tells none has no sentence in any language."""
    settings = ProviderSettings(safety=replace(SafetySettings(), **{rule.value: level}))
    who, charging = client(owed_cents=250, credit_cents=500), payment(status=PaymentStatus.CHARGING)
    [found] = assess(who, [appointment(), charging], settings, NOW).found
    assert (found.rule, found.level) == (rule, level)
    assert found.amount or found.records
    assert len(found.records) == found.total
    assert all(record.label for record in found.records)


# Fields at fault


def test_a_fault_of_form_tells_its_limit_and_never_what_was_sent() -> None:
    context = {"max_length": 200, "actual_length": 201, "tag": "Ada Lee", "error": ValueError("Ada Lee")}
    told = FieldError.of({"type": "string_too_long", "msg": "too long", "ctx": context}, "name")
    assert (told.code, told.data) == ("string_too_long", {"max_length": 200, "actual_length": 201})


def test_a_fault_by_a_rule_of_ours_tells_that_rule() -> None:
    misfit = Misfit("too_many_words", "a name has at most 9 words", most_words=9)
    told = FieldError.of({"type": "value_error", "msg": "Value error, a name", "ctx": {"error": misfit}}, "name")
    assert (told.code, told.data) == ("too_many_words", {"most_words": 9})
