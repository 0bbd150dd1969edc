"""The demo's world as a running thing: one server for each provider, a Prometheus API, a calendar of freezes,
the platform's API, which lists its weddings, the DNS that shares its traffic out, an account of AWS, and a pager that
wakes nobody.

It runs in a process of its own (`run_world`), one thread and one event loop, and never outlives its parent: it
ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import stat
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from http import HTTPStatus
from typing import IO

from wedtui.clock import Clock
from wedtui.demo.aws.inventory import PROVIDER as ACCOUNT_OF
from wedtui.demo.aws.moment import Moment
from wedtui.demo.aws.protocols import account_answer
from wedtui.demo.names import Nameserver, Zone, api_answer
from wedtui.demo.prometheus import AlertBoard, PrometheusApi, metric_name, sample_value
from wedtui.demo.scenario import MACHINE_SIGNALS, PROVIDERS, Conduct, ProviderState, Scenario, WorldState, state
from wedtui.demo.server import (
    LoopbackServer,
    Request,
    Response,
    Sleep,
    json_response,
    method_not_allowed,
    text_response,
)
from wedtui.demo.weddings import Booking, calendar
from wedtui.errors import ServiceError

# How often the world looks whether it has to close or open a port, and evaluates its alerts.
STEP_S = 0.1

FEED_EVENT_AFTER = timedelta(hours=2)
FEED_EVENT_LASTS = timedelta(hours=4)
FEED_EVENT_NAME = "Abbey Hall: final guest lists"

WEDDINGS_A_PAGE = 500
# Of a calendar that lost most of its weddings every so-manieth is left.
_LEFT_EVERY = 10

PAGES_KEPT = 100
"""So many notifications the pager shows, the newest."""

_GUEST_PAGES = {"/rsvp": "RSVP", "/gallery": "Gallery"}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the world's servers are."""

    providers: Mapping[str, str]
    """Provider -> `http://127.0.0.1:PORT`; pages `/healthz`, `/rsvp`, `/gallery`, `/metrics`."""
    prometheus: str
    """`http://127.0.0.1:PORT` of the Prometheus API."""
    feed: str
    """The URL of the calendar of freezes."""
    weddings: str
    """The URL of the list of weddings, in JSON, page by page."""
    names: str
    """`http://127.0.0.1:PORT` of the API by which the record is changed that shares traffic out."""
    nameserver: str
    """`127.0.0.1:PORT` of the authoritative nameserver, on UDP."""
    pager: str
    """The URL that notifications are posted to, as a webhook; asked with GET it lists what it was told."""
    account: str
    """`http://127.0.0.1:PORT` of every service of the account of AWS."""

    def to_json(self) -> str:
        """Write them on one line."""
        return json.dumps({**asdict(self), "providers": dict(self.providers)})

    @classmethod
    def from_json(cls, line: str) -> Addresses:
        """Read what `to_json` wrote.

        Raises:
            ServiceError: the line is something else.
        """
        try:
            found = json.loads(line)
            providers = {str(name): str(url) for name, url in found["providers"].items()}
            others = ("prometheus", "feed", "weddings", "names", "nameserver", "pager", "account")
            return cls(providers, **{name: str(found[name]) for name in others})
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ServiceError(
                "The demo's world did not say where its servers are; look at what it wrote to standard error."
            ) from None


class World:
    """Every server of the demo, following one scenario."""

    def __init__(self, scenario: Scenario, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        """Make a world that begins now, with its servers still closed.

        Args:
            scenario: what happens in it.
            clock: `now` is its time of day, `monotonic` drives the scenario.
            sleep: waits a number of seconds before a slow answer.
        """
        self._scenario = scenario
        self._clock = clock
        self._began = clock.now()
        self._began_monotonic = clock.monotonic()
        self._alerts = AlertBoard()
        self._targets: dict[str, str] = {}
        api = PrometheusApi(self._state_at, clock.now, self._alerts, self._targets)
        self._providers = {p.name: self._provider_server(p.name, sleep) for p in PROVIDERS}
        self._prometheus = LoopbackServer(api.answer, lambda: self.state().prometheus, clock.now, sleep)
        self._calendar = LoopbackServer(self._calendar_answer, Conduct, clock.now, sleep)
        self._platform = LoopbackServer(self._platform_answer, Conduct, clock.now, sleep)
        self._zone = Zone(lambda: self._elapsed().total_seconds())
        self._names = LoopbackServer(lambda request: api_answer(self._zone, request), Conduct, clock.now, sleep)
        self._nameserver = Nameserver(self._zone)
        self._pages: deque[object] = deque(maxlen=PAGES_KEPT)
        self._pager = LoopbackServer(self._pager_answer, Conduct, clock.now, sleep)
        # Amazon goes on telling how things are while they are ill.
        self._account = LoopbackServer(self._account_answer, Conduct, clock.now, sleep)

    def state(self) -> WorldState:
        """Return the world as it is now."""
        return state(self._scenario, self._elapsed(), began=self._began, shares=self._zone.shares())

    async def open(self) -> Addresses:
        """Open every server.

        Raises:
            OSError: loopback has no free port.
        """
        for server in self._servers:
            await server.open()
        await self._nameserver.open()
        self._targets.update({name: server.url for name, server in self._providers.items()})
        await self.step()
        feed, weddings = f"{self._calendar.url}/freeze.ics", f"{self._platform.url}/weddings"
        dns = {"names": self._names.url, "nameserver": self._nameserver.address}
        pager = f"{self._pager.url}/pages"
        return Addresses(
            dict(self._targets), self._prometheus.url, feed, weddings, **dns, pager=pager, account=self._account.url
        )

    async def step(self) -> None:
        """Let ports open and close as the state says now, and evaluate the alerts.

        Raises:
            OSError: somebody else took the port of a server that was about to listen again.
        """
        for server in self._servers:
            await server.follow()
        self._alerts.evaluate(self.state(), self._clock.now())

    async def close(self) -> None:
        """Close every server and reset what is still connected."""
        self._nameserver.close()
        for server in self._servers:
            await server.close()

    @property
    def _servers(self) -> tuple[LoopbackServer, ...]:
        others = (self._prometheus, self._calendar, self._platform, self._names, self._pager, self._account)
        return (*self._providers.values(), *others)

    def _elapsed(self) -> timedelta:
        return timedelta(seconds=self._clock.monotonic() - self._began_monotonic)

    def _state_at(self, at: datetime) -> WorldState | None:
        elapsed = self._elapsed_at(at)
        return None if elapsed < timedelta() else self._state_after(elapsed)

    def _elapsed_at(self, at: datetime) -> timedelta:
        # Counted back from now, so that a time of day that jumps does not move the scenario.
        return self._elapsed() - (self._clock.now() - at)

    def _state_after(self, elapsed: timedelta) -> WorldState:
        shares = self._zone.shares(elapsed.total_seconds())
        return state(self._scenario, elapsed, began=self._began, shares=shares)

    def _provider_server(self, name: str, sleep: Sleep) -> LoopbackServer:
        def answer(request: Request) -> Response:
            return provider_page(name, request, self.state())

        return LoopbackServer(answer, lambda: self.state().provider(name).conduct, self._clock.now, sleep)

    def _calendar_answer(self, request: Request) -> Response:
        if request.path != "/freeze.ics":
            return text_response("Not Found\n", HTTPStatus.NOT_FOUND)
        if request.method not in {"GET", "HEAD"}:
            return method_not_allowed("GET", "HEAD")
        return Response(HTTPStatus.OK, freeze_feed(self._began).encode(), "text/calendar; charset=utf-8")

    def _platform_answer(self, request: Request) -> Response:
        if request.path != "/weddings":
            return text_response("Not Found\n", HTTPStatus.NOT_FOUND)
        if request.method not in {"GET", "HEAD"}:
            return method_not_allowed("GET", "HEAD")
        listed = calendar(self._began, self._clock.now(), self._scenario.feasts)
        return wedding_page(listed if self.state().calendar_is_whole else listed[::_LEFT_EVERY], request)

    def _account_answer(self, request: Request) -> Response:
        def was(at: datetime) -> ProviderState:
            # An account is older than the world: before that it was as at its beginning.
            return self._state_after(max(self._elapsed_at(at), timedelta())).provider(ACCOUNT_OF)

        return account_answer(request, lambda: Moment(self._clock.now(), self._began, was))

    def _pager_answer(self, request: Request) -> Response:
        """Take a notification as a webhook does, or list those that were taken, the newest last."""
        if request.path != "/pages":
            return text_response("Not Found\n", HTTPStatus.NOT_FOUND)
        if request.method == "GET":
            return json_response(list(self._pages))
        if request.method != "POST":
            return method_not_allowed("GET", "POST")
        try:
            page = json.loads(request.body)
        except ValueError:
            return json_response({"error": "expected JSON"}, HTTPStatus.BAD_REQUEST)
        self._pages.append(page)
        return json_response({}, HTTPStatus.ACCEPTED)


def wedding_page(listed: Sequence[Booking], request: Request) -> Response:
    """Answer with the page of a list of weddings that a request asks for, counted from 1, and the way to the next."""
    said = request.parameters.get("page", "1")
    last = max(1, -(-len(listed) // WEDDINGS_A_PAGE))
    if not (said.isascii() and said.isdecimal() and 1 <= int(said) <= last):
        return json_response({"error": f"there are pages 1 to {last}"}, HTTPStatus.BAD_REQUEST)
    page = int(said)
    found = listed[(page - 1) * WEDDINGS_A_PAGE : page * WEDDINGS_A_PAGE]
    following = f"/weddings?page={page + 1}" if page < last else None
    return json_response({"weddings": [booking.listed() for booking in found], "next": following})


def provider_page(name: str, request: Request, world: WorldState) -> Response:
    """Answer as the platform's web servers at one provider do while they are well."""
    title = _GUEST_PAGES.get(request.path)
    if request.path not in {"/healthz", "/metrics"} and title is None:
        return text_response("Not Found\n", HTTPStatus.NOT_FOUND)
    if request.method not in {"GET", "HEAD"}:
        return method_not_allowed("GET", "HEAD")
    if request.path == "/healthz":
        return json_response({"status": "ok", "provider": name})
    if title is not None:
        page = f"<!doctype html>\n<title>{title}</title>\n<h1>{title}</h1>\n<p>Served by {escape(name)}.</p>\n"
        return Response(HTTPStatus.OK, page.encode(), "text/html; charset=utf-8")
    signals = world.provider(name).signals
    lines = [
        f"# TYPE {metric_name(s)} gauge\n{metric_name(s)} {sample_value(signals[s])}\n"
        for s in MACHINE_SIGNALS
        if s in signals
    ]
    return Response(HTTPStatus.OK, "".join(lines).encode(), "text/plain; version=0.0.4; charset=utf-8")


def freeze_feed(began: datetime) -> str:
    """Return an iCalendar feed (RFC 5545) with one event, on a full hour one to two hours after the world began."""
    hour = began.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    start = hour + FEED_EVENT_AFTER
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//wedtui//demo//EN",
        "BEGIN:VEVENT",
        f"UID:{start:%Y%m%dT%H%M%SZ}@demo.invalid",
        f"DTSTAMP:{began.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
        f"DTEND:{start + FEED_EVENT_LASTS:%Y%m%dT%H%M%SZ}",
        f"SUMMARY:{FEED_EVENT_NAME}",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return "".join(f"{line}\r\n" for line in lines)


def announce(addresses: Addresses) -> None:
    """Tell the parent where the servers are: one line of JSON on standard output."""
    sys.stdout.write(f"{addresses.to_json()}\n")
    sys.stdout.flush()


async def run_world(
    scenario: Scenario, clock: Clock, ready: Callable[[Addresses], None], *, leash: IO[str] | IO[bytes] | None = None
) -> None:
    """Run a world until the leash ends, or until SIGTERM or SIGINT.

    Args:
        scenario: what happens in it.
        clock: the world's time; it begins now.
        ready: called once, when every server is open (`announce`, in a process of its own).
        leash: a pipe whose other end the parent holds, by default standard input; its end is the parent's.

    Raises:
        ServiceError: the leash is not a pipe, socket or terminal, or the servers cannot be opened.
    """
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    transport = await _hold(sys.stdin if leash is None else leash, over)
    world = World(scenario, clock)
    try:
        with _ports():
            addresses = await world.open()
        ready(addresses)
        while not over.is_set():
            with _ports():
                await world.step()
            # The time running out is what a step waits for.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), STEP_S)
    finally:
        await world.close()
        transport.close()


@contextlib.contextmanager
def _ports() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ServiceError(
            f"The demo's world could not use its ports on loopback ({error.strerror}); start the demo again."
        ) from error


async def _hold(leash: IO[str] | IO[bytes], over: asyncio.Event) -> asyncio.ReadTransport:
    """Set `over` when the leash ends."""

    class Watcher(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            over.set()

    # A file or /dev/null has no end that would tell anything, and asyncio notices that too late.
    mode = os.fstat(leash.fileno()).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or leash.isatty()):
        raise ServiceError(
            "The demo's world has no parent to watch: its standard input is not a pipe; start it with `wedtui demo`."
        )
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(Watcher, leash)
    return transport
