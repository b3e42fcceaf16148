"""``ETag`` and ``If-Match``: a change is made only to what its sender has seen, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from client_lifecycle.storage.table import Table
from tests.support.builders import GROUP_ID, appointment, client, group, stamp
from tests.support.calls import READER, STRANGER, Answer, get, patch, request
from tests.support.store import dump, store, store_group

CLIENT, GROUP, SETTINGS = "/clients/client-1", f"/groups/{GROUP_ID}", "/settings"

CHANGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "change a client": ("PATCH", CLIENT, {"name": "Wren Underhay"}),
    "archive a client": ("POST", f"{CLIENT}/archive", {}),
    "plan an archive": ("PUT", f"{CLIENT}/archive-plan", {"after_last_appointment": True}),
    "activate a client": ("POST", f"{CLIENT}/activate", {}),
    "change a group": ("PATCH", GROUP, {"name": "Sleep Well"}),
    "change the settings": ("PATCH", SETTINGS, {"undo_window_days": 7}),
}
SEEN = {CLIENT: "name", GROUP: "name", SETTINGS: "undo_window_days"}
BY_OTHERS: dict[str, dict[str, Any]] = {
    CLIENT: {"email": "wren.2@example.org"},
    GROUP: {"settings": {"chat": False}},
    SETTINGS: {"safety": {"owes_money": "block"}},
}

every_change = pytest.mark.parametrize("what", CHANGES)


@pytest.fixture(autouse=True)
def practice(table: Table) -> Table:
    store_group(table, group())
    store(table, client(), appointment())
    return table


def prepared(table: Table, what: str) -> None:
    if what == "activate a client":
        store(table, client(stamp=stamp()), appointment())


def of(path: str) -> str:
    """Return the address of what a path changes."""
    return next(one for one in SEEN if path.startswith(one))


def change(what: str, if_match: str | None = None) -> Answer:
    method, path, body = CHANGES[what]
    return request(method, path, body, headers={} if if_match is None else {"If-Match": if_match})


def by_others(what: str) -> None:
    path = of(CHANGES[what][1])
    assert patch(path, BY_OTHERS[path]).status == 200


def tag(what: str) -> str:
    return get(of(CHANGES[what][1])).headers["ETag"]


@every_change
def test_what_was_changed_by_others_is_not_changed_and_nothing_is_written(table: Table, what: str) -> None:
    prepared(table, what)
    seen = tag(what)
    by_others(what)
    before = dump(table)
    answer = change(what, seen)
    assert (answer.status, answer.problem, answer.fields) == (412, "ChangedMeanwhile", ["If-Match"])
    assert dump(table) == before
    assert change(what, tag(what)).status == 200


@every_change
@pytest.mark.parametrize(
    "sent",
    [
        lambda seen: seen,
        lambda seen: f"W/{seen}",
        lambda seen: f'"other", {seen}',
        lambda seen: "*",
        lambda seen: None,
    ],
    ids=["it", "weak", "among others", "any", "none"],
)
def test_what_is_as_it_was_seen_is_changed(table: Table, what: str, sent: Callable[[str], str | None]) -> None:
    prepared(table, what)
    assert change(what, sent(tag(what))).status == 200


@every_change
@pytest.mark.parametrize("header", ["", '"\n"', '"a",' * 251])
def test_a_header_that_cannot_be_one_is_refused_by_its_name(table: Table, what: str, header: str) -> None:
    before = dump(table)
    answer = change(what, header)
    assert (answer.status, answer.problem, answer.fields) == (422, "InvalidRequest", ["If-Match"])
    assert dump(table) == before


@every_change
@pytest.mark.parametrize("header", ["abc", '"abc', "*, *", '"a" "b"', f'"{"x" * 65}"', '"a",' * 11 + '"a"'])
def test_a_header_that_is_no_tag_is_the_tag_of_nothing(table: Table, what: str, header: str) -> None:
    before = dump(table)
    answer = change(what, header)
    assert (answer.status, answer.problem, answer.fields) == (412, "ChangedMeanwhile", ["If-Match"])
    assert dump(table) == before


@every_change
def test_who_is_faster_by_a_moment_wins(table: Table, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others write after this one has read and compared, right before it commits."""
    prepared(table, what)
    seen, commit, begun = tag(what), Table.transact, list[None]()

    def after_others(self: Table, *args: Any, **options: Any) -> Any:
        if not begun:
            begun.append(None)
            by_others(what)
        return commit(self, *args, **options)

    monkeypatch.setattr(Table, "transact", after_others)
    answer = change(what, seen)
    assert (answer.status, answer.problem, begun) == (412, "ChangedMeanwhile", [None])
    path = of(CHANGES[what][1])
    [(field, value)] = BY_OTHERS[path].items()
    found = get(path).body
    assert found[field] == (found[field] | value if isinstance(value, dict) else value)
    assert found.get("archive_plan") is None
    assert found.get("status") == {"activate a client": "archived"}.get(what, found.get("status") and "active")


@pytest.mark.parametrize("path", SEEN)
def test_a_change_is_answered_with_the_tag_of_what_there_is_now(path: str) -> None:
    before = get(path).headers["ETag"]
    changed = patch(
        path,
        BY_OTHERS[path],
    )
    assert changed.headers["ETag"] == get(path).headers["ETag"] != before
    assert patch(path, BY_OTHERS[path]).headers["ETag"] == changed.headers["ETag"]


def test_settings_that_nobody_has_decided_yet_have_a_tag_too() -> None:
    seen = get(SETTINGS).headers["ETag"]
    assert patch(SETTINGS, {"undo_window_days": 7}, headers={"If-Match": seen}).status == 200
    assert patch(SETTINGS, {"undo_window_days": 9}, headers={"If-Match": seen}).status == 412


def test_all_who_may_read_get_the_same_tag() -> None:
    for path in SEEN:
        assert get(path).headers["ETag"] == get(path, claims=READER).headers["ETag"]


def test_the_preview_of_an_archive_has_the_tag_of_its_client(table: Table) -> None:
    shown = get(f"{CLIENT}/archive-preview")
    assert shown.headers["ETag"] == get(CLIENT).headers["ETag"]
    booked = client(revision=2)
    store(table, booked, appointment("appt-2"))
    assert change("archive a client", shown.headers["ETag"]).status == 412


@every_change
def test_what_is_not_there_is_not_found_whatever_was_seen(table: Table, what: str) -> None:
    method, path, body = CHANGES[what]
    if of(path) == SETTINGS:
        pytest.skip("settings are always there")
    assert request(method, path, body, claims=STRANGER, headers={"If-Match": '"1"'}).status == 404
