"""Readings of a calendar, put together by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.cache.base import NOW, configuration, configure, reading
from tests.places import PLACES
from wedtui.cache.wedding_import import Outcome, Reading, WeddingImport
from wedtui.cache.wedding_stage import Stage
from wedtui.cache.writer import CacheWriter
from wedtui.config import Configuration
from wedtui.core.calendar_query import ListedWedding, SourceDetails, WeddingQuery
from wedtui.core.erasure import NOTHING_FORGOTTEN, Forgotten
from wedtui.core.observation import Claim
from wedtui.core.wedding_rows import Defaults, RawRow, Unusable

HOUR = timedelta(hours=1)
TOMORROW = NOW + 24 * HOUR
SOURCES = [{"name": name, "kind": "csv", "url": f"/{name}.csv", "zone": "Europe/London"} for name in ("main", "other")]


def calendar_of(*names: str) -> Configuration:
    """Return a configuration with the sources of these names."""
    return configuration(weddings={"sources": [s for s in SOURCES if s["name"] in names]})


@contextmanager
def writing_weddings(path: Path, *names: str) -> Iterator[CacheWriter]:
    writer = CacheWriter(PLACES.url(path), waits=timedelta(milliseconds=200))
    try:
        configure(writer, calendar_of(*(names or ("main",))))
        yield writer
    finally:
        writer.close()


def row(reference: str, start: datetime = NOW + 24 * HOUR, hours: float = 8, **more: Any) -> RawRow:
    """Make a good row."""
    values: dict[str, Any] = {
        "place": "line 1",
        "reference": reference,
        "venue": "Hotel Bristol",
        "venue_kind": "hotel",
        "zone": "Europe/London",
        "start": start,
        "end": start + hours * HOUR,
        "culture": "british",
        "guests": 150,
    }
    return RawRow(**{**values, **more})


def rows(names: str, **more: Any) -> list[RawRow]:
    """Make a good row for each letter."""
    return [row(name, **more) for name in names]


def staged(given: Iterable[RawRow | Unusable], forgotten: Forgotten = NOTHING_FORGOTTEN) -> Stage:
    stage = Stage(Defaults("Europe/London"))
    stage.take(given)
    stage.settle()
    stage.anonymise(forgotten)
    return stage


def prepared(
    writer: CacheWriter,
    given: Iterable[RawRow | Unusable] | None,
    *,
    source: str = "main",
    at: datetime = NOW,
    claim: Claim | None = None,
    forgotten: Forgotten = NOTHING_FORGOTTEN,
    **more: Any,
) -> WeddingImport:
    stage = None if given is None else staged(given, forgotten)
    return writer.weddings.importing(Reading(source, at, **more), stage, claim)


def read(writer: CacheWriter, given: Iterable[RawRow | Unusable] | None, **more: Any) -> WeddingImport:
    """Take a reading whole."""
    work = prepared(writer, given, **more)
    for _ in work.pieces():
        pass
    return work


def taken(writer: CacheWriter, given: Iterable[RawRow | Unusable] | None, **more: Any) -> WeddingImport:
    work = read(writer, given, **more)
    assert work.outcome is Outcome.TAKEN
    return work


EVERYTHING = WeddingQuery(limit=500)


def names(path: Path, **query: Any) -> str:
    """Return the references that are stored, by start and then by name."""
    with reading(path) as reader:
        return " ".join(each.wedding.reference for each in reader.weddings(WeddingQuery(limit=500, **query)).rows)


def stored(path: Path) -> list[ListedWedding]:
    with reading(path) as reader:
        return list(reader.weddings(EVERYTHING).rows)


def source(path: Path, name: str = "main") -> SourceDetails:
    with reading(path) as reader:
        (found,) = [each for each in reader.wedding_sources() if each.facts.name == name]
        return found


def generation(path: Path) -> int:
    with reading(path) as reader:
        return reader.calendar(NOW).generation
