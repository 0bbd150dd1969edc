"""When a reading of a source of weddings is not believed: it lost too much of what is still to come.

A source that loses more than half of its weddings, or of their load, is broken more often than it is right. So that
none wastes away by halves, what it lost within the last day counts along; a person who accepts a reading ends that.
Source: DESIGN, "Freeze" (a feed that has lost more than half) and issue "Weddings".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from wedtui.core.wedding import UNITS

REMEMBERED = timedelta(hours=24)
"""So long a loss counts along, unless its wedding would be over before."""
SOON = timedelta(hours=24)
"""What begins within this is judged by itself: a calendar may be full and yet be empty tonight."""
SOON_FROM = 8 * UNITS
"""Load of what is soon from which that is done: under it a wedding or two may be called off."""


class Coming(NamedTuple):
    """What is not over of a calendar."""

    weddings: int = 0
    """Distinct references, without those that have begun and are only not listed any more: they stay to their end."""
    load: int = 0
    """Units."""
    soon: int = 0
    """Units of what is live or begins within `SOON`."""


class Loss(NamedTuple):
    """What readings took away, for as long as it counts along."""

    until: int
    """Microseconds since 1970 in UTC."""
    weddings: int
    load: int
    """Units."""
    soon: int
    """Units."""


def questionable(before: Coming, after: Coming, losses: Iterable[Loss] = ()) -> str | None:
    """Say what a whole reading lost more than half of; None where it is to be believed.

    Args:
        before: what was known.
        after: what is left of that: `weddings` without what is new in the reading, loads with it.
        losses: what readings before it took away and what still counts.
    """
    earlier = Coming(*(sum(column) for column in list(zip(*losses, strict=True))[1:]))
    whole = Coming(*(known + lost for known, lost in zip(before, earlier, strict=True)))
    over = f" within {REMEMBERED // timedelta(hours=1)} h" if any(earlier) else ""
    if after.weddings < before.weddings and 2 * after.weddings < whole.weddings:
        return f"more than half of its {whole.weddings:,} coming weddings{over}"
    if after.load < before.load and 2 * after.load < whole.load:
        return f"more than half of the load of its coming weddings{over}"
    if after.soon < before.soon and 2 * after.soon < whole.soon and whole.soon >= SOON_FROM:
        return f"more than half of the load of the next {SOON // timedelta(hours=1)} h{over}"
    return None


def remembered(losses: Iterable[Loss], new: Iterable[Loss], found: Coming, now: int) -> tuple[Loss, ...]:
    """Return what counts along with the next reading, by when that ends.

    Args:
        losses: what counted along with this one.
        new: what this one took away.
        found: what this one brought that was not known: of what was lost before, so much is not lost any more.
        now: in microseconds; what ended before does not count any more.
    """
    left = list(found)
    sums: dict[int, list[int]] = {}
    for loss in sorted(losses, reverse=True):
        for place, lost in enumerate(loss[1:]):
            back = min(left[place], lost)
            left[place] -= back
            sums.setdefault(loss.until, [0, 0, 0])[place] += lost - back
    for loss in new:
        here = sums.setdefault(loss.until, [0, 0, 0])
        sums[loss.until] = [had + lost for had, lost in zip(here, loss[1:], strict=True)]
    return tuple(Loss(until, *sums[until]) for until in sorted(sums) if until > now and any(sums[until]))
