"""Reading a source as the poller does, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self

from wedtui.cache.wedding_stage import COLUMNS, FIRST, Stage
from wedtui.config_weddings import WeddingSourceSection, WeddingsSection
from wedtui.core.observation import WeddingsObservation
from wedtui.providers.weddings.target import WeddingTarget
from wedtui.store.instants import from_microseconds

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HEADER = "reference,venue,venue_kind,zone,start,end,culture,guests"
LINE = "w-{n},Hotel Bristol,hotel,Europe/London,2026-06-06T14:00,2026-06-06T23:00,indian,600"


class MovedClock:
    """The time of day stands still, and time passes when the test says so."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return self.passed


def csv_text(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines, ""]).encode()


def lines(count: int) -> list[str]:
    return [LINE.format(n=n) for n in range(count)]


def section(url: str, **more: Any) -> WeddingSourceSection:
    given = {"name": "main", "kind": "csv", "url": url, "timeout": "5s", "zone": "Europe/London", **more}
    return WeddingSourceSection.model_validate(given)


class Source:
    """One target, asked as often as a test wants, on one event loop."""

    def __init__(self, url: str, clock: MovedClock | None = None, **more: Any) -> None:
        self.clock = clock or MovedClock()
        self.target = WeddingTarget(section(url, **more), WeddingsSection(), self.clock)
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self.target.close())
        self._runner.close()

    def read(self) -> WeddingsObservation:
        (observation,) = self._runner.run(self.target.observe())
        return observation


def read(url: str, **more: Any) -> WeddingsObservation:
    with Source(url, **more) as source:
        return source.read()


@contextmanager
def rows_of(observation: WeddingsObservation) -> Iterator[Stage]:
    assert observation.problem is None, observation.problem
    stage = observation.rows
    assert isinstance(stage, Stage)
    try:
        yield stage
    finally:
        stage.close()


def weddings(observation: WeddingsObservation) -> list[dict[str, Any]]:
    """Return what was read, by reference and start, with instants."""
    with rows_of(observation) as stage:
        found = []
        after = FIRST
        while page := stage.rest(after):
            found += [dict(zip(COLUMNS, values, strict=True)) for values in page]
            after = (page[-1][0], page[-1][1])
    for each in found:
        each["start"], each["end"] = from_microseconds(each["starts_at"]), from_microseconds(each["ends_at"])
    return found


def references(observation: WeddingsObservation) -> list[str]:
    return [each["reference"] for each in weddings(observation)]


def refused(observation: WeddingsObservation) -> str:
    """Return why a reading gave nothing."""
    assert observation.rows is None
    assert observation.problem is not None
    return observation.problem
