"""The form of every id that callers give. Imports nothing."""

from __future__ import annotations

ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
