"""How it stands with alerts: what people are shown of them, each with its instants. Pure.

`AlertState` is what the evaluation remembers; this is what screens, commands and scripts read of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from wedtui.core.alerts.acknowledging import LAPSES_AFTER
from wedtui.core.alerts.memory import Phase, Reason
from wedtui.core.alerts.names import PAGES, source_of
from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.track import Labels, labels_words
from wedtui.core.evidence import FUTURE_TOLERANCE
from wedtui.core.finding import Finding
from wedtui.core.finding import Severity as Weight
from wedtui.core.wording import age, counted

FRESH_FOR = timedelta(seconds=30)
"""Rounds follow upon each other within a second, and readers see one every few seconds at least. For half a minute
whoever judges holds that without a word; after that nobody may be judging."""


@dataclass(frozen=True, slots=True)
class AlertIs:
    """One alert: a rule and a series, while it is pending, fires, or was resolved lately."""

    rule: str
    labels: Labels
    phase: Phase
    severity: Severity
    reason: Reason
    since: datetime
    """PENDING: since when it holds; FIRING and RESOLVED: when the episode began."""
    key: str = ""
    """Of the episode, the same in every notification; empty while it is pending."""
    condition: str = ""
    """What the rule says, in its own words."""
    value: float | None = None
    """What was measured last; None where nothing was, or it is too old."""
    measured_at: datetime | None = None
    """When; None where it never was."""
    resolved_at: datetime | None = None
    told_at: datetime | None = None
    """When a channel accepted it; None: nobody was told yet."""
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    inhibited_by: str = ""
    """The rule whose alert hides the message of this one."""
    silenced_by: str = ""
    """Who silenced its messages."""
    silenced_until: datetime | None = None
    escalates_at: datetime | None = None
    """When the next one is told; None where nobody is left, or somebody has it."""
    escalates_to: str = ""
    """Who that is, in words."""
    lapse_s: float = LAPSES_AFTER.total_seconds()
    """How long an acknowledgement of it counts."""
    flaps: int = 0
    """How often it began again within the hour."""
    runbook: str = ""
    source: str = ""
    """The system that judges it; empty where a rule of ours does."""
    said: str = ""
    """What that says of it, in its own words."""
    link: str = ""
    """Where it can be looked at there."""
    unknown_since: datetime | None = None
    """Since when it is not known how it stands; None where it is."""

    @property
    def about(self) -> str:
        """What it is about, in words."""
        return labels_words(self.labels)

    @property
    def is_page(self) -> bool:
        """Whether it is what the service has somebody called for by itself, which is said and never measured."""
        return source_of(self.rule) == PAGES


@dataclass(frozen=True, slots=True)
class SourceIs:
    """How it stands with another system whose alerts are taken in."""

    name: str
    kind: str
    """`alertmanager` or `prometheus`."""
    answered_at: datetime | None = None
    """When it gave the newest good answer; None: never."""
    problem: str = ""
    """Why there is no newer one, or what is wrong with that or another address of it."""
    fresh: bool = False
    """Whether that answer counted at the round."""
    alerts: int = 0
    """How many it told of that are taken in."""
    ignored: int = 0
    """How many it told of that are none, by how severe they are."""
    lacks: str = ""
    """The alert that always fires there, while it does not."""
    whole: bool = True
    """Whether that answer had every alert that fires there."""

    @property
    def is_known(self) -> bool:
        """Whether it is known what fires there: else nobody may take it for good news that nothing does."""
        return self.fresh and self.whole and not self.lacks


def source_words(source: SourceIs, now: datetime) -> str:
    """Return how it stands with a source: what it told of and when, or that nobody knows what fires there."""
    if source.answered_at is None:
        return f"UNKNOWN what fires there: it never answered{f': {source.problem}' if source.problem else ''}"
    when = age(source.answered_at, now)
    if not source.fresh:
        why = f": {source.problem}" if source.problem else ""
        return f"UNKNOWN what fires there: it answered last {when} ago{why}; its alerts stand as of then"
    said = [f"answered {when} ago", counted(source.alerts, "alert")]
    said += [f"{source.ignored:,} more that are none by their severity"] if source.ignored else []
    said += [] if source.whole else ["NOT ALL that fires there is known, and nothing is over by that"]
    said += [f"{source.lacks} does not fire there: what is missing is NOT over by that"] if source.lacks else []
    return ", ".join([*said, *([source.problem] if source.problem else [])])


def trouble_words(source: SourceIs) -> str:
    """Say why it is not known what fires at a source, without what changes from one moment to the next."""
    said = [] if source.fresh else ["it does not answer" if source.answered_at is not None else "it never answered"]
    said += [f"{source.lacks} does not fire there"] if source.lacks else []
    said += [source.problem] if source.problem else []
    return "; ".join([*said, "what fires there is not known, and nothing of it is over by that"])


@dataclass(frozen=True, slots=True)
class Suppressed:
    """How many episodes nobody was told of one by one, since alerts are judged by this ledger."""

    silenced: int = 0
    inhibited: int = 0
    """Over without a word, because another one hid them."""
    collapsed: int = 0
    """Told by nothing but the word that their series flaps."""
    stormed: int = 0
    """Told by nothing but the count of a storm."""
    taken: int = 0
    """Over while somebody had them of which nobody was told before."""

    @property
    def words(self) -> str:
        """Return them in words; empty where there is none."""
        named = (
            (self.silenced, "silenced"),
            (self.inhibited, "hidden by others"),
            (self.taken, "taken before anybody was told"),
            (self.collapsed, "while they flapped"),
            (self.stormed, "counted in storms"),
        )
        found = ", ".join(f"{count:,} {what}" for count, what in named if count)
        return f"not told one by one so far: {found}" if found else ""


_PHASES = (Phase.FIRING, Phase.PENDING, Phase.RESOLVED, Phase.OK)
_SEVERITIES = (Severity.CRITICAL, Severity.WARNING)


def by_urgency(alerts: Iterable[AlertIs]) -> tuple[AlertIs, ...]:
    """Return alerts as people read them: what fires first, of it what nothing hides, the graver first, what nobody has
    first, then the newer.
    """

    def place(alert: AlertIs) -> tuple[int, bool, int, bool, float, str, Labels]:
        hidden = alert.phase is Phase.FIRING and bool(alert.inhibited_by or alert.silenced_by)
        grave, newest = _SEVERITIES.index(alert.severity), -alert.since.timestamp()
        return _PHASES.index(alert.phase), hidden, grave, bool(alert.acknowledged_by), newest, alert.rule, alert.labels

    return tuple(sorted(alerts, key=place))


@dataclass(frozen=True, slots=True)
class AlertsNow:
    """Every alert there is, at the instant of the round that judged them."""

    judged_at: datetime
    alerts: tuple[AlertIs, ...] = field(default=())
    """By urgency."""
    rules: int = 0
    """How many rules count."""
    not_set: tuple[str, ...] = ()
    """Shipped rules of which nothing is configured that they could be judged by: neither well nor wrong."""
    judged: int = 0
    """How many rules are judged: those that count, without those that are not set."""
    series: int = 0
    """How many series they are judged by, known or not; what nobody said counts for nothing known."""
    unknown: int = 0
    """Of how many of these it is not known now how they stand: never measured, or too old."""
    unknown_named: tuple[str, ...] = ()
    """The first few of them, `cpu provider=aws`."""
    sources: tuple[SourceIs, ...] = ()
    """The systems whose alerts are taken in."""
    suppressed: Suppressed | None = None
    """What nobody was told of one by one; None where an older version judged, which did not say."""

    @property
    def firing(self) -> tuple[AlertIs, ...]:
        """Return what fires."""
        return tuple(each for each in self.alerts if each.phase is Phase.FIRING)

    @property
    def knows(self) -> bool:
        """Whether it is known of anything at all how it stands: else that nothing fires says nothing."""
        return self.judged > 0 and self.unknown < self.series

    @property
    def unsure(self) -> tuple[SourceIs, ...]:
        """Return the systems of which it is not known what fires there."""
        return tuple(each for each in self.sources if not each.is_known)

    def is_fresh(self, now: datetime) -> bool:
        """Whether it says anything of an aware instant."""
        return -FUTURE_TOLERANCE <= now - self.judged_at <= FRESH_FOR


def unjudged(alerts: AlertsNow | None, now: datetime) -> tuple[Finding, ...]:
    """Return the finding that alerts are not judged at present, where they were once.

    What fires is no finding: it has its own place, and what it is about is mostly one already.
    """
    if alerts is None or alerts.is_fresh(now):
        return ()
    when = f"{alerts.judged_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    said = f"alerts were judged last at {when}: what fires now, and what is over, nobody knows"
    return (Finding(Weight.CRITICAL, "alerts", said, alerts.judged_at),)
