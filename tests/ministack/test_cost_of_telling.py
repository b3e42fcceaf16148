"""What it costs to be told: the figures of ``python -m benchmarks.records``."""

from __future__ import annotations

from benchmarks.records import CASES, keep_group, write_units
from client_lifecycle.storage.tenant import Tenant

UNITS: dict[str, float] = {
    "appointment, new": 9,
    "appointment, moved": 11,
    "appointment, cancelled": 4,
    "appointment, completed": 4,
    "appointment, confirmed": 3,
    "appointment, removed": 4,
    "appointment, unchanged": 0,
    "appointment, refused": 0,
    "fifty appointments, new": 205,
    "payment, scheduled": 9,
    "payment, charging": 9,
    "payment, charged": 4,
    "payment, declined": 14,
    "membership": 8,
    "recipient": 8,
    "feed entry": 8,
    "reminder": 8,
    "document": 4,
    "form": 4,
    "balance": 7,
}
"""What is live raises the client's revision, which is copied into three indexes: 5 units. An ending does not."""


def test_the_write_units_of_each_kind_of_change_are_those_that_are_known(tenant: Tenant) -> None:
    keep_group(tenant)
    assert {name: write_units(tenant, name, case) for name, case in CASES.items()} == UNITS
