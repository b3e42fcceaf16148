"""What the workflow's handlers share: their inputs, and a bulkhead around each client.

A client whose work fails becomes a failure with a reason, and the batch goes on. Only a table that is too busy stops
a batch: Step Functions then delivers it again, and what is done already is found done. Imports the domain, Powertools
and msgspec.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from aws_lambda_powertools import Logger
from msgspec import Struct, convert, to_builtins

from client_lifecycle.domain.effects import Effect
from client_lifecycle.domain.errors import LifecycleError, StorageBusy, UnreadableRecord
from client_lifecycle.domain.members import Member
from client_lifecycle.domain.outcomes import Outcome
from client_lifecycle.domain.runs import Run
from client_lifecycle.domain.settings import SafetyRule
from client_lifecycle.domain.unreadable import Unreadable
from client_lifecycle.edge import wiring
from client_lifecycle.edge.unreadable import tell
from client_lifecycle.storage.runs import member_at, read_members, read_run
from client_lifecycle.use_cases.bulk.steps import Result
from client_lifecycle.use_cases.carry_out import apply_effect

logger = Logger()

INTERNAL_ERROR = "InternalError"

MOST_CARRIED = 5
"""Records of a client, and fields of a record, that the state of a batch names."""


class Step(Struct, frozen=True, kw_only=True):
    """The base of every step's input; the workflow may carry more than a step needs."""

    provider_id: str
    run_id: str
    attempt: int


class BatchMember(Struct, frozen=True, kw_only=True):
    """A client's place in a run."""

    client_id: str
    position: int


class Marked(BatchMember, frozen=True, kw_only=True):
    """A client that the first step has marked, with the stamp it carries."""

    archive_id: str


class Failure(Struct, frozen=True, kw_only=True):
    """A client whose work failed; ``reason`` is a fault's name, ``unreadable`` the first records at fault."""

    client_id: str
    reason: str
    unreadable: list[Unreadable] = []


class BatchStep(Step, frozen=True, kw_only=True):
    """The input of a first step: a batch of the manifest."""

    members: list[BatchMember]


class Decided(Struct, frozen=True, kw_only=True):
    """A client that a first step gave its outcome."""

    client_id: str
    outcome: Outcome
    reason: str | None = None
    rules: list[SafetyRule] = []
    unreadable: list[Unreadable] = []


class FirstResult(Struct, frozen=True, kw_only=True):
    """The output of a first step: the clients whose effects are to follow, and those that have their outcome."""

    marked: list[Marked] = []
    outcomes: list[Decided] = []


class EffectStep(Step, frozen=True, kw_only=True):
    """The input of the three effects."""

    marked: list[Marked]


class EffectResult(Struct, frozen=True, kw_only=True):
    """The output of an effect, or of its Catch, which knows only the fault's name."""

    failures: list[Failure] = []
    error: str | None = None


S = TypeVar("S", bound=Step)
P = TypeVar("P", bound=BatchMember)

FirstWork = Callable[[Run, int, Member], Result]
"""What a first step does with one member: given the run, the step's attempt of it, and the member."""


def read(event: Mapping[str, Any], shape: type[S]) -> S:
    """Read a step's input, as it is delivered.

    Raises:
        msgspec.ValidationError: it is not of this shape.
    """
    return convert(event, shape)


def each_client(places: Sequence[P], work: Callable[[P], None]) -> list[Failure]:
    """Do the work of one client after the other; one client's fault is its own.

    Raises:
        StorageBusy: the table kept throttling; the batch is to be delivered again.
    """
    failures: list[Failure] = []
    for place in places:
        try:
            work(place)
        except StorageBusy:
            raise
        except LifecycleError as fault:
            logger.warning("client not done", extra={"client_id": place.client_id, "reason": fault.name})
            failures.append(Failure(client_id=place.client_id, reason=fault.name, unreadable=_at_fault(fault)))
        except Exception:
            logger.exception("client failed", extra={"client_id": place.client_id})
            failures.append(Failure(client_id=place.client_id, reason=INTERNAL_ERROR))
    return failures


def _at_fault(fault: LifecycleError) -> list[Unreadable]:
    """Return the first records that a fault is about, so few that the state of a batch stays small."""
    if not isinstance(fault, UnreadableRecord):
        return []
    tell(fault.found)
    return [replace(one, fields=one.fields[:MOST_CARRIED]) for one in fault.found[:MOST_CARRIED]]


def first_step(step: BatchStep, work: FirstWork) -> dict[str, Any]:
    """Mark or undo every client of a batch.

    Args:
        step: the step's input.
        work: what to do with one member of the run.

    Returns:
        The clients by what is to follow, as a ``FirstResult``.
    """
    logger.append_keys(run_id=step.run_id, provider_id=step.provider_id)
    tenant = wiring.tenant(step.provider_id)
    run = read_run(tenant, step.run_id)
    stored = read_members(tenant, step.run_id, [place.position for place in step.members])
    result = FirstResult()

    def do(place: BatchMember) -> None:
        done = work(run, step.attempt, member_at(stored, run, place.position))
        if done.archive_id:
            marked = Marked(client_id=place.client_id, position=place.position, archive_id=done.archive_id)
            result.marked.append(marked)
        elif done.outcome:
            result.outcomes.append(
                Decided(client_id=place.client_id, outcome=done.outcome, reason=done.reason, rules=list(done.rules))
            )

    failures = each_client(step.members, do)
    result.outcomes.extend(
        Decided(client_id=one.client_id, outcome=Outcome.FAILED, reason=one.reason, unreadable=one.unreadable)
        for one in failures
    )
    told: dict[str, Any] = to_builtins(result)
    return told


def carry_out(effect: Effect, event: dict[str, Any]) -> dict[str, Any]:
    """Carry out one effect for the marked clients of a batch.

    Args:
        effect: the plan, like ``cancel_commitments``.
        event: the step's input, an ``EffectStep``.

    Returns:
        The clients it failed for, with reasons, as an ``EffectResult``.
    """
    step = read(event, EffectStep)
    logger.append_keys(run_id=step.run_id, provider_id=step.provider_id)

    def apply(marked: Marked) -> None:
        tenant, at = wiring.tenant(step.provider_id), wiring.now()
        apply_effect(tenant, marked.client_id, marked.archive_id, effect, at=at)

    return {"failures": to_builtins(each_client(step.marked, apply))}
