"""Changes of receipts are stored in few bytes, and read as they were, in each format that there was."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

import pytest
from hypothesis import given

from client_lifecycle.domain.effects import Change, all_effects
from client_lifecycle.domain.errors import UnreadableRecord
from client_lifecycle.domain.receipts import Receipt
from client_lifecycle.domain.records import Record
from client_lifecycle.storage import packed_changes
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.packed_changes import FORMAT, packed, unpacked
from client_lifecycle.storage.values import from_plain, to_plain
from tests.support import strategies
from tests.support.builders import DAY, NOW, appointment, one_of_each, payment, receipt

TEN_COMMITMENTS_FIT_BESIDE = 600
"""Bytes of changes that leave room in one KB for what else a receipt has."""


def stored(records: Sequence[Record]) -> Plain:
    return to_plain(receipt(*all_effects(records, NOW).changes))


@given(strategies.changes)
def test_changes_are_read_as_they_were_packed(changes: tuple[Change, ...]) -> None:
    plain = to_plain(receipt(*changes))
    assert unpacked(packed(plain)) == plain


def test_what_is_taken_back_is_read_as_it_was_packed() -> None:
    back = tuple(Change(before=one.after, after=one.before) for one in all_effects(one_of_each(), NOW).changes)
    plain = to_plain(receipt(*back))
    assert from_plain(Receipt, unpacked(packed(plain))).changes == back


def test_a_list_of_an_earlier_version_is_read_as_it_is() -> None:
    plain = stored(one_of_each())
    assert unpacked(plain) is plain
    assert packed(stored([])) == stored([])


def test_ten_commitments_with_long_ids_take_one_kilobyte() -> None:
    of = [str(uuid5(NAMESPACE_URL, str(number))) for number in range(10)]
    sessions = [
        appointment(one, starts_at=NOW + DAY * place, booked_at=NOW - timedelta(minutes=977 * place), series_id=of[0])
        for place, one in enumerate(of[:5], start=1)
    ]
    fees = [payment(one, amount_cents=1_357 * place) for place, one in enumerate(of[5:], start=1)]
    assert len(packed(stored([*sessions, *fees]))["changes"]) < TEN_COMMITMENTS_FIT_BESIDE


def damaged(how: str) -> bytes:
    whole: bytes = packed(stored(one_of_each()))["changes"]
    odd = zlib.compressobj(zdict=packed_changes.USUAL_TEXT)
    other = {
        "of a later format": b"\x03" + whole[1:],
        "cut off": whole[:-9],
        "changed": whole[:40] + b"?" + whole[41:],
        "not compressed": FORMAT + b"[]",
        "no list": FORMAT + odd.compress(json.dumps([{"before": 1}]).encode()) + odd.flush(),
    }
    return other[how]


@pytest.mark.parametrize("how", ["of a later format", "cut off", "changed", "not compressed", "no list"])
def test_what_cannot_be_unpacked_is_refused_and_named(how: str) -> None:
    with pytest.raises(UnreadableRecord) as refused:
        from_plain(Receipt, unpacked({**stored([]), "changes": damaged(how)}))
    assert refused.value.found[0].fields == ("changes",)
