"""Alerts that other systems judge, taken in as they are: what they answer, and how it stands by that. Pure.

What fires there fires here, with its own beginning, and goes through the same memory, notifications, silences and
acknowledgements as what rules find. Source: DESIGN, law 3; docs/alerts.md:

- Only an answer says anything. While none is new enough, all stays as it was, and is not known.
- It is over once answers have lacked it for a while, two at least: one that begins anew has told nothing yet. An answer
  that is not whole, or that lacks what always fires, says of nothing that it is over.
- What is silenced or inhibited there is not told here. Its row stays.
- That a system does not answer, lacks what always fires, or does not say all, is an alert of a rule of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from wedtui.core.alerts.condition import Comparison, Limit, Term
from wedtui.core.alerts.evaluation import Around, Event, Kind, Round
from wedtui.core.alerts.memory import (
    FLAPS_WITHIN,
    MOST_FLAPS,
    AlertState,
    Episode,
    Memory,
    Phase,
    Reason,
    Report,
    episode_key,
)
from wedtui.core.alerts.names import WATCHES, rule_of, source_of
from wedtui.core.alerts.rule import Clear, NoData, Rule, RuleBook, Severity, Source, Where, worse
from wedtui.core.alerts.track import Labels
from wedtui.core.evidence import FUTURE_TOLERANCE, fresh_for

ANSWERED, EXPECTED, WHOLE = "alert_source", "expected_alert", "whole_answer"
"""The signals of what watches over a source, 0 or 1 for each answer: there is one; it has what always fires; it has
all."""
WATCHED_FOR = timedelta(minutes=2)
"""Whoever does not answer for so long, or lacks what always fires, is an alert."""
FORGOTTEN_AFTER = timedelta(hours=2)
"""What is over for so long is remembered no more."""
REMEMBERED_AT_MOST = 10_000
"""Of so many alerts of a source something is remembered; what goes beyond is withdrawn, where no answer has it."""
SILENCED, INHIBITED = "silenced", "inhibited"
"""Why a message is hidden there."""


class Reported(NamedTuple):
    """One alert of an answer."""

    name: str
    labels: Labels
    severity: Severity
    firing: bool = True
    """False: it is pending there."""
    since: datetime | None = None
    """Since when, as the answer has it."""
    said: str = ""
    """In its own words."""
    hidden: str = ""
    """Why nobody is told of it there: `silenced`, `inhibited` or nothing."""
    value: float | None = None
    runbook: str = ""
    link: str = ""
    """Where it can be looked at there."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The newest good answer of a system; as it is by default, there was none."""

    at: datetime | None = None
    interval: timedelta = timedelta(minutes=1)
    """How often it is asked."""
    alerts: tuple[Reported, ...] = ()
    whole: bool = True
    """Whether every alert that it told of is among these."""
    expected: bool = True
    """Whether what always fires did."""

    def is_fresh(self, now: datetime) -> bool:
        """Whether it says anything of an aware instant."""
        return self.at is not None and -FUTURE_TOLERANCE <= now - self.at <= fresh_for(self.interval)

    @property
    def denies(self) -> bool:
        """Whether what it lacks is not there."""
        return self.whole and self.expected


def with_sources(book: RuleBook, sources: Iterable[Source], said: Mapping[str, str] | None = None) -> RuleBook:
    """Return the rules with the systems whose alerts are taken in, and with what watches over these.

    Args:
        book: the rules that count.
        sources: the systems.
        said: by source what is wrong with it at present, where anything is.
    """
    there = tuple(sources)
    watched = (rule for source in there for rule in watching(source, (said or {}).get(source.name, "")))
    return replace(book, rules=(*book.rules, *watched), sources=there)


def watching(source: Source, said: str = "") -> tuple[Rule, Rule]:
    """Return the rules that watch over a source.

    The first finds that it does not answer (a warning), or lacks what always fires (critical); the second that its
    answers do not have all that fires there, or come only now and then: by such nothing is over (a warning).

    Args:
        source: the system.
        said: what is wrong with it at present.
    """
    signal = EXPECTED if source.expects else ANSWERED
    first = Rule(
        rule_of(WATCHES, source.name),
        Comparison(Term(signal), "<", Limit(1)),
        Severity.CRITICAL,
        WATCHED_FOR,
        Clear(timedelta()),
        source.unanswered,
        Where({"source": (source.name,)}),
        route=source.route,
        said=said,
    )
    # That nothing is known of it is the first one's.
    whole = Comparison(Term(WHOLE), "<", Limit(1))
    second = replace(
        first,
        name=f"{first.name}/whole",
        said=said or f"{source.name}: its answers do not have all that fires there, or come only now and then",
        condition=whole,
        severity=Severity.WARNING,
        nodata=NoData.HOLD,
    )
    return first, second


def parted(state: AlertState, book: RuleBook) -> tuple[AlertState, AlertState]:
    """Return what is remembered of what our rules judge, and of what the sources do.

    What a source judged that is taken in no more is with the first: there it is withdrawn.
    """
    names = {source.name for source in book.sources}
    outside = {rule: series for rule, series in state.memories.items() if source_of(rule) in names}
    own = {rule: series for rule, series in state.memories.items() if rule not in outside}
    return replace(state, memories=own), replace(state, memories=outside)


def together(one: Round, other: Round) -> Round:
    """Return two rounds of the same instant, about different rules, as one."""
    memories = {**one.state.memories, **other.state.memories}
    return Round(replace(one.state, memories=memories), (*one.events, *other.events))


def take(book: RuleBook, answers: Mapping[str, Answered], state: AlertState, now: datetime, around: Around) -> Round:
    """Say how it stands with the alerts of every source.

    Args:
        book: with the sources, and what raises what fires.
        answers: by source; one that is not there has never answered.
        state: what is remembered of what they judge, and of nothing else.
        now: an aware instant. One that lies before the last round moves what is remembered, and judges nothing.
        around: whether weddings are live.
    """
    back = max(state.judged_at - now, timedelta()) if state.judged_at is not None else timedelta()
    if back:
        moved = {rule: {of: memory.moved(back) for of, memory in each.items()} for rule, each in state.memories.items()}
        return Round(AlertState(now, moved))
    turn = _Turn(book, now, around)
    memories: dict[str, dict[Labels, Memory]] = {}
    for source in book.sources:
        known = {
            (rule, labels): memory
            for rule, series in state.memories.items()
            if source_of(rule) == source.name
            for labels, memory in series.items()
        }
        for (rule, labels), memory in turn.source(source, answers.get(source.name, Answered()), known):
            memories.setdefault(rule, {})[labels] = memory
    return Round(AlertState(now, memories), tuple(turn.events))


_Which = tuple[str, Labels]
_FIRST = datetime.min.replace(tzinfo=UTC)


def listed(source: str, alerts: Iterable[Reported]) -> dict[_Which, Reported]:
    """Return the alerts of an answer by name and labels; of one that it has twice the worse."""
    found: dict[_Which, Reported] = {}
    for each in alerts:
        which = rule_of(source, each.name), each.labels
        found[which] = _both(found[which], each) if which in found else each
    return found


def _both(one: Reported, other: Reported) -> Reported:
    """Return two that are the same alert as one: nothing that either says is swallowed."""
    first, second = (one, other) if one.firing or not other.firing else (other, one)
    since = min((each.since for each in (one, other) if each.since is not None), default=None)
    hidden = first.hidden if one.hidden and other.hidden else ""
    return first._replace(severity=worse(one.severity, second.severity), since=since, hidden=hidden)


@dataclass(slots=True)
class _Turn:
    """One round."""

    book: RuleBook
    now: datetime
    around: Around
    events: list[Event] = field(default_factory=list)

    def source(
        self, source: Source, answer: Answered, known: Mapping[_Which, Memory]
    ) -> Iterator[tuple[_Which, Memory]]:
        """Yield what is remembered now of each alert of a source."""
        at = answer.at
        if at is None or not answer.is_fresh(self.now):
            since = self.now if at is None else min(at + fresh_for(answer.interval), self.now)
            for which, memory in known.items():
                if not self._is_forgotten(memory):
                    yield which, self._raised((source, which), _unknown(memory, since))
            return
        there = listed(source.name, answer.alerts)
        for which, reported in there.items():
            yield which, self._listed((source, which), reported, known.get(which) or Memory(), min(at, self.now))
        yield from self._bounded(source, self._missing(source, answer, known, there), len(there))

    def _missing(
        self, source: Source, answer: Answered, known: Mapping[_Which, Memory], there: Mapping[_Which, Reported]
    ) -> Iterator[tuple[_Which, Memory]]:
        """Yield what is remembered now of what a good answer does not have."""
        assert answer.at is not None
        for which, memory in known.items():
            if which in there or self._is_forgotten(memory):
                continue
            after = self._lacking((source, which), answer, memory, answer.at)
            if after is not None:
                yield which, self._raised((source, which), after)

    def _bounded(
        self, source: Source, missing: Iterable[tuple[_Which, Memory]], there: int
    ) -> Iterator[tuple[_Which, Memory]]:
        """Yield of so many what is remembered as may be; what fires and is not among them is withdrawn.

        While no answer is whole nothing is over, and what comes and goes there (each pod has labels of its own) would
        add up for ever.
        """
        kept = list(missing)
        beyond = there + len(kept) - REMEMBERED_AT_MOST
        if beyond > 0:
            kept.sort(key=_by_worth)
            for which, memory in kept[:beyond]:
                if memory.phase is Phase.FIRING and memory.episode is not None:
                    self._tell(Kind.WITHDRAWN, (source, which), self.now, memory, memory.episode.severity)
        yield from kept[max(beyond, 0) :]

    def _is_forgotten(self, memory: Memory) -> bool:
        over = memory.resolved_at
        return memory.phase is Phase.RESOLVED and over is not None and self.now - over > FORGOTTEN_AFTER

    def _listed(self, of: tuple[Source, _Which], reported: Reported, memory: Memory, at: datetime) -> Memory:
        if memory.phase is Phase.FIRING:
            return self._goes_on(of, reported, memory)
        since = at if reported.since is None else min(reported.since, at)
        report = Report(of[0].name, reported.said, reported.hidden, reported.runbook, reported.link)
        if reported.firing:
            return self._begins(of, reported, memory._replace(report=report), (since, at))
        if memory.phase is Phase.PENDING:
            return memory if memory.unknown_since is None else memory._replace(unknown_since=None)
        begun = memory.quiet()._replace(
            phase=Phase.PENDING, since=since, seen=at, reason=Reason.CONDITION, unknown_since=None, report=report
        )
        self._tell(Kind.PENDING, of, at, begun, reported.severity)
        return begun

    def _begins(
        self, of: tuple[Source, _Which], reported: Reported, memory: Memory, times: tuple[datetime, datetime]
    ) -> Memory:
        (_, (rule, labels)), (since, at) = of, times
        number = memory.episodes + 1
        severity = self.book.elevated(reported.severity, labels, live=self.around.live)
        begun = (*(then for then in memory.begun if at - then < FLAPS_WITHIN), at)[-MOST_FLAPS:]
        fires = memory.quiet()._replace(
            phase=Phase.FIRING,
            seen=at,
            reason=Reason.CONDITION,
            unknown_since=None,
            episode=Episode(episode_key(rule, labels, at, number), since, severity, Reason.CONDITION),
            begun=begun,
            episodes=number,
        )
        self._tell(Kind.FIRING, of, at, fires, severity, value=reported.value)
        return fires

    def _goes_on(self, of: tuple[Source, _Which], reported: Reported, memory: Memory) -> Memory:
        """Return what fires and is still there; one that is pending there began anew before anybody saw it end."""
        if memory.since is not None or memory.unknown_since is not None:
            memory = memory.quiet()._replace(unknown_since=None)
        if memory.report is not None and memory.report.hidden != reported.hidden:
            memory = memory._replace(report=memory.report._replace(hidden=reported.hidden))
        return self._raised(of, memory, reported.severity, reported.value)

    def _raised(
        self,
        of: tuple[Source, _Which],
        memory: Memory,
        severity: Severity = Severity.WARNING,
        value: float | None = None,
    ) -> Memory:
        """Return what fires as grave as it is now, whether or not anything new is known of it; it never gets milder."""
        episode = memory.episode
        if memory.phase is not Phase.FIRING or episode is None:
            return memory
        severity = self.book.elevated(worse(episode.severity, severity), of[1][1], live=self.around.live)
        if severity is episode.severity:
            return memory
        raised = memory._replace(episode=episode._replace(severity=severity))
        self._tell(Kind.RAISED, of, self.now, raised, severity, value=value)
        return raised

    def _lacking(self, of: tuple[Source, _Which], answer: Answered, memory: Memory, at: datetime) -> Memory | None:
        """Return what is remembered of an alert that an answer does not have; None where nothing is any more."""
        if memory.phase is Phase.RESOLVED:
            return memory
        if not answer.denies:
            return _unknown(memory, at)
        if memory.phase is not Phase.FIRING:
            self._tell(Kind.PASSED, of, min(at, self.now), memory, Severity.WARNING)
            over = memory.quiet()._replace(phase=Phase.RESOLVED, unknown_since=None)
            return over if memory.resolved_at is not None else None
        if memory.support == at:
            return memory
        if memory.support is not None and at - memory.support > fresh_for(answer.interval):
            # In between nobody knew: what is counted begins anew.
            memory = memory.quiet()
        lacks = memory._replace(since=memory.since or at, samples=memory.samples + 1, support=at, unknown_since=None)
        assert lacks.since is not None
        if lacks.samples < of[0].lacking or at - lacks.since < of[0].clear:
            return lacks
        over_at = min(at, self.now)
        assert memory.episode is not None
        self._tell(Kind.RESOLVED, of, over_at, lacks, memory.episode.severity)
        return lacks.quiet()._replace(phase=Phase.RESOLVED, resolved_at=over_at)

    def _tell(
        self,
        kind: Kind,
        of: tuple[Source, _Which],
        at: datetime,
        memory: Memory,
        severity: Severity,
        *,
        value: float | None = None,
    ) -> None:
        source, (rule, labels) = of
        episode = memory.episode if kind not in {Kind.PENDING, Kind.PASSED} else None
        named = dict(labels)
        group = tuple((name, named.get(name, "")) for name in source.group)
        key = "" if episode is None else episode.key
        self.events.append(Event(kind, rule, labels, at, severity, Reason.CONDITION, key, value, group))


def _by_worth(of: tuple[_Which, Memory]) -> tuple[bool, bool, datetime]:
    """Return by what is forgotten first: what does not fire, then warnings, then what began first."""
    memory = of[1]
    episode = memory.episode
    if memory.phase is not Phase.FIRING or episode is None:
        return False, False, memory.resolved_at or _FIRST
    return True, episode.severity is Severity.CRITICAL, memory.unknown_since or episode.since


def _unknown(memory: Memory, since: datetime) -> Memory:
    """Return what is remembered where nothing says how it stands: all of it, and that its end begins anew."""
    if memory.phase is Phase.RESOLVED:
        return memory
    if memory.unknown_since is None:
        memory = memory._replace(unknown_since=since)
    return memory.quiet() if memory.phase is Phase.FIRING and memory.since is not None else memory
