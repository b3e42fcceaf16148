"""CSV as people's programs write it is read row by row, and what is given out is no formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_lifecycle.domain.imports.cells import FORMULA_SIGNS, csv_lines, safe_cell
from client_lifecycle.domain.imports.columns import GUESSES, ClientField, ColumnMissing, columns_of
from client_lifecycle.domain.imports.csv_rows import (
    LATIN_1,
    MAX_CELL_CHARACTERS,
    UTF_8,
    Record,
    delimiter_of,
    encoding_of,
    read_records,
)


def records(raw: bytes) -> list[Record]:
    encoding = encoding_of([raw])
    return list(read_records(io.TextIOWrapper(io.BytesIO(raw), encoding, newline="")))


def cells(raw: bytes) -> list[tuple[int, list[str] | None]]:
    return [(one.number, list(one.cells) if one.cells is not None else None) for one in records(raw)]


@pytest.mark.parametrize(
    ("raw", "rows"),
    [
        (b"a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        (b"a;b\r\n1;2,5\r\n", [["a", "b"], ["1", "2,5"]]),
        (b"a\tb\r1\t2\r", [["a", "b"], ["1", "2"]]),
        (b"\xef\xbb\xbfa,b\n1,2", [["a", "b"], ["1", "2"]]),
        ("a,b\nÅsa,Œuvre\n".encode(), [["a", "b"], ["Åsa", "Œuvre"]]),
        ("a,b\nÅsa,Žižková\n".encode("cp1252"), [["a", "b"], ["Åsa", "Žižková"]]),
        (b'a,b\n"line\nbreak","say ""hi"", ok"\n', [["a", "b"], ["line\nbreak", 'say "hi", ok']]),
        (b'"a;b;c",d\n1,2\n', [["a;b;c", "d"], ["1", "2"]]),
        (b"a\n1\n", [["a"], ["1"]]),
        (b"", []),
    ],
    ids=["comma", "semicolon", "tab", "BOM", "UTF-8", "Latin-1", "quotes", "quoted header", "one column", "empty"],
)
def test_a_file_is_read_however_it_is_written(raw: bytes, rows: list[list[str]]) -> None:
    assert [list(one.cells or ()) for one in records(raw)] == rows


def test_empty_rows_are_counted_and_left_out() -> None:
    assert [number for number, _ in cells(b"a,b\n\n,\n1,2\n\n3,4\n")] == [1, 4, 6]


def test_a_bad_line_harms_no_other_and_keeps_its_number() -> None:
    assert cells(b'a,b\n1,"x"y\n3,4\n') == [(1, ["a", "b"]), (2, None), (3, ["3", "4"])]


def test_a_quote_that_is_never_closed_is_one_bad_row() -> None:
    assert cells(b'a,b\n1,2\n3,"4\n5,6\n') == [(1, ["a", "b"]), (2, ["1", "2"]), (3, None)]


def test_a_quote_that_is_never_closed_swallows_a_bounded_part() -> None:
    lines = b"5,6\n" * (MAX_CELL_CHARACTERS // 4 + 10)
    found = cells(b'a,b\n3,"4\n' + lines)
    assert found[1] == (2, None)
    assert len(found) > 5


def test_the_encoding_is_judged_by_the_whole_file_in_pieces() -> None:
    text = "ä" * 10
    raw = text.encode()
    assert encoding_of([raw[:1], raw[1:7], raw[7:]]) == UTF_8
    assert encoding_of([raw, b"\xe4"]) == LATIN_1
    assert encoding_of([raw[:-1]]) == LATIN_1, "cut within a letter"


CELL = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=8)
TABLES = st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=8))


@given(TABLES, st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_a_spreadsheet_writes_is_read_as_it_was(
    rows: list[list[str]], delimiter: str, newline: str, has_mark: bool
) -> None:
    written = io.StringIO()
    header = [f"column {number}" for number in range(len(rows[0]) if rows else 2)]
    # Python's writer leaves a bare carriage return outside quotes; no spreadsheet does.
    has_return = any("\r" in cell for row in rows for cell in row)
    csv.writer(
        written,
        delimiter=delimiter,
        lineterminator=newline,
        quoting=csv.QUOTE_ALL if has_return else csv.QUOTE_MINIMAL,
    ).writerows([header, *rows])
    raw = written.getvalue().encode("utf-8-sig" if has_mark else "utf-8")
    expected = [(number, row) for number, row in enumerate([header, *rows], start=1) if any(map(str.strip, row))]
    assert cells(raw) == expected


def test_the_delimiter_is_that_of_the_header_outside_quotes() -> None:
    assert [delimiter_of(line) for line in ("a,b;c;d", '"a,b,c";d', "a", "a\tb")] == [";", ";", ",", "\t"]


# Columns


FOREIGN = [
    ["id", "first_name", "last_name", "email", "archived_at", "date_of_birth"],
    ["Patient ID", "First Name", "Last Name", "Email", "Status"],
    ["Client ID", "Legal first name", "Legal last name", "Email address", "Client status"],
    ["Healthie ID", "First Name", "Last Name", "Email", "Client Group", "Status"],
    ["Full Name", "E-Mail"],
]


@pytest.mark.parametrize("header", FOREIGN, ids=" ".join)
def test_columns_are_guessed_from_header_names(header: list[str]) -> None:
    found = columns_of(header, {}).places
    assert ClientField.EMAIL in found
    assert ClientField.NAME in found or {ClientField.FIRST_NAME, ClientField.LAST_NAME} <= set(found)
    assert len(set(found.values())) == len(found), "no column is two fields"


def test_what_a_practice_says_is_taken_and_nothing_else_is_guessed() -> None:
    found = columns_of(["Mail", "Who", "Status"], {ClientField.EMAIL: "Mail", ClientField.NAME: "Who"})
    assert found.places == {ClientField.EMAIL: 0, ClientField.NAME: 1}
    assert found.fields(["  a@example.org ", "", "x"]) == {"email": "a@example.org"}


@pytest.mark.parametrize(
    ("header", "said", "field"),
    [
        (["name"], {}, "email"),
        (["email"], {}, "name"),
        (["email", "name"], {ClientField.EMAIL: "mail", ClientField.NAME: "name"}, "email"),
        (["email", "email", "name"], {ClientField.EMAIL: "email", ClientField.NAME: "name"}, "email"),
        (["email", "email", "name"], {}, "email"),
    ],
    ids=["no address", "no name", "not there", "twice", "guessed twice"],
)
def test_a_column_that_is_missing_or_there_twice_is_named(
    header: list[str], said: dict[ClientField, str], field: str
) -> None:
    with pytest.raises(ColumnMissing) as missing:
        columns_of(header, said)
    assert missing.value.field == field


def test_no_header_name_is_a_guess_for_two_fields() -> None:
    names = [name for guesses in GUESSES.values() for name in guesses]
    assert len(set(names)) == len(names)


# What is given out


@pytest.mark.parametrize("sign", FORMULA_SIGNS)
def test_a_cell_that_a_spreadsheet_would_calculate_is_quoted(sign: str) -> None:
    assert safe_cell(f"{sign}1+1") == f"'{sign}1+1"
    assert safe_cell("a=1") == "a=1"


@given(st.lists(st.lists(CELL, min_size=1, max_size=4), max_size=5))
def test_no_cell_that_is_given_out_is_a_formula(rows: list[Sequence[str]]) -> None:
    read = csv.reader(io.StringIO("".join(csv_lines(["=header", "x"], rows)), newline=""))
    assert not [cell for row in read for cell in row if cell.startswith(FORMULA_SIGNS)]
