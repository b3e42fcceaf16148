"""Every route of clients and practice as deployed: the functions' own roles allow what they do, and no more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from local.stack import PracticeStack


def call(deployed: PracticeStack, method: str, path: str, status: int, body: object = None) -> Any:
    with httpx.Client(base_url=deployed.api.base_url, headers={"Authorization": deployed.api.token}) as http:
        answer = http.request(method, path, json=body, timeout=30)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


@pytest.fixture
def added(deployed: PracticeStack) -> str:
    """The id of a client that was added over the API."""
    body = {"name": "Rosalind Dunmore", "email": "rosalind.dunmore@example.org"}
    client_id: str = call(deployed, "POST", "/clients", 201, body)["client_id"]
    return client_id


def test_a_client_s_life_over_every_route(deployed: PracticeStack, added: str) -> None:
    group_id = call(deployed, "POST", "/groups", 201, {"name": "Back Care"})["group_id"]
    changed = call(deployed, "PATCH", f"/clients/{added}", 200, {"email": "r@example.org", "group_id": group_id})
    assert (changed["email"], changed["group_id"]) == ("r@example.org", group_id)
    taken = call(deployed, "POST", "/clients", 409, {"name": "Another", "email": " R@EXAMPLE.org"})
    assert (taken["detail"], taken["client_id"]) == ("Email in use.", added)
    found = call(deployed, "POST", "/clients/_search", 200, {"q": "r@example"})["clients"]
    assert found[0]["client_id"] == added
    assert call(deployed, "GET", f"/client-counts?group_id={group_id}", 200) == {"active": 1, "archived": 0}

    archive_id = call(deployed, "POST", f"/clients/{added}/archive", 200, {})["receipt"]["archive_id"]
    call(deployed, "PATCH", f"/groups/{group_id}", 200, {"settings": {"chat": False}})
    told = call(deployed, "GET", f"/clients/{added}/permissions", 200)
    assert (told["status"], told["settings"]["chat"]) == ("archived", False)
    asked = {"action": "share_document", "client_ids": [added, "client-0001", "nobody"]}
    checked = call(deployed, "POST", "/permission-checks", 200, asked)
    assert checked["allowed"] == ["client-0001"]
    assert [one["reason"] for one in checked["refused"]] == ["client_archived", "client_not_found"]
    assert call(deployed, "GET", f"/clients/{added}/history", 200)["entries"][0]["archive_id"] == archive_id
    [receipt] = call(deployed, "GET", f"/clients/{added}/receipts", 200)["receipts"]
    assert call(deployed, "GET", f"/clients/{added}/receipts/{archive_id}", 200) == receipt

    call(deployed, "DELETE", f"/clients/{added}", 405)
    call(deployed, "DELETE", f"/groups/{group_id}", 409)
    call(deployed, "PATCH", f"/clients/{added}", 200, {"group_id": None, "email": "rosalind.dunmore.2@example.org"})
    call(deployed, "DELETE", f"/groups/{group_id}", 204)
    call(deployed, "GET", f"/groups/{group_id}", 404)


def test_settings_and_groups_of_the_practice(deployed: PracticeStack) -> None:
    assert len(call(deployed, "GET", "/groups", 200)["groups"]) >= 7
    before = call(deployed, "GET", "/settings", 200)
    changed = call(deployed, "PATCH", "/settings", 200, {"safety": {"appointment_within_days": 3}})
    assert changed["safety"] == before["safety"] | {"appointment_within_days": 3}
    assert call(deployed, "PATCH", "/settings", 200, {"safety": {"appointment_within_days": 7}}) == before


def test_a3_a_client_of_the_sample_practice_has_its_address(deployed: PracticeStack) -> None:
    who = deployed.practice.clients[5].client
    taken = call(deployed, "POST", "/clients", 409, {"name": "Another", "email": who.email.upper()})
    assert (taken["client_id"], taken["client_status"]) == (who.client_id, who.status)


def test_an_export_is_fetched_by_its_link_and_by_nothing_else(deployed: PracticeStack) -> None:
    export = deployed.api.post("/clients/client-0001/exports")
    found = httpx.get(export["url"], timeout=60, trust_env=False).json()
    assert found["client_id"] == found["items"]["client"][0]["client_id"] == "client-0001"
    unsigned = export["url"].partition("?")[0]
    assert httpx.get(unsigned, timeout=60, trust_env=False).status_code == 403


RACES: dict[str, tuple[str, list[object]]] = {
    "/clients/client-0020": ("name", [f"Racer {number}" for number in range(8)]),
    "/groups/group-sleep-better": ("name", [f"Sleep {number}" for number in range(8)]),
    "/settings": ("undo_window_days", [*range(41, 49)]),
}


@pytest.mark.parametrize("path", RACES)
def test_of_eight_who_change_what_they_all_have_seen_one_does(deployed: PracticeStack, path: str) -> None:
    field, values = RACES[path]
    before = call(deployed, "GET", path, 200)[field]
    with httpx.Client(base_url=deployed.api.base_url, headers={"Authorization": deployed.api.token}) as http:
        seen = http.get(path, timeout=30).headers["ETag"]

        def change(value: object) -> tuple[int, object, str]:
            answer = http.patch(path, json={field: value}, headers={"If-Match": seen}, timeout=60)
            return answer.status_code, value, answer.json().get("code", "")

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(change, values))
    [winner] = [value for status, value, _ in answers if status == 200]
    assert {(status, code) for status, value, code in answers if value != winner} == {(412, "ChangedMeanwhile")}
    assert call(deployed, "GET", path, 200)[field] == winner
    call(deployed, "PATCH", path, 200, {field: before})
