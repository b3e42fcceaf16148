"""How names are compared: folded without case and accents, found by the beginnings of their words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_lifecycle.domain import names

any_name = st.text(min_size=1, max_size=200)


@pytest.mark.parametrize(
    ("name", "found_by"),
    [
        ("Émile", ["emile", "É", "EMI"]),
        ("Øyvind Ødegård", ["oyvind", "odegard", "Ødegå"]),
        ("Łukasz Żółć", ["lukasz", "zolc"]),
        ("Nguyễn Đình", ["dinh", "nguyen"]),
        ("Æsa Þórr", ["aesa", "thorr"]),
        ("Straße", ["strasse", "STRASSE"]),
        ("O'Brien", ["obrien", "brien", "o'b", "o\u2019brien"]),
        ("Jean-Luc d'Arcy", ["jean", "luc", "jeanluc", "jean-luc", "arcy", "darcy"]),
        ("\uff21\uff2e\uff2e\uff21", ["anna"]),
        ("Мария Йоркина", ["мария", "йорк", "иорк"]),
        ("王小明", ["王"]),
        ("김철수", ["김철"]),
        ("İnci I\u015f\u0131k", ["inci", "isik"]),
        ("e\u0301mile", ["emile", "é"]),
    ],
)
def test_a_name_is_found_by_the_beginning_of_any_word(name: str, found_by: list[str]) -> None:
    for query in found_by:
        assert names.is_found(names.words(name), names.asked(query)), query


@given(any_name)
def test_a_name_is_found_by_itself_and_by_each_of_its_words(name: str) -> None:
    found_by = names.words(name)
    assert names.is_found(found_by, names.asked(name))
    assert all(names.is_found(found_by, [word]) for word in found_by)
    assert not [word for word in found_by for other in found_by if word != other and other.startswith(word)]


@given(any_name)
def test_a_folded_name_is_folded_once_for_all(name: str) -> None:
    assert names.folded(names.folded(name)) == names.folded(name)


@given(st.text(), st.integers(0, 40))
def test_a_text_is_cut_between_characters(text: str, most_bytes: int) -> None:
    cut = names.cut(text, most_bytes)
    assert text.startswith(cut)
    assert len(cut.encode()) <= most_bytes
    assert cut == text or len(text[: len(cut) + 1].encode()) > most_bytes
