"""What sample events name: made-up ids for the documentation, or ids that exist in a running practice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from client_lifecycle.domain.client import Cause, Door, Source
from local.sample_practice import PROVIDER_ID

STAFF_ID = "5f0c9a52-7a9e-4b7e-9a53-0f6f6e1f2a01"
BY_STAFF = Cause(source=Source.STAFF, actor_id=STAFF_ID, through=Door.API)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What one sample may name; each need fills in what it makes.

    Args:
        at: the moment of the event, UTC.
        fresh_id: an id that nothing has yet.
        client_ids: the clients of ``run_id``, in the order of its members, or just ``client_id``.
        archive_ids: the stamps of those of them that are marked, in the same order.
        secret: what the provider's scheduling system signs with.
    """

    at: datetime = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    provider_id: str = PROVIDER_ID
    fresh_id: str = "01KJPZ00FRESHN0E0000000001"
    client_ids: Sequence[str] = ("01KJPZ00C1EN0T000000000001", "01KJPZ00C1EN0T000000000002")
    archive_ids: Sequence[str] = ("01KJPZ00ARCH1VE00000000001", "01KJPZ00ARCH1VE00000000002")
    run_id: str = "01KJPZ00RVN000000000000001"
    token: str = "the-token-of-the-preview"  # noqa: S105 - made up
    group_id: str = "01KJPZ00GR0VP0000000000001"
    secret: str = field(default="a secret", repr=False)

    @property
    def import_id(self) -> str:
        """The import, where ``run_id`` is one."""
        return self.run_id

    @property
    def client_id(self) -> str:
        """The client."""
        return self.client_ids[0]

    @property
    def archive_id(self) -> str:
        """The client's stamp."""
        return self.archive_ids[0]


DOCUMENTED = Given()
"""What the documented samples name."""
