"""A small chart of braille dots, in one colour: two columns and four rows of dots to a cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from wedtui.core.series import Point

_BLANK = 0x2800
# Bit of the dot at (column, row) of a cell, as Unicode numbers them.
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


@dataclass(frozen=True, slots=True)
class Scale:
    """The lowest and the highest value that a chart shows."""

    low: float
    high: float


def finite(points: Sequence[Point], since: datetime, until: datetime) -> list[Point]:
    """Return the points between two instants whose value is a number, oldest first."""
    kept = [p for p in points if since <= p.at <= until and math.isfinite(p.value)]
    return sorted(kept, key=lambda p: p.at)


def scale_of(points: Sequence[Point]) -> Scale | None:
    """Return a scale on which all points lie, from zero where none is negative; None for no points.

    On a scale that follows the values, a latency between 124 and 148 ms looks like an outage.
    """
    if not points:
        return None
    low, high = min(p.value for p in points), max(p.value for p in points)
    if low >= 0:
        low = 0.0
    if high - low < 1e-9 * max(abs(high), 1.0):
        pad = abs(high) / 10 or 1.0
        low, high = (high - pad if high else 0.0), high + pad
    return Scale(low, high)


def runs(points: Sequence[Point], gap: timedelta) -> list[list[Point]]:
    """Cut a series where two neighbours lie further apart than `gap`: there nothing was measured."""
    found: list[list[Point]] = []
    for point in points:
        if found and point.at - found[-1][-1].at <= gap:
            found[-1].append(point)
        else:
            found.append([point])
    return found


def chart(
    points: Sequence[Point], since: datetime, until: datetime, size: tuple[int, int], *, scale: Scale, gap: timedelta
) -> list[str]:
    """Draw points as lines of dots.

    Args:
        points: finite values between `since` and `until`, oldest first.
        since: the left edge.
        until: the right edge.
        size: cells (width, height).
        scale: the lower and upper edge.
        gap: neighbours further apart than this are not joined.

    Returns:
        `height` lines of `width` cells.
    """
    width, height = size
    columns, rows = width * 2, height * 4
    cells = [[0] * width for _ in range(height)]
    length = (until - since).total_seconds()

    def place(point: Point) -> tuple[int, int]:
        across = (point.at - since).total_seconds() / length
        up = (point.value - scale.low) / (scale.high - scale.low)
        return min(int(across * columns), columns - 1), round((1 - min(max(up, 0.0), 1.0)) * (rows - 1))

    def dot(x: int, y: int) -> None:
        cells[y // 4][x // 2] |= _DOTS[x % 2][y % 4]

    for run in runs(points, max(gap, 2 * (until - since) / columns)):
        placed = [place(p) for p in run]
        dot(*placed[0])
        for (x0, y0), (x1, y1) in pairwise(placed):
            steps = max(abs(x1 - x0), abs(y1 - y0), 1)
            for i in range(1, steps + 1):
                dot(x0 + round((x1 - x0) * i / steps), y0 + round((y1 - y0) * i / steps))
    return ["".join(chr(_BLANK + bits) if bits else " " for bits in row) for row in cells]
