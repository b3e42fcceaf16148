"""A3 over HTTP: an address in use is in use however it is written, by this version or the one before."""

from __future__ import annotations

import pytest

from client_lifecycle.storage.clients import address_item
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table
from tests.support.builders import PROVIDER_ID, client
from tests.support.calls import patch, post
from tests.support.store import dump, store

WIDE = "\N{GREEK SMALL LETTER IOTA WITH DIALYTIKA AND TONOS}"


def added(email: str) -> int:
    return post("/clients", {"name": "Jo", "email": email}).status


@pytest.mark.parametrize(
    "other",
    ["jo@xn--bcher-kva.example", "JO@XN--BCHER-KVA.EXAMPLE", "Jo@Bücher.Example", "\uff4a\uff4f@bücher.example"],
)
def test_a3_a_mailbox_written_in_another_way_is_in_use(table: Table, other: str) -> None:
    assert [added("jo@bücher.example"), added(other)] == [201, 409]


@pytest.mark.parametrize("emails", [["jo@strasse.de", "jo@straße.de"], ["jo@straße.de", "jo@strasse.de"]])
def test_a3_strasse_and_straße_are_two_domains(table: Table, emails: list[str]) -> None:
    assert [added(email) for email in emails] == [201, 201]
    assert [added(email.upper().replace("STRASSE", "strasse")) for email in emails[:1]] == [409]


@pytest.mark.parametrize(
    ("kept", "email"), [("jo@strasse.de", "jo@straße.de"), ("jo@xn--bcher-kva.de", "jo@bücher.de")]
)
def test_a3_an_address_that_an_older_version_kept_is_in_use(table: Table, kept: str, email: str) -> None:
    former = {"pk": f"EMAIL#{PROVIDER_ID}", "sk": kept, "client_id": "client-1"}
    store(table, client(email=email))
    table.client.delete_item(
        TableName=table.name, Key={name: {"S": part} for name, part in Keys(PROVIDER_ID).email(email).items()}
    )
    table.put_many([former])
    assert added(email) == 409
    assert patch("/clients/client-1", {"email": "else@example.org"}).status == 200
    assert [sk for pk, sk in dump(table) if pk.startswith("EMAIL#")] == ["else@example.org"]
    assert added(email) == 201


def test_an_address_changed_from_one_form_to_the_other_stays_its_client_s(table: Table) -> None:
    one = store(table, client(email="jo@strasse.de"))
    for email in ("jo@straße.de", "jo@strasse.de", "jo@straße.de"):
        assert patch("/clients/client-1", {"email": email}).body["email"] == email
    taken = [item for (pk, _), item in dump(table).items() if pk.startswith("EMAIL#")]
    assert taken == [address_item(client(one.client_id, email="jo@straße.de"))]


@pytest.mark.parametrize(
    "email",
    [f"{WIDE * 64}@{WIDE * 180}.gr", f"{WIDE * 33}@example.org", "\ufdfa" * 20 + "@example.org", "jo@i\u2764.de"],
)
def test_an_address_that_cannot_be_kept_is_refused_by_its_field(table: Table, email: str) -> None:
    store(table, client())
    for answer in (post("/clients", {"name": "Jo", "email": email}), patch("/clients/client-1", {"email": email})):
        assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", ["email"])


def test_a_name_of_any_letters_can_be_kept(table: Table) -> None:
    for number, name in enumerate([WIDE * 200, "\ufdfa" * 200, "\U00010330" * 200, "\U0001f600" * 200]):
        answer = post("/clients", {"name": name, "email": f"a{number}@example.org"})
        assert answer.status == 201
        found = post("/clients/_search", {"q": name[:100]}).body["clients"]
        assert [one["client_id"] for one in found] == [answer.body["client_id"]]
