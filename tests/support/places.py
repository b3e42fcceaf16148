"""Where the API's description lets a request name something: the places for foreign ids, by route."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from enum import Enum
from functools import cache
from typing import Any

from msgspec import Struct

from local.openapi import TARGET

NAMED = {
    "client_id": "client_id",
    "client_ids": "client_id",
    "exclude_client_ids": "client_id",
    "group_id": "group_id",
    "archive_id": "archive_id",
    "run_id": "run_id",
    "import_id": "import_id",
    "external_id": "external_id",
    "external_ids": "external_id",
    "client_external_id": "external_id",
    "actor_id": "user_id",
    "cursor": "cursor",
    "token": "token",
}
"""What a part of a request names, by its own name."""

OWN_NAMES = {"provider_id", "event_id", "id", "goal_id", "calendar_id", "series_id"}
"""Ids that a system gives to what it tells; the provider's is that of who signs."""


class Part(Enum):
    """A part of a request."""

    PATH = "path"
    QUERY = "query"
    BODY = "body"


class Place(Struct, frozen=True):
    """One place of one route: ``at`` are the names on the way to it."""

    route: str
    part: Part
    at: tuple[str, ...]
    is_list: bool = False

    def __str__(self) -> str:
        return f"{self.route} {self.part.value} {'.'.join(self.at)}"

    @property
    def names(self) -> str:
        """What is named there."""
        return NAMED.get(self.at[-1], self.at[-1])

    def within(self, body: Mapping[str, Any], value: Any, source: str) -> dict[str, Any]:
        """Return a body with a value at this place; a source is that of an external id."""
        whole: dict[str, Any] = deepcopy(dict(body))
        inner = whole
        for name in self.at[:-1]:
            inner = inner.setdefault(name, {})
        named = {source: value} if self.at[-1] == "external_ids" else value
        inner[self.at[-1]] = [named] if self.is_list else named
        return whole


@cache
def description() -> Mapping[str, Any]:
    """Return the API's description."""
    found: Mapping[str, Any] = json.loads(TARGET.read_text(encoding="utf-8"))
    return found


def operations() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return each route with its description."""
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def schemas_in(value: Any) -> Iterator[str]:
    """Yield the names of the schemas that a part of the description refers to, and of those that they refer to."""
    if isinstance(value, list):
        for part in value:
            yield from schemas_in(part)
    elif isinstance(value, dict):
        for keyword, part in value.items():
            if keyword == "$ref":
                name = part.split("/")[3]
                yield name
                yield from schemas_in(description()["components"]["schemas"][name])
            else:
                yield from schemas_in(part)


def is_id(name: str) -> bool:
    """Whether a part of a request has the name of an id."""
    return name not in OWN_NAMES and (name.endswith(("_id", "_ids", "cursor", "token")) or name == "id")


def places() -> Iterator[Place]:
    """Return every place of every route for an id."""
    for route, operation in operations():
        named = [one for one in operation.get("parameters", []) if is_id(one["name"])]
        yield from (Place(route, Part(one["in"]), (one["name"],)) for one in named)
        in_path = tuple(one["name"] for one in named if one["in"] == Part.PATH.value)
        if len(in_path) > 1:
            yield Place(route, Part.PATH, in_path)
        for content in operation.get("requestBody", {}).get("content", {}).values():
            in_body = dict(sorted(_named(content["schema"], ())))
            yield from (Place(route, Part.BODY, at, is_list) for at, is_list in in_body.items())


def _named(schema: Mapping[str, Any], at: Sequence[str]) -> Iterator[tuple[tuple[str, ...], bool]]:
    for shape in _shapes(schema):
        for name, inner in shape.get("properties", {}).items():
            if is_id(name):
                yield (*at, name), any("items" in one for one in _shapes(inner))
            else:
                yield from _named(inner, (*at, name))


def _shapes(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "$ref" in schema:
        yield from _shapes(description()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]])
        return
    yield schema
    for one in [*schema.get("anyOf", []), *schema.get("oneOf", []), *schema.get("allOf", [])]:
        yield from _shapes(one)
