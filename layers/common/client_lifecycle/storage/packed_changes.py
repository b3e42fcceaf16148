"""The changes of a receipt as they are stored: in few bytes, because each started KB costs two write units.

In format 1 ``changes`` is a list of records before and after. In format 2 it is bytes: the format's number, and
compressed JSON with each record whole before, and after it only the fields that differ, null where one is gone. This
version reads both. What is of a later format, or damaged, stays as it is and is refused when a receipt is read.
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import Any

from msgspec import DecodeError
from msgspec.json import decode, encode

from client_lifecycle.storage.attributes import Plain

FORMAT = b"\x02"

USUAL_TEXT = (
    b'{"before":{"kind":"feed_entry","record_id":"feed-","subject":"Filled in a food journal","created_at":"2026-01-'
    b'"},"after":{"hidden_at":null}},{"before":{"kind":"reminder","record_id":"reminder-","goal_id":"goal-","remind_at'
    b'":"2026-03-","status":"suppressed"},"after":{"status":"pending"}},{"before":{"kind":"recipient","record_id":"'
    b'blast-","send_at":"2026-04-","status":"pending"},"after":{"status":"withdrawn"}},{"before":{"kind":"membership",'
    b'"record_id":"chat-","chat_kind":"group","joined_at":"2026-05-"},"after":{"left_at":"2026-06-"}},{"before":{"kind'
    b'":"payment","record_id":"pay-","due_at":"2026-07-15T00:00:00Z","amount_cents":7500,"currency":"EUR","USD","status'
    b'":"cancelled","cancelled_by":"archive","cancelled_at":"2026-08-"},"after":{"status":"scheduled","cancelled_by":'
    b'null,"cancelled_at":null}},{"before":{"kind":"appointment","record_id":"appt-01K","starts_at":"2026-09-'
    b'T09:30:00Z","duration_minutes":45,"status":"booked","series_id":"01K","type":"follow_up","booked_at":"2026-10-01T'
    b'","calendar_id":"cal-"},"after":{"status":"cancelled","cancelled_by":"archive","cancelled_at":"2026-11-'
)
"""What format 2 is compressed against, so that one change takes few bytes, too. Stored receipts cannot be read without
it: another text is another format."""


def packed(plain: Plain) -> Plain:
    """Return a receipt, or a part of one, with its changes as they are stored."""
    if not plain.get("changes"):
        return plain
    compressor = zlib.compressobj(level=zlib.Z_BEST_COMPRESSION, zdict=USUAL_TEXT)
    text = encode([_short(**change) for change in plain["changes"]])
    return {**plain, "changes": FORMAT + compressor.compress(text) + compressor.flush()}


def unpacked(plain: Plain) -> Plain:
    """Return a stored receipt, or a part of one, with its changes as a list, in whichever format they were stored."""
    stored = plain.get("changes")
    if not isinstance(stored, bytes) or not stored.startswith(FORMAT):
        return plain
    with suppress(zlib.error, DecodeError, LookupError, TypeError):
        text = zlib.decompressobj(zdict=USUAL_TEXT).decompress(stored[len(FORMAT) :])
        return {**plain, "changes": [_whole(**change) for change in decode(text)]}
    return plain


def _short(before: Plain, after: Plain) -> dict[str, Any]:
    differing = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {"before": before, "after": {name: after.get(name) for name in differing}}


def _whole(before: Plain, after: Plain) -> dict[str, Any]:
    both = {**before, **after}
    return {"before": before, "after": {name: value for name, value in both.items() if value is not None}}
