"""Who has a roster when: from hand-overs on wall clocks to absolute stretches, with its holes and overlaps. Pure.

A hand-over is one instant: a wall time that the clock jumps over is the first instant after the gap, one that it shows
twice the first of the two; so a shift over a clock change is longer or shorter by it, and no instant is handed over
twice or never. Hours of the day are as long as the wall clock says at least, as windows of freezes are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from wedtui.core.freeze_windows import FIRST, LAST, closing_instant, opening_instant, shifted
from wedtui.core.oncall.roster import Hours, Layer, Roster, Shift
from wedtui.core.zones import is_readable

AHEAD = timedelta(days=400)
"""How far what comes next is looked for."""

# Most shifts end within days; looking further only where one does not keeps an answer quick.
_REACHES = (timedelta(days=8), timedelta(days=35), AHEAD)
# Zones and clock changes move the ends of a local day by less than this.
_MARGIN = timedelta(days=3)
_FIRST_DAY, _LAST_DAY = date(1, 2, 1), date(9999, 11, 1)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """An interval [start, end) in which the same contacts have it: nobody in a hole, several where shifts overlap."""

    start: datetime
    end: datetime
    contacts: tuple[str, ...] = ()
    """By name."""
    overridden: bool = False
    """Whether somebody stands in for whoever the roster says."""

    @property
    def is_hole(self) -> bool:
        """Whether nobody has it."""
        return not self.contacts

    @property
    def is_overlap(self) -> bool:
        """Whether more than one has it."""
        return len(self.contacts) > 1


def on_call(roster: Roster, at: datetime) -> tuple[str, ...]:
    """Return who has it at an aware instant, by name; nobody in a hole."""
    return _holders(_around(roster, at, at), at)[0]


def stretch_at(roster: Roster, at: datetime) -> Stretch:
    """Return who has it from an aware instant on, and until when.

    The end is at most `AHEAD` later: a stretch that ends there is not known to end.
    """
    for reach in _REACHES:
        end = shifted(at, reach)
        first = next(iter(stretches(roster, at, end)), Stretch(at, end))
        if first.end < end:
            return first
    return first


def stretches(roster: Roster, start: datetime, end: datetime) -> tuple[Stretch, ...]:
    """Return who has it from an aware instant to another, without a gap: a hole is a stretch of nobody."""
    if start >= end:
        return ()
    shifts = _around(roster, start, end)
    found: list[Stretch] = []
    for first, last in pairwise(_edges((*shifts.usual, *shifts.overrides), start, end)):
        contacts, overridden = _holders(shifts, first)
        if found and found[-1].contacts == contacts and found[-1].overridden == overridden:
            found[-1] = Stretch(found[-1].start, last, contacts, overridden)
        else:
            found.append(Stretch(first, last, contacts, overridden))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Shifts:
    usual: tuple[Shift, ...]
    overrides: tuple[Shift, ...]


def _around(roster: Roster, start: datetime, end: datetime) -> _Shifts:
    """Return every shift that touches [start, end]."""
    usual = [shift for layer in roster.layers for shift in layer_shifts(layer, start, end)]
    near = (shift for shift in roster.shifts if shift.start <= end and shift.end >= start)
    overrides = (shift for shift in roster.overrides if shift.start <= end and shift.end >= start)
    return _Shifts((*usual, *near), tuple(overrides))


def _holders(shifts: _Shifts, at: datetime) -> tuple[tuple[str, ...], bool]:
    instead = _names(shifts.overrides, at)
    return (instead, True) if instead else (_names(shifts.usual, at), False)


def _names(shifts: Iterable[Shift], at: datetime) -> tuple[str, ...]:
    return tuple(sorted({shift.contact for shift in shifts if shift.start <= at < shift.end}))


def _edges(shifts: Iterable[Shift], start: datetime, end: datetime) -> list[datetime]:
    inside = {at for shift in shifts for at in (shift.start, shift.end) if start < at < end}
    return sorted({start, end, *inside})


def layer_shifts(layer: Layer, start: datetime, end: datetime) -> Iterator[Shift]:
    """Yield every shift of a layer that touches [start, end], cut to its hours; none where its zone cannot be read."""
    if not layer.participants or not is_readable(layer.zone):
        return
    zone = ZoneInfo(layer.zone)
    length = timedelta(days=layer.days)
    first, last = _day(start, -_MARGIN), _day(end, _MARGIN)
    number = max((first - layer.since).days // layer.days, 0)
    while True:
        days = number * layer.days
        if days > (last - layer.since).days:
            return
        day = layer.since + timedelta(days=days)
        if layer.until is not None and day >= layer.until:
            return
        after = min(_plus(day, length), layer.until or date.max)
        begins = opening_instant(datetime.combine(day, layer.hand_over), zone)
        ends = opening_instant(datetime.combine(after, layer.hand_over), zone)
        contact = layer.participants[number % len(layer.participants)]
        for one in _cut(Shift(contact, begins, ends), layer.hours, day, after, zone):
            if one.start <= end and one.end >= start:
                yield one
        number += 1


def _cut(shift: Shift, hours: tuple[Hours, ...], first: date, last: date, zone: ZoneInfo) -> Iterator[Shift]:
    """Yield the parts of a shift that its hours cover."""
    if not hours:
        if shift.start < shift.end:
            yield shift
        return
    # What began the day before may last into the shift.
    for ordinal in range(first.toordinal() - 1, last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        for each in hours:
            if day.weekday() not in each.days:
                continue
            closing_day = day if each.end > each.start else _plus(day, _ONE_DAY)
            begins = max(shift.start, opening_instant(datetime.combine(day, each.start), zone))
            ends = min(shift.end, closing_instant(datetime.combine(closing_day, each.end), zone))
            if begins < ends:
                yield Shift(shift.contact, begins, ends)


def _plus(day: date, span: timedelta) -> date:
    """Return a day moved, held within what can be a wall time in every zone."""
    try:
        return min(day + span, date(9999, 12, 30))
    except OverflowError:
        return date(9999, 12, 30)


def _day(at: datetime, by: timedelta) -> date:
    moved = min(max(shifted(at, by), FIRST), LAST).astimezone(UTC).date()
    return min(max(moved, _FIRST_DAY), _LAST_DAY)


def roster_problems(roster: Roster) -> tuple[str, ...]:
    """Return why a roster may not say all that it should, a sentence each; holes and overlaps are not among them."""
    unread = sorted({layer.zone for layer in roster.layers if not is_readable(layer.zone)})
    return (*roster.problems, *(f"this machine does not know the zone {zone} of a layer" for zone in unread))
