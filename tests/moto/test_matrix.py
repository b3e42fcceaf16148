"""Every route of the template, by every caller and with ids of another practice; new routes are in by existing.

Somebody without a role and each role ask every route; then a manager of one practice names what is another's at every
place where the API's description has an id, and is answered as if it did not exist.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import boto3
import pytest

from client_lifecycle.domain.settings import ProviderSettings, ReaderSettings
from client_lifecycle.edge import identity, wiring
from client_lifecycle.edge.identity import LEAST_ROLE, RANKS, Role
from client_lifecycle.storage.clients import record_item
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.staff import StaffName, keep_name
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from local.tables import create_table
from tests.moto.asking import ALL, SECRET, SIGNED, SOURCE, Naming, Practice
from tests.moto.conftest import ENVIRONMENT, Clock, Executions
from tests.support.booking_secrets import PREFIX, give_secret
from tests.support.builders import DAY, NOW, OTHER_PROVIDER_ID, PROVIDER_ID, client, document, group, one_of_each
from tests.support.calls import ARCHIVER, GUEST, MANAGER, READER, Answer, get
from tests.support.places import NAMED, operations, places, schemas_in
from tests.support.store import Dump, dump, store, store_group, store_settings

ROLES = {Role.READER: READER, Role.ARCHIVER: ARCHIVER, Role.MANAGER: MANAGER}
OUTSIDERS: Mapping[str, Mapping[str, Any] | None] = {
    "nobody": None,
    "somebody without claims": {},
    "a user of no practice": {name: MANAGER[name] for name in ("sub", "cognito:groups")},
    "a user whose practice is no id": MANAGER | {"custom:provider_id": f"{PROVIDER_ID}#"},
    "a user without an id": MANAGER | {"sub": ""},
    "a user of another application": {"client_id": "another", "scope": "aws.cognito.signin.user.admin"},
    "a user of the practice in no group that counts": GUEST,
}
"""Who has no role, by what the gateway passes on of them; a token of another pool gets no further than the gateway."""

PLACES = sorted(places(), key=str)
ONCE = [route for route, operation in operations() if "Idempotency-Key" in json.dumps(operation.get("parameters", []))]
KEY = "5f0c1a9e-7c1d-4a55-9d0e-2b8f6f0d1c11"
UNKNOWN = {name: f"no-such-{name.replace('_', '-')}" for name in {*NAMED.values(), "user_id"}} | {"cursor": "A" * 80}
ONE_PAGE = {"GET /clients.csv", "GET /bulk-archives/{run_id}/clients"}
"""Lists whose sample has no second page here; a cursor of another list of the practice stands for theirs."""


ALIKE_FOR_ITS_OWN = {
    "DELETE /clients/{client_id} path client_id": "no client is deleted, known or not",
    "GET /clients.csv query cursor": "one page",
    "GET /bulk-archives/{run_id}/clients query cursor": "one page",
    "POST /imports/{import_id}/confirm body token": "the import of the sample was not checked yet",
}
"""Places where what is the practice's own is answered like what does not exist, and why."""

SHOWS_STAFF = {"CauseView", "RunView", "PreviewView", "ImportView", "RequestedView"}
"""What shows staff in an answer, by its name in the API's description."""

NOBODY_TO_SHOW = {"POST /clients"}
"""Routes whose answers have room for staff and show none: a new client was neither archived nor brought back."""


class Everything:
    """All that is stored, brought back after each request that has changed it."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.before = dump(table)

    def changed(self) -> Dump:
        """Return what is new or changed, or gone, and bring it back as it was."""
        now = dump(self._table)
        new = {key: item for key, item in now.items() if self.before.get(key) != item}
        gone = {key: item for key, item in self.before.items() if key not in now}
        for pk, sk in new:
            self._table.client.delete_item(TableName=self._table.name, Key={"pk": {"S": pk}, "sk": {"S": sk}})
        self._table.put_many([self.before[key] for key in {*new, *gone} if key in self.before])
        return new | gone


@pytest.fixture(autouse=True)
def aws_for_all_routes(
    table: Table, executions: Executions, import_executions: Executions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOKING_SECRET_PREFIX", PREFIX)
    monkeypatch.setenv("RECORD_SECRET_PREFIX", PREFIX)
    wiring.record_secrets.cache_clear()
    create_table(boto3.client("dynamodb"), ENVIRONMENT["IDEMPOTENCY_TABLE_NAME"], "IdempotencyTable")
    for provider_id in (PROVIDER_ID, OTHER_PROVIDER_ID):
        give_secret(provider_id, SECRET)
        give_secret(f"{provider_id}/{SOURCE}", SECRET)


def founded(table: Table, clock: Clock, provider_id: str) -> Practice:
    """Return a practice whose lists have two pages each, if an answer has room for one."""
    town = provider_id.removeprefix("prov-")
    ids = {"group_id": f"group-{town}", "client_id": f"client-{town}", "external_id": f"crm-{town}"}
    ids |= {"user_id": f"staff-{town}", "member_id": f"member-{town}"}
    practice = Practice(provider_id, ids)
    of_it: dict[str, Any] = {"provider_id": provider_id, "group_id": ids["group_id"], "name": "Sample Fairbrook"}
    of_it["credit_cents"] = 900
    store_settings(table, provider_id, ProviderSettings(readers=ReaderSettings(see_money=True, see_notes=True)))
    store_group(table, group(ids["group_id"], provider_id=provider_id))
    store_group(table, group(f"{ids['group_id']}-2", provider_id=provider_id))
    store(table, client(ids["client_id"], external_ids={SOURCE: ids["external_id"]}, **of_it), *one_of_each())
    store(table, client(ids["member_id"], **of_it))
    own = Keys(provider_id)
    ended = {"due_key": own.unconfirmed(), "due_since": own.ended_at(NOW - 2 * DAY)}
    table.put_many([{**record_item(own, ids["member_id"], document(f"doc-{one}")), **ended} for one in range(2)])
    for _ in range(2):
        clock.pass_by(timedelta(minutes=5))
        archived = practice.done("POST /clients/{client_id}/archive")
        ids.setdefault("archive_id", archived["client"]["archive_id"])
        practice.done("POST /clients/{client_id}/activate")
        run = practice.done("POST /bulk-archives")
        ids |= {"run_id": run["run_id"], "token": run["token"]}
        ids["import_id"] = practice.done("POST /imports")["import_id"]
    practice.done("POST /clients/{client_id}/receipts/{archive_id}/restore")
    return practice


@pytest.fixture
def oak(table: Table, clock: Clock) -> Practice:
    return founded(table, clock, PROVIDER_ID)


@pytest.fixture
def elm(table: Table, clock: Clock) -> Practice:
    return founded(table, clock, OTHER_PROVIDER_ID)


def test_every_route_has_a_row_and_every_row_has_a_route() -> None:
    assert set(ALL) == set(LEAST_ROLE) | SIGNED
    assert {route for route, _ in operations()} == set(ALL)


def test_a_route_without_a_row_is_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    assert get("/groups").status == 200
    monkeypatch.setattr(identity, "LEAST_ROLE", {})
    assert get("/groups").status == 403


def test_every_route_is_for_its_least_role_and_those_above(table: Table, oak: Practice) -> None:
    everything, wrong = Everything(table), []
    for route, least in LEAST_ROLE.items():
        below = {role.value: claims for role, claims in ROLES.items() if RANKS[role] < RANKS[least]}
        for who, claims in [*OUTSIDERS.items(), *below.items()]:
            answer = oak.ask(route, claims)
            if (answer.status, answer.problem) != (403, "NotPermitted"):
                wrong.append(f"{who} is answered {answer.status} by {route}")
        if everything.changed():
            wrong.append(f"{route} writes for those whom it refuses")
        for role, claims in ROLES.items():
            answer = oak.ask(route, claims)
            if role.value not in below and answer.status == 403:
                wrong.append(f"{role} is refused by {route}")
            if not route.startswith("GET "):
                everything.changed()
    assert wrong == []


def test_a_route_for_systems_asks_for_their_signature_alone(table: Table, oak: Practice) -> None:
    everything = Everything(table)
    for route in SIGNED:
        for claims in [*OUTSIDERS.values(), *ROLES.values()]:
            answer = oak.ask(route, claims, headers={"X-Provider": PROVIDER_ID, "X-Source": SOURCE})
            assert (answer.status, answer.problem) == (401, "BadSignature")
        assert everything.changed() == {}
        assert oak.manages(route).status == 200
        assert everything.changed() != {}


def test_what_is_another_practice_s_does_not_exist(table: Table, oak: Practice, elm: Practice) -> None:
    everything, wrong = Everything(table), []
    for place in PLACES:
        theirs = oak.ids | {"cursor": cursor_of(oak, place.route)} if place.names == "cursor" else oak.ids
        unknown = alike(elm.manages(place.route, Naming(place, UNKNOWN)), UNKNOWN)
        if not place.route.startswith("GET "):
            everything.changed()
        foreign = elm.manages(place.route, Naming(place, theirs))
        written = everything.changed()
        if alike(foreign, theirs) != unknown:
            wrong.append(f"{place}: {alike(foreign, theirs)} is not {unknown}")
        written = {key: item for key, item in written.items() if key[0] != f"BOOKING#{OTHER_PROVIDER_ID}"}
        if any(PROVIDER_ID in pk for pk, _ in written) or (written and foreign.status >= 400):
            wrong.append(f"{place}: has written {sorted(written)}")
        known = alike(oak.manages(place.route, Naming(place, theirs)), theirs)
        if not place.route.startswith("GET "):
            everything.changed()
        if (known == unknown) != (str(place) in ALIKE_FOR_ITS_OWN):
            wrong.append(f"{place}: its own practice is answered {known}")
    assert wrong == [], "\n".join(wrong)


def cursor_of(practice: Practice, route: str) -> str:
    """Return where a list of the practice continues; that of another list where there is but one page."""
    of = "GET /clients" if route in ONE_PAGE else route
    page = practice.manages(of, Naming.of_one_a_page(of)).body
    assert page.get("next_cursor"), f"{of} has one page: {page}"
    return str(page["next_cursor"])


def alike(answer: Answer, ids: Mapping[str, str]) -> tuple[int, str]:
    """Return an answer without the ids that were named in it, and those and the tokens that were made for it."""
    text = json.dumps(answer.body, sort_keys=True)
    for name, one in sorted(ids.items(), key=lambda named: -len(named[1])):
        text = text.replace(one, f"the {name}")
    return answer.status, re.sub(r"[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{64}", "a new one", text)


def test_no_route_shows_an_id_of_staff_without_the_name(table: Table, oak: Practice) -> None:
    user_id = oak.ids["user_id"]
    keep_name(Tenant(table, PROVIDER_ID), StaffName(user_id=user_id, name="Sam Keeper", kept_at=NOW))
    everything, wrong, shown_by, may_show = Everything(table), [], set(), set()
    for route, operation in operations():
        answer = oak.manages(route)
        everything.changed()
        if answer.status < 300 and SHOWS_STAFF & shown(operation):
            may_show.add(route)
        for beside in all_beside(answer.body, user_id):
            shown_by.add(route)
            if "Sam Keeper" not in beside and route != "GET /me":
                wrong.append(f"{route}: {beside}")
    assert wrong == []
    assert may_show - shown_by == NOBODY_TO_SHOW


def shown(operation: Mapping[str, Any]) -> set[str]:
    """Return the schemas of what a route answers with when it does what it is for."""
    return {one for status, answer in operation["responses"].items() if status < "300" for one in schemas_in(answer)}


def all_beside(value: Any, wanted: str) -> Iterator[list[Any]]:
    """Yield, for each place of an id in an answer, what stands beside it."""
    if isinstance(value, dict) and wanted in value.values():
        yield [*value.values(), *value.get("names", {}).values()]
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from all_beside(part, wanted)


@pytest.mark.parametrize("route", ONCE)
def test_a_key_of_another_practice_is_as_good_as_new(route: str, oak: Practice, elm: Practice) -> None:
    sent = {"Idempotency-Key": KEY}
    first, again = (oak.manages(route, headers=sent) for _ in range(2))
    assert again.headers.get("Idempotent-Replayed") == "true"
    other = elm.manages(route, headers=sent)
    assert "Idempotent-Replayed" not in other.headers
    assert (other.status, other.body != first.body) == (first.status, True)
