"""How a figure is shown: what was measured, its limit, and whether it holds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number and the most that it may be."""

    name: str
    measured: float
    limit: float
    unit: str
    beside: str
    """What it was measured beside, with its own figure."""

    @property
    def holds(self) -> bool:
        """Whether the limit is kept."""
        return self.measured <= self.limit

    def line(self) -> str:
        """Return one line of the report."""
        verdict = "ok  " if self.holds else "OVER"
        figure = f"{self.measured:8.2f} {self.unit:<3} limit {self.limit:8.2f} {self.unit:<3}"
        return f"{verdict}  {self.name:<43} {figure} ({self.beside})"


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile by nearest rank."""
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1]
