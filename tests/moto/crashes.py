"""Ends work by force between two of its transactions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from client_lifecycle.storage.table import Table

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


@contextmanager
def cut_off_at_second_transaction() -> Iterator[None]:
    """End the work of this block, as a killed process does, when it is about to commit its second transaction."""
    transact, calls = Table.transact, 0

    def counted(table: Table, writes: Sequence[TransactWriteItemTypeDef]) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        transact(table, writes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Table, "transact", counted)
        with pytest.raises(KeyboardInterrupt):
            yield
