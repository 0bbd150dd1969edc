"""What is wrong with the calendar of weddings, as findings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from wedtui.core.calendar import CalendarFacts, SourceFacts, dropped_source, outsized_words, staleness, unusable_rows
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
        rejected = unusable_rows(source)
        if rejected is not None:
            example = f", the first in {source.examples[0]}" if source.examples else ""
            yield Finding(Severity.WARNING, SUBJECT, f"{rejected}{example}", source.read_at or source.attempted_at)
    outsized = outsized_words([each for each in calendar.outsized if each.end > now], calendar.outsized_more)
    if outsized is not None:
        read = [source.read_at for source in calendar.sources if source.read_at is not None]
        yield Finding(Severity.WARNING, SUBJECT, f"{outsized}; look at its source", min(read, default=None))


def source_trouble(source: SourceFacts, now: datetime) -> str | None:
    """Return what is wrong with a source at an aware instant; None where nothing is."""
    if not source.is_fresh(now):
        return f"{staleness(source, now)}: protection goes by the date as well; repair it"
    if source.read_at is None or source.stale_from is None or not (source.problem or source.questioned):
        return dropped_source(source)
    lost = "it lost more than half of its future weddings"
    trouble = source.problem or lost
    what = "check the source, and" if source.questioned else "repair it:"
    return (
        f'the wedding source "{source.name}": {trouble}; its reading of {duration(now - source.read_at)} ago still '
        f"counts, {what} without a good one by {source.stale_from:%Y-%m-%d %H:%M} UTC it is stale"
    )
