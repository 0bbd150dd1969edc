"""A Saturday of 24 hours through the real service: protection, intervals, health weights and freezes follow in order.

The service, its adapters, its cache and its readers are the real ones, on each database; what they ask is a server on
loopback. Time is moved, and it never jumps further than a step: around each full hour, where the calendar changes
something, every second passes; from there to the next hour it goes in steps of a few minutes, a picture is looked at
after each, and every schedule fires once a step, late, as on a machine that is suspended again and again.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.moved_time import MovedClock, MovedLoop, run_moved
from tests.places import POSTGRESQL, SYSTEMS
from tests.postgres import Postgres
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.cli.source import PictureSource
from wedtui.config_file import load
from wedtui.core.calendar import Freshness, freshness
from wedtui.core.observation import Observation
from wedtui.core.picture import Picture, ServiceCondition
from wedtui.core.protection_words import until_words
from wedtui.core.season import Protection
from wedtui.demo.scenario import Conduct
from wedtui.demo.server import LoopbackServer, Request, Response, json_response, text_response
from wedtui.ledger.ledger import Ledger
from wedtui.paths import StatePaths
from wedtui.poller import condition, schedule
from wedtui.poller.service import Service
from wedtui.poller.surroundings import Identity, Stores, Told
from wedtui.providers.base import Target

NORMAL, HIGH, MAXIMUM = Protection.NORMAL, Protection.HIGH, Protection.MAXIMUM
MIDNIGHT = datetime(2026, 6, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
STEP = timedelta(seconds=5)
# Three askings by the slowest schedule fit into what is looked at around an hour.
AROUND = timedelta(seconds=95)
STRIDE = timedelta(minutes=5)
SETTLED = timedelta(seconds=15)
"""After a stride: what was asked before is old, and asked again."""
CALENDAR_FAILS = MIDNIGHT + 16.5 * HOUR
"""Its last good reading, of 16:00, counts for another five and a half hours."""

# (count, first hour, last hour) of British weddings of 150 guests: of load 1 each.
WEDDINGS = ((8, 12, 18), (17, 14, 20))

CONFIGURATION = """\
[[providers]]
name = "here"
weight = 100
[[probes]]
name = "front"
provider = "here"
url = "{url}/"
[[prometheus]]
name = "metrics"
url = "{url}"
[[prometheus.queries]]
provider = "here"
signal = "cpu"
query = "cpu"
[[weddings.sources]]
name = "platform"
kind = "json"
url = "{url}/weddings"
max_age = "330m"
[[freeze.windows]]
name = "night"
start = "sat 23:00"
end = "mon 06:00"
timezones = ["Europe/London"]
"""


def at(hour: float) -> datetime:
    return MIDNIGHT + hour * HOUR


def triples(instants: Sequence[datetime]) -> Iterator[tuple[datetime, datetime, datetime]]:
    return zip(instants, instants[1:], instants[2:], strict=False)


class Phase(NamedTuple):
    """What holds from an instant on."""

    since: datetime
    level: Protection
    frozen: bool
    calendar: Freshness


@dataclass
class Day:
    """What was seen of the day."""

    phases: list[Phase] = field(default_factory=list)
    """Only changes."""
    pictures: dict[datetime, Picture] = field(default_factory=dict)
    askings: dict[str, list[datetime]] = field(default_factory=dict)
    """Target -> the instants at which it was asked."""
    landings: list[datetime] = field(default_factory=list)
    """The instants to which time was moved."""
    scores: list[tuple[datetime, float]] = field(default_factory=list)
    """What the service recorded of the provider's health."""

    def see(self, picture: Picture) -> None:
        self.pictures[picture.at] = picture
        now = Phase(
            picture.at, picture.protection.level, picture.freeze.frozen, freshness(picture.calendar, picture.at)
        )
        if not self.phases or self.phases[-1][1:] != now[1:]:
            self.phases.append(now)

    def settled(self, instant: datetime) -> bool:
        """Whether the last jump is long enough ago for its traces to be gone."""
        return instant - max(landing for landing in self.landings if landing <= instant) >= SETTLED

    def level(self, instant: datetime) -> Protection:
        return next(phase.level for phase in reversed(self.phases) if phase.since <= instant)

    def gaps(self, target: str) -> Iterator[tuple[Protection, float]]:
        """Yield the seconds between two askings in a row whose times were both set at one level, and that level."""
        for before, first, second in triples(self.askings[target]):
            levels = {self.level(instant) for instant in (before, first, second)}
            if len(levels) == 1 and not any(before <= landing <= second for landing in self.landings):
                yield levels.pop(), round((second - first).total_seconds(), 3)


class Outside:
    """The platform: well all day, until its calendar fails."""

    def __init__(self, clock: MovedClock) -> None:
        self._clock = clock

    def answer(self, request: Request) -> Response:
        if request.path == "/weddings":
            if self._clock.now() >= CALENDAR_FAILS:
                return text_response("Service Unavailable\n", HTTPStatus.SERVICE_UNAVAILABLE)
            return json_response({"weddings": list(listed())})
        if request.path == "/api/v1/query":
            value = [self._clock.now().timestamp(), "0.85"]
            return json_response(
                {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": value}]}}
            )
        return text_response("ok")


def listed() -> Iterator[dict[str, object]]:
    for count, first, last in WEDDINGS:
        for number in range(count):
            yield {
                "reference": f"W-2026-{first:02}{number:03}",
                "zone": "Europe/London",
                # On the wall clock of the venue, an hour ahead of UTC.
                "start": f"2026-06-20T{first + 1:02}:00",
                "end": f"2026-06-20T{last + 1:02}:00",
                "culture": "british",
                "guests": 150,
            }


@asynccontextmanager
async def platform(clock: MovedClock) -> AsyncIterator[str]:
    server = LoopbackServer(Outside(clock).answer, Conduct, clock.now)
    await server.open()
    try:
        yield server.url
    finally:
        await server.close()


def noting(day: Day, loop: MovedLoop, clock: MovedClock) -> Callable[[Target], Awaitable[tuple[Observation, ...]]]:
    """Note who is asked when, and let no time pass while somebody is."""
    real = schedule.ask

    async def ask(target: Target) -> tuple[Observation, ...]:
        day.askings.setdefault(target.key, []).append(clock.now())
        with loop.standing_still():
            return await real(target)

    return ask


async def look(day: Day, source: PictureSource, loop: MovedLoop, clock: MovedClock) -> None:
    """Go through the day, and look at a picture every few seconds around each full hour and where the calendar ages."""
    hours = [at(hour) for hour in range(1, 25)]
    while hours:
        upcoming = hours.pop(0)
        start = upcoming - AROUND
        while clock.now() < start:
            await loop.skip(min(STRIDE, start - clock.now()).total_seconds())
            day.landings.append(clock.now())
            # What was due meanwhile comes to its end before anybody looks.
            await asyncio.sleep(1)
            day.see(source.picture(clock.now()))
        instant = start + STEP
        while instant <= upcoming + AROUND:
            await asyncio.sleep((instant - clock.now()).total_seconds())
            day.see(source.picture(instant))
            instant += STEP
        facts = day.pictures[instant - STEP].calendar.sources[0]
        aged = facts.stale_from
        if facts.problem is not None and aged is not None and upcoming < aged and aged not in hours:
            hours = sorted([*hours, aged])


async def live_through(loop: MovedLoop, folder: Path, stored: str, patch: pytest.MonkeyPatch) -> Day:
    clock, day = MovedClock(loop, MIDNIGHT), Day(landings=[MIDNIGHT])
    patch.setattr(schedule, "ask", noting(day, loop, clock))
    # A server's own clock is not moved with ours; what is made of two that differ is tested where that is judged.
    patch.setattr(condition, "ahead_s", lambda *_: 0.0)
    patch.setattr(CacheWriter, "database_now", lambda _: clock.now())
    async with platform(clock) as url:
        config = folder / "config.toml"
        config.write_text(stored + CONFIGURATION.format(url=url))
        loaded, paths = load(config, {}), StatePaths(folder)
        stores = Stores(paths.cache_url(loaded.configuration), paths.ledger_url(loaded.configuration))
        Ledger(stores.ledger_url).close()
        identity = Identity("here", paths.place, "boot", loaded.digest)
        service = Service(loaded.configuration, stores, clock, mode="personal", identity=identity)
        ready = asyncio.Event()
        running = asyncio.create_task(service.run(Told(ready.set)))
        source = PictureSource(loaded, config, paths)
        try:
            await ready.wait()
            day.see(source.picture(MIDNIGHT))
            await asyncio.sleep(STEP.total_seconds())
            day.see(source.picture(MIDNIGHT + STEP))
            await look(day, source, loop, clock)
        finally:
            source.close()
            if not running.done():
                os.kill(os.getpid(), signal.SIGTERM)
            await running
        reader = CacheReader(stores.cache_url)
        points = reader.series("here", "health_score", MIDNIGHT, at(25), most=5000).points
        reader.close()
        day.scores = [(point.at, point.value) for point in points]
    return day


@pytest.fixture(scope="module", params=SYSTEMS)
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Day:
    folder = tmp_path_factory.mktemp("saturday")
    stored = ""
    if request.param == POSTGRESQL:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.url(server.migrated())
        stored = f'[cache]\nurl = "{url}"\n[ledger]\nurl = "{url}"\n'
    with pytest.MonkeyPatch.context() as patch:
        return run_moved(lambda loop: live_through(loop, folder, stored, patch))


def aged(day: Day) -> datetime:
    """The instant from which the calendar's last good reading no longer counts."""
    found = day.pictures[max(day.pictures)].calendar.sources[0].stale_from
    assert found is not None
    return found


def test_protection_and_freezes_follow_the_calendar_in_order_and_to_the_step(day: Day) -> None:
    fresh, stale = Freshness.FRESH, Freshness.STALE
    # Pictures are looked at every five seconds: the first one that knows.
    noticed = next(instant for instant in sorted(day.pictures) if instant >= aged(day))
    assert noticed - aged(day) < STEP
    assert day.phases == [
        # Nothing was read yet: a Saturday in June by its date, and nobody knows what is frozen.
        Phase(MIDNIGHT, MAXIMUM, True, stale),
        Phase(MIDNIGHT + STEP, NORMAL, False, fresh),
        Phase(at(8), HIGH, False, fresh),  # load 8 at noon
        Phase(at(10), MAXIMUM, False, fresh),  # load 25 at 14:00
        Phase(at(12), MAXIMUM, True, fresh),  # two hours before that
        Phase(at(18), HIGH, True, fresh),  # load 17 is left
        Phase(at(20), NORMAL, False, fresh),  # nobody is left, and two hours have passed
        Phase(noticed, MAXIMUM, True, stale),  # the calendar cannot be read any more
        Phase(at(23), NORMAL, True, stale),  # Sunday in London
    ]


@pytest.mark.parametrize("target", ["probe front", "query metrics here cpu", "prometheus metrics"])
def test_the_outside_is_asked_as_often_as_the_level_wants(day: Day, target: str) -> None:
    slow, fast = (10, 3) if target.startswith("probe") else (60, 30)
    seen: dict[Protection, set[float]] = {level: set() for level in Protection}
    for level, seconds in day.gaps(target):
        seen[level].add(seconds)
    assert seen == {NORMAL: {slow}, HIGH: {fast}, MAXIMUM: {fast}}


def test_a_new_level_changes_the_interval_within_one_old_one(day: Day) -> None:
    for hour in (8, 20):
        before, after = (10, 3) if hour == 8 else (3, 10)
        instants = day.askings["probe front"]
        first = next(n for n, instant in enumerate(instants) if instant >= at(hour))
        gaps = [(second - first).total_seconds() for first, second in pairwise(instants[first - 3 : first + 4])]
        assert gaps[:2] == pytest.approx([before, before])
        assert gaps[2] <= before + 0.001
        assert gaps[4:] == pytest.approx([after, after])


def test_health_is_weighed_as_the_level_wants(day: Day) -> None:
    # All well but for a CPU of 85 %, which is half of saturation; nobody watches a vendor.
    normal = {91.6}  # (0.35 + 0.20 + 0.20 + 0.15 x 0.5) / 0.90
    wedding_day = {97.3}  # (0.45 + 0.25 + 0.20 + 0.05 x 0.5) / 0.95
    recorded: dict[Protection, set[float]] = {level: set() for level in Protection}
    for instant, score in day.scores:
        if day.settled(instant):
            recorded[day.level(instant)].add(score)
    shown: dict[Protection, set[float]] = {level: set() for level in Protection}
    for instant, picture in day.pictures.items():
        seen = picture.provider("here")
        if seen is not None and seen.health.score is not None and day.settled(instant):
            shown[picture.protection.level].add(seen.health.score)
    assert recorded == shown == {NORMAL: normal, HIGH: wedding_day, MAXIMUM: wedding_day}


def test_people_are_told_until_when_and_why(day: Day) -> None:
    def told(hour: float) -> tuple[str, int, str]:
        verdict = day.pictures[at(hour)].protection
        return until_words(verdict, at(hour)), verdict.live.weddings, verdict.reasons[0]

    assert told(7) == ("NORMAL until 09:00 BST, then HIGH", 0, "by the calendar there is no load for 4 h (HIGH from 8)")
    words, live, why = told(9)
    assert (words, live) == ("HIGH until 11:00 BST, then MAXIMUM", 0)
    assert why == "by the calendar the load of the next 4 h gets to 8 at 13:00 BST (HIGH from 8)"
    words, live, why = told(13)
    assert (words, live) == ("MAXIMUM until 19:00 BST", 8)
    assert why == "by the calendar the load of the next 4 h gets to 25 at 15:00 BST (MAXIMUM from 25)"
    assert told(15)[:2] == ("MAXIMUM until 19:00 BST", 25)
    assert told(19)[:2] == ("HIGH until 21:00 BST", 17)
    # Nobody is left; what comes next is that the last good reading of the calendar grows too old.
    verdict = day.pictures[at(20)].protection
    assert (verdict.level, verdict.until, verdict.next_level) == (NORMAL, aged(day), MAXIMUM)


def test_what_freezes_is_said_with_its_end(day: Day) -> None:
    def frozen(hour: float) -> tuple[bool, datetime | None, tuple[str, ...]]:
        verdict = day.pictures[at(hour)].freeze
        return verdict.frozen, verdict.until or verdict.next_start, verdict.reasons

    assert frozen(11) == (False, at(12), ())
    assert frozen(12) == (True, at(20), ("weddings: load 25 at 2026-06-20 14:00 UTC",))
    assert frozen(19) == (True, at(20), ("weddings: load 25 at 2026-06-20 14:00 UTC",))
    # The calendar fails since half past four: nobody may suppose that it is read again before it is stale.
    stale = day.pictures[at(20)].calendar.sources[0].stale_from
    assert frozen(20) == (False, stale, ())
    late = day.pictures[at(22)].freeze
    assert (late.frozen, late.until) == (True, None)
    assert [words.partition(" was last read ")[0] for words in late.reasons] == [
        "night",
        'the wedding source "platform"',
    ]


def test_the_service_had_nothing_to_complain_of_but_the_calendar(day: Day) -> None:
    for instant, picture in day.pictures.items():
        if instant > MIDNIGHT and day.settled(instant):
            assert picture.condition is ServiceCondition.RUNNING
            assert picture.service is not None
            # Nobody is on call there, which is said while anything fires.
            problems = [each for each in picture.service.problems if "no channel is configured" not in each]
            assert (problems, picture.service.dropped, picture.service.refused) == ([], 0, 0)
