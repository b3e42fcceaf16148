"""Names and other free text: which characters are refused, everywhere that a caller may write."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, TypeAlias

from pydantic import TypeAdapter, ValidationError

from client_lifecycle.edge.bodies import TEXT_PATTERN, Name, Text
from local.template import ROOT

Texts: TypeAlias = Iterator[tuple[str, dict[str, Any]]]
NAME: TypeAdapter[str] = TypeAdapter(Name)
TEXT: TypeAdapter[str] = TypeAdapter(Text)
EVERY = [chr(code) for code in range(0x110000)]
TURNS = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]
NONCHARACTERS = [one for one in EVERY if ord(one) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(one) <= 0xFDEF]


def is_taken(shape: TypeAdapter[str], text: str) -> bool:
    try:
        shape.validate_python(text)
    except ValidationError:
        return False
    return True


def test_exactly_controls_turns_halves_and_noncharacters_are_refused() -> None:
    assert (len(TURNS), len(NONCHARACTERS)) == (9, 66)
    controls = {one for one in EVERY if unicodedata.category(one) in ("Cc", "Cs")}
    refused = controls | {*TURNS, *NONCHARACTERS}
    assert {one for one in EVERY if not is_taken(TEXT, f"a{one}b")} == refused - {*"\t\n\r"}
    assert {one for one in EVERY if not is_taken(NAME, f"a{one}b")} == refused


def test_the_description_says_what_text_is_refused() -> None:
    said = {one for one in EVERY if not re.fullmatch(TEXT_PATTERN, one)}
    halves = {one for one in EVERY if unicodedata.category(one) == "Cs"}
    assert said | halves == {one for one in EVERY if not is_taken(TEXT, one)}


def test_every_text_that_a_caller_may_write_has_a_rule() -> None:
    """A field without one could take any character; each has a pattern, a format, or a list of what it may be."""
    description = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    asked = [operation for path in description["paths"].values() for operation in path.values()]
    bodies = [operation.get("requestBody", {}) for operation in asked]
    parameters = [operation.get("parameters", []) for operation in asked]
    found = list(texts_in([bodies, parameters], description["components"]["schemas"]))
    assert len(found) > 100
    compared_only = {"ConfirmBody.properties.token", "ConfirmImportBody.properties.token"}
    without = {place for place, text in found if not text.keys() & {"pattern", "format", "enum", "const"}}
    assert {place for place in without if not re.search(r"\.(any|one)Of\.properties\.", place)} == compared_only


def texts_in(part: Any, schemas: dict[str, Any], place: str = "", within: frozenset[str] = frozenset()) -> Texts:
    """Yield each text that a part of the description allows, with its place."""
    if isinstance(part, list):
        for one in part:
            yield from texts_in(one, schemas, place, within)
    if not isinstance(part, dict):
        return
    if part.get("type") == "string":
        yield place, part
    name = part.get("$ref", "").rpartition("/")[2]
    if name and name not in within:
        yield from texts_in(schemas[name], schemas, name, within | {name})
    for key, value in part.items():
        yield from texts_in(value, schemas, f"{place}.{key}", within)
