"""Runs the steps of the workflow one after the other, handing on their outputs as archive_clients.asl.json does.

The state machine itself, with its retries and its map, is tested on the deployed system.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import boto3

from tests.moto.conftest import BUCKET
from tests.support.builders import PROVIDER_ID
from tests.support.calls import get, invoke, post

State = dict[str, Any]
EFFECTS = ("cancel_commitments", "leave_chats", "silence_notifications")


@dataclass(frozen=True, slots=True)
class Workflow:
    """The steps of one run; each is delivered ``deliveries`` times, and the last answer counts."""

    run_id: str
    deliveries: int = 1
    attempt: int = 1
    kind: str = "archive"

    def batch(self, *client_ids: str, first: int = 0) -> State:
        """Return the state that a batch begins with."""
        members = [{"client_id": client_id, "position": first + place} for place, client_id in enumerate(client_ids)]
        return {**self._attempt, "kind": self.kind, "batch_number": 0, "members": members}

    def prepare(self) -> bool:
        """Carry out the first step of a retry, and return whether batches follow."""
        goes_on: bool = self._deliver("prepare_retry", self._attempt)["goes_on"]
        return goes_on

    def mark(self, state: State) -> State:
        """Carry out the first step of a bulk archive."""
        return {**state, "first": self._deliver("mark_archived", state)}

    def undo(self, state: State) -> State:
        """Carry out the first step of an undo."""
        return {**state, "first": self._deliver("undo_archives", state)}

    def effect(self, name: str, state: State) -> State:
        """Carry out one effect and return its result alone."""
        step = {**self._attempt, "marked": state["first"]["marked"]}
        result: State = self._deliver(name, step)
        return result

    def effects(self, state: State) -> State:
        """Carry out all three effects."""
        return {**state, "effects": [self.effect(name, state) for name in EFFECTS]}

    def settle(self, state: State) -> None:
        """Carry out the last step of a batch."""
        self._deliver("settle_batch", state)

    def finish(self) -> str:
        """Close the run and return its verdict."""
        verdict: str = self._deliver("finish_run", self._attempt)["state"]
        return verdict

    def whole(self, *client_ids: str) -> str:
        """Carry out everything for one batch of clients."""
        if self.attempt > 1 and not self.prepare():
            return self.finish()
        if self.kind == "undo":
            self.settle(self.undo(self.batch(*client_ids)))
        else:
            self.settle(self.effects(self.mark(self.batch(*client_ids))))
        return self.finish()

    @property
    def _attempt(self) -> State:
        return {"provider_id": PROVIDER_ID, "run_id": self.run_id, "attempt": self.attempt}

    def _deliver(self, package: str, event: State) -> Any:
        for _ in range(self.deliveries):
            answer = invoke(f"{package}.handler.lambda_handler", event)
        return answer

    # What staff see of it

    @property
    def counts(self) -> dict[str, int]:
        """The clients by outcome, without the outcomes nobody has."""
        counts: dict[str, int] = get(f"/bulk-archives/{self.run_id}").body["counts"]
        return {outcome: count for outcome, count in counts.items() if count}

    @property
    def outcomes(self) -> dict[str, tuple[str, str | None]]:
        """The outcome of each client with its reason."""
        clients = get(f"/bulk-archives/{self.run_id}/clients").body["clients"]
        return {client["client_id"]: (client["outcome"], client["reason"]) for client in clients}


def confirmed(*client_ids: str, deliveries: int = 1, accept_changes: bool = False) -> Workflow:
    """Preview and confirm the bulk archive of these clients."""
    run = post("/bulk-archives", {"client_ids": list(client_ids)}).body
    answer = post(f"/bulk-archives/{run['run_id']}/confirm", {"token": run["token"], "accept_changes": accept_changes})
    assert answer.status == 202
    return Workflow(run["run_id"], deliveries)


def manifest(run_id: str, attempt: int = 1) -> Any:
    """Read the manifest of a run's attempt."""
    key = f"{PROVIDER_ID}/{run_id}-{attempt}.json"
    return json.loads(boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())
