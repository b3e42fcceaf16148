"""The form of every id and cursor that callers give."""

from __future__ import annotations

ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
"""Ids that are made here."""

EXTERNAL_ID_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_:.=+-]{0,127}$"
"""Clients' ids in other systems. They stand in addresses and events, so no e-mail address may be one."""

CURSOR_PATTERN = r"^[A-Za-z0-9_-]{1,4096}$"
CURSOR_FORMAT = "cursor"
"""Says in the API's description that a cursor is taken from an answer, and never made up."""

FOREIGN_ID_PATTERN = r"^[A-Za-z0-9_:./@+=-]{1,128}$"
"""Ids that other systems make; ``#`` stays out, because it separates the parts of a key. One character is one byte."""
