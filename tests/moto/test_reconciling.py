"""What sources have told, listed for staff: a client's records, and what no source has confirmed (I8)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from client_lifecycle.domain.client import Door
from client_lifecycle.domain.intake import IncomingChange
from client_lifecycle.domain.records import (
    Appointment,
    AppointmentStatus,
    Membership,
    Payment,
    PaymentStatus,
    Record,
    RecordKind,
)
from client_lifecycle.storage import due, record_pages
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.clean_up import CONFIRMED_WITHIN
from client_lifecycle.use_cases.record import Delivery, record
from scheduled_cleanup.handler import RECORDS_UNCONFIRMED
from tests.moto.conftest import Clock, Log
from tests.support.builders import (
    DAY,
    HOUR,
    MOMENT,
    NOW,
    OTHER_PROVIDER_ID,
    PROVIDER_ID,
    appointment,
    client,
    document,
    membership,
    one_of_each,
    payment,
    untouched,
)
from tests.support.calls import READER, STRANGER, get, invoke, post
from tests.support.store import store

ALL = ["chats", "reminders", "feed", "appointments", "payments"]


@pytest.fixture(autouse=True)
def practice(tenant: Tenant) -> Tenant:
    for client_id in ("client-1", "client-2"):
        store(tenant.table, client(client_id))
    return tenant


def tell(
    tenant: Tenant, *told: Record, version: int = 1, source: str = "calendar", client_id: str = "client-1"
) -> None:
    changes = [
        IncomingChange(kind=one.kind, record_id=one.record_id, version=version, digest=str(version), record=one)
        for one in told
    ]
    record(
        tenant,
        Delivery(client_id=client_id, source=source, changes=changes),
        through=Door.BUS,
        at=NOW,
        is_dry_run=False,
    )


def archive(client_id: str = "client-1") -> str:
    archive_id: str = post(f"/clients/{client_id}/archive", {}).body["receipt"]["archive_id"]
    return archive_id


def ended(one: Record) -> Record:
    match one:
        case Appointment():
            return appointment(status=AppointmentStatus.CANCELLED)
        case Payment():
            return payment(status=PaymentStatus.CANCELLED)
        case Membership():
            return membership(left_at=NOW)
        case _:
            raise AssertionError(one)


def listed(query: str = "") -> list[dict[str, Any]]:
    return list(whole("/clients/client-1/records", query))


def unconfirmed(query: str = "hours=0") -> list[str]:
    return [f"{one['client_id']} {one['id']}" for one in whole("/records/unconfirmed", query)]


def whole(path: str, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = get(f"{path}?{query}{cursor}", claims=READER)
        assert answer.status == 200, answer.body
        found += answer.body["records"]
        if answer.body["next_cursor"] is None:
            return found
        cursor = f"&cursor={answer.body['next_cursor']}"


def ids(query: str = "") -> list[str]:
    return [one["id"] for one in listed(query)]


class TestRecordsOfAClient:
    def test_each_is_listed_with_what_its_source_said_and_what_became_of_it(self, tenant: Tenant) -> None:
        tell(tenant, appointment(), document(), version=7)
        store(tenant.table, client(), payment())
        archive_id = archive()
        said = {"version": 7, "source": "calendar", "live": False}
        ours = {"status": "cancelled", "cancelled_by": "archive", "archive_id": archive_id, "confirmed": False}
        nobody = {"version": None, "source": None, "live": False}
        kept = {"status": "shared", "cancelled_by": None, "archive_id": None, "confirmed": None}
        assert listed() == [
            {"kind": "appointment", "id": "appt-1", **said, **ours},
            {"kind": "document", "id": "doc-1", **said, **kept},
            {"kind": "payment", "id": "pay-1", **nobody, **ours},
        ]
        tell(tenant, ended(appointment()), version=8)
        assert [(one["version"], one["confirmed"]) for one in listed("kind=appointment")] == [(8, True)]

    @pytest.mark.parametrize("limit", [1, 2, 3, 9, 100])
    def test_every_kind_is_listed_once_however_long_a_page_is(self, tenant: Tenant, limit: int) -> None:
        tell(tenant, *one_of_each(), *untouched(), appointment("appt-2"))
        archive("client-1")
        post("/clients/client-1/activate", {"restore": ALL})
        assert {one["kind"] for one in listed()} == set(RecordKind)
        assert sorted(ids(f"limit={limit}")) == sorted(
            one.record_id for one in (*one_of_each(), *untouched(), appointment("appt-2"))
        )

    def test_kind_source_and_live_narrow_it(self, tenant: Tenant) -> None:
        tell(tenant, appointment(), appointment("appt-0", starts_at=NOW - HOUR), document())
        tell(tenant, payment(), source="billing")
        assert ids("kind=appointment") == ["appt-0", "appt-1"]
        assert ids("source=billing") == ["pay-1"]
        assert ids("live=true") == ["appt-1", "pay-1"]
        assert ids("live=false") == ["appt-0", "doc-1"]
        assert ids("live=true&source=calendar&kind=appointment&limit=1") == ["appt-1"]

    def test_a_page_ends_where_few_match_and_the_next_continues(
        self, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(record_pages, "MOST_READS", 2)
        tell(tenant, *(appointment(f"appt-{number}") for number in range(9)))
        tell(tenant, appointment("appt-9"), source="other")
        assert get("/clients/client-1/records?source=other&limit=1").body["records"] == []
        assert ids("source=other&limit=1") == ["appt-9"]

    def test_what_was_removed_is_listed_as_a_mark(self, tenant: Tenant) -> None:
        tell(tenant, appointment())
        gone = IncomingChange(kind=RecordKind.APPOINTMENT, record_id="appt-1", version=2, digest="2", record=None)
        delivery = Delivery(client_id="client-1", source="calendar", changes=[gone])
        record(tenant, delivery, through=Door.BUS, at=NOW, is_dry_run=False)
        assert [(one["id"], one["version"], one["status"]) for one in listed()] == [("appt-1", 2, "removed")]

    def test_nobody_lists_those_of_another_provider_s_client(self) -> None:
        assert get("/clients/client-1/records", claims=STRANGER).problem == "ClientNotFound"

    @pytest.mark.parametrize("query", ["kind=invoice", "live=perhaps", "source=a/b", "limit=0"])
    def test_what_cannot_be_asked_is_refused_by_name(self, query: str) -> None:
        answer = get(f"/clients/client-1/records?{query}")
        assert (answer.status, answer.fields) == (422, [query.partition("=")[0]])


class TestUnconfirmed:
    def test_i8_what_an_archive_ended_is_listed_until_it_is_confirmed(self, tenant: Tenant) -> None:
        told: list[Record] = [appointment(), payment(), membership()]
        tell(tenant, *told, version=7)
        archive_id = archive()
        [first, *_] = whole("/records/unconfirmed", "hours=0")
        assert first == {
            "client_id": "client-1",
            "client_name": client().name,
            "kind": "appointment",
            "id": "appt-1",
            "version": 7,
            "source": "calendar",
            "status": "cancelled",
            "archive_id": archive_id,
            "ended_at": NOW.isoformat().replace("+00:00", "Z"),
        }
        waiting = ["client-1 appt-1", "client-1 chat-1", "client-1 pay-1"]
        assert sorted(unconfirmed()) == waiting
        tell(tenant, *told, version=7)
        assert sorted(unconfirmed()) == waiting, "an echo confirms nothing"
        for one in told:
            tell(tenant, ended(one), version=8)
            waiting.remove(f"client-1 {one.record_id}")
            assert sorted(unconfirmed()) == waiting

    def test_i8_what_comes_back_or_is_told_otherwise_is_no_longer_listed(self, tenant: Tenant, clock: Clock) -> None:
        tell(tenant, appointment(), payment())
        archive()
        tell(tenant, payment(status=PaymentStatus.CHARGED), version=2)
        assert unconfirmed() == ["client-1 appt-1"]
        post("/clients/client-1/activate", {"restore": ALL})
        assert unconfirmed() == []
        clock.pass_by(HOUR)
        archive()
        clock.pass_by(HOUR)
        assert unconfirmed() == ["client-1 appt-1"]

    def test_i10_a_declined_payment_that_is_cancelled_at_once_is_listed(self, tenant: Tenant) -> None:
        tell(tenant, payment(status=PaymentStatus.CHARGING))
        archive()
        assert unconfirmed() == []
        tell(tenant, payment(), version=2)
        assert unconfirmed() == ["client-1 pay-1"]
        tell(tenant, ended(payment()), version=3)
        assert unconfirmed() == []

    def test_what_no_source_has_told_of_is_not_listed(self, tenant: Tenant) -> None:
        store(tenant.table, client(), appointment())
        archive()
        assert unconfirmed() == []

    def test_the_oldest_come_first_and_only_those_old_enough(self, tenant: Tenant, clock: Clock) -> None:
        for client_id in ("client-2", "client-1"):
            tell(
                tenant,
                *(appointment(f"a-{number}", starts_at=NOW + 9 * DAY) for number in range(3)),
                client_id=client_id,
            )
            archive(client_id)
            clock.pass_by(HOUR)
        everything = [f"client-{client} a-{number}" for client in (2, 1) for number in range(3)]
        assert unconfirmed("hours=1&limit=2") == everything
        assert unconfirmed("hours=2") == everything[:3]
        assert unconfirmed("hours=3") == unconfirmed("") == []

    def test_a_client_that_cannot_be_read_is_told_without_a_name(self, tenant: Tenant) -> None:
        for client_id in ("client-1", "client-2"):
            tell(tenant, appointment(), client_id=client_id)
            archive(client_id)
        spoilt = tenant.table.get(tenant.keys.client("client-2"))
        assert spoilt
        tenant.table.put_many([{**spoilt, "name": 5}])
        told = {one["client_id"]: one["client_name"] for one in whole("/records/unconfirmed", "hours=0")}
        assert told == {"client-1": client().name, "client-2": None}

    def test_names_are_read_by_one_call_for_a_page(self, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        tell(tenant, *(appointment(f"a-{number}", starts_at=NOW + 9 * DAY) for number in range(3)))
        archive()
        asked: list[int] = []
        read = Table.get_many

        def counted(table: Table, wanted: Any, **how: Any) -> Any:
            asked.append(len(wanted))
            return read(table, wanted, **how)

        monkeypatch.setattr(Table, "get_many", counted)
        assert len(unconfirmed()) == 3
        assert asked[:2] == [3, 1], "the records, then their client"

    def test_each_provider_sees_its_own(self, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("client_lifecycle.storage.keys.DUE_SHARDS", 1)
        tell(tenant, appointment())
        archive()
        assert unconfirmed() == ["client-1 appt-1"]
        assert get("/records/unconfirmed?hours=0", claims=STRANGER).body["records"] == []


class TestTheAlarm:
    @pytest.mark.parametrize("shards", [1, 16])
    def test_i8_providers_whose_sources_do_not_follow_are_counted(
        self,
        tenant: Tenant,
        clock: Clock,
        log: Log,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        shards: int,
    ) -> None:
        monkeypatch.setattr("client_lifecycle.storage.keys.DUE_SHARDS", shards)
        other = Tenant(tenant.table, OTHER_PROVIDER_ID)
        store(tenant.table, client(provider_id=OTHER_PROVIDER_ID))
        for one in (tenant, other):
            tell(one, appointment(starts_at=NOW + 9 * DAY), appointment("appt-2", starts_at=NOW + 9 * DAY))
        archive()
        post("/clients/client-1/archive", {}, claims=STRANGER)
        clock.pass_by(CONFIRMED_WITHIN - MOMENT)
        assert counted(capsys) == []
        clock.pass_by(MOMENT)
        assert counted(capsys) == [2.0]
        assert f'"{PROVIDER_ID}"' in log.text
        tell(other, ended(appointment()), appointment("appt-2", status=AppointmentStatus.CANCELLED), version=2)
        assert counted(capsys) == [1.0]
        assert [one.provider_id for one in due.list_unconfirmed(tenant.table, clock.at)] == [PROVIDER_ID]


def counted(capsys: pytest.CaptureFixture[str]) -> list[float]:
    capsys.readouterr()
    invoke("scheduled_cleanup.handler.lambda_handler", {})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if RECORDS_UNCONFIRMED in line]
    return [value for line in lines for value in line[RECORDS_UNCONFIRMED]]
