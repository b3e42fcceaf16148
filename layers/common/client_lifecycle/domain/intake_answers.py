"""What a source is answered, in the same words whichever way it told: the result of each change (I19)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from client_lifecycle.domain.intake import IncomingChange, IntakeOutcome, IntakeRefusal, Judgement, Kept, status_of
from client_lifecycle.domain.records import RecordKind

BOOKING = "booking.requested"


class Ours(Struct, frozen=True, kw_only=True):
    """What is kept of a record here, where that is something else than what was told."""

    version: int | None = None
    status: str
    cancelled_by: str | None = None
    archive_id: str | None = None


class Result(Struct, frozen=True, kw_only=True):
    """What became of one change, and why where it was not stored.

    ``use`` is the event or call that is right instead. ``fields`` are those at fault in a change that cannot be read;
    of its kind, id and version it has what can be told.
    """

    kind: str | None = None
    id: str | None = None
    version: int | None = None
    outcome: IntakeOutcome
    reason: IntakeRefusal | None = None
    rule: str | None = None
    ours: Ours | None = None
    use: str | None = None
    fields: tuple[str, ...] | None = None


class RefusedOnTheBus(Struct, frozen=True, kw_only=True):
    """The answer to an event of a source, of whose changes some were refused or could not be read.

    ``event_id`` is the source's own, and ``digest`` the same for the same content. The client is named as the source
    named it: by our id or by its own.
    """

    event_id: str
    source: str
    client_id: str | None = None
    external_id: str | None = None
    answered_at: datetime
    digest: str
    results: tuple[Result, ...]


def result_of(judgement: Judgement) -> Result:
    """Return the result of a change that was judged."""
    incoming, kept = judgement.incoming, judgement.after
    is_booking = judgement.rule == "I4" and incoming.kind is RecordKind.APPOINTMENT
    is_known = kept.version is not None or kept.record is not None
    return Result(
        kind=incoming.kind,
        id=incoming.record_id,
        version=incoming.version,
        outcome=judgement.outcome,
        reason=judgement.refusal,
        rule=judgement.rule,
        ours=_ours(kept) if judgement.differs and is_known else None,
        use=BOOKING if is_booking else None,
    )


def refused_results(judgements: Iterable[Judgement]) -> tuple[Result, ...]:
    """Return the results of the changes that were refused, in their order."""
    return tuple(result_of(one) for one in judgements if one.outcome is IntakeOutcome.REFUSED)


def unknown_client_results(changes: Iterable[IncomingChange]) -> tuple[Result, ...]:
    """Return the results of changes of a client that the provider does not have (I14)."""
    return tuple(
        Result(
            kind=incoming.kind,
            id=incoming.record_id,
            version=incoming.version,
            outcome=IntakeOutcome.REFUSED,
            reason=IntakeRefusal.UNKNOWN_CLIENT,
            rule="I14",
        )
        for incoming in changes
    )


def _ours(kept: Kept) -> Ours:
    return Ours(
        version=kept.version,
        status=status_of(kept.record),
        cancelled_by=getattr(kept.record, "cancelled_by", None),
        archive_id=kept.ended_by,
    )
