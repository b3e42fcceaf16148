"""The form of every id and cursor that callers give. Imports nothing."""

from __future__ import annotations

ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
CURSOR_PATTERN = r"^[A-Za-z0-9_-]{1,4096}$"
