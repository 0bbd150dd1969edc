"""What changes too often is counted instead of said, and the count is said: bounded, and never silent."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from wedtui.core.wording import counted
from wedtui.tui.plain.changes import Change

SAID_IN_WINDOW = 4
WINDOW_S = 60.0
SUMMARY_EVERY_S = 30.0


class Summary(NamedTuple):
    """What became of something that kept changing, since the last summary."""

    key: str
    more: int
    """How many changes were held back; none means that it is steady again."""
    last: Change


@dataclass(slots=True)
class _Held:
    """Something that changes too often to be said each time."""

    worst: int
    last: Change
    due: float
    count: int = 0


@dataclass(slots=True)
class Damper:
    """Lets changes through until one thing changes too often. Times are monotonic seconds."""

    _said: dict[str, deque[float]] = field(default_factory=dict)
    _worst: dict[str, int] = field(default_factory=dict)
    _held: dict[str, _Held] = field(default_factory=dict)

    def let_through(self, found: Iterable[Change], at: float) -> tuple[Change, ...]:
        """Return what is to be said now; a change for the worse than anything said of it is never held back."""
        return tuple(said for change in found if (said := self._judge(change, at)) is not None)

    def _judge(self, change: Change, at: float) -> Change | None:
        held = self._held.get(change.key)
        if held is not None:
            held.last = change
            if change.badness > held.worst:
                held.worst = change.badness
                return change
            held.count += 1
            return None
        said = self._said.setdefault(change.key, deque())
        while said and at - said[0] >= WINDOW_S:
            said.popleft()
        worst = max(self._worst.get(change.key, 0) if said else 0, change.badness)
        said.append(at)
        self._worst[change.key] = worst
        if len(said) <= SAID_IN_WINDOW:
            return change
        self._held[change.key] = _Held(worst, change, at + SUMMARY_EVERY_S)
        remark = (
            f"{change.text} It keeps changing, {counted(len(said), 'time')} within {WINDOW_S:g} seconds: "
            f"further changes are counted and said every {SUMMARY_EVERY_S:g} seconds."
        )
        return change._replace(text=remark)

    def due(self, at: float) -> tuple[Summary, ...]:
        """Return the summaries that are to be said now."""
        found = []
        for key, held in list(self._held.items()):
            if at < held.due:
                continue
            found.append(Summary(key, held.count, held.last))
            if held.count:
                held.count, held.due = 0, at + SUMMARY_EVERY_S
            else:
                del self._held[key], self._said[key], self._worst[key]
        return tuple(found)
