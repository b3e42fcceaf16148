"""Runs the shipped workflow, whole or step by step, on the functions in this process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from tests.moto.conftest import BUCKET
from tests.support.builders import PROVIDER_ID
from tests.support.calls import get, invoke, post
from tests.support.state_machine import (
    DEFINITION,
    Log,
    Reached,
    Replay,
    State,
    carried_out,
    event_of,
    item_of,
    replay,
    replay_state,
    states_of,
    tasks_of,
)

STATES = states_of(DEFINITION)
TASKS = tasks_of(DEFINITION)
MAP, PARALLEL = STATES["WorkOnBatches"], STATES["ApplyEffects"]
EFFECTS = tuple(package for branch in PARALLEL["Branches"] for package in tasks_of(branch))


@dataclass(frozen=True, slots=True)
class Workflow:
    """The workflow of one run; each step is delivered ``deliveries`` times, and the last answer counts."""

    run_id: str
    deliveries: int = 1
    attempt: int = 1
    kind: str = "archive"

    def batch(self, *client_ids: str, first: int = 0) -> State:
        """Return the state that a batch begins with."""
        return item_of(MAP, self._input, _item(*client_ids, first=first))

    def prepare(self) -> bool:
        """Carry out the first step of a retry, and return whether batches follow."""
        batches_follow: bool = self._state(TASKS["prepare_retry"], self._input)["retry"]["goes_on"]
        return batches_follow

    def mark(self, state: State) -> State:
        """Carry out the first step of a bulk archive."""
        return self._state(TASKS["mark_archived"], state)

    def undo(self, state: State) -> State:
        """Carry out the first step of an undo."""
        return self._state(TASKS["undo_archives"], state)

    def effect(self, name: str, state: State) -> State:
        """Carry out one effect and return its result alone."""
        return self._state(TASKS[name], state)

    def effects(self, state: State) -> State:
        """Carry out all three effects."""
        return self._state(PARALLEL, state)

    def settle(self, state: State) -> None:
        """Carry out the last step of a batch."""
        self._deliver("settle_batch", event_of(TASKS["settle_batch"], state))

    def finish(self) -> str:
        """Close the run and return its verdict."""
        verdict: str = self._state(TASKS["finish_run"], self._input)["state"]
        return verdict

    def whole(self, *client_ids: str) -> str:
        """Carry out everything for one batch of clients, and return the verdict."""

        def replayed(log: Log) -> Reached:
            return replay(DEFINITION, self._input, Replay(log, lambda bucket, key: [_item(*client_ids)]))

        verdict: str = carried_out(replayed, self._deliver)["state"]
        return verdict

    @property
    def _input(self) -> State:
        manifest = {"bucket": BUCKET, "key": _manifest_key(self.run_id, self.attempt)}
        attempt = {"provider_id": PROVIDER_ID, "run_id": self.run_id, "attempt": self.attempt}
        return {**attempt, "kind": self.kind, "manifest": manifest}

    def _state(self, step: Mapping[str, Any], state: State) -> State:
        def replayed(log: Log) -> Reached:
            return replay_state(step, state, Replay(log, lambda *_: []))

        output: State = carried_out(replayed, self._deliver)
        return output

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
    key = _manifest_key(run_id, attempt)
    return json.loads(boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())


def _manifest_key(run_id: str, attempt: int) -> str:
    return f"{PROVIDER_ID}/{run_id}-{attempt}.json"


def _item(*client_ids: str, first: int = 0) -> State:
    members = [{"client_id": client_id, "position": first + place} for place, client_id in enumerate(client_ids)]
    return {"batch_number": 0, "members": members}
