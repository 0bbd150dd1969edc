"""What a rule of alerts is: when it fires, when that is over, what silence means, how grave it is, whom it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from wedtui.core.alerts.condition import Condition, signals_of, span_words, windows_in
from wedtui.core.alerts.track import Labels
from wedtui.core.wording import listed

FEWEST_SAMPLES = 2
"""Never fewer samples than this decide that something is wrong, or over, however short a wedding day makes it."""


class Severity(StrEnum):
    """How much it matters: critical pages, warning posts."""

    WARNING = "warning"
    CRITICAL = "critical"


class NoData(StrEnum):
    """What it means that nothing is known. It never means that all is well."""

    HOLD = "hold"
    """All stays as it is, and is shown as not known."""
    WARN = "warn"
    """It counts as wrong, as a warning."""
    FIRE = "fire"
    """It counts as wrong."""


_RANK = {Severity.WARNING: 0, Severity.CRITICAL: 1}


def worse(one: Severity, other: Severity) -> Severity:
    """Return the graver of two severities."""
    return max(one, other, key=_RANK.__getitem__)


@dataclass(frozen=True, slots=True)
class Where:
    """Which series a rule is about."""

    wanted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By label, the values of which one must be there."""

    def fits(self, labels: Labels) -> bool:
        """Whether it is about a series of these labels."""
        if not self.wanted:
            return True
        there = dict(labels)
        return all(there.get(name) in values for name, values in self.wanted.items())

    def __str__(self) -> str:
        return " and ".join(f"{name} is {' or '.join(values)}" for name, values in self.wanted.items())


@dataclass(frozen=True, slots=True)
class Clear:
    """When it is over."""

    duration: timedelta
    condition: Condition | None = None
    """What has to hold for so long; None: that the rule's own condition does not."""


@dataclass(frozen=True, slots=True)
class Inhibition:
    """What hides the message of a rule, and never its row."""

    by: tuple[str, ...]
    """While any of these rules fires."""
    equal: tuple[str, ...]
    """For a series with the same values of these labels."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    name: str
    condition: Condition
    severity: Severity
    duration: timedelta
    """For how long the condition has to hold; half of that at protection HIGH, a quarter at MAXIMUM."""
    clear: Clear
    nodata: NoData = NoData.HOLD
    where: Where = field(default_factory=Where)
    live_only: bool = False
    """Whether it begins to count only while weddings are live, or nobody knows whether any are."""
    group: tuple[str, ...] = ()
    """Series with the same values of these labels are told together."""
    inhibit: Inhibition | None = None
    route: str = ""
    runbook: str = ""
    said: str = ""
    """What is wrong at present, in words, where more is known than that its condition holds."""

    @property
    def signals(self) -> tuple[str, ...]:
        """Every signal that it looks at."""
        clear = () if self.clear.condition is None else signals_of(self.clear.condition)
        return tuple(dict.fromkeys([*signals_of(self.condition), *clear]))

    @property
    def silent_severity(self) -> Severity:
        """How much it matters that nothing is known."""
        return Severity.WARNING if self.nodata is NoData.WARN else self.severity


@dataclass(frozen=True, slots=True)
class Elevation:
    """What any rule finds of certain series is at least so grave."""

    name: str
    severity: Severity
    where: Where
    live_only: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """Another system that judges alerts of its own, which are taken in as they are (`outside`)."""

    name: str
    group: tuple[str, ...] = ()
    """Alerts of one name with the same values of these labels are told together."""
    route: str = ""
    clear: timedelta = timedelta(minutes=5)
    """For how long its answers have to lack an alert before that is over."""
    lacking: int = FEWEST_SAMPLES
    """How many of its answers at least."""
    expects: str = ""
    """What always fires there, in words; while it does not, nothing that is missing is over."""
    runbook: str = ""
    unanswered: NoData = NoData.WARN
    """What it means that it does not answer."""
    says: str = ""
    """What its alerts go by, in words; by default that it says so."""

    @property
    def condition(self) -> str:
        """What its alerts go by, in words."""
        return self.says or f"{self.name} says so"


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules that count, and the systems whose alerts are taken in."""

    rules: tuple[Rule, ...] = ()
    elevations: tuple[Elevation, ...] = ()
    sources: tuple[Source, ...] = ()

    def elevated(self, severity: Severity, labels: Labels, *, live: bool | None) -> Severity:
        """Return how grave it is what fires of a series.

        Args:
            severity: by itself.
            labels: of the series.
            live: whether weddings are live; None: nobody knows, and so they may be.
        """
        for each in self.elevations:
            if not (each.live_only and live is False) and each.where.fits(labels):
                severity = worse(severity, each.severity)
        return severity


def windows_of(rule: Rule) -> Iterator[timedelta]:
    """Yield every window of what a rule looks at."""
    for condition in (rule.condition, rule.clear.condition):
        if condition is not None:
            yield from windows_in(condition)


def rule_words(rule: Rule | Elevation) -> str:
    """Return what a rule says, in one sentence."""
    words = elevation_words(rule) if isinstance(rule, Elevation) else "; ".join(_parts(rule))
    return f"{rule.name}: {words}"


def elevation_words(rule: Elevation) -> str:
    """Return what an elevation says."""
    live = " while weddings are live" if rule.live_only else ""
    about = f" where {rule.where}" if rule.where.wanted else ""
    return f"whatever fires{about} is {rule.severity}{live}"


_SILENCE = {NoData.HOLD: "no data holds", NoData.WARN: "no data warns", NoData.FIRE: "no data fires"}


def _parts(rule: Rule) -> Iterator[str]:
    live = " while weddings are live" if rule.live_only else ""
    about = f" where {rule.where}" if rule.where.wanted else ""
    yield f"{rule.severity} when {rule.condition} {_lasting(rule.duration)}{about}{live}"
    over = f"{rule.clear.condition}" if rule.clear.condition is not None else "not so any more"
    yield f"over when {over} {_lasting(rule.clear.duration)}"
    yield _SILENCE[rule.nodata]
    if rule.group:
        yield f"together by {listed(rule.group)}"
    if rule.inhibit is not None:
        yield f"hidden while {listed(rule.inhibit.by)} fires for the same {listed(rule.inhibit.equal)}"
    if rule.route:
        yield f"to {rule.route}"
    if rule.runbook:
        yield f"runbook {rule.runbook}"


def _lasting(span: timedelta) -> str:
    return f"for {span_words(span)}" if span else f"in {FEWEST_SAMPLES} samples"
