"""Telling, in a thread of the service's process: nothing that watches or acts waits for a channel.

It says too what people have to know of the outbox: what waits, what nobody takes, and who acted alone.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from wedtui.clock import Clock
from wedtui.config import Configuration
from wedtui.core.text import single_line
from wedtui.core.wording import listed
from wedtui.errors import StoreMissingError, WedtuiError
from wedtui.ledger.outbox import Addressing, Outbox
from wedtui.ledger.outbox_reader import OutboxReader, Standing
from wedtui.notify import may_lose, paging_configured, reach_of
from wedtui.notify.channels import channel_of
from wedtui.notify.heartbeat import Evaluated, Heartbeat
from wedtui.notify.sender import Sender

LOOKS_EVERY_S = 0.5
"""Between two looks for something to send: part of the time from a decision to its page."""
AGAIN_AFTER_S = 2.0
"""After something failed; and between two looks at how the outbox stands."""
LATE = timedelta(minutes=1)
"""What waits for longer is said."""
GIVEN_UP_SAID = timedelta(hours=24)
"""For so long it is said that a channel did not take what others did."""

Trouble = Callable[[str, str | None], None]
"""Takes a problem of a part, or that it is over; from any thread."""


class Notifying:
    """Sends what waits, until it is closed."""

    def __init__(
        self,
        configuration: Configuration,
        ledger_url: str,
        clock: Clock,
        holder: str,
        trouble: Trouble,
        *,
        drill: bool = False,
        evaluated: Evaluated = lambda: None,
        address: Addressing = lambda notice, _at: notice,
    ) -> None:
        """Remember with what it is done; nothing is opened yet.

        Args:
            configuration: the channels.
            ledger_url: where the outbox is.
            clock: the time of day, and a time that never jumps.
            holder: the life of the service.
            trouble: told what people have to know.
            drill: whether its world is a made-up one: whoever is told is told that too.
            evaluated: when alerts were judged last; without it they never are, and no heartbeat is sent.
            address: says who is on call, in the thread that sends; by default nobody in particular is.
        """
        self._drill = drill
        self._configuration, self._url, self._clock, self._holder = configuration, ledger_url, clock, holder
        self._trouble = trouble
        self._evaluated, self._address = evaluated, address
        self.standing: Standing | None = None
        """How the outbox stood at the last look; None while it cannot be told. Read from any thread."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._live, name="notifying", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End; what was not accepted is sent by who begins next."""
        self._ready.wait(5)
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _live(self) -> None:
        """Work until it is closed; what ends it otherwise is a problem that people see, not silence."""
        try:
            asyncio.run(self._run())
        except Exception as error:
            structlog.get_logger("wedtui.notify").error("notifying ended", error=type(error).__name__)
            self._trouble("notify", f"nobody is told anything any more ({type(error).__name__}): restart the service")
        finally:
            self._ready.set()

    async def _run(self) -> None:
        configuration, clock = self._configuration, self._clock
        environment = configuration.environment
        channels = {
            name: channel_of(name, section, environment=environment, clock=clock)
            for name, section in configuration.notify.items()
        }
        self._stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        reader = OutboxReader(self._url)
        sender = Sender(self._opened, channels, self._holder, clock, drill=self._drill)
        heartbeat = Heartbeat(configuration.heartbeat, self._evaluated, clock)
        try:
            await self._work(reader, sender, heartbeat)
        finally:
            await heartbeat.close()
            await sender.close()
            reader.close()

    def _opened(self) -> Outbox:
        wanted = self._configuration
        return Outbox(self._url, reach=reach_of(wanted), address=self._address, may_lose=may_lose(wanted))

    async def _work(self, reader: OutboxReader, sender: Sender, heartbeat: Heartbeat) -> None:
        assert self._stop is not None
        log = structlog.get_logger("wedtui.notify")
        stands_at = -AGAIN_AFTER_S
        calls = reach_of(self._configuration).calls
        while not self._stop.is_set():
            waits, sends = LOOKS_EVERY_S, True
            try:
                if await asyncio.to_thread(reader.waits, self._clock.now()):
                    await sender.look()
                if self._clock.monotonic() - stands_at >= AGAIN_AFTER_S:
                    stands_at = self._clock.monotonic()
                    since = self._clock.now() - GIVEN_UP_SAID
                    self._say(await asyncio.to_thread(reader.standing, calls, since))
            except StoreMissingError:
                pass  # nobody has decided anything yet
            except WedtuiError as error:
                self.standing = None
                self._trouble("notify", f"nobody is told anything at the moment: {error}")
                log.warning("notifications wait", why=str(error))
                waits, sends = AGAIN_AFTER_S, False
            heartbeat.look(sends=sends, uncalled=self._uncalled())
            self._trouble("heartbeat", heartbeat.problem)
            try:
                await asyncio.wait_for(self._stop.wait(), waits)
            except TimeoutError:
                continue

    def _uncalled(self) -> datetime | None:
        """Return since when somebody is to be called and nobody was; where nobody can be, that is no news."""
        standing = self.standing
        return standing.uncalled if standing is not None and paging_configured(self._configuration) else None

    def _say(self, standing: Standing) -> None:
        self.standing = standing
        self._trouble("notify", outbox_words(standing, self._configuration, self._clock.now()))
        self._trouble("break-glass", alone_words(standing))


def outbox_words(standing: Standing, configuration: Configuration, now: datetime) -> str | None:
    """Say in a sentence what is wrong with telling people; None where nothing is."""
    said: list[str] = []
    if standing.dead:
        why = f" ({single_line(standing.dead_problem, 200)})" if standing.dead_problem else ""
        said.append(
            f"{_counted(standing.dead)} taken by nobody{why}: `wedtui notify list` says which, and `wedtui notify "
            "dismiss` that you looked"
        )
    if not paging_configured(configuration):
        if standing.waiting:
            said.append(f"{_counted(standing.waiting)} not told, because no channel is configured: add a [notify.NAME]")
        elif needed(configuration):
            said.append("nobody would be paged: no channel is configured; add a [notify.NAME]")
    elif standing.oldest is not None and now - standing.oldest >= LATE:
        since = f"{standing.oldest.astimezone(UTC):%H:%M:%S} UTC"
        said.append(
            f"{_counted(standing.waiting)} not taken yet, the oldest since {since}: `wedtui notify list` says why"
        )
    if standing.given_up:
        each = listed(tuple(f"{single_line(name, 80)} ({count:,})" for name, count in standing.given_up))
        said.append(
            f"not taken in the last 24 h, and told by other channels alone: by {each}; `wedtui notify list` says why"
        )
    return "; ".join(said) or None


def needed(configuration: Configuration) -> bool:
    """Whether somebody has to be told of what goes wrong: a service acts for several people."""
    return configuration.service.mode == "shared" and configuration.traffic.backend is not None


def alone_words(standing: Standing) -> str | None:
    """Say who acted without a second person and was not reviewed; None where nobody did."""
    if not standing.alone:
        return None
    each = [
        f"{single_line(a.person, 80)} at {a.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC ({single_line(a.what, 80)}, "
        f"action {a.action}: {single_line(a.reason, 120)})"
        for a in standing.alone[:3]
    ]
    more = len(standing.alone) - len(each)
    each += [f"{more} more"] if more else []
    first = standing.alone[0].action
    return (
        f"without the second person who is demanded acted {listed(tuple(each))}: another person reviews it with "
        f"`wedtui actions review {first} --sentence S`"
    )


def _counted(number: int) -> str:
    return "1 notification was" if number == 1 else f"{number} notifications were"
