"""How far notifications have climbed, as it is remembered from one round to the next: values that JSON can hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from wedtui.core.oncall.ladder import Climb
from wedtui.core.season import Protection

VERSION = 1
CLIMBING = "climbing"
"""Where it stands beside what was told."""


@dataclass(frozen=True, slots=True)
class Ascent:
    """How far one notification has come."""

    key: str
    """Of the notification."""
    climb: Climb
    calls: int = 1
    """How many messages bear its key, the first included: by this each has a key of its own."""
    taken: datetime | None = None
    """While somebody has it: since when."""
    still_since: datetime | None = None
    """While all of it is hidden or over: since when."""
    was_taken: bool = False
    """Whether somebody had it when that began."""
    had: tuple[str, ...] = ()
    """The keys of the episodes among it that somebody had when they were last seen unhidden."""
    alone: int = 0
    """How many of it fire that nobody has."""

    def moved(self, by: timedelta) -> Ascent:
        """Return the same with every instant earlier by so much."""
        taken = None if self.taken is None else self.taken - by
        still = None if self.still_since is None else self.still_since - by
        return replace(self, climb=self.climb.moved(by), taken=taken, still_since=still)


@dataclass(frozen=True, slots=True)
class Call:
    """A further message: its end is told when the last of what it is about is over."""

    key: str
    about: str
    """In words."""
    of: tuple[str, ...]
    """The keys of the notifications that it is about and that are not over."""
    lost: bool = False
    """Whether of any of them nobody knows how it stands: then its end is nobody's to say."""


@dataclass(frozen=True, slots=True)
class Climbing:
    """Everything that is remembered of who was told next."""

    ascents: tuple[Ascent, ...] = ()
    calls: tuple[Call, ...] = ()

    def moved(self, by: timedelta) -> Climbing:
        """Return the same for a clock that was set back by so much."""
        return replace(self, ascents=tuple(each.moved(by) for each in self.ascents))

    def keys_of(self, keys: Collection[str]) -> tuple[str, ...]:
        """Return the keys of the messages about any of some notifications."""
        return tuple(call.key for call in self.calls if any(key in keys for key in call.of))


def climbing_in(telling: Mapping[str, Any]) -> Climbing:
    """Return what is remembered of who was told next, beside what was told."""
    return climbing_of(telling.get(CLIMBING) or {})


def climbing_document(climbing: Climbing) -> dict[str, Any]:
    """Return what is remembered as JSON can hold it."""
    return {
        "version": VERSION,
        "ascents": [_ascent_document(each) for each in climbing.ascents],
        "calls": [[each.key, each.about, list(each.of), each.lost] for each in climbing.calls],
    }


def climbing_of(document: Mapping[str, Any]) -> Climbing:
    """Return what `climbing_document` wrote; after another version's all begins anew."""
    try:
        if document["version"] != VERSION:
            return Climbing()
        ascents = tuple(map(_ascent_of, document["ascents"]))
        return Climbing(ascents, tuple(Call(key, about, tuple(of), lost) for key, about, of, lost in document["calls"]))
    except (KeyError, TypeError, ValueError):
        return Climbing()


def _ascent_document(ascent: Ascent) -> dict[str, Any]:
    climb = ascent.climb
    return {
        "key": ascent.key,
        "calls": ascent.calls,
        "taken": _text(ascent.taken),
        "still_since": _text(ascent.still_since),
        "was_taken": ascent.was_taken,
        "had": list(ascent.had),
        "alone": ascent.alone,
        "began": _text(climb.began),
        "level": climb.level.value,
        "told": climb.told,
        "held_us": climb.held // timedelta(microseconds=1),
        "acknowledged_at": _text(climb.acknowledged_at),
        "reminded": climb.reminded,
    }


def _ascent_of(document: Mapping[str, Any]) -> Ascent:
    climb = Climb(
        datetime.fromisoformat(document["began"]),
        Protection(document["level"]),
        document["told"],
        timedelta(microseconds=document["held_us"]),
        _instant(document["acknowledged_at"]),
        document["reminded"],
    )
    still = _instant(document["still_since"])
    taken, was_taken = _instant(document["taken"]), document["was_taken"]
    had, alone = tuple(document["had"]), document["alone"]
    return Ascent(document["key"], climb, document["calls"], taken, still, was_taken, had, alone)


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
