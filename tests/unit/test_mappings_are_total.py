"""Every table from one enumeration to something else has a line for each of its members."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from enum import Enum

import pytest
from msgspec.structs import fields

import client_lifecycle
from archive_client.handler import PlanBody
from client_lifecycle.domain.bookings import BookedBy, BookingRefusal, refusal_for
from client_lifecycle.domain.client import Trigger
from client_lifecycle.domain.events import EventName
from client_lifecycle.domain.policy import Actor, Refusal
from client_lifecycle.domain.receipts import HistoryEvent
from client_lifecycle.domain.runs import RunState
from client_lifecycle.domain.settings import PortalSettings, SafetyRule, SafetySettings, Switch


def tables() -> Iterator[tuple[str, type[Enum], Mapping[Enum, object]]]:
    for module in pkgutil.walk_packages(client_lifecycle.__path__, "client_lifecycle."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Mapping) and value and all(isinstance(key, Enum) for key in value):
                yield f"{module.name}.{name}", type(next(iter(value))), value


SILENT = {"client_lifecycle.domain.events.RUN_EVENTS": {RunState.PREPARING, RunState.STOPPING}}
"""Members that a table leaves out on purpose: a run that is being prepared or stopped is no event."""

TABLES = {name: (of, table) for name, of, table in tables()}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_of_an_enumeration_has_all_its_members(name: str) -> None:
    of, table = TABLES[name]
    assert set(table) | SILENT.get(name, set()) == set(of)


def test_the_tables_are_found() -> None:
    assert {"client_lifecycle.domain.policy.TABLE", "client_lifecycle.use_cases.book.ACTORS"} <= TABLES.keys()


NAMED: dict[str, tuple[type[Enum], set[str]]] = {
    "switches are settings": (Switch, {one.name for one in fields(PortalSettings)}),
    "safety rules are settings": (SafetyRule, {one.name for one in fields(SafetySettings)}),
    "triggers are fields of a plan": (Trigger, set(PlanBody.model_fields)),
    "what a history tells is an event": (HistoryEvent, {one.value for one in EventName}),
    "who books is an actor": (BookedBy, {one.value for one in Actor}),
}


@pytest.mark.parametrize("what", NAMED)
def test_what_is_looked_up_by_the_name_of_a_member_is_there_for_all(what: str) -> None:
    of, names = NAMED[what]
    assert {member.value for member in of} <= names


@pytest.mark.parametrize("refusal", Refusal)
def test_p6_whatever_the_policy_refuses_a_booking_for_has_an_answer(refusal: Refusal) -> None:
    assert refusal_for(refusal) in BookingRefusal
