"""What an edit did, field by field; what people wrote and money are named, and their values are not told again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from msgspec import Struct, to_builtins

from client_lifecycle.domain.client import Client, Group
from client_lifecycle.domain.settings import ProviderSettings

Told: TypeAlias = str | int | bool | tuple[str, ...] | None

EDITED: Mapping[type[Struct], tuple[str, ...]] = {
    Client: ("name", "email", "group_id", "settings", "credit_cents", "owed_cents", "currency", "external_ids"),
    Group: ("name", "settings"),
    ProviderSettings: ProviderSettings.__struct_fields__,
}
"""What can be edited of each; all else is set by archiving, activating, planning, and by what sources tell."""

NAMED_ONLY = frozenset({"name", "email", "credit_cents", "owed_cents", "currency", "external_ids"})
"""Fields whose values no history tells."""


class Edit(Struct, frozen=True, kw_only=True):
    """One field that was changed; ``before`` and ``after`` are left out where they are personal data.

    ``field`` is a path like ``settings.chat``.
    """

    field: str
    before: Told = None
    after: Told = None


def edits_between(before: Struct | None, after: Struct | None) -> tuple[Edit, ...]:
    """Return the fields in which two readings of a client, a group or a practice's settings differ, in their order.

    Args:
        before: as it was, ``None`` if it is new.
        after: as it is, ``None`` if it is gone.
    """
    was, now = _told(before), _told(after)
    return tuple(
        _edit(field, was.get(field), now.get(field)) for field in {**was, **now} if was.get(field) != now.get(field)
    )


def _edit(field: str, before: Told, after: Told) -> Edit:
    return Edit(field=field) if field.partition(".")[0] in NAMED_ONLY else Edit(field=field, before=before, after=after)


def _told(value: Struct | None) -> dict[str, Told]:
    if value is None:
        return {}
    plain = to_builtins(value, enc_hook=str, order="deterministic")
    return {path: told for name in EDITED[type(value)] for path, told in _flat(name, plain[name])}


def _flat(path: str, value: Any) -> list[tuple[str, Told]]:
    if isinstance(value, dict):
        return [told for name, part in value.items() for told in _flat(f"{path}.{name}", part)]
    return [(path, tuple(value) if isinstance(value, list | tuple) else value)]
