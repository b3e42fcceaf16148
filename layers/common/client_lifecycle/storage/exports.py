"""Everything that is stored of one client, and the bucket it is put into for a person to fetch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from client_lifecycle.storage import keys
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.packed_changes import unpacked
from client_lifecycle.storage.retries import persistently
from client_lifecycle.storage.table import Query
from client_lifecycle.storage.tenant import Tenant

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

FOLDER = "client.exports"
"""Where exports are in the bucket; no provider's id has a full stop, so that no manifest is there."""

LINK_GOOD_FOR = timedelta(minutes=5)


def read_everything(tenant: Tenant, client_id: str) -> dict[str, list[Plain]]:
    """Read every item of a client as it is stored, by kind, also what this version cannot make sense of.

    Answers to bookings are kept by provider: all of the provider's are read for those of the client. What was written
    within the last moments may be missing.
    """
    found: dict[str, list[Plain]] = {}
    of_client = Query("pk = :pk", {":pk": tenant.keys.client_partition(client_id)})
    for item in tenant.table.query(of_client, consistent=False):
        found.setdefault(keys.named({"pk": item["pk"], "sk": item["sk"]}).kind, []).append(unpacked(item))
    of_bookings = Query(
        "pk = :pk",
        {":pk": tenant.keys.booking_partition(), ":client_id": client_id},
        where="client_id = :client_id",
    )
    if answers := list(tenant.table.query(of_bookings, consistent=False)):
        found["booking_answer"] = answers
    return found


@dataclass(frozen=True, slots=True)
class ExportStore:
    """The bucket of this name, whose exports expire within a day."""

    s3: S3Client
    bucket: str

    def put(self, tenant: Tenant, client_id: str, export_id: str, document: Mapping[str, Any]) -> str:
        """Put an export into the bucket, and return a link to it that is good for five minutes.

        Args:
            tenant: whose client it is.
            client_id: the client.
            export_id: names this export.
            document: what is exported.
        """
        key = f"{FOLDER}/{tenant.provider_id}/{client_id}/{export_id}.json"
        body = json.dumps(document, default=_written, ensure_ascii=False).encode()
        persistently(lambda: self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json"))
        as_file = f'attachment; filename="{client_id}.json"'
        where = {"Bucket": self.bucket, "Key": key, "ResponseContentDisposition": as_file}
        return self.s3.generate_presigned_url("get_object", where, int(LINK_GOOD_FOR.total_seconds()))


def _written(value: Any) -> Any:
    """Write what other systems keep in items and JSON does not have."""
    return sorted(map(str, value)) if isinstance(value, set) else str(value)
