"""What the calendar of weddings freezes: the hours around many guests, and the weekend where its venues are.

Source: DESIGN, "Freeze".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from wedtui.core.calendar import CalendarFacts, SourceFacts, mending, staleness, turning_zone, unread
from wedtui.core.freeze_windows import FIRST, Span, WeeklyWindow, mondays, occurrence, shifted
from wedtui.core.wedding import MAXIMUM_FROM, standard
from wedtui.core.zones import is_readable

LOAD = MAXIMUM_FROM
"""The live load, in units, around which production is frozen on any weekday."""
AROUND = timedelta(hours=2)
"""So long before it is reached and after it is left."""


def wedding_spans(calendar: CalendarFacts, start: datetime, end: datetime) -> Iterator[Span]:
    """Yield a span for every time of high load whose freeze overlaps or touches [start, end], with its peak.

    Times of high load that are so near to each other that their freezes touch are one, and have one peak.
    """
    low, high = shifted(start, -AROUND), shifted(end, AROUND)
    for stretch in calendar.steps.stretches(LOAD, low, high, apart=2 * AROUND):
        peak = f"load {standard(stretch.peak.load)} at {stretch.peak.at:%Y-%m-%d %H:%M} UTC"
        zone = turning_zone(calendar, stretch.end, ends=True)
        yield Span(shifted(stretch.start, -AROUND), shifted(stretch.end, AROUND), f"weddings: {peak}", zone)


def takes_part(calendar: CalendarFacts, span: Span, start: datetime, end: datetime) -> bool:
    """Whether a wedding of [start, end) is live while the load is high from which a span follows.

    Who gets married in the hours before and after that is in a frozen time, and does not freeze it.
    """
    low, high = max(start, shifted(span.start, AROUND)), min(end, shifted(span.end, -AROUND))
    return low < high and calendar.steps.reaches(LOAD, low, high - timedelta(microseconds=1))


def venue_spans(window: WeeklyWindow, calendar: CalendarFacts, start: datetime, end: datetime) -> Iterator[Span]:
    """Yield what a weekly window freezes beyond its own zones because weddings are elsewhere that weekend.

    In a zone in which a wedding overlaps it, it counts as in its own. Of those zones only the ones come that make the
    weekend longer than the others do, and they say so by name. A window for every zone is not made longer by any.

    Args:
        window: what is asked; all of its own zones can be read.
        calendar: the weddings known.
        start: an aware instant.
        end: an aware instant; spans come that overlap or touch [start, end].
    """
    others = [zone for zone in sorted(calendar.zones) if zone not in window.zones and is_readable(zone)]
    if not window.zones or not others:
        return
    for monday in mondays(start, end):
        found = [
            span
            for zone in others
            if (span := occurrence(window, zone, monday)) is not None
            and calendar.zones[zone].is_busy(span.start, span.end)
        ]
        if found:
            yield from (s for s in _beyond(window, found, monday) if s.start <= end and s.end >= start)


def _beyond(window: WeeklyWindow, found: list[Span], monday: date) -> list[Span]:
    """Return the spans that are needed beside those of a window's own zones to cover what all of them cover."""
    own = [span for zone in window.zones if (span := occurrence(window, zone, monday)) is not None]
    needed: list[Span] = []
    covered = FIRST
    left = [*own, *found]
    while left := [span for span in left if span.end > covered]:
        # What begins within what is covered and reaches furthest; where there is a gap, what begins first.
        start = max(covered, min(span.start for span in left))
        best = max((s for s in left if s.start <= start), key=lambda s: (s.end, s in own))
        if best not in own:
            name = f"{window.name} (weddings in {best.zone})"
            needed.append(Span(best.start, best.end, name, best.zone))
        covered = best.end
    return needed


def silence_ahead(calendar: CalendarFacts, known_at: datetime, until: datetime) -> Iterator[str]:
    """Yield from when on production is frozen because nobody reads the calendar again.

    Of what a person imported that is how it comes unless a person does it again; of what is configured where the newest
    reading was not taken, is in question, or is long ago. All else is read by itself (`SourceFacts.goes_on`).

    Args:
        calendar: the weddings known.
        known_at: an aware instant.
        until: an aware instant; what begins later is not said.
    """
    yield from (fresh_until(source, ends) for source, ends in _running_out(calendar, known_at) if ends <= until)


def first_to_run_out(calendar: CalendarFacts, known_at: datetime) -> datetime | None:
    """Return when the first thing runs out of those that `silence_ahead` names; None where nothing does."""
    return min((ends for _, ends in _running_out(calendar, known_at)), default=None)


def _running_out(calendar: CalendarFacts, known_at: datetime) -> Iterator[tuple[SourceFacts, datetime]]:
    """Yield each source that is fresh at an instant and does not stay so by itself, and when it no longer is."""
    for source in calendar.sources:
        ends = source.stale_from
        if ends is not None and source.is_fresh(known_at) and not source.goes_on(known_at):
            yield source, ends


def fresh_until(source: SourceFacts, ends: datetime) -> str:
    """Say up to when the newest good reading of a source counts, and what comes then."""
    until = f"count as fresh until {ends:%a %Y-%m-%d %H:%M} UTC: unless they are"
    if source.interval is None:
        return (
            f'the weddings in source "{source.name}" were imported by hand and {until} imported again by then, '
            "production is frozen from then on"
        )
    return (
        f'the wedding source "{source.name}" {_left(source)}; its weddings {until} read well by then, '
        "production is frozen from then on"
    )


def _left(source: SourceFacts) -> str:
    """Return why a source that is configured does not stay fresh by itself."""
    if source.questioned:
        return "is in question"
    if source.dropped_at is not None:
        return "is no longer configured"
    return "was not read well the last time" if source.problem else "is not read again in time"


def calendar_silence(calendar: CalendarFacts, known_at: datetime) -> Iterator[str]:
    """Yield a sentence for everything in the calendar that cannot be known at an aware instant."""
    silence = unread(calendar)
    if silence is not None:
        yield f"{silence}, which means frozen"
    for source in calendar.sources:
        if not source.is_fresh(known_at):
            yield f"{staleness(source, known_at)}, which means frozen; {_mend(source, known_at)}"
    for zone in sorted(calendar.zones):
        if not is_readable(zone):
            yield (
                f'weddings: the zone "{zone}" of a venue cannot be read, which means frozen; '
                "correct it at its source or update the package tzdata"
            )


def _mend(source: SourceFacts, known_at: datetime) -> str:
    """Return what a person does about a source that is not fresh: what was called into question may be right."""
    if source.read_at is not None and source.read_at > known_at:
        return "check the clock"
    return mending(source)
