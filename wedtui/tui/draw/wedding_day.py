"""A day's live load by hour and the peaks of the days ahead, as lines: numbers and words beside every shade."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from wedtui.core.load import Peak, Steps
from wedtui.core.season import Protection
from wedtui.core.wedding import UNITS
from wedtui.core.wording import clock_name
from wedtui.core.zones import is_readable
from wedtui.tui.board import Board
from wedtui.tui.draw.wedding_words import compact, level_of, level_role
from wedtui.tui.spans import Line, Role, Span, fit

DAYS = 14
"""Of the strip."""
_BARS = "▁▂▃▄▅▆▇█"
_NOTHING = "·"
_HOUR = timedelta(hours=1)
_INSTANT = timedelta(microseconds=1)
# Beside the bars: a blank, a name, a blank; behind them a blank and ` 76.9 at 16:00`.
_LEFT, _RIGHT = 14, 15
_WIDEST_HOUR = 6
# From this width on a zone says its own time as well.
ROOMY = 100
_CLOCK = 7
# A number and a blank.
_NUMBER = 5


@dataclass(frozen=True, slots=True)
class Day:
    """One local day, and how its hours lie on a line."""

    zone: str
    date: date
    hours: tuple[tuple[datetime, datetime], ...]
    """Each [start, end); 23 or 25 of them in the night of a clock change."""
    cells: int
    """Of one hour."""
    name: int
    """Cells for the name of a row."""
    clock: int
    """Cells for a zone's own time; 0: there is no room."""

    @property
    def start(self) -> datetime:
        """The first instant."""
        return self.hours[0][0]

    @property
    def end(self) -> datetime:
        """The first instant of the next day."""
        return self.hours[-1][1]

    def place(self, at: datetime) -> int | None:
        """Return the cell of an instant; None where it is another day."""
        for number, (start, end) in enumerate(self.hours):
            if start <= at < end:
                return number * self.cells + int((at - start) / (end - start) * self.cells)
        return None


def local_days(now: datetime, zone: str, count: int) -> Iterator[tuple[date, datetime, datetime]]:
    """Yield local days from that of `now` on: the date, and the instants at which it begins and ends."""
    place = ZoneInfo(zone)
    today = now.astimezone(place).date()
    edges = [datetime.combine(today + timedelta(days=n), time(), place).astimezone(UTC) for n in range(count + 1)]
    for number in range(count):
        yield today + timedelta(days=number), edges[number], edges[number + 1]


def day_of(now: datetime, zone: str, width: int) -> Day:
    """Return the day of an instant in a zone, laid out for a width."""
    ((today, start, end),) = local_days(now, zone, 1)
    hours = []
    while start < end:
        hours.append((start, min(start + _HOUR, end)))
        start += _HOUR
    clock = _CLOCK if width >= ROOMY else 0
    room = width - _LEFT - _RIGHT - clock
    cells = min(max(room // len(hours), 1), _WIDEST_HOUR)
    name = min(max(width - len(hours) * cells - _RIGHT - clock - 2, 8), 32)
    return Day(zone, today, tuple(hours), cells, name, clock)


def peak_within(steps: Steps, start: datetime, end: datetime) -> Peak:
    """Return the peak of [start, end): what begins at its end belongs to what follows."""
    return steps.peak(start, end - _INSTANT)


def axis_line(day: Day, now: datetime) -> Line:
    """Return the hours over the bars, of which clock they are, and where now is."""
    every = next(n for n in (1, 2, 3, 6) if n * day.cells >= _NUMBER or n == 6)
    place, line = ZoneInfo(day.zone), day.place(now)
    signs = [" "] * (len(day.hours) * day.cells)
    for number, (start, _) in enumerate(day.hours):
        local = start.astimezone(place)
        first = number * day.cells
        # Half an hour beside the line of now would read as another one.
        if local.hour % every == 0 and line not in {first, first + 1}:
            signs[first : first + 2] = f"{local:%H}"
    # The last hour may be too narrow for its two digits.
    del signs[len(day.hours) * day.cells :]
    clock = clock_of(day)
    own = fit(" now", day.clock) if day.clock else ""
    return (
        (f" {fit(clock, day.name)}{own} ", Role.STRONG),
        *_with_now([(sign, Role.MUTED) for sign in signs], day, now),
        (f" {fit(f'peak, {clock}', _RIGHT - 1)}", Role.MUTED),
    )


def clock_of(day: Day) -> str:
    """Return how people call the clock of a day, as in every sentence: `BST`; in a clock change's night `GMT/BST`."""
    names = (clock_name(at, day.zone) for at in (day.start, day.end - _INSTANT))
    return "/".join(dict.fromkeys(names))


def bar_line(board: Board, day: Day, title: str, steps: Steps, highest: int, *, stale: bool, own: str = "") -> Line:
    """Return the bars of a day.

    Args:
        board: what is known.
        day: the day.
        title: whose load it is.
        steps: the load.
        highest: the load of a whole bar, in units.
        stale: whether it is only remembered.
        own: the zone whose own time is said, where there is room.
    """
    signs: list[Span] = []
    for start, end in day.hours:
        load = peak_within(steps, start, end).load
        role = Role.STALE if stale else Role.MUTED if end <= board.now or not load else Role.CHART
        signs += [(_bar(load, highest), role)] * day.cells
    peak = peak_within(steps, day.start, day.end)
    return (
        _head(day, title, _own_time(board, own)),
        *_with_now(signs, day, board.now),
        (f" {_peak(board, day, peak, stale=stale):<{_RIGHT - 1}}", Role.STALE if stale else Role.TEXT),
    )


def number_line(board: Board, day: Day, steps: Steps, *, stale: bool) -> Line:
    """Return the peaks of each hour in numbers, or of as many hours as a number needs room for."""
    every = next(n for n in (1, 2, 3, 6) if n * day.cells >= _NUMBER or n == 6)
    spans: list[Span] = [_head(day, "", "")]
    for first in range(0, len(day.hours), every):
        some = day.hours[first : first + every]
        room = len(some) * day.cells
        load = peak_within(steps, some[0][0], some[-1][1]).load
        words = _number(load, min(room, _NUMBER + stale), stale=stale)
        # Of a number that is cut nobody sees that it is.
        words = words if len(words) <= room else " " * room
        role = Role.STALE if stale else level_role(load) if load else Role.MUTED
        spans += [(words, role), (" " * (room - len(words)), Role.TEXT)]
    return tuple(spans)


def strip_lines(board: Board, steps: Steps, width: int, *, stale: bool) -> tuple[Line, Line, Line, Line]:
    """Return the days ahead: date, shade, peak load in numbers, and the level that the load reaches in words."""
    cell = max(min((width - 1) // DAYS, 12), 4)
    dates: list[Span] = [(" ", Role.TEXT)]
    shades: list[Span] = [(" ", Role.TEXT)]
    numbers: list[Span] = [(" ", Role.TEXT)]
    words: list[Span] = [(" ", Role.TEXT)]
    for number, (day, start, end) in enumerate(local_days(board.now, board.home, DAYS)):
        load = peak_within(steps, start, end).load
        name = f"{day:%a %d}" if cell >= 7 else f"{day:%a}"[:2] + f"{day:%d}"
        dates.append((fit(name, cell), Role.STRONG if number == 0 else Role.MUTED))
        shade = _shade(load) * (cell - 1)
        shades.append((shade + " ", Role.STALE if stale else Role.CHART if load else Role.MUTED))
        text = _number(load, cell, stale=stale)
        role = Role.STALE if stale else level_role(load) if load else Role.MUTED
        numbers += [(text, role), (" " * max(cell - len(text), 0), Role.TEXT)]
        words.append((fit(_level_word(load, cell), cell), Role.STALE if stale else Role.TEXT))
    return tuple(dates), tuple(shades), tuple(numbers), tuple(words)


def _head(day: Day, title: str, clock: str) -> Span:
    clock = fit(clock, day.clock) if day.clock else ""
    return (f" {fit(title, day.name)}{clock} ", Role.STRONG if title else Role.MUTED)


def _own_time(board: Board, zone: str) -> str:
    return f" {board.now.astimezone(ZoneInfo(zone)):%H:%M}" if zone and is_readable(zone) else ""


def _peak(board: Board, day: Day, peak: Peak, *, stale: bool) -> str:
    if not peak.load:
        return _marked("0", stale=stale)
    words = _marked(compact(peak.load, 3 if stale else 5), stale=stale)
    return f"{words} at {peak.at.astimezone(ZoneInfo(day.zone)):%H:%M}"


def _number(load: int, cell: int, *, stale: bool) -> str:
    """Return a load for a cell, with a gap to the next one where there is room for both."""
    if not stale:
        return compact(load, cell - 1)
    words = compact(load, cell - 3)
    return _marked(compact(load, cell - 2) if words == "…" else words, stale=stale)


def _marked(words: str, *, stale: bool) -> str:
    """Put what is only remembered in brackets, as everywhere."""
    return f"({words})" if stale else words


def _bar(load: int, highest: int) -> str:
    if load <= 0 or highest <= 0:
        return _NOTHING
    return _BARS[min(load * len(_BARS) // highest, len(_BARS) - 1)]


def _shade(load: int) -> str:
    """Return a darker sign for each level, and for twice the load of MAXIMUM."""
    if load <= 0:
        return _NOTHING
    match level_of(load):
        case Protection.NORMAL:
            return "░"
        case Protection.HIGH:
            return "▒"
        case _:
            return "▓" if load < 50 * UNITS else "█"


def _level_word(load: int, cell: int) -> str:
    level = level_of(load)
    if not level.wedding_day:
        return ("NORMAL" if cell > len(level) else "NORM") if load else "none"
    if cell > len(level):
        return f"{level}"
    return "MAX" if level is Protection.MAXIMUM else "HI"


def _with_now(signs: list[Span], day: Day, now: datetime) -> list[Span]:
    """Put the line of now among signs of one cell, and join neighbours of one look."""
    place = day.place(now)
    if place is not None:
        signs[place] = ("│", Role.ACCENT)
    joined: list[Span] = []
    for sign, role in signs:
        if joined and joined[-1][1] is role:
            joined[-1] = (joined[-1][0] + sign, role)
        else:
            joined.append((sign, role))
    return joined
