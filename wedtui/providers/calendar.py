"""From the text of an iCalendar feed to the periods it freezes. Fetching is not done here (see `feed`).

A feed is written by others: whatever it holds, reading it ends, takes bounded work, and gives either every event
within the horizon or a `CalendarError`; never a part. What is ambiguous is read as the longer freeze: a date or a
time without a zone counts in every zone from UTC-12 to UTC+14.
"""

from __future__ import annotations

import re
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import icalendar
import icalendar.timezone
import recurring_ical_events
from icalendar.cal.component import Component

from wedtui.core.freeze import LOOK_AROUND, PRODUCTION, Origin, Period
from wedtui.core.freeze_windows import EARLIEST_ZONE, LATEST_ZONE, closing_instant, opening_instant
from wedtui.errors import ProviderUnavailableError

MAX_BYTES = 5_000_000
MAX_OCCURRENCES = 2000
"""Within the horizon, over all events of a feed."""
MAX_WORK_S = 5.0
"""Processor time for working out recurrences."""
MAX_OBSERVANCES = 300
"""Of all time zones that a calendar defines."""
MAX_TIMES_A_DAY = 24
LOOK_BACK = timedelta(days=31)
LOOK_AHEAD = LOOK_AROUND
MAX_NAME = 80

# A floating time is at most this far from the same time in UTC.
ANY_ZONE = timedelta(hours=14)
_DAY = timedelta(days=1)
_FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_TIMES = ("DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE")
# What decides when an event is; damage to anything else is no reason to refuse a calendar.
_DECISIVE = frozenset({*_TIMES, "DURATION", "RRULE", "STATUS", "UID", "SEQUENCE", None})
_FOLD = re.compile(r"(?:\r\n|\r|\n)[ \t]")
_BOUNDARY = re.compile(r"^(BEGIN|END)\s*:\s*(\S+)\s*$", re.IGNORECASE | re.MULTILINE)
_PARTS = frozenset(
    {"VCALENDAR", "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "STANDARD", "DAYLIGHT", "VALARM"}
)
_ZONE = re.compile(r"^BEGIN\s*:\s*VTIMEZONE\s*$.*?^END\s*:\s*VTIMEZONE\s*$", re.IGNORECASE | re.MULTILINE | re.DOTALL)
_RULE = re.compile(r"^RRULE\b[^:\r\n]*:(.*)$", re.IGNORECASE | re.MULTILINE)
# icalendar keeps the zones that a calendar defines in one place for the whole process.
ICALENDAR = threading.Lock()


class CalendarError(ProviderUnavailableError):
    """A feed sent something that is no calendar, or one that cannot be read whole."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f'feed "{name}": {problem}')
        self.problem = problem
        """What is wrong, without the feed's name."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What reading one calendar needs to know."""

    name: str
    now: datetime
    zone: tzinfo | None
    """The calendar's own (X-WR-TIMEZONE); None means every zone."""
    environments: frozenset[str]
    services: frozenset[str]


def parse_calendar(
    data: bytes,
    *,
    name: str,
    now: datetime,
    environments: frozenset[str] = frozenset({PRODUCTION}),
    services: frozenset[str] = frozenset(),
    work: Callable[[], float] = time.thread_time,
) -> tuple[Period, ...]:
    """Return every event of a feed from 31 days ago to 400 days ahead, recurrences worked out, by start.

    Cancelled events are left out; whether an event is marked free or busy does not matter. An event without any
    length freezes nothing. An event is called what its SUMMARY says, without control characters, at most
    80 characters; without one, by the feed's name. Large calendars take seconds: call it in a thread.

    Args:
        data: what the feed sent.
        name: the feed's name.
        now: an aware instant, around which the horizon lies.
        environments: what the periods apply to.
        services: what the periods apply to; none means all.
        work: tells the seconds of processor time used so far; the working-out of recurrences may use 5 of them.

    Raises:
        CalendarError: it is no calendar, is damaged, or holds more than can be worked out.
    """
    survey(decoded(data, name), name)
    with ICALENDAR, guarded(name):
        # Forgets the zones that other calendars defined: each is read by its own definitions.
        icalendar.timezone.tzp.use_default()
        calendars = list(icalendar.Calendar.from_ical(data, multiple=True))
        deadline = work() + MAX_WORK_S
        found: set[Period] = set()
        seen = 0
        for calendar in calendars:
            for component in calendar.walk():
                check_component(component, name)
            for period in _periods(
                calendar, _Reading(name, now, zone_of_calendar(calendar, name), environments, services)
            ):
                seen += period is not None
                found.update([period] if period is not None else [])
                if seen > MAX_OCCURRENCES:
                    problem = f"it holds more than {MAX_OCCURRENCES} events within {LOOK_AHEAD.days} days"
                    raise CalendarError(name, f"{problem}; split the calendar or make it recur less often")
                if work() > deadline:
                    problem = f"its recurrences take longer than {MAX_WORK_S:g} s to work out"
                    raise CalendarError(name, f"{problem}; simplify the calendar")
    return tuple(sorted(found, key=lambda p: (p.start, p.end, p.name)))


def decoded(data: bytes, name: str) -> str:
    """Return the text of a calendar.

    Raises:
        CalendarError: it is too large, or something else.
    """
    if len(data) > MAX_BYTES:
        raise CalendarError(name, f"it is larger than {MAX_BYTES // 1_000_000} MB; split the calendar")
    text = data.decode("utf-8-sig", "replace")
    start = text.lstrip()[:200].lower()
    if start.startswith("<"):
        page = "an HTML page" if "html" in start else "a page of markup"
        raise CalendarError(
            name, f"it sent {page} instead of a calendar; check its URL and whether it asks for a login"
        )
    if not start.startswith("begin:vcalendar"):
        raise CalendarError(name, "it sent something that is not an iCalendar file; check its URL")
    return text


def survey(text: str, name: str) -> None:
    """Refuse a calendar that was cut off, and rules that would never end, before a library trusts it."""
    text = unfolded(text)
    check_parts(text, name)
    for match in _RULE.finditer(text):
        check_rule(match.group(1), name)


def survey_but_events(text: str, name: str) -> None:
    """Do as `survey`, but for the rules of events: whoever asks checks these one by one."""
    text = unfolded(text)
    check_parts(text, name)
    for zone in _ZONE.finditer(text):
        for match in _RULE.finditer(zone.group()):
            check_rule(match.group(1), name)


def unfolded(text: str) -> str:
    """Return a calendar with every property on one line."""
    return _FOLD.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def check_parts(text: str, name: str) -> None:
    """Refuse a calendar that was cut off, or has zones without end; what is quoted are words of the format alone."""
    open_parts: list[str] = []
    observances = 0
    for match in _BOUNDARY.finditer(text):
        boundary, part = match.group(1).upper(), match.group(2).upper()
        observances += boundary == "BEGIN" and part in {"STANDARD", "DAYLIGHT"}
        if boundary == "BEGIN":
            open_parts.append(part)
        elif not open_parts or open_parts.pop() != part:
            raise CalendarError(name, f"its calendar is damaged: END:{_part(part)} closes nothing; export it anew")
    if open_parts:
        raise CalendarError(name, f"its calendar is cut off: {_part(open_parts[-1])} is not closed; export it anew")
    if observances > MAX_OBSERVANCES:
        raise CalendarError(name, f"its zones have more than {MAX_OBSERVANCES} rules; export it with common zones")


def _part(part: str) -> str:
    return part if part in _PARTS else "a part"


def check_rule(rule: str, name: str) -> None:
    """Refuse a recurrence more often than daily (save at a few fixed times), and one that never moves on."""
    parts = dict(part.strip().upper().partition("=")[::2] for part in rule.split(";") if part.strip())
    frequency, interval = parts.get("FREQ", "").strip(), parts.get("INTERVAL", "1").strip()
    if frequency not in _FREQUENCIES:
        what = f"FREQ={_clean(frequency) or 'nothing'}"
        raise CalendarError(name, f"an event recurs by {what}; expected daily, weekly, monthly or yearly")
    if not interval.isdecimal() or int(interval) < 1:
        raise CalendarError(name, f'an event recurs at the interval "{_clean(interval)}"; expected 1 or more')
    times = 1
    for key in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        times *= 1 + parts.get(key, "").count(",")
    if times > MAX_TIMES_A_DAY:
        raise CalendarError(name, f"an event recurs {times} times a day; expected at most {MAX_TIMES_A_DAY}")


@contextmanager
def guarded(name: str) -> Iterator[None]:
    """Turn whatever a library stumbles over in what others wrote into the one error that says so."""
    try:
        yield
    except CalendarError:
        raise
    except Exception as error:
        problem = f"its calendar cannot be read ({type(error).__name__}: {_clean(str(error))})"
        raise CalendarError(name, f"{problem}; export it anew") from error


def zone_of_calendar(calendar: Component, name: str) -> tzinfo | None:
    """Return the zone that a calendar gives to times without one; None where it gives none.

    Raises:
        CalendarError: it is unknown.
    """
    given = calendar.get("X-WR-TIMEZONE")
    if given is None:
        return None
    try:
        return ZoneInfo(str(given).strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problem = f'X-WR-TIMEZONE names the zone "{_clean(str(given))}", which is unknown'
        raise CalendarError(name, f"{problem}; give the calendar an IANA zone") from None


def check_component(component: Component, name: str) -> None:
    """Refuse what a library would pass over in silence: damaged properties, unknown zones, ends before starts."""
    if component.name not in {"VCALENDAR", "VEVENT", "VTIMEZONE", "STANDARD", "DAYLIGHT"}:
        return
    what = _title(component, "an event") if component.name == "VEVENT" else component.name
    for broken, error in component.errors:
        if broken is None or broken.upper() in _DECISIVE:
            label = broken or "a line"
            raise CalendarError(name, f'{label} of "{what}" cannot be read ({_clean(str(error))}); correct the event')
    if component.name != "VEVENT":
        return
    if "DTSTART" not in component:
        raise CalendarError(name, f'"{what}" has no DTSTART; correct the event')
    for key in _TIMES:
        for value in _listed(component.get(key)):
            zone = value.params.get("TZID")
            if zone is not None and any(_floats(part.dt) for part in getattr(value, "dts", [value])):
                problem = f'"{what}" is in the zone "{_clean(str(zone))}", which is unknown'
                raise CalendarError(name, f"{problem}; export it with its VTIMEZONE or an IANA zone")
    duration = getattr(component.get("DURATION"), "dt", timedelta())
    start, end = when(component, "DTSTART"), when(component, "DTEND" if "DTEND" in component else "DTSTART")
    if duration < timedelta() or _closing(end, UTC) < _opening(start, UTC):
        raise CalendarError(name, f'"{what}" ends before it starts; correct the event')


def _floats(at: object) -> bool:
    """Whether a time, or the start of a period, is without a zone."""
    at = at[0] if isinstance(at, tuple) else at
    return isinstance(at, datetime) and at.tzinfo is None


def when(event: Component, key: str) -> date:
    """Return the one date or time of a property.

    Raises:
        ValueError: it is none, or several.
    """
    at = getattr(event[key], "dt", None)
    if not isinstance(at, date):
        raise ValueError(f"{key} is not one date or time")
    return at


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _periods(calendar: Component, reading: _Reading) -> Iterator[Period | None]:
    """Yield a period for each occurrence near the horizon, and None for what turns out not to be one.

    None follows every series too: the work on one that never occurs is seen by whoever counts it.
    """
    tell_apart(calendar)
    first, last = reading.now - LOOK_BACK, reading.now + LOOK_AHEAD
    start, end = (first - ANY_ZONE - _DAY).astimezone(UTC), (last + ANY_ZONE + _DAY).astimezone(UTC)
    for series in recurring_ical_events.of(calendar).series:
        for occurrence in series.between(start, end):
            period = _period(occurrence.as_component(False), reading)
            yield period if period is not None and period.end > first and period.start < last else None
        yield None


def tell_apart(calendar: Component) -> None:
    """Give events that wrongly share a UID one each: read as one, all but one would be lost."""
    seen: set[tuple[str, str]] = set()
    for number, event in enumerate(calendar.walk("VEVENT")):
        if "RECURRENCE-ID" in event or "UID" not in event:
            continue
        key = str(event["UID"]), str(event.get("SEQUENCE", ""))
        if key in seen:
            event["UID"] = icalendar.vText(f"{key[0]} ({number})")
        seen.add(key)


def _period(event: Component, reading: _Reading) -> Period | None:
    if str(event.get("STATUS", "")).strip().upper() == "CANCELLED":
        return None
    start, end = when(event, "DTSTART"), when(event, "DTEND")
    if not isinstance(end, datetime) and not isinstance(start, datetime) and end <= start:
        end = start + _DAY  # a day is a day, even where its end was written as its start
    begin, stop = _opening(start, reading.zone), _closing(end, reading.zone)
    if start == end or begin >= stop:
        return None
    name = _title(event, reading.name)
    return Period(name, begin, stop, Origin.FEED, reading.environments, reading.services)


def _opening(at: date, zone: tzinfo | None) -> datetime:
    """Return the first instant of a date, or of a time with or without zone; without any, where it comes first."""
    if isinstance(at, datetime) and at.tzinfo is not None:
        # Recurrences are worked out on the wall clock, which forgets which of two equal times was meant.
        return opening_instant(at.replace(tzinfo=None, fold=0), at.tzinfo)
    return opening_instant(_wall(at), zone or EARLIEST_ZONE)


def _closing(at: date, zone: tzinfo | None) -> datetime:
    """Return the last instant of what ends at a date, or at a time; without a zone, where it comes last."""
    if isinstance(at, datetime) and at.tzinfo is not None:
        return closing_instant(at.replace(tzinfo=None, fold=0), at.tzinfo)
    return closing_instant(_wall(at), zone or LATEST_ZONE)


def _wall(at: date) -> datetime:
    return at if isinstance(at, datetime) else datetime(at.year, at.month, at.day)  # noqa: DTZ001 - a wall time


def _title(event: Component, otherwise: str) -> str:
    given = _listed(event.get("SUMMARY"))
    return _clean(str(given[0])) if given and _clean(str(given[0])) else otherwise


def _clean(text: str) -> str:
    """Return text fit for a screen: one line, no control or invisible characters, at most 80 characters."""
    words = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in text).split()
    return " ".join(words)[:MAX_NAME].rstrip()
