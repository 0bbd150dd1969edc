"""The load of 200,000 weddings in 14 days as readers make it, beside a plain numpy prefix sum; and what rests on it.

From rows that are in memory, and from a cache in a file, whose rows are read each time: the limit is that of the load,
and there what sqlite3 alone takes to read the same rows besides, in the same run.

What readers ask of it is in the figure, because it is made when it is asked for: the load of all, and of each zone
whether anybody is live and how much changes. The load of each zone, which `weddings load --by zone` asks, is beside it.
"""

from __future__ import annotations

import gc
import pickle
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from datetime import time as wall
from operator import itemgetter
from pathlib import Path

import numpy as np

from bench.figures import Figure, median
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.core.calendar import CalendarFacts, SourceFacts
from wedtui.core.freeze import FreezeFacts, WallTime, WeeklyWindow, verdict
from wedtui.core.load import NUMBER_BITS, Steps, sweep, weight_of
from wedtui.core.protection import protection
from wedtui.core.wedding import CULTURES, load_of

WEDDINGS = 200_000
DAYS = 14
RUNS = 9
SWEPT_WITHIN_MS = 200.0
ANSWERED_WITHIN_MS = 20.0
"""A picture is judged once a second and oftener; 16 ms are one frame of a screen."""
NOW = datetime(2026, 6, 18, 12, tzinfo=UTC)
ZONES = ("Europe/London", "Asia/Kolkata", "America/New_York", "Australia/Sydney", "Africa/Lagos", "Pacific/Honolulu")
MINUTE = 60_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def booked(grain: int) -> list[tuple[str, str, int, int, int]]:
    """Return weddings that begin and end on whole `grain` microseconds, as a cache gives them: by their starts."""
    chance = random.Random(5)
    first = (NOW - EPOCH) // timedelta(microseconds=1)
    cultures = sorted(CULTURES)
    found = []
    for number in range(WEDDINGS):
        start = first + chance.randrange(DAYS * 1440 * MINUTE // grain) * grain
        end = start + chance.randrange(4 * 60 * MINUTE // grain, 14 * 60 * MINUTE // grain) * grain
        # A few guests each: 200,000 in a fortnight are far beyond any level as they are.
        load = load_of(chance.choice(cultures), chance.randrange(20, 400))
        found.append((ZONES[number % len(ZONES)], f"W-{number:07d}", start, end, weight_of(load)))
    found.sort(key=itemgetter(2))
    # As new objects, in that order: a reader has never seen them before.
    return pickle.loads(pickle.dumps(found))  # type: ignore[no-any-return]  # our own bytes


def asked(rows: list[tuple[str, str, int, int, int]]) -> None:
    """Sweep, and ask what protection and freeze ask."""
    ask_of(*sweep(rows))


def ask_of(whole: Steps, zones: dict[str, Steps]) -> None:
    """Ask what protection and freeze ask."""
    ends = NOW + timedelta(hours=4)
    whole.peak(NOW, ends)
    for steps in zones.values():
        steps.is_busy(NOW, ends)
        steps.load_change(ends)


def by_zone(rows: list[tuple[str, str, int, int, int]]) -> None:
    """Sweep, and ask the load of each zone."""
    for steps in sweep(rows)[1].values():
        steps.peak(NOW, NOW + timedelta(hours=4))


def prefix_sum(starts: np.ndarray, ends: np.ndarray, loads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return instants and what is live from each on, from arrays that are there already."""
    instants = np.concatenate((starts, ends))
    changes = np.concatenate((loads, -loads))
    order = np.argsort(instants, kind="stable")
    ordered = instants[order]
    last = np.append(ordered[1:] != ordered[:-1], True)
    return ordered[last], np.cumsum(changes[order])[last]


def timed(work: Callable[[], object]) -> float:
    """Return the median of several runs, in milliseconds."""
    took = []
    for _ in range(RUNS):
        gc.collect()
        begun = time.perf_counter()
        work()
        took.append((time.perf_counter() - begun) * 1000)
    return median(took)


def figures() -> list[Figure]:
    """Measure both, check that they say the same, and ask the two rules for an answer."""
    rows = booked(MINUTE)
    steps, _ = sweep(rows)
    starts, ends = (np.array([row[column] for row in rows]) for column in (2, 3))
    loads = np.array([row[4] >> NUMBER_BITS for row in rows])
    instants, live = prefix_sum(starts, ends, loads)
    known = dict(zip(instants.tolist(), live.tolist(), strict=True))
    wrong = [at for at in steps.instants if steps.at(EPOCH + timedelta(microseconds=at)).load != known[at]]
    if wrong or steps.peak(NOW, NOW + timedelta(days=DAYS + 1)).load != int(live.max()):
        raise AssertionError(f"the sweep and the prefix sum differ at {len(wrong)} instants")
    by_numpy = timed(lambda: prefix_sum(starts, ends, loads))
    converted = timed(lambda: prefix_sum(*(np.array([row[column] for row in rows]) for column in (2, 3, 4))))
    apart, quarters = booked(1), booked(15 * MINUTE)
    return [
        Figure(
            "load of 200,000 weddings in 14 days",
            timed(lambda: asked(rows)),
            SWEPT_WITHIN_MS,
            "ms",
            f"on whole minutes; plain numpy prefix sum {by_numpy:.0f} ms, {converted:.0f} ms from the same rows; "
            f"with the load of each of {len(ZONES)} zones {timed(lambda: by_zone(rows)):.0f} ms; "
            f"on quarters of an hour {timed(lambda: asked(quarters)):.0f} ms, "
            f"no two of ours at one instant {timed(lambda: asked(apart)):.0f} ms",
        ),
        from_the_cache(rows),
        *answers(rows),
    ]


def from_the_cache(rows: list[tuple[str, str, int, int, int]]) -> Figure:
    """Measure the same from a file: the rows are read first. What that costs at least is what sqlite3 alone takes."""
    with tempfile.TemporaryDirectory(prefix="wedtui-bench-") as folder:
        file = Path(folder) / "cache.db"
        fill(file, rows)
        end = NOW + timedelta(days=DAYS)

        def load() -> tuple[Steps, dict[str, Steps]]:
            with closing(CacheReader(f"sqlite:///{file}")) as reader:
                return reader.load(NOW, end, by="zone")

        if load()[0].peak(NOW, end) != sweep(rows)[0].peak(NOW, end):
            raise AssertionError("the load from the cache is not that of its rows")
        ours = timed(lambda: ask_of(*load()))
        with closing(sqlite3.connect(file)) as plain:
            select = "SELECT starts_at, ends_at, load FROM wedding"
            read = timed(
                lambda: plain.execute("SELECT zone, reference, starts_at, ends_at, load FROM wedding").fetchall()
            )
            summed = timed(lambda: prefix_sum(*np.array(plain.execute(select).fetchall()).T))
    beside = (
        f"SQLite, its rows read each time; the limit is {SWEPT_WITHIN_MS:.0f} ms and what sqlite3 alone takes for "
        f"the same rows, {read:.0f} ms; sqlite3 and a plain numpy prefix sum, without zones and references, "
        f"{summed:.0f} ms: x {ours / summed:.1f}"
    )
    return Figure("that load from the cache", ours, SWEPT_WITHIN_MS + read, "ms", beside)


def fill(file: Path, rows: list[tuple[str, str, int, int, int]]) -> None:
    """Make a cache with these weddings."""
    CacheWriter(f"sqlite:///{file}").close()
    columns = "source, reference, starts_at, ends_at, zone, venue, venue_kind, culture, guests, load, assumed"
    values = "'main', ?, ?, ?, ?, 'Hall', 'hotel', 'british', 150, ?, ''"
    with closing(sqlite3.connect(file)) as plain, plain:
        plain.executemany(
            f"INSERT INTO wedding ({columns}) VALUES ({values})",
            ((name, start, end, zone, weight >> NUMBER_BITS) for zone, name, start, end, weight in rows),
        )


def answers(rows: list[tuple[str, str, int, int, int]]) -> list[Figure]:
    """Measure what a picture asks of that calendar."""
    calendar = CalendarFacts((SourceFacts("platform", "csv", read_at=NOW),), *sweep(rows))
    window = WeeklyWindow("weekend", WallTime(4, wall(18)), WallTime(0, wall(6)), ("Europe/London",))
    facts = FreezeFacts((window,), calendar=calendar)
    begun = time.perf_counter()
    protection(calendar, (), ZONES, NOW)
    verdict(facts, NOW)
    first = (time.perf_counter() - begun) * 1000

    def ask() -> None:
        protection(calendar, (), ZONES, NOW)
        verdict(facts, NOW)

    again = timed(ask)
    return [
        Figure("protection and freeze by that calendar", again, ANSWERED_WITHIN_MS, "ms", f"at first {first:.1f} ms")
    ]
