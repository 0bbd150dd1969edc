"""The record that shares traffic out, as the poller asks for it."""

from __future__ import annotations

from dataclasses import replace

from wedtui.clock import Clock
from wedtui.core.observation import TrafficObservation
from wedtui.errors import ConflictError, ProviderUnavailableError
from wedtui.providers.base import Cadence, Schedule
from wedtui.providers.traffic.base import READ_WITHIN, TrafficBackend

KEY = "traffic"


class TrafficTarget:
    """One look at the live records."""

    def __init__(self, name: str, backend: TrafficBackend, clock: Clock) -> None:
        """Prepare to read.

        Args:
            name: of the record, absolute.
            backend: which reads it. A change that was made through the same one is followed until it is in sync.
            clock: for the instant of what fails.
        """
        self._name = name
        self.backend = backend
        self._clock = clock

    @property
    def key(self) -> str:
        """`traffic`: there is one."""
        return KEY

    @property
    def schedule(self) -> Schedule:
        """As often as queries; for the reading, and for whether a change is in sync."""
        return Schedule(None, 2 * READ_WITHIN, Cadence.QUERY)

    async def observe(self) -> tuple[TrafficObservation, ...]:
        """Read once."""
        try:
            reading = await self.backend.read()
        except (ConflictError, ProviderUnavailableError) as error:
            return self.gave_up(str(error))
        problem = None
        if reading.submission is not None:
            try:
                if await self.backend.in_sync(reading.submission):
                    reading = replace(reading, submission=None)
            except (ConflictError, ProviderUnavailableError) as error:
                problem = str(error)
        return (TrafficObservation(self._name, self._clock.now(), reading, problem),)

    def gave_up(self, why: str) -> tuple[TrafficObservation, ...]:
        """Return that it could not be read, and why."""
        return (TrafficObservation(self._name, self._clock.now(), problem=why),)

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self.backend.close()
