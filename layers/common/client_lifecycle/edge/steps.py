"""What the workflow's handlers share: the form of their inputs, and a line in the log for each client that fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from aws_lambda_powertools import Logger
from msgspec import Struct, convert, to_builtins

from client_lifecycle.domain.effects import EffectName
from client_lifecycle.domain.errors import LifecycleError
from client_lifecycle.edge import wiring
from client_lifecycle.use_cases.bulk.batches import Batch, FirstResult, Marked, apply_to_batch

logger = Logger()


class Step(Struct, frozen=True, kw_only=True):
    """The base of every step's input; the workflow may carry more than a step needs."""

    provider_id: str
    run_id: str
    attempt: int


class BatchStep(Batch, frozen=True, kw_only=True):
    """The input of a first step: a batch of the manifest."""

    provider_id: str


class EffectStep(Step, frozen=True, kw_only=True):
    """The input of the three effects."""

    marked: list[Marked]


class PartStep(Step, frozen=True, kw_only=True):
    """The input of the step that works on one part of an import."""

    part: int


class OfARun(Protocol):
    """What every step's input tells."""

    @property
    def provider_id(self) -> str:
        """Whose run it is."""

    @property
    def run_id(self) -> str:
        """The run."""


S = TypeVar("S", bound=OfARun)


def read(event: Mapping[str, Any], shape: type[S]) -> S:
    """Read a step's input, as it is delivered; every line of the log names its run from now on.

    Raises:
        msgspec.ValidationError: it is not of this shape.
    """
    step = convert(event, shape)
    logger.append_keys(run_id=step.run_id, provider_id=step.provider_id)
    return step


def as_state(result: FirstResult) -> dict[str, Any]:
    """Return the result of a first step as the workflow keeps it."""
    plain: dict[str, Any] = to_builtins(result)
    return plain


def log_failure(client_id: str, fault: Exception) -> None:
    """Log a client whose work failed: in a line, or, for an unexpected fault, with its traceback."""
    if isinstance(fault, LifecycleError):
        logger.warning("client not done", extra={"client_id": client_id, "reason": fault.name})
    else:
        logger.exception("client failed", extra={"client_id": client_id})


def log_row_failure(row: int, fault: Exception) -> None:
    """Log a row whose work failed, by its number: in a line, or, for an unexpected fault, with its traceback."""
    if isinstance(fault, LifecycleError):
        logger.warning("row not done", extra={"row": row, "reason": fault.name})
    else:
        logger.exception("row failed", extra={"row": row})


def apply_effect(effect: EffectName, event: dict[str, Any]) -> dict[str, Any]:
    """Carry out one effect for the marked clients of a batch.

    Args:
        effect: which one.
        event: the step's input, an ``EffectStep``.

    Returns:
        The clients it failed for, with reasons, as an ``EffectResult``.
    """
    step = read(event, EffectStep)
    tenant = wiring.tenant(step.provider_id)
    failures = apply_to_batch(tenant, effect, step.marked, now=wiring.now, on_failure=log_failure)
    return {"failures": to_builtins(failures)}
