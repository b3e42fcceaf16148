"""The people behind ids: the caller's own name, and the names of staff beside their ids in answers.

A name comes from the claims that the user pool has signed. It stands in the table and in answers to staff of the same
practice; never in an event, a log line, a metric or a workflow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from client_lifecycle.domain.errors import StorageBusy
from client_lifecycle.edge.views.shared import CauseView
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.staff import names_of

LONGEST_NAME = 200

DID_SOMETHING = ("created_by", "confirmed_by", "stopped_by", "retried_by")
"""The fields that hold an id of who did something, in answers that have ``names`` beside them."""


def name_in(claims: Mapping[str, Any]) -> str | None:
    """Return what a person is called by their token: the name, or else the address that they sign in with."""
    given = claims.get("name") or claims.get("email")
    return " ".join(given.split())[:LONGEST_NAME] or None if isinstance(given, str) else None


def put_names(tenant: Tenant, answer: Any, known: Mapping[str, str]) -> None:
    """Put the names of staff beside their ids in an answer: in each cause, and as ``names`` of runs and imports.

    Those that are not known are read by one call for all. While the table is too busy for it, they are left out: what
    was asked for is done, and its answer is good without them.

    Args:
        tenant: the provider's part of the table.
        answer: texts, numbers, lists and objects.
        known: names by id that need not be read, the caller's own.
    """
    places = [*_places(answer)]
    names = dict(known)
    unknown = {one for place in places for one in _people(place)} - names.keys()
    with suppress(StorageBusy):
        names |= names_of(tenant, sorted(unknown))
    for place in places:
        told = {one: names[one] for one in _people(place) if one in names}
        if "names" in place:
            place["names"] = told
        else:
            place["name"] = told.get(place["actor_id"])


def _places(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for part in value:
            yield from _places(part)
    elif isinstance(value, dict):
        if value.keys() == CauseView.model_fields.keys() or isinstance(value.get("names"), dict):
            yield value
        for part in value.values():
            yield from _places(part)


def _people(place: Mapping[str, Any]) -> list[str]:
    if "names" in place:
        return [place[field] for field in DID_SOMETHING if place.get(field)]
    return [place["actor_id"]]
