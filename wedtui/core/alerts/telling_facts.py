"""What a round found, as telling looks at it: by episode, what fires, what came and went, and how it ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from wedtui.core.alerts.evaluation import Kind, Round
from wedtui.core.alerts.memory import Memory, Phase, Reason
from wedtui.core.alerts.rule import Severity, worse
from wedtui.core.alerts.told import Over
from wedtui.core.alerts.track import Labels


class Seen(NamedTuple):
    """An episode of this round."""

    key: str
    rule: str
    labels: Labels
    severity: Severity
    reason: Reason
    since: datetime
    value: float | None
    over: Over | None
    """How it ended, where it came and went since the round before."""


@dataclass(slots=True)
class Facts:
    """What a round found, by episode."""

    round: Round
    firing: dict[str, Seen] = field(default_factory=dict)
    gone: dict[str, Seen] = field(default_factory=dict)
    """What began and is over already."""
    ended: dict[str, Over] = field(default_factory=dict)

    def memory(self, rule: str, labels: Labels) -> Memory | None:
        """Return what is remembered of a series."""
        return self.round.state.memories.get(rule, {}).get(labels)

    def over(self, key: str) -> Over | None:
        """Return how an episode ended; None while it fires. What nothing is known of was not resolved."""
        return None if key in self.firing else self.ended.get(key, Over.WITHDRAWN)


def facts_of(round_: Round) -> Facts:
    """Return what a round found, by episode."""
    facts = Facts(round_)
    values = {event.key: event.value for event in round_.events if event.kind in {Kind.FIRING, Kind.RAISED}}
    for rule, series in round_.state.memories.items():
        for labels, memory in series.items():
            episode = memory.episode
            if episode is None:
                continue
            if memory.phase is Phase.FIRING:
                key, since, severity, reason = episode.key, episode.since, episode.severity, episode.reason
                facts.firing[key] = Seen(key, rule, labels, severity, reason, since, values.get(key), None)
            else:
                facts.ended[episode.key] = Over.RESOLVED
    for event in round_.events:
        if event.kind in {Kind.RESOLVED, Kind.WITHDRAWN}:
            facts.ended[event.key] = Over(event.kind.value)
    for event in round_.events:
        if event.kind in {Kind.FIRING, Kind.RAISED} and event.key not in facts.firing:
            over = facts.ended.get(event.key, Over.WITHDRAWN)
            seen = Seen(event.key, event.rule, event.labels, event.severity, event.reason, event.at, event.value, over)
            began = facts.gone.get(event.key)
            if began is not None:
                seen = began._replace(severity=worse(began.severity, event.severity))
            facts.gone[event.key] = seen
    return facts
