"""A function that stands in front of a workflow step, is delivered everything twice, and sometimes fails.

It is put beside the deployed functions by the tests. Which deliveries fail is decided by a seed, the attempt and the
positions of the clients, and by no id, so that every run of the tests meets the same faults. Imports the standard
library only.
"""

from __future__ import annotations

import importlib
import os
import random
from typing import Any


class MadeUpFault(Exception):
    """A fault that nobody has foreseen."""


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Deliver an event twice to the step, and fail before, between or after the two."""
    step = importlib.import_module(f"{os.environ['FAULTY_STEP']}.handler").lambda_handler
    members = event.get("members") or event.get("marked") or []
    delivered = [event.get("attempt"), *(one["position"] for one in members)]
    chance = random.Random(f"{os.environ['FAULTY_SEED']} {os.environ['FAULTY_STEP']} {delivered}")
    fails_at = chance.randrange(3) if chance.random() < float(os.environ["FAULTY_SHARE"]) else None
    for delivery in range(2):
        if fails_at == delivery:
            raise MadeUpFault
        answer = step(event, context)
    if fails_at is not None:
        raise MadeUpFault
    return answer
