"""How many bytes a page takes in an answer; Lambda answers with up to 6 MB."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T", bound=Mapping[str, Any])

MAX_PAGE_BYTES = 3_000_000
"""What the entries of a page take in an answer, at most. One entry, as large as an item of the table can be, takes
less, so that every page has one."""


def bytes_in_an_answer(plain: Mapping[str, Any]) -> int:
    """Return what something takes in an answer, which is JSON inside JSON."""
    return len(json.dumps(json.dumps(plain, default=repr)))


def fitting(entries: Sequence[T]) -> Sequence[T]:
    """Return the first of the entries that have room on one page, one at least if there is any."""
    held_bytes = 0
    for place, entry in enumerate(entries):
        held_bytes += bytes_in_an_answer(entry)
        if place and held_bytes > MAX_PAGE_BYTES:
            return entries[:place]
    return entries
