"""Drives the workflow of bulk archives step by step, as archive_clients.asl.json does: the one place that knows it.

Each step may be delivered more than once, at the same time or much later; what a step is given stays the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from client_lifecycle.domain.client import ArchiveOptions
from client_lifecycle.domain.runs import Run, preview_offer
from client_lifecycle.domain.selection import ChosenClients
from client_lifecycle.use_cases import bulk_archive
from client_lifecycle.use_cases import preview as previews
from tests.moto.calls import invoke
from tests.proof.world import World
from tests.unit.builders import PROVIDER_ID, STAFF_ID

State = dict[str, Any]
Work = Callable[[], object]

MARK, SETTLE, FINISH = "mark_archived", "settle_batch", "finish_run"
EFFECTS = ("cancel_commitments", "leave_chats", "silence_notifications")
STEPS = (MARK, *EFFECTS, SETTLE)
CLIENTS_PER_BATCH = 2
MOST_DELIVERIES = 3
LOST = "Lambda.Unknown"


class NoWorkflow:
    """A workflow that the test carries out itself."""

    def write_manifest(self, *_: object) -> None:
        """Nothing: the test knows its batches."""

    def start(self, run: Run) -> None:
        """Nothing: the test starts the steps."""


def preview(world: World, client_ids: Sequence[str]) -> Run:
    """Preview the bulk archive of these clients."""
    shown = previews.preview(
        world.table,
        PROVIDER_ID,
        ChosenClients(client_ids=tuple(client_ids)),
        preview_offer(world.at),
        created_by=STAFF_ID,
        at=world.at,
        options=ArchiveOptions(),
    )
    return shown.run


def confirm(world: World, run: Run, *, accept_changes: bool = False, workflow: Any = None) -> Run:
    """Confirm a run that was previewed."""
    return bulk_archive.confirm(
        world.table,
        workflow or NoWorkflow(),
        PROVIDER_ID,
        run.run_id,
        run.token,
        confirmed_by=STAFF_ID,
        accept_changes=accept_changes,
        at=world.at,
    )


@dataclass
class Batch:
    """One batch of a run: what each step was given and has answered, and how often it was delivered."""

    run_id: str
    members: list[dict[str, Any]]
    given: dict[str, State] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    deliveries: Counter[str] = field(default_factory=Counter)

    def ready(self) -> list[str]:
        """Return the steps that can be delivered, for the first time or again."""
        for step in STEPS:
            self._give_up(step)
        return [step for step in STEPS if self.deliveries[step] < MOST_DELIVERIES and self._can_begin(step)]

    def deliver(self, step: str) -> Work:
        """Return one delivery of a step, as work to be done; whichever delivery answers last counts."""
        self.deliveries[step] += 1
        event = self.given.setdefault(step, self._event(step))

        def work() -> Any:
            self.answers[step] = invoke(f"{step}.handler.lambda_handler", event)
            return self.answers[step]

        return work

    @property
    def _is_marked(self) -> bool:
        return "marked" in self.answers.get(MARK, {})

    def _can_begin(self, step: str) -> bool:
        if step == MARK:
            return True
        if step in EFFECTS:
            return self._is_marked
        return MARK in self.answers and (not self._is_marked or all(effect in self.answers for effect in EFFECTS))

    def _give_up(self, step: str) -> None:
        """Do what the workflow's Catch does with a step whose every delivery has failed."""
        if step not in self.answers and self.deliveries[step] == MOST_DELIVERIES:
            self.answers[step] = {"first_error": {"Error": LOST}} if step == MARK else {"error": LOST}

    def _event(self, step: str) -> State:
        run = {"provider_id": PROVIDER_ID, "run_id": self.run_id, "attempt": 1}
        if step in EFFECTS:
            return {**run, "marked": self.answers[MARK]["marked"]}
        batch = {**run, "batch_number": 0, "members": self.members}
        if step == MARK:
            return batch
        if not self._is_marked:
            return {**batch, **self.answers[MARK]}
        return {**batch, "first": self.answers[MARK], "effects": [self.answers[effect] for effect in EFFECTS]}


@dataclass
class Batches:
    """A run on its way through confirmation and workflow; the second confirmation is a second click."""

    run: Run
    batches: list[Batch]
    accept_changes: bool
    confirmed: bool = False
    finishes: int = 0
    finished: bool = False

    @classmethod
    def of(cls, run: Run, client_ids: Sequence[str], *, accept_changes: bool) -> Batches:
        """Return a previewed run with its clients cut into batches, none of which has begun."""
        members = [{"client_id": client_id, "position": position} for position, client_id in enumerate(client_ids)]
        cuts = range(0, len(members), CLIENTS_PER_BATCH)
        batches = [Batch(run.run_id, members[start : start + CLIENTS_PER_BATCH]) for start in cuts]
        return cls(run, batches, accept_changes)

    def confirm(self, world: World) -> None:
        """Confirm the run, which begins its workflow."""
        confirm(world, self.run, accept_changes=self.accept_changes)
        self.confirmed = True

    def ready(self, *, again: bool) -> list[Delivery]:
        """Return the deliveries that are possible now; with ``again`` also those of steps that have answered."""
        if not self.confirmed:
            return []
        deliveries = [
            Delivery(step, partial(batch.deliver, step))
            for batch in self.batches
            for step in batch.ready()
            if again or step not in batch.answers
        ]
        if all(SETTLE in batch.answers for batch in self.batches) and self._may_finish(again):
            deliveries.append(Delivery(FINISH, self.finish))
        return deliveries

    def finish(self) -> Work:
        """Return one delivery of the last step."""
        self.finishes += 1

        def work() -> Any:
            step = {"provider_id": PROVIDER_ID, "run_id": self.run.run_id, "attempt": 1}
            answer = invoke(f"{FINISH}.handler.lambda_handler", step)
            self.finished = True
            return answer

        return work

    def _may_finish(self, again: bool) -> bool:
        """A run whose last step has failed for good is finished by the clean-up."""
        return not self.finished or (again and self.finishes < MOST_DELIVERIES)


@dataclass(frozen=True)
class Delivery:
    """A step that can be delivered."""

    step: str
    begin: Callable[[], Work]
