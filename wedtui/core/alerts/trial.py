"""Rules tried on made-up series: what was expected at which instant, and what there was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from wedtui.core.alerts.condition import span_words
from wedtui.core.alerts.evaluation import Around, Event, evaluate
from wedtui.core.alerts.memory import AlertState, Phase
from wedtui.core.alerts.rule import RuleBook, Severity
from wedtui.core.alerts.track import HOURS_OF_WEEK, Labels, Track, Usual, labels_words
from wedtui.core.season import Protection

_Value = TypeVar("_Value")

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
"""When a trial begins that does not say it."""


@dataclass(frozen=True, slots=True)
class TrialSeries:
    """One made-up series: a sample at the beginning, and one each interval."""

    signal: str
    labels: Labels
    samples: tuple[float | None, ...]
    usual: float | None = None
    """What is usual of it, in every hour of the week."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is to be of one rule at an instant; of a phase that is None nothing is expected."""

    at: timedelta
    rule: str
    phases: tuple[tuple[Phase, frozenset[Labels] | None], ...]
    severity: Severity | None = None
    """Of what fires."""
    place: str = ""
    """Where it is written."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Made-up series, and what is expected of them."""

    name: str
    series: tuple[TrialSeries, ...]
    expectations: tuple[Expectation, ...]
    start: datetime = MONDAY
    interval: timedelta = timedelta(minutes=1)
    """Between two samples."""
    every: timedelta = timedelta(minutes=1)
    """Between two rounds."""
    levels: tuple[tuple[timedelta, Protection], ...] = ()
    """From when on which protection level holds; before the first, NORMAL."""
    live: tuple[tuple[timedelta, bool | None], ...] = ()
    """From when on weddings are live; before the first, none are."""


@dataclass(frozen=True, slots=True)
class Difference:
    """An expectation that was not met, in one sentence."""

    trial: str
    place: str
    text: str


@dataclass(slots=True)
class _Run:
    """A trial under way."""

    trial: Trial
    book: RuleBook
    state: AlertState = field(default_factory=AlertState)
    tracks: dict[str, dict[Labels, Track]] = field(default_factory=dict)
    fed: int = 0

    def round(self, offset: timedelta) -> tuple[Event, ...]:
        """Feed what is measured by then, and judge."""
        while self.fed * self.trial.interval <= offset:
            self._feed(self.fed)
            self.fed += 1
        around = Around(
            _holding(self.trial.levels, offset, Protection.NORMAL), _holding(self.trial.live, offset, False)
        )
        found = evaluate(self.book, self.tracks, self.trial.start + offset, self.state, around)
        self.state = found.state
        return found.events

    def _feed(self, number: int) -> None:
        for series in self.trial.series:
            sample = series.samples[number] if number < len(series.samples) else None
            there = self.tracks.setdefault(series.signal, {})
            if series.labels not in there:
                usual = None if series.usual is None else Usual((series.usual,) * HOURS_OF_WEEK)
                there[series.labels] = Track(self.trial.interval, usual=usual)
            if sample is not None:
                there[series.labels].append(self.trial.start + number * self.trial.interval, sample)


def _holding(changes: Sequence[tuple[timedelta, _Value]], offset: timedelta, first: _Value) -> _Value:
    return next((value for at, value in reversed(changes) if at <= offset), first)


def differences(trial: Trial, book: RuleBook) -> tuple[Difference, ...]:
    """Try rules; return every expectation that was not met."""
    run = _Run(trial, book)
    last = max((each.at for each in trial.expectations), default=timedelta())
    rounds = {number * trial.every for number in range(last // trial.every + 1)}
    found = []
    for offset in sorted(rounds | {each.at for each in trial.expectations}):
        run.round(offset)
        for expected in trial.expectations:
            if expected.at == offset:
                found += [Difference(trial.name, expected.place, text) for text in _missed(expected, run.state)]
    return tuple(found)


def _missed(expected: Expectation, state: AlertState) -> Iterator[str]:
    when = f"at {span_words(expected.at) if expected.at else '0s'}, {expected.rule}"
    memories = state.memories.get(expected.rule, {})
    for phase, wanted in expected.phases:
        if wanted is None:
            continue
        there = {labels for labels, memory in memories.items() if memory.phase is phase}
        for labels in sorted(wanted - there):
            is_now = state.of(expected.rule, labels).phase if labels in memories else "of no such series"
            yield f"{when}: expected {labels_words(labels)} to be {phase}, it is {is_now}"
        for labels in sorted(there - wanted):
            yield f"{when}: {labels_words(labels)} is {phase}, which was not expected"
    if expected.severity is None:
        return
    for labels, memory in sorted(memories.items()):
        episode = memory.episode
        if memory.phase is Phase.FIRING and episode is not None and episode.severity is not expected.severity:
            yield f"{when}: expected {labels_words(labels)} to be {expected.severity}, it is {episode.severity}"
