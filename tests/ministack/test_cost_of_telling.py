"""What it costs to be told: the figures of ``python -m benchmarks.records``."""

from __future__ import annotations

from benchmarks.records import CASES, keep_group, write_units
from client_lifecycle.storage.tenant import Tenant

UNITS: dict[str, float] = {
    "appointment, new": 10,
    "appointment, moved": 12,
    "appointment, cancelled": 4,
    "appointment, completed": 4,
    "appointment, confirmed": 3,
    "appointment, removed": 4,
    "appointment, unchanged": 0,
    "appointment, refused": 0,
    "fifty appointments, new": 206,
    "payment, scheduled": 10,
    "payment, charging": 10,
    "payment, charged": 4,
    "payment, declined": 11,
    "membership": 9,
    "recipient": 9,
    "feed entry": 9,
    "reminder": 9,
    "document": 4,
    "form": 4,
    "balance": 8,
}
"""What is live raises the client's revision, which is copied into four indexes: 6 units. An ending does not."""


def test_the_write_units_of_each_kind_of_change_are_those_that_are_known(tenant: Tenant) -> None:
    keep_group(tenant)
    assert {name: write_units(tenant, name, case) for name, case in CASES.items()} == UNITS
