"""A one-off period in which something is frozen, and the one kind that freezes everything: a lockdown.

Whether it counts, and with what else it merges, is in `freeze`.
Source: DESIGN, "Freeze".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from wedtui.core.freeze_windows import PRODUCTION

UNTIL_LIFTED = datetime(9999, 1, 1, tzinfo=UTC)
"""The end of a freeze by a person that has none of its own."""
LOCKDOWN = "lockdown"
"""The name of a freeze of everything."""


class Origin(StrEnum):
    """Where a one-off period comes from."""

    CONFIGURATION = "configuration"
    FEED = "feed"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Period:
    """An absolute interval [start, end)."""

    name: str
    start: datetime
    end: datetime
    origin: Origin
    environments: frozenset[str] = frozenset({PRODUCTION})
    services: frozenset[str] = frozenset()
    why: str = field(default="", compare=False)
    """Of one by a person who added it, and the reason where that is not its name; empty where that is not known."""
    number: int = field(default=0, compare=False)
    """Of one by a person its number in the ledger, by which it is lifted; 0 where it is in none."""

    @property
    def locks_down(self) -> bool:
        """Whether it is a lockdown: a person's, of everything; what is only called so names where it counts."""
        return self.name == LOCKDOWN and self.origin is Origin.PERSON and not self.environments and not self.services

    @property
    def by(self) -> str:
        """Who added it, as `by sam`; empty where that is not known."""
        return self.why.partition(": ")[0]

    @property
    def reason(self) -> str:
        """Why it was added, where that is not its name."""
        return self.why.partition(": ")[2]


def lockdown_at(periods: Iterable[Period], at: datetime) -> Period | None:
    """Return the lockdown that holds at an aware instant, of several the one that ends last; None: there is none."""
    holding = [each for each in periods if each.locks_down and each.start <= at < each.end]
    return max(holding, key=lambda each: (each.end, -each.number), default=None)
