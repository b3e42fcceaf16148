"""What an import costs for each row: parts are carried out in this process, as the workflow has them done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, cast

from benchmarks.meter import Spent, measure, per_client
from benchmarks.rows import Row
from benchmarks.subjects import BY_STAFF, Bench, bench, client_of
from benchmarks.timeline import Timeline, in_order
from benchmarks.workflow import MEMORY_OF_ALL
from client_lifecycle.domain.client import Client
from client_lifecycle.domain.imports.outcomes import ImportKind, RowResult
from client_lifecycle.domain.imports.rows import ClientRow, Part
from client_lifecycle.domain.imports.run import ROWS_PER_PART, Import, ImportFormat, ImportState
from client_lifecycle.domain.practice_history import PracticeEvent
from client_lifecycle.storage.import_files import ImportWorkflow
from client_lifecycle.storage.imports import create_import
from client_lifecycle.use_cases.ids import new_id
from client_lifecycle.use_cases.imports.parts import work_on_part
from client_lifecycle.use_cases.practice_lines import practice_line
from local.ministack import LocalAws

if TYPE_CHECKING:
    from client_lifecycle.storage.executions import StateMachine
    from client_lifecycle.storage.import_files import ImportFiles

STATES_PER_PART = 2


def rows(aws: LocalAws, number: int) -> list[Row]:
    """Bring so many clients in that are new, and the same again, in parts, in this process.

    Instead, a user would put each client, after a look whether it is there.
    """
    with bench(aws) as made:
        clients = [client_of(one, made.at) for one in range(number)]
        told = [
            ClientRow(row=place, name=one.name, email=one.email, external_id=f"x-{place}")
            for place, one in enumerate(clients)
        ]
        parts = [told[first : first + ROWS_PER_PART] for first in range(0, number, ROWS_PER_PART)]
        titles = ("new clients", "the same again")
        return [_row(made, f"import of {number:,}: {title}, each row", parts, clients) for title in titles]


def _row(made: Bench, name: str, parts: Sequence[Sequence[ClientRow]], clients: Sequence[Client]) -> Row:
    run = Import(
        provider_id=made.ours.provider_id,
        import_id=new_id(made.at),
        kind=ImportKind.CLIENTS,
        format=ImportFormat.CSV,
        source="crm",
        state=ImportState.RUNNING,
        created_at=made.at,
        created_by="benchmark",
        expires_at=made.at,
        attempt=1,
        started_in=1,
    )
    line = practice_line(PracticeEvent.IMPORT_REQUESTED, BY_STAFF, made.at, import_id=run.import_id)
    made.follow(lambda: create_import(made.ours, run, line))
    timeline, files = Timeline(), KeptFiles()
    ours: list[Spent] = []
    floor: list[Spent] = []
    for number, part in enumerate(parts):
        files.part = Part(clients=tuple(part))
        with in_order(timeline):
            spent, calls = measure(made.dynamodb, partial(_work, made, files, run.import_id, number), timeline)
        seconds = spent.model_seconds * MEMORY_OF_ALL / 1_024
        paid = replace(spent, transitions=STATES_PER_PART, invocations=1, gibibyte_seconds=seconds)
        ours.append(paid)
        floor.append(made.floor(calls))
    sizes = [len(part) for part in parts]
    plain = made.instead(lambda: made.plain.bring_in(clients))
    paid_plain = replace(plain, invocations=1, gibibyte_seconds=plain.model_seconds * MEMORY_OF_ALL / 1_024)
    return Row(name, per_client(ours, sizes), per_client(floor, sizes), paid_plain.each(len(clients)))


def _work(made: Bench, files: KeptFiles, import_id: str, part: int) -> None:
    work_on_part(made.ours, files.stand_in, import_id, 1, part, at=made.at, log_failure=_no_failure)


def _no_failure(row: int, fault: Exception) -> None:
    raise AssertionError(f"row {row}") from fault


@dataclass
class KeptFiles:
    """Stands for the bucket of an import: has the rows of one part, and drops their results."""

    part: Part = field(default_factory=Part)

    @property
    def stand_in(self) -> ImportWorkflow:
        """Return this in the place of the deployed ones."""
        return ImportWorkflow(cast("ImportFiles", self), cast("StateMachine", None))

    def read_part(self, _run: Import, _number: int) -> Part:
        """Return the rows."""
        return self.part

    def write_results(self, _run: Import, _number: int, results: Sequence[RowResult]) -> None:
        """Drop the results."""
