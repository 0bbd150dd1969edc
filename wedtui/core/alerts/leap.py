"""A clock that leaps forward: what lasted five minutes before has lasted five minutes after. Pure.

Whoever judges knows by a clock that never jumps how much time has passed since an earlier look. What is remembered is
moved by the rest, so that no acknowledgement lapses, no step of a ladder comes and nothing has lasted only because the
time of day was corrected. That clock is of one start of one machine: the last round stands in the ledger by both
clocks, so that whoever goes on there knows it too, and who waits elsewhere for its turn looks at them itself meanwhile.
A pause of the rounds is no leap: that time has passed. Source: DESIGN, law 2; the way back is in `evaluation`.
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


class Looked(NamedTuple):
    """A look at both clocks."""

    at: datetime
    tick: float
    """Seconds of the clock that never jumps."""
    boot: str = ""
    """Of which start of which machine that is; empty where it is not known, and then it is of this process alone."""


def leapt(before: Looked | None, now: Looked, judged_at: datetime | None) -> timedelta:
    """Return by how much the time of day leapt forward since what is remembered was judged; nothing if not known.

    Args:
        before: an earlier look.
        now: as the round begins.
        judged_at: when what is remembered was judged last, by whomever.
    """
    if before is None or judged_at is None or before.boot != now.boot:
        return timedelta()
    leap = now.at - before.at - timedelta(seconds=now.tick - before.tick)
    # What another one judged after the leap is of the clock as it is now. Who looks every second cannot mistake that.
    return leap if leap > LEAP and judged_at <= now.at - leap else timedelta()


def earlier(own: Looked | None, kept: Looked | None, now: Looked, judged_at: datetime | None) -> Looked | None:
    """Return the look at both clocks to compare with: that of the very round that is remembered, if there is one.

    Args:
        own: the last one of whoever asks, whether it judged then or waited for its turn.
        kept: the one that stands beside what is remembered.
        now: as the round begins.
        judged_at: when what is remembered was judged last.
    """
    of_round = (each for each in (own, kept) if each is not None and each.at == judged_at)
    return next((each for each in of_round if each.boot == now.boot), own)


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
