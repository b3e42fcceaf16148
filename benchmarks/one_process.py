"""A run in one process: batch after batch, step after step, each as its function does it, calls side by side.

``python -m benchmarks.one_process 300 1000`` prints how many clients a second that archives, and the CPU time of each.
The engine's time is in the seconds, and not in the CPU time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.engine import as_shipped, engine, fresh_table
from benchmarks.subjects import BY_STAFF, PROVIDER_ID, client_of, usual_records
from benchmarks.timeline import Timeline
from benchmarks.workflow import Carried, KeptManifest, carry_out, functions_on
from client_lifecycle.domain.client import ArchiveOptions
from client_lifecycle.domain.runs import preview_terms
from client_lifecycle.domain.selection import ChosenClients
from client_lifecycle.storage.clients import client_item, record_item
from client_lifecycle.storage.tenant import Tenant
from client_lifecycle.use_cases.bulk.control import Confirmation, confirm
from client_lifecycle.use_cases.bulk.preview import preview
from local.ministack import LocalAws


@dataclass(frozen=True, slots=True)
class Pace:
    """What a run in one process took for each client."""

    seconds: float
    cpu_seconds: float


def confirmed_run(tenant: Tenant, clients: int, at: datetime) -> KeptManifest:
    """Store so many clients with what is usually live of one, and confirm a run of them."""
    chosen = [client_of(number, at) for number in range(1, clients + 1)]
    for number, known in enumerate(chosen, start=1):
        records = (record_item(tenant.keys, known.client_id, one) for one in usual_records(number, at))
        tenant.table.put_many([client_item(known), *records])
    kept, terms = KeptManifest(), preview_terms(at)
    wanted = ChosenClients(client_ids=tuple(known.client_id for known in chosen))
    shown = preview(tenant, wanted, terms, cause=BY_STAFF, at=at, options=ArchiveOptions())
    confirmation = Confirmation(cause=BY_STAFF, accept_changes=False, at=at)
    confirm(tenant, kept.stand_in, shown.run.run_id, shown.run.token, confirmation)
    return kept


def carry_out_all(tenant: Tenant, kept: KeptManifest) -> None:
    """Carry out all batches of a run, one after the other."""
    with functions_on(tenant.table):
        for batch in kept.items:
            carry_out(kept, batch, Timeline(), Carried())


def pace(aws: LocalAws, clients: int) -> Pace:
    """Carry out a run of so many clients in this process."""
    with fresh_table(aws) as made:
        tenant = Tenant(as_shipped(aws, made), PROVIDER_ID)
        kept = confirmed_run(tenant, clients, datetime.now(UTC))
        began, cpu_began = time.perf_counter(), time.process_time()
        carry_out_all(tenant, kept)
        took, cpu_took = time.perf_counter() - began, time.process_time() - cpu_began
    return Pace(took / clients, cpu_took / clients)


def main(arguments: Sequence[str]) -> None:
    """Print the pace of runs of so many clients."""
    with engine() as aws:
        for clients in map(int, arguments):
            each = pace(aws, clients)
            print(
                f"{clients:>7,} clients {1 / each.seconds:>6.0f} a second, CPU {1_000 * each.cpu_seconds:.2f} ms each"
            )


if __name__ == "__main__":
    main(sys.argv[1:])
