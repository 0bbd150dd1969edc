"""How much each provider can take: caps from capacity and the peak that has to be served.

Source: DESIGN, "Traffic and failover": the cap is floor(100 x capacity / (1.3 x peak)), the peak being the larger of
the last 24 h observed and the next 4 h planned. What is not known is no room.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from wedtui.core.calendar import CalendarFacts
from wedtui.core.checks import Check, Result, Stops
from wedtui.core.evidence import Freshness, fresh_for, freshness
from wedtui.core.failover_facts import Facts, Kind, Measured, Request
from wedtui.core.protection import ProtectionVerdict
from wedtui.core.shares import cap
from wedtui.core.traffic import Place
from wedtui.core.wedding import UNITS
from wedtui.core.wording import compact_duration, listed
from wedtui.core.wording import figure as words

OBSERVED = timedelta(hours=24)
"""Of the observed peak."""
KNOWN_AT_LEAST = 0.9
"""So much of those has to be known of each provider whose load counts: else the busiest hour may be what is missing."""
STEP = timedelta(minutes=10)
"""By so much at a time it is looked whether anything is known; charts keep two values of every five minutes."""


@dataclass(frozen=True, slots=True)
class Demand:
    """How many requests a second are made, all providers together, as the configuration says."""

    per_wedding: float
    """By each standard wedding that is live."""
    base: float = 0.0
    """By everybody else, at the busiest time of day."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The requests a second that have to be served, and what that rests on."""

    value: float | None
    """None where no peak is known: then nobody is known to have room."""
    checks: tuple[Check, Check]


@dataclass(frozen=True, slots=True)
class Room:
    """One provider's room, as a panel shows it."""

    provider: str
    before: int
    after: int
    """Percent, all its regions together."""
    cap: int | None
    """Percent; None where it is not known."""
    capacity: float | None
    """Requests a second."""
    spare: float | None
    """Requests a second that are left at the peak after the change; under 0: so many cannot be served."""


def planned_peak(demand: Demand | None, calendar: CalendarFacts, verdict: ProtectionVerdict) -> Measured:
    """Return the peak of the next 4 h by the weddings that are known to come, as old as the calendar is.

    Args:
        demand: what a wedding asks for; None where nobody said: then nothing is planned.
        calendar: by which protection was judged.
        verdict: that judgement, with the peak load.
    """
    if demand is None or verdict.peak is None:
        return Measured()
    value = demand.base + demand.per_wedding * verdict.peak.load / UNITS
    ends = min((source.stale_from for source in calendar.sources if source.stale_from is not None), default=None)
    # Evidence is fresh for two of its intervals: so this is for as long as the calendar that it rests on.
    if ends is None or verdict.read_at is None or calendar.problem is not None:
        return Measured(value, verdict.read_at, timedelta())
    return Measured(value, verdict.read_at, max((ends - verdict.read_at) / 2, timedelta()))


def known_for(instants: Iterable[datetime], interval: timedelta, now: datetime) -> timedelta:
    """Return for how much of the last 24 h something is known.

    Args:
        instants: when there was a value.
        interval: how often it is asked for; for two of these a value stands, and for 10 minutes at least.
        now: an aware instant.
    """
    step = max(STEP, fresh_for(interval))
    ages = (now - at for at in instants)
    return min(OBSERVED, step * len({age // step for age in ages if timedelta() <= age < OBSERVED}))


def served_together(minutes: Mapping[str, Mapping[int, float]], intervals: Mapping[str, timedelta]) -> float | None:
    """Return the most that all providers together served for two minutes in a row; None where nothing is known.

    Not the highest value of each: traffic that moved was served by both, one after the other, and is one. Nor the
    highest minute alone: what is asked for once a minute is asked of one provider before and of another after a move.

    Args:
        minutes: provider -> number of a minute -> what it served then on average (requests/s).
        intervals: provider -> how often it is asked for; for so long a value stands where none came.
    """
    known = sorted(set().union(*minutes.values()))
    totals = dict.fromkeys(known, 0.0)
    for name, values in minutes.items():
        stands = max(1, math.ceil(intervals[name] / timedelta(minutes=1)))
        last: int | None = None
        for minute in known:
            last = minute if minute in values else last
            if last is not None and minute - last <= stands:
                totals[minute] += values[last]
    held = [min(totals[one], totals[other]) for one, other in itertools.pairwise(known)]
    return max(held or totals.values(), default=None)


def loaded(request: Request, before: Mapping[Place, int]) -> frozenset[str]:
    """Return the providers whose requests make up what has to be served: who has a share, or is to have it back."""
    back = request.to if request.kind is Kind.FAILBACK and request.to is not None else {}
    return frozenset(place.provider for shares in (before, back) for place, share in shares.items() if share > 0)


def peak_of(facts: Facts, now: datetime, whose: Collection[str] = ()) -> Peak:
    """Return the larger of the observed and the planned peak.

    An old figure still raises the peak, so that losing it makes no room; but a peak that rests on old figures alone
    is none. So does one of some hours, or of some providers, which may be a fraction of what has to be served. Where
    one of both is not known the check says so, and the service does not act by itself.

    Args:
        facts: what is known.
        now: an aware instant.
        whose: the providers of whom enough of the last 24 h has to be known.
    """
    observed = _figure("peak-observed", "the peak of the last 24 h", facts.observed, now, least=True)
    observed = _of_enough(observed, facts, whose)
    planned = _figure("peak-planned", "the peak planned for the next 4 h", facts.planned, now, least=False)
    both = (facts.observed.value, facts.planned.value)
    known = [value for value in both if value is not None and _is_figure(value)]
    value = max(known, default=0.0)
    return Peak(value if value > 0 and (observed.passed or planned.passed) else None, (observed, planned))


def _of_enough(observed: Check, facts: Facts, whose: Collection[str]) -> Check:
    """Return the answer about the observed peak; what was measured for too little of the time is not known."""
    known = {name: facts.known_for.get(name, timedelta()) for name in sorted(whose)}
    missing = {name: span for name, span in known.items() if span < KNOWN_AT_LEAST * OBSERVED}
    if not observed.passed or not missing:
        return observed
    measured = (f"{compact_duration(span) if span else 'nothing'} of {name}" for name, span in missing.items())
    why = f"measured are {listed(tuple(measured))}"
    least = f"the peak of the last 24 h is at least {words(facts.observed.value or 0)} requests/s"
    sentence = f"{least}, and not known: {why}"
    return replace(observed, result=Result.UNKNOWN, sentence=sentence)


def _is_figure(value: float) -> bool:
    return math.isfinite(value) and value >= 0


def _figure(rule: str, name: str, figure: Measured, now: datetime, *, least: bool) -> Check:
    """Answer whether a peak is known; with `least`, 0 is none: nothing was measured, or nothing is served."""
    age = freshness(figure.measured_at, figure.interval, now)
    if figure.value is None or age is Freshness.MISSING:
        why = "is not known"
    elif not _is_figure(figure.value) or (least and figure.value == 0):
        why = f"is {words(figure.value)} requests/s, which is no peak to go by"
    elif age is not Freshness.FRESH:
        why = (
            "is dated in the future" if age is Freshness.FUTURE else f"is old: it was {words(figure.value)} requests/s"
        )
    else:
        return Check(
            rule, Result.PASS, f"{name} is {words(figure.value)} requests/s", figure.measured_at, stops=Stops.AUTOMATIC
        )
    return Check(rule, Result.UNKNOWN, f"{name} {why}", figure.measured_at, stops=Stops.AUTOMATIC)


def caps_of(facts: Facts, peak: float | None) -> dict[str, int]:
    """Return the largest share (percent) of each provider for which one can be told."""
    if peak is None:
        return {}
    return {
        provider.name: cap(provider.capacity, peak)
        for provider in facts.providers
        if provider.capacity is not None and _is_figure(provider.capacity)
    }


def rooms_of(
    before: Mapping[str, int], after: Mapping[str, int], facts: Facts, caps: Mapping[str, int], peak: float | None
) -> tuple[Room, ...]:
    """Return the room of every provider with a record, by name."""
    found = []
    for name, share in sorted(before.items()):
        capacity = facts.provider(name).capacity
        capacity = capacity if capacity is not None and _is_figure(capacity) else None
        spare = None if peak is None or capacity is None else capacity - peak * (after[name] / 100)
        spare = spare if spare is not None and math.isfinite(spare) else None
        found.append(Room(name, share, after[name], caps.get(name), capacity, spare))
    return tuple(found)
