"""A3: one mailbox written in two ways is one address, and only what mail can be sent to is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_lifecycle.storage import addresses

LONG = "\N{GREEK SMALL LETTER IOTA WITH DIALYTIKA AND TONOS}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("jo@bücher.example", "jo@xn--bcher-kva.example"),
        ("jo@bücher.example", "Jo@XN--BCHER-KVA.example"),
        ("jo@bücher.example", " JO@BÜCHER.EXAMPLE "),
        ("jo@bücher.example", "jo@bu\u0308cher.example"),
        ("jo@example.org", "\uff4a\uff4f@\uff45xample.org"),
        ("ΝΊΚΟΣ@example.org", "νίκος@example.org"),
    ],
)
def test_a3_one_mailbox_written_in_two_ways_is_one_address(one: str, other: str) -> None:
    assert addresses.normalized(one) == addresses.normalized(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("jo@strasse.example", "jo@straße.example"),
        ("strasse@example.org", "straße@example.org"),
        ("jo@bücher.example", "jo@bucher.example"),
        ("j.o@example.org", "jo@example.org"),
    ],
)
def test_a3_two_mailboxes_are_two_addresses(one: str, other: str) -> None:
    assert addresses.normalized(one) != addresses.normalized(other)


@pytest.mark.parametrize(
    "address",
    [
        f"{LONG * 64}@{LONG * 180}.gr",
        f"{LONG * 33}@example.org",
        f"jo@{LONG * 180}.gr",
        "\ufdfa" * 20 + "@example.org",
        f"jo@{'ü' * 70}.de",
        "jo@i\u2764.example",
        "jo@xn--zzzzzzzz.de",
        f"{'a' * 65}@example.org",
    ],
)
def test_an_address_that_mail_cannot_be_sent_to_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"bytes|no domain"):
        addresses.require_sendable(address)


def test_addresses_that_mail_can_be_sent_to_are_not_refused() -> None:
    for address in ("jo@example.org", f"{LONG * 32}@{LONG}.gr", "jo@straße.example", "a_b+c@x-y.example"):
        addresses.require_sendable(address)


@given(
    st.from_regex(
        r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9_-]{1,30}(\.[A-Za-z0-9-]{1,20}){1,3}", fullmatch=True
    )
)
def test_an_address_in_ascii_is_compared_as_it_was_before(address: str) -> None:
    if "xn--" not in address.lower():
        assert addresses.normalized(address) == address.casefold()
        assert addresses.former_forms(address) == []


@given(st.text(max_size=254))
def test_an_address_of_any_older_record_can_be_compared(text: str) -> None:
    assert addresses.normalized(text) not in addresses.former_forms(text)


def test_an_address_is_looked_for_as_older_versions_kept_it() -> None:
    assert addresses.former_forms("jo@bücher.example") == ["jo@xn--bcher-kva.example"]
    assert addresses.former_forms("jo@xn--bcher-kva.example") == ["jo@xn--bcher-kva.example"]
    assert addresses.former_forms("Jo@straße.example") == ["jo@strasse.example"]
