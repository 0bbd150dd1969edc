"""A protection verdict in words, the same in every view: who is live, the level and its end, the load and its peak."""

from __future__ import annotations

from datetime import datetime, timedelta

from wedtui.core.calendar import Freshness
from wedtui.core.protection import AHEAD, ProtectionVerdict
from wedtui.core.season import Protection
from wedtui.core.wedding import standard
from wedtui.core.wording import counted, venue_clock, wall_clock


def until_words(verdict: ProtectionVerdict, now: datetime, *, there: bool = False) -> str:
    """Return the level and how long it lasts, as far as is known: `MAXIMUM until 23:30 BST`, `at least NORMAL`.

    What follows is named where it is worse, `NORMAL until 21:59 UTC, then HIGH`: a calm that ends is no all-clear.

    Args:
        verdict: the answer for an instant.
        now: an aware instant.
        there: whether the hour stands beside it where the weddings are that decide it.
    """
    more = verdict.beyond and verdict.level is not Protection.MAXIMUM
    level = f"at least {verdict.level}" if more else f"{verdict.level}"
    if verdict.until is None:
        if verdict.known_to is None:
            return f"{level} until the calendar is known" if verdict.unknown else level
        return f"{level} at least until {wall_clock(verdict.known_to, verdict.zone, now)}"
    worse = f", then {verdict.next_level}" if gets_worse(verdict) else ""
    own = there_words(verdict) if there else ""
    return f"{level} until {wall_clock(verdict.until, verdict.zone, now)}{own}{worse}"


def then_words(verdict: ProtectionVerdict) -> str:
    """Return what follows where `until_words` does not say it: `then NORMAL`; nothing where nothing is known to."""
    if verdict.until is None or verdict.next_level is None or gets_worse(verdict):
        return ""
    return f"then {verdict.next_level}"


def gets_worse(verdict: ProtectionVerdict) -> bool:
    """Whether a higher level follows."""
    return verdict.next_level is not None and verdict.next_level.rank > verdict.level.rank


def live_words(verdict: ProtectionVerdict) -> str:
    """Return how many weddings are live, and whether that can be believed: `53 weddings live`."""
    words = f"{counted(verdict.live.weddings, 'wedding')} live"
    if verdict.peak is None:
        return "no wedding calendar" if verdict.calendar is Freshness.MISSING else "live weddings unknown"
    return words if verdict.calendar is Freshness.FRESH else f"{words} as last known"


def there_words(verdict: ProtectionVerdict) -> str:
    """Return when that is where the weddings are that decide it, to follow `until_words`: ` (22:30 Kolkata)`."""
    return "" if verdict.until is None else venue_clock(verdict.until, verdict.decides, verdict.zone)


def peak_words(verdict: ProtectionVerdict) -> str:
    """Say how high the load gets where there is little room: `4 h peak 62.8`; nothing where no calendar is known."""
    if verdict.peak is None:
        return ""
    return f"{AHEAD // timedelta(hours=1)} h peak {standard(verdict.peak.load)}"


def load_words(verdict: ProtectionVerdict, at: datetime, *, word: str = "now") -> str:
    """Say how high the load is and how high it gets: `load 41.2 now, 4 h peak 76.9 at 16:00 BST`.

    It is nothing where no calendar is known. For how long ahead is said, as a day may get higher later.

    Args:
        verdict: the answer for an instant.
        at: that instant.
        word: how it is called: `now`, or `then` of another one.
    """
    if verdict.peak is None:
        return ""
    here, window = f"load {standard(verdict.live.load)} {word}", f"{AHEAD // timedelta(hours=1)} h"
    if verdict.peak.load <= verdict.live.load:
        return f"{here}, no higher in the next {window}"
    peak = f"{standard(verdict.peak.load)} at {wall_clock(verdict.peak.at, verdict.zone, at)}"
    return f"{here}, {window} peak {peak}"
