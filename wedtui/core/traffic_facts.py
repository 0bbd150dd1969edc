"""What is known of traffic beside a reading of it: how it is asked, and how the newest attempt went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from wedtui.core.evidence import Freshness, freshness
from wedtui.core.finding import Finding, Severity
from wedtui.core.traffic import Place, TrafficReading


@dataclass(frozen=True, slots=True)
class Written:
    """The last change of shares that is on record here."""

    shares: Mapping[Place, int]
    generation: int
    at: datetime | None
    """When it was accepted; None: it is being made, or whether it took is not known."""
    action: int
    """Its number."""
    what: str
    """`failover aws by ada`."""
    pending: str | None = None
    """The id of the change while nobody saw it in sync, empty where none is known; None: somebody did."""


@dataclass(frozen=True, slots=True)
class TrafficFacts:
    """What the cache knows of the configured record."""

    name: str
    """Absolute."""
    backend: str
    """`route53` or `powerdns`."""
    interval: timedelta
    """How often it is read."""
    reading: TrafficReading | None = None
    """The last good one; None: there was none."""
    attempted_at: datetime | None = None
    problem: str | None = None
    """What was wrong with the newest attempt."""
    since: datetime | None = None
    """When the shares of the reading were seen first, and no others since."""
    written: Written | None = None
    """What was written here last; None: nothing ever, as far as is known."""

    @property
    def under_way(self) -> Written | None:
        """The change that is on record as not yet in sync; None where there is none, or the reading is newer."""
        if self.reading is None or self.written is None or self.written.pending is None:
            return None
        return self.written if self.reading.generation <= self.written.generation else None

    def freshness(self, now: datetime) -> Freshness:
        """Return whether the last good reading still counts."""
        return freshness(self.reading.read_at if self.reading else None, self.interval, now)


def traffic_findings(facts: TrafficFacts | None, now: datetime) -> tuple[Finding, ...]:
    """Say at an aware instant that shares cannot be known, or that the newest attempt to read them failed.

    Shares that are not known are UNKNOWN, with the age of the last good reading, or of the attempt where there never
    was one: nobody fails over by them. While the last good reading counts, an attempt that failed is a warning.
    """
    if facts is None:
        return ()
    fresh, because = facts.freshness(now), f": {facts.problem}" if facts.problem else ""
    if facts.reading is None:
        text = f"the shares of {facts.name} are UNKNOWN, {facts.backend} was never read{because}"
        return (Finding(Severity.UNKNOWN, "traffic", text, facts.attempted_at),)
    read_at = facts.reading.read_at
    if fresh is not Freshness.FRESH:
        text = f"the shares of {facts.name} are UNKNOWN, the last reading of {facts.backend} is {fresh}{because}"
        return (Finding(Severity.UNKNOWN, "traffic", text, read_at),)
    if facts.problem is None:
        return ()
    text = f"the newest reading of {facts.name} by {facts.backend} failed, the one before still counts{because}"
    return (Finding(Severity.WARNING, "traffic", text, read_at),)
