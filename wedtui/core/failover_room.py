"""How much each provider can take: caps from capacity and the peak that has to be served.

Source: DESIGN, "Traffic and failover": the cap is floor(100 x capacity / (1.3 x peak)), the peak being the larger of
the last 24 h observed and the next 4 h planned. What is not known is no room.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from wedtui.core.calendar import CalendarFacts
from wedtui.core.checks import Check, Result, Stops
from wedtui.core.evidence import Freshness, freshness
from wedtui.core.failover_facts import Facts, Measured
from wedtui.core.protection import ProtectionVerdict
from wedtui.core.shares import cap
from wedtui.core.wedding import UNITS
from wedtui.core.wording import figure as words


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


def peak_of(facts: Facts, now: datetime) -> Peak:
    """Return the larger of the observed and the planned peak.

    An old figure still raises the peak, so that losing it makes no room; but a peak that rests on old figures alone
    is none. Where one of both is not known the check says so, and the service does not act by itself.
    """
    observed = _figure("peak-observed", "the peak of the last 24 h", facts.observed, now, least=True)
    planned = _figure("peak-planned", "the peak planned for the next 4 h", facts.planned, now, least=False)
    both = (facts.observed.value, facts.planned.value)
    known = [value for value in both if value is not None and _is_figure(value)]
    value = max(known, default=0.0)
    return Peak(value if value > 0 and (observed.passed or planned.passed) else None, (observed, planned))


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
