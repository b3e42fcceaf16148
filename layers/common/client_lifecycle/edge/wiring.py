"""The composition root: connections built when first needed and kept for the life of the process."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from client_lifecycle.edge.environment import (
    AuditSettings,
    CursorSettings,
    DeadLetterSettings,
    DeliverySettings,
    EventSettings,
    ExportSettings,
    HookSettings,
    ImportSettings,
    RateSettings,
    RecordHookSettings,
    StreamReaderSettings,
    TableSettings,
    WorkflowSettings,
    read_environment,
)
from client_lifecycle.edge.rate_limit import RateLimit
from client_lifecycle.edge.unreadable_reports import report
from client_lifecycle.storage.connections import (
    connect_audit_trail,
    connect_dead_letters,
    connect_deliveries,
    connect_endpoint,
    connect_event_bus,
    connect_export_store,
    connect_imports,
    connect_seal,
    connect_signing_secrets,
    connect_stream_reader,
    connect_table,
    connect_workflow,
)
from client_lifecycle.storage.table import Table
from client_lifecycle.storage.tenant import Tenant

if TYPE_CHECKING:
    from client_lifecycle.storage.audit_trail import AuditTrail
    from client_lifecycle.storage.deliveries import Deliveries
    from client_lifecycle.storage.endpoint import Endpoint
    from client_lifecycle.storage.event_bus import DeadLetters, EventBus
    from client_lifecycle.storage.exports import ExportStore
    from client_lifecycle.storage.import_files import ImportWorkflow
    from client_lifecycle.storage.seal import Seal
    from client_lifecycle.storage.signing_secrets import SigningSecrets
    from client_lifecycle.storage.stream_mapping import StreamReader
    from client_lifecycle.storage.workflow import Workflow


@cache
def table() -> Table:
    """Return this process's connection to the table."""
    return connect_table(read_environment(TableSettings).table_name, report)


def tenant(provider_id: str) -> Tenant:
    """Return the table as this provider's."""
    return Tenant(table(), provider_id)


@cache
def workflow() -> Workflow:
    """Return this process's connection to the workflow of bulk archives."""
    settings = read_environment(WorkflowSettings)
    return connect_workflow(settings.manifest_bucket, settings.state_machine_arn)


@cache
def export_store() -> ExportStore:
    """Return this process's connection to the bucket of exports."""
    return connect_export_store(read_environment(ExportSettings).export_bucket)


@cache
def imports() -> ImportWorkflow:
    """Return this process's connection to the workflow of imports and their files."""
    settings = read_environment(ImportSettings)
    return connect_imports(settings.import_bucket, settings.import_state_machine_arn)


@cache
def seal() -> Seal:
    """Return this process's connection to the key that cursors are sealed with."""
    return connect_seal(read_environment(CursorSettings).cursor_key_id)


@cache
def booking_secrets() -> SigningSecrets:
    """Return this process's connection to the secrets that bookings are signed with."""
    return connect_signing_secrets(read_environment(HookSettings).booking_secret_prefix)


@cache
def record_secrets() -> SigningSecrets:
    """Return this process's connection to the secrets that sources sign with."""
    return connect_signing_secrets(read_environment(RecordHookSettings).record_secret_prefix)


@cache
def audit_trail() -> AuditTrail:
    """Return this process's connection to where each request leaves its line."""
    return connect_audit_trail(read_environment(AuditSettings).audit_log_group)


@cache
def hook_rate() -> RateLimit:
    """Return how often other systems have called this process, and may."""
    return RateLimit(read_environment(RateSettings).hook_calls_per_second)


@cache
def event_bus() -> EventBus:
    """Return this process's connection to the bus of events."""
    return connect_event_bus(read_environment(EventSettings).event_bus_name)


@cache
def dead_letters() -> DeadLetters:
    """Return this process's connection to its function's queue of what was set aside."""
    return connect_dead_letters(read_environment(DeadLetterSettings).dead_letter_queue_url)


@cache
def deliveries() -> Deliveries:
    """Return this process's connection to the queue of events that wait to be delivered."""
    return connect_deliveries(read_environment(DeliverySettings).delivery_queue_url)


@cache
def delivery_secrets() -> SigningSecrets:
    """Return this process's connection to the secrets that events are signed with."""
    return connect_signing_secrets(read_environment(DeliverySettings).delivery_secret_prefix)


@cache
def endpoint() -> Endpoint:
    """Return the system that events are delivered to."""
    return connect_endpoint(read_environment(DeliverySettings).delivery_url)


@cache
def stream_reader() -> StreamReader:
    """Return this process's connection to what reads the table's stream."""
    return connect_stream_reader(read_environment(StreamReaderSettings).stream_reader_name)


def now() -> datetime:
    """Return the present moment, UTC."""
    return datetime.now(UTC)
