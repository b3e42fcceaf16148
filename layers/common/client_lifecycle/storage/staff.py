"""Keeps the names of a provider's staff, as the user pool last signed them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from msgspec import Struct

from client_lifecycle.storage.items import conditional_update, put_new
from client_lifecycle.storage.skipping import read_each
from client_lifecycle.storage.table import ConditionsFailed
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.storage.values import from_plain, to_plain


class StaffName(Struct, frozen=True, kw_only=True):
    """The name of a member of staff; ``kept_at`` is when they last asked who they are and it was another one."""

    user_id: str
    name: str
    kept_at: datetime


def read_names(tenant: Tenant, user_ids: Iterable[str]) -> dict[str, str]:
    """Read the names of staff by id, in one call for a hundred; those that are not known are left out."""
    wanted = [tenant.keys.staff(user_id) for user_id in dict.fromkeys(user_ids)]
    found = tenant.table.get_many(wanted, consistent=False)
    names, _ = read_each(tenant.table, lambda plain: from_plain(StaffName, plain), found)
    return {one.user_id: one.name for one in names}


def keep_name(tenant: Tenant, name: StaffName) -> None:
    """Keep the name of a member of staff, if it is another than the one kept; of two at once, one is kept."""
    key = tenant.keys.staff(name.user_id)
    found = tenant.table.get_many([key], consistent=False)
    if found and found[0].get("name") == name.name:
        return
    after = to_plain(name)
    if found:
        before = {field: found[0].get(field) for field in after}
        write = conditional_update(tenant.table.name, key, before, after, after)
    else:
        write = put_new(tenant.table.name, key, after)
    with suppress(ConditionsFailed):
        tenant.table.transact([write])
