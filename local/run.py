"""Keeps the local AWS up with the sample practice until it is stopped, and says how to call its API."""

from __future__ import annotations

import time
from contextlib import suppress

from client_lifecycle.domain.client import Status
from local.ministack import DEFAULT_PORT, LocalAws, LocalAwsFailed
from local.sample_practice import GROUPS, SamplePractice
from local.screen import Screen
from local.stack import PracticeStack, practice_stack


def run(screen: Screen) -> None:
    """Start everything and wait for Ctrl-C or SIGTERM.

    Raises:
        LocalAwsFailed: the local AWS did not start, or ended by itself.
    """
    screen.heading("A local AWS on this machine")
    with practice_stack(port=DEFAULT_PORT, watcher=screen) as stack:
        _explain(screen, stack)
        _wait(stack.aws)
    screen.say("Everything that was started is stopped.")


def _wait(aws: LocalAws) -> None:
    with suppress(KeyboardInterrupt):
        while aws.is_running:
            time.sleep(0.5)
        raise LocalAwsFailed(f"MiniStack ended by itself. The end of its log:\n{aws.log_tail()}")


def _explain(screen: Screen, stack: PracticeStack) -> None:
    url = stack.deployed.api_url
    read = 'curl -H "Authorization: $TOKEN"'
    write = f'{read} -H "Content-Type: application/json"'
    screen.heading("The API's address")
    screen.raw(url)
    screen.heading("A token, for an hour")
    screen.raw(f"TOKEN={stack.api.token}")
    screen.heading("The secret that bookings are signed with")
    screen.raw(f"export BOOKING_SECRET={stack.booking_secret}")
    screen.heading("Three commands to try, after pasting the token into another terminal")
    screen.raw(f"{read} '{url}/clients?status=archived&limit=5'")
    screen.raw(f"{write} -d '{{}}' {url}/clients/{_some_client(stack.practice)}/archive")
    screen.raw(f'{write} -d \'{{"group_id": "{GROUPS[0][0]}"}}\' {url}/bulk-archives')
    screen.say("")
    screen.say("Ctrl-C stops everything.")


def _some_client(practice: SamplePractice) -> str:
    return next(sample.client.client_id for sample in practice.clients if sample.client.status is Status.ACTIVE)
