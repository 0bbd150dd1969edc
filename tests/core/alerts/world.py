"""One rule on one series: samples as a text, rounds as instants, and what was found."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from wedtui.core.alerts.evaluation import Around, Event, Kind, evaluate
from wedtui.core.alerts.grammar import parse_condition
from wedtui.core.alerts.memory import AlertState, Memory, Phase, state_document, state_of
from wedtui.core.alerts.rule import Clear, NoData, Rule, RuleBook, Severity
from wedtui.core.alerts.track import Labels, Track, labels_of
from wedtui.core.season import Protection

START = datetime(2026, 6, 20, 12, tzinfo=UTC)
TICK = timedelta(seconds=10)
AWS = labels_of({"provider": "aws"})
VALUES = {"x": 0.10, "m": 0.045, ".": 0.0, "n": float("nan")}
"""Of a rule that fires over 5 % and is over under 4 %: wrong, between, well, no number."""


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def rule(
    condition: str = "error_rate > 5%",
    *,
    name: str = "errors",
    lasting: timedelta = timedelta(minutes=1),
    over: str | None = "error_rate < 4%",
    over_for: timedelta = timedelta(seconds=30),
    nodata: NoData = NoData.HOLD,
    live_only: bool = False,
) -> Rule:
    clear = Clear(over_for, None if over is None else parse_condition(over))
    return Rule(name, parse_condition(condition), Severity.CRITICAL, lasting, clear, nodata, live_only=live_only)


@dataclass
class World:
    """Samples and rounds each tick."""

    book: RuleBook
    around: Around
    now: datetime = START
    stored: bool = False
    """Whether the state is written and read again between any two rounds."""
    state: AlertState = field(default_factory=AlertState)
    events: list[Event] = field(default_factory=list)
    tracks: dict[str, dict[Labels, Track]] = field(default_factory=dict)

    def track(self, signal: str = "error_rate", labels: Labels = AWS, interval: timedelta = TICK) -> Track:
        return self.tracks.setdefault(signal, {}).setdefault(labels, Track(interval))

    def round(self) -> None:
        found = evaluate(self.book, self.tracks, self.now, self.state, self.around)
        self.events += found.events
        self.state = state_of(json.loads(json.dumps(state_document(found.state)))) if self.stored else found.state

    def tick(self, sign: str, *, judged: bool = True) -> Phase:
        """Measure what a sign stands for (`_` nothing), judge, and go on by a tick."""
        if sign != "_":
            self.track().append(self.now, VALUES[sign])
        if judged:
            self.round()
        self.now += TICK
        return self.memory().phase

    def ticks(self, signs: Iterable[str]) -> str:
        """Return the first letter of the phase after each."""
        return "".join(self.tick(sign).value[0] for sign in signs)

    def memory(self, name: str = "errors", labels: Labels = AWS) -> Memory:
        return self.state.of(name, labels)

    def kinds(self) -> list[str]:
        return [event.kind.value for event in self.events]

    def count(self, kind: Kind) -> int:
        return sum(event.kind is kind for event in self.events)


def world(
    *rules: Rule, level: Protection = Protection.NORMAL, live: bool | None = False, stored: bool = False
) -> World:
    made = World(RuleBook(rules or (rule(),)), Around(level, live), stored=stored)
    made.track()
    return made
