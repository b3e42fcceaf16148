"""What a function reads from its environment, checked when it is first needed."""

from __future__ import annotations

import os
from typing import TypeVar

from msgspec import Struct, convert

S = TypeVar("S", bound=Struct)


class TableSettings(Struct, frozen=True):
    """The settings of every function."""

    table_name: str


class WorkflowSettings(Struct, frozen=True):
    """The settings of functions that start bulk archives."""

    manifest_bucket: str
    state_machine_arn: str


class ImportSettings(Struct, frozen=True):
    """The settings of functions that work on imports."""

    import_bucket: str
    import_state_machine_arn: str


class IdempotencySettings(Struct, frozen=True):
    """The settings of functions that create what callers ask for."""

    idempotency_table_name: str


class CursorSettings(Struct, frozen=True):
    """The settings of functions that answer with lists, page by page."""

    cursor_key_id: str


class ExportSettings(Struct, frozen=True):
    """The settings of the function that exports what is held of a client."""

    export_bucket: str


class OriginSettings(Struct, frozen=True):
    """The settings of functions behind the API: the origins whose pages may read answers, with commas between them."""

    allowed_origins: str


class AuditSettings(Struct, frozen=True):
    """The settings of functions behind the API: the log group that each request leaves a line in."""

    audit_log_group: str


class HookSettings(Struct, frozen=True):
    """The settings of the function that other systems call."""

    booking_secret_prefix: str


class RecordHookSettings(Struct, frozen=True):
    """The settings of the function that sources call."""

    record_secret_prefix: str


class RateSettings(Struct, frozen=True):
    """The settings of functions that other systems call: how often each of them may."""

    hook_calls_per_second: int


class StreamReaderSettings(Struct, frozen=True):
    """The settings of the function that sees whether events are still published."""

    stream_reader_name: str


class EventSettings(Struct, frozen=True):
    """The settings of the function that publishes events."""

    event_bus_name: str


class DeadLetterSettings(Struct, frozen=True):
    """The settings of functions that set aside what they cannot deal with."""

    dead_letter_queue_url: str


class DeliverySettings(Struct, frozen=True):
    """The settings of the function that delivers events to a system that is not on AWS."""

    delivery_url: str
    delivery_queue_url: str
    delivery_secret_prefix: str


def read_environment(shape: type[S]) -> S:
    """Read settings; each field comes from the variable of its name in capitals.

    Raises:
        msgspec.ValidationError: a variable is missing.
    """
    names = {name: name.upper() for name in shape.__struct_fields__}
    given = {name: os.environ[variable] for name, variable in names.items() if variable in os.environ}
    return convert(given, shape, strict=False)
