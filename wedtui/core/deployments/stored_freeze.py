"""What of a freeze is stored for the database itself to go by: absolute intervals, and up to when they are all.

They say the same as the evaluator does with the same facts, at every instant up to that; from then on nothing is known,
which means frozen. What persons freeze is not among them: the database reads that where it is written.
Source: DESIGN, "Deployments" (freeze checked "once more by a trigger in the database").
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from wedtui.core.freeze import FreezeFacts, Interval, Scope, intervals, verdict
from wedtui.core.freeze_period import Origin

STORED_FOR = timedelta(days=28)
"""So far ahead intervals are stored at most."""
TO_THE = timedelta(seconds=1)
"""So exactly it is known when a source runs out."""


class StoredFreeze(NamedTuple):
    """The intervals of one environment and service."""

    since: datetime
    """When they were made: before that they say nothing."""
    until: datetime
    """From here on nothing is known."""
    intervals: tuple[Interval, ...]
    """Those that begin before `until`, in their order."""


def stored_freeze(facts: FreezeFacts, scope: Scope, now: datetime) -> StoredFreeze:
    """Return what is to be stored of a freeze.

    Args:
        facts: everything that can freeze, as it is known at `now`, for all of `STORED_FOR`.
        scope: one environment and service.
        now: an aware instant.
    """
    lasting = without_persons(facts)
    until = _known_until(lasting, scope, now)
    found = intervals(lasting, now, until, scope, known_at=now)
    unknown = next((each for each in found if not each.is_end_known), None)
    if unknown is not None:
        # It is frozen from its beginning on in any case, and up to when is not known.
        until = max(now, min(until, unknown.start))
        found = tuple(each for each in found if each.end <= until)
    return StoredFreeze(now, until, found)


def without_persons(facts: FreezeFacts) -> FreezeFacts:
    """Return facts without what persons froze, or overrode."""
    kept = tuple(each for each in facts.periods if each.origin is not Origin.PERSON)
    return replace(facts, periods=kept, overrides=())


def _known_until(facts: FreezeFacts, scope: Scope, now: datetime) -> datetime:
    """Return up to when all that can freeze is known, if nothing is read any more: `now` where it is not.

    What runs out once stays so, until it is read again: the instant is found by halving.
    """

    def silent(at: datetime) -> bool:
        found = verdict(facts, at, scope)
        return bool(found.unreadable) or (found.known_to is not None and found.known_to <= at)

    if silent(now):
        return now
    good, bad = now, now + STORED_FOR
    if not silent(bad):
        return bad
    while bad - good > TO_THE:
        middle = good + (bad - good) / 2
        good, bad = (good, middle) if silent(middle) else (middle, bad)
    return good
