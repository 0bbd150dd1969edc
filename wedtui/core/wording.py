"""Ages, durations and instants in the few words that fit a screen; the same in the dashboard and the commands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from wedtui.core.evidence import FUTURE_TOLERANCE


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
    """Return in at most 13 cells where a stretch of time is.

    `in 3h10m`; for how long it has been live, `● live 9h00m`, in brackets where that is not believed; `over 10m`.
    """
    if end <= now:
        return f"over {compact_duration(now - end)}"
    span = compact_duration(now - start)
    if start > now:
        return f"in {span}"
    return f"● live {span}" if believed else f"(live) {span}"


def counted(number: int, thing: str) -> str:
    """Return `1 finding`, `2 findings`, `1,200 rows`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def figure(value: float) -> str:
    """Return a measured number to three significant digits: `0.291`, `45.6`, `12300`."""
    return f"{float(f'{value:.3g}'):.15g}"


def listed(names: tuple[str, ...]) -> str:
    """Return names as a sentence lists them: `a`, `a and b`, `a, b and c`."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def utc_words(at: datetime) -> str:
    """Return an aware instant as a sentence says it, to the second: `2026-06-05 09:00:00 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def local_time(at: datetime, zone: str, now: datetime) -> str:
    """Return an instant on the wall clock of a zone: `Mon 06:00 Europe/London`, with its date from six days away.

    A wall time that occurs twice there, because a clock change repeats it, says UTC as well.
    """
    local = at.astimezone(ZoneInfo(zone))
    words = f"{local:%a %H:%M}" if abs(at - now) < timedelta(days=6) else f"{local:%a %d %b %Y %H:%M}"
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{words} {zone}" + (f" ({at.astimezone(UTC):%H:%M} UTC)" if twice else "")


# Letters that places at different times of day use: India, Ireland and Israel; China, Cuba and Chicago; Manila and Los
# Angeles. Source: the IANA time zone database.
_SHARED_LETTERS = frozenset({"IST", "CST", "CDT", "PST"})


def hour_there(at: datetime, zone: str) -> str:
    """Return the hour of an instant where the zone is said already; which of two alike it is in a clock change's night.

    `01:45`, but `01:45 BST` where the same comes again as `01:45 GMT`.
    """
    local = at.astimezone(ZoneInfo(zone))
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{local:%H:%M %Z}" if twice else f"{local:%H:%M}"


def zone_clock(at: datetime, zone: str) -> str:
    """Return the hour of an instant as people who are there say it, without its day: `23:30 BST`, `23:30 Dubai`."""
    local = at.astimezone(ZoneInfo(zone))
    letters = local.tzname() or zone
    if letters in _SHARED_LETTERS or not letters.isalpha():
        # `Etc/GMT+5` is five hours behind UTC.
        letters = f"UTC{letters}" if zone.startswith("Etc/") else zone.rsplit("/", 1)[-1].replace("_", " ")
    return f"{local:%H:%M} {letters}"


def wall_clock(at: datetime, zone: str, now: datetime) -> str:
    """Return an instant as people who are there say it: `23:30 BST`.

    Its day is said unless it is that of `now` there and in UTC: where it is Sunday already, 23:00 may be a day away.
    A zone without letters of its own, or with letters that others have too, is called by its place: `23:30 Dubai`.
    """
    local, here = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone))
    words = zone_clock(at, zone)
    if local.date() == here.date() == now.astimezone(UTC).date():
        return words
    return f"{local:%a} {words}" if abs(at - now) < timedelta(days=6) else f"{local:%a %d %b %Y} {words}"
