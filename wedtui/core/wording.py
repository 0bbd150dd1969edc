"""Ages, durations and instants in the few words that fit a screen; the same in the dashboard and the commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from wedtui.core.evidence import FUTURE_TOLERANCE
from wedtui.core.zones import is_readable, local


def duration(span: timedelta) -> str:
    """Return a length of time in one or two units: `4 s`, `2 m 05 s`, `3 h 10 m`, `2 d 4 h`."""
    seconds = int(abs(span.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 60:
        return f"{seconds} s"
    if hours < 1:
        return f"{minutes} m {seconds % 60:02d} s"
    if days < 1:
        return f"{hours} h {minutes % 60:02d} m"
    return f"{days} d {hours % 24} h"


def age(measured_at: datetime | None, now: datetime) -> str:
    """Return how old a value is, or that it has none: `4 s`, `never`, `in the future`."""
    if measured_at is None:
        return "never"
    if measured_at - now > FUTURE_TOLERANCE:
        return "in the future"
    return duration(max(now - measured_at, timedelta()))


def short_age(measured_at: datetime | None, now: datetime) -> str:
    """Return an age in at most five cells, for a column: `4s`, `12m`, `3h`, `2d`, `never`, `ahead`."""
    if measured_at is None:
        return "never"
    if measured_at - now > FUTURE_TOLERANCE:
        return "ahead"
    seconds = int(max((now - measured_at).total_seconds(), 0))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def compact_duration(span: timedelta) -> str:
    """Return a length of time without spaces, to the minute within a day: `12m`, `9h05m`, `3d4h`, `120d`."""
    minutes = int(abs(span.total_seconds())) // 60
    hours, days = minutes // 60, minutes // 1440
    if days > 99:
        return f"{days}d"
    if days:
        return f"{days}d{hours % 24}h"
    return f"{hours}h{minutes % 60:02d}m" if hours else f"{minutes}m"


def lived(start: datetime, end: datetime, now: datetime, *, believed: bool) -> str:
    """Return in 13 cells where a stretch of time is; the word that tells since from until stands by the number.

    `in 3h10m` until it begins; how long it is still live, `● 9h16m left`, in brackets where that is not believed;
    `over 10m ago`.
    """
    if end <= now:
        return f"over {short_age(end, now)} ago"
    if start > now:
        return f"in {compact_duration(start - now)}"
    left = f"{compact_duration(end - now)} left"
    return f"● {left}" if believed else f"({left})"


def counted(number: int, thing: str) -> str:
    """Return `1 finding`, `2 findings`, `1,200 rows`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def figure(value: float) -> str:
    """Return a measured number to three significant digits: `0.291`, `45.6`, `12300`."""
    return f"{float(f'{value:.3g}'):.15g}"


def listed(names: tuple[str, ...]) -> str:
    """Return names as a sentence lists them: `a`, `a and b`, `a, b and c`."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def choice_words(known: Iterable[str]) -> str:
    """Return what a name could have been that is not known: `choose one of a, b`, or that there is none."""
    names = ", ".join(known)
    return f"choose one of {names}" if names else "none is configured"


def utc_words(at: datetime) -> str:
    """Return an aware instant as a sentence says it, to the second: `2026-06-05 09:00:00 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def local_time(at: datetime, zone: str, now: datetime) -> str:
    """Return an instant on the wall clock of a zone: `Mon 06:00 Europe/London`, with its date from six days away.

    A wall time that occurs twice there, because a clock change repeats it, says UTC as well.
    """
    there = local(at, zone)
    words = f"{there:%a %H:%M}" if abs(at - now) < timedelta(days=6) else f"{there:%a %d %b %Y %H:%M}"
    twice = there.replace(fold=0).utcoffset() != there.replace(fold=1).utcoffset()
    return f"{words} {zone}" + (f" ({at.astimezone(UTC):%H:%M} UTC)" if twice else "")


def asked_words(at: datetime, zone: str) -> str:
    """Say which instant an answer is about: `at 2026-07-25 12:00:00 UTC (Sat 13:00 BST):`."""
    there = "" if zone == "UTC" else f" ({local(at, zone):%a} {zone_clock(at, zone)})"
    return f"at {utc_words(at)}{there}:"


def dated(at: datetime, zone: str, now: datetime) -> str:
    """Return an instant with its date on a wall clock whose zone is said already: `Mon 22 Jun 06:00`.

    Its year is said where it is not that of `now`; a wall time that occurs twice there says UTC as well.
    """
    there = local(at, zone)
    year = "" if there.year == local(now, zone).year else f" {there.year}"
    twice = there.replace(fold=0).utcoffset() != there.replace(fold=1).utcoffset()
    return f"{there:%a %d %b}{year} {there:%H:%M}" + (f" ({at.astimezone(UTC):%H:%M} UTC)" if twice else "")


def venue_clock(at: datetime, zone: str | None, clock: str) -> str:
    """Return, to follow an instant on one clock, what another zone's shows: ` (06:00 EDT)`; nothing where it agrees.

    Its weekday is said where it is another.
    """
    if zone is None or not is_readable(zone):
        return ""
    there, here = local(at, zone), local(at, clock)
    if there.utcoffset() == here.utcoffset():
        return ""
    day = "" if there.date() == here.date() else f"{there:%a} "
    return f" ({day}{zone_clock(at, zone)})"


# Letters that places at different times of day use: India, Ireland and Israel; China, Cuba and Chicago; Manila and Los
# Angeles. Source: the IANA time zone database.
_SHARED_LETTERS = frozenset({"IST", "CST", "CDT", "PST"})


def begins_there(at: datetime, zone: str, now: datetime) -> str:
    """Return in 16 cells when something begins, on the wall clock of its place: `Sat 07-25 12:00`.

    Its year is said, in place of its weekday, unless it is that of `now` there and in UTC: `2027-07-25 12:00`.
    """
    there, here = local(at, zone), local(now, zone)
    if there.year == here.year == now.astimezone(UTC).year:
        return f"{there:%a %m-%d %H:%M}"
    return f"{there:%Y-%m-%d %H:%M}"


def begins_there_briefly(at: datetime, zone: str, now: datetime) -> str:
    """Return the same in 12 cells: `Sat 25 12:00` within a fortnight, else `25 Jul 12:00`.

    Of another year the date alone has room: `25 Jul 2027`.
    """
    there = local(at, zone)
    if abs(at - now) <= timedelta(days=14):
        return f"{there:%a %d %H:%M}"
    same = there.year == local(now, zone).year == now.astimezone(UTC).year
    return f"{there:%d %b %H:%M}" if same else f"{there:%d %b %Y}"


def hour_there(at: datetime, zone: str) -> str:
    """Return the hour of an instant where the zone is said already; which of two alike it is in a clock change's night.

    `01:45`, but `01:45 BST` where the same comes again as `01:45 GMT`.
    """
    there = local(at, zone)
    twice = there.replace(fold=0).utcoffset() != there.replace(fold=1).utcoffset()
    return f"{there:%H:%M %Z}" if twice else f"{there:%H:%M}"


def zone_clock(at: datetime, zone: str) -> str:
    """Return the hour of an instant as people who are there say it, without its day: `23:30 BST`, `23:30 Dubai`."""
    return f"{local(at, zone):%H:%M} {clock_name(at, zone)}"


def clock_name(at: datetime, zone: str) -> str:
    """Return how people call the clock of a zone at an instant: `BST`; by its place where letters say too little."""
    letters = local(at, zone).tzname() or zone
    if letters in _SHARED_LETTERS or not letters.isalpha():
        # `Etc/GMT+5` is five hours behind UTC.
        letters = f"UTC{letters}" if zone.startswith("Etc/") else zone.rsplit("/", 1)[-1].replace("_", " ")
    return letters


def wall_clock(at: datetime, zone: str, now: datetime) -> str:
    """Return an instant as people who are there say it: `23:30 BST`.

    Its day is said unless it is that of `now` there and in UTC: where it is Sunday already, 23:00 may be a day away.
    A zone without letters of its own, or with letters that others have too, is called by its place: `23:30 Dubai`.
    """
    there, here = local(at, zone), local(now, zone)
    words = zone_clock(at, zone)
    if there.date() == here.date() == now.astimezone(UTC).date():
        return words
    return f"{there:%a} {words}" if abs(at - now) < timedelta(days=6) else f"{there:%a %d %b %Y} {words}"


_COMMAND = re.compile(r"""(?<=[`"])wedtui(?= (?!--demo|demo\b)|$)""")
_TYPED = re.compile(r"""(?<=[`"])wedtui(?: --demo)?(?= (?!--config|--demo|demo\b)|[`"])""")
_STARTING = re.compile(r"""([`"])wedtui service (?:re)?start\1""")


def asked_of_demo(text: str) -> str:
    """Return words of a demo with every command in them as it is typed there: without `--demo` it would act elsewhere.

    What opens a demo stays as it is. The service of a demo ends with it, and is started by none but a new one.
    """
    if "wedtui" not in text:
        return text
    return _COMMAND.sub("wedtui --demo", _STARTING.sub(r"a new \1wedtui demo\1", text))


def asked_with(text: str, config: str) -> str:
    """Return words with every command in them as it is typed where a configuration was named: it is named there too.

    Args:
        text: whatever is said.
        config: the file as it was named.
    """
    if "wedtui" not in text:
        return text
    return _TYPED.sub(lambda found: f"{found[0]} --config {shlex.quote(config)}", text)
