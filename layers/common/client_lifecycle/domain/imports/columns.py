"""Which column of a file is which field of a client: as the practice says, or as the header lets us guess.

The guesses are names that exports of Healthie, SimplePractice, Practice Better and Cliniko are known or likely to use.
Only those of Cliniko's API could be checked against its documentation; a practice is shown what was guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct


class ClientField(StrEnum):
    """What an import takes of a client; everything else in a file is left out."""

    EXTERNAL_ID = "external_id"
    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    EMAIL = "email"
    GROUP = "group"
    STATUS = "status"
    ARCHIVED_ON = "archived_on"
    ARCHIVE_REASON = "archive_reason"


GUESSES: Mapping[ClientField, Sequence[str]] = {
    ClientField.EXTERNAL_ID: (
        "external id",
        "client id",
        "patient id",
        "client record id",
        "healthie id",
        "record id",
        "id",
    ),
    ClientField.NAME: ("name", "full name", "client name", "patient name", "client"),
    ClientField.FIRST_NAME: ("first name", "legal first name", "given name", "firstname"),
    ClientField.LAST_NAME: ("last name", "legal last name", "surname", "family name", "lastname"),
    ClientField.EMAIL: ("email", "email address", "e mail", "e mail address", "client email", "primary email"),
    ClientField.GROUP: ("group", "client group", "group name", "user group"),
    ClientField.STATUS: ("status", "client status", "patient status"),
    ClientField.ARCHIVED_ON: ("archived on", "archived at", "date archived"),
    ClientField.ARCHIVE_REASON: ("archive reason",),
}
"""The header names that a field is guessed from, the best first, as ``_folded`` writes them."""


class ColumnMissing(Exception):
    """A column that is needed, or was named, is not in the file, or is there twice; ``field`` is what it is for."""

    def __init__(self, field: str) -> None:
        super().__init__(f"there is no single column for {field}")
        self.field = field


class Columns(Struct, frozen=True):
    """The columns of a file that are taken: for each field, the header's name and the place in a row."""

    names: Mapping[ClientField, str]
    places: Mapping[ClientField, int]

    def fields(self, cells: Sequence[str]) -> dict[str, str]:
        """Return the cells that are taken, without spaces around them; empty ones are left out."""
        found = {field.value: cells[place].strip() for field, place in self.places.items() if place < len(cells)}
        return {field: text for field, text in found.items() if text}


def columns_of(header: Sequence[str], said: Mapping[ClientField, str]) -> Columns:
    """Find the columns of a file.

    Args:
        header: the names of its columns.
        said: the name of the column for each field, as the practice says; where it says nothing, it is guessed.

    Raises:
        ColumnMissing: a column that was named is not there, or is there twice, or there is none for the address or the
            name.
    """
    folded = [_folded(name) for name in header]
    places: dict[ClientField, int] = {}
    for field in ClientField:
        if field in said:
            places[field] = _place(header, said[field], field)
        elif not said and (guessed := _guess(folded, field)) is not None:
            places[field] = guessed
    if ClientField.EMAIL not in places:
        raise ColumnMissing(ClientField.EMAIL)
    if not {ClientField.NAME, ClientField.FIRST_NAME, ClientField.LAST_NAME} & set(places):
        raise ColumnMissing(ClientField.NAME)
    return Columns({field: header[place] for field, place in places.items()}, places)


def _place(header: Sequence[str], name: str, field: ClientField) -> int:
    if header.count(name) != 1:
        raise ColumnMissing(field)
    return header.index(name)


def _guess(folded: Sequence[str], field: ClientField) -> int | None:
    return next((folded.index(name) for name in GUESSES[field] if folded.count(name) == 1), None)


def _folded(name: str) -> str:
    """Return a header's name without case, and with single spaces in place of all other signs."""
    return " ".join(re.findall(r"[^\W_]+", name.casefold()))
