"""Weddings in an iCalendar: one an occurrence of an event.

Who gets married stands in SUMMARY, DESCRIPTION and ATTENDEE: these lines are taken out before anything reads the
calendar. What is damaged costs its own event alone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, tzinfo
from itertools import islice
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
    check_rule,
    decoded,
    survey_but_events,
    tell_apart,
    when,
    zone_of_calendar,
)
from wedtui.providers.weddings.base import Came, Rows, SourceError, Take
from wedtui.providers.weddings.fetching import Place

MOST_OCCURRENCES = 20_000
"""Within the horizon, over all events of a source."""

MOST_OF_ONE = 1_000
"""Occurrences of one event within the horizon."""
MOST_RULES = 4
"""Of one event."""
EARLIEST = 1900
"""The year from which an event may recur."""

_DAY = timedelta(days=1)
_NAMED = re.compile(
    rf"^(?:{'|'.join(sorted(NAMELESS))})\b[^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*(?:\r\n|\r|\n)?", re.M | re.I
)
_NUMBER, _REFERENCE = "X-WEDTUI-EVENT", "X-WEDTUI-UID"
_RECURRENCE = Rejection("RRULE", "expected one by days, weeks, months or years that can be worked out")
# Of months that are shorter than others.
_LONGEST = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
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
    except CalendarError as error:
        raise SourceError(error.problem) from None
    _check_whole(text, section)
    # What it says was read whole before the first row goes on: rows are handed on while nobody holds the library.
    yield from _read(text, section, now, work)


def _check_whole(text: str, section: WeddingSourceSection) -> None:
    try:
        survey_but_events(text, section.name)
    except CalendarError as error:
        # What a rule says is not repeated, whoever wrote it.
        zones = "the rules of its zones cannot be used: export it with common zones"
        raise SourceError(error.problem if error.problem.startswith("its ") else zones) from None


def _read(
    text: str, section: WeddingSourceSection, now: datetime, work: Callable[[], float]
) -> list[RawRow | Unusable]:
    found: list[RawRow | Unusable] = []
    with ICALENDAR:
        # Forgets the zones that other calendars defined: each is read by its own definitions.
        icalendar.timezone.tzp.use_default()
        for calendar in _calendars(text):
            zone = _own_zone(calendar, section)
            for row in _occurrences(calendar, section, zone, _Horizon(now, work)):
                found.append(row)
                if len(found) > MOST_OCCURRENCES:
                    raise SourceError(
                        f"it has more than {MOST_OCCURRENCES:,} events within {LOOK_AHEAD.days} days: split it"
                    )
    return found


class _Horizon:
    """Between which instants occurrences are looked for, and how long that may take of the processor in all."""

    def __init__(self, now: datetime, work: Callable[[], float]) -> None:
        self.first, self.last = now - LOOK_BACK - ANY_ZONE - _DAY, now + LOOK_AHEAD + ANY_ZONE + _DAY
        self._work = work
        self._left = MAX_WORK_S

    def between(self, series: Any, *, recurs: bool) -> list[Component]:
        """Return the occurrences of one series; what takes too long costs others that recur, and no other.

        Raises:
            ValueError: there are too many, or others have used up the time for what recurs.
        """
        if recurs and self._left <= 0:
            raise ValueError("no time is left")
        began = self._work()
        try:
            found = list(islice(series.between(self.first, self.last), MOST_OF_ONE + 1))
        finally:
            self._left -= self._work() - began if recurs else 0
        if len(found) > MOST_OF_ONE:
            raise ValueError("it recurs too often")
        return [each.as_component(False) for each in found]


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
    calendar: Component, section: WeddingSourceSection, zone: str | None, horizon: _Horizon
) -> Iterator[RawRow | Unusable]:
    """Yield a row for each occurrence near the horizon, and what cannot be used in its place."""
    yield from _unreadable(calendar, section)
    tell_apart(calendar)
    events = calendar.walk("VEVENT")
    known = {str(each["UID"]): each for each in reversed(events)}
    recurring = {str(each["UID"]) for each in events if each.keys() & {"RRULE", "RDATE"}}
    for uid, series in _series(calendar, list(known)):
        try:
            found = horizon.between(series, recurs=uid in recurring) if series is not None else None
        except Exception:
            # As above: one series that a library cannot follow costs that series alone.
            found = None
        if found is None:
            event = known[uid]
            yield Unusable(f"event {event[_NUMBER]}", _RECURRENCE, str(event[_REFERENCE]))
            continue
        yield from filter(None, (_row(each, section, zone) for each in found))


def _series(calendar: Component, uids: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield every series with its UID; None for one that the library cannot make anything of."""
    try:
        together = recurring_ical_events.of(calendar).series
    except Exception:
        # As above. One of them is to blame: it is found by asking for each by itself.
        for uid in uids:
            yield uid, _one_series(calendar, uid)
        return
    for series in together:
        yield str(series.components[0].uid), series


def _one_series(calendar: Component, uid: str) -> Any:
    alone = icalendar.Calendar(calendar)
    for each in calendar.subcomponents:
        if each.name != "VEVENT" or str(each["UID"]) == uid:
            alone.add_component(each)
    try:
        (series,) = recurring_ical_events.of(alone).series
    except Exception:
        # As above.
        return None
    return series


def _unreadable(calendar: Component, section: WeddingSourceSection) -> Iterator[Unusable]:
    """Number the events, and take out those that a library would misread, saying which."""
    for number, event in enumerate(calendar.walk("VEVENT"), start=1):
        event[_NUMBER] = icalendar.vText(str(number))
        event[_REFERENCE] = icalendar.vText(str(event.get(section.column("reference"), "")))
        if "UID" not in event:
            event["UID"] = icalendar.vText(f"event {number}")
        try:
            check_component(event, section.name)
        except ProviderUnavailableError:
            bad: Rejection | None = _why(event)
        except Exception:
            # As above.
            bad = _UNREADABLE
        else:
            bad = None if _can_recur(event) else _RECURRENCE
        if bad is not None:
            calendar.subcomponents = [each for each in calendar.subcomponents if each is not event]
            yield Unusable(f"event {number}", bad, str(event[_REFERENCE]))


def _can_recur(event: Component) -> bool:
    """Whether the rules of an event can be worked out: what a library would try until the year 9999 is left out."""
    rules = event.get("RRULE", [])
    rules = rules if isinstance(rules, list) else [rules]
    if len(rules) > MOST_RULES or (rules and when(event, "DTSTART").year < EARLIEST):
        return False
    for rule in rules:
        text = rule.to_ical().decode()
        try:
            check_rule(text, "")
        except CalendarError:
            return False
        if not _occurs(dict(part.partition("=")[::2] for part in text.upper().split(";"))):
            return False
    return True


def _occurs(parts: dict[str, str]) -> bool:
    """Whether a rule names days that there are; of days chosen from days only those that RFC 5545, 3.3.10 allows."""
    if parts.get("FREQ") == "DAILY" and parts.keys() & {"BYSETPOS", "BYYEARDAY", "BYWEEKNO", "BYEASTER"}:
        return False
    months = {int(month) for month in parts.get("BYMONTH", "").split(",") if month.isdecimal()} or {1}
    days = [abs(int(day)) for day in parts.get("BYMONTHDAY", "").split(",") if day.lstrip("+-").isdecimal()]
    longest = max(_LONGEST.get(month, 31) for month in months)
    return not days or min(days) <= longest


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
        start=_resolved(start, own, opening_instant),
        end=_resolved(end, own, closing_instant),
        culture=_said(event, section, "culture"),
        guests=_said(event, section, "guests"),
    )


def _said(event: Component, section: WeddingSourceSection, field: str) -> str | None:
    value = event.get(section.column(field))
    if isinstance(value, list):
        value = value[0] if value else None
    return None if value is None else str(value)


def _resolved(at: date, own: str | None, instant: Callable[[datetime, tzinfo], datetime]) -> Said:
    """Return an instant for a time in a zone: recurrences are worked out on the wall clock, which forgets which of two
    equal times was meant. Dates and times without a zone stay what they are, and one in the venue's own becomes such
    a time: only there it is seen that the clock jumps over it."""
    if isinstance(at, datetime) and at.tzinfo is not None:
        if own is not None and _name(at.tzinfo) == own:
            return at.replace(tzinfo=None, fold=0)
        return instant(at.replace(tzinfo=None, fold=0), at.tzinfo)
    return at


def _name(zone: tzinfo | None) -> str | None:
    """Return the IANA name of a zone; UTC says nothing about where a venue is."""
    name = getattr(zone, "key", None)
    return str(name) if name and name not in {"UTC", "Etc/UTC"} else None
