"""Runs a function of the stack and waits for its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from operations.stack import OperationFailed, Stack


def invoke(stack: Stack, function: str, event: Mapping[str, Any]) -> Any:
    """Run a function with an event, and return its answer.

    Args:
        stack: whose function.
        function: its name in template.yaml without ``Function``.
        event: what it is given.

    Raises:
        OperationFailed: it failed; the message names the fault and where to look.
    """
    answer = stack.client("lambda").invoke(FunctionName=stack.functions[function], Payload=json.dumps(event).encode())
    document = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise OperationFailed(
            f"{function} failed: {document.get('errorType')} {document.get('errorMessage')}\n"
            f"Its log tells more: python -m operations errors {function}"
        )
    return document
