"""What makes an answer true: it tells what was so at a moment between its question and itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from client_lifecycle.domain.bookings import BookedBy, Booking, BookingAnswer, BookingRefusal
from client_lifecycle.domain.client import Client
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.values import from_plain
from tests.proof.bulk import Work
from tests.proof.past import Past


@dataclass(frozen=True)
class Span:
    """The states of a table between a question and its answer."""

    past: Past
    moments: range

    def ever(self, was_so: Callable[[State], bool]) -> bool:
        """Whether something was so at one moment at least."""
        return any(was_so(State(self.past, moment)) for moment in self.moments)


@dataclass(frozen=True)
class State:
    """A table at one moment."""

    past: Past
    moment: int

    def item(self, key: Mapping[str, str]) -> Plain | None:
        """Return an item."""
        return self.past.item(key, self.moment)

    def items(self, partition: str, prefix: str) -> Iterator[Plain]:
        """Return the items of a partition whose sort keys begin so, in order."""
        return (plain for sk, plain in self.past.partition(partition, self.moment).items() if sk.startswith(prefix))


@dataclass(frozen=True)
class Asked:
    """Work whose answer has to be true; ``acknowledged`` are the warnings that the person who asks has seen."""

    do: Work
    is_true: Callable[[Any, Span], bool]
    acknowledged: frozenset[str] = frozenset()

    def __call__(self) -> object:
        """Do the work."""
        return self.do()


def is_archived(state: State, who: Client) -> bool:
    """Whether a client was archived."""
    return "archive_id" in (state.item(Keys(who.provider_id).client(who.client_id)) or {})


def was(client: Client, span: Span) -> bool:
    """Whether a client that was answered was so."""
    key, archive_id = Keys(client.provider_id).client(client.client_id), client.stamp and client.stamp.archive_id
    told = (client.revision, archive_id)
    return span.ever(lambda state: told == _told(state.item(key) or {}))


def _told(client: Plain) -> tuple[Any, Any]:
    return client.get("revision"), client.get("archive_id")


def is_answer_to(booking: Booking, answer: BookingAnswer, span: Span, first_sent: int) -> bool:
    """Whether a booking was answered as it was before, or else as the client and its switches allowed at a moment.

    Of several that are sent at once one is answered, so that moment may be any since it was first sent.
    """
    key = Keys(booking.provider_id).booking_answer(booking.event_id)
    before = span.past.item(key, span.moments.start)
    if before:
        return from_plain(BookingAnswer, before) == answer
    span = Span(span.past, range(first_sent, span.moments.stop))
    match answer.refusal:
        case None:
            return booking.booked_by is BookedBy.STAFF or span.ever(lambda state: may_book(booking, state))
        case BookingRefusal.SCHEDULING_DISABLED:
            return span.ever(lambda state: not may_book(booking, state))
        case BookingRefusal.NO_SELF_RETURN:
            return span.ever(lambda state: "archive_id" in _client(booking, state))
        case _:
            return True


def may_book(booking: Booking, state: State) -> bool:
    """Whether the switches of a client, or else of its group, let it book (P6)."""
    client = _client(booking, state)
    group = state.item(Keys(booking.provider_id).group(client.get("group_id", ""))) or {}
    said = (one.get("settings", {}).get("schedule_appointments") for one in (client, group))
    return next((word for word in said if word is not None), True)


def _client(booking: Booking, state: State) -> Plain:
    return state.item(Keys(booking.provider_id).client(booking.client_id)) or {}
