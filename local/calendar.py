"""A calendar as a practice has one: it follows the archive over the bus, and tells over HTTP what it then has."""

from __future__ import annotations

from types import MappingProxyType

from local.sources import Result, Source


class Calendar(Source):
    """Keeps the appointments of a practice's clients."""

    id_field = "appointment_id"
    obeyed = MappingProxyType({"appointment.cancelled": "cancelled", "appointment.restored": "booked"})

    def echo(self, client_id: str, record_id: str) -> Result:
        """Tell an appointment again as it was last told, as a calendar does that sends everything each night (I9)."""
        [result] = self.door.tell(client_id, [self.book[client_id, record_id]])
        return result
