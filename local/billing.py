"""A billing system as a practice has one: it follows the archive on the bus, and tells over HTTP."""

from __future__ import annotations

from types import MappingProxyType

from local.sources import Result, Source


class Billing(Source):
    """Keeps the payments of a practice's clients."""

    id_field = "payment_id"
    obeyed = MappingProxyType({"payment.cancelled": "cancelled", "payment.restored": "scheduled"})

    def scheduled(self, client_id: str) -> list[str]:
        """Return the ids of a client's payments that are still to be charged."""
        return [one for (whose, one), kept in self.book.items() if whose == client_id and kept["status"] == "scheduled"]

    def charge(self, client_id: str, record_id: str) -> Result:
        """Begin to charge a payment, which nobody can call back from then on."""
        [result] = self.tell(client_id, self.next(client_id, record_id, status="charging"))
        return result

    def decline(self, client_id: str, record_id: str) -> Result:
        """Take note that the card was declined: the payment is scheduled again (I10)."""
        [result] = self.tell(client_id, self.next(client_id, record_id, status="scheduled"))
        return result
