"""Pages of receipts are bounded in bytes, for Lambda answers with up to 6 MB."""

from __future__ import annotations

import json
from dataclasses import replace

from client_lifecycle.domain.effects import all_effects
from client_lifecycle.storage.items import to_plain
from client_lifecycle.storage.keys import receipt_key
from client_lifecycle.storage.table import Table
from tests.moto.calls import pages
from tests.moto.store import store
from tests.unit.builders import NOW, PROVIDER_ID, appointment, client, receipt


def test_a_page_of_large_receipts_is_short_and_none_is_missed(table: Table) -> None:
    store(table, client())
    changes = all_effects([appointment(f"appointment-{number:04}") for number in range(700)], NOW).changes
    ids = [f"01KJPZ00000000000000000{number:03}" for number in range(10)]
    for archive_id in ids:
        plain = to_plain(replace(receipt(), archive_id=archive_id, changes=changes))
        table.put_many([{**receipt_key(PROVIDER_ID, "client-1", archive_id), **plain}])
    read = list(pages("/clients/client-1/receipts?limit=20"))
    assert [one["archive_id"] for page in read for one in page["receipts"]] == ids[::-1]
    assert len(read) > 1
    assert max(len(json.dumps({"body": json.dumps(page)})) for page in read) < 4_000_000
