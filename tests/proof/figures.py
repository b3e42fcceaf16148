"""Keeps the figures of the proofs until the end of the test run, where they are printed."""

from __future__ import annotations

FIGURES: list[str] = []


def tell(figure: str) -> None:
    """Have a figure printed at the end of the test run."""
    FIGURES.append(figure)
