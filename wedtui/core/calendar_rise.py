"""What a reading of weddings that is not taken would make of the protection level: nobody may learn that too late."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from wedtui.core.freeze_windows import shifted
from wedtui.core.load import Steps
from wedtui.core.protection import AHEAD, THRESHOLDS
from wedtui.core.season import Protection

_MINUTE = 60_000_000

_Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Rise:
    """A level that the calendar would ask for with a reading, over [start, end), and does not without it."""

    level: Protection
    start: datetime
    end: datetime

    @property
    def words(self) -> str:
        """A clause that follows what is wrong with the reading."""
        day = "" if self.start.date() == self.end.date() else f"{self.end:%Y-%m-%d} "
        return (
            f"with it the level would be {self.level} from {self.start:%Y-%m-%d %H:%M} to {day}{self.end:%H:%M} UTC, "
            "by the calendar"
        )


class Minutes:
    """A load over some days, added up by the minute: of a million weddings it takes no more memory than of one.

    Weddings begin and end at whole minutes. Where one does not, it counts in all minutes that it touches, or only in
    those that it fills: so a rise from the first to the second is never said of what is none.
    """

    def __init__(self, since: int, until: int, *, touched: bool) -> None:
        """Begin with nothing.

        Args:
            since: in microseconds, a whole minute; what began before it counts from here on.
            until: likewise; what ends later counts up to here.
            touched: whether a minute of which a wedding takes a part counts as its own.
        """
        self._since = since
        self._changes = array("q", bytes(8 * ((until - since) // _MINUTE + 1)))
        self._at_start, self._at_end = (0, _MINUTE - 1) if touched else (_MINUTE - 1, 0)

    def add(self, starts_at: int, ends_at: int, load: int) -> None:
        """Add a load in [starts_at, ends_at)."""
        last = len(self._changes) - 1
        first = max(0, (starts_at + self._at_start - self._since) // _MINUTE)
        end = min(last, (ends_at + self._at_end - self._since) // _MINUTE)
        if first < end:
            self._changes[first] += load
            self._changes[end] -= load

    def steps(self) -> Steps:
        """Return what it came to."""
        changes = enumerate(self._changes)
        return Steps.changing((self._since + place * _MINUTE, change) for place, change in changes if change)


def rise(without: Steps, with_it: Steps, now: datetime, until: datetime) -> Rise | None:
    """Return the highest level that a reading would bring within [now, until], the first time; None: it brings none.

    Args:
        without: the load of what counts.
        with_it: the load as it would be.
        now: an aware instant.
        until: an aware instant; up to here the loads are whole.
    """
    for level, threshold in THRESHOLDS.items():
        had = list(_spans(without, threshold, now, until))
        for start, end in _spans(with_it, threshold, now, until):
            for left in _beside((max(start, now), end), had):
                return Rise(level, *left)
    return None


def _spans(steps: Steps, threshold: int, now: datetime, until: datetime) -> Iterator[_Span]:
    """Yield when the level of a threshold holds at least, in order; what touches is one."""
    for stretch in steps.stretches(threshold, now, until, apart=AHEAD):
        if stretch.end > now:
            yield shifted(stretch.start, -AHEAD), stretch.end


def _beside(span: _Span, others: Iterable[_Span]) -> Iterator[_Span]:
    """Yield what of a span none of the others, which are in order, covers."""
    start, end = span
    for began, ended in others:
        if start >= end:
            return
        if start < began:
            yield start, min(began, end)
        start = max(start, ended)
    if start < end:
        yield start, end
