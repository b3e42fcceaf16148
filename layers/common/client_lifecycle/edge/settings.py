"""What a function reads from its environment, checked when it is first needed. Imports pydantic."""

from __future__ import annotations

import os
from typing import TypeVar

from pydantic import BaseModel

S = TypeVar("S", bound=BaseModel)


class TableSettings(BaseModel):
    """The settings of every function."""

    table_name: str


class WorkflowSettings(BaseModel):
    """The settings of functions that start bulk archives."""

    manifest_bucket: str
    state_machine_arn: str


class IdempotencySettings(BaseModel):
    """The settings of functions that create what callers ask for."""

    idempotency_table_name: str


class CursorSettings(BaseModel):
    """The settings of functions that answer with lists, page by page."""

    cursor_key_id: str


class OriginSettings(BaseModel):
    """The settings of functions behind the API: the origins whose pages may read answers, with commas between them."""

    allowed_origins: str


class HookSettings(BaseModel):
    """The settings of the function that other systems call."""

    booking_secret_prefix: str


class StreamReaderSettings(BaseModel):
    """The settings of the function that sees whether events are still published."""

    stream_reader_id: str


class EventSettings(BaseModel):
    """The settings of the function that publishes events."""

    event_bus_name: str


class DeadLetterSettings(BaseModel):
    """The settings of functions that set aside what they cannot deal with."""

    dead_letter_queue_url: str


def read_environment(model: type[S]) -> S:
    """Read a settings model; each field comes from the variable of its name in capitals.

    Raises:
        pydantic.ValidationError: a variable is missing.
    """
    return model.model_validate({name: os.environ.get(name.upper()) for name in model.model_fields})
