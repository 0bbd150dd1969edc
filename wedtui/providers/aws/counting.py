"""Who asks an account, and how many requests that takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Asking(Protocol):
    """Counts the requests of whoever asks."""

    requests: int

    @property
    def chain(self) -> int:
        """How many calls that depend on each other are made: the longest chain comes first."""


@dataclass(slots=True)
class Counter:
    """Counts requests."""

    requests: int = 0
    chain: int = 1
