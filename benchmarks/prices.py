"""What counted units cost, by the one dated file of prices beside this module."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path

from benchmarks.meter import Spent

FILE = Path(__file__).with_name("prices-2026-11-26.toml")


@dataclass(frozen=True, slots=True)
class Price:
    """What so many of something cost, and who says so."""

    dollars: float
    per: int
    source: str
    read_here: bool


def prices() -> dict[str, Price]:
    """Return the price of each thing that is counted, by its name in ``Spent``."""
    return {name: Price(**told) for name, told in tomllib.loads(FILE.read_text()).items()}


def dollars(spent: Spent) -> float:
    """Return what AWS takes for what some work took; what the stream makes of its writes is not in it."""
    return math.fsum(getattr(spent, name) * price.dollars / price.per for name, price in prices().items())
