"""A practice that is loaded through the doors is the practice that was made up."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from client_lifecycle.domain.records import Appointment, Record
from client_lifecycle.storage.archives import read_receipt
from client_lifecycle.storage.clients import read_client, record_from
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant
from local.sample_practice import PROVIDER_ID, generate
from local.telling import SOURCE_OF, tell
from tests.support.builders import NOW
from tests.support.store import dump

KINDS = {kind.upper(): source for kind, source in SOURCE_OF.items()}


def test_what_the_sources_of_the_sample_practice_tell_is_what_was_made_up(table: Table) -> None:
    practice, tenant = generate(clients=40, at=NOW), Tenant(table, PROVIDER_ID)
    told_of: list[tuple[int, int]] = []
    tell(table, practice, NOW, lambda done, total: told_of.append((done, total)))
    assert told_of[-1] == (40, 40)
    items = dump(table)
    for sample in practice.clients:
        client_id = sample.client.client_id
        client = read_client(tenant, client_id)
        archive = client.stamp
        assert replace(client, revision=0, stamp=None) == replace(sample.client, revision=0, stamp=None)
        assert (archive and archive.archived_at) == (sample.client.stamp and sample.client.stamp.archived_at)
        kept = [plain for (pk, _), plain in items.items() if pk == f"CLIENT#{PROVIDER_ID}#{client_id}"]
        records = [plain for plain in kept if plain["sk"].split("#")[0] in KINDS and "BALANCE" not in plain["sk"]]
        assert {shown(record_from(plain)) for plain in records} == {shown(record) for record in sample.records}
        assert {plain["source"] for plain in records} == {KINDS[plain["sk"].split("#")[0]] for plain in records}
        if archive and sample.receipt:
            receipt = read_receipt(tenant, client_id, archive.archive_id)
            assert {change.before.record_id for change in receipt.changes} == {
                change.before.record_id for change in sample.receipt.changes
            }


def shown(record: Record) -> Any:
    """Return a record without what no source tells: who else than an archive cancelled it."""
    if isinstance(record, Appointment) and record.cancelled_by != "archive":
        return replace(record, cancelled_by=None)
    return record
