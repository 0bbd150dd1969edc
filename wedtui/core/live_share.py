"""Which share of the customers a provider has: the live one with its age, and the configured one beside it.

The share is what was last read of the record. Where no backend shares traffic out there is nothing to read, and the
configured weight is said to be one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wedtui.core.evidence import Freshness, ProviderEvidence
from wedtui.core.traffic_facts import TrafficFacts
from wedtui.core.wording import age, short_age


@dataclass(frozen=True, slots=True)
class Share:
    """The share of one provider, all its regions together."""

    configured: int
    """The weight of the configuration, in percent."""
    backend: str | None = None
    """Where shares are read; None: nowhere, and the configured weight is all that there is."""
    live: int | None = None
    """As it was read last; None: it has no record, which is OFF, or nothing was ever read."""
    read_at: datetime | None = None
    believed: bool = False
    """Whether it may be relied on: it is fresh, and the newest attempt to read it did not fail."""

    @property
    def differs(self) -> bool:
        """Whether another share was read than is configured."""
        return self.read_at is not None and (self.live or 0) != self.configured

    @property
    def figure(self) -> str:
        """The live share, or the configured weight where nothing is read: `60 %`, `OFF`, `?`; in brackets once old."""
        if self.backend is None:
            return f"{self.configured} %"
        if self.read_at is None:
            return "?"
        words = "OFF" if self.live is None else f"{self.live} %"
        return words if self.believed else f"({words})"

    @property
    def name(self) -> str:
        """What the figure is."""
        return "weight" if self.backend is None else "share"

    def words(self, now: datetime) -> str:
        """Return the share in full: `live share 0 %, read 4 s ago, configured 60 %`."""
        if self.backend is None:
            return f"configured weight {self.configured} %"
        if self.read_at is None:
            return f"live share UNKNOWN, never read, configured {self.configured} %"
        found = self.figure if self.believed else f"UNKNOWN, last {self.figure}"
        # What was read is no longer known to be as configured.
        configured = f", configured {self.configured} %" if self.differs or not self.believed else ""
        return f"live share {found}, read {_ago(age(self.read_at, now))}{configured}"

    def brief(self, now: datetime) -> str:
        """Return the same where room is scarce, without its name: `0 % 4s (conf 60 %)`."""
        if self.backend is None:
            return self.figure
        read = "never read" if self.read_at is None else short_age(self.read_at, now)
        return f"{self.figure} {read}" + (f" (conf {self.configured} %)" if self.differs else "")


def share_of(facts: TrafficFacts | None, provider: ProviderEvidence, now: datetime) -> Share:
    """Return the share of a provider at an aware instant.

    Args:
        facts: what is known of the record that shares traffic out; None where none is configured.
        provider: the provider, with its configured weight.
        now: ages are counted up to it.
    """
    if facts is None:
        return Share(provider.weight)
    if facts.reading is None:
        return Share(provider.weight, facts.backend)
    own = [share for place, share in facts.reading.shares.items() if place.provider == provider.name]
    live = sum(own) if own else None
    return Share(provider.weight, facts.backend, live, facts.reading.read_at, readable(facts, now))


def readable(facts: TrafficFacts, now: datetime) -> bool:
    """Return whether what was read last may be relied on at an aware instant."""
    return facts.freshness(now) is Freshness.FRESH and facts.problem is None


def _ago(words: str) -> str:
    return words if words == "in the future" else f"{words} ago"
