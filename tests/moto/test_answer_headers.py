"""The headers that every answer of every route has, whether or not the request was good."""

from __future__ import annotations

import re

import pytest

from client_lifecycle.edge.answer_headers import ALWAYS, EXPOSED
from tests.support.calls import ROUTES, Answer, get, request

CORS = ("Access-Control-Allow-Origin", "Access-Control-Expose-Headers")


def ask(route: tuple[str, str], **headers: str) -> Answer:
    method, path = route
    return request(method, re.sub(r"\{\w+\}", "someone", path), headers=headers)


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_no_answer_is_kept_or_taken_for_something_else(route: tuple[str, str]) -> None:
    answer = ask(route)
    assert answer.headers.items() >= ALWAYS.items()
    assert not set(CORS) & set(answer.headers)


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_pages_of_allowed_origins_may_read_every_answer(route: tuple[str, str]) -> None:
    for origin in ("https://console.example", "https://board.example"):
        answer = ask(route, origin=origin)
        assert [answer.headers[name] for name in CORS] == [origin, EXPOSED]


@pytest.mark.parametrize("origin", ["https://other.example", "https://console.example.other", "null", ""])
def test_pages_of_other_origins_may_read_nothing(origin: str) -> None:
    assert not set(CORS) & set(get("/clients?status=active", headers={"Origin": origin}).headers)


def test_no_page_may_read_anything_where_no_origin_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", "")
    for origin in ("https://console.example", ""):
        assert not set(CORS) & set(get("/clients?status=active", headers={"Origin": origin}).headers)
