"""The small protocol that an outside system is reached through.

A further provider is one more module in this room: targets that can be asked, each giving observations.
The poller decides when to ask; a target decides how, within its own timeout, and never raises for what the
outside does: a failure is an observation like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

from wedtui.core.breaker import Phase
from wedtui.core.observation import Observation


class Cadence(StrEnum):
    """Which default interval of the protection level applies to a target that names none."""

    PROBE = "probe"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often a target wants to be asked, and how long one asking may take in all."""

    interval: timedelta | None
    """None: the default of the protection level for its cadence (`core.season.Pace`)."""
    deadline: timedelta
    cadence: Cadence = Cadence.QUERY


@runtime_checkable
class Guarded(Protocol):
    """A target that leaves places alone while they are down."""

    @property
    def guards(self) -> tuple[str, str]:
        """The provider and the service that it asks."""
        ...

    @property
    def breakers(self) -> Mapping[str, Phase]:
        """The phase of each region's circuit breaker."""
        ...


class Target(Protocol):
    """Something that can be asked once and then answers with observations."""

    @property
    def key(self) -> str:
        """Unique and stable: `probe rsvp-aws`, `query main aws latency_p95_ms`, `prometheus main`, `feed venues`."""
        ...

    @property
    def schedule(self) -> Schedule:
        """When it wants to be asked."""
        ...

    async def observe(self) -> tuple[Observation, ...]:
        """Ask once. Takes no longer than the schedule's deadline; raises only for a mistake of ours."""
        ...

    def gave_up(self, why: str) -> tuple[Observation, ...]:
        """Return what to record when the poller had to give up on it (it overran its deadline, or it raised)."""
        ...
