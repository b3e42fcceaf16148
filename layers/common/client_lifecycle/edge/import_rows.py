"""Rows of imports, read as bodies are: a field that is missing, too long or invalid is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from client_lifecycle.domain.archive_reasons import ArchiveReason
from client_lifecycle.domain.client import Status
from client_lifecycle.domain.days import BEGINS_SOMEWHERE
from client_lifecycle.domain.imports.outcomes import ImportKind, RowOutcome, RowResult
from client_lifecycle.domain.imports.rows import ClientRow, RecordRow
from client_lifecycle.domain.records import RecordKind
from client_lifecycle.edge.bodies import Body, ClientName, ExternalId, IdField, Text
from client_lifecycle.edge.email_field import Email
from client_lifecycle.edge.field_errors import Misfit
from client_lifecycle.edge.id_forms import EXTERNAL_ID_PATTERN
from client_lifecycle.edge.moments import DATE_PATTERN, Day
from client_lifecycle.edge.records import AnyChange

LONGEST_GROUP = 200

STATUSES: Mapping[str, Status] = {
    **dict.fromkeys(("active", "current", "new", "prospect", "prospective", "lead"), Status.ACTIVE),
    **dict.fromkeys(("archived", "inactive", "discharged", "closed", "former"), Status.ARCHIVED),
}
"""What exports write for the two tabs."""


def _status(text: object) -> object:
    return STATUSES.get(text.casefold(), text) if isinstance(text, str) else text


def _day(text: object) -> object:
    """Return the day of a moment; its time of day does not matter."""
    moment = isinstance(text, str) and re.match(rf"({DATE_PATTERN})[T ]", text)
    return moment[1] if moment else text


def _reason(text: object) -> object:
    return re.sub(r"[\s-]+", "_", text.casefold()) if isinstance(text, str) else text


class ClientRowBody(Body):
    """A client as a row tells it; fields that an import does not take are left out."""

    model_config = ConfigDict(extra="ignore")

    external_id: ExternalId | None = None
    name: ClientName
    email: Email
    group: Annotated[Text, Field(max_length=LONGEST_GROUP)] | None = None
    status: Annotated[Status | None, Field(strict=False), BeforeValidator(_status)] = None
    archived_on: Annotated[Day | None, BeforeValidator(_day)] = None
    archive_reason: Annotated[ArchiveReason | None, Field(strict=False), BeforeValidator(_reason)] = None

    @model_validator(mode="before")
    @classmethod
    def _whole_name(cls, fields: Any) -> Any:
        parts = [fields.get(name) for name in ("first_name", "last_name")]
        whole = " ".join(part.strip() for part in parts if isinstance(part, str))
        return fields if fields.get("name") or not whole else {**fields, "name": whole}

    def row(self, number: int) -> ClientRow:
        """Return the row; one that says when the client was archived, and no status, is of an archived client."""
        return ClientRow(
            row=number,
            name=self.name,
            email=self.email,
            external_id=self.external_id,
            group=self.group,
            status=self.status or (Status.ARCHIVED if self.archived_on else Status.ACTIVE),
            archived_on=self.archived_on,
            archive_reason=self.archive_reason,
        )


class OfClientBody(Body):
    """Whose record a row tells of: the client's id here, or the one that it has in the import's source."""

    client_id: IdField | None = None
    external_id: ExternalId | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.client_id is None) is (self.external_id is None):
            raise Misfit("one_client_id", "give one of client_id and external_id")
        return self


CHANGE: TypeAdapter[Any] = TypeAdapter(AnyChange, config=ConfigDict(defer_build=True))
OF_CLIENT = tuple(OfClientBody.model_fields)


def row_reader(kind: ImportKind, at: datetime) -> Callable[[int, Mapping[str, Any]], ClientRow | RecordRow | RowResult]:
    """Return what reads the rows of an import.

    Args:
        kind: what the rows are.
        at: the present moment, UTC; no client was archived on a later day than it is anywhere.
    """
    today = (at + BEGINS_SOMEWHERE).date()
    read, found_by = (_record_row, "id") if kind is ImportKind.RECORDS else (_client_row, "external_id")

    def read_row(number: int, fields: Mapping[str, Any]) -> ClientRow | RecordRow | RowResult:
        try:
            row = read(number, fields)
        except ValidationError as fault:
            return _invalid(number, fields.get(found_by), _field(fault))
        ahead = isinstance(row, ClientRow) and row.archived_on and row.archived_on > today
        return _invalid(number, fields.get(found_by), "archived_on") if ahead else row

    return read_row


def _client_row(number: int, fields: Mapping[str, Any]) -> ClientRow:
    return ClientRowBody.model_validate(fields).row(number)


def _record_row(number: int, fields: Mapping[str, Any]) -> RecordRow:
    owner = OfClientBody.model_validate({name: fields[name] for name in OF_CLIENT if name in fields})
    change = CHANGE.validate_python({name: value for name, value in fields.items() if name not in OF_CLIENT})
    return RecordRow(
        row=number,
        client_id=owner.client_id,
        external_id=owner.external_id,
        change=change.incoming(RecordKind(change.kind)),
    )


def _field(fault: ValidationError) -> str:
    """Return the first field at fault, without the name of the shape of a change, which the row does not have."""
    place = [part for part in fault.errors(include_input=False)[0]["loc"] if isinstance(part, str)]
    return place[-1] if place else "row"


def _invalid(number: int, external_id: Any, field: str) -> RowResult:
    is_one = isinstance(external_id, str) and re.fullmatch(EXTERNAL_ID_PATTERN, external_id)
    return RowResult(row=number, outcome=RowOutcome.INVALID, field=field, external_id=external_id if is_one else None)
