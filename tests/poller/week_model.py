"""What people must have been told in a week, by a plain count of rounds: no code of the product's is used here.

Every twenty seconds of an outage is gone through. Somebody waits, is told, has it, or is hidden from; whatever the
product keeps as instants and algebra is a counter of seconds here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import NamedTuple
from zoneinfo import ZoneInfo

STEP_S = 20
STEP = timedelta(seconds=STEP_S)
LAPSE_S = 15 * 60
MONDAY = datetime(2026, 10, 19, tzinfo=UTC)
"""In the night to its Sunday the clocks of Europe go back."""
LONDON = ZoneInfo("Europe/London")
HAND_OVER = time(9)
SINCE = date(2026, 1, 1)
PEOPLE = ("ada", "grace")
RECEIVERS = {"ada": ("ada", "post"), "grace": ("grace", "team")}
"""By whom, what calls them and what they read."""
EVERYBODY = ("ada", "grace", "post", "team")
USUAL_S, WEDDING_S = (0, 300, 600, 900), (0, 120, 240, 360)


class Level(Enum):
    """How much is at stake, and what the durations of rules are multiplied by."""

    NORMAL = 1.0
    HIGH = 0.5
    MAXIMUM = 0.25


class Kind(NamedTuple):
    """What is wrong."""

    rule: str
    lasting_s: int
    over_s: int
    critical: bool


DOWN, CPU = Kind("down", 60, 60, True), Kind("cpu", 900, 900, False)
MUTE = Kind("down", 80, 60, True)
"""What is not measured: the sample before is evidence for two intervals, and a minute later it fires."""


@dataclass(frozen=True)
class Outage:
    """Something is wrong in [start, end)."""

    name: str
    """Of what is wrong: each time another one than in the hours before."""
    start: datetime
    end: datetime
    kind: Kind = DOWN
    taken: tuple[datetime, ...] = ()
    """When somebody takes it, after the round of that instant."""
    silent: tuple[tuple[datetime, datetime], ...] = ()
    """When a silence hides it."""
    joins_s: int = 0
    """How long it waits for others, where others of its group were told already."""


class Expected(NamedTuple):
    """One message to one receiver."""

    at: datetime
    receiver: str
    event: str
    name: str
    call: str
    """Which message of its outage it is: empty for the first, then `/step/2` and so on."""


def level_at(at: datetime) -> Level:
    """Return the protection of a week with weddings on its Saturday."""
    hours = (at - MONDAY).total_seconds() / 3600 - 5 * 24
    if 10 <= hours < 18:
        return Level.MAXIMUM
    return Level.HIGH if 8 <= hours < 20 else Level.NORMAL


def on_call(at: datetime, place: int) -> str:
    """Return who has it first (0) or second (1): the two change places each morning by the clocks of London."""
    there = at.astimezone(LONDON)
    day = there.date() if there.time() >= HAND_OVER else there.date() - timedelta(days=1)
    return PEOPLE[((day - SINCE).days + place) % 2]


def expected(outage: Outage) -> list[Expected]:
    """Return everything that is to be told of an outage, in its order."""
    count = _Count(outage)
    now = outage.start
    found: list[Expected] = []
    while not count.over:
        found += count.round(now)
        now += STEP
    return found


@dataclass
class _Count:
    """One outage, round by round."""

    outage: Outage
    over: bool = False
    firing: bool = False
    joins_s: int = 0
    bad_s: int = -STEP_S
    good_s: int = -STEP_S
    taken_s: int = 0
    """For how long whoever has it will have it."""
    waited: bool = False
    """Whether nobody had it since the last round, though somebody was told."""
    patience_s: int = 0
    """For how long nobody had it in all."""
    hurried: bool = False
    """Whether it was seen on a wedding day since it was told."""
    hidden: bool = False
    had: bool = False
    """Whether somebody had it when it was hidden."""
    again: bool = False
    """Whether whoever was told last is to be told again: nobody has it any more."""
    steps: int = 0
    heard: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    """Which message, and who was told."""

    def round(self, now: datetime) -> Iterator[Expected]:
        self._measure(now)
        if self.over:
            yield from self._all(now, "resolve")
            return
        hidden = any(since <= now < until for since, until in self.outage.silent)
        self._wait(now, hidden)
        if self.firing and not hidden and not (self.heard and self.taken_s):
            if self.joins_s >= self.outage.joins_s:
                yield from self._next(now)
            self.joins_s += STEP_S
        if self.firing and now in self.outage.taken:
            self.taken_s = LAPSE_S
            yield from self._all(now, "acknowledge")
        self.waited = bool(self.heard) and not hidden and not self.taken_s
        self.hidden = hidden

    def _wait(self, now: datetime, hidden: bool) -> None:
        """Count what has passed since the last round."""
        self.patience_s += STEP_S * self.waited
        self.hurried |= bool(self.heard) and level_at(now) is not Level.NORMAL
        if hidden and not self.hidden:
            self.had = bool(self.heard) and self.taken_s > 0
        # Whoever took it while it was hidden had nothing that had to be told again.
        self.again |= self.taken_s == STEP_S and (self.had or not hidden)
        self.taken_s = max(self.taken_s - STEP_S, 0)

    def _measure(self, now: datetime) -> None:
        """Two samples have to say it, however short a while is enough."""
        kind, factor = self.outage.kind, level_at(now).value
        if now < self.outage.end:
            self.bad_s += STEP_S
            self.firing |= self.bad_s >= max(kind.lasting_s * factor, STEP_S)
        else:
            self.good_s += STEP_S
            self.over = not self.firing or self.good_s >= max(kind.over_s * factor, STEP_S)

    def _next(self, now: datetime) -> Iterator[Expected]:
        """Tell the next ones, and whoever was told last again; the same people once."""
        self.hurried |= level_at(now) is not Level.NORMAL
        delays = (WEDDING_S if self.hurried else USUAL_S) if self.outage.kind.critical else (0,)
        due, self.again = ([self.steps - 1] if self.again and self.heard else []), False
        while self.steps < len(delays) and self.patience_s >= delays[self.steps]:
            due.append(self.steps)
            self.steps += 1
        for reached in dict.fromkeys(self._reached(now, step) for step in due):
            self.heard.append((f"/step/{len(self.heard) + 1}" if self.heard else "", reached))
            yield from self._said(now, "trigger", *self.heard[-1])

    def _reached(self, now: datetime, step: int) -> tuple[str, ...]:
        if step > 1:
            return EVERYBODY
        called, read = RECEIVERS[on_call(now, step)]
        return (called, read) if self.outage.kind.critical else (read,)

    def _all(self, now: datetime, event: str) -> Iterator[Expected]:
        for call, reached in self.heard:
            yield from self._said(now, event, call, reached)

    def _said(self, now: datetime, event: str, call: str, reached: tuple[str, ...]) -> Iterator[Expected]:
        return (Expected(now, who, event, self.outage.name, call) for who in reached)
