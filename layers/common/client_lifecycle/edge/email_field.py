"""E-mail addresses inside bodies."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from client_lifecycle.edge.field_errors import Misfit
from client_lifecycle.storage.addresses import require_sendable

EMAIL_PATTERN = r"""^[^@\s<>()\[\]\\,;:"]{1,64}@[\w-]+(\.[\w-]+)+$"""


def _as_kept(address: str) -> str:
    if not address.isprintable():
        raise Misfit("invisible_characters", "invisible characters are not allowed")
    composed = unicodedata.normalize("NFC", address)
    require_sendable(composed)
    return composed


Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254, pattern=EMAIL_PATTERN),
    AfterValidator(_as_kept),
    Field(json_schema_extra={"format": "idn-email"}),
]
"""An address that mail can be sent to, as a person writes it."""
