"""Amounts of money, and their sums per currency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TypeAlias

from msgspec import Struct


class Amount(Struct, frozen=True, kw_only=True):
    """An amount in one currency, a code of ISO 4217 like ``EUR``.

    ``cents`` are the currency's minor units: hundredths of a euro, whole yen, thousandths of a dinar.
    """

    currency: str
    cents: int


Money: TypeAlias = tuple[Amount, ...]
"""One amount per currency, in the order of their codes, and none of zero; what ``per_currency`` returns."""


def per_currency(amounts: Iterable[Amount]) -> Money:
    """Add up amounts, each currency by itself; amounts of several currencies are never added (M1).

    Args:
        amounts: in any order, several of a currency or none.

    Returns:
        The sum of each currency, in the order of their codes. A currency whose sum is zero is left out.
    """
    sums: Counter[str] = Counter()
    for amount in amounts:
        sums[amount.currency] += amount.cents
    return tuple(Amount(currency=currency, cents=cents) for currency, cents in sorted(sums.items()) if cents)
