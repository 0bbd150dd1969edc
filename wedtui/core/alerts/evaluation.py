"""One round: rules, samples with their ages, an instant and what is remembered in; what is remembered now, and events.

Each sample is judged once, in the order in which it was measured, at its own instant; then the instant of the round
says what is too old. So a round that comes late sees what came and went meanwhile, and what is stored between two
rounds is all that a restart or another service needs. Source: DESIGN, "Alerts" and law 3:

- Nothing but samples that say so brings a state nearer to OK: no time, no silence, no change of the level.
- Durations shrink on wedding days, and two samples have to say it all the same.
- A clock that went back takes what is remembered with it: what lasted five minutes has lasted five minutes. That round
  judges nothing, because what is stamped just before its instant may have been measured an hour ago.
- A silence counts while it is listened to: after a pause of the rounds it begins anew, and pages nobody by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from wedtui.core.alerts.hiding import Hiding
from wedtui.core.alerts.judging import Judged, Question, judge
from wedtui.core.alerts.memory import (
    FLAPS_WITHIN,
    MOST_FLAPS,
    AlertState,
    Episode,
    Memories,
    Memory,
    Phase,
    Reason,
    episode_key,
)
from wedtui.core.alerts.rule import FEWEST_SAMPLES, NoData, Rule, RuleBook, Severity, worse
from wedtui.core.alerts.track import Labels, Track
from wedtui.core.evidence import FUTURE_TOLERANCE
from wedtui.core.season import Protection

FACTORS = {Protection.NORMAL: 1.0, Protection.HIGH: 0.5, Protection.MAXIMUM: 0.25}
"""What the durations of rules are multiplied by."""
PAUSE = timedelta(minutes=1)
"""Rounds that are further apart have not listened in between."""
UNMEASURED_EVERY = timedelta(minutes=1)
"""How often what was never measured is supposed to be."""
LOOKED_BACK = timedelta(minutes=15)
"""How far back samples are judged that no round has seen; as far as a rule's own durations, where these are longer."""
FORGOTTEN_AFTER = timedelta(hours=24)
"""What was well, and is not measured any more, is forgotten."""
_PLACEHOLDER: Labels = ()
_QUIET = (Phase.OK, Phase.RESOLVED)

Evidence = Mapping[str, Mapping[Labels, Track]]
"""By signal, then by series."""


class Kind(StrEnum):
    """What happened to one rule and one series."""

    PENDING = "pending"
    PASSED = "passed"
    """It was pending, and is well."""
    FIRING = "firing"
    RAISED = "raised"
    """It fires, and became graver."""
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"
    """It fired, and its rule is no more: nobody knows how it stands."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""

    kind: Kind
    rule: str
    labels: Labels
    at: datetime
    """When the sample was measured, or the silence judged, by which it did."""
    severity: Severity
    reason: Reason
    key: str = ""
    """Of the episode; empty before there is one."""
    value: float | None = None
    """What was measured."""
    group: Labels = ()
    """What is told together with it has the same."""
    inhibited_by: str = ""
    """The rule that hides its message."""


@dataclass(frozen=True, slots=True)
class Around:
    """What holds for everything."""

    level: Protection = Protection.NORMAL
    live: bool | None = False
    """Whether weddings are live; None: nobody knows, and so they may be."""


@dataclass(frozen=True, slots=True)
class Round:
    """What a round found."""

    state: AlertState
    events: tuple[Event, ...] = ()


def evaluate(book: RuleBook, evidence: Evidence, now: datetime, state: AlertState, around: Around) -> Round:
    """Judge every rule for every series at an aware instant.

    Args:
        book: the rules.
        evidence: what was measured; it is only read.
        now: the instant of the round.
        state: what the round before left.
        around: protection, and whether weddings are live.
    """
    before = state.judged_at
    back = max(before - now, timedelta()) if before is not None else timedelta()
    listened = None if before is None or now - before > PAUSE else before
    if back:
        return Round(AlertState(now, _set_back(state, back, now)))
    turn = _Turn(book, evidence, now, listened, around)
    memories = {rule.name: dict(turn.rule(rule, state.memories.get(rule.name, {}))) for rule in book.rules}
    known_rules = {rule.name for rule in book.rules}
    for name, series in state.memories.items():
        if name not in known_rules:
            turn.withdraw(name, series)
    after = AlertState(now, memories)
    hiding = Hiding(book, after)
    return Round(after, tuple(_marked(hiding, event) for event in turn.events))


def _set_back(state: AlertState, back: timedelta, now: datetime) -> Memories:
    return {
        rule: {labels: memory.moved(back)._replace(seen=now) for labels, memory in series.items()}
        for rule, series in state.memories.items()
    }


def _marked(hiding: Hiding, event: Event) -> Event:
    """Return an event with the rule that hides its message."""
    if event.kind not in {Kind.FIRING, Kind.RAISED}:
        return event
    return replace(event, inhibited_by=hiding.by(event.rule, event.labels))


@dataclass(slots=True)
class _Turn:
    """One round."""

    book: RuleBook
    evidence: Evidence
    now: datetime
    listened: datetime | None
    """Since when rounds have followed upon each other: the last one's instant, None after a pause."""
    around: Around
    events: list[Event] = field(default_factory=list)

    def rule(self, rule: Rule, known: Mapping[Labels, Memory]) -> Iterator[tuple[Labels, Memory]]:
        """Yield each series of a rule, with what is remembered of it now."""
        found = self._series(rule)
        for labels, tracks in found.items():
            yield labels, _Case(self, rule, labels, tracks).after(known.get(labels))
        for labels, memory in known.items():
            if labels in found:
                continue
            if labels == _PLACEHOLDER and self._is_measured(found):
                # What was remembered of nothing in particular is answered by the first series that is measured.
                self._measured_at_last(rule, memory)
            elif not self._is_forgotten(memory):
                yield labels, _Case(self, rule, labels, {}).after(memory)
        if not found and not known:
            yield _PLACEHOLDER, _Case(self, rule, _PLACEHOLDER, {}).after(None)

    def _series(self, rule: Rule) -> dict[Labels, dict[str, Track]]:
        found: dict[Labels, dict[str, Track]] = {}
        for signal in rule.signals:
            for labels, track in self.evidence.get(signal, {}).items():
                if rule.where.fits(labels):
                    found.setdefault(labels, {})[signal] = track
        return found

    def _is_measured(self, found: Mapping[Labels, Mapping[str, Track]]) -> bool:
        tracks = (track for each in found.values() for track in each.values())
        return any(track.is_fresh(track.place(self.now), self.now) for track in tracks)

    def _is_forgotten(self, memory: Memory) -> bool:
        since = memory.unknown_since
        return memory.phase in _QUIET and since is not None and self.now - since > FORGOTTEN_AFTER

    def _measured_at_last(self, rule: Rule, memory: Memory) -> None:
        if memory.phase is Phase.FIRING:
            self.tell(Kind.RESOLVED, (rule, _PLACEHOLDER), self.now, memory)

    def withdraw(self, name: str, series: Mapping[Labels, Memory]) -> None:
        """Say of each episode that its rule is no more."""
        for labels, memory in series.items():
            if memory.phase is Phase.FIRING and memory.episode is not None:
                episode = memory.episode
                self.events.append(
                    Event(Kind.WITHDRAWN, name, labels, self.now, episode.severity, episode.reason, episode.key)
                )

    def tell(
        self, kind: Kind, case: tuple[Rule, Labels], at: datetime, memory: Memory, value: float | None = None
    ) -> None:
        """Note an event."""
        rule, labels = case
        episode = memory.episode if kind in {Kind.FIRING, Kind.RAISED, Kind.RESOLVED} else None
        severity = rule.severity if episode is None else episode.severity
        reason = memory.reason if episode is None else episode.reason
        named = dict(labels)
        group = tuple((name, named.get(name, "")) for name in rule.group)
        key = "" if episode is None else episode.key
        self.events.append(Event(kind, rule.name, labels, at, severity, reason, key, value, group))


@dataclass(slots=True)
class _Case:
    """One rule and one series in one round."""

    turn: _Turn
    rule: Rule
    labels: Labels
    tracks: dict[str, Track]

    @property
    def named(self) -> tuple[Rule, Labels]:
        """Which it is."""
        return self.rule, self.labels

    def after(self, before: Memory | None) -> Memory:
        """Return what is remembered now."""
        memory = before or Memory()
        fresh = self._unjudged(memory)
        if len(fresh) == 1 and memory.phase in _QUIET:
            # Nearly every series of nearly every round: one new sample, and all is well.
            judged = judge(self.rule.condition, Question(self.tracks, fresh[0], self.turn.now))
            if judged.holds is False:
                return memory._replace(seen=fresh[0], unknown_since=None)
        for at in fresh:
            memory = self._sample(memory, at)
        memory = self._round(memory)
        return self._raised(memory) if memory.phase is Phase.FIRING else memory

    def _unjudged(self, memory: Memory) -> list[datetime]:
        """Return the instants of samples that no round has judged; of a series that is new, only the newest."""
        until = self.turn.now + FUTURE_TOLERANCE
        if memory.seen is None:
            places = [(track, track.place(until)) for track in self.tracks.values()]
            return sorted(track.instant(place) for track, place in places if place >= 0)[-1:]
        reach = max(LOOKED_BACK, self.rule.duration, self.rule.clear.duration)
        after = max(memory.seen, self.turn.now - reach)
        if len(self.tracks) == 1:
            (track,) = self.tracks.values()
            return track.instants(after, until)
        return sorted({at for track in self.tracks.values() for at in track.instants(after, until)})

    def _sample(self, memory: Memory, at: datetime) -> Memory:
        """Judge a sample at its own instant."""
        memory = self._over_a_hole(memory, at)._replace(seen=at)
        judged = judge(self.rule.condition, Question(self.tracks, at, at))
        memory = memory._replace(unknown_since=None if judged.holds is not None else memory.unknown_since or at)
        if memory.phase is Phase.FIRING:
            return self._while_firing(memory, at, judged)
        if judged.holds:
            return self._wrong(memory, at, judged)
        if judged.holds is None:
            return self._unreadable(memory, at)
        return self._well(memory, at)

    def _over_a_hole(self, memory: Memory, at: datetime) -> Memory:
        """Begin the end anew where nothing was known for a while: it is counted by what is seen alone."""
        if memory.phase is not Phase.FIRING or memory.since is None or memory.seen is None:
            return memory
        shortest = min(track.fresh for track in self.tracks.values())
        return memory.quiet() if at - memory.seen > shortest else memory

    def _wrong(self, memory: Memory, at: datetime, judged: Judged) -> Memory:
        if memory.phase in _QUIET:
            if self._is_off:
                return memory
            memory = self._begin(memory, at, Reason.CONDITION)
        elif memory.reason is Reason.NO_DATA:
            if self.rule.nodata is NoData.WARN:
                # A silence that only warns has not counted towards what the condition says.
                memory = memory._replace(since=at, samples=0, support=None)
            memory = memory._replace(reason=Reason.CONDITION)
        return self._fire_if_due(_counted(memory, judged.support), at, judged.value)

    def _unreadable(self, memory: Memory, at: datetime) -> Memory:
        """Count a sample that says nothing, where that counts."""
        if self.rule.nodata is NoData.HOLD:
            return memory
        if memory.phase in _QUIET:
            if self._is_off:
                return memory
            memory = self._begin(memory, at, Reason.NO_DATA)
        elif self.rule.nodata is NoData.WARN and memory.reason is Reason.CONDITION:
            return memory  # what is critical fires by what is known alone
        return self._fire_if_due(_counted(memory._replace(reason=Reason.NO_DATA), at), at, None)

    def _well(self, memory: Memory, at: datetime) -> Memory:
        if memory.phase is not Phase.PENDING:
            return memory
        self.turn.tell(Kind.PASSED, self.named, at, memory)
        phase = Phase.OK if memory.resolved_at is None else Phase.RESOLVED
        return memory.quiet()._replace(phase=phase, reason=Reason.CONDITION)

    def _while_firing(self, memory: Memory, at: datetime, judged: Judged) -> Memory:
        if judged.holds:
            return self._worsened(memory.quiet(), at, judged.value)
        if judged.holds is None:
            return memory.quiet()
        clear = self.rule.clear
        if clear.condition is not None:
            over = judge(clear.condition, Question(self.tracks, at, at, good=True))
            if not over.holds:
                return memory.quiet()
            judged = over
        if memory.since is None:
            memory = memory._replace(since=at)
        memory = _counted(memory, judged.support)
        assert memory.since is not None
        if memory.samples < FEWEST_SAMPLES or at - memory.since < self._shrunk(clear.duration):
            return memory
        self.turn.tell(Kind.RESOLVED, self.named, at, memory, judged.value)
        return memory.quiet()._replace(phase=Phase.RESOLVED, resolved_at=at)

    def _worsened(self, memory: Memory, at: datetime, value: float | None) -> Memory:
        """Take the condition for the reason of an episode that began with a silence."""
        episode = memory.episode
        assert episode is not None
        if episode.reason is Reason.CONDITION:
            return memory
        severity = worse(episode.severity, self._elevated(self.rule.severity))
        raised = memory._replace(episode=episode._replace(reason=Reason.CONDITION, severity=severity))
        if severity is not episode.severity:
            self.turn.tell(Kind.RAISED, self.named, at, raised, value)
        return raised

    def _round(self, memory: Memory) -> Memory:
        """Look at how old everything is by now. Nothing improves here: only samples do that."""
        now = self.turn.now
        judged = judge(self.rule.condition, Question(self.tracks, memory.seen or now, now))
        if judged.holds is None:
            return self._silent(memory)
        if memory.phase is Phase.PENDING and judged.holds:
            return self._fire_if_due(memory, now, judged.value)
        return memory

    def _silent(self, memory: Memory) -> Memory:
        since = memory.unknown_since or self._silent_since(memory)
        memory = memory._replace(unknown_since=since)
        if memory.phase is Phase.FIRING:
            return memory.quiet()
        if self.rule.nodata is NoData.HOLD:
            return memory
        if memory.phase in _QUIET:
            if self._is_off:
                return memory
            memory = self._begin(memory, since, Reason.NO_DATA)
        return self._fire_silent(memory, since)

    def _silent_since(self, memory: Memory) -> datetime:
        """Return since when nothing is known; nobody was silent towards those who did not listen."""
        now, listened = self.turn.now, self.turn.listened
        if memory.seen is None or listened is None:
            return now
        ends = [
            track.instant(place) + track.fresh
            for track in self.tracks.values()
            if (place := track.place(now)) >= 0 and not track.is_fresh(place, now)
        ]
        return min(max(min(ends, default=now), listened), now)

    def _fire_silent(self, memory: Memory, since: datetime) -> Memory:
        """Fire for a silence that has lasted; evidence that is too old was missed twice by then."""
        now = self.turn.now
        gone = len(self.tracks) < len(self.rule.signals)
        if gone and now - since < FEWEST_SAMPLES * UNMEASURED_EVERY:
            return memory
        missed = gone or not all(track.is_fresh(track.place(now), now) for track in self.tracks.values())
        begun = memory.since if self.rule.nodata is NoData.FIRE or memory.reason is Reason.NO_DATA else since
        counted = memory._replace(
            since=begun, reason=Reason.NO_DATA, samples=max(memory.samples, FEWEST_SAMPLES if missed else 0)
        )
        fired = self._fire_if_due(counted, now, None)
        if fired.phase is Phase.FIRING:
            return fired
        # Where a silence counts like what is wrong, a sample that is wrong after it goes on with that count.
        return memory._replace(samples=counted.samples) if self.rule.nodata is NoData.FIRE else memory

    @property
    def _is_off(self) -> bool:
        """Whether the rule does not begin to count now."""
        return self.rule.live_only and self.turn.around.live is False

    def _begin(self, memory: Memory, at: datetime, reason: Reason) -> Memory:
        memory = memory.quiet()._replace(phase=Phase.PENDING, since=at, reason=reason)
        self.turn.tell(Kind.PENDING, self.named, at, memory)
        return memory

    def _fire_if_due(self, memory: Memory, at: datetime, value: float | None) -> Memory:
        assert memory.since is not None
        if self._is_off or memory.samples < FEWEST_SAMPLES or at - memory.since < self._shrunk(self.rule.duration):
            return memory
        number = memory.episodes + 1
        severity = self.rule.severity if memory.reason is Reason.CONDITION else self.rule.silent_severity
        key = episode_key(self.rule.name, self.labels, at, number)
        begun = (*(then for then in memory.begun if at - then < FLAPS_WITHIN), at)[-MOST_FLAPS:]
        fired = memory.quiet()._replace(
            phase=Phase.FIRING,
            episode=Episode(key, at, self._elevated(severity), memory.reason),
            begun=begun,
            episodes=number,
        )
        self.turn.tell(Kind.FIRING, self.named, at, fired, value)
        return fired

    def _raised(self, memory: Memory) -> Memory:
        """Raise what fires where an elevation has come to hold; what it was raised to, it stays."""
        episode = memory.episode
        assert episode is not None
        severity = self._elevated(episode.severity)
        if severity is episode.severity:
            return memory
        raised = memory._replace(episode=episode._replace(severity=severity))
        self.turn.tell(Kind.RAISED, self.named, self.turn.now, raised)
        return raised

    def _elevated(self, severity: Severity) -> Severity:
        return self.turn.book.elevated(severity, self.labels, live=self.turn.around.live)

    def _shrunk(self, span: timedelta) -> timedelta:
        return span * FACTORS[self.turn.around.level]


def _counted(memory: Memory, support: datetime | None) -> Memory:
    """Count a sample, where what it says does not rest on one that was counted already."""
    if support is None or (memory.support is not None and support <= memory.support):
        return memory
    return memory._replace(samples=memory.samples + 1, support=support)
