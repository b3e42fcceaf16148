"""What a function does first of all, before it loads anything else."""

from __future__ import annotations

import gc

OBJECTS_BETWEEN_COLLECTIONS = 250_000
"""Twice as many as a function has once it has started; so many of the unreachable ones take some tens of megabytes."""


def collect_rarely() -> None:
    """Let Python look for unreachable objects less often than it does by default, after each 2,000 new ones.

    Nearly all objects that a start makes stay, and going through them repeatedly takes a sixth of the start.
    """
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
