"""``Idempotency-Key``: a request that creates something is carried out once, however often it is sent.

For the handlers of routes that create. What keeps the answers is in ``kept_answers``, and is loaded with the first key
that is sent.
"""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.params import Header

from client_lifecycle.domain.errors import IdempotencyKeyReused, RequestStillRunning

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
KEPT_HOURS = 24
"""How long an answer is kept for its key."""

FAULTS = (IdempotencyKeyReused, RequestStillRunning)
"""What a route that is answered once may answer beside its own faults."""

Key = Annotated[
    str | None,
    Header(
        alias=HEADER,
        pattern=r"^[ -~]{1,255}$",
        description="Makes it safe to send this request again: with the same key, the same request is answered for "
        f"{KEPT_HOURS} hours with its first answer, marked {REPLAYED_HEADER}: true, and nothing more is done. With "
        "another path or body the key is refused (422 IdempotencyKeyReused), and so is the same request while the "
        "first still runs (409 RequestStillRunning). A request that was refused may be sent again.",
    ),
]
"""The header, as a parameter of each handler that ``once`` guards: there it is checked and described."""


def once(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Carry out a request once for its key and its provider, and give its first answer to every further one.

    A middleware for routes that create; their handlers declare the header with ``Key``. A request without a key is
    carried out each time. What was refused or failed is not kept. A key whose function ended without an answer is
    free again as soon as that function's time is over.

    Raises:
        IdempotencyKeyReused: the key was sent with another method, path or body.
        RequestStillRunning: the first request of this key still runs.
        StorageBusy: the table of answers kept throttling, or was out of reach.
    """
    key = app.current_event.headers.get(HEADER)
    if key is None:
        return next_middleware(app)
    from client_lifecycle.edge.kept_answers import answer_once

    return answer_once(app, key, next_middleware)
