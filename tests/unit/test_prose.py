"""Plain English: words that a newcomer misreads are in no document, docstring, comment or name of a test."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    ".github",
    "benchmarks",
    "docs",
    "events",
    "functions",
    "layers",
    "local",
    "operations",
    "requirements",
    "tests",
    "workflows",
)
SUFFIXES = {".py", ".md", ".yaml", ".yml", ".json"}

INSTEAD = {
    "whoever|whomever": "who, those who, a caller that",
    "anew|afresh": "again",
    "at work": "running",
    "given up": "cancelled, released",
    "undoings?": "undo, undos",
    "l(?:ie|ies|ying|ay) in": "is in",
    "unsaid": "not given",
    "deeds?": "result, action",
    "owe[sd]? (?:a member|an outcome|its outcome|no outcome|anything)": "is pending",
    "pass(?:es|ed|ing)? over": "skip",
    "hangs? on": "belongs to",
    "c[oa]mes? alive": "becomes live",
    "but for": "except",
    "shall": "will, must",
    "now and then": "sometimes, from time to time",
    "comes? to|came to": "results in, reaches",
    "goes on|went on|go on (?:with|over|from)": "continues",
    "once more": "again",
    "thereby|hitherto|henceforth|whence|lest": "a second sentence",
}
"""Dialect, as a pattern, and what to write in its place."""


def prose_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines of a document, or of a module's docstrings, comments and names of tests."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield from enumerate(text.splitlines(), start=1)
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from enumerate(node.value.value.splitlines(), start=node.lineno)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.lineno, node.name.replace("_", " ")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def texts_in(folder: str) -> list[Path]:
    within = (ROOT / folder).rglob("*") if folder else ROOT.glob("*")
    recorded = ROOT / "tests" / "recorded"
    return sorted(
        path
        for path in within
        if path.suffix in SUFFIXES and path.is_file() and not (recorded in path.parents and path.suffix == ".json")
    )


@pytest.mark.parametrize("folder", ["", *FOLDERS])
def test_no_text_has_a_word_that_a_newcomer_misreads(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: write {instead!r} for {match[0]!r}"
        for path in texts_in(folder)
        for line, text in prose_of(path)
        for banned, instead in INSTEAD.items()
        if (match := re.search(rf"\b(?:{banned})\b", text, re.IGNORECASE))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("document", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_every_file_that_a_document_links_to_exists(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (document.parent / link).exists()] == []


def test_the_ban_reads_documents_docstrings_comments_and_names(tmp_path: Path) -> None:
    module, document = tmp_path / "module.py", tmp_path / "page.md"
    module.write_text('"""Docstring."""\nTEXT = "value"  # comment\ndef test_of_a_name(): ...\n', encoding="utf-8")
    document.write_text("line 1\nline 2\n", encoding="utf-8")
    assert sorted(prose_of(module)) == [(1, "Docstring."), (2, "# comment"), (3, "test of a name")]
    assert list(prose_of(document)) == [(1, "line 1"), (2, "line 2")]


def test_the_name_of_a_test_has_at_most_70_characters() -> None:
    names = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for name in re.findall(r"^ *def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert names
    assert not [name for name in names if len(name.partition(": ")[2]) > 70]
