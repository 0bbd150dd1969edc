"""The heartbeat: one request a minute while alerts are judged and told. Who misses it tells people in its place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import httpx

from wedtui.clock import Clock
from wedtui.config_notify import HeartbeatSection
from wedtui.core.heartbeat import beats, nobody_called, rounds_go_on
from wedtui.errors import ConfigurationError
from wedtui.providers.secrets import resolve
from wedtui.providers.web import USER_AGENT, seconds, trust

Evaluated = Callable[[], datetime | None]
"""Returns the instant of the last round of evaluation, None where there was none; from any thread."""


class Heartbeat:
    """Tells somebody outside that all goes on. Used on one event loop."""

    def __init__(self, section: HeartbeatSection, evaluated: Evaluated, clock: Clock) -> None:
        """Remember whom to tell.

        Args:
            section: its configuration.
            evaluated: when alerts were judged last.
            clock: the time of day, and a time that never jumps.
        """
        self._section, self._evaluated, self._clock = section, evaluated, clock
        self._asked_at: float | None = None
        self._under_way: asyncio.Task[None] | None = None
        self.problem: str | None = None
        """Why nobody outside knows that all goes on; None where they do, or nobody is to."""

    def look(self, *, sends: bool, uncalled: datetime | None = None) -> None:
        """Begin to tell it where that is due; nobody waits for the answer.

        Args:
            sends: whether what is to be told can be read and sent.
            uncalled: since when somebody is to be called, and nobody was; None where there is no such page.
        """
        if not self._section.is_configured or (self._under_way is not None and not self._under_way.done()):
            return
        judged_at, now, monotonic = self._evaluated(), self._clock.now(), self._clock.monotonic()
        since = None if self._asked_at is None else timedelta(seconds=monotonic - self._asked_at)
        if sends and uncalled is not None and nobody_called(uncalled, now):
            self.problem = f"no heartbeat is sent: nobody was called by a page of {uncalled:%H:%M:%S} UTC"
        elif beats(judged_at, sends, since, now):
            self._asked_at = monotonic
            self._under_way = asyncio.create_task(self._tell())
        elif not sends or not rounds_go_on(judged_at, now):
            self.problem = "no heartbeat is sent: " + (
                "alerts are not judged" if sends else "notifications can neither be read nor sent"
            )

    async def close(self) -> None:
        """Stop what is under way."""
        if self._under_way is not None:
            self._under_way.cancel()
            await asyncio.gather(self._under_way, return_exceptions=True)

    async def _tell(self) -> None:
        section = self._section
        within = section.timeout
        try:
            url = section.url or (resolve(section.secret_url) if section.secret_url is not None else "")
            async with asyncio.timeout(within.total_seconds()):
                status = await self._ask(url)
        except ConfigurationError as error:
            self.problem = f"no heartbeat is sent: {error}"
        except TimeoutError:
            self.problem = f"the heartbeat was not taken: no answer within {seconds(within)}"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self.problem = f"the heartbeat was not taken ({type(error).__name__})"
        else:
            self.problem = None if 200 <= status < 300 else f"the heartbeat was not taken: answered {status}"

    async def _ask(self, url: str) -> int:
        section = self._section
        client = httpx.AsyncClient(
            verify=trust(section.ca_file), timeout=section.timeout.total_seconds(), trust_env=False
        )
        headers = {"User-Agent": USER_AGENT}
        async with client, client.stream(section.method, url, headers=headers) as answer:
            return answer.status_code
