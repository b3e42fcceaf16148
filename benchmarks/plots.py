"""Draws lines over the number of clients, as SVG; both axes grow by powers of ten.

A few lines of SVG are drawn here: a library for plots would bring fifty megabytes and an environment of its own for
three pictures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 640, 400, 70, 40, 170, 50
COLORS = ("#1b6ca8", "#b5452c", "#3c7d3c", "#7a4fa3", "#8a6d1f", "#444444")

Line = Sequence[tuple[float, float]]


def plot(title: str, unit: str, lines: Mapping[str, Line]) -> str:
    """Return a picture.

    Args:
        title: what it shows.
        unit: of what goes up.
        lines: by name, points of clients and value, all above nothing.
    """
    points = [point for line in lines.values() for point in line]
    across, up = _Axis([x for x, _ in points]), _Axis([y for _, y in points])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"',
        ' font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
        *(_rule_across(across, power) for power in across.powers),
        *(_rule_up(up, power, unit) for power in up.powers),
        *(_line(name, line, number, across, up) for number, (name, line) in enumerate(lines.items())),
        f'<text x="{WIDTH - RIGHT - 50}" y="{HEIGHT - 12}">clients</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Axis:
    """An axis from the power of ten below all values to the one above."""

    def __init__(self, values: Sequence[float]) -> None:
        self.low = math.floor(math.log10(min(values)))
        self.high = max(self.low + 1, math.ceil(math.log10(max(values))))
        self.powers = range(self.low, self.high + 1)

    def share(self, value: float) -> float:
        """Return how far along a value is, from 0 to 1."""
        return (math.log10(value) - self.low) / (self.high - self.low)


def _x(axis: _Axis, value: float) -> float:
    return round(LEFT + axis.share(value) * (WIDTH - LEFT - RIGHT), 1)


def _y(axis: _Axis, value: float) -> float:
    return round(HEIGHT - BOTTOM - axis.share(value) * (HEIGHT - TOP - BOTTOM), 1)


def _rule_across(axis: _Axis, power: int) -> str:
    x = _x(axis, 10.0**power)
    rule = f'<line x1="{x}" y1="{TOP}" x2="{x}" y2="{HEIGHT - BOTTOM}" stroke="#dddddd"/>'
    return f'{rule}<text x="{x}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{10**power:,}</text>'


def _rule_up(axis: _Axis, power: int, unit: str) -> str:
    y = _y(axis, 10.0**power)
    rule = f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#dddddd"/>'
    told = f"{10.0**power:,g} {unit}" if power == axis.high else f"{10.0**power:,g}"
    return f'{rule}<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{escape(told)}</text>'


def _line(name: str, line: Line, number: int, across: _Axis, up: _Axis) -> str:
    color = COLORS[number % len(COLORS)]
    points = [(_x(across, x), _y(up, y)) for x, y in line]
    path = " ".join(f"{x},{y}" for x, y in points)
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="3" fill="{color}"/>' for x, y in points)
    label = f'<text x="{WIDTH - RIGHT + 10}" y="{TOP + 18 * number + 10}" fill="{color}">{escape(name)}</text>'
    return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>{dots}{label}'
