"""A stretch of history for a chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Point:
    """One value and when it was measured."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one signal of one provider between two instants, oldest first."""

    provider: str
    signal: str
    since: datetime
    until: datetime
    points: tuple[Point, ...] = ()
