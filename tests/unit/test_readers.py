"""What is stored is read strictly: by its type, within the range of its unit, and named by its path if at fault."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from types import NoneType
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from msgspec import Struct
from msgspec.structs import fields

from client_lifecycle.domain.bookings import BookingAnswer
from client_lifecycle.domain.client import Client, Group
from client_lifecycle.domain.effects import Change
from client_lifecycle.domain.imports.rows import Part
from client_lifecycle.domain.imports.run import Import
from client_lifecycle.domain.members import Member
from client_lifecycle.domain.practice_history import PracticeEntry
from client_lifecycle.domain.receipts import HistoryEntry, Receipt
from client_lifecycle.domain.runs import Run
from client_lifecycle.storage.attributes import Plain, from_item, to_item
from client_lifecycle.storage.readers import MOMENT, Unfit, reader_of
from client_lifecycle.storage.values import to_plain
from tests.support.builders import appointment, client, plan

AT = datetime.fromisoformat("2026-03-01T10:00:00+00:00")


@pytest.mark.parametrize(
    "stored",
    [
        "2026-03-01T10:00:00Z",
        "2026-03-01T10:00Z",
        "2026-03-01 10:00:00+00:00",
        "2026-03-01t12:00:00.000000000+0200",
        "2026-03-01T10:00:00,000-00:00",
    ],
)
def test_a_moment_is_read_in_whatever_way_iso_8601_writes_it(stored: str) -> None:
    assert reader_of(datetime)(stored) == AT


@pytest.mark.parametrize(
    "stored",
    [
        "2026-03-01T10:00:00",
        "2026-03-01",
        "20260301T100000Z",
        "2026-W09-7T10:00:00Z",
        "2026-02-30T10:00:00Z",
        "2026-03-01T24:00:00Z",
        "1899-12-30T23:59:59Z",
        "2200-01-02T00:00:00Z",
        "2026-03-01T10:00:00Z\n",
        1772359200,
        None,
    ],
)
def test_a_moment_has_its_zone_and_is_of_a_day_between_1900_and_2200(stored: object) -> None:
    with pytest.raises(Unfit):
        reader_of(datetime)(stored)


@pytest.mark.parametrize("hour", [24, 29])
def test_the_last_hour_of_a_day_is_23_whatever_python_reads(hour: int) -> None:
    assert MOMENT.fullmatch("2026-03-01T23:00:00Z")
    assert not MOMENT.fullmatch(f"2026-03-01T{hour}:00:00Z")


@pytest.mark.parametrize("stored", ["2026-3-1", "2026-02-30", "1899-12-31", "2200-01-02", "2026-03-01T10:00:00Z", 1])
def test_a_day_is_one_of_the_calendar_between_1900_and_2200(stored: object) -> None:
    assert reader_of(date)("2026-03-01") == AT.date()
    with pytest.raises(Unfit):
        reader_of(date)(stored)


@pytest.mark.parametrize(
    ("shape", "name", "least", "most"),
    [
        ("Client", "owed_cents", -(10**12), 10**12),
        ("Amount", "cents", -(10**24), 10**24),
        ("Appointment", "duration_minutes", 0, 7 * 24 * 60),
        ("TidyUp", "inactive_days", 0, 36_500),
        ("Totals", "clients", 1, 10_000),
        ("PreviewFacts", "scheduled_payments", -(10**24), 10**24),
        ("Client", "revision", 0, 10**15),
    ],
)
def test_a_number_is_one_that_its_unit_can_have(shape: str, name: str, least: int, most: int) -> None:
    read = reader_of(int, shape, name)
    assert [read(least), read(most)] == [least, most]
    for stored in (least - 1, most + 1, True, "5", 1.5, None):
        with pytest.raises(Unfit):
            read(stored)


@pytest.mark.parametrize("stored", ["Nowhere/Atlantis", "", "../etc/passwd", 1, None])
def test_a_time_zone_is_one_of_iana_s(stored: object) -> None:
    assert reader_of(ZoneInfo)("Europe/Berlin") == ZoneInfo("Europe/Berlin")
    with pytest.raises(Unfit):
        reader_of(ZoneInfo)(stored)


STORED = (BookingAnswer, Client, Group, HistoryEntry, Import, Member, Part, PracticeEntry, Receipt, Run)


def shapes_within(kind: Any) -> Iterator[Any]:
    if isinstance(kind, type) and issubclass(kind, Struct):
        yield kind
        for one in fields(kind):
            yield from shapes_within(one.type)
    for part in get_args(kind):
        yield from shapes_within(part)


@pytest.mark.parametrize("shape", STORED)
def test_what_may_be_none_has_a_default_for_none_is_not_stored(shape: type[Struct]) -> None:
    may_be_none = [
        (one.__name__, field.name, field.required)
        for one in shapes_within(shape)
        for field in fields(one)
        if NoneType in get_args(field.type)
    ]
    assert may_be_none
    assert not [(name, field) for name, field, required in may_be_none if required]


def paths_of(shape: Any, plain: Plain) -> set[str]:
    with pytest.raises(Unfit) as refused:
        reader_of(shape)(plain)
    return {".".join(map(str, path)) for path in refused.value.paths}


def test_every_fault_of_an_item_is_named_by_its_path() -> None:
    stored = to_plain(client(plan=plan()))
    stored["plan"]["terms"]["acknowledged"] = ["owes_money", "owes_much"]
    stored["plan"]["planned_at"] = "soon"
    stored["settings"]["chat"] = "maybe"
    del stored["name"]
    assert paths_of(Client, stored) == {"name", "settings.chat", "plan.planned_at", "plan.terms.acknowledged.1"}


@pytest.mark.parametrize(
    ("before", "path"),
    [
        ({"kind": "appointment", "record_id": "a", "starts_at": "soon", "duration_minutes": 50}, "before.starts_at"),
        ({"kind": "invoice", "record_id": "a"}, "before.kind"),
        ({"record_id": "a"}, "before.kind"),
        ("none", "before"),
    ],
)
def test_a_record_inside_an_item_is_read_by_its_kind(before: object, path: str) -> None:
    after = to_plain(appointment())
    assert paths_of(Change, {"before": before, "after": after}) == {path}


@pytest.mark.parametrize("stored", [None, "x", {"x": 1}, [{"before": 1}]])
def test_a_list_is_nothing_else(stored: object) -> None:
    faults = paths_of(Receipt, {"changes": stored, "left_alone": []})
    assert {name for name in faults if name.startswith("changes")} <= {"changes", "changes.0.before", "changes.0.after"}
    assert any(name.startswith("changes") for name in faults)


def test_what_others_keep_beside_our_fields_comes_back_as_it_went_in() -> None:
    kept: Plain = {
        "number": 10**30,
        "picture": b"\x00\xff",
        "pictures": {b"\x00", b"\xff"},
        "tags": {"a", "b"},
        "sizes": {1, 2},
        "more": {"x": [None, True, "text", {"y": -5}]},
    }
    assert from_item(to_item(kept)) == kept


def test_a_number_is_stored_as_it_is_and_read_whole_where_it_is_whole() -> None:
    assert to_item({"n": 5}) == {"n": {"N": "5"}}
    assert from_item({"n": {"N": "5E+2"}}) == {"n": 500}
    [fraction] = from_item({"n": {"N": "12.50"}}).values()
    assert to_item({"n": fraction}) == {"n": {"N": "12.50"}}


def test_bytes_are_read_as_the_stream_delivers_them() -> None:
    assert from_item({"b": {"B": "AP8="}, "bs": {"BS": ["AP8="]}}) == {"b": b"\x00\xff", "bs": {b"\x00\xff"}}  # type: ignore[typeddict-item,list-item]


def test_what_dynamodb_has_no_type_for_is_not_stored() -> None:
    with pytest.raises(TypeError, match="timedelta"):
        to_item({"t": timedelta(1)})
