"""Tells whether the table's stream is read: by an event source mapping of ``publish_events``."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from client_lifecycle.storage.retries import persistently

READING = frozenset({"Creating", "Enabling", "Enabled", "Updating"})
"""The states in which a mapping reads, or is about to."""


class StreamReader(Struct, frozen=True):
    """The function that reads the table's stream, by its event source mapping."""

    client: Any
    function_name: str

    def reads(self) -> bool:
        """Tell whether it reads, or is about to.

        Raises:
            StorageBusy: Lambda kept throttling, or was out of reach.
        """
        answer = persistently(lambda: self.client.list_event_source_mappings(FunctionName=self.function_name))
        return any(mapping["State"] in READING for mapping in answer["EventSourceMappings"])
