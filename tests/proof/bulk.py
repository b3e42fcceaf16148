"""Drives the workflow of bulk archives and undos step by step, as the shipped definition says.

Each step may be delivered more than once, at the same time or much later; what a step is given stays the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

from client_lifecycle.domain.client import ArchiveOptions
from client_lifecycle.domain.members import Member, batches
from client_lifecycle.domain.runs import Run, preview_terms
from client_lifecycle.domain.selection import ChosenClients
from client_lifecycle.storage.workflow import Progress, Workflow
from client_lifecycle.use_cases.bulk import preview as previews
from tests.proof.scheduler import Call, Running
from tests.support.builders import PROVIDER_ID, cause
from tests.support.calls import invoke
from tests.support.state_machine import (
    DEFINITION,
    Answer,
    Fault,
    Reached,
    Replay,
    State,
    Waiting,
    event_of,
    failed_for_good,
    following,
    replay,
    replay_item,
    states_of,
    tasks_of,
)

if TYPE_CHECKING:
    from tests.proof.world import World

Work = Callable[[], object]

PREPARE, MARK, UNDO, SETTLE = "prepare_retry", "mark_archived", "undo_archives", "settle_batch"
FINISH = "finish_run"
EFFECTS = ("cancel_commitments", "leave_chats", "silence_notifications")
TASKS, FOLLOWING = tasks_of(DEFINITION), following(DEFINITION)
WORK_ON_BATCHES = states_of(DEFINITION)["WorkOnBatches"]
MOST_DELIVERIES = 3
LOST = "Lambda.Unknown"


def preview(world: World, client_ids: Sequence[str]) -> Run:
    """Preview the bulk archive of these clients."""
    shown = previews.preview(
        world.tenant,
        ChosenClients(client_ids=tuple(client_ids)),
        preview_terms(world.at),
        cause=cause(),
        at=world.at,
        options=ArchiveOptions(),
    )
    return shown.run


def manifest_of(members: Sequence[Member]) -> list[State]:
    """Return the batches of a manifest as the workflow reads them."""
    return [
        {"batch_number": number, "members": [{"client_id": one.client_id, "position": one.position} for one in batch]}
        for number, batch in enumerate(batches(members))
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
class Deliveries:
    """What tasks of an execution were given and have answered, and how often each was delivered, by its place.

    What a task is given stays the same. The last answer before a following task is given it counts.
    """

    attempt: State
    given: dict[str, State] = field(default_factory=dict)
    log: dict[str, list[Answer | Fault]] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)

    def deliver(self, place: str, event: State) -> Work:
        """Return one delivery of a task, as work to be done."""
        self.made[place] += 1
        event = self.given.setdefault(place, event)
        step = _step(place)

        def work() -> Any:
            answer = invoke(f"{step}.handler.lambda_handler", event)
            if not self._is_given_on(place):
                self.log[place] = [Answer(answer)]
            return answer

        return StepWork(self.attempt, work)

    def give_up(self, places: Iterable[str]) -> bool:
        """Let tasks fail for good whose every delivery was made and has failed; tell whether there were any."""
        lost = [one for one in places if one not in self.log and self.made[one] == MOST_DELIVERIES]
        self.log |= {place: failed_for_good(TASKS[_step(place)], LOST) for place in lost}
        return bool(lost)

    def may_be_made(self, place: str) -> bool:
        """Whether a task may be delivered again."""
        return self.made[place] < MOST_DELIVERIES

    def _is_given_on(self, place: str) -> bool:
        """Whether a task of the same batch that follows was given its event; after the first step, any other."""
        scope = place.removesuffix(_step(place))
        return any(one.startswith(scope) and _step(one) in FOLLOWING[_step(place)] for one in self.given)


@dataclass(frozen=True)
class Batch:
    """One batch of an execution."""

    execution: Execution
    number: int

    def deliver(self, step: str) -> Work:
        """Return one delivery of a step that is ready, or was delivered before."""
        place = f"{self.number}/{step}"
        events = {**self.execution.tasks_of(self.number), **self.execution.deliveries.given}
        return self.execution.deliveries.deliver(place, events[place])

    def lose(self, step: str) -> None:
        """Let a step fail for good."""
        place = f"{self.number}/{step}"
        self.execution.deliveries.made[place] = MOST_DELIVERIES
        self.execution.deliveries.give_up([place])


@dataclass
class Execution:
    """The workflow's work on one attempt of a run; one that was stopped delivers no step for the first time."""

    run: Run
    manifest: Callable[[], list[State]]
    has_ended: bool = False

    @cached_property
    def deliveries(self) -> Deliveries:
        """What was delivered."""
        return Deliveries(self._attempt)

    @cached_property
    def items(self) -> list[State]:
        """The batches of the manifest, as it is when they are first asked for."""
        return self.manifest()

    @property
    def batches(self) -> list[Batch]:
        """The batches that can be worked on."""
        return [Batch(self, number) for number in range(len(self.items))]

    def tasks_of(self, number: int) -> Mapping[str, State]:
        """Return the events of a batch's steps that are ready, by their place."""
        item = self.items[number]
        return self._waiting_for(lambda: replay_item(WORK_ON_BATCHES, self._input, number, item, self._replayed))

    def ready(self, *, again: bool) -> list[Delivery]:
        """Return the deliveries that are possible now; with ``again`` also those of steps that have answered."""
        if self.has_ended and not again:
            return []
        events = {**self._ready(), **(self.deliveries.given if again else {})}
        return [
            Delivery(_step(place), partial(self._deliver, place, event))
            for place, event in events.items()
            if self.deliveries.may_be_made(place) or (place == FINISH and not self.has_ended)
        ]

    def die(self) -> None:
        """End before the work is done; what was begun may still be delivered."""
        self.has_ended = True

    def prepare(self) -> Work:
        """Return one delivery of the first step of a retry."""
        return self._deliver(PREPARE, event_of(TASKS[PREPARE], self._input))

    def finish(self) -> Work:
        """Return one delivery of the last step."""
        return self._deliver(FINISH, event_of(TASKS[FINISH], self._input))

    def _deliver(self, place: str, event: State) -> Work:
        work = self.deliveries.deliver(place, event)
        return StepWork(self._attempt, partial(self._end_with, work)) if place == FINISH else work

    def _end_with(self, work: Work) -> object:
        answer = work()
        self.has_ended = True
        return answer

    def _ready(self) -> dict[str, State]:
        """Return the events of steps that are ready; of an execution that has ended, of those that were begun."""
        tasks = self._waiting_for(lambda: replay(DEFINITION, self._input, self._replayed))
        return {place: tasks[place] for place in tasks if not self.has_ended or place in self.deliveries.given}

    def _waiting_for(self, replayed: Callable[[], Reached]) -> Mapping[str, State]:
        """Return the tasks that are waited for, after those whose every delivery failed have failed for good."""
        while True:
            reached = replayed()
            tasks = reached.tasks if isinstance(reached, Waiting) else {}
            if not self.deliveries.give_up(place for place in tasks if place != FINISH):
                return tasks

    @property
    def _replayed(self) -> Replay:
        return Replay(self.deliveries.log, lambda bucket, key: self.items)

    @property
    def _attempt(self) -> State:
        return {"provider_id": PROVIDER_ID, "run_id": self.run.run_id, "attempt": self.run.attempt}

    @property
    def _input(self) -> State:
        return {**self._attempt, "kind": self.run.kind.value, "manifest": {"bucket": "", "key": _name(self.run)}}


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
        self.executions.setdefault(_name(run), Execution(run, lambda: self.manifests[_name(run)]))

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


def _step(place: str) -> str:
    return place.rpartition("/")[2]


def _name(run: Run) -> str:
    return f"{run.run_id}-{run.attempt}"
