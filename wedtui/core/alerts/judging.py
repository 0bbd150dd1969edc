"""Does a condition hold? Yes, no, or not known; and which evidence says so.

What is old, missing, unreadable or no number is not known, and `and` and `or` go by that: of `a or b` one that holds is
enough, and it is denied only where both are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from wedtui.core.alerts.condition import Burn, Comparison, Condition, Function, Joined, Term
from wedtui.core.alerts.track import Track

HOLDS_FROM = 0.5
"""The share of a window that has to be known before anything is wrong by it."""
DENIED_FROM = 0.9
"""The share of a window that has to be known before it says that all is well: the worst may be what is missing."""


class Judged(NamedTuple):
    """The answer at an instant."""

    holds: bool | None
    """None where it is not known."""
    support: datetime | None = None
    """When the oldest of the newest samples was measured on which the answer rests."""
    value: float | None = None
    """What was measured, where it is known."""


_UNKNOWN = Judged(None)


class Question(NamedTuple):
    """Of what, and when."""

    tracks: Mapping[str, Track]
    """By signal; what has none was never measured."""
    at: datetime
    """Samples count that were measured up to then."""
    now: datetime
    """How old they are is counted up to then."""
    good: bool = False
    """Whether the condition says that all is well, so that more has to be known before it holds."""


def judge(condition: Condition, asked: Question) -> Judged:
    """Say whether a condition holds."""
    if isinstance(condition, Comparison):
        if condition.divisor is None and condition.term.function is Function.NEWEST:
            return _plain(condition, asked)
        return _compared(condition, asked)
    if isinstance(condition, Burn):
        return _burning(condition, asked)
    return _joined(condition, asked)


def _plain(condition: Comparison, asked: Question) -> Judged:
    """Judge the newest value alone: what nearly every rule asks, ten thousand times a round."""
    track = asked.tracks.get(condition.term.signal)
    if track is None:
        return _UNKNOWN
    place = track.place(asked.at)
    if place < 0 or not track.is_fresh(place, asked.now):
        return _UNKNOWN
    value, at = track.value(place), track.instant(place)
    if not math.isfinite(value):
        return _UNKNOWN
    limit = condition.limit.number
    if condition.limit.normal:
        usual = None if track.usual is None else track.usual.at(at)
        if usual is None or usual <= 0:
            return _UNKNOWN
        limit *= usual
    return Judged(condition.compare(value, limit), at, value)


class _Measured(NamedTuple):
    value: float
    known: float
    """The share of the window that is known."""
    support: datetime


def _measured(term: Term, asked: Question) -> _Measured | None:
    track = asked.tracks.get(term.signal)
    place = -1 if track is None else track.place(asked.at)
    if track is None or not track.is_fresh(place, asked.now):
        return None
    at = track.instant(place)
    if term.function is Function.NEWEST:
        value = track.value(place)
        return _Measured(value, 1.0, at) if math.isfinite(value) else None
    held = track.window(place, term.window)
    if not held.covered:
        return None
    amount = held.rise if term.function is Function.RATE else held.area
    return _Measured(amount / held.covered, held.covered / term.window.total_seconds(), at)


def _compared(condition: Comparison, asked: Question) -> Judged:
    found = _measured(condition.term, asked)
    if found is None:
        return _UNKNOWN
    if condition.divisor is not None:
        below = _measured(condition.divisor, asked)
        if below is None or below.value == 0:
            return _UNKNOWN  # of no requests, nobody knows how many would have failed
        found = _Measured(found.value / below.value, min(found.known, below.known), min(found.support, below.support))
    return _weighed(condition.compare(found.value, condition.limit.number), found, asked)


def _burning(burn: Burn, asked: Question) -> Judged:
    """Judge each window; the first names what was measured."""
    answers = []
    for window in burn.windows:
        if burn.total is None:
            found = _measured(Term(burn.bad, Function.AVG, window), asked)
        else:
            found = _share(burn.bad, burn.total, window, asked)
        if found is None:
            answers.append(_UNKNOWN)
            continue
        found = found._replace(value=found.value / (1 - burn.objective))
        answers.append(_weighed(found.value > burn.factor, found, asked))
    return _all_of(answers)


def _share(bad: str, total: str, window: timedelta, asked: Question) -> _Measured | None:
    """Return which share of a counter's rise another one's is."""
    part = _measured(Term(bad, Function.RATE, window), asked)
    whole = _measured(Term(total, Function.RATE, window), asked)
    if part is None or whole is None or whole.value == 0:
        return None  # of no requests, nobody knows how many would have failed
    return _Measured(part.value / whole.value, min(part.known, whole.known), min(part.support, whole.support))


def _weighed(holds: bool, found: _Measured, asked: Question) -> Judged:
    needed = DENIED_FROM if asked.good or not holds else HOLDS_FROM
    # The dust of binary fractions: nine of ten minutes are 0.9.
    return Judged(holds if found.known >= needed - 1e-9 else None, found.support, found.value)


def _joined(condition: Joined, asked: Question) -> Judged:
    answers = [judge(part, asked) for part in condition.parts]
    return _all_of(answers) if condition.every else _any_of(answers)


def _all_of(answers: list[Judged]) -> Judged:
    """Return what is said by all: denied by one that is, and known only where nothing is missing."""
    denied = [each for each in answers if each.holds is False]
    if denied:
        return Judged(False, _oldest(denied), denied[0].value)
    if any(each.holds is None for each in answers):
        return _UNKNOWN
    return Judged(True, _oldest(answers), answers[0].value)


def _any_of(answers: list[Judged]) -> Judged:
    held = [each for each in answers if each.holds]
    if held:
        return Judged(True, _oldest(held), held[0].value)
    if any(each.holds is None for each in answers):
        return _UNKNOWN
    return Judged(False, _oldest(answers), answers[0].value)


def _oldest(answers: list[Judged]) -> datetime | None:
    return min((each.support for each in answers if each.support is not None), default=None)
