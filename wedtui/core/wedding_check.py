"""The check that every plan of an emergency has: who gets married now, and in the next 4 h."""

from __future__ import annotations

from wedtui.core.calendar import Freshness
from wedtui.core.checks import Check, Result, Stops
from wedtui.core.protection import ProtectionVerdict
from wedtui.core.protection_words import live_words
from wedtui.core.wedding import standard


def weddings_check(verdict: ProtectionVerdict | None) -> Check:
    """Say how many weddings are live now and how many at most at once in the next 4 h, and their load; stops nobody.

    Args:
        verdict: of now; None where it could not be judged.
    """
    if verdict is None:
        return Check("weddings", Result.UNKNOWN, "which weddings are live is not known", stops=Stops.NOBODY)
    words = live_words(verdict)
    if verdict.peak is not None:
        words += f", up to {verdict.most} at once in the next 4 h"
        words += f"; load {standard(verdict.live.load)} now, {standard(verdict.peak.load)} at its peak then"
    result = Result.PASS if verdict.calendar is Freshness.FRESH else Result.UNKNOWN
    return Check("weddings", result, words, verdict.read_at, Stops.NOBODY)
