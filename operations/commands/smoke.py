"""``smoke`` goes through the deployed system once, from a sign-in to an undo, with a client of its own."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import typer
from ulid import ULID

from local.api import Api, ApiRefused
from local.screen import Screen
from operations.commands.staff import Role, add_user, authenticate, made_up_password
from operations.stack import OperationFailed, Stack, find_stack
from operations.traffic import READER

PROVIDER = "smoke-test"
EMAIL = "smoke-test@example.org"
WAIT_SECONDS = 120
POLL_SECONDS = 0.5
ENDED = ("completed", "stopped")


def smoke(context: typer.Context) -> None:
    """Go through the deployed system once, with a provider and a client of its own that stay; about a minute."""
    stack, screen = find_stack(context.obj), Screen()
    with ExitStack() as signed:
        with screen.step("Signing in a member of staff"):
            api = signed.enter_context(signed_in(stack))
        _walk_through(stack, api, screen)


def _walk_through(stack: Stack, api: Api, screen: Screen) -> None:
    with screen.step("Adding or finding the client"):
        client_id = _client(api)
        api.post(f"/clients/{client_id}/activate")
    with screen.step("Archiving the client"):
        _expect(api.post(f"/clients/{client_id}/archive")["client"]["status"], "archived")
    with screen.step("Booking over the bus brings the client back"):
        _book(stack, client_id)
        _until(lambda: api.get(f"/clients/{client_id}")["status"] == "active", "the client is back")
    with screen.step("An unsigned booking is refused"):
        _expect(httpx.post(f"{stack.api_url}/hooks/bookings", json={}, timeout=30, trust_env=False).status_code, 401)
    with screen.step("Bulk archive"):
        run_id = _bulk_archive(api, client_id)
    with screen.step("Undo"):
        undo = api.post(f"/bulk-archives/{run_id}/undo")["run_id"]
        _until(lambda: api.get(f"/bulk-archives/{undo}")["state"].startswith(ENDED), "the undo ends")
        _expect(api.get(f"/clients/{client_id}")["status"], "active")
    with screen.step("The stream is read, and nothing was set aside"):
        _expect(stack.client("lambda").get_event_source_mapping(UUID=stack.resources[READER])["State"], "Enabled")


@contextmanager
def signed_in(stack: Stack) -> Iterator[Api]:
    """Sign in a member of staff of the smoke test's provider, who is gone when the block ends."""
    email, chosen = f"{ULID()}@example.org".lower(), made_up_password()
    cognito, pool = stack.client("cognito-idp"), stack.outputs["StaffPoolId"]
    add_user(stack, email, PROVIDER, role=Role.MANAGER, invite=False)
    try:
        cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=chosen, Permanent=True)
        with Api(stack.api_url, authenticate(stack, email, chosen, made_up_password, code_of_the_moment)) as api:
            yield api
    finally:
        cognito.admin_delete_user(UserPoolId=pool, Username=email)


def code_of_the_moment(secret: str | None, seconds: float | None = None) -> str:
    """Return what an authenticator app with a secret shows (RFC 6238).

    Args:
        secret: in base32, as Cognito gives it; the smoke test's user is made new, so that there is always one.
        seconds: since 1970; by default now.
    """
    step = int(time.time() if seconds is None else seconds) // 30
    digest = hmac.digest(base64.b32decode(secret or ""), step.to_bytes(8, "big"), "sha1")
    place = digest[-1] & 15
    return f"{(int.from_bytes(digest[place : place + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def _client(api: Api) -> str:
    """Add the client, or find the one that an earlier smoke test has added."""
    try:
        return str(api.post("/clients", {"name": "Smoke Test", "email": EMAIL})["client_id"])
    except ApiRefused as refused:
        if refused.status != httpx.codes.CONFLICT:
            raise
        return str(refused.document["client_id"])


def _book(stack: Stack, client_id: str) -> None:
    booking = f"smoke-{ULID()}"
    start = datetime.now(UTC) + timedelta(days=7)
    detail = {
        "event_id": booking,
        "provider_id": PROVIDER,
        "client_id": client_id,
        "booked_by": "client",
        "appointment": {"id": booking, "start": start.isoformat(), "duration_minutes": 50, "type": "follow-up"},
    }
    entry = {
        "EventBusName": stack.outputs["EventBusName"],
        "Source": "smoke-test",
        "DetailType": "booking.requested",
        "Detail": json.dumps(detail),
    }
    _expect(stack.client("events").put_events(Entries=[entry])["FailedEntryCount"], 0)


def _bulk_archive(api: Api, client_id: str) -> str:
    shown = api.post("/bulk-archives", {"client_ids": [client_id]})
    run_id: str = shown["run_id"]
    api.post(f"/bulk-archives/{run_id}/confirm", {"token": shown["token"]})
    _until(lambda: api.get(f"/bulk-archives/{run_id}")["state"].startswith(ENDED), "the bulk archive ends")
    _expect(api.get(f"/bulk-archives/{run_id}")["counts"]["archived"], 1)
    return run_id


def _expect(found: Any, expected: Any) -> None:
    if found != expected:
        raise OperationFailed(f"{expected} was expected, but it is {found}.")


def _until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise OperationFailed(f"It was expected that {what} within {WAIT_SECONDS} seconds.")
        time.sleep(POLL_SECONDS)
