"""Which rights the code of each function uses: recorded while tests call the functions, compared with their roles.

``make test`` records over the whole run; then ``python -m tests.support.rights`` fails for a right that is used and not
granted, or granted and never used.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

from botocore.client import BaseClient

from client_lifecycle.storage import connections
from local.template import ROOT, read_template
from tests.support import authors

FOLDER = ROOT / ".local" / "rights"
Right: TypeAlias = tuple[str, str]
"""An action, and the resource: the table, one of its indexes, the table of answers, or whatever the action is on."""

TABLE, ANSWERS, ELSEWHERE = "table", "answers", ""
ANSWERS_TABLE = "answers-table"
IN_A_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
PREFIXES = {"stepfunctions": "states"}
RIGHT_OF = {"HeadObject": "GetObject"}
"""The right that a call asks for, where that has another name."""
OURS: Any = connections.CONFIG

NOT_RECORDED: Mapping[str, set[Right]] = {
    "publish_events": {
        (f"dynamodb:{action}", ELSEWHERE)
        for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
    },
    "scheduled_cleanup": {
        ("lambda:ListEventSourceMappings", ELSEWHERE),
        ("dynamodb:Query", "commitments_by_provider"),
    },
    "deliver_events": {
        (f"sqs:{action}", ELSEWHERE) for action in ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage")
    },
    "record_changes": {
        (f"sqs:{action}", ELSEWHERE) for action in ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage")
    },
    "publish_console": {(f"s3:{action}", ELSEWHERE) for action in ("DeleteObject", "ListBucket", "PutObject")},
    "bulk_archive": {("dynamodb:DeleteItem", ANSWERS)},
    "clients": {("s3:GetObject", ELSEWHERE)},
    "practice": {("dynamodb:DeleteItem", ANSWERS)},
    "imports": {("dynamodb:DeleteItem", ANSWERS)},
}
"""What is used, though not in these tests. Lambda reads the stream in the publisher's name and the queues in their
readers'; the console's publisher runs at deployments alone, with a client of its own; who has the link to an export
reads it in the name of ``clients``. For the clean-up something stands for the mapping's client, and a restore that it
continues reads the calendar. The middleware that lets go of a key after a refusal is one for all functions, and is
tested with one."""

_called_now: list[str] = []
_used: set[tuple[str, str, str]] = set()


@contextmanager
def of(package: str) -> Iterator[None]:
    """Take the calls that are made in the block for those of a function's code."""
    _called_now.append(package)
    try:
        yield
    finally:
        _called_now.pop()


@contextmanager
def recorded() -> Iterator[None]:
    """Record the calls of the functions' code while the block runs, into a file of this process.

    Tests make calls of their own while a function runs, to change what it reads; other clients than ours make those.
    """
    client_type: Any = BaseClient
    make_api_call = client_type._make_api_call

    def noting(client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        if _called_now and client.meta.config.read_timeout == OURS.read_timeout:
            rights = rights_of(client.meta.service_model.service_name, operation, parameters)
            _used.update((_called_now[-1], *right) for right in rights)
            if client.meta.service_model.service_name == "dynamodb":
                authors.look_at(operation, parameters)
        return make_api_call(client, operation, parameters)

    client_type._make_api_call = noting
    try:
        yield
    finally:
        client_type._make_api_call = make_api_call
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / f"{os.getpid()}.json").write_text(json.dumps(sorted(_used)), encoding="utf-8")


def rights_of(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[Right]:
    """Yield the rights that a call asks for, as IAM has them: a transaction asks for those of its parts."""
    if service != "dynamodb":
        yield f"{PREFIXES.get(service, service)}:{RIGHT_OF.get(operation, operation)}", ELSEWHERE
    elif operation == "TransactWriteItems":
        for item in parameters["TransactItems"]:
            for kind, part in item.items():
                yield f"dynamodb:{IN_A_TRANSACTION[kind]}", _table(part["TableName"])
    elif operation in ("BatchGetItem", "BatchWriteItem"):
        for name in parameters["RequestItems"]:
            yield f"dynamodb:{operation}", _table(name)
    else:
        yield f"dynamodb:{operation}", parameters.get("IndexName", _table(parameters["TableName"]))


def _table(name: str) -> str:
    return ANSWERS if name == ANSWERS_TABLE else TABLE


def granted() -> dict[str, set[Right]]:
    """Return the rights of each function's role, by the function's package."""
    functions = (
        one["Properties"] for one in read_template()["Resources"].values() if one["Type"] == "AWS::Serverless::Function"
    )
    return {
        function["Handler"].split(".")[0]: {
            (action, resource)
            for policy in function["Policies"]
            for statement in policy["Statement"]
            if not is_of_the_data_key(statement)
            for action in _parts(statement["Action"])
            for resource in map(_resource, _parts(statement["Resource"]))
        }
        for function in functions
    }


def is_of_the_data_key(statement: Mapping[str, Any]) -> bool:
    """Tell whether a statement is about the key of what is stored: services use it, and no code calls it."""
    return bool(statement["Resource"] == {"Fn::GetAtt": ["ArnOfKey", "Value"]})


def _parts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _resource(value: Any) -> str:
    if index := re.search(r"/index/(\w+)", json.dumps(value)):
        return index[1]
    if not isinstance(value, dict):
        return ELSEWHERE
    known = {"ArnOfTable": TABLE, "IdempotencyTable": ANSWERS}
    return known.get(value.get("Fn::GetAtt", [""])[0], ELSEWHERE)


def used() -> dict[str, set[Right]]:
    """Return the rights that were used, by the function's package."""
    found: dict[str, set[Right]] = {}
    for path in FOLDER.glob("*.json"):
        for package, action, resource in json.loads(path.read_text(encoding="utf-8")):
            found.setdefault(package, set()).add((action, resource))
    return found


def differences(granted: Mapping[str, set[Right]], used: Mapping[str, set[Right]]) -> Iterator[str]:
    """Yield what a role lacks or has to spare."""
    for package in sorted({*granted, *used}):
        has, needs = granted.get(package, set()), used.get(package, set()) | NOT_RECORDED.get(package, set())
        for words, rights in (("lacks", needs - has), ("never uses", has - needs)):
            yield from (f"{package} {words} {action} {resource}".rstrip() for action, resource in sorted(rights))


if __name__ == "__main__":
    sys.exit("\n".join(differences(granted(), used())) or None)
