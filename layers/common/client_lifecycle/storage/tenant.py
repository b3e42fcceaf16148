"""One provider's part of the table: what reads and writes it names no other provider's items."""

from __future__ import annotations

from msgspec import Struct

from client_lifecycle.storage.keys import Keys
from client_lifecycle.storage.table import Table


class Tenant(Struct, frozen=True):
    """The table as one provider's; it is made once, from who calls or from the item that is due.

    Args:
        table: the table of all providers.
        provider_id: the only provider whose keys are made.
    """

    table: Table
    provider_id: str

    @property
    def keys(self) -> Keys:
        """The keys of the provider's items."""
        return Keys(self.provider_id)
