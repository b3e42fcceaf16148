"""Tells what in the API would break a caller who was written for the last release.

``python -m local.api_changes`` compares docs/openapi.json with the one of the latest tag; nothing to compare with is
no fault.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from local.openapi import TARGET
from local.template import ROOT

Schema = Mapping[str, Any]
METHODS = frozenset({"get", "put", "post", "patch", "delete"})


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Return a sentence for each change that breaks a caller.

    These are: a route, an answer or a field of an answer that is gone, and a field of a request or a parameter that
    was optional or unknown and is required now.

    Args:
        old: the OpenAPI document callers were written for.
        new: the OpenAPI document as it is now.
    """
    return [change for path, method in _operations(old) for change in _changes(old, new, path, method)]


def _operations(document: Schema) -> Iterator[tuple[str, str]]:
    for path, item in document["paths"].items():
        yield from ((path, method) for method in item if method in METHODS)


def _changes(old: Schema, new: Schema, path: str, method: str) -> Iterator[str]:
    where = f"{method.upper()} {path}"
    before, after = old["paths"][path][method], new["paths"].get(path, {}).get(method)
    if after is None:
        yield f"{where} is gone."
        return
    for name in sorted(_required_parameters(after) - _required_parameters(before)):
        yield f"{where} requires the parameter {name}."
    for name in sorted(_required(new, _body(after)) - _required(old, _body(before))):
        yield f"{where} requires {name} in its body."
    for status in (status for status in before["responses"] if status.startswith("2")):
        if status not in after["responses"]:
            yield f"{where} no longer answers {status}."
            continue
        known = set(_properties(old, _body(before["responses"][status])))
        for name in sorted(known - set(_properties(new, _body(after["responses"][status])))):
            yield f"{where} no longer answers with {name}."


def _required_parameters(operation: Schema) -> set[str]:
    return {one["name"] for one in operation.get("parameters", ()) if one.get("required")}


def _body(part: Schema) -> Schema:
    content = part.get("requestBody", part).get("content", {})
    schema: Schema = content.get("application/json", {}).get("schema", {})
    return schema


def _required(document: Schema, schema: Schema) -> set[str]:
    return set(_resolved(document, schema).get("required", ()))


def _properties(document: Schema, schema: Schema) -> Schema:
    properties: Schema = _resolved(document, schema).get("properties", {})
    return properties


def _resolved(document: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def last_release() -> Schema | None:
    """Return the OpenAPI document of the latest tag, or ``None`` if there is no tag or it has none."""
    tag = _git("describe", "--tags", "--abbrev=0")
    text = tag and _git("show", f"{tag.strip()}:{TARGET.relative_to(ROOT).as_posix()}")
    document: Schema | None = json.loads(text) if text else None
    return document


def _git(*arguments: str) -> str | None:
    answer = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607
    return answer.stdout if answer.returncode == 0 else None


def main() -> int:
    """Print what breaks; return the exit status."""
    old = last_release()
    if old is None:
        print("There is no release to compare the API with.")
        return 0
    changes = breaking_changes(old, json.loads(TARGET.read_text(encoding="utf-8")))
    print("\n".join(changes) or "Nothing breaks a caller of the last release.")
    return 1 if changes else 0


if __name__ == "__main__":
    sys.exit(main())
