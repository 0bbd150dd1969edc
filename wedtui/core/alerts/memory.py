"""What is remembered of alerts from one round to the next: a value that can be stored and read again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.track import Labels
from wedtui.errors import NotFoundError

VERSION = 1
FLAPS_WITHIN = timedelta(hours=1)
"""Episodes that began longer ago are no flapping."""
MOST_FLAPS = 100
_NO_KEY = re.compile(r"[^!-~]")
_LONGEST_NAME = 130


class Phase(StrEnum):
    """How it stands with one rule and one series."""

    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"
    """As OK, after an episode."""


class Reason(StrEnum):
    """Why something is wrong."""

    CONDITION = "condition"
    NO_DATA = "no data"


class Report(NamedTuple):
    """What is remembered of an alert that another system judges, beside how it stands."""

    source: str
    """The name of that system."""
    said: str = ""
    """What it said of the alert when that began, in its own words."""
    hidden: str = ""
    """Why its own people are not told: `silenced` or `inhibited`."""
    runbook: str = ""
    link: str = ""
    """Where it can be looked at there."""


class Episode(NamedTuple):
    """From firing to its end."""

    key: str
    """The dedup key of everything that is told of it."""
    since: datetime
    severity: Severity
    """The gravest that it had."""
    reason: Reason
    notified_at: datetime | None = None
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None


class Memory(NamedTuple):
    """What is remembered of one rule and one series."""

    phase: Phase = Phase.OK
    seen: datetime | None = None
    """The newest sample that was judged."""
    since: datetime | None = None
    """PENDING: since when; FIRING: since when it is well again, where it is."""
    samples: int = 0
    """How many samples say so."""
    support: datetime | None = None
    """The evidence of the newest of them."""
    reason: Reason = Reason.CONDITION
    unknown_since: datetime | None = None
    episode: Episode | None = None
    """The one that fires, or RESOLVED: the last."""
    resolved_at: datetime | None = None
    begun: tuple[datetime, ...] = ()
    """When the episodes of the hour before the last one began, and that, oldest first."""
    episodes: int = 0
    report: Report | None = None
    """Where another system judges it."""

    def flaps(self, now: datetime) -> int:
        """Return how often it began again within the hour before an instant."""
        return max(sum(now - at < FLAPS_WITHIN for at in self.begun) - 1, 0)

    def quiet(self) -> Memory:
        """Return the same without a run of samples that say something."""
        return self._replace(since=None, samples=0, support=None)

    def moved(self, by: timedelta) -> Memory:
        """Return the same with every instant earlier by so much; what has lasted, has lasted as long."""
        episode = self.episode
        if episode is not None:
            episode = episode._replace(
                since=episode.since - by,
                notified_at=_earlier(episode.notified_at, by),
                acknowledged_at=_earlier(episode.acknowledged_at, by),
            )
        return self._replace(
            seen=_earlier(self.seen, by),
            since=_earlier(self.since, by),
            support=_earlier(self.support, by),
            unknown_since=_earlier(self.unknown_since, by),
            episode=episode,
            resolved_at=_earlier(self.resolved_at, by),
            begun=tuple(at - by for at in self.begun),
        )


def _earlier(at: datetime | None, by: timedelta) -> datetime | None:
    return None if at is None else at - by


Memories = Mapping[str, Mapping[Labels, Memory]]


@dataclass(frozen=True, slots=True)
class AlertState:
    """Everything that is remembered."""

    judged_at: datetime | None = None
    """The instant of the last round."""
    memories: Memories = field(default_factory=dict)
    """By rule, then by series."""

    def of(self, rule: str, labels: Labels) -> Memory:
        """Return what is remembered of one series; of one that was never seen, that it is OK."""
        return self.memories.get(rule, {}).get(labels, Memory())


def episode_key(rule: str, labels: Labels, since: datetime, number: int) -> str:
    """Return the dedup key of an episode: the same for whoever computes it, another one for each episode."""
    text = repr((rule, labels, since.isoformat(), number))
    # What another system calls its alerts may be any text; a key goes into addresses and headers.
    name = _NO_KEY.sub("_", rule)[:_LONGEST_NAME]
    return f"alert/{name}/{hashlib.sha256(text.encode()).hexdigest()[:24]}"


KEY_SHOWN = 12
"""So much of a key people are shown: enough to tell one episode from another, and to type."""


def short_key(key: str) -> str:
    """Return so much of an episode's key as a person is shown and types."""
    return key.rsplit("/", 1)[-1][:KEY_SHOWN]


def acknowledged(state: AlertState, key: str, person: str, at: datetime) -> AlertState:
    """Return the state in which somebody has an episode.

    Raises:
        NotFoundError: no such episode fires.
    """
    return _with_episode(state, key, lambda episode: episode._replace(acknowledged_by=person, acknowledged_at=at))


def notified(state: AlertState, key: str, at: datetime) -> AlertState:
    """Return the state in which an episode was told.

    Raises:
        NotFoundError: no such episode fires.
    """
    return _with_episode(state, key, lambda episode: episode._replace(notified_at=at))


def _with_episode(state: AlertState, key: str, change: Callable[[Episode], Episode]) -> AlertState:
    for rule, series in state.memories.items():
        for labels, memory in series.items():
            if memory.phase is Phase.FIRING and memory.episode is not None and memory.episode.key == key:
                changed = {**series, labels: memory._replace(episode=change(memory.episode))}
                return replace(state, memories={**state.memories, rule: changed})
    raise NotFoundError(f'no episode "{key}" fires: look at what does')


def state_document(state: AlertState) -> dict[str, Any]:
    """Return a state as JSON can hold it."""
    return {
        "version": VERSION,
        "judged_at": _text(state.judged_at),
        "memories": [
            [rule, [list(pair) for pair in labels], memory_document(memory)]
            for rule, series in state.memories.items()
            for labels, memory in series.items()
        ],
    }


def state_of(document: Mapping[str, Any]) -> AlertState:
    """Return the state that `state_document` wrote.

    Raises:
        ValueError: it is that of another version; KeyError, TypeError: or none.
    """
    if document["version"] != VERSION:
        raise ValueError(f"expected a state of alerts of version {VERSION}, got {document['version']}")
    memories: dict[str, dict[Labels, Memory]] = {}
    for rule, labels, memory in document["memories"]:
        memories.setdefault(rule, {})[tuple((name, value) for name, value in labels)] = memory_of(memory)
    return AlertState(_instant(document["judged_at"]), memories)


def memory_document(memory: Memory) -> dict[str, Any]:
    """Return what differs from nothing remembered: of most series that is one instant."""
    nothing = Memory()._asdict()
    found = {name: value for name, value in memory._asdict().items() if value != nothing[name]}
    if memory.episode is not None:
        found["episode"] = {name: _plain(value) for name, value in memory.episode._asdict().items()}
    if memory.report is not None:
        found["report"] = memory.report._asdict()
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _text(value)
    return [_text(at) for at in value] if isinstance(value, tuple) else value


def memory_of(document: Mapping[str, Any]) -> Memory:
    """Return what `memory_document` wrote; what a newer version says beside that is passed over.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    read = _known(document, Memory._fields)
    for name in ("seen", "since", "support", "unknown_since", "resolved_at"):
        read[name] = _instant(read.get(name))
    if (episode := read.get("episode")) is not None:
        instants = {name: _instant(episode[name]) for name in ("since", "notified_at", "acknowledged_at")}
        kinds = {"severity": Severity(episode["severity"]), "reason": Reason(episode["reason"])}
        read["episode"] = Episode(**{**_known(episode, Episode._fields), **instants, **kinds})
    if (report := read.get("report")) is not None:
        read["report"] = Report(**_known(report, Report._fields))
    read["phase"] = Phase(read.get("phase", Phase.OK))
    read["reason"] = Reason(read.get("reason", Reason.CONDITION))
    read["begun"] = tuple(datetime.fromisoformat(at) for at in read.get("begun", ()))
    return Memory(**read)


def _known(document: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name in names}


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
