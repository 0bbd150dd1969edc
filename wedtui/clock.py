"""The one place where wedtui reads a clock.

Edges (a command, the service, the dashboard) make a clock and hand instants down; rules take the instant.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time of day, and a time that never jumps."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for schedules and durations."""
        ...


_SLEEPS = hasattr(time, "CLOCK_BOOTTIME")


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clocks; `offset` moves the time of day (the demo's world has its own)."""

    offset: timedelta = timedelta()

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC) + self.offset

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for schedules and durations."""
        # It goes on while the machine sleeps: that time has passed, and is no leap of the time of day.
        return time.clock_gettime(time.CLOCK_BOOTTIME) if _SLEEPS else time.monotonic()
