"""``Idempotency-Key`` as deployed: one of many requests at once creates, and the functions' own roles suffice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import httpx
import pytest

from local.stack import PracticeStack
from local.staff import sign_in

PATIENCE_SECONDS = 120
"""How long a busy machine may take to start a worker for each of the senders."""

ADDRESS = "quentin.harrow@example.org"


class Caller:
    """Sends requests with a key."""

    def __init__(self, deployed: PracticeStack, token: str) -> None:
        self._http = httpx.Client(
            base_url=deployed.api.base_url,
            headers={"Authorization": token},
            timeout=PATIENCE_SECONDS,
            trust_env=False,
        )

    def get(self, path: str) -> httpx.Response:
        return self._http.get(path)

    def post(self, path: str, body: object, key: str) -> httpx.Response:
        return self._http.post(path, json=body, headers={"Idempotency-Key": key})

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def caller(deployed: PracticeStack) -> Iterator[Caller]:
    found = Caller(deployed, deployed.api.token)
    yield found
    found.close()


@pytest.fixture
def key() -> str:
    return str(uuid4())


def replayed(answer: httpx.Response) -> bool:
    mark: str | None = answer.headers.get("Idempotent-Replayed")
    return mark == "true"


def at_once(times: int, call: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """Make one call many times; all of them start together."""
    start = Barrier(times)

    def make(_: int) -> httpx.Response:
        start.wait()
        return call()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(make, range(times)))


def send_at_once(times: int, caller: Caller, path: str, body: object, key: str) -> list[httpx.Response]:
    """Send one request many times, to workers that are all running, so that nothing but the key keeps them apart."""
    at_once(times, lambda: caller.get(path))
    return at_once(times, lambda: caller.post(path, body, key))


def the_one_created(answers: list[httpx.Response]) -> dict[str, Any]:
    """Return what the answers tell of, once it is checked that one request made it and no other was misled."""
    [first] = [answer for answer in answers if answer.status_code == 201 and not replayed(answer)]
    for answer in answers:
        if answer.status_code == 201:
            assert answer.content == first.content
        else:
            assert (answer.status_code, answer.headers["Retry-After"]) == (409, "1"), answer.text
            assert answer.json()["type"].endswith(":RequestStillRunning")
    created: dict[str, Any] = first.json()
    return created


def test_of_twenty_identical_requests_at_once_exactly_one_adds_a_client(
    deployed: PracticeStack, caller: Caller, key: str
) -> None:
    body = {"name": "Quentin Harrow", "email": ADDRESS}
    added = the_one_created(send_at_once(20, caller, "/clients", body, key))
    assert deployed.api.post("/clients/_search", {"q": ADDRESS})["clients"][0].items() >= added.items()
    again = caller.post("/clients", body, key)
    assert (again.status_code, again.json(), replayed(again)) == (201, added, True)


def test_of_eight_identical_requests_at_once_exactly_one_makes_a_group(
    deployed: PracticeStack, caller: Caller, key: str
) -> None:
    """Nothing but the key stands in the way of a second group of this name."""
    made = the_one_created(send_at_once(8, caller, "/groups", {"name": "Quiet Evenings"}, key))
    groups = deployed.api.get("/groups", limit=100)["groups"]
    assert [group["group_id"] for group in groups if group["name"] == "Quiet Evenings"] == [made["group_id"]]


def test_a_preview_and_its_confirmation_are_answered_once(deployed: PracticeStack, caller: Caller, key: str) -> None:
    asked = {"client_ids": [deployed.practice.clients[7].client.client_id]}
    shown, shown_again = (caller.post("/bulk-archives", asked, key) for _ in range(2))
    assert (shown.status_code, shown_again.content, replayed(shown_again)) == (201, shown.content, True)
    run = shown.json()
    path, body = f"/bulk-archives/{run['run_id']}/confirm", {"token": run["token"]}
    started, started_again = (caller.post(path, body, f"{key}-confirm") for _ in range(2))
    assert (started.status_code, started_again.content, replayed(started_again)) == (202, started.content, True)
    reused = caller.post(path, body, key)
    assert (reused.status_code, reused.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


def test_a_refused_request_may_be_sent_again(deployed: PracticeStack, caller: Caller, key: str) -> None:
    body = {"name": "Another", "email": deployed.practice.clients[9].client.email}
    for _ in range(2):
        refused = caller.post("/clients", body, key)
        assert (refused.status_code, refused.json()["detail"]) == (409, "Email in use.")


def test_two_providers_may_use_the_same_key(deployed: PracticeStack, caller: Caller, key: str) -> None:
    token = sign_in(deployed.aws.cognito, deployed.deployed, "prov-keys")
    stranger = Caller(deployed, token)
    ours, theirs = (one.post("/groups", {"name": "Morning Walks"}, key) for one in (caller, stranger))
    stranger.close()
    assert (ours.status_code, theirs.status_code, replayed(theirs)) == (201, 201, False)
    assert ours.json()["group_id"] != theirs.json()["group_id"]
