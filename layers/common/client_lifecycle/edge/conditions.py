"""The conditions that lists, counts, exports and bulk archives of clients share, as callers write them.

They are defined once, as a body; ``in_query`` makes the same fields parameters of a route.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, TypeVar, get_type_hints

from aws_lambda_powertools.event_handler.openapi.params import Query
from msgspec.json import encode
from pydantic import Field

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.selection import ClientFilter, Sort
from client_lifecycle.edge.bodies import Body, IdField
from client_lifecycle.edge.cursors import Listing
from client_lifecycle.edge.moments import Day
from client_lifecycle.use_cases.queries.listing import Wanted

Answer = TypeVar("Answer")

Sought = Annotated[str, Field(min_length=1, max_length=254, json_schema_extra={"format": "search"})]
"""Beginnings of words of a name, or with an ``@`` the beginning of an address."""

SortField = Annotated[Sort, Field(strict=False)]


class ConditionsBody(Body):
    """Conditions on clients, all of which must hold; one that is left out or false holds for everybody.

    Only ``owes`` and ``has_credit`` ask for something when they are false.
    """

    group_id: IdField | None = Field(default=None, description="Only the clients of this group.")
    no_group: bool = Field(default=False, description="Only clients who are in no group.")
    inactive_since: Day | None = Field(default=None, description="Only clients who were last active before this day.")
    no_upcoming_appointment: bool = Field(default=False, description="Only clients with no appointment ahead.")
    owes: bool | None = Field(default=None, description="Only clients who owe money, or only those who do not.")
    owes_nothing: bool = Field(default=False, description="The older way to say that owes is false.")
    has_credit: bool | None = Field(default=None, description="Only clients with credit left, or only those without.")
    added_before: Day | None = Field(default=None, description="Only clients who were added before this day.")

    def conditions(self) -> ClientFilter:
        """Return what was given."""
        given = self.model_dump(include=set(ClientFilter.__struct_fields__))
        return ClientFilter(**given | {"owes_nothing": self.owes_nothing or self.owes is False})


class TabConditionsBody(ConditionsBody):
    """The same, with conditions on how clients were archived; they find nobody in the active tab."""

    archived_by: IdField | None = Field(default=None, description="Only clients archived by this person or system.")
    archived_since: Day | None = Field(default=None, description="Only clients archived on this day or later.")
    archived_before: Day | None = Field(default=None, description="Only clients archived before this day.")
    archive_reason: Annotated[ArchiveReason, Field(strict=False)] | None = Field(
        default=None, description="Only clients archived for this reason."
    )


def in_query(route: Callable[..., Answer]) -> Callable[..., Answer]:
    """Give a route the conditions as parameters of its query; it takes them as ``conditions``."""
    hints = get_type_hints(route, include_extras=True)
    given = inspect.signature(route)
    others = [
        parameter.replace(annotation=hints[name])
        for name, parameter in given.parameters.items()
        if name != "conditions"
    ]
    own = [_parameter(name, field) for name, field in TabConditionsBody.model_fields.items()]

    @wraps(route)
    def asked(**values: Any) -> Answer:
        said = {name: values.pop(name) for name in TabConditionsBody.model_fields}
        return route(conditions=TabConditionsBody.model_construct(**said).conditions(), **values)

    keyword_only = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in [*own, *others]]
    asked.__signature__ = given.replace(parameters=keyword_only, return_annotation=hints["return"])  # type: ignore[attr-defined]
    return asked


def _parameter(name: str, field: Any) -> inspect.Parameter:
    annotation = Annotated[field.annotation, *field.metadata, Query(description=field.description)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=annotation)


def listing_of(provider_id: str, name: str, wanted: Wanted) -> Listing:
    """Return the list that cursors of these clients belong to; that of a whole tab is the one it always was."""
    asked: tuple[str | None, ...] = (wanted.status, wanted.conditions.group_id)
    if wanted.sought:
        asked = (*asked, wanted.sought)
    if wanted.sort or wanted.conditions != ClientFilter(group_id=wanted.conditions.group_id):
        asked = (*asked, encode((wanted.sort, wanted.conditions)).decode())
    return Listing(provider_id, name, asked)
