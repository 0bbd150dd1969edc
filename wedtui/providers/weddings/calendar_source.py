"""Weddings in an iCalendar: one an occurrence of an event.

Who gets married stands in SUMMARY, DESCRIPTION and ATTENDEE: these lines are taken out before anything reads the
calendar. What is damaged costs its own event alone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, BinaryIO

import icalendar
import icalendar.timezone
import recurring_ical_events
from icalendar.cal.component import Component

from wedtui.clock import Clock
from wedtui.config_weddings import WeddingSourceSection
from wedtui.core.freeze_windows import closing_instant, opening_instant
from wedtui.core.wedding_rows import NAMELESS, RawRow, Rejection, Said, Unusable
from wedtui.errors import ProviderUnavailableError
from wedtui.providers.calendar import (
    ANY_ZONE,
    ICALENDAR,
    LOOK_AHEAD,
    LOOK_BACK,
    MAX_BYTES,
    MAX_WORK_S,
    CalendarError,
    check_component,
    decoded,
    survey,
    tell_apart,
    when,
    zone_of_calendar,
)
from wedtui.providers.weddings.base import Came, Rows, SourceError, Take
from wedtui.providers.weddings.fetching import Place

MOST_OCCURRENCES = 20_000
"""Within the horizon, over all events of a source."""

_DAY = timedelta(days=1)
_NAMED = re.compile(
    rf"^(?:{'|'.join(sorted(NAMELESS))})\b[^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*(?:\r\n|\r|\n)?", re.M | re.I
)
_NUMBER, _REFERENCE = "X-WEDTUI-EVENT", "X-WEDTUI-UID"
_UNREADABLE = Rejection("event", "expected one whose times, zones and recurrence can be read")


class CalendarSource:
    """An iCalendar on a web server or a disk."""

    def __init__(self, section: WeddingSourceSection, clock: Clock) -> None:
        """Prepare to read it.

        Args:
            section: where it is.
            clock: for what of a calendar is still to come.

        Raises:
            ConfigurationError: the URL, a header, a secret or the certificates cannot be used.
        """
        self._section = section
        self._clock = clock
        self._place = Place(section)

    async def read(self, mark: str | None, take: Take) -> Came:
        """Read it once."""
        async with self._place.file(mark) as (file, came_to):
            if file is None:
                return Came(mark, mark, unchanged=True)
            await take(calendar_rows(file, self._section, self._clock.now()))
            return Came(came_to)

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._place.close()


def calendar_rows(
    file: BinaryIO, section: WeddingSourceSection, now: datetime, work: Callable[[], float] = time.thread_time
) -> Rows:
    """Yield every occurrence from 31 days before an instant to 400 days after it, and what could not be read.

    Args:
        file: open for reading.
        section: how its properties are called, and its zone.
        now: an aware instant.
        work: tells the seconds of processor time used so far.

    Raises:
        SourceError: it is no calendar, or holds more than can be worked out.
    """
    try:
        text = decoded(file.read(MAX_BYTES + 1), section.name)
        text = _NAMED.sub("", text)
        survey(text, section.name)
    except CalendarError as error:
        raise SourceError(error.problem) from None
    # What it says was read whole before the first row goes on: rows are handed on while nobody holds the library.
    yield from _read(text, section, now, work)


def _read(
    text: str, section: WeddingSourceSection, now: datetime, work: Callable[[], float]
) -> list[RawRow | Unusable]:
    deadline = work() + MAX_WORK_S
    found: list[RawRow | Unusable] = []
    with ICALENDAR:
        # Forgets the zones that other calendars defined: each is read by its own definitions.
        icalendar.timezone.tzp.use_default()
        for calendar in _calendars(text):
            zone = _own_zone(calendar, section)
            for row in _occurrences(calendar, section, zone, now):
                if row is not None:
                    found.append(row)
                if len(found) > MOST_OCCURRENCES:
                    raise SourceError(
                        f"it has more than {MOST_OCCURRENCES:,} events within {LOOK_AHEAD.days} days: split it"
                    )
                if work() > deadline:
                    raise SourceError(f"its recurrences take longer than {MAX_WORK_S:g} s to work out: split it")
    return found


def _calendars(text: str) -> list[Component]:
    try:
        return list(icalendar.Calendar.from_ical(text, multiple=True))
    except Exception as error:
        # Whatever a library stumbles over in what others wrote; its words would quote that.
        raise SourceError(f"its calendar is damaged ({type(error).__name__}): export it anew") from None


def _own_zone(calendar: Component, section: WeddingSourceSection) -> str | None:
    try:
        zone = zone_of_calendar(calendar, section.name)
    except ProviderUnavailableError:
        raise SourceError("X-WR-TIMEZONE: expected an IANA time zone") from None
    return _name(zone)


def _occurrences(
    calendar: Component, section: WeddingSourceSection, zone: str | None, now: datetime
) -> Iterator[RawRow | Unusable | None]:
    """Yield a row for each occurrence near the horizon, and None for each series, on which there was work as well."""
    yield from _unreadable(calendar, section)
    tell_apart(calendar)
    first, last = now - LOOK_BACK - ANY_ZONE - _DAY, now + LOOK_AHEAD + ANY_ZONE + _DAY
    for series in _series(calendar):
        try:
            for occurrence in series.between(first, last):
                yield _row(occurrence.as_component(False), section, zone)
        except Exception:
            # As above: one series that a library cannot follow costs that series alone.
            yield Unusable("an event that recurs", _UNREADABLE, None)
        yield None


def _series(calendar: Component) -> Any:
    try:
        return recurring_ical_events.of(calendar).series
    except Exception as error:
        raise SourceError(f"its events cannot be told apart ({type(error).__name__}): export it anew") from None


def _unreadable(calendar: Component, section: WeddingSourceSection) -> Iterator[Unusable]:
    """Number the events, and take out those that a library would misread, saying which."""
    for number, event in enumerate(calendar.walk("VEVENT"), start=1):
        event[_NUMBER] = icalendar.vText(str(number))
        event[_REFERENCE] = icalendar.vText(str(event.get(section.column("reference"), "")))
        try:
            check_component(event, section.name)
        except ProviderUnavailableError:
            bad: Rejection | None = _why(event)
        except Exception:
            # As above.
            bad = _UNREADABLE
        else:
            bad = None
        if bad is not None:
            calendar.subcomponents = [each for each in calendar.subcomponents if each is not event]
            yield Unusable(f"event {number}", bad, str(event[_REFERENCE]))


def _why(event: Component) -> Rejection:
    """Say what a check found, in words that quote nothing."""
    if "DTSTART" not in event:
        return Rejection("DTSTART", "expected when it starts")
    if event.errors:
        return _UNREADABLE
    try:
        start, end = when(event, "DTSTART"), when(event, "DTEND" if "DTEND" in event else "DTSTART")
        backwards = _plain(end) < _plain(start)
    except (ValueError, TypeError):
        return _UNREADABLE
    return (
        Rejection("DTEND", "expected an end after the start")
        if backwards
        else Rejection("DTSTART", "expected a zone that is known")
    )


def _plain(at: date) -> datetime:
    return at.replace(tzinfo=None) if isinstance(at, datetime) else datetime(at.year, at.month, at.day)  # noqa: DTZ001


def _row(event: Component, section: WeddingSourceSection, zone: str | None) -> RawRow | None:
    if str(event.get("STATUS", "")).strip().upper() == "CANCELLED":
        return None
    start, end = when(event, "DTSTART"), when(event, "DTEND")
    if not isinstance(end, datetime) and not isinstance(start, datetime):
        # A calendar names the day after the last one; a day is a day, even where its end was written as its start.
        end = max(end - _DAY, start)
    own = _said(event, section, "zone") or _name(getattr(start, "tzinfo", None)) or zone
    return RawRow(
        place=f"event {event[_NUMBER]}",
        reference=str(event[_REFERENCE]),
        venue=_said(event, section, "venue"),
        venue_kind=_said(event, section, "venue_kind"),
        zone=own,
        start=_resolved(start, opening_instant),
        end=_resolved(end, closing_instant),
        culture=_said(event, section, "culture"),
        guests=_said(event, section, "guests"),
    )


def _said(event: Component, section: WeddingSourceSection, field: str) -> str | None:
    value = event.get(section.column(field))
    if isinstance(value, list):
        value = value[0] if value else None
    return None if value is None else str(value)


def _resolved(at: date, instant: Callable[[datetime, tzinfo], datetime]) -> Said:
    """Return an instant for a time in a zone: recurrences are worked out on the wall clock, which forgets which of two
    equal times was meant. Dates and times without a zone stay what they are."""
    if isinstance(at, datetime) and at.tzinfo is not None:
        return instant(at.replace(tzinfo=None, fold=0), at.tzinfo)
    return at


def _name(zone: tzinfo | None) -> str | None:
    """Return the IANA name of a zone; UTC says nothing about where a venue is."""
    name = getattr(zone, "key", None)
    return str(name) if name and name not in {"UTC", "Etc/UTC"} else None
