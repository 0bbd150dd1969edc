"""The load of 200,000 weddings in 14 days: swept, beside a plain numpy prefix sum; and the answers that rest on it."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as wall

import numpy as np

from bench.figures import Figure, median
from wedtui.core.calendar import CalendarFacts, SourceFacts
from wedtui.core.freeze import FreezeFacts, WallTime, WeeklyWindow, verdict
from wedtui.core.load import Steps, sweep, sweep_zones
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


def booked(grain: int) -> list[tuple[str, int, int, int]]:
    """Return weddings that begin and end on whole `grain` microseconds, in no order, as a database gives rows."""
    chance = random.Random(5)
    first = (NOW - EPOCH) // timedelta(microseconds=1)
    cultures = sorted(CULTURES)
    found = []
    for number in range(WEDDINGS):
        start = first + chance.randrange(DAYS * 1440 * MINUTE // grain) * grain
        end = start + chance.randrange(4 * 60 * MINUTE // grain, 14 * 60 * MINUTE // grain) * grain
        # A few guests each: 200,000 in a fortnight are far beyond any level as they are.
        load = load_of(chance.choice(cultures), chance.randrange(20, 400))
        found.append((f"W-{number:07d}", start, end, load))
    return found


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
    steps = sweep(rows)
    starts, ends, loads = (np.array([row[column] for row in rows]) for column in (1, 2, 3))
    instants, live = prefix_sum(starts, ends, loads)
    ours = dict(zip(steps.instants, steps.loads, strict=True))
    wrong = [at for at, load in zip(instants.tolist(), live.tolist(), strict=True) if ours.get(at, load) != load]
    if wrong or max(steps.loads) != int(live.max()):
        raise AssertionError(f"the sweep and the prefix sum differ at {len(wrong)} instants")
    by_numpy = timed(lambda: prefix_sum(starts, ends, loads))
    converted = timed(lambda: prefix_sum(*(np.array([row[column] for row in rows]) for column in (1, 2, 3))))
    apart = booked(1)
    spread = timed(lambda: sweep(apart))
    in_zones, apart_in_zones = ([(ZONES[n % len(ZONES)], *row) for n, row in enumerate(some)] for some in (rows, apart))
    by_zone = timed(lambda: sweep_zones(in_zones))
    spread_zones = timed(lambda: sweep_zones(apart_in_zones))
    return [
        Figure(
            "load of 200,000 weddings in 14 days",
            timed(lambda: sweep(rows)),
            SWEPT_WITHIN_MS,
            "ms",
            f"plain numpy prefix sum {by_numpy:.0f} ms, {converted:.0f} ms from the same rows; "
            f"no two of ours at one instant {spread:.0f} ms; with the steps of each of {len(ZONES)} zones, which a "
            f"reader makes of a new calendar, {by_zone:.0f} ms and {spread_zones:.0f} ms",
        ),
        *answers(rows),
    ]


def answers(rows: list[tuple[str, int, int, int]]) -> list[Figure]:
    """Measure what a picture asks of that calendar."""
    zones: dict[str, Steps] = {zone: sweep(rows[number :: len(ZONES)]) for number, zone in enumerate(ZONES)}
    calendar = CalendarFacts((SourceFacts("platform", "csv", read_at=NOW),), sweep(rows), zones)
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
