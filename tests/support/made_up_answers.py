"""Lets DynamoDB answer as no local engine does: with throttles, conflicts and items left unprocessed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from client_lifecycle.storage.table import Table
from tests.support.faults import Body

Answer = dict[str, Any]


@contextmanager
def answering(table: Table, operation: str, answer: Callable[[Answer], Answer | None]) -> Iterator[list[Answer]]:
    """Answer calls of one operation instead of the service.

    Args:
        table: whose client is listened to.
        operation: such as ``TransactWriteItems``.
        answer: given the request, the document to answer with, or ``None`` to let the call through; a document with
            ``__type`` is an error.

    Yields:
        The requests of this operation, in order, as they are made.
    """
    requests: list[Answer] = []

    def before_send(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        assert isinstance(request.body, bytes)
        body = json.loads(request.body)
        requests.append(body)
        document = answer(body)
        return None if document is None else made_up(request, document)

    event = f"before-send.dynamodb.{operation}"
    events: Any = table.client.meta.events  # its stub takes only handlers that return nothing
    events.register(event, before_send)
    try:
        yield requests
    finally:
        events.unregister(event, before_send)


def made_up(request: AWSPreparedRequest, document: Answer) -> AWSResponse:
    """Return the response with which the service would give this answer; one with ``__type`` is an error."""
    status = 400 if "__type" in document else 200
    headers = HTTPHeaders.from_dict({"x-amzn-RequestId": "made-up", "content-type": "application/x-amz-json-1.0"})
    return AWSResponse(request.url, status, headers, Body(json.dumps(document).encode()))


def cancelled(request: Answer, code: str) -> Answer:
    """Return a cancelled transaction whose first action has this reason."""
    reasons = [{"Code": "None"} for _ in request["TransactItems"]]
    reasons[0] = {"Code": code, "Message": "made up"}
    return {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "message": f"Transaction cancelled, please refer cancellation reasons for specific reasons [{code}]",
        "CancellationReasons": reasons,
    }
