"""Finds what is due for the clean-up, over all providers. Imports this ring."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from client_lifecycle.storage import keys
from client_lifecycle.storage.table import Table


def list_due(table: Table, work: keys.Work, at: datetime) -> Iterator[keys.Key]:
    """List the keys of items that are due, page by page, those that have waited longest first within a partition.

    The index lags by moments, so whoever looks at an item reads it first and decides on what it is then.

    Args:
        table: where to read.
        work: what is to be done with the items.
        at: the present moment, UTC.
    """
    for partition in keys.due_partitions(work):
        values = {":partition": partition, ":at": keys.sortable(at)}
        condition = "due_key = :partition AND due_at <= :at"
        for plain in table.query(condition, values, index=keys.DUE_INDEX, consistent=False):
            yield {"pk": plain["pk"], "sk": plain["sk"]}
