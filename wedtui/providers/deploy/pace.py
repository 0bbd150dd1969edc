"""How often an outside system is asked how far a start is: what was just seen is said again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from wedtui.clock import Clock
from wedtui.errors import ProviderUnavailableError
from wedtui.providers.deploy.base import Progress, Seen


class Paced:
    """The newest look at each start that goes on."""

    def __init__(self, clock: Clock, every: timedelta) -> None:
        """Begin with none.

        Args:
            clock: one that never jumps.
            every: between two looks at the same start.
        """
        self._clock, self._every = clock, every
        self._seen: dict[str, tuple[float, Seen | ProviderUnavailableError]] = {}

    async def look(self, name: str, ask: Callable[[], Awaitable[Seen]]) -> Seen:
        """Ask, or say again what was seen of it a moment ago; whoever wants to be left alone is.

        Raises:
            ProviderUnavailableError: it could not be seen, now or a moment ago.
        """
        until, last = self._seen.get(name, (0.0, None))
        if last is None or self._clock.monotonic() >= until:
            rests = self._every.total_seconds()
            try:
                last = await ask()
            except ProviderUnavailableError as error:
                last, rests = error, max(rests, error.wait_s)
            self._seen[name] = self._clock.monotonic() + rests, last
        if isinstance(last, ProviderUnavailableError):
            raise last
        if last.progress is not Progress.GOING:
            self._seen.pop(name, None)
        return last

    def anew(self, name: str) -> None:
        """Ask at the next look: what is there was changed."""
        self._seen.pop(name, None)
