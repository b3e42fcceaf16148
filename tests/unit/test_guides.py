"""The guides use the console's words, name every route, and are pages of the site."""

from __future__ import annotations

import json
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
WORDS = (DOCS.parent / "console" / "site" / "words" / "en.js").read_text(encoding="utf-8")


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_words_in_bold_in_the_guide_for_providers_are_on_the_page() -> None:
    shown = {re.sub(r"\{\w+\}", "…", word).removesuffix(": …") for word in re.findall(r'"([^"]+)"', WORDS)}
    named = set(re.findall(r"\*\*([^*]+)\*\*", text("provider-guide.md")))
    assert len(named) > 15
    assert sorted(named - shown) == []


def test_every_route_is_in_a_guide_for_integrators() -> None:
    routes = json.loads(text("openapi.json"))["paths"]
    told = "".join(text(f"{name}.md") for name in ("integrator-guide", "records", "imports"))
    called = re.sub(r"client-\d+|group-[\w-]+|\$RUN_ID|\$\(of \w+\)|\$ARCHIVE_ID|\{\w+\}", "{}", told)
    assert [path for path in routes if re.sub(r"\{\w+\}", "{}", path) not in called] == []


def test_every_page_is_in_the_index_of_the_site() -> None:
    listed = set(re.findall(r"^[\w-]+$", text("index.md"), re.MULTILINE))
    assert {page.stem for page in DOCS.glob("*.md")} - {"index"} <= listed
