"""What each path costs in write units, item by item and index by index, counted as DynamoDB bills it.

``python -m benchmarks.write_units`` prints the bills. A write takes a unit for each KB that is begun, twice in a
transaction; a condition that is only checked costs as much. An index takes a unit for each begun KB of its entry: once
where the entry comes, goes or changes, twice where it moves, and none where it stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from benchmarks.engine import engine, fresh_table
from benchmarks.meter import WRITE_UNIT_BYTES, bytes_of
from benchmarks.one_process import carry_out_all, confirmed_run
from benchmarks.prices import prices
from benchmarks.subjects import BY_STAFF, PROVIDER_ID, client_of, commitments
from client_lifecycle.domain.bookings import BookedBy, Booking
from client_lifecycle.domain.client import ArchiveOptions, Client, Door
from client_lifecycle.domain.records import Appointment, Record
from client_lifecycle.domain.restore import Restorable
from client_lifecycle.storage.clients import client_item, record_item
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.activate import activate_client
from client_lifecycle.use_cases.archive import archive_client
from client_lifecycle.use_cases.book import book
from local.ministack import LocalAws
from local.template import read_template

IN_A_TRANSACTION = 2
CLIENTS_OF_A_RUN = 25
OK = 200

Item = Mapping[str, Any]
Bill = dict[tuple[str, str], float]
"""Units by what the item is, as its keys say, and ``table`` or the index."""


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index: the attributes that an item must have to be in it, and what it copies."""

    name: str
    keys: Sequence[str]
    copies_all: bool

    def entry(self, item: Item) -> Item:
        """Return the entry of an item, empty if it has none."""
        if any(name not in item for name in self.keys):
            return {}
        return {name: part for name, part in item.items() if self.copies_all or name in ("pk", "sk", *self.keys)}

    def units(self, before: Item, after: Item) -> int:
        """Return what it costs that an item changes."""
        old, new = self.entry(before), self.entry(after)
        if old == new:
            return 0
        if old and new and any(old[name] != new[name] for name in self.keys):
            return units_of(old) + units_of(new)
        return max(units_of(old), units_of(new))


def indexes() -> list[Index]:
    """Return the template's indexes of the table."""
    properties: dict[str, Any] = read_template()["Resources"]["Table"]["Properties"]
    return [
        Index(
            name=index["IndexName"],
            keys=[key["AttributeName"] for key in index["KeySchema"]],
            copies_all=index["Projection"]["ProjectionType"] == "ALL",
        )
        for index in (*properties["LocalSecondaryIndexes"], *properties["GlobalSecondaryIndexes"])
    ]


def units_of(item: Item) -> int:
    """Return the units of an item: one for each started KB, none where there is no item."""
    return math.ceil(bytes_of(item) / WRITE_UNIT_BYTES)


@contextmanager
def billed(table: Table) -> Iterator[Bill]:
    """Bill all transactions of a table until the block ends."""
    bill: Bill = {}
    meter = _Meter(table, indexes(), bill)
    events = table.client.meta.events
    events.register("before-parameter-build.dynamodb.TransactWriteItems", meter.look_before)
    events.register("after-call.dynamodb.TransactWriteItems", meter.look_after)
    try:
        yield bill
    finally:
        events.unregister("before-parameter-build.dynamodb.TransactWriteItems", meter.look_before)
        events.unregister("after-call.dynamodb.TransactWriteItems", meter.look_after)


@dataclass
class _Meter:
    table: Table
    indexes: Sequence[Index]
    bill: Bill
    keys: list[Item] = field(default_factory=list)
    before: list[Item] = field(default_factory=list)

    def look_before(self, params: dict[str, Any], **_: Any) -> None:
        self.keys = [_key(action) for action in params["TransactItems"]]
        self.before = [self._item(key) for key in self.keys]

    def look_after(self, http_response: Any, **_: Any) -> None:
        if http_response.status_code != OK:
            return
        for key, before in zip(self.keys, self.before, strict=True):
            after = self._item(key)
            what = _what(key)
            self._add(what, "table", IN_A_TRANSACTION * max(1, units_of(before), units_of(after)))
            for index in self.indexes:
                self._add(what, index.name, index.units(before, after))

    def _add(self, what: str, where: str, units: int) -> None:
        if units:
            self.bill[what, where] = self.bill.get((what, where), 0) + units

    def _item(self, key: Item) -> Item:
        found: Item = self.table.client.get_item(TableName=self.table.name, Key=dict(key), ConsistentRead=True)
        item: Item = found.get("Item", {})
        return item


def _key(action: Mapping[str, Any]) -> Item:
    [write] = action.values()
    held = write.get("Key") or write["Item"]
    return {"pk": held["pk"], "sk": held["sk"]}


def _what(key: Item) -> str:
    """Name an item by its key: a client's by what it is, others by whose they are."""
    whose, kind = (str(key[name]["S"]).split("#") for name in ("pk", "sk"))
    if whose[0] != "CLIENT":
        return whose[0].lower()
    return "part of a receipt" if kind[0] == "RECEIPT" and len(kind) > 2 else kind[0].lower()


def bills(aws: LocalAws) -> dict[str, Bill]:
    """Return the bill of each path; that of a run is each client's share."""
    at = datetime.now(UTC)
    with fresh_table(aws) as table:
        tenant = Tenant(table, PROVIDER_ID)
        _put(table, [(client_of(0, at), commitments(0, at))])
        client_id = client_of(0, at).client_id
        paths: dict[str, Callable[[], object]] = {
            "archive, 10 commitments": lambda: _archive(tenant, client_id, at),
            "activate and restore all 10": lambda: activate_client(
                tenant, client_id, cause=BY_STAFF, at=at, asked=tuple(Restorable)
            ),
            "booking, active client": lambda: _book(tenant, client_id, "one", at),
        }
        found = {name: _billed(table, work) for name, work in paths.items()}
        _archive(tenant, client_id, at)
        found["booking, archived client"] = _billed(table, lambda: _book(tenant, client_id, "two", at))
        whole = _run(tenant, at)
    return found | {"each client of a run": {of: units / CLIENTS_OF_A_RUN for of, units in whole.items()}}


def _put(table: Table, clients: Sequence[tuple[Client, Sequence[Record]]]) -> None:
    own = Keys(PROVIDER_ID)
    for known, records in clients:
        table.put_many([client_item(known), *(record_item(own, known.client_id, one) for one in records)])


def _billed(table: Table, work: Callable[[], object]) -> Bill:
    with billed(table) as bill:
        work()
    return bill


def _archive(tenant: Tenant, client_id: str, at: datetime) -> None:
    archive_client(tenant, client_id, cause=BY_STAFF, at=at, options=ArchiveOptions())


def _book(tenant: Tenant, client_id: str, event_id: str, at: datetime) -> None:
    slot = Appointment(record_id=f"booked-{event_id}", starts_at=at.replace(year=at.year + 5), duration_minutes=50)
    booking = Booking(
        event_id=event_id,
        provider_id=PROVIDER_ID,
        client_id=client_id,
        appointment=slot,
        booked_by=BookedBy.CLIENT,
    )
    book(tenant, booking, at=at, through=Door.BOOKING_HOOK)


def _run(tenant: Tenant, at: datetime) -> Bill:
    """Carry out a run of clients with what is usually live of one; what confirming it takes is not in the bill."""
    kept = confirmed_run(tenant, CLIENTS_OF_A_RUN, at)
    return _billed(tenant.table, lambda: carry_out_all(tenant, kept))


def main() -> None:
    """Print the bills."""
    price = prices()["write_units"]
    with engine() as aws:
        found = bills(aws)
    for name, bill in found.items():
        units = sum(bill.values())
        print(f"{name:<44}{units:>8.2f}   {1_000 * units * price.dollars / price.per:.4f} dollars per 1,000")
        for (what, where), part in sorted(bill.items()):
            print(f"    {what:<18}{where:<26}{part:>4g}")


if __name__ == "__main__":
    main()
