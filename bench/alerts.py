"""A round of 10,000 rules times series, beside a plain loop over the same numbers; and four times as many.

One series in ten is wrong all the time, and one rule in ten asks for a window of five minutes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bench.figures import Figure, median
from wedtui.core.alerts.evaluation import Around, evaluate
from wedtui.core.alerts.grammar import parse_condition
from wedtui.core.alerts.memory import AlertState
from wedtui.core.alerts.rule import Clear, Rule, RuleBook, Severity
from wedtui.core.alerts.track import Labels, Track, labels_of

RULES = 10
SERIES = 1_000
TIMES = 4
ROUNDS = 15
PAST = 60
"""Samples that a series holds."""
ROUND_MS = 200.0
"""What is promised of 10,000."""
GROWTH = 2.0
"""So much more may one of four times as many take, where nothing is looked through again."""
FIRST = datetime(2026, 6, 20, 12, tzinfo=UTC)
EVERY = timedelta(seconds=10)
LIMIT = 0.05


def figures() -> Iterator[Figure]:
    """Measure both."""
    few, plain = rounds(SERIES)
    many, _ = rounds(TIMES * SERIES)
    count = RULES * SERIES
    beside = f"{few / count * 1e6:.1f} µs each; a plain loop over the same numbers {plain * 1000:.1f} ms"
    yield Figure(f"alerts: a round of {count:,} rules x series", few * 1000, ROUND_MS, "ms", beside)
    beside = f"{many * 1000:.0f} ms for {TIMES * count:,}"
    yield Figure(f"alerts: one of {TIMES * count:,} to one of {count:,}", many / few / TIMES, GROWTH, "x", beside)


def rounds(series: int) -> tuple[float, float]:
    """Return how long a round takes, and a plain loop that compares the newest numbers (s)."""
    book = RuleBook(tuple(_rule(number) for number in range(RULES)))
    tracks = {labels_of({"instance": f"i-{number}"}): _track(number) for number in range(series)}
    state, now = AlertState(), FIRST
    took, plain = [], []
    for _ in range(ROUNDS):
        now += EVERY
        for number, track in enumerate(tracks.values()):
            track.append(now, _value(number))
        began = time.perf_counter()
        state = evaluate(book, {"error_rate": tracks}, now, state, Around()).state
        took.append(time.perf_counter() - began)
        began = time.perf_counter()
        _plain_loop(tracks, now)
        plain.append(time.perf_counter() - began)
    return median(took), median(plain)


def _plain_loop(tracks: dict[Labels, Track], now: datetime) -> int:
    wrong = 0
    for _ in range(RULES):
        for track in tracks.values():
            place = track.place(now)
            wrong += now - track.instant(place) <= track.fresh and track.value(place) > LIMIT
    return wrong


def _rule(number: int) -> Rule:
    condition = "avg(error_rate, 5m) > 5%" if number == 0 else "error_rate > 5%"
    span = timedelta(minutes=1 + number)
    return Rule(f"rule-{number}", parse_condition(condition), Severity.CRITICAL, span, Clear(span))


def _track(number: int) -> Track:
    return Track(EVERY, [(FIRST - back * EVERY, _value(number)) for back in range(PAST - 1, -1, -1)])


def _value(number: int) -> float:
    return 0.1 if number % 10 == 0 else 0.01
