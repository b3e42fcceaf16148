"""What runs a function that is invoked from the command line, and what counts as its failing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from local.commands import invoke
from local.commands.invoke import WAYS, On, first_here
from local.invoking import Invocation


@pytest.mark.parametrize(
    ("here", "taken"),
    [
        ({On.CONTAINER, On.EMULATOR, On.AWS}, On.CONTAINER),
        ({On.EMULATOR, On.AWS}, On.EMULATOR),
        ({On.AWS}, On.AWS),
    ],
)
def test_the_way_nearest_to_lambda_that_the_machine_has_all_for_is_taken(
    monkeypatch: pytest.MonkeyPatch, here: set[On], taken: On
) -> None:
    def lacks(on: On) -> Callable[[], str | None]:
        return lambda: None if on in here else "Something."

    for on, way in WAYS.items():
        monkeypatch.setitem(invoke.WAYS, on, replace(way, lacks=lacks(on)))
    assert first_here() is taken


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, False),
        ({"statusCode": 404, "body": "{}"}, False),
        ({"statusCode": 500, "body": "{}"}, True),
        ({"batchItemFailures": []}, False),
        ({"batchItemFailures": [{"itemIdentifier": "1"}]}, True),
        ({"errorType": "ValueError", "errorMessage": "no"}, True),
        ({"state": "completed"}, False),
    ],
)
def test_an_error_a_server_fault_and_what_is_left_undone_are_failures(answer: Any, failed: bool) -> None:
    assert Invocation.judged(answer).failed is failed
