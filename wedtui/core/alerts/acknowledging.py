"""An acknowledgement says that somebody looks at it. It lapses: whoever said so may have fallen asleep again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from wedtui.core.alerts.memory import AlertState, Episode, Phase
from wedtui.core.alerts.track import Labels

LAPSES_AFTER = timedelta(minutes=15)
"""What still fires so long after it was acknowledged is nobody's again, unless `[oncall]` says otherwise (DESIGN)."""


class Lapse(NamedTuple):
    """An acknowledgement that counts no more."""

    rule: str
    labels: Labels
    episode: Episode
    """As it was: with who had it."""


def lapsed(state: AlertState, now: datetime, after: timedelta = LAPSES_AFTER) -> tuple[AlertState, tuple[Lapse, ...]]:
    """Return the state without the acknowledgements that have lapsed, and these.

    Args:
        state: as the last round left it.
        now: an aware instant. One that lies before an acknowledgement lets none lapse: the clock was set back, and the
            round moves what is remembered with it.
        after: how long an acknowledgement counts.
    """
    return _without(state, tuple(_lapses(state, now, after)))


def outgrown(state: AlertState, graver: Iterable[tuple[str, Labels]]) -> tuple[AlertState, tuple[Lapse, ...]]:
    """Return the state without the acknowledgements of what became graver: who had the milder may not have this.

    Args:
        state: as the round left it.
        graver: rule and series of each episode that became graver in it.
    """
    found: list[Lapse] = []
    for rule, labels in dict.fromkeys(graver):
        memory = state.of(rule, labels)
        episode = memory.episode if memory.phase is Phase.FIRING else None
        if episode is not None and episode.acknowledged_at is not None:
            found.append(Lapse(rule, labels, episode))
    return _without(state, tuple(found))


def _without(state: AlertState, found: tuple[Lapse, ...]) -> tuple[AlertState, tuple[Lapse, ...]]:
    if not found:
        return state, ()
    memories = {rule: dict(series) for rule, series in state.memories.items()}
    for lapse in found:
        memory = memories[lapse.rule][lapse.labels]
        episode = lapse.episode._replace(acknowledged_by="", acknowledged_at=None)
        memories[lapse.rule][lapse.labels] = memory._replace(episode=episode)
    return replace(state, memories=memories), found


def _lapses(state: AlertState, now: datetime, after: timedelta) -> Iterator[Lapse]:
    for rule, series in state.memories.items():
        for labels, memory in series.items():
            episode = memory.episode if memory.phase is Phase.FIRING else None
            since = None if episode is None else episode.acknowledged_at
            if episode is not None and since is not None and now - since >= after:
                yield Lapse(rule, labels, episode)
