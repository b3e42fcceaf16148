"""Answers that are kept under the keys of their requests, in a table of their own, by Powertools.

Only loaded where a key is sent: what is imported here costs a cold start.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response, content_types
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyInconsistentStateError,
    IdempotencyPersistenceLayerError,
    IdempotencyValidationError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord

from client_lifecycle.domain.errors import IdempotencyKeyReused, RequestStillRunning, StorageBusy
from client_lifecycle.edge import identity, wiring
from client_lifecycle.edge.environment import IdempotencySettings, read_environment
from client_lifecycle.edge.idempotency import HEADER, KEPT_HOURS, REPLAYED_HEADER
from client_lifecycle.storage.retries import persistently

Answer = dict[str, Any]
"""An answer as it is kept: its ``status``, and its ``body`` as text."""

logger = Logger()


class KeptAnswers(DynamoDBPersistenceLayer):
    """The table of answers, with the calls of Powertools made as persistently as all others."""

    def _get_record(self, idempotency_key: str) -> DataRecord:
        return persistently(lambda: super(KeptAnswers, self)._get_record(idempotency_key))

    def _put_record(self, data_record: DataRecord) -> None:
        persistently(lambda: super(KeptAnswers, self)._put_record(data_record))

    def _update_record(self, data_record: DataRecord) -> None:
        persistently(lambda: super(KeptAnswers, self)._update_record(data_record))

    def _delete_record(self, data_record: DataRecord) -> None:
        persistently(lambda: super(KeptAnswers, self)._delete_record(data_record))


@cache
def kept_answers() -> KeptAnswers:
    """Return this process's connection to the table of answers."""
    table_name = read_environment(IdempotencySettings).idempotency_table_name
    return KeptAnswers(table_name, boto3_client=wiring.table().client)


def answer_once(app: APIGatewayRestResolver, key: str, next_middleware: NextMiddleware) -> Response[Any]:
    """Carry out a request unless its key has an answer already, which is given then.

    Args:
        app: answers the request.
        key: what the caller has sent as its key.
        next_middleware: carries the request out.

    Raises:
        IdempotencyKeyReused: the key was sent with another method, path or body.
        RequestStillRunning: the first request of this key still runs.
        StorageBusy: the table of answers kept throttling, or was out of reach.
    """
    caller = identity.caller(app)
    given: list[Answer] = []

    def answer(*, sent: dict[str, Any]) -> Answer:  # noqa: ARG001 - what the answer is kept under
        given.append(_answer(next_middleware(app)))
        return given[0]

    answered = idempotent_function(
        answer,
        data_keyword_argument="sent",
        persistence_store=kept_answers(),
        config=_config(app),
        key_prefix=caller.provider_id,
    )
    try:
        found = answered(sent={"key": key, "request": _request(app)})
    except IdempotencyValidationError as error:
        raise IdempotencyKeyReused("This key was sent with another request before.", HEADER) from error
    except (IdempotencyAlreadyInProgressError, IdempotencyInconsistentStateError) as error:
        raise RequestStillRunning("The first request with this key still runs.", HEADER) from error
    except IdempotencyPersistenceLayerError as error:
        if not given and isinstance(error.__cause__, StorageBusy):
            raise error.__cause__ from error
        if not given:
            raise
        logger.exception("answer not kept")
        found = given[0]
    return _response(found, replayed=not given)


def _config(app: APIGatewayRestResolver) -> IdempotencyConfig:
    """Return how answers are kept; it names the invocation, whose end is the end of its hold on the key."""
    return IdempotencyConfig(
        event_key_jmespath="key",
        payload_validation_jmespath="request",
        raise_on_no_idempotency_key=True,
        expires_after_seconds=KEPT_HOURS * 3_600,
        hash_function="sha256",
        lambda_context=app.lambda_context,
    )


def _request(app: APIGatewayRestResolver) -> list[str | None]:
    """Return what makes a request the same as another: method, path, and the body to the byte."""
    event = app.current_event
    return [event.http_method, event.path, event.decoded_body]


def _answer(response: Response[Any]) -> Answer:
    return {"status": response.status_code, "body": json.dumps(response.body, separators=(",", ":"))}


def _response(answer: Answer, *, replayed: bool) -> Response[Any]:
    headers = {REPLAYED_HEADER: "true"} if replayed else {}
    return Response(answer["status"], content_types.APPLICATION_JSON, json.loads(answer["body"]), headers)
