"""Times a bulk archive on the local AWS, and counts the AWS calls it makes for each client.

Run it as ``python -m benchmarks.bulk_archive --clients 1000``. Wall time compares versions of this project on one
machine; the counts hold anywhere.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from client_lifecycle.domain.client import Client, Status
from client_lifecycle.domain.runs import CLIENTS_PER_BATCH
from client_lifecycle.edge import wiring
from local.stack import PracticeStack, practice_stack

POLL_SECONDS = 0.25
STATES_PER_BATCH = 7
"""A batch's own execution, the two steps around the effects, the three effects and what runs them side by side."""

STATES_PER_RUN = 4
COUNTED_CLIENTS = 4 * CLIENTS_PER_BATCH


def main() -> None:
    """Archive every active client of a sample practice in one run, and print the figures."""
    arguments = argparse.ArgumentParser(description=main.__doc__)
    arguments.add_argument("--clients", type=int, default=1_000, help="active clients to archive")
    wanted = arguments.parse_args().clients
    with practice_stack(clients=_practice_size(wanted + COUNTED_CLIENTS)) as stack:
        active = [sample.client for sample in stack.practice.clients if sample.client.status is Status.ACTIVE]
        _time_run(stack, active[:wanted])
        _count_calls(stack, active[wanted : wanted + COUNTED_CLIENTS])


def _practice_size(active: int) -> int:
    """Return how large a practice must be to have this many active clients, 15 % being archived."""
    return int(active / 0.85) + 20


def _time_run(stack: PracticeStack, clients: Sequence[Client]) -> None:
    begin = time.perf_counter()
    shown = stack.api.post("/bulk-archives", {"client_ids": [client.client_id for client in clients]})
    previewed = time.perf_counter()
    stack.api.post(f"/bulk-archives/{shown['run_id']}/confirm", {"token": shown["token"]})
    while (run := stack.api.get(f"/bulk-archives/{shown['run_id']}"))["state"] == "running":
        time.sleep(POLL_SECONDS)
    seconds = time.perf_counter() - previewed
    batches = -(-len(clients) // CLIENTS_PER_BATCH)
    print(f"clients                      {len(clients):>10,}")
    print(f"preview                      {previewed - begin:>10.1f} s")
    print(f"archive, confirm to verdict  {seconds:>10.1f} s  {len(clients) / seconds:.0f} clients/s")
    print(f"verdict                      {run['state']:>10}   {run['counts']['archived']:,} archived")
    invocations, transitions = 5 * batches + 1, STATES_PER_BATCH * batches + STATES_PER_RUN
    print(f"Lambda invocations           {invocations:>10,}   {invocations / len(clients):.2f} per client")
    print(f"state transitions            {transitions:>10,}   {transitions / len(clients):.2f} per client")


def _count_calls(stack: PracticeStack, clients: Sequence[Client]) -> None:
    """Carry out a run in this process, step by step as the workflow does, counting calls by operation."""
    shown = stack.api.post("/bulk-archives", {"client_ids": [client.client_id for client in clients]})
    calls: Counter[str] = Counter()
    with patch.dict(os.environ, {"TABLE_NAME": stack.table.name}), patch.object(wiring, "table", lambda: stack.table):
        stack.table.client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.update([model.name]))
        for start in range(0, len(clients), CLIENTS_PER_BATCH):
            members = [
                {"client_id": client.client_id, "position": start + offset}
                for offset, client in enumerate(clients[start : start + CLIENTS_PER_BATCH])
            ]
            _run_batch(
                {"provider_id": clients[0].provider_id, "run_id": shown["run_id"], "attempt": 1, "members": members}
            )
    for operation, count in sorted(calls.items()):
        print(f"{operation:<28} {count:>10,}   {count / len(clients):.2f} per client")
    print(f"{'DynamoDB calls':<28} {calls.total():>10,}   {calls.total() / len(clients):.2f} per client")


def _run_batch(batch: dict[str, Any]) -> None:
    from cancel_commitments.handler import lambda_handler as cancel_commitments
    from leave_chats.handler import lambda_handler as leave_chats
    from mark_archived.handler import lambda_handler as mark_archived
    from settle_batch.handler import lambda_handler as settle_batch
    from silence_notifications.handler import lambda_handler as silence_notifications

    context: Any = _Context()
    mark = mark_archived(batch, context)
    step = {**batch, "marked": mark["marked"]}
    effects = [effect(step, context) for effect in (cancel_commitments, leave_chats, silence_notifications)]
    settle_batch({**batch, "first": mark, "effects": effects}, context)


class _Context:
    function_name = "benchmark"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:benchmark"
    aws_request_id = datetime.now(UTC).isoformat()


if __name__ == "__main__":
    main()
