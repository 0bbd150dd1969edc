"""Files in which rules are tried: made-up series, instants, and what is expected to be pending, firing and resolved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from wedtui.config_base import Section
from wedtui.config_values import Duration, Instant, Name, Signal, between, parse_duration
from wedtui.core.alerts.memory import Phase
from wedtui.core.alerts.notation import parse_series
from wedtui.core.alerts.rule import RuleBook, Severity
from wedtui.core.alerts.track import Labels, labels_of
from wedtui.core.alerts.trial import MONDAY, Expectation, Trial, TrialSeries
from wedtui.core.season import Protection
from wedtui.errors import ConfigurationError
from wedtui.rule_files import SOME, LabelName, Line, Word
from wedtui.toml_lines import KeyPath
from wedtui.typed_file import TypedFile, read_typed

MOST_ROUNDS = 100_000
_LONGEST = timedelta(days=31)


def _offset(value: object) -> timedelta:
    return timedelta() if value in {"0", "0s", "0m", "0h"} else parse_duration(value)


def _live(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    if value != "unknown":
        raise ValueError('expected true, false or "unknown"')
    return None


def _series(text: str) -> str:
    parse_series(text)
    return text


Offset = Annotated[timedelta, BeforeValidator(_offset), between(most=_LONGEST)]
Step = Annotated[Duration, between(least=timedelta(seconds=1), most=timedelta(days=1))]
Named = dict[LabelName, Annotated[str, Field(min_length=1, max_length=200)]]
Values = Annotated[str, AfterValidator(_series)]


class SeriesSection(Section):
    """One made-up series."""

    signal: Signal
    labels: Named = Field(default_factory=dict)
    values: Values
    usual: float | None = None


class LevelSection(Section):
    """From when on a protection level holds."""

    at: Offset
    level: Literal["NORMAL", "HIGH", "MAXIMUM"]


class LiveSection(Section):
    """From when on weddings are live."""

    at: Offset
    live: Annotated[bool | None, BeforeValidator(_live)]


class ExpectSection(Section):
    """What is to be of one rule at an instant."""

    at: Offset
    rule: Name
    pending: tuple[Named, ...] = ()
    firing: tuple[Named, ...] = ()
    resolved: tuple[Named, ...] | None = None
    severity: Word | None = None


class TestSection(Section):
    """One trial."""

    name: Line
    start: Instant | None = None
    interval: Step = timedelta(minutes=1)
    every: Step | None = None
    protection: tuple[LevelSection, ...] = ()
    weddings: tuple[LiveSection, ...] = ()
    series: Annotated[tuple[SeriesSection, ...], SOME]
    expect: Annotated[tuple[ExpectSection, ...], SOME]


class TrialsSection(Section):
    """A file of trials."""

    rules: tuple[str, ...] | None = None
    tests: Annotated[tuple[TestSection, ...], SOME]


@dataclass(frozen=True)
class TrialsFile:
    """What a file tries."""

    read: TypedFile[TrialsSection]

    @property
    def rules(self) -> tuple[Path, ...] | None:
        """The files of rules that it names, from where it stands; None where it names none."""
        named = self.read.tree.rules
        return None if named is None else tuple(self.read.path.parent / name for name in named)

    def trials(self, book: RuleBook) -> tuple[Trial, ...]:
        """Return what is to be tried.

        Raises:
            ConfigurationError: with a line for each thing that no rule can meet.
        """
        wrong = [each for number, test in enumerate(self.read.tree.tests) for each in _wrong(number, test, book)]
        if wrong:
            raise ConfigurationError("\n".join(self.read.sentences(wrong)))
        return tuple(self._trial(number, test) for number, test in enumerate(self.read.tree.tests))

    def _trial(self, number: int, test: TestSection) -> Trial:
        expectations = [
            _expectation(each, self.read.place(("tests", number, "expect", place)))
            for place, each in enumerate(test.expect)
        ]
        return Trial(
            test.name,
            tuple(TrialSeries(s.signal, labels_of(s.labels), parse_series(s.values), s.usual) for s in test.series),
            tuple(expectations),
            test.start or MONDAY,
            test.interval,
            test.every or test.interval,
            tuple((each.at, Protection(each.level)) for each in sorted(test.protection, key=_when)),
            tuple((each.at, each.live) for each in sorted(test.weddings, key=_when)),
        )


def read_trials(path: Path) -> TrialsFile:
    """Read a file of trials.

    Raises:
        ConfigurationError: it cannot be used; a line for each thing that is wrong.
    """
    return TrialsFile(read_typed(path, TrialsSection))


def _when(section: Any) -> timedelta:
    at: timedelta = section.at
    return at


def _expectation(section: ExpectSection, place: str) -> Expectation:
    phases = ((Phase.PENDING, section.pending), (Phase.FIRING, section.firing), (Phase.RESOLVED, section.resolved))
    return Expectation(
        section.at,
        section.rule,
        tuple((phase, None if named is None else _series_of(named)) for phase, named in phases),
        None if section.severity is None else Severity(section.severity),
        place,
    )


def _series_of(named: tuple[dict[str, str], ...]) -> frozenset[Labels]:
    return frozenset(labels_of(each) for each in named)


def _wrong(number: int, test: TestSection, book: RuleBook) -> Iterator[tuple[KeyPath, str]]:
    here: KeyPath = ("tests", number)
    names = [rule.name for rule in book.rules]
    for place, expected in enumerate(test.expect):
        if expected.rule not in names:
            text = f'expected the name of a rule that counts, got "{expected.rule}"; known here: {", ".join(names)}'
            yield (*here, "expect", place, "rule"), text
    last = max(each.at for each in test.expect)
    if last // (test.every or test.interval) > MOST_ROUNDS:
        yield (*here, "every"), f"expected at most {MOST_ROUNDS:,} rounds up to the last expectation"
    seen: set[tuple[str, Labels]] = set()
    for place, series in enumerate(test.series):
        key = (series.signal, labels_of(series.labels))
        if key in seen:
            yield (*here, "series", place), f"expected one series of {series.signal} with these labels"
        seen.add(key)
