"""Which messages other rules hide, and which not. The row of an alert is never hidden. Pure.

What fires is hidden where what hides it says as much of the same thing, so that whoever has the one knows of the other:

- Of several series of the rule that hides (probes), all that are known have to fire: one that is well shows that what
  fires is not the whole of it. Of what fires for want of data nobody knows whether it is so: that hides nothing that
  was measured.
- Nothing graver than it is hidden: who was posted a warning was not called.
- What began to hold more than `CONSEQUENCE` after it is no consequence of it any more, and is told. Who has had the one
  for hours, or takes it for nothing, has not heard of the other.

That somebody acknowledged it changes nothing: it is somebody who looks, and what is not over after a quarter of an hour
calls again by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from wedtui.core.alerts.memory import AlertState, Episode, Memory, Phase, Reason
from wedtui.core.alerts.rule import RuleBook, Severity, worse
from wedtui.core.alerts.track import Labels

CONSEQUENCE = timedelta(hours=1)
"""So long after a cause its consequences begin to hold."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_Values = tuple[str | None, ...]


class _Hides(NamedTuple):
    """What the series of a rule that stand for the same hide together."""

    reasons: frozenset[Reason]
    severity: Severity
    until: datetime
    """What began to hold later is not hidden."""


class Hiding:
    """Which message is hidden by another rule that fires, as a state has it."""

    def __init__(self, book: RuleBook, state: AlertState) -> None:
        """Look at a state by the rules that count."""
        self._rules = {rule.name: rule for rule in book.rules if rule.inhibit is not None}
        self._state = state
        self._found: dict[tuple[str, tuple[str, ...]], dict[_Values, _Hides | None]] = {}

    def by(self, rule: str, labels: Labels) -> str:
        """Return the rule that hides what another one says of a series; empty where none does."""
        hidden = self._rules.get(rule)
        if hidden is None or hidden.inhibit is None:
            return ""
        memory = self._state.memories.get(rule, {}).get(labels)
        episode = None if memory is None else memory.episode
        reason = Reason.CONDITION if episode is None else episode.reason
        severity = hidden.severity if episode is None else episode.severity
        held = _LONG_AGO if episode is None else episode.since - hidden.duration
        wanted = _values(labels, hidden.inhibit.equal)
        for name in hidden.inhibit.by:
            hides = self._hidden(name, hidden.inhibit.equal).get(wanted)
            if hides is None or reason not in hides.reasons or held > hides.until:
                continue
            if worse(severity, hides.severity) is hides.severity:
                return name
        return ""

    def _hidden(self, name: str, equal: tuple[str, ...]) -> dict[_Values, _Hides | None]:
        """Return what a rule hides, by the values of labels."""
        if (name, equal) not in self._found:
            alike: dict[_Values, list[Memory]] = {}
            for labels, memory in self._state.memories.get(name, {}).items():
                alike.setdefault(_values(labels, equal), []).append(memory)
            self._found[name, equal] = {values: _hides(memories) for values, memories in alike.items()}
        return self._found[name, equal]


def _hides(memories: Iterable[Memory]) -> _Hides | None:
    """Return what the series of one rule that stand for the same hide together; None where they hide nothing."""
    firing = [memory for memory in memories if memory.phase is Phase.FIRING]
    known = [memory for memory in memories if memory.unknown_since is None]
    if not firing or any(memory.phase is not Phase.FIRING for memory in known):
        return None
    measured = [each for each in _episodes(known) if each.reason is Reason.CONDITION]
    episodes = measured or _episodes(firing)
    if not episodes:
        return None
    severity = max((each.severity for each in episodes), key=[Severity.WARNING, Severity.CRITICAL].index)
    # The last of them to fail made it the whole.
    until = max(each.since for each in episodes) + CONSEQUENCE
    return _Hides(frozenset(Reason) if measured else frozenset({Reason.NO_DATA}), severity, until)


def _episodes(memories: Iterable[Memory]) -> list[Episode]:
    return [memory.episode for memory in memories if memory.episode is not None]


def _values(labels: Labels, names: tuple[str, ...]) -> _Values:
    there = dict(labels)
    return tuple(there.get(name) for name in names)
