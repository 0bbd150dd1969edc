"""When a freeze lets a release start: the one place that asks the evaluator for one.

It may where nothing freezes it now, and where its run and its soak end before the next freeze begins; or where a
manager overrides the freeze for that one release. What is not known is frozen.
Source: DESIGN, "Freeze" and "Deployments".
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from wedtui.core.deployments.release import Release
from wedtui.core.freeze import FreezeFacts, Scope, Verdict, intervals, verdict
from wedtui.core.override import Override, override_of, override_words
from wedtui.core.text import single_line
from wedtui.core.wording import dated, duration, listed

LOOKS_AHEAD = timedelta(days=60)
"""So far the first instant is looked for at which a release may start."""
_REASONS_AT_MOST = 300


class Allowed(NamedTuple):
    """Whether a freeze lets a release start now, and else when one does."""

    now: bool
    sentence: str
    """Why not; where it does in a freeze, who overrode that. Nothing where nothing is frozen."""
    first: datetime | None = None
    """The first instant at which it may start; None where that is now, or where none is known."""
    override: Override | None = None
    """By what it may start although it is frozen."""
    unreadable: bool = False
    """Whether it is frozen because something cannot be read."""


def allowed(release: Release, facts: FreezeFacts, now: datetime) -> Allowed:
    """Say whether a freeze lets a release start at an instant, and else from when on.

    Args:
        release: which one.
        facts: everything that can freeze, as it is known at `now`.
        now: an aware instant.
    """
    scope = Scope(release.environment, release.service)
    found = verdict(facts, now, scope)
    if (given := override_of(facts.overrides, release.object, now)) is not None:
        sentence = f"a freeze is overridden for it: {override_words(given, now)}" if found.frozen else ""
        return Allowed(True, sentence, override=given)
    first = _first(release, facts, now, scope)
    if found.frozen:
        why = f"frozen: {single_line(listed(found.reasons), _REASONS_AT_MOST)}"
        return Allowed(False, why, first, unreadable=bool(found.unreadable))
    ends = _known_end(found)
    if ends is not None and now + release.needs > ends:
        clock = found.clock
        why = (
            f"it takes up to {duration(release.needs)} with its soak, and a freeze begins "
            f"{dated(ends, clock, now)} {clock}: {single_line(listed(found.next_reasons), _REASONS_AT_MOST)}"
        )
        if found.next_start is None:
            why = (
                f"it takes up to {duration(release.needs)} with its soak, and what is frozen is known up to "
                f"{dated(ends, clock, now)} {clock} only"
            )
        return Allowed(False, why, first)
    return Allowed(True, "")


def _known_end(found: Verdict) -> datetime | None:
    """Return up to when it is surely open; None: for longer than anybody looks."""
    known = [each for each in (found.next_start, found.known_to) if each is not None]
    return min(known, default=None)


def _first(release: Release, facts: FreezeFacts, now: datetime, scope: Scope) -> datetime | None:
    """Return the first instant from now on at which nothing freezes it up to its end; None where none is known."""
    start = now
    for each in intervals(facts, now, now + LOOKS_AHEAD, scope, known_at=now):
        if each.start - start >= release.needs:
            return start
        if not each.is_end_known:
            return None
        start = max(start, each.end)
    return start if start + release.needs <= now + LOOKS_AHEAD else None
