"""A clock that leaps forward: what lasted five minutes before has lasted five minutes after. Pure.

Whoever goes on judging knows by a clock that never jumps how much time has passed since its last round. What is
remembered is moved by the rest, so that no acknowledgement lapses, no step of a ladder comes and nothing has lasted
only because the time of day was corrected. A pause of the rounds is no leap: that time has passed, and nobody else can
tell one from the other, so that a service that begins takes what it finds as it stands. Source: DESIGN, law 2; the way
back is in `evaluation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from wedtui.core.alerts.memory import AlertState, Memory
from wedtui.core.alerts.telling import remembered, telling_document
from wedtui.core.oncall.climbing_document import CLIMBING, climbing_document, climbing_in

LEAP = timedelta(seconds=5)
"""Less is what clocks are corrected by while they run."""


class Judged(NamedTuple):
    """When a round was judged, by both clocks."""

    at: datetime
    tick: float
    """Seconds of the clock that never jumps."""


def leapt(before: Judged | None, now: Judged, judged_at: datetime | None) -> timedelta:
    """Return by how much the time of day leapt forward since the last round; nothing where that is not known.

    Args:
        before: the last round of whoever asks.
        now: the round that begins.
        judged_at: when what is remembered was judged last: by another one, where that is not `before`.
    """
    if before is None or before.at != judged_at:
        return timedelta()
    leap = now.at - before.at - timedelta(seconds=now.tick - before.tick)
    return leap if leap > LEAP else timedelta()


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
