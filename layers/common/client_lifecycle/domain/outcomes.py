"""The results that a run can have for one client, by kind of run."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class RunKind(StrEnum):
    """What a run does to its clients."""

    ARCHIVE = "archive"
    UNDO = "undo"


class Outcome(StrEnum):
    """The result of a run for one client; the last three are an undo's own.

    ``activated_in_part`` is a client who is back, but not with all that the archive had taken.
    """

    PENDING = "pending"
    ARCHIVED = "archived"
    ALREADY_ARCHIVED = "already_archived"
    CHANGED_SINCE_PREVIEW = "changed_since_preview"
    SUPERSEDED = "superseded"
    BLOCKED = "blocked"
    NEEDS_ACKNOWLEDGEMENT = "needs_acknowledgement"
    FAILED = "failed"
    NOT_REACHED = "not_reached"
    EXCLUDED = "excluded"
    ACTIVATED = "activated"
    ACTIVATED_IN_PART = "activated_in_part"
    LEFT_ALONE = "left_alone"


SHARED_OUTCOMES = (Outcome.PENDING, Outcome.FAILED, Outcome.NOT_REACHED)
OUTCOMES: Mapping[RunKind, tuple[Outcome, ...]] = {
    RunKind.ARCHIVE: (
        *SHARED_OUTCOMES,
        Outcome.ARCHIVED,
        Outcome.ALREADY_ARCHIVED,
        Outcome.CHANGED_SINCE_PREVIEW,
        Outcome.SUPERSEDED,
        Outcome.BLOCKED,
        Outcome.NEEDS_ACKNOWLEDGEMENT,
        Outcome.EXCLUDED,
    ),
    RunKind.UNDO: (*SHARED_OUTCOMES, Outcome.ACTIVATED, Outcome.ACTIVATED_IN_PART, Outcome.LEFT_ALONE),
}
"""The outcomes that a run of each kind can have."""

OUTCOMES_WITHOUT_CHANGE = frozenset(
    {
        Outcome.ALREADY_ARCHIVED,
        Outcome.CHANGED_SINCE_PREVIEW,
        Outcome.BLOCKED,
        Outcome.NEEDS_ACKNOWLEDGEMENT,
        Outcome.EXCLUDED,
        Outcome.NOT_REACHED,
        Outcome.LEFT_ALONE,
    }
)
"""The outcomes of clients that a run has neither archived nor, as an undo, brought back."""

TO_RETRY = (Outcome.FAILED, Outcome.NOT_REACHED)
TO_UNDO = (Outcome.ARCHIVED, Outcome.FAILED)


def counts_of(kind: RunKind, *, pending: int) -> dict[Outcome, int]:
    """Return the counts of a run nobody has dealt with yet."""
    return {outcome: pending if outcome is Outcome.PENDING else 0 for outcome in OUTCOMES[kind]}
