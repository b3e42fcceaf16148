"""Every answer stays below 4 MB with the largest things that the limits allow; of 6 MB that Lambda takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import pytest
from msgspec.structs import replace

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import ArchiveOptions, Client, Reactivation, Status
from client_lifecycle.domain.imports.columns import ClientField
from client_lifecycle.domain.imports.outcomes import RowOutcome, RowResult
from client_lifecycle.domain.imports.run import FIRST_SHOWN, ImportState
from client_lifecycle.domain.labels import Label, RecordName
from client_lifecycle.domain.members import FEW_RECORDS, Member
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.practice_history import PracticeEntry, PracticeEvent
from client_lifecycle.domain.receipts import HistoryEntry, HistoryEvent
from client_lifecycle.domain.records import PaymentStatus, RecordKind
from client_lifecycle.domain.restore import NotRestored, Restorable, Restoration, RestoredItem, RestoreOutcome
from client_lifecycle.domain.runs import Run, RunState
from client_lifecycle.domain.safety import Finding
from client_lifecycle.domain.selection import ClientFilter
from client_lifecycle.domain.settings import Level, ProviderSettings, SafetyRule, SafetySettings
from client_lifecycle.domain.unreadable import MOST_NAMED, Unreadable
from client_lifecycle.edge import wiring
from client_lifecycle.storage import runs
from client_lifecycle.storage.clients import record_item
from client_lifecycle.storage.imports import create_import
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.settlements import SETTLEMENTS_PER_TRANSACTION
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import to_plain
from client_lifecycle.use_cases.practice_lines import practice_line
from client_lifecycle.use_cases.queries import exports
from tests.moto.conftest import Executions
from tests.moto.test_receipt_pages import MOST_BYTES, RECEIPT, changes_of, store_receipt, written_bytes
from tests.support import source_secrets
from tests.support.booking_secrets import PREFIX, give_secret
from tests.support.builders import (
    ARCHIVE_ID,
    NOW,
    PROVIDER_ID,
    RUN_ID,
    an_import,
    appointment,
    cause,
    client,
    facts,
    feed_entry,
    group,
    money,
    payment,
    plan,
    run,
    stamp,
    terms,
)
from tests.support.calls import ARCHIVER, ROUTES, Answer, delete, get, pages, patch, post, put
from tests.support.recorded import SECRET, book
from tests.support.store import store, store_group, store_settings

LARGE = "\U0001f343"
"""A character that takes fourteen bytes in an answer, more than any other."""

ID = "i" * 64
FOREIGN_ID = "=" * 128
NOTE = LARGE * 2_000
NAME = LARGE * 200
RULES = tuple(SafetyRule)
FIELDS = tuple(f"plan.terms.options.field_{number:02}" for number in range(MOST_NAMED))
UNREADABLE = tuple(
    Unreadable(kind="appointment", id=f"{number:0128}", fields=FIELDS, client_id=ID) for number in range(MOST_NAMED)
)
OPTIONS = ArchiveOptions(reason=ArchiveReason.FINISHED, note=NOTE, group_id=ID, notify_client=True, mute_email=True)
FILTER = ClientFilter(
    group_id=ID, inactive_since=NOW.date(), no_upcoming_appointment=True, owes=False, owes_nothing=True
)
LOST = tuple(
    RestoredItem(kind=RecordKind.FEED_ENTRY, record_id=f"{number:0128}", outcome=RestoreOutcome.PAYMENT_DATE_PASSED)
    for number in range(100)
)
NOT_RESTORED = NotRestored(counts=dict.fromkeys(RestoreOutcome, 10**12), items=LOST)

SOON = tuple(
    RecordName(kind=RecordKind.APPOINTMENT, record_id=f"{number:0128}", label=Label(at=NOW, title=LARGE * 64))
    for number in range(FEW_RECORDS)
)
FINDINGS = tuple(
    Finding(rule=rule, level=Level.BLOCK, records=SOON if rule is SafetyRule.APPOINTMENT_SOON else (), total=10**6)
    for rule in RULES
)

CURRENCIES = 200
"""More than ISO 4217 has."""

MANY = 10
"""The entries that are stored of each list; they all are as large as an entry can be."""

FULL = 100 // MANY
"""How many times as many a full page holds."""

Sized: TypeAlias = tuple[int, Answer]
"""An answer, and how many times as large one with as many entries as there can be is."""

Case: TypeAlias = Callable[[Table], Iterable[Sized]]
CASES: dict[tuple[str, str], Case] = {}


def case(method: str, path: str) -> Callable[[Case], Case]:
    """Tell how a route of the template is brought to its largest answers."""

    def keep(made: Case) -> Case:
        CASES[method, path] = made
        return made

    return keep


def largest(number: int = 1, **fields: Any) -> Client:
    """Return a client of which everything is as large as it can be, with the plan that goes with it."""
    values: dict[str, Any] = {
        "name": NAME,
        "email": f"{'l' * 64}@{f'{number:04}.' + 'd' * 180}.example",
        "credit_cents": 10**12,
        "owed_cents": 10**12,
        "group_id": ID,
        "last_active_at": NOW,
        "last_return": Reactivation(
            archive_id=ARCHIVE_ID, returned_at=NOW, cause=cause(actor_id=FOREIGN_ID, run_id=RUN_ID)
        ),
        "plan": plan(terms(options=OPTIONS, acknowledged=RULES), held_back_by=(*RULES, "group_not_found")),
    }
    return client(f"{number:064}", **values | fields)


def store_clients(table: Table) -> list[str]:
    for number in range(MANY):
        store(table, largest(number))
    return [f"{number:064}" for number in range(MANY)]


def store_run(table: Table, members: list[Member], run_id: str = RUN_ID, **fields: Any) -> Run:
    values: dict[str, Any] = {"run_id": run_id, "options": OPTIONS, "filter": FILTER, "unreadable": UNREADABLE}
    made = run(members, **values | {"not_restored": NOT_RESTORED.counts} | fields)
    place = {**Keys(PROVIDER_ID).run_in_list(run_id), "run_id": run_id}
    table.put_many([{**Keys(PROVIDER_ID).run(run_id), **to_plain(made)}, place])
    runs.store_members(Tenant(table, PROVIDER_ID), made, members)
    return made


def members(**fields: Any) -> list[Member]:
    every = money(**{f"{number:03}": 10**15 for number in range(CURRENCIES)})
    at_stake = {"credits": every[:1], "owed": every[:1], "scheduled": every, "scheduled_payments": 10**6}
    shown = facts(status=Status.ACTIVE, warnings=RULES, blocks=RULES, **at_stake)
    return [
        Member(client_id=f"{number:064}", position=number, facts=shown, rules=RULES, archive_id=ID, **fields)
        for number in range(MANY)
    ]


@case("GET", "/clients")
def _(table: Table) -> Iterable[Sized]:
    store_clients(table)
    yield FULL, get("/clients?limit=100")
    yield FULL, get(f"/clients?limit=100&group_id={ID}")


@case("POST", "/clients/_search")
def _(table: Table) -> Iterable[Sized]:
    store_clients(table)
    yield FULL, post("/clients/_search", {"q": LARGE, "limit": 100})
    yield FULL, post("/clients/_search", {"q": "l@", "limit": 100})


@case("GET", "/me")
def _(table: Table) -> Iterable[Sized]:
    yield 1, get("/me", claims={**ARCHIVER, "name": LARGE})


@case("GET", "/client-counts")
def _(table: Table) -> Iterable[Sized]:
    yield 1, get("/client-counts")


@case("POST", "/clients/_count")
def _(table: Table) -> Iterable[Sized]:
    yield 1, post("/clients/_count", {"q": LARGE})


@case("POST", "/clients")
def _(table: Table) -> Iterable[Sized]:
    store_group(table, group(ID, name=NAME))
    yield 1, post("/clients", {"name": NAME, "email": f"{'l' * 64}@{'d' * 180}.example", "group_id": ID})
    yield 1, post("/clients", {f"{LARGE * 300}{number}": NOTE for number in range(50)})


@case("GET", "/clients/{client_id}")
def _(table: Table) -> Iterable[Sized]:
    store(table, largest())
    yield 1, get(f"/clients/{1:064}")


@case("PATCH", "/clients/{client_id}")
def _(table: Table) -> Iterable[Sized]:
    store(table, largest())
    yield 1, patch(f"/clients/{1:064}", {"name": NAME + " "})


@case("DELETE", "/clients/{client_id}")
def _(table: Table) -> Iterable[Sized]:
    yield 1, delete(f"/clients/{1:064}")


@case("GET", "/clients/{client_id}/permissions")
def _(table: Table) -> Iterable[Sized]:
    store(table, largest())
    yield 1, get(f"/clients/{1:064}/permissions")


@case("POST", "/permission-checks")
def _(table: Table) -> Iterable[Sized]:
    store(table, largest(stamp=stamp(), plan=None))
    yield 1, post("/permission-checks", {"action": "share_document", "client_ids": [f"{n:064}" for n in range(1_000)]})


@case("GET", "/clients/{client_id}/history")
def _(table: Table) -> Iterable[Sized]:
    store(table, client())
    entry = HistoryEntry(
        history_id=ID,
        at=NOW,
        event=HistoryEvent.ARCHIVE_PLANNED,
        cause=cause(actor_id=FOREIGN_ID, run_id=RUN_ID),
        archive_id=ARCHIVE_ID,
        plan=terms(options=OPTIONS, acknowledged=RULES),
    )
    ids = [f"01KJPZ0000HISTORY000000{number:03}" for number in range(MANY)]
    entries = [replace(entry, history_id=one) for one in ids]
    table.put_many(
        [{**Keys(PROVIDER_ID).history_entry("client-1", one.history_id), **to_plain(one)} for one in entries]
    )
    yield FULL, get("/clients/client-1/history?limit=100")


def store_large_receipt(table: Table) -> None:
    entries = [feed_entry(f"{number:0128}", subject=LARGE * 700) for number in range(200)]
    changes = changes_of(entries)
    store_receipt(table, (), *(changes[start : start + 40] for start in range(0, len(changes), 40)))


@case("GET", "/clients/{client_id}/receipts")
def _(table: Table) -> Iterable[Sized]:
    store(table, client())
    store_large_receipt(table)
    yield 1, get("/clients/client-1/receipts?limit=20")


@case("GET", "/clients/{client_id}/receipts/{archive_id}")
def _(table: Table) -> Iterable[Sized]:
    store(table, client())
    store_large_receipt(table)
    yield 1, get(f"{RECEIPT}?limit=1000")


@case("GET", "/clients/{client_id}/records")
def _(table: Table) -> Iterable[Sized]:
    store_unconfirmed(table)
    yield FULL, get("/clients/client-1/records?limit=100")


@case("GET", "/records/unconfirmed")
def _(table: Table) -> Iterable[Sized]:
    store_unconfirmed(table)
    yield FULL, get("/records/unconfirmed?limit=100&hours=0")


def store_unconfirmed(table: Table) -> None:
    own = Keys(PROVIDER_ID)
    store(table, client())
    records = [appointment(f"{number:0128}", type=LARGE, cancelled_by="archive") for number in range(MANY)]
    beside = {"source": ID, "source_version": 10**15, "ended_by": ID, "due_key": own.unconfirmed()}
    marks = beside | {"due_since": own.ended_at(NOW)}
    table.put_many([{**record_item(own, "client-1", one), **marks} for one in records])


@case("POST", "/clients/{client_id}/archive")
def _(table: Table) -> Iterable[Sized]:
    store(table, client(stamp=stamp(), name=NAME))
    store_large_receipt(table)
    yield 1, post("/clients/client-1/archive", {})


@case("GET", "/clients/{client_id}/archive-preview")
def _(table: Table) -> Iterable[Sized]:
    rules = {rule.value: Level.WARN for rule in SafetyRule}
    store_settings(table, PROVIDER_ID, ProviderSettings(safety=replace(SafetySettings(), **rules)))
    soon = [appointment(f"{number:0128}", type=LARGE * 200) for number in range(100)]
    charging = [payment(f"{number:0128}", status=PaymentStatus.CHARGING) for number in range(100)]
    store(table, largest(), *soon, *charging)
    yield 1, get(f"/clients/{1:064}/archive-preview")


@case("PUT", "/clients/{client_id}/archive-plan")
def _(table: Table) -> Iterable[Sized]:
    store(table, largest())
    body = {"archive_on": "2026-06-01", "note": NOTE, "group_id": ID, "acknowledge": list(RULES) * 3}
    yield 1, put(f"/clients/{1:064}/archive-plan", body)


@case("DELETE", "/clients/{client_id}/archive-plan")
def _(table: Table) -> Iterable[Sized]:
    store(table, largest())
    yield 1, delete(f"/clients/{1:064}/archive-plan")


def store_restorable(table: Table, archived: Client) -> None:
    records = [appointment(f"{number:0128}") for number in range(100)]
    store(table, archived, *records)
    store_receipt(table, *(changes_of(records[start : start + 96]) for start in range(0, 100, 96)))


@case("POST", "/clients/{client_id}/activate")
def _(table: Table) -> Iterable[Sized]:
    store_restorable(table, client(stamp=stamp(), name=NAME))
    yield 5, post("/clients/client-1/activate", {"restore": list(Restorable)})


@case("POST", "/clients/{client_id}/receipts/{archive_id}/restore")
def _(table: Table) -> Iterable[Sized]:
    store_restorable(table, client(name=NAME))
    yield 5, post(f"{RECEIPT}/restore", {})


@case("GET", "/clients/{client_id}/receipts/{archive_id}/restore")
def _(table: Table) -> Iterable[Sized]:
    store(table, client())
    restoration = Restoration(
        archive_id=ARCHIVE_ID, asked=tuple(Restorable), cause=cause(), began_at=NOW, not_restored=NOT_RESTORED
    )
    table.put_many([{**Keys(PROVIDER_ID).restoration("client-1", ARCHIVE_ID), **to_plain(restoration)}])
    yield 1, get(f"{RECEIPT}/restore")


@case("GET", "/history")
def _(table: Table) -> Iterable[Sized]:
    excluded = PracticeEntry(
        history_id=ID,
        at=NOW,
        event=PracticeEvent.RUN_EXCLUDED,
        cause=cause(actor_id=FOREIGN_ID),
        run_id=RUN_ID,
        client_ids=tuple(f"{number:064}" for number in range(SETTLEMENTS_PER_TRANSACTION)),
    )
    lines = [replace(excluded, history_id=f"01KJPZ0000HISTORY000000{number:03}") for number in range(MANY)]
    table.put_many([{**Keys(PROVIDER_ID).practice_entry(one.history_id), **to_plain(one)} for one in lines])
    yield FULL, get("/history?limit=100")


@case("GET", "/groups")
def _(table: Table) -> Iterable[Sized]:
    for number in range(MANY):
        store_group(table, group(f"{number:064}", name=NAME))
    yield FULL, get("/groups?limit=100")


@case("POST", "/groups")
def _(table: Table) -> Iterable[Sized]:
    yield 1, post("/groups", {"name": NAME})


@case("GET", "/groups/{group_id}")
def _(table: Table) -> Iterable[Sized]:
    store_group(table, group(ID, name=NAME))
    yield 1, get(f"/groups/{ID}")


@case("PATCH", "/groups/{group_id}")
def _(table: Table) -> Iterable[Sized]:
    store_group(table, group(ID))
    yield 1, patch(f"/groups/{ID}", {"name": NAME})


@case("DELETE", "/groups/{group_id}")
def _(table: Table) -> Iterable[Sized]:
    yield 1, delete(f"/groups/{ID}")


@case("GET", "/settings")
def _(table: Table) -> Iterable[Sized]:
    yield 1, get("/settings")


@case("PATCH", "/settings")
def _(table: Table) -> Iterable[Sized]:
    yield (
        1,
        patch("/settings", {"no_self_return": list(ArchiveReason), "time_zone": "America/Argentina/ComodRivadavia"}),
    )


@case("POST", "/hooks/bookings")
def _(table: Table) -> Iterable[Sized]:
    store(table, client(name=NAME))
    yield 1, book("client-1")


@case("POST", "/bulk-archives")
def _(table: Table) -> Iterable[Sized]:
    ids = store_clients(table)
    store_group(table, group(ID))
    options = {"note": NOTE, "group_id": ID, "reason": "finished"}
    yield FULL, post("/bulk-archives", {"client_ids": ids, "options": options})
    yield 1, post("/bulk-archives", {"client_ids": [f"x{number:063}" for number in range(10_000)]})
    yield 1, post("/bulk-archives", {"client_ids": [LARGE * 10] * 10_000})


@case("GET", "/bulk-archives")
def _(table: Table) -> Iterable[Sized]:
    for number in range(100):
        store_run(table, members()[:1], f"01KJPZ0000RVN0000000000{number:03}")
    read = list(pages("/bulk-archives?limit=100"))
    assert [len(page["runs"]) < 100 for page in read] == [True, True]
    assert sum(len(page["runs"]) for page in read) == 100
    assert max(map(written_bytes, read)) < MOST_BYTES
    yield 1, get("/bulk-archives?limit=1")


@case("GET", "/bulk-archives/{run_id}")
def _(table: Table) -> Iterable[Sized]:
    store_run(table, members()[:1])
    yield 1, get(f"/bulk-archives/{RUN_ID}")


@case("GET", "/bulk-archives/{run_id}/clients")
def _(table: Table) -> Iterable[Sized]:
    store_clients(table)
    lost = members(outcome=Outcome.ACTIVATED_IN_PART, not_restored=NOT_RESTORED)
    failed = members(outcome=Outcome.FAILED, reason="UnreadableRecord", unreadable=UNREADABLE)
    for run_id, found in ((RUN_ID, lost), (f"{RUN_ID[:-1]}2", failed)):
        store_run(table, found, run_id)
        yield 1, get(f"/bulk-archives/{run_id}/clients?limit=100")
    store_run(table, members(outcome=Outcome.BLOCKED, findings=FINDINGS), f"{RUN_ID[:-1]}3")
    yield FULL, get(f"/bulk-archives/{RUN_ID[:-1]}3/clients?limit=100")


@case("POST", "/bulk-archives/{run_id}/confirm")
def _(table: Table) -> Iterable[Sized]:
    made = store_run(table, members()[:1])
    yield 1, post(f"/bulk-archives/{RUN_ID}/confirm", {"token": made.token})


@case("POST", "/bulk-archives/{run_id}/exclude")
def _(table: Table) -> Iterable[Sized]:
    store_run(table, members()[:2])
    yield 1, post(f"/bulk-archives/{RUN_ID}/exclude", {"client_ids": [f"{0:064}"]})
    yield 1, post(f"/bulk-archives/{RUN_ID}/exclude", {"client_ids": [f"x{number:063}" for number in range(10_000)]})


@case("POST", "/bulk-archives/{run_id}/stop")
def _(table: Table) -> Iterable[Sized]:
    store_run(table, members()[:1])
    yield 1, post(f"/bulk-archives/{RUN_ID}/stop")


@case("POST", "/bulk-archives/{run_id}/retry")
def _(table: Table) -> Iterable[Sized]:
    store_run(table, members()[:1], state=RunState.STOPPED, started_at=NOW, finished_at=NOW)
    yield 1, post(f"/bulk-archives/{RUN_ID}/retry")


@case("POST", "/bulk-archives/{run_id}/undo")
def _(table: Table) -> Iterable[Sized]:
    archived = members(outcome=Outcome.ARCHIVED)[:1]
    store_run(table, archived, state=RunState.STOPPED, started_at=NOW, finished_at=NOW)
    yield 1, post(f"/bulk-archives/{RUN_ID}/undo")


@case("POST", "/clients/{client_id}/exports")
def _(table: Table) -> Iterable[Sized]:
    """The export itself is in the bucket; the answer is a link."""
    store(table, client(name=NAME))
    yield 1, post("/clients/client-1/exports")


@case("POST", "/hooks/records")
def _(table: Table) -> Iterable[Sized]:
    store(table, client(stamp=stamp()))
    slot = {"kind": "appointment", "version": 10**9, "status": "booked", "start": "2026-03-03T10:00:00+01:00"}
    ahead = [{**slot, "id": f"{number:064}", "duration_minutes": 50, "type": "t" * 100} for number in range(50)]
    damaged = [{**slot, "id": f"{number:064}", "duration_minutes": "x", "status": LARGE} for number in range(50)]
    for changes in (ahead, damaged):
        told = {"client_id": "client-1", "changes": changes}
        answer = source_secrets.tell("POST", "/hooks/records", "calendar", told)
        assert len(answer.body["results"]) == len(changes)
        yield 1, answer


@case("PUT", "/hooks/clients/{external_id}")
def _(table: Table) -> Iterable[Sized]:
    """The answer names ids and fields, no values; what is refused names its fields."""
    external_id = "e" * 64
    given = {"provider_id": PROVIDER_ID, "version": 10**9, "name": NAME, "email": "wren@example.org"}
    for body in (given, dict.fromkeys(given, LARGE) | {"provider_id": PROVIDER_ID}):
        yield 1, source_secrets.tell("PUT", f"/hooks/clients/{external_id}", "calendar", body)


RESULT = RowResult(
    row=100_000, outcome=RowOutcome.INVALID, external_id=FOREIGN_ID, field="f" * 64, client_id=ID, reason="r" * 64
)


def store_import(import_id: str = RUN_ID, **fields: Any) -> None:
    """Store an import of which everything is as large as it can be, with the names of its file's columns."""
    workflow, names = wiring.imports(), dict.fromkeys(ClientField, "\x7f" * 200)
    values: dict[str, Any] = {
        "mapping": names,
        "columns": names,
        "counts": dict.fromkeys(RowOutcome, 100_000),
        "first": dict.fromkeys(RowOutcome, (RESULT,) * FIRST_SHOWN),
        "token": "t" * 64,
        "rows": 100_000,
        "parts": 500,
        "state": ImportState.CHECKED,
        "checked_in": 1,
        "attempt": 1,
        "source": ID,
        "refused_for": "r" * 64,
    }
    run = an_import(import_id=import_id, **values | fields)
    line = practice_line(PracticeEvent.IMPORT_REQUESTED, cause(), NOW, import_id=import_id)
    create_import(wiring.tenant(PROVIDER_ID), run, line)
    workflow.files.write_header(run, ["\x7f" * 200] * 500)
    workflow.files.s3.put_object(
        Bucket=workflow.files.bucket, Key=f"imports/{PROVIDER_ID}/{import_id}/report-1.csv", Body=b""
    )


@case("GET", "/clients.csv")
def _(table: Table) -> Iterable[Sized]:
    for number in range(MANY):
        store(table, largest(number))
    exported = get("/clients.csv")
    yield exports.CLIENTS_PER_READ // MANY, exported


@case("POST", "/imports")
def _(table: Table) -> Iterable[Sized]:
    yield 1, post("/imports", {"kind": "clients", "format": "csv", "source": ID})


@case("GET", "/imports")
def _(table: Table) -> Iterable[Sized]:
    for number in range(100):
        store_import(f"import-{number:03}")
    yield 1, get("/imports?limit=100")


@case("GET", "/imports/{import_id}")
def _(table: Table) -> Iterable[Sized]:
    store_import()
    yield 1, get(f"/imports/{RUN_ID}")


@case("GET", "/imports/{import_id}/report")
def _(table: Table) -> Iterable[Sized]:
    store_import()
    yield 1, get(f"/imports/{RUN_ID}/report")


@case("POST", "/imports/{import_id}/check")
def _(table: Table) -> Iterable[Sized]:
    store_import(state=ImportState.CHECKING, mapping={})
    yield 1, post(f"/imports/{RUN_ID}/check", {})


@case("POST", "/imports/{import_id}/confirm")
def _(table: Table) -> Iterable[Sized]:
    store_import()
    yield 1, post(f"/imports/{RUN_ID}/confirm", {"token": "t" * 64})


@case("POST", "/imports/{import_id}/stop")
def _(table: Table) -> Iterable[Sized]:
    store_import()
    yield 1, post(f"/imports/{RUN_ID}/stop")


@case("POST", "/imports/{import_id}/retry")
def _(table: Table) -> Iterable[Sized]:
    store_import(state=ImportState.COMPLETED, started_in=2)
    yield 1, post(f"/imports/{RUN_ID}/retry")


@pytest.mark.parametrize("route", sorted(ROUTES), ids=" ".join)
def test_the_largest_answers_of_a_route_are_small_enough(
    table: Table,
    executions: Executions,
    import_executions: Executions,
    monkeypatch: pytest.MonkeyPatch,
    route: tuple[str, str],
) -> None:
    monkeypatch.setenv("BOOKING_SECRET_PREFIX", PREFIX)
    wiring.booking_secrets.cache_clear()
    give_secret(PROVIDER_ID, SECRET)
    monkeypatch.setenv("RECORD_SECRET_PREFIX", source_secrets.PREFIX)
    wiring.record_secrets.cache_clear()
    source_secrets.give_secret("calendar")
    for times, answer in CASES[route](table):
        assert answer.status < 500, answer.body
        assert times * written_bytes(answer.body) < MOST_BYTES
