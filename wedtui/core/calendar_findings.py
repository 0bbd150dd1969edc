"""What is wrong with the calendar of weddings, as findings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from wedtui.core.calendar import (
    CalendarFacts,
    SourceFacts,
    dropped_source,
    mending,
    outsized_words,
    staleness,
    unusable_rows,
)
from wedtui.core.finding import Finding, Severity
from wedtui.core.wording import duration

SUBJECT = "weddings"


def calendar_findings(calendar: CalendarFacts, said: tuple[str, ...], now: datetime) -> Iterator[Finding]:
    """Yield a finding for each source in trouble, and one where weddings have more guests than are counted.

    Args:
        calendar: what is known.
        said: sentences that are findings already: that a source freezes is not said twice.
        now: an aware instant.
    """
    for source in calendar.sources:
        trouble = source_trouble(source, now)
        if trouble is not None and not any(sentence.startswith(staleness(source, now)) for sentence in said):
            yield Finding(Severity.WARNING, SUBJECT, trouble, source.attempted_at)
        dropped = dropped_source(source)
        if dropped is not None and dropped != trouble:
            yield Finding(Severity.WARNING, SUBJECT, dropped, source.dropped_at)
        rejected = unusable_words(source)
        if rejected is not None:
            yield Finding(Severity.WARNING, SUBJECT, rejected, source.read_at or source.attempted_at)
    outsized = outsized_words([each for each in calendar.outsized if each.end > now], calendar.outsized_more)
    if outsized is not None:
        read = [source.read_at for source in calendar.sources if source.read_at is not None]
        yield Finding(Severity.WARNING, SUBJECT, f"{outsized}; look at its source", min(read, default=None))


def unusable_words(source: SourceFacts) -> str | None:
    """Return how many rows of a source cannot be used, and what is wrong with the first; None where all can."""
    rejected = unusable_rows(source)
    if rejected is None or not source.examples:
        return rejected
    return f"{rejected}, the first in {source.examples[0]}"


def source_trouble(source: SourceFacts, now: datetime) -> str | None:
    """Return what is wrong with a source at an aware instant; None where nothing is."""
    if not source.is_fresh(now):
        return f"{staleness(source, now)}: protection goes by the date as well; {mending(source)}"
    return doubt(source, now) or dropped_source(source)


def doubts(calendar: CalendarFacts, now: datetime) -> tuple[str, ...]:
    """Return, of each source whose last good reading counts though the newest was not taken, why and until when.

    The one answer for every view to whether what the calendar says may be wrong. A source that is not fresh is none of
    them: it freezes, and protection goes by the date.

    Args:
        calendar: what is known.
        now: an aware instant.
    """
    return tuple(words for source in calendar.sources if (words := doubt(source, now)) is not None)


def doubt(source: SourceFacts, now: datetime) -> str | None:
    """Return why the last good reading of a source may be wrong, since when and what settles that; None: nothing."""
    if source.read_at is None or source.stale_from is None or not source.is_fresh(now):
        return None
    if not (source.problem or source.questioned):
        return None
    good = f"its reading of {duration(now - source.read_at)} ago still counts"
    by = f"without a good one by {source.stale_from:%Y-%m-%d %H:%M} UTC it is stale"
    if not source.questioned:
        return f'the wedding source "{source.name}": {source.problem}; {good}, repair it: {by}'
    since = f" since {source.questioned_at:%Y-%m-%d %H:%M} UTC" if source.questioned_at is not None else ""
    lost = source.problem or "it lost more than half of its future weddings"
    return f'the wedding source "{source.name}" is IN QUESTION{since}: {lost}; {good}, and {by}; {mending(source)}'
