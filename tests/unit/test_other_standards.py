"""What docs/records.md says to those who keep FHIR or iCalendar is complete, and can be told."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from client_lifecycle.domain.records import AppointmentStatus
from local.schemas import FOLDER
from local.template import ROOT

DOCUMENT = (ROOT / "docs" / "records.md").read_text(encoding="utf-8")
APPOINTMENT = Draft202012Validator(json.loads((FOLDER / "appointment.json").read_text(encoding="utf-8")))
FHIR_STATUSES = {
    *("proposed", "pending", "booked", "arrived", "fulfilled"),
    *("cancelled", "noshow", "entered-in-error", "checked-in", "waitlist"),
}
"""The codes of Appointment.status, in R4 and R5."""

ICALENDAR_STATUSES = {"TENTATIVE", "CONFIRMED", "CANCELLED"}
NOTHING = {"nothing": True}


def table(heading: str) -> list[tuple[str, str]]:
    """Return the rows of the table with this first heading."""
    rows = DOCUMENT.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [(left.strip(), right.strip()) for _, left, right, _ in (row.split("|") for row in rows)]


def told(cell: str) -> dict[str, Any]:
    """Return what a cell says to tell, beside what every appointment has."""
    if cell.startswith("nothing"):
        return NOTHING
    [first] = re.findall(r"^`([^`]+)`", cell)
    return json.loads(f"{{{first}}}") if ":" in first else {"status": first}


@pytest.mark.parametrize(
    ("heading", "codes"),
    [
        ("`Appointment.status`", FHIR_STATUSES),
        ("of a `VEVENT`", {f"STATUS:{status}" for status in ICALENDAR_STATUSES}),
    ],
    ids=["FHIR", "iCalendar"],
)
def test_each_status_is_told_in_one_way_that_the_schema_takes(heading: str, codes: set[str]) -> None:
    cells = {code: cell for names, cell in table(heading) for code in re.findall(r"`([^`]+)`", names)}
    assert codes <= cells.keys()
    for code in codes:
        said = told(cells[code])
        change = {"kind": "appointment", "id": "appt-1", "version": 1, **said}
        if "status" in said:
            change |= {"start": "2040-01-15T10:00:00+01:00", "duration_minutes": 50}
        assert said == NOTHING or APPOINTMENT.is_valid(change), code


def test_every_status_of_ours_is_one_of_fhir_s() -> None:
    ways = [told(cell) for _, cell in table("`Appointment.status`")]
    assert {way["status"] for way in ways if "status" in way} == set(AppointmentStatus)


def test_an_occurrence_of_a_recurring_event_has_an_id_that_can_be_told() -> None:
    change = {
        "kind": "appointment",
        "id": "19970610T172345Z-AF23B2@example.com/20400115T090000Z",
        "series_id": "19970610T172345Z-AF23B2@example.com",
        "version": 0 + 1,
        "status": "booked",
        "start": "2040-01-15T10:00:00+01:00",
        "duration_minutes": 50,
    }
    assert APPOINTMENT.is_valid(change)
    assert not APPOINTMENT.is_valid({**change, "version": 0})
