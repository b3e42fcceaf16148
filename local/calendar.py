"""A calendar as a practice has one: it follows the archive on the bus, and tells there what it then has."""

from __future__ import annotations

from types import MappingProxyType

from local.sources import Source


class Calendar(Source):
    """Keeps the appointments of a practice's clients."""

    id_field = "appointment_id"
    obeyed = MappingProxyType({"appointment.cancelled": "cancelled", "appointment.restored": "booked"})

    def echo(self, client_id: str, record_id: str) -> None:
        """Tell an appointment as it was, at its next version, as a calendar does that has not heard yet (I9)."""
        self.door.tell(client_id, [self.next(client_id, record_id)])
