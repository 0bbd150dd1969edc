"""A clock that leaps forward: what lasted five minutes before has lasted five minutes after. Pure.

Whoever judges knows by a clock that never jumps how much time has passed since an earlier look. What is remembered is
moved by the rest, so that no acknowledgement lapses, no step of a ladder comes and nothing has lasted only because the
time of day was corrected. That clock is of one start of one machine: the last round stands in the ledger by both
clocks, so that whoever goes on there knows it too, and who waits elsewhere for its turn looks at both itself meanwhile.
A pause of the rounds is no leap: that time has passed. Source: DESIGN, law 2; the way back is in `evaluation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from wedtui.core.alerts.memory import AlertState, Memory
from wedtui.core.alerts.telling import remembered, telling_document
from wedtui.core.oncall.climbing_document import CLIMBING, climbing_document, climbing_in

LEAP = timedelta(seconds=5)
"""Less is what clocks are corrected by while they run."""
_KEPT = 16
"""So many leaps are remembered at most."""


class Looked(NamedTuple):
    """A look at both clocks: of one on a server it is not known when between two ticks it was read."""

    at: datetime
    tick: float
    """Seconds of the clock that never jumps, before the other one was asked."""
    ended: float
    """And when its answer had come."""
    boot: str = ""
    """Of which start of which machine these are; empty where it is not known: then they are of this process alone."""


class Leap(NamedTuple):
    """That the time of day leapt forward."""

    at: datetime
    """Of the first look after it."""
    by: timedelta


def leapt(before: Looked | None, now: Looked) -> timedelta:
    """Return by how much, at least, the time of day leapt forward between two looks; nothing if that is not known."""
    if before is None or before.boot != now.boot:
        return timedelta()
    # An answer that came late is no leap: as much time as may have passed counts as passed.
    leap = now.at - before.at - timedelta(seconds=now.ended - before.tick)
    return leap if leap > LEAP else timedelta()


def looked_on(leaps: tuple[Leap, ...], before: Looked | None, now: Looked) -> tuple[Leap, ...]:
    """Return the leaps that are known after a look, the oldest first; a clock that is set back ends all of them."""
    if before is not None and now.at < before.at:
        return ()
    by = leapt(before, now)
    return (*leaps, Leap(now.at, by))[-_KEPT:] if by else leaps


def leap_since(leaps: Iterable[Leap], judged_at: datetime | None) -> timedelta:
    """Return by how much the time of day leapt forward since what is remembered was judged, by whomever.

    What was judged after a leap is of the clock as it is now. Who looks every second cannot mistake one for the other.
    """
    before = (each.by for each in leaps if judged_at is not None and judged_at <= each.at - each.by)
    return sum(before, timedelta())


def state_over(state: AlertState, leap: timedelta, now: datetime) -> AlertState:
    """Return what is remembered as of a clock that leapt forward by so much before an instant."""
    memories = {
        rule: {labels: _over(memory, leap, now) for labels, memory in series.items()}
        for rule, series in state.memories.items()
    }
    return AlertState(_later(state.judged_at, leap, now), memories)


def telling_over(telling: Mapping[str, Any], leap: timedelta) -> dict[str, Any]:
    """Return what is remembered of what was told, and of who was told next, as of a clock that leapt forward."""
    told, climbing = remembered(telling).moved(-leap), climbing_in(telling).moved(-leap)
    return {**telling_document(told), CLIMBING: climbing_document(climbing)}


def _over(memory: Memory, leap: timedelta, now: datetime) -> Memory:
    moved = memory.moved(-leap)
    episode = moved.episode
    if episode is not None:
        # Whoever took it between the leap and this round did so by the clock as it is now.
        episode = episode._replace(acknowledged_at=_later(episode.acknowledged_at, timedelta(), now))
    return moved._replace(seen=_later(moved.seen, timedelta(), now), episode=episode)


def _later(at: datetime | None, by: timedelta, now: datetime) -> datetime | None:
    return None if at is None else min(at + by, now)
