"""Episodes that begin and end as told, the rounds that say so, and what people were told of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tests.core.alerts.world import START
from wedtui.core.alerts.evaluation import Event, Kind, Round
from wedtui.core.alerts.grammar import parse_condition
from wedtui.core.alerts.memory import FLAPS_WITHIN, AlertState, Episode, Memory, Phase, Reason, episode_key
from wedtui.core.alerts.rule import Clear, Inhibition, Rule, RuleBook, Severity, Where
from wedtui.core.alerts.silences import Silence
from wedtui.core.alerts.telling import Telling, tell, telling_document, telling_of
from wedtui.core.alerts.told import Hidden
from wedtui.core.alerts.track import Labels, labels_of
from wedtui.core.notify import Event as Says
from wedtui.core.notify import Notice

CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def named(
    name: str,
    *,
    severity: Severity = CRITICAL,
    group: tuple[str, ...] = (),
    inhibit: Inhibition | None = None,
    route: str = "",
    runbook: str = "",
) -> Rule:
    condition = parse_condition("error_rate > 5%")
    return Rule(
        name,
        condition,
        severity,
        MINUTE,
        Clear(MINUTE),
        group=group,
        inhibit=inhibit,
        route=route,
        runbook=runbook,
    )


def silence(until: datetime, *, number: int = 1, rules: tuple[str, ...] = (), **labels: str) -> Silence:
    where = Where({name: (value,) for name, value in labels.items()})
    return Silence(number, where, rules, "a rehearsal", "ada", START - timedelta(days=1), until)


def at(*hosts: int | str) -> list[Labels]:
    return [labels_of({"host": f"{host}"}) for host in hosts]


@dataclass
class Stage:
    """Rules, what fires of them, and everybody who was told."""

    book: RuleBook
    now: datetime = START
    stored: bool = True
    """Whether what is remembered is written and read again between any two rounds."""
    telling: Telling = field(default_factory=Telling)
    silences: list[Silence] = field(default_factory=list)
    memories: dict[str, dict[Labels, Memory]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    told: list[Notice] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    """Of every episode that there was."""

    def untold(self, hidden: Hidden | None) -> int:
        """How many that fire wait for that reason; None: to be told together with others."""
        return sum(each.hidden is hidden for each in self.telling.untold)

    def memory(self, rule: str, labels: Labels) -> Memory:
        return self.memories.setdefault(rule, {}).get(labels, Memory())

    def begin(self, rule: str, labels: Labels, severity: Severity = CRITICAL, value: float | None = 0.1) -> str:
        before = self.memory(rule, labels)
        assert before.phase is not Phase.FIRING
        key = episode_key(rule, labels, self.now, before.episodes + 1)
        episode = Episode(key, self.now, severity, Reason.CONDITION)
        begun = (*(then for then in before.begun if self.now - then < FLAPS_WITHIN), self.now)
        self.memories[rule][labels] = Memory(Phase.FIRING, episode=episode, begun=begun, episodes=before.episodes + 1)
        self.events.append(Event(Kind.FIRING, rule, labels, self.now, severity, Reason.CONDITION, key, value))
        self.keys.append(key)
        return key

    def end(self, rule: str, labels: Labels) -> None:
        memory = self.memories[rule][labels]
        assert memory.episode is not None
        severity = memory.episode.severity
        self.memories[rule][labels] = memory._replace(phase=Phase.RESOLVED, resolved_at=self.now)
        self.events.append(Event(Kind.RESOLVED, rule, labels, self.now, severity, Reason.CONDITION, memory.episode.key))

    def raised(self, rule: str, labels: Labels) -> None:
        memory = self.memories[rule][labels]
        assert memory.episode is not None
        episode = memory.episode._replace(severity=CRITICAL)
        self.memories[rule][labels] = memory._replace(episode=episode)
        self.events.append(Event(Kind.RAISED, rule, labels, self.now, CRITICAL, Reason.CONDITION, episode.key, 0.2))

    def take(self, rule: str, labels: Labels, by: str) -> None:
        """Let somebody have what fires; nobody where `by` is empty."""
        memory = self.memories[rule][labels]
        assert memory.episode is not None
        taken = memory.episode._replace(acknowledged_by=by, acknowledged_at=self.now if by else None)
        self.memories[rule][labels] = memory._replace(episode=taken)

    def withdraw(self, rule: str) -> None:
        for labels, memory in self.memories.pop(rule, {}).items():
            if memory.phase is Phase.FIRING and memory.episode is not None:
                e = memory.episode
                self.events.append(Event(Kind.WITHDRAWN, rule, labels, self.now, e.severity, e.reason, e.key))
        self.book = replace(self.book, rules=tuple(each for each in self.book.rules if each.name != rule))

    def fires(self, rule: str, labels: Labels) -> bool:
        return self.memory(rule, labels).phase is Phase.FIRING

    @property
    def state(self) -> AlertState:
        return AlertState(self.now, {rule: dict(series) for rule, series in self.memories.items()})

    def round(self, after: timedelta = timedelta()) -> list[str]:
        """Go on, tell what there is to be told, and return it as signs: `!key` begins, `.key` ends."""
        self.now += after
        found = Round(self.state, tuple(self.events))
        notices, self.telling = tell(self.book, found, self.telling, self.silences, self.now)
        if self.stored:
            self.telling = telling_of(json.loads(json.dumps(telling_document(self.telling))))
        self.events = []
        self.told += notices
        for notice in notices:
            notice.bounded()
        return [("!" if notice.event is Says.TRIGGER else ".") + notice.key for notice in notices]

    @property
    def newest(self) -> Notice:
        return self.told[-1]


def stage(*rules: Rule, **other: object) -> Stage:
    return Stage(RuleBook(rules or (named("errors"),)), **other)  # type: ignore[arg-type]


def triggers(notices: Sequence[Notice]) -> list[Notice]:
    return [each for each in notices if each.event is Says.TRIGGER]


def ends(notices: Sequence[Notice]) -> list[Notice]:
    return [each for each in notices if each.event is Says.RESOLVE]
