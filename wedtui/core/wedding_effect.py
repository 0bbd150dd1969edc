"""What one wedding does: the load that it adds to all that is live, and what is frozen because of it.

The rules are those of `load` and `freeze_weddings`; here they are asked about one wedding, for every view alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from wedtui.core.calendar import CalendarFacts
from wedtui.core.freeze_weddings import LOAD, takes_part, wedding_spans
from wedtui.core.load import Peak
from wedtui.core.protection import THRESHOLDS
from wedtui.core.wedding import Wedding, standard
from wedtui.core.wording import wall_clock
from wedtui.core.zones import is_readable

_INSTANT = timedelta(microseconds=1)


def peak_of(found: Wedding, calendar: CalendarFacts) -> Peak:
    """Return how high the load of all gets while a wedding is live, and when first."""
    return calendar.steps.peak(found.start, found.end - _INSTANT)


def adds_words(found: Wedding, calendar: CalendarFacts, now: datetime) -> str:
    """Say how much load a wedding adds, how high that of all gets while it is live, and which level that means.

    `adds 2 of the load of all, which gets to 76.9 at 16:00 BST: MAXIMUM from 25`.

    Args:
        found: one of the calendar.
        calendar: the weddings known around it.
        now: an aware instant.
    """
    peak = peak_of(found, calendar)
    if peak.load <= found.load:
        words = f"adds {standard(found.load)}, which is all the load while it is live"
    else:
        at = wall_clock(peak.at, clock_of(found), now)
        words = f"adds {standard(found.load)} to the load of all, which gets to {standard(peak.load)} at {at}"
    level = next((f"{level} from {standard(least)}" for level, least in THRESHOLDS.items() if peak.load >= least), "")
    return f"{words}: {level}" if level else words


def freezes_words(found: Wedding, calendar: CalendarFacts, now: datetime) -> Iterator[str]:
    """Yield what is frozen because of a wedding: the hours around many guests, and the weekend where its venue is.

    Args:
        found: one of the calendar.
        calendar: the weddings known around it.
        now: an aware instant.
    """
    for span in wedding_spans(calendar, found.start, found.end):
        start, end = (wall_clock(at, clock_of(found), now) for at in (span.start, span.end))
        when, why = f"from {start} to {end}", span.name.removeprefix("weddings: ")
        if not takes_part(calendar, span, found.start, found.end):
            yield f"nothing itself: others freeze production {when} ({why})"
        elif found.load >= LOAD:
            yield f"production, {when}: its own load of {standard(found.load)} suffices ({why})"
        else:
            yield f"production, {when}, together with others ({why})"
    yield f"weekly windows that it overlaps count in {found.zone} too"


def clock_of(found: Wedding) -> str:
    """Return the zone by whose clock a wedding is spoken of: its venue's, or UTC where that cannot be read."""
    return found.zone if is_readable(found.zone) else "UTC"
