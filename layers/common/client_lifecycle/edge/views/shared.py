"""What several answers hold: unreadable records, and who did something."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from client_lifecycle.domain.client import (
    Cause,
    Door,
    Source,
)
from client_lifecycle.domain.unreadable import MOST_NAMED, Unreadable
from client_lifecycle.edge.views.value_models import Shown

UnreadableField = Annotated[
    list[Shown[Unreadable]],
    Field(default_factory=list, description="Stored records that had to be skipped, the first of them."),
    AfterValidator(lambda found: found[:MOST_NAMED]),
]
"""What could not be read for an answer; ids and names of fields, never what is stored."""


class View(BaseModel):
    """The base of every answer; a model is made ready when it is first needed, for no request needs them all."""

    model_config = ConfigDict(defer_build=True)


class CauseView(View):
    """Who did something, and through what; ``through`` is not known of what was done before it was kept.

    ``name`` is that of a member of staff, where it is known.
    """

    source: Source
    actor_id: str
    run_id: str | None = None
    through: Door | None = None
    name: str | None = None

    @classmethod
    def of(cls, cause: Cause) -> CauseView:
        """Show a cause."""
        return cls(source=cause.source, actor_id=cause.actor_id, run_id=cause.run_id, through=cause.through)
