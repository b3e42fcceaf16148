"""Drives the workflow of bulk archives and undos step by step, as archive_clients.asl.json does.

It is the one place that knows the workflow. Each step may be delivered more than once, at the same time or much later;
what a step is given stays the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

from client_lifecycle.domain.client import ArchiveOptions
from client_lifecycle.domain.members import Member, batches
from client_lifecycle.domain.outcomes import RunKind
from client_lifecycle.domain.runs import Run, preview_terms
from client_lifecycle.domain.selection import ChosenClients
from client_lifecycle.storage.workflow import Progress, Workflow
from client_lifecycle.use_cases.bulk import preview as previews
from tests.proof.scheduler import Call, Running
from tests.support.builders import PROVIDER_ID, STAFF_ID
from tests.support.calls import invoke

if TYPE_CHECKING:
    from tests.proof.world import World

State = dict[str, Any]
Work = Callable[[], object]

PREPARE, MARK, UNDO, SETTLE = "prepare_retry", "mark_archived", "undo_archives", "settle_batch"
FINISH = "finish_run"
EFFECTS = ("cancel_commitments", "leave_chats", "silence_notifications")
FIRST_STEP = {RunKind.ARCHIVE: MARK, RunKind.UNDO: UNDO}
MOST_DELIVERIES = 3
LOST = "Lambda.Unknown"


def preview(world: World, client_ids: Sequence[str]) -> Run:
    """Preview the bulk archive of these clients."""
    shown = previews.preview(
        world.tenant,
        ChosenClients(client_ids=tuple(client_ids)),
        preview_terms(world.at),
        created_by=STAFF_ID,
        at=world.at,
        options=ArchiveOptions(),
    )
    return shown.run


def manifest_of(members: Sequence[Member]) -> list[State]:
    """Return the batches of a manifest as the workflow reads them."""
    return [
        {"members": [{"client_id": one.client_id, "position": one.position} for one in batch]}
        for batch in batches(members)
    ]


@dataclass(frozen=True)
class StepWork:
    """One delivery of a step, of an attempt of a run."""

    attempt: State
    do: Work

    def __call__(self) -> object:
        """Do the work."""
        return self.do()


@dataclass
class Batch:
    """One batch of an execution: what each step was given and has answered, and how often it was delivered."""

    attempt: State
    first: str
    members: list[State]
    given: dict[str, State] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    deliveries: Counter[str] = field(default_factory=Counter)

    def ready(self) -> list[str]:
        """Return the steps that can be delivered, for the first time or again."""
        steps = (self.first, *EFFECTS, SETTLE)
        for step in steps:
            self._give_up(step)
        return [step for step in steps if self.deliveries[step] < MOST_DELIVERIES and self._can_begin(step)]

    def deliver(self, step: str) -> Work:
        """Return one delivery of a step, as work to be done; the last answer before another step is given it counts."""
        self.deliveries[step] += 1
        event = self.given.setdefault(step, self._event(step))

        def work() -> Any:
            answer = invoke(f"{step}.handler.lambda_handler", event)
            if not self._is_given_on(step):
                self.answers[step] = answer
            return answer

        return StepWork(self.attempt, work)

    @property
    def is_done(self) -> bool:
        """Whether the last step has answered, or has failed for good."""
        return SETTLE in self.answers

    @property
    def _effects_follow(self) -> bool:
        return bool(self.answers.get(self.first, {}).get("marked"))

    def _can_begin(self, step: str) -> bool:
        if step == self.first:
            return True
        if step in EFFECTS:
            return self._effects_follow
        return self.first in self.answers and (
            not self._effects_follow or all(effect in self.answers for effect in EFFECTS)
        )

    def _is_given_on(self, step: str) -> bool:
        following = (*EFFECTS, SETTLE) if step == self.first else (SETTLE,) if step in EFFECTS else ()
        return any(one in self.given for one in following)

    def _give_up(self, step: str) -> None:
        """Do what the workflow does with a step whose every delivery has failed: a Catch, or a batch that is lost."""
        if step not in self.answers and self.deliveries[step] == MOST_DELIVERIES:
            self.answers[step] = {"first_error": {"Error": LOST}} if step == self.first else {"error": LOST}

    def _event(self, step: str) -> State:
        if step in EFFECTS:
            return {**self.attempt, "marked": self.answers[self.first]["marked"]}
        batch = {**self.attempt, "batch_number": 0, "members": self.members}
        if step == self.first:
            return batch
        if "first_error" in self.answers[self.first]:
            return {**batch, **self.answers[self.first]}
        effects = [self.answers[effect] for effect in EFFECTS] if self._effects_follow else []
        return {**batch, "first": self.answers[self.first], "effects": effects}


@dataclass
class Execution:
    """The workflow's work on one attempt of a run; one that was stopped delivers no step for the first time."""

    run: Run
    manifest: Callable[[], list[State]]
    preparations: int = 0
    prepared: bool | None = None
    finishes: int = 0
    has_ended: bool = False

    @cached_property
    def batches(self) -> list[Batch]:
        """The batches of the manifest, as it is when they are first asked for."""
        first = FIRST_STEP[self.run.kind]
        return [Batch(self._attempt, first, batch["members"]) for batch in self.manifest()]

    @property
    def goes_on(self) -> bool | None:
        """Whether there is work on batches; it is not known before a retry is prepared, or that has failed for good."""
        if self.run.attempt == 1:
            return True
        return False if self.prepared is None and self.preparations == MOST_DELIVERIES else self.prepared

    def ready(self, *, again: bool) -> list[Delivery]:
        """Return the deliveries that are possible now; with ``again`` also those of steps that have answered."""
        if self.has_ended and not again:
            return []
        deliveries = [Delivery(PREPARE, self.prepare)] if self._may_prepare(again) else []
        if self.goes_on is None:
            return deliveries
        batches = self.batches if self.goes_on else []
        deliveries += [
            Delivery(step, partial(batch.deliver, step))
            for batch in batches
            for step in batch.ready()
            if (again or step not in batch.answers) and (step in batch.given or not self.has_ended)
        ]
        if all(batch.is_done for batch in batches) and self._may_finish(again):
            deliveries.append(Delivery(FINISH, self.finish))
        return deliveries

    def die(self) -> None:
        """End before the work is done; what was begun may still be delivered."""
        self.has_ended = True

    def prepare(self) -> Work:
        """Return one delivery of the first step of a retry; the first answer counts."""
        self.preparations += 1

        def work() -> Any:
            answer = invoke(f"{PREPARE}.handler.lambda_handler", self._attempt)
            if self.goes_on is None:
                self.prepared = answer["goes_on"]
            return answer

        return StepWork(self._attempt, work)

    def finish(self) -> Work:
        """Return one delivery of the last step."""
        self.finishes += 1

        def work() -> Any:
            answer = invoke(f"{FINISH}.handler.lambda_handler", self._attempt)
            self.has_ended = True
            return answer

        return StepWork(self._attempt, work)

    @property
    def _attempt(self) -> State:
        return {"provider_id": PROVIDER_ID, "run_id": self.run.run_id, "attempt": self.run.attempt}

    def _may_prepare(self, again: bool) -> bool:
        if self.run.attempt == 1 or self.preparations == MOST_DELIVERIES:
            return False
        return again and self.preparations > 0 if self.has_ended else again or self.goes_on is None

    def _may_finish(self, again: bool) -> bool:
        return not self.has_ended or (again and self.finishes < MOST_DELIVERIES)


@dataclass
class LocalWorkflow:
    """Stands for the bucket and the state machine: manifests and executions by run and attempt.

    Each of its calls is one that an operation stands before, like those to AWS.
    """

    manifests: dict[str, list[State]] = field(default_factory=dict)
    executions: dict[str, Execution] = field(default_factory=dict)

    @property
    def stand_in(self) -> Workflow:
        """This in the place of the deployed one, for what asks for that."""
        return cast("Workflow", self)

    def write_manifest(self, run: Run, members: Sequence[Member]) -> None:
        """Keep the batches, in the place of others."""
        Running.stand_before(Call("PutObject", {}))
        self.manifests[_name(run)] = manifest_of(members)

    def start(self, run: Run) -> None:
        """Begin an execution, unless there was one of this name; without a manifest it continues with its last step."""
        Running.stand_before(Call("StartExecution", {}))
        self.executions.setdefault(_name(run), Execution(run, lambda: self.manifests.get(_name(run), [])))

    def progress(self, run: Run) -> Progress:
        """Tell how far an execution has come."""
        Running.stand_before(Call("DescribeExecution", {}))
        execution = self.executions.get(_name(run))
        if execution is None:
            return Progress.NOT_STARTED
        return Progress.ENDED if execution.has_ended else Progress.RUNNING

    def ready(self, *, again: bool) -> list[Delivery]:
        """Return the deliveries that are possible now, of all executions."""
        return [delivery for execution in self.executions.values() for delivery in execution.ready(again=again)]


@dataclass(frozen=True)
class Delivery:
    """A step that can be delivered."""

    step: str
    begin: Callable[[], Work]


def _name(run: Run) -> str:
    return f"{run.run_id}-{run.attempt}"
