"""Tells whether the table's stream is read: the event source mapping of ``publish_events``. Imports ``calls``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from client_lifecycle.storage.calls import persistently

READING = frozenset({"Creating", "Enabling", "Enabled", "Updating"})
"""The states in which a mapping reads, or is about to."""


@dataclass(frozen=True, slots=True)
class StreamReader:
    """The event source mapping that reads the table's stream."""

    client: Any
    mapping_id: str

    def reads(self) -> bool:
        """Tell whether it reads, or is about to.

        Raises:
            StorageBusy: Lambda kept throttling, or was out of reach.
        """
        answer = persistently(lambda: self.client.get_event_source_mapping(UUID=self.mapping_id))
        return answer["State"] in READING
