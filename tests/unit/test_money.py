"""Amounts are added up per currency, in whatever order they come (M1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_lifecycle.domain.money import Amount, Money, per_currency
from tests.support.builders import money
from tests.support.strategies import amounts

several = st.lists(amounts, max_size=8)


def of(currency: str, cents: int) -> Amount:
    return Amount(currency=currency, cents=cents)


ADDED: list[tuple[str, list[Amount], Money]] = [
    ("nothing", [], ()),
    ("nothing of a currency", [of("EUR", 0)], ()),
    ("one amount", [of("EUR", 1_200)], money(EUR=1_200)),
    ("two of a currency", [of("EUR", 1_200), of("EUR", 34)], money(EUR=1_234)),
    ("two currencies", [of("USD", 500), of("EUR", 500)], money(EUR=500, USD=500)),
    ("two currencies in turn", [of("USD", 1), of("EUR", 20), of("USD", 300)], money(EUR=20, USD=301)),
    ("what comes to zero", [of("USD", 500), of("EUR", 5), of("USD", -500)], money(EUR=5)),
    ("debts of one do not pay for another", [of("USD", 500), of("EUR", -500)], money(EUR=-500, USD=500)),
    ("codes that differ in case", [of("usd", 1), of("USD", 2)], (of("USD", 2), of("usd", 1))),
]


@pytest.mark.parametrize(("name", "found", "total"), ADDED, ids=[name for name, *_ in ADDED])
def test_m1_amounts_are_added_up_per_currency(name: str, found: list[Amount], total: Money) -> None:
    assert per_currency(found) == total


@given(several)
def test_m1_a_sum_has_each_currency_once_in_order_and_none_of_zero(found: list[Amount]) -> None:
    currencies = [amount.currency for amount in per_currency(found)]
    assert currencies == sorted(set(currencies))
    assert all(amount.cents for amount in per_currency(found))


@given(several)
def test_m1_no_cent_moves_to_another_currency(found: list[Amount]) -> None:
    total = {amount.currency: amount.cents for amount in per_currency(found)}
    for currency in {amount.currency for amount in found}:
        assert total.pop(currency, 0) == sum(amount.cents for amount in found if amount.currency == currency)
    assert not total


@given(several.flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))))
def test_m1_the_order_of_amounts_makes_no_difference(pair: tuple[list[Amount], list[Amount]]) -> None:
    found, shuffled = pair
    assert per_currency(found) == per_currency(shuffled)


@given(several, several, several)
def test_m1_sums_are_added_like_what_they_are_sums_of(a: list[Amount], b: list[Amount], c: list[Amount]) -> None:
    left = per_currency([*per_currency([*a, *b]), *c])
    right = per_currency([*a, *per_currency([*b, *c])])
    assert left == right == per_currency([*a, *b, *c])
