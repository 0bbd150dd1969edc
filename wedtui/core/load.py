"""The live load of weddings as a step function, made by one sweep over starts and ends, never by sampling.

Load is in whole units (`wedding.UNITS` are one standard wedding), instants are whole microseconds since 1970 in UTC:
as a store keeps them, so that a calendar of any size is swept without making an object for each wedding.
Source: DESIGN, "Season, weddings, load, protection".
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, chain, islice, repeat
from operator import itemgetter, le
from struct import Struct
from typing import NamedTuple, Self

# Load and number are added up as one integer: what keeps them apart takes half as long again. No number of weddings
# that fits a memory reaches this.
NUMBER_BITS = 32
WEIGHT_OF_A_UNIT = 1 << NUMBER_BITS
"""What a row weighs is its load in units times this, and 1 for itself."""

_NUMBERS = WEIGHT_OF_A_UNIT - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_AnyRow = tuple[str, str, int, int, int]


class Row(NamedTuple):
    """One row of the calendar: half-open, [start, end)."""

    part: str
    """What it is summed by beside the sum of all: its zone, say."""
    reference: str
    start: int
    """Microseconds since 1970 in UTC."""
    end: int
    """Microseconds since 1970 in UTC; after `start`."""
    weight: int
    """See `weight_of`."""


def weight_of(load: int) -> int:
    """Return what a row of so many units weighs."""
    return load * WEIGHT_OF_A_UNIT + 1


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


class _Merged(NamedTuple):
    """What is live from each of some instants on: two sequences of one length."""

    instants: Sequence[int]
    """Ascending, each once."""
    weights: Sequence[int]


_Piece = tuple[int, int, int]
"""A weight in [start, end), in microseconds since 1970 in UTC: start, end, weight."""
_PACKED = Struct("qqq")


class _Pieces(NamedTuple):
    """What is to be added up, in any order; in arrays, of which 200,000 weddings take 5 MB, and as rows 50."""

    starts: array[int]
    ends: array[int]
    weights: array[int]

    @classmethod
    def of(cls, packed: bytes | bytearray) -> Self:
        """Take pieces apart that were packed one after the other."""
        values = array("q", packed)
        return cls(values[0::3], values[1::3], values[2::3])

    @property
    def rows(self) -> Iterator[_AnyRow]:
        """The pieces as rows of no part and reference."""
        return zip(repeat(""), repeat(""), self.starts, self.ends, self.weights, strict=False)

    def change(self, instant: int) -> int:
        """Return what begins at an instant less what ends then."""
        begin = sum(self.weights[place] for place in _places(self.starts, instant))
        return begin - sum(self.weights[place] for place in _places(self.ends, instant))


# Of so many the latest end is known beforehand: to know it for each one takes four times as long.
_BLOCK = 64


class _Running(NamedTuple):
    """What is needed to see whether anything is live at all: two sequences of one length, and one for their blocks."""

    starts: Sequence[int]
    """Ascending."""
    ends: Sequence[int]
    latest: Sequence[int]
    """The latest end of what comes before each block of `_BLOCK`; of the first piece for the first block."""

    @classmethod
    def of(cls, pieces: _Pieces) -> Self:
        """Put pieces in order and look for the latest ends."""
        starts: Sequence[int] = pieces.starts
        ends: Sequence[int] = pieces.ends
        if not all(map(le, starts, islice(starts, 1, None))):
            order = sorted(range(len(starts)), key=starts.__getitem__)
            starts, ends = ([column[place] for place in order] for column in (starts, ends))
        blocks = (max(ends[first : first + _BLOCK]) for first in range(0, len(ends), _BLOCK))
        return cls(starts, ends, list(accumulate(chain(ends[:1], blocks), max)))

    def is_busy(self, start: int, end: int) -> bool:
        """Whether anything is live in [start, end)."""
        place = bisect_left(self.starts, end)
        if not place:
            return False
        block = place // _BLOCK
        return max(self.ends[block * _BLOCK : place], default=start) > start or self.latest[block] > start


class Steps:
    """A step function of load and number: zero before its first instant and from its last on. It never changes.

    It is added up when it is first asked for a load: of most zones it is only asked whether anybody is live.
    """

    __slots__ = ("_changes", "_high", "_merged", "_pieces", "_running")

    def __init__(self, pieces: _Pieces | None = None, *, merged: _Merged | None = None) -> None:
        """Take what is to be added up, or what that came to; neither may change afterwards."""
        self._pieces = pieces or _Pieces.of(b"")
        self._merged = merged
        self._running: _Running | None = None
        # A rule asks for the same few thresholds and instants again and again.
        self._high: dict[tuple[int, int], _Runs] = {}
        self._changes: dict[int, int] = {}

    @classmethod
    def changing(cls, changes: Iterable[tuple[int, int]]) -> Self:
        """Take by how many units the load changes at which instants, ascending; in number nobody counts in them."""
        instants: list[int] = []
        weights: list[int] = []
        weight = 0
        for instant, change in changes:
            weight += change << NUMBER_BITS
            instants.append(instant)
            weights.append(weight)
        return cls(merged=_Merged(instants, weights))

    @property
    def instants(self) -> Sequence[int]:
        """Every instant at which load or number change, ascending."""
        return self._all().instants

    def at(self, at: datetime) -> Live:
        """Return what is live at an aware instant."""
        instants, weights = self._all()
        place = bisect_right(instants, _microseconds(at))
        return _live(weights[place - 1]) if place else NOBODY

    def load_change(self, at: datetime) -> int:
        """Return by how many units the load differs at an aware instant from just before it."""
        instant = _microseconds(at)
        change = self._changes.get(instant)
        if change is None:
            change = self._changes[instant] = self._change(instant)
        # Rounded down it would take what numbers that fall leave below it for one unit less.
        return (change + _NUMBERS // 2) >> NUMBER_BITS

    def _change(self, instant: int) -> int:
        if self._merged is not None:
            instants, weights = self._merged
            place = bisect_left(instants, instant)
            if place == len(instants) or instants[place] != instant:
                return 0
            return weights[place] - (weights[place - 1] if place else 0)
        return self._pieces.change(instant)

    def peak(self, start: datetime, end: datetime) -> Peak:
        """Return the highest load of [start, end], both included, and when it is first reached."""
        here = self.at(start).load
        instants, weights = self._all()
        first = bisect_right(instants, _microseconds(start))
        last = bisect_right(instants, _microseconds(end))
        highest = max(weights[first:last], default=0) >> NUMBER_BITS
        if highest <= here:
            return Peak(here, start.astimezone(UTC))
        least = highest << NUMBER_BITS
        return Peak(highest, _instant(instants[next(n for n in range(first, last) if weights[n] >= least)]))

    def most(self, start: datetime, end: datetime) -> int:
        """Return how many weddings are live at once at most in [start, end], both included."""
        instants, weights = self._all()
        first, last = (bisect_right(instants, _microseconds(at)) for at in (start, end))
        return max(self.at(start).weddings, max(map(_NUMBERS.__and__, weights[first:last]), default=0))

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
        instants, weights = self._all()
        first = bisect_left(runs.ends, _microseconds(start))
        last = bisect_right(runs.starts, _microseconds(end))
        return tuple(
            Stretch(
                _instant(runs.starts[place]),
                _instant(runs.ends[place]),
                Peak(weights[runs.peaks[place]] >> NUMBER_BITS, _instant(instants[runs.peaks[place]])),
            )
            for place in range(first, last)
        )

    def is_busy(self, start: datetime, end: datetime) -> bool:
        """Whether any wedding, of whatever weight, is live in [start, end)."""
        if self._merged is None:
            if self._running is None:
                self._running = _Running.of(self._pieces)
            return self._running.is_busy(_microseconds(start), _microseconds(end))
        instants, weights = self._merged
        place = bisect_right(instants, _microseconds(start))
        if place and weights[place - 1]:
            return True
        # Nobody is live: what changes next is that somebody is.
        return place < len(instants) and instants[place] < _microseconds(end)

    def steps(self, start: datetime, end: datetime) -> Iterator[Step]:
        """Yield what is live at `start` and every step after it that comes before `end`, in order."""
        yield Step(start.astimezone(UTC), *self.at(start))
        instants, weights = self._all()
        for place in range(bisect_right(instants, _microseconds(start)), bisect_left(instants, _microseconds(end))):
            yield Step(_instant(instants[place]), *_live(weights[place]))

    def _all(self) -> _Merged:
        if self._merged is None:
            self._merged = _merged(self._pieces.rows)
        return self._merged

    def _runs(self, threshold: int, apart: int) -> _Runs:
        found = self._high.get((threshold, apart))
        if found is None:
            found = self._high[threshold, apart] = _runs_of(self._all(), threshold << NUMBER_BITS, apart)
        return found


NO_STEPS = Steps()
"""No wedding at all."""


def sweep(rows: Iterable[tuple[str, str, int, int, int]]) -> tuple[Steps, dict[str, Steps]]:
    """Return the step function of rows (`Row`) in any order, and that of the rows of each part.

    Rows with the same reference, start and end are one wedding, which weighs what the heaviest of them weighs. Rows of
    one reference with different times all count in load; in number they count once at a time. All that holds for the
    whole, and within each part.
    """
    alone, several = _apart(list(rows))
    parts = _by_part(alone)
    shared: defaultdict[str, list[_AnyRow]] = defaultdict(list)
    for row in several:
        shared[row[0]].append(row)
    for part, rows_of_it in shared.items():
        packed = parts.setdefault(part, bytearray())
        for piece in _shared(rows_of_it):
            packed += _PACKED.pack(*piece)
    whole = chain(alone, (("", "", *piece) for piece in _shared(several)))
    return Steps(merged=_merged(whole)), {part: Steps(_Pieces.of(packed)) for part, packed in parts.items()}


def _by_part(rows: Iterable[_AnyRow]) -> dict[str, bytearray]:
    """Return the pieces of each part, packed."""
    # In one pass: the rows lie apart in memory, and to read them once more for each part takes five times as long.
    parts: dict[str, bytearray] = {}
    pack = _PACKED.pack
    for part, _reference, start, end, weight in rows:
        try:
            parts[part] += pack(start, end, weight)
        except KeyError:
            parts[part] = bytearray(pack(start, end, weight))
    return parts


def _apart(rows: list[_AnyRow]) -> tuple[list[_AnyRow], list[_AnyRow]]:
    """Return the rows whose reference is theirs alone, and the others."""
    if len(set(map(itemgetter(1), rows))) == len(rows):
        return rows, []
    times = Counter(row[1] for row in rows)
    return [r for r in rows if times[r[1]] == 1], [r for r in rows if times[r[1]] > 1]


def _shared(rows: Iterable[_AnyRow]) -> Iterator[_Piece]:
    """Yield the pieces of rows whose reference is not theirs alone: those of load, and those of number."""
    heaviest: defaultdict[str, dict[tuple[int, int], int]] = defaultdict(dict)
    for _part, reference, start, end, weight in rows:
        own = heaviest[reference]
        own[start, end] = max(weight - 1, own.get((start, end), 0))
    for own in heaviest.values():
        times = sorted(own)
        first, last = times[0]
        for start, end in times:
            yield start, end, own[start, end]
            if start > last:
                yield first, last, 1
                first, last = start, end
            last = max(last, end)
        yield first, last, 1


def _merged(rows: Iterable[_AnyRow]) -> _Merged:
    """Add rows up that are each a wedding, or a piece, of their own."""
    added: dict[int, int] = {}
    get = added.get
    # What begins together mostly comes together: readers go by an index.
    since = begun = 0
    for _part, _reference, start, end, weight in rows:
        if start == since:
            begun += weight
        else:
            added[since] = get(since, 0) + begun
            since, begun = start, weight
        added[end] = get(end, 0) - weight
    added[since] = get(since, 0) + begun
    # Where one comes as its like goes there is no step.
    instants = sorted([at for at, weight in added.items() if weight])
    return _Merged(instants, list(accumulate(map(added.__getitem__, instants))))


def _places(column: array[int], value: int) -> Iterator[int]:
    """Yield where a value stands."""
    place = -1
    while True:
        try:
            place = column.index(value, place + 1)
        except ValueError:
            return
        yield place


def _live(weight: int) -> Live:
    return Live(weight >> NUMBER_BITS, weight & _NUMBERS)


def _runs_of(merged: _Merged, threshold: int, apart: int) -> _Runs:
    """Return the runs of weights of at least `threshold`; those with at most `apart` between them are one."""
    instants, weights = merged
    starts: list[int] = []
    ends: list[int] = []
    peaks: list[int] = []
    inside = False
    for place, weight in enumerate(weights):
        if weight < threshold:
            if inside:
                ends.append(instants[place])
                inside = False
        elif inside:
            if weight >> NUMBER_BITS > weights[peaks[-1]] >> NUMBER_BITS:
                peaks[-1] = place
        else:
            inside = True
            if ends and instants[place] - ends[-1] <= apart:
                ends.pop()
                if weight >> NUMBER_BITS > weights[peaks[-1]] >> NUMBER_BITS:
                    peaks[-1] = place
            else:
                starts.append(instants[place])
                peaks.append(place)
    return _Runs(starts, ends, peaks)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(0, 0, microseconds)
