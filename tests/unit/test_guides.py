"""The guides use the console's words, name every route, and are pages of the site."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"
WORDS = (DOCS.parent / "console" / "site" / "words" / "en.js").read_text(encoding="utf-8")
OPENAPI = json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_words_in_bold_in_the_guide_for_providers_are_on_the_page() -> None:
    shown = {re.sub(r"\{\w+\}", "…", word).removesuffix(": …") for word in re.findall(r'"([^"]+)"', WORDS)}
    named = set(re.findall(r"\*\*([^*]+)\*\*", text("provider-guide.md")))
    assert len(named) > 15
    assert sorted(named - shown) == []


def test_every_route_is_in_a_guide_for_integrators() -> None:
    told = "".join(text(f"{name}.md") for name in ("integrator-guide", "records", "imports"))
    called = re.sub(r"client-\d+|group-[\w-]+|\$RUN_ID|\$\(of \w+\)|\$ARCHIVE_ID|\{\w+\}", "{}", told)
    assert [path for path in OPENAPI["paths"] if re.sub(r"\{\w+\}", "{}", path) not in called] == []


def rows_of(heading: str) -> Iterator[list[str]]:
    """Yield the cells of each row of the table of the guide for integrators that begins with these cells."""
    after = text("integrator-guide.md").split(f"{heading}\n", 1)[1]
    for line in after.splitlines()[1:]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def words_in(cell: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", cell))


def asked_by(route: str) -> Mapping[str, Any]:
    """Return what a route can be asked, by name: its parameters, or the fields of a body with conditions."""
    method, path = route.split()
    operation = OPENAPI["paths"][path][method.lower()]
    if body := operation.get("requestBody"):
        schema = (
            "FilterBody"
            if path == "/bulk-archives"
            else body["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
        )
        return dict(OPENAPI["components"]["schemas"][schema]["properties"])
    return {one["name"]: one["schema"] for one in operation["parameters"] if one["in"] == "query"}


def test_every_condition_of_every_route_is_in_the_guide_for_integrators() -> None:
    of_both_tabs, of_one = set[str](), set[str]()
    for names, _, only in rows_of("| condition | clients found | in the archived tab only |"):
        (of_one if only else of_both_tabs).update(words_in(names) - {"q"})
    of_both_tabs.add("owes_nothing")
    for route, takes, limit in rows_of("| route | takes | `limit` |"):
        found = asked_by(route.strip("`"))
        told = words_in(takes) - {"active", "filter"} | (of_both_tabs if "conditions" in takes else set())
        told |= of_one if "the conditions," in takes or takes == "the conditions" else set()
        assert told == set(found) - {"limit", "cursor"}, route
        told_limit = f"{found['limit']['maximum']:.0f} ({found['limit']['default']})" if "limit" in found else ""
        assert limit == told_limit, route


def test_every_route_with_conditions_or_pages_is_in_the_guide_s_table() -> None:
    told = {route.strip("`") for route, *_ in rows_of("| route | takes | `limit` |")}
    found = {
        f"{method.upper()} {path}"
        for path, operations in OPENAPI["paths"].items()
        for method, operation in operations.items()
        if method == "get" and any(one["in"] == "query" for one in operation.get("parameters", []))
    }
    assert told == found | {"POST /clients/_search", "POST /clients/_count", "POST /bulk-archives"}


def test_every_page_is_in_the_index_of_the_site() -> None:
    listed = set(re.findall(r"^[\w-]+$", text("index.md"), re.MULTILINE))
    assert {page.stem for page in DOCS.glob("*.md")} - {"index"} <= listed
