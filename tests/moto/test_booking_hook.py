"""POST /hooks/bookings: who is heard, what is answered, and what is left behind (P6, A2)."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.records import AppointmentStatus
from client_lifecycle.domain.settings import PortalSettings
from client_lifecycle.edge import wiring
from client_lifecycle.edge.rate_limit import BURST_SECONDS, RateLimit
from client_lifecycle.edge.signature import sign
from client_lifecycle.storage.clients import read_client, read_live
from client_lifecycle.storage.signing_secrets import KEPT_FOR, READS_IN_VAIN, READS_WHILE_KEPT, SIGNERS_KEPT
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from local.template import ROOT
from tests.moto.conftest import Clock
from tests.support.booking_secrets import PREFIX, give_secret, take_secrets
from tests.support.builders import NOW, OTHER_PROVIDER_ID, PROVIDER_ID, client, stamp
from tests.support.calls import JSON, Answer, get, invoke, request
from tests.support.store import dump, store

SECRET = "the scheduling system's secret"
OTHER_SECRET = "the other provider's secret"
HOOK = "booking_hook.handler.lambda_handler"
NUMBERS = count()
NAME = f"{PREFIX}/{PROVIDER_ID}"


@pytest.fixture(autouse=True)
def secret(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKING_SECRET_PREFIX", PREFIX)
    wiring.booking_secrets.cache_clear()
    give_secret(PROVIDER_ID, SECRET)
    give_secret(OTHER_PROVIDER_ID, OTHER_SECRET)


@pytest.fixture(autouse=True)
def practice(table: Table) -> Table:
    store(table, client("active"))
    store(table, client("archived", stamp=stamp()))
    return table


def booking(client_id: str = "archived", **fields: Any) -> dict[str, Any]:
    appointment = {"id": "a-1", "start": "2026-03-04T10:00:00+01:00", "duration_minutes": 50, "type": "follow-up"}
    values = {"event_id": "e-1", "provider_id": PROVIDER_ID, "client_id": client_id, "booked_by": "client"}
    return {**values, "appointment": appointment} | fields


def call(body: dict[str, Any] | str, *, secret: str = SECRET, provider: str = PROVIDER_ID, at: Any = NOW) -> Answer:
    raw = body if isinstance(body, str) else json.dumps(body)
    headers = {"X-Provider": provider, "X-Signature": sign(secret, raw.encode(), at)}
    return request("POST", "/hooks/bookings", raw=raw, claims=None, headers=headers)


def test_a_hook_has_no_parameters(practice: Table) -> None:
    raw = json.dumps(booking())
    headers = {"X-Provider": PROVIDER_ID, "X-Signature": sign(SECRET, raw.encode(), NOW)}
    answer = request("POST", "/hooks/bookings?dry_run=true", raw=raw, claims=None, headers=headers)
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", ["dry_run"])


def hook_event(raw: str, headers: dict[str, str]) -> dict[str, Any]:
    """The sample event with another body and other headers, as API Gateway delivers them."""
    event: dict[str, Any] = json.loads((ROOT / "events" / "booking_hook.json").read_text(encoding="utf-8"))
    return {**event, "body": raw, "headers": headers, "multiValueHeaders": {name: [v] for name, v in headers.items()}}


def test_a2_a_booking_activates_an_archived_client_in_one_transaction(practice: Table) -> None:
    calls: list[str] = []
    wiring.table().client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    answer = call(booking())
    assert (answer.status, answer.body) == (
        200,
        {"event_id": "e-1", "answer": "accepted", "activated": True, "reason": None},
    )
    assert calls == ["BatchGetItem", "GetItem", "TransactWriteItems"], "answer and client, the settings, all at once"
    live = read_live(Tenant(practice, PROVIDER_ID), "archived", NOW)
    assert live.client.stamp is None
    [appointment] = live.records
    assert (appointment.record_id, appointment.status) == ("a-1", AppointmentStatus.BOOKED)  # type: ignore[union-attr]
    view = get("/clients/archived").body
    assert (view["status"], view["returned_by_booking"], view["returned_by"]["source"]) == ("active", True, "booking")
    [line] = get("/clients/archived/history").body["entries"]
    assert (line["event"], line["by"]["source"]) == ("client.activated", "booking")


def test_an_active_client_books_and_the_revision_rises(practice: Table) -> None:
    assert call(booking("active")).body["activated"] is False
    assert read_client(Tenant(practice, PROVIDER_ID), "active").revision == client().revision + 1


@pytest.mark.parametrize("who", ["active", "archived"])
@pytest.mark.parametrize(("booked_by", "last_active_at"), [("client", "2026-03-02T09:30:00Z"), ("staff", None)])
def test_booking_is_activity_of_the_client_and_being_booked_is_not(
    who: str, booked_by: str, last_active_at: str | None
) -> None:
    call(booking(who, booked_by=booked_by))
    assert get(f"/clients/{who}").body["last_active_at"] == last_active_at


REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("scheduling_disabled", {"settings": PortalSettings(schedule_appointments=False)}, {}, True),
    ("no_self_return", {"stamp": stamp(reason=ArchiveReason.DISCHARGED)}, {}, True),
    ("unknown_client", {}, {"client_id": "nobody"}, False),
    (
        "slot_in_past",
        {},
        {"appointment": {"id": "a", "start": "2026-03-02T09:30:00Z", "duration_minutes": 5, "type": "x"}},
        False,
    ),
]


@pytest.mark.parametrize(("reason", "fields", "asked", "told"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a2_a_refused_booking_says_why_and_leaves_no_appointment(
    practice: Table, reason: str, fields: dict[str, Any], asked: dict[str, Any], told: bool
) -> None:
    store(practice, client("c", **{"stamp": stamp()} | fields))
    before = dump(practice)
    answer = call(booking("c") | asked)
    assert (answer.status, answer.body["answer"], answer.body["reason"]) == (409, "refused", reason)
    written = {sk.split("#")[0] for pk, sk in dump(practice).keys() - before.keys() if pk.startswith("CLIENT#")}
    assert written == ({"HISTORY"} if told else set())
    assert all(dump(practice)[key] == item for key, item in before.items())


def test_p6_staff_books_whatever_the_client_s_switch_says(practice: Table) -> None:
    store(practice, client("c", stamp=stamp(), settings=PortalSettings(schedule_appointments=False)))
    assert call(booking("c", booked_by="staff")).body["answer"] == "accepted"


def test_a_replayed_event_gets_its_first_answer_and_writes_nothing(practice: Table, clock: Clock) -> None:
    first = call(booking())
    written = dump(practice)
    clock.pass_by(timedelta(minutes=1))
    assert call(booking()).body == first.body
    assert dump(practice) == written


def test_a_refusal_too_is_answered_once(practice: Table) -> None:
    store(practice, client("c", settings=PortalSettings(schedule_appointments=False)))
    first = call(booking("c"))
    store(practice, client("c"))
    assert call(booking("c")).body == first.body


def test_an_appointment_that_is_there_already_is_not_booked_again(practice: Table) -> None:
    call(booking("active"))
    again = call(booking("active", event_id="e-2"))
    assert (again.status, again.body["reason"]) == (409, "appointment_exists")


@dataclass
class Reads:
    """Parameter Store's client, watched: which versions of which secrets are read, in order."""

    seen: list[str] = field(default_factory=list)

    def watch(self) -> None:
        wiring.booking_secrets().client.meta.events.register("before-parameter-build.ssm.GetParameter", self._note)

    def _note(self, params: dict[str, Any], **_: Any) -> None:
        self.seen.append(params["Name"])


@pytest.fixture
def reads() -> Reads:
    reads = Reads()
    reads.watch()
    return reads


def heard(secret: str) -> bool:
    """Book again each time with a secret, and tell whether the request was heard."""
    number = next(NUMBERS)
    answer = call(of(id=f"a-{number}") | {"event_id": f"e-{number}"}, secret=secret)
    assert answer.status in (200, 401)
    return answer.status == 200


def test_a_rotation_refuses_nobody_and_ends_the_secret_before_the_last(clock: Clock) -> None:
    assert heard(SECRET)
    give_secret(PROVIDER_ID, "second")
    assert heard("second")
    assert heard(SECRET)
    give_secret(PROVIDER_ID, "third")
    assert heard("third")
    clock.pass_by(KEPT_FOR)
    assert (heard("third"), heard("second"), heard(SECRET)) == (True, True, False)


def test_secrets_are_read_once_a_minute_while_signatures_fit(clock: Clock, reads: Reads) -> None:
    give_secret(PROVIDER_ID, "second")
    versions = [NAME, f"{NAME}:1"]
    assert all(heard(SECRET) for _ in range(5))
    assert reads.seen == versions
    clock.pass_by(KEPT_FOR)
    assert heard(SECRET)
    assert reads.seen == versions * 2


def test_bad_signatures_read_secrets_a_few_times_a_minute_only(clock: Clock, reads: Reads) -> None:
    assert not any(heard("guess") for _ in range(50))
    assert len(reads.seen) == READS_WHILE_KEPT
    assert heard(SECRET)
    give_secret(PROVIDER_ID, "second")
    clock.pass_by(KEPT_FOR)
    assert heard("second")


def test_stale_unsigned_and_impossible_requests_read_no_secret(reads: Reads) -> None:
    call(booking(), at=NOW - timedelta(hours=1))
    call(booking(), provider="../other")
    request("POST", "/hooks/bookings", booking(), claims=None)
    assert reads.seen == []


def test_made_up_providers_push_out_no_provider_and_do_not_fill_memory(clock: Clock, reads: Reads) -> None:
    assert heard(SECRET)
    kept = wiring.booking_secrets()
    for number in range(SIGNERS_KEPT * 2):
        clock.pass_by(KEPT_FOR / READS_IN_VAIN)
        assert list(kept.of(f"prov-{number}", clock.at)) == []
    assert (len(kept._known), len(kept._unknown)) == (1, SIGNERS_KEPT)
    assert next(iter(kept.of(PROVIDER_ID, NOW))) == SECRET
    assert reads.seen.count(NAME) == 1
    assert SECRET not in repr(kept)


def test_made_up_providers_cost_no_read_after_the_first_few(clock: Clock, reads: Reads) -> None:
    assert heard(SECRET)
    answers = [call(booking(), provider=f"prov-{number}") for number in range(READS_IN_VAIN * 2)]
    assert [answer.status for answer in answers] == [401] * READS_IN_VAIN + [429] * READS_IN_VAIN
    assert (answers[-1].problem, answers[-1].headers["Retry-After"]) == ("TooManyRequests", "1")
    assert len(reads.seen) == 1 + READS_IN_VAIN
    assert heard(SECRET)
    assert call(booking(provider_id=OTHER_PROVIDER_ID), provider=OTHER_PROVIDER_ID, secret=OTHER_SECRET).status == 429
    clock.pass_by(KEPT_FOR)
    assert call(booking(provider_id=OTHER_PROVIDER_ID), provider=OTHER_PROVIDER_ID, secret=OTHER_SECRET).status != 429


def test_a_provider_that_calls_too_often_is_slowed_down_and_no_other(
    practice: Table, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = RateLimit(5)
    monkeypatch.setattr(wiring, "hook_rate", lambda: limit)
    forged = [call(booking(), secret="guess") for _ in range(5 * BURST_SECONDS + 1)]
    assert {answer.status for answer in forged} == {401}
    answers = [call(booking()) for _ in range(5 * BURST_SECONDS)]
    assert {answer.status for answer in answers} == {200}
    before = dump(practice)
    refused = call(booking(event_id="e-late"))
    assert (refused.status, refused.problem, refused.headers["Retry-After"]) == (429, "TooManyRequests", "1")
    assert dump(practice) == before
    assert call(booking(provider_id=OTHER_PROVIDER_ID), provider=OTHER_PROVIDER_ID, secret=OTHER_SECRET).status != 429
    clock.pass_by(timedelta(seconds=0.2))
    assert [call(booking()).status for _ in range(2)] == [200, 429]


def test_one_provider_more_than_are_kept_pushes_out_the_oldest_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("client_lifecycle.storage.signing_secrets.SIGNERS_KEPT", 2)
    kept = wiring.booking_secrets()
    for number in range(3):
        give_secret(f"prov-{number}", SECRET)
        assert list(kept.of(f"prov-{number}", NOW)) == [SECRET]
    assert set(kept._known) == {"prov-1", "prov-2"}


def test_a_provider_that_gets_its_first_secret_is_heard_at_once() -> None:
    kept = wiring.booking_secrets()
    assert list(kept.of("prov-new", NOW)) == []
    give_secret("prov-new", SECRET)
    assert SECRET in list(kept.of("prov-new", NOW))
    assert ("prov-new" in kept._known, "prov-new" in kept._unknown) == (True, False)


def test_a_provider_whose_secret_is_deleted_is_not_heard() -> None:
    take_secrets(PROVIDER_ID)
    assert not heard(SECRET)


def test_a_version_that_is_gone_refuses_nobody_else(clock: Clock, reads: Reads) -> None:
    """Parameter Store keeps a hundred versions, and may have let go of the one before."""
    give_secret(PROVIDER_ID, "second")
    wiring.booking_secrets().client.meta.events.register("before-call.ssm.GetParameter", _without_versions)
    assert (heard("second"), heard(SECRET)) == (True, False)


def _without_versions(params: dict[str, Any], **_: Any) -> None:
    if b":1" in params["body"]:
        raise ClientError({"Error": {"Code": "ParameterVersionNotFound"}}, "GetParameter")


UNHEARD: list[tuple[str, dict[str, Any]]] = [
    ("signed with another secret", {"secret": "guess"}),
    ("signed too long ago", {"at": NOW - timedelta(minutes=5, seconds=1)}),
    ("signed for another provider", {"provider": OTHER_PROVIDER_ID}),
    ("of a provider nobody knows", {"provider": "prov-nobody"}),
    ("of no provider", {"provider": ""}),
]


BODIES: dict[str, dict[str, Any] | str] = {"a booking": booking(), "no JSON": "{", "a malformed one": booking(note="!")}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize(("how", "options"), UNHEARD, ids=[case[0] for case in UNHEARD])
def test_a_request_that_is_not_well_signed_is_not_heard_whatever_it_says(
    practice: Table, how: str, options: dict[str, Any], body: dict[str, Any] | str
) -> None:
    before = dump(practice)
    answer = call(body, **options)
    assert (answer.status, answer.problem, answer.fields) == (401, "BadSignature", ["X-Signature"])
    assert dump(practice) == before


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_an_unsigned_request_is_not_heard_whatever_it_says(body: dict[str, Any] | str) -> None:
    raw = body if isinstance(body, str) else json.dumps(body)
    answer = request("POST", "/hooks/bookings", raw=raw, claims=None)
    assert (answer.status, answer.problem, answer.fields) == (401, "BadSignature", ["X-Signature"])


def test_a_provider_cannot_book_for_another_with_its_own_secret(practice: Table) -> None:
    before = dump(practice)
    answer = call(booking(provider_id=OTHER_PROVIDER_ID))
    assert (answer.status, answer.fields) == (401, ["provider_id"])
    assert dump(practice) == before


def test_a_malformed_booking_of_another_provider_is_told_its_fields_first() -> None:
    assert call(booking(provider_id=OTHER_PROVIDER_ID, note="!")).fields == ["note"]


def test_a_caller_cannot_name_a_provider_whose_secret_did_not_sign(practice: Table) -> None:
    raw = json.dumps(booking())
    headers = {"X-Provider": OTHER_PROVIDER_ID, "X-Signature": sign(OTHER_SECRET, raw.encode(), NOW)}
    event = hook_event(raw, headers)
    event["multiValueHeaders"]["X-Provider"] = [PROVIDER_ID, OTHER_PROVIDER_ID]
    before = dump(practice)
    assert invoke(HOOK, event)["statusCode"] == 422
    assert dump(practice) == before


@pytest.mark.parametrize("spell", [str.lower, str.upper], ids=["lower", "upper"])
def test_the_names_of_headers_are_read_in_any_case(spell: Any) -> None:
    raw = json.dumps(booking())
    headers = {"X-Provider": PROVIDER_ID, "X-Signature": sign(SECRET, raw.encode(), NOW), "Content-Type": JSON}
    answer = invoke(HOOK, hook_event(raw, {spell(name): value for name, value in headers.items()}))
    assert json.loads(answer["body"])["answer"] == "accepted"


NOT_ASCII = json.dumps(booking(), ensure_ascii=False).replace("follow-up", "Rückfrage \u2713").encode()


@pytest.mark.parametrize("raw", [NOT_ASCII, NOT_ASCII.decode()], ids=["encoded", "as text"])
def test_a_body_is_signed_over_its_bytes_however_it_is_delivered(raw: str | bytes) -> None:
    headers = {"X-Provider": PROVIDER_ID, "X-Signature": sign(SECRET, NOT_ASCII, NOW)}
    answer = request("POST", "/hooks/bookings", raw=raw, claims=None, headers=headers)
    assert answer.body["answer"] == "accepted"


def test_signed_bytes_that_are_no_text_are_malformed() -> None:
    headers = {"X-Provider": PROVIDER_ID, "X-Signature": sign(SECRET, b"\xff\xfe", NOW)}
    answer = request("POST", "/hooks/bookings", raw=b"\xff\xfe", claims=None, headers=headers)
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", ["body"])


def of(**fields: Any) -> dict[str, Any]:
    """A booking whose appointment has these fields."""
    return booking(appointment=booking()["appointment"] | fields)


MALFORMED: list[tuple[str, dict[str, Any] | str, int, str]] = [
    ("no JSON", "{", 400, "body"),
    ("no event id", {k: v for k, v in booking().items() if k != "event_id"}, 422, "event_id"),
    ("unknown field", booking(note="hello"), 422, "note"),
    (
        "a start without a zone",
        of(start="2026-03-04T10:00:00"),
        422,
        "appointment.start",
    ),
    (
        "no time at all",
        of(duration_minutes=0),
        422,
        "appointment.duration_minutes",
    ),
    ("somebody else", booking(booked_by="robot"), 422, "booked_by"),
]


@pytest.mark.parametrize(("what", "body", "status", "field"), MALFORMED, ids=[case[0] for case in MALFORMED])
def test_a_malformed_booking_names_the_field_and_writes_nothing(
    practice: Table, what: str, body: dict[str, Any] | str, status: int, field: str
) -> None:
    before = dump(practice)
    answer = call(body)
    assert (answer.status, answer.problem, answer.fields) == (status, "InvalidRequest", [field])
    assert dump(practice) == before


@pytest.fixture
def today(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The present moment as other processes know it, and the environment the signing script reads."""
    clock.at = datetime.now(UTC)
    give_secret("prov-maple", "a secret")
    return {"BOOKING_SECRET": "a secret"}


def sign_booking(
    *arguments: str, environment: dict[str, str], stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "local.sign_booking", *arguments]
    return subprocess.run(command, input=stdin, env=environment, capture_output=True, check=False)


def test_the_sample_event_as_it_is_checked_in_was_good_for_five_minutes(today: dict[str, str], clock: Clock) -> None:
    event = json.loads((ROOT / "events" / "booking_hook.json").read_text(encoding="utf-8"))
    assert json.loads(invoke(HOOK, event)["body"])["detail"] == "The signature is too old, or from the future."
    seconds = event["headers"]["X-Signature"].removeprefix("t=").partition(",")[0]
    clock.at = datetime.fromtimestamp(int(seconds), UTC)
    assert json.loads(invoke(HOOK, event)["body"])["reason"] == "unknown_client"


def test_the_headers_the_script_prints_sign_the_body_it_reads(today: dict[str, str]) -> None:
    raw = json.dumps(booking(provider_id="prov-maple", client_id="nobody"))
    printed = sign_booking("--provider", "prov-maple", environment=today, stdin=raw.encode()).stdout.decode()
    headers = dict(line.split(": ", 1) for line in printed.splitlines())
    assert json.loads(invoke(HOOK, hook_event(raw, headers))["body"])["reason"] == "unknown_client"


def test_the_script_signs_nothing_without_a_secret() -> None:
    done = sign_booking(environment={})
    assert (done.returncode, b"BOOKING_SECRET" in done.stderr) == (2, True)
