"""What callers send about an import: what is brought in, which column is which field, the token of the check."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from client_lifecycle.domain.imports.columns import ClientField
from client_lifecycle.domain.imports.outcomes import ImportKind
from client_lifecycle.domain.imports.run import ImportFormat
from client_lifecycle.edge.bodies import Body, IdField, Text
from client_lifecycle.edge.field_errors import Misfit
from client_lifecycle.use_cases.imports.control import Wanted

HeaderName = Annotated[Text, Field(min_length=1, max_length=200)]


class ImportBody(Body):
    """What is to be brought in: ``clients`` as CSV or JSON Lines, ``records`` as JSON Lines.

    ``source`` is the system that the rows come from: the clients' external ids are ids there, and the records are that
    source's from then on (I13).
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {"kind": {"const": ImportKind.CLIENTS}}},
                {"properties": {"format": {"const": ImportFormat.JSON_LINES}}},
            ]
        }
    )

    kind: Annotated[ImportKind, Field(strict=False)]
    format: Annotated[ImportFormat, Field(strict=False)]
    source: IdField

    @model_validator(mode="after")
    def _records_are_json_lines(self) -> Self:
        if self.kind is ImportKind.RECORDS and self.format is not ImportFormat.JSON_LINES:
            raise Misfit("records_are_json_lines", "records are imported as json_lines")
        return self

    def wanted(self) -> Wanted:
        """Return what is to be brought in."""
        return Wanted(kind=self.kind, format=self.format, source=self.source)


class CheckImportBody(Body):
    """The name of the column for each field; where nothing is said at all, columns are guessed from their names."""

    mapping: dict[Annotated[ClientField, Field(strict=False)], HeaderName] = Field(default_factory=dict)


class ConfirmImportBody(Body):
    """The token of the check; with ``overwrite``, clients who differ get the values of their rows."""

    token: str = Field(min_length=1, max_length=128)
    overwrite: bool = False
