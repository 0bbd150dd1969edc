"""The live load of weddings as a step function, made by one sweep over starts and ends, never by sampling.

Load is in whole units (`wedding.UNITS` are one standard wedding), instants are whole microseconds since 1970 in UTC:
as a store keeps them, so that a calendar of any size is swept without making an object for each wedding.
Source: DESIGN, "Season, weddings, load, protection".
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from operator import itemgetter
from typing import NamedTuple, TypeVar

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Load and number of one instant are added up as one integer: two dictionaries take half as long again. No number of
# weddings that fits a memory reaches this.
_BITS = 32
_BOTH = 1 << _BITS

_AnyRow = TypeVar("_AnyRow")


class Change(NamedTuple):
    """What begins, less what ends, at one instant."""

    at: int
    """Microseconds since 1970 in UTC."""
    load: int
    """Units."""
    weddings: int
    """Distinct references."""


class Row(NamedTuple):
    """One row of the calendar: half-open, [start, end)."""

    reference: str
    start: int
    """Microseconds since 1970 in UTC."""
    end: int
    """Microseconds since 1970 in UTC; after `start`."""
    load: int
    """Units."""


class Live(NamedTuple):
    """What is going on at one instant."""

    load: int
    """Units."""
    weddings: int
    """Distinct references."""


NOBODY = Live(0, 0)


class Peak(NamedTuple):
    """The highest load of a stretch of time, and the first instant at which it is reached."""

    load: int
    """Units."""
    at: datetime


class Stretch(NamedTuple):
    """A run [start, end) throughout which the load is high enough, and its peak."""

    start: datetime
    end: datetime
    peak: Peak


class Step(NamedTuple):
    """What is live from an instant up to the next step."""

    at: datetime
    load: int
    """Units."""
    weddings: int
    """Distinct references."""


class _Runs(NamedTuple):
    """All runs of one threshold, in order: three sequences of one length, and the place of the peak of each."""

    starts: Sequence[int]
    ends: Sequence[int]
    peaks: Sequence[int]


class Steps:
    """A step function of load and number: zero before its first instant. It never changes.

    Its last step is zero where every wedding that begins also ends, as in `sweep`.
    """

    __slots__ = ("_busy", "_high", "instants", "loads", "weddings")

    def __init__(self, instants: Sequence[int], loads: Sequence[int], weddings: Sequence[int]) -> None:
        """Take three sequences of one length.

        Args:
            instants: microseconds since 1970 in UTC, ascending, each once.
            loads: in units, from the instant at the same place up to the next.
            weddings: how many distinct references are live, likewise.
        """
        self.instants = instants
        self.loads = loads
        self.weddings = weddings
        # Made when they are first asked for, and kept: a rule asks for the same few thresholds again and again.
        self._high: dict[tuple[int, int], _Runs] = {}
        self._busy: _Runs | None = None

    def at(self, at: datetime) -> Live:
        """Return what is live at an aware instant."""
        place = bisect_right(self.instants, _microseconds(at)) - 1
        return Live(self.loads[place], self.weddings[place]) if place >= 0 else NOBODY

    def change(self, at: datetime) -> Live:
        """Return by how much load and number differ at an aware instant from just before it."""
        exact = _microseconds(at)
        place = bisect_left(self.instants, exact)
        if place == len(self.instants) or self.instants[place] != exact:
            return NOBODY
        load, number = (self.loads[place - 1], self.weddings[place - 1]) if place else (0, 0)
        return Live(self.loads[place] - load, self.weddings[place] - number)

    def peak(self, start: datetime, end: datetime) -> Peak:
        """Return the highest load of [start, end], both included, and when it is first reached."""
        here = self.at(start).load
        first = bisect_right(self.instants, _microseconds(start))
        last = bisect_right(self.instants, _microseconds(end))
        highest = max(self.loads[first:last], default=here)
        if highest <= here:
            return Peak(here, start.astimezone(UTC))
        return Peak(highest, _instant(self.instants[self.loads.index(highest, first, last)]))

    def reaches(self, threshold: int, start: datetime, end: datetime) -> bool:
        """Whether the load is at least `threshold` units at any instant of [start, end], both included."""
        runs = self._runs(threshold, 0)
        place = bisect_right(runs.ends, _microseconds(start))
        return place < len(runs.starts) and runs.starts[place] <= _microseconds(end)

    def stretches(
        self, threshold: int, start: datetime, end: datetime, *, apart: timedelta = timedelta()
    ) -> tuple[Stretch, ...]:
        """Return every run of at least `threshold` units that overlaps or touches [start, end], whole and in order.

        Args:
            threshold: in units, more than 0.
            start: an aware instant.
            end: an aware instant.
            apart: runs with at most so much between them are one.
        """
        runs = self._runs(threshold, apart // _MICROSECOND)
        first = bisect_left(runs.ends, _microseconds(start))
        last = bisect_right(runs.starts, _microseconds(end))
        return tuple(
            Stretch(
                _instant(runs.starts[place]),
                _instant(runs.ends[place]),
                Peak(self.loads[runs.peaks[place]], _instant(self.instants[runs.peaks[place]])),
            )
            for place in range(first, last)
        )

    def is_busy(self, start: datetime, end: datetime) -> bool:
        """Whether any wedding, of whatever weight, is live in [start, end)."""
        if self._busy is None:
            self._busy = _runs_of(self.instants, self.weddings, 1, 0)
        place = bisect_right(self._busy.ends, _microseconds(start))
        return place < len(self._busy.starts) and self._busy.starts[place] < _microseconds(end)

    def steps(self, start: datetime, end: datetime) -> Iterator[Step]:
        """Yield what is live at `start` and every step after it that comes before `end`, in order."""
        yield Step(start.astimezone(UTC), *self.at(start))
        first = bisect_right(self.instants, _microseconds(start))
        last = bisect_left(self.instants, _microseconds(end))
        for place in range(first, last):
            yield Step(_instant(self.instants[place]), self.loads[place], self.weddings[place])

    def _runs(self, threshold: int, apart: int) -> _Runs:
        found = self._high.get((threshold, apart))
        if found is None:
            found = self._high[threshold, apart] = _runs_of(self.instants, self.loads, threshold, apart)
        return found


NO_STEPS = Steps((), (), ())
"""No wedding at all."""


def steps_of(changes: Iterable[tuple[int, int, int]]) -> Steps:
    """Return the step function of changes (`Change`) in any order; several of one instant are added up."""
    return _steps({}, changes)


def sweep(rows: Iterable[tuple[str, int, int, int]]) -> Steps:
    """Return the step function of rows (`Row`) in any order.

    Rows with the same reference, start and end are one wedding, which weighs what the heaviest of them weighs. Rows of
    one reference with different times all count in load; in number they count once at a time.
    """
    alone, several = _apart(list(rows), itemgetter(0))
    added: dict[int, int] = {}
    get = added.get
    for _reference, start, end, load in alone:
        weight = load * _BOTH + 1
        added[start] = get(start, 0) + weight
        added[end] = get(end, 0) - weight
    return _steps(added, _shared(several))


def sweep_zones(rows: Iterable[tuple[str, str, int, int, int]]) -> tuple[Steps, dict[str, Steps]]:
    """Return the step function of all rows, and that of the rows of each zone; each as `sweep` does, in one go.

    Args:
        rows: zone, and then what a `Row` holds, in any order.
    """
    alone, several = _apart(list(rows), itemgetter(1))
    grouped: defaultdict[str, list[tuple[str, str, int, int, int]]] = defaultdict(list)
    for row in alone:
        grouped[row[0]].append(row)
    zones: dict[str, dict[int, int]] = {}
    whole: dict[int, int] = {}
    for zone, some in grouped.items():
        # One zone after the other: to look for its sums for every row takes twice as long.
        added = zones[zone] = {}
        get = added.get
        for _zone, _reference, start, end, load in some:
            weight = load * _BOTH + 1
            added[start] = get(start, 0) + weight
            added[end] = get(end, 0) - weight
        so_far = whole.get
        for at, change in added.items():
            whole[at] = so_far(at, 0) + change
    shared: defaultdict[str, list[tuple[str, int, int, int]]] = defaultdict(list)
    for zone, reference, start, end, load in several:
        shared[zone].append((reference, start, end, load))
    found = {zone: _steps(zones.get(zone, {}), _shared(shared[zone])) for zone in {*zones, *shared}}
    return _steps(whole, _shared(row for rows in shared.values() for row in rows)), found


def _apart(rows: list[_AnyRow], reference: Callable[[_AnyRow], str]) -> tuple[list[_AnyRow], list[_AnyRow]]:
    """Return the rows whose reference is theirs alone, and the others."""
    if len(set(map(reference, rows))) == len(rows):
        return rows, []
    times = Counter(map(reference, rows))
    return [r for r in rows if times[reference(r)] == 1], [r for r in rows if times[reference(r)] > 1]


def _shared(rows: Iterable[tuple[str, int, int, int]]) -> Iterator[Change]:
    """Yield the changes of rows whose reference is not theirs alone."""
    heaviest: defaultdict[str, dict[tuple[int, int], int]] = defaultdict(dict)
    for reference, start, end, load in rows:
        own = heaviest[reference]
        own[start, end] = max(load, own.get((start, end), 0))
    for own in heaviest.values():
        for (start, end), load in own.items():
            yield Change(start, load, 0)
            yield Change(end, -load, 0)
        covered = None
        for start, end in sorted(own):
            if covered is None or start > covered:
                if covered is not None:
                    yield Change(covered, 0, -1)
                yield Change(start, 0, 1)
                covered = end
            covered = max(covered, end)
        assert covered is not None
        yield Change(covered, 0, -1)


def _steps(added: dict[int, int], changes: Iterable[tuple[int, int, int]]) -> Steps:
    """Return the step function of what is added at each instant; where nothing comes of it there is no step."""
    for at, load, weddings in changes:
        added[at] = added.get(at, 0) + load * _BOTH + weddings
    instants = sorted(at for at, change in added.items() if change)
    both = list(accumulate(map(added.__getitem__, instants)))
    return Steps(instants, [value >> _BITS for value in both], [value & (_BOTH - 1) for value in both])


def _runs_of(instants: Sequence[int], values: Sequence[int], threshold: int, apart: int) -> _Runs:
    """Return the runs of values of at least `threshold`; those with at most `apart` between them are one."""
    starts: list[int] = []
    ends: list[int] = []
    peaks: list[int] = []
    inside = False
    for place, value in enumerate(values):
        if value < threshold:
            if inside:
                ends.append(instants[place])
                inside = False
        elif inside:
            if value > values[peaks[-1]]:
                peaks[-1] = place
        else:
            inside = True
            if ends and instants[place] - ends[-1] <= apart:
                ends.pop()
                if value > values[peaks[-1]]:
                    peaks[-1] = place
            else:
                starts.append(instants[place])
                peaks.append(place)
    if inside:
        # It does not end in what is known.
        ends.append(_microseconds(datetime.max.replace(tzinfo=UTC)))
    return _Runs(starts, ends, peaks)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(0, 0, microseconds)
