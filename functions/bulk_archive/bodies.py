"""What callers send about a bulk archive: whom to archive, what to say of it, and the token of what was shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from client_lifecycle.domain.runs import MAX_CLIENTS
from client_lifecycle.domain.selection import EVERYBODY, ChosenClients, FilteredClients, GroupMembers, Selection
from client_lifecycle.edge.bodies import Body, IdField, OptionsBody
from client_lifecycle.edge.conditions import ConditionsBody, Sought
from client_lifecycle.edge.field_errors import Misfit

CONDITIONS: Mapping[str, Mapping[str, Any]] = {
    "q": {"type": "string"},
    "group_id": {"type": "string"},
    "no_group": {"const": True},
    "inactive_since": {"type": "string"},
    "added_before": {"type": "string"},
    "no_upcoming_appointment": {"const": True},
    "owes": {"type": "boolean"},
    "owes_nothing": {"const": True},
    "has_credit": {"type": "boolean"},
}
"""What each condition of a filter is where it is one, as the API's description says it."""

SELECTIONS: Mapping[str, Mapping[str, Any]] = {
    "client_ids": {"type": "array"},
    "group_id": {"type": "string"},
    "filter": {"type": "object"},
}
"""What each way to select clients is where it is used."""


def _given(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a body in which a field is given."""
    return {"required": [name], "properties": {name: value}}


def _only(name: str) -> dict[str, Any]:
    """Describe a body that selects clients in one way and no other."""
    others = {other: {"type": "null"} for other in SELECTIONS if other != name}
    excluded = {"exclude_client_ids": {"maxItems": 0}} if name == "client_ids" else {}
    return {"required": [name], "properties": {name: SELECTIONS[name], **others, **excluded}}


class FilterBody(ConditionsBody):
    """Conditions on active clients, all of which must hold; at least one is to be given.

    With ``q`` they are those of them whom a search for it finds.
    """

    model_config = ConfigDict(json_schema_extra={"anyOf": [_given(*condition) for condition in CONDITIONS.items()]})

    q: Sought | None = None
    status: Literal["active"] = "active"

    @model_validator(mode="after")
    def _any_condition(self) -> Self:
        if self.q is None and self.conditions() == EVERYBODY:
            raise Misfit("no_condition", "give at least one condition")
        return self


class PreviewBody(Body):
    """Whom to archive: chosen clients, all active clients of a group, or those a filter finds; and what to say of it.

    ``exclude_client_ids`` leaves clients out of a group or of what a filter finds.
    """

    model_config = ConfigDict(json_schema_extra={"oneOf": [_only(name) for name in SELECTIONS]})

    client_ids: list[IdField] | None = Field(default=None, min_length=1, max_length=MAX_CLIENTS)
    group_id: IdField | None = None
    filter: FilterBody | None = None
    exclude_client_ids: list[IdField] = Field(default_factory=list, max_length=MAX_CLIENTS)
    options: OptionsBody = Field(default_factory=OptionsBody)

    @field_validator("exclude_client_ids")
    @classmethod
    def _of_a_group_or_filter(cls, excluded: list[str], info: ValidationInfo) -> list[str]:
        if excluded and info.data.get("client_ids") is not None:
            raise Misfit(
                "goes_with_group_or_filter", "goes with group_id or filter; leave the ids out of client_ids instead"
            )
        return excluded

    @model_validator(mode="after")
    def _one_selection(self) -> Self:
        if sum(given is not None for given in (self.client_ids, self.group_id, self.filter)) != 1:
            raise Misfit("one_selection", "give one of client_ids, group_id and filter")
        return self

    def selection(self) -> Selection:
        """Return whom to archive."""
        left_out = frozenset(self.exclude_client_ids)
        if self.group_id:
            return GroupMembers(group_id=self.group_id, left_out=left_out)
        if self.filter:
            return FilteredClients(filter=self.filter.conditions(), sought=self.filter.q, left_out=left_out)
        return ChosenClients(client_ids=tuple(self.client_ids or ()))


class ConfirmBody(Body):
    """The token of the preview, which binds the confirmation to what was shown.

    A client that has changed since is left alone, unless ``accept_changes`` is true.
    """

    token: str = Field(min_length=1, max_length=128)
    accept_changes: bool = False


class ExcludeBody(Body):
    """Clients that are to be left out of a bulk archive after all."""

    client_ids: list[IdField] = Field(min_length=1, max_length=MAX_CLIENTS)
