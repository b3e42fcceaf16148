"""The engines that figures are taken on: the local AWS, or another engine of DynamoDB that a variable names.

``DYNAMODB_ENDPOINT=http://127.0.0.1:8000 make bench`` measures there. An engine with real indexes gives better seconds
for large tables; calls and units are the same on each.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from client_lifecycle.storage.connections import OF_SERVICE
from client_lifecycle.storage.table import Table
from local.ministack import CONFIG, LocalAws, local_aws
from local.tables import create_table

ENDPOINT = "DYNAMODB_ENDPOINT"


@contextmanager
def engine() -> Iterator[LocalAws]:
    """Return the engine that the environment names, or start the local AWS for as long as the block lasts."""
    if named := os.environ.get(ENDPOINT):
        yield LocalAws(named)
        return
    with local_aws() as aws:
        yield aws


def engine_name() -> str:
    """Return what figures of seconds are to be read with."""
    return f"the engine at {ENDPOINT}" if os.environ.get(ENDPOINT) else "MiniStack, the local AWS"


@contextmanager
def fresh_table(aws: LocalAws) -> Iterator[Table]:
    """Make an empty table of the template's shape, and drop it when the block ends."""
    table = create_table(aws.dynamodb, f"benchmark-{uuid4()}")
    try:
        yield table
    finally:
        aws.dynamodb.delete_table(TableName=table.name)


def as_shipped(aws: LocalAws, table: Table) -> Table:
    """Return a table behind the client that functions have, which does not compare requests with DynamoDB's model."""
    config = CONFIG.merge(OF_SERVICE["dynamodb"])
    return Table(aws.session.client("dynamodb", endpoint_url=aws.endpoint, config=config), table.name)
