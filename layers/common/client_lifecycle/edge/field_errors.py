"""What is wrong with a field: a sentence, and a code with the numbers in it for those who write their own sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel, Field

Datum: TypeAlias = str | int | float

TOLD = frozenset(
    {
        *("min_length", "max_length", "actual_length", "ge", "gt", "le", "lt", "multiple_of"),
        *("expected", "expected_tags", "expected_schemes", "pattern", "field_type"),
    }
)
"""What is told of what pydantic knows of a fault: limits and forms, never what was sent."""


class Misfit(ValueError):
    """A value that its field cannot have, for a reason of ours.

    Args:
        code: the reason's stable name.
        message: the same as a sentence for people.
        data: the numbers and names in the sentence.
    """

    def __init__(self, code: str, message: str, **data: Datum) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class FieldError(BaseModel):
    """A part of a request at fault: a sentence for people, and a stable ``code`` with the ``data`` of the sentence."""

    field: str
    message: str
    code: str
    data: dict[str, Datum] = Field(default_factory=dict)

    @classmethod
    def of(cls, fault: Mapping[str, Any], field: str) -> FieldError:
        """Tell of a fault that pydantic has found, at this place."""
        known = fault.get("ctx") or {}
        ours = known.get("error")
        if isinstance(ours, Misfit):
            return cls(field=field, message=fault["msg"], code=ours.code, data=ours.data)
        data = {name: value for name, value in known.items() if name in TOLD and isinstance(value, Datum)}
        return cls(field=field, message=fault["msg"], code=fault["type"], data=data)
