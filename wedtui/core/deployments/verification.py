"""How a release did, from what was measured before it and since: over its soak, and for a day afterwards.

What is measured is compared with a limit, and with what it was before. Data that is missing is no good sign: as long as
the soak lasts it means "not yet", and at its end it means that the release failed.
Source: DESIGN, "Deployments" ("no data never promotes").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import fmean

from wedtui.core.checks import Check, Result
from wedtui.core.evidence import FUTURE_TOLERANCE
from wedtui.core.wording import duration, figure

BAD_IN_A_ROW = 2
"""So many samples in a row that are too bad end a release: one alone may be a hiccup."""
LEAST_BEFORE = 3
"""So many samples of before it takes to compare with."""
STALE_AFTER = timedelta(seconds=90)
"""A sample says something for so long at most."""
WAITS_FOR = timedelta(minutes=10)
"""So long after its soak a release is watched on for data that is missing; from then on it has failed."""


class Judgement(StrEnum):
    """What comes of a look."""

    NOT_YET = "not yet"
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Watched:
    """One signal that a template has watched; higher is worse."""

    signal: str
    above: float | None = None
    """It is too bad above this, in the unit of the signal."""
    times_before: float | None = None
    """It is too bad above so many times what it was before, on average."""
    at_least: float = 0.0
    """It is compared with before only above this: twice next to nothing is next to nothing."""
    stale_after: timedelta = STALE_AFTER


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one signal: (instant, value), in the order of time."""

    signal: str
    before: Sequence[float]
    """In as long a time before the release as it soaks."""
    since: Sequence[tuple[datetime, float]]
    """Since its version was everywhere."""


@dataclass(frozen=True, slots=True)
class Soak:
    """Over which time is judged."""

    placed_at: datetime
    """When its version was everywhere."""
    lasts: timedelta

    @property
    def ends_at(self) -> datetime:
        """When it has been watched for long enough, if nothing is missing."""
        return self.placed_at + self.lasts

    @property
    def given_up_at(self) -> datetime:
        """From when on what is missing is not waited for any more."""
        return self.ends_at + WAITS_FOR


@dataclass(frozen=True, slots=True)
class Verification:
    """What one look says of a release."""

    judgement: Judgement
    sentence: str
    checks: tuple[Check, ...]


def judge(watched: Sequence[Watched], measured: Iterable[Measured], soak: Soak, now: datetime) -> Verification:
    """Say how a release did up to an instant.

    A signal that was too bad twice in a row, at any time since, ends it at once. It is good once every signal is known
    to have been good for as long as its soak: time of which nothing was measured is watched again, and is no reason to
    take it back before `WAITS_FOR` is over. Where the clock went back behind its beginning nothing is known.

    Args:
        watched: what its template has watched; nothing is good without any of it.
        measured: what there is of each signal.
        soak: over which time.
        now: an aware instant.
    """
    known = {each.signal: each for each in measured}
    checks = tuple(_check(each, known.get(each.signal), soak, now) for each in watched)
    worst = [each.sentence for each in checks if each.result is Result.FAIL]
    if worst:
        return Verification(Judgement.BAD, "; ".join(worst), checks)
    missing = [each.sentence for each in checks if each.result is Result.UNKNOWN]
    if not watched:
        missing = ["nothing is configured to be watched"]
    if soak.placed_at - now > FUTURE_TOLERANCE:
        return Verification(Judgement.NOT_YET, "the clock went back behind its beginning", checks)
    if now < soak.ends_at:
        left = f"{duration(soak.ends_at - now)} of its soak left"
        return Verification(Judgement.NOT_YET, "; ".join([left, *missing]), checks)
    if not missing:
        return Verification(Judgement.GOOD, f"watched for {duration(soak.lasts)}, and all is well", checks)
    if now < soak.given_up_at:
        left = f"what is missing is waited for, {duration(soak.given_up_at - now)} more"
        return Verification(Judgement.NOT_YET, "; ".join([left, *missing]), checks)
    return Verification(Judgement.BAD, f"its soak is over, and not all is known: {'; '.join(missing)}", checks)


def _check(each: Watched, found: Measured | None, soak: Soak, now: datetime) -> Check:
    """Judge one signal."""
    rule = f"watched:{each.signal}"
    since = [(at, value) for at, value in (found.since if found else ()) if soak.placed_at <= at <= now]
    limits, unknown = _limits(each, found)
    if limits and (worst := _too_bad(since, min(limits)[0])) is not None:
        return Check(rule, Result.FAIL, f"{each.signal} was {figure(worst[1])}, {min(limits)[1]}", worst[0])
    if unknown:
        return Check(rule, Result.UNKNOWN, f"{each.signal}: {unknown}")
    if not since:
        return Check(rule, Result.UNKNOWN, f"{each.signal} was not measured since")
    at, value = since[-1]
    limit, how = min(limits)
    lacks = min(soak.lasts, now - soak.placed_at) - _covered(since, soak, each.stale_after, now)
    if now - at > each.stale_after:
        missing = "is not measured any more"
    elif not value <= limit:
        missing = f"is {figure(value)}, once {how}"
    elif lacks > timedelta():
        missing = f"has {duration(lacks)} of its soak without a sample"
    else:
        return Check(rule, Result.PASS, f"{each.signal} is {figure(value)}, not above {figure(limit)}", at)
    return Check(rule, Result.UNKNOWN, f"{each.signal} {missing}", at)


def _too_bad(since: Sequence[tuple[datetime, float]], limit: float) -> tuple[datetime, float] | None:
    """Return the last of the first samples in a row that were too bad; None where there are no so many."""
    row = 0
    for at, value in since:
        row = 0 if value <= limit else row + 1
        if row == BAD_IN_A_ROW:
            return at, value
    return None


def _covered(since: Sequence[tuple[datetime, float]], soak: Soak, stale_after: timedelta, now: datetime) -> timedelta:
    """Return of how much of the time since its version was everywhere something is known."""
    covered, until = timedelta(), soak.placed_at
    if since and since[0][0] - soak.placed_at <= stale_after:
        # The first sample of a rhythm comes within it.
        covered, until = since[0][0] - soak.placed_at, since[0][0]
    for at, _ in since:
        ends = min(at + stale_after, now)
        covered += max(ends - max(at, until), timedelta())
        until = max(until, ends)
    return covered


def _limits(each: Watched, found: Measured | None) -> tuple[list[tuple[float, str]], str]:
    """Return above what it is too bad and how that is said; and what is not known of that."""
    limits: list[tuple[float, str]] = []
    if each.above is not None:
        limits.append((each.above, f"above {figure(each.above)}"))
    if each.times_before is not None:
        before = found.before if found is not None else ()
        if len(before) < LEAST_BEFORE:
            return limits, "what it was before is not known"
        usual = fmean(before)
        limit = max(usual * each.times_before, each.at_least)
        limits.append((limit, f"above {figure(limit)}, when it was {figure(usual)} before"))
    return limits, "" if limits else "no limit is configured"
