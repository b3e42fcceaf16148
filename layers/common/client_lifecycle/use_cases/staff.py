"""What the staff of a practice are called: names come with their tokens, and are kept for those who see their ids."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from client_lifecycle.domain.settings import ProviderSettings
from client_lifecycle.storage.providers import read_settings
from client_lifecycle.storage.staff import StaffName, keep_name, read_names
from client_lifecycle.storage.tenant import Tenant


def introduce(tenant: Tenant, user_id: str, name: str | None, at: datetime) -> ProviderSettings:
    """Keep the name that a member of staff comes with, if it is another than the one kept; tell of their practice.

    Args:
        tenant: the provider's part of the table.
        user_id: the member of staff.
        name: as the user pool has signed it, ``None`` if it has none.
        at: the present moment, UTC.

    Raises:
        StorageBusy: the table kept throttling.
    """
    if name:
        keep_name(tenant, StaffName(user_id=user_id, name=name, kept_at=at))
    return read_settings(tenant)


def names_of(tenant: Tenant, user_ids: Iterable[str]) -> dict[str, str]:
    """Return the names of staff by id; systems, and staff who have never asked who they are, have none."""
    return read_names(tenant, user_ids)
