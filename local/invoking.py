"""Invokes a deployed function and tells an answer from a fault."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.functions import Function
from local.ministack import LocalAws

RAISED = {"errorType", "errorMessage"}
"""What the answer tells of a function that raised an error."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What came of an invocation.

    Args:
        answer: read as JSON.
        failed: whether the function did.
        log: what it logged, if it logged here.
    """

    answer: Any
    failed: bool
    log: str = ""

    @classmethod
    def judged(cls, answer: Any, log: str = "") -> Invocation:
        """Tell from an answer whether the function failed."""
        failed = isinstance(answer, dict) and (_tells_a_fault(answer) or answer.keys() >= RAISED)
        return cls(answer, failed, log)


def invoke_remotely(aws: LocalAws, function: Function, event: bytes) -> Invocation:
    """Invoke a function through the local AWS's Lambda service.

    Args:
        aws: where it is deployed.
        function: the function.
        event: JSON.
    """
    told = aws.lambda_.invoke(FunctionName=function.name, Payload=event)
    answer = json.loads(told["Payload"].read() or "null")
    return Invocation.judged(answer)


def _tells_a_fault(answer: Mapping[str, Any]) -> bool:
    """Tell whether an answer is an HTTP fault of the function's own, or names messages that were not worked on."""
    return answer.get("statusCode", 0) >= 500 or bool(answer.get("batchItemFailures"))
