"""Receipts: whether one may still grow, and when what an archive left alone is looked at again (A11)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from client_lifecycle.domain.effects import cancel_commitments
from client_lifecycle.domain.receipts import ReceiptState, left_alone_check_at
from client_lifecycle.domain.records import PaymentStatus
from tests.support.builders import DAY, HOUR, NOW, payment, receipt

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("ago", "wait"),
    [
        (0 * MINUTE, 10 * MINUTE),
        (9 * MINUTE, 10 * MINUTE),
        (10 * MINUTE, 10 * MINUTE),
        (3 * HOUR, 3 * HOUR),
        (23 * HOUR, 23 * HOUR),
        (2 * DAY, DAY),
        (400 * DAY, DAY),
    ],
)
def test_a11_what_was_left_alone_is_looked_at_soon_and_then_daily(ago: timedelta, wait: timedelta) -> None:
    assert left_alone_check_at(NOW - ago, NOW) == NOW + wait


def test_a_receipt_may_grow_while_settling_or_with_something_left_alone() -> None:
    settled = receipt()
    left_alone = cancel_commitments([payment(status=PaymentStatus.CHARGING)], NOW).left_alone
    assert not settled.may_grow
    assert replace(settled, state=ReceiptState.SETTLING).may_grow
    assert replace(settled, left_alone=left_alone).may_grow
