"""The calendar as the cache has it, with every source that is configured: one that it does not know was never read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from wedtui.config import Configuration
from wedtui.config_weddings import IMPORTED, WeddingSourceSection
from wedtui.core.calendar import NO_CALENDAR, CalendarFacts, CalendarReader, SourceFacts
from wedtui.errors import StoreMissingError

NOT_ASKED = "start the service or run `wedtui poll --once`"


def known_calendar(
    configuration: Configuration, cache: CalendarReader, start: datetime, end: datetime | None = None
) -> CalendarFacts:
    """Return the calendar; how long a reading counts is the configuration's to say, also before the service knows.

    Args:
        configuration: its sources.
        cache: what is known of them.
        start: the first aware instant that is asked about.
        end: the last one; `start` without it.

    Raises:
        StoreError: there is a cache, but it cannot be read.
    """
    try:
        known = cache.calendar(start, end)
    except StoreMissingError:
        known = NO_CALENDAR
    return _with_configured(configuration, known, NOT_ASKED)


def unread_calendar(configuration: Configuration, problem: str) -> CalendarFacts:
    """Return what is known where nothing can be read: that every source was never read, and why."""
    return _with_configured(configuration, NO_CALENDAR, problem)


def _with_configured(configuration: Configuration, known: CalendarFacts, problem: str) -> CalendarFacts:
    sources = {source.name: source for source in known.sources}
    if IMPORTED in sources and sources[IMPORTED].read_at is None:
        sources[IMPORTED] = replace(sources[IMPORTED], lost=True)
    for section in configuration.weddings.sources:
        source = sources.get(section.name, SourceFacts(section.name, section.kind, problem=problem))
        sources[section.name] = _as_configured(source, section)
    return replace(known, sources=tuple(source for _, source in sorted(sources.items())))


def _as_configured(source: SourceFacts, section: WeddingSourceSection) -> SourceFacts:
    return replace(source, kind=section.kind, interval=section.interval, max_age=section.max_age)
