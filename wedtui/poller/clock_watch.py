"""Noticing that the time of day moved against the time that never jumps."""

from __future__ import annotations

from datetime import datetime, timedelta

from wedtui.clock import Clock
from wedtui.core.wording import duration

# What NTP corrects by slewing is less; a larger difference is a jump, and old evidence then has a wrong age.
JUMP = timedelta(seconds=5)
SHOWN_FOR = timedelta(minutes=10)


class ClockWatch:
    """Compares the two clocks each time it is asked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = (clock.now(), clock.monotonic())
        self._shown_since: float | None = None
        self._sentence: str | None = None

    @property
    def jumped(self) -> bool:
        """Whether it ever jumped while this looked on."""
        return self._sentence is not None

    def look(self) -> str | None:
        """Return a sentence for some minutes after a jump, else None."""
        now, tick = self._clock.now(), self._clock.monotonic()
        (before, ticked), self._last = self._last, (now, tick)
        drift = now - before - timedelta(seconds=tick - ticked)
        if abs(drift) > JUMP:
            way = "back" if drift < timedelta() else "forward"
            by = duration(drift)
            at = f"{before:%Y-%m-%d %H:%M:%S}"
            self._sentence = f"the machine's clock jumped {way} by {by} at {at} UTC: ages from before are wrong"
            self._shown_since = tick
        if self._shown_since is None or tick - self._shown_since > SHOWN_FOR.total_seconds():
            return None
        return self._sentence


def ahead_s(before: datetime, other: datetime, after: datetime) -> float:
    """Return by how many seconds a clock is ahead of another that was read between two looks at it; 0 within them."""
    if other < before:
        return (before - other).total_seconds()
    return -(other - after).total_seconds() if other > after else 0.0
