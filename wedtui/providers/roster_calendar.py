"""From the text of an iCalendar file to the shifts that it names: who attends an event, or is called in its summary.

A file is written by others: it is read under the same guards as a feed of freezes (see `calendar`). An event that names
nobody who is known is no shift, and said; one that names several is a shift of each.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import icalendar
import icalendar.timezone
import recurring_ical_events
from icalendar.cal.component import Component

from wedtui.core.freeze_windows import opening_instant, shifted
from wedtui.core.oncall.roster import Contact, Shift
from wedtui.core.oncall.shifts import AHEAD
from wedtui.core.text import single_line
from wedtui.core.wording import counted
from wedtui.providers.calendar import (
    ANY_ZONE,
    ICALENDAR,
    MAX_OCCURRENCES,
    MAX_WORK_S,
    CalendarError,
    check_component,
    decoded,
    guarded,
    survey,
    tell_apart,
    when,
    zone_of_calendar,
)

LOOK_BACK = timedelta(days=92)
"""A shift that began longer ago, and is not over, is not found by its recurrence; nobody has it for so long."""

_DAY = timedelta(days=1)
_NAMED = 3
_PARTS = re.compile(r"[,;:/&+()\[\]|]|\s[-\u2013\u2014]\s|\sand\s", re.IGNORECASE)
_ON_CALL = re.compile(r"^on[- ]?call\b|\bon[- ]?call$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CalendarShifts:
    """What a calendar says of who has it."""

    shifts: tuple[Shift, ...]
    """By start."""
    problems: tuple[str, ...] = ()
    """Events that name nobody who is known, in a sentence."""


def read_shifts(
    data: bytes, *, name: str, contacts: Iterable[Contact], at: datetime, zone: tzinfo = UTC
) -> CalendarShifts:
    """Return every shift of a calendar from 92 days before an instant to 400 days after it.

    Cancelled events are left out, and attendees who declined. A hand-over is one instant, as that of layers is.

    Args:
        data: the file.
        name: of the roster.
        contacts: who may be named: by name, or by what they are known as.
        at: an aware instant.
        zone: of times without one, where the calendar has none either.

    Raises:
        CalendarError: it is no calendar, is damaged, or holds more than can be worked out.
    """
    survey(decoded(data, name), name)
    known = {word.casefold(): each.name for each in contacts for word in (*each.known_as, each.name)}
    first, last = shifted(at, -LOOK_BACK), shifted(at, AHEAD + _DAY)
    found: set[Shift] = set()
    unknown: dict[str, datetime] = {}
    with ICALENDAR, guarded(name):
        # Forgets the zones that other calendars defined: each is read by its own definitions.
        icalendar.timezone.tzp.use_default()
        for event, own in _events(list(icalendar.Calendar.from_ical(data, multiple=True)), name, (first, last)):
            start, end = _span(event, own or zone)
            if start >= end or end <= first or start >= last:
                continue
            named = _named(event, known)
            found.update(Shift(each, start, end) for each in named)
            if not named and end > at:
                title = _title(event)
                unknown[title] = min(start, unknown.get(title, start))
    shifts = tuple(sorted(found, key=lambda shift: (shift.start, shift.end, shift.contact)))
    return CalendarShifts(shifts, _problems(unknown))


def _events(
    calendars: list[Any], name: str, between: tuple[datetime, datetime]
) -> Iterator[tuple[Component, tzinfo | None]]:
    """Yield every occurrence near the horizon that is not cancelled, and the zone of its calendar."""
    deadline = time.thread_time() + MAX_WORK_S
    start, end = shifted(between[0], -ANY_ZONE - _DAY), shifted(between[1], ANY_ZONE + _DAY)
    seen = 0
    for calendar in calendars:
        for component in calendar.walk():
            check_component(component, name)
        own = zone_of_calendar(calendar, name)
        tell_apart(calendar)
        for series in recurring_ical_events.of(calendar).series:
            for occurrence in series.between(start.astimezone(UTC), end.astimezone(UTC)):
                seen += 1
                _refuse_endless(seen, deadline, name)
                event = occurrence.as_component(False)
                if str(event.get("STATUS", "")).strip().upper() != "CANCELLED":
                    yield event, own
            _refuse_endless(seen, deadline, name)


def _refuse_endless(seen: int, deadline: float, name: str) -> None:
    if seen > MAX_OCCURRENCES:
        raise CalendarError(name, f"it holds more than {MAX_OCCURRENCES} shifts within {AHEAD.days} days; split it")
    if time.thread_time() > deadline:
        raise CalendarError(name, f"its recurrences take longer than {MAX_WORK_S:g} s to work out; simplify it")


def _span(event: Component, zone: tzinfo) -> tuple[datetime, datetime]:
    start, end = when(event, "DTSTART"), when(event, "DTEND")
    if not isinstance(end, datetime) and not isinstance(start, datetime) and end <= start:
        end = start + _DAY  # a day is a day, even where its end was written as its start
    return _instant(start, zone), _instant(end, zone)


def _instant(at: date, zone: tzinfo) -> datetime:
    if not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day)  # noqa: DTZ001 - a wall time
    # Recurrences are worked out on the wall clock, which forgets which of two equal times was meant.
    return opening_instant(at.replace(tzinfo=None, fold=0), at.tzinfo or zone)


def _named(event: Component, known: Mapping[str, str]) -> tuple[str, ...]:
    """Return the contacts that an event names: who attends it, or, where none of these is known, its summary."""
    found = {known[word] for word in _attending(event) if word in known}
    if not found:
        found = {known[word] for word in _words(_title(event)) if word in known}
    return tuple(sorted(found))


def _attending(event: Component) -> Iterator[str]:
    given = event.get("ATTENDEE", [])
    for each in given if isinstance(given, list) else [given]:
        parameters = getattr(each, "params", {})
        if str(parameters.get("PARTSTAT", "")).upper() == "DECLINED":
            continue
        yield re.sub(r"^mailto:", "", str(each).strip(), flags=re.IGNORECASE).casefold()
        yield str(parameters.get("CN", "")).strip().casefold()


def _words(title: str) -> Iterator[str]:
    """Yield what may be a name in a summary: the whole of it, its parts, each without `on call`."""
    for part in (title, *_PARTS.split(title)):
        yield part.strip().casefold()
        yield _ON_CALL.sub("", part.strip()).strip().casefold()


def _title(event: Component) -> str:
    given = event.get("SUMMARY", "")
    return single_line(str(given[0] if isinstance(given, list) else given), 80)


def _problems(unknown: Mapping[str, datetime]) -> tuple[str, ...]:
    """Say which events name nobody, the first to come first."""
    titles = sorted(unknown, key=lambda title: (unknown[title], title))
    if not titles:
        return ()
    named = ", ".join(f'"{title}" ({unknown[title]:%Y-%m-%d})' for title in titles[:_NAMED])
    more = f", and {counted(len(titles) - _NAMED, 'other')}" if len(titles) > _NAMED else ""
    return (f"nobody who is a contact is named by {named}{more} of its calendar; write known_as for whom that is",)
