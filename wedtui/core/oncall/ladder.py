"""Ladders: whom an episode is told, and the next one after which delay while nobody has it. Pure.

A ladder stands for severities and levels of protection. An episode climbs by the highest level that it was seen at, and
of ladders of lower levels by whatever they promise sooner: a level that falls puts nothing off, and one that rises only
brings nearer what is to come. Source: DESIGN, "Alerts", "Intervals".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from wedtui.core.alerts.acknowledging import LAPSES_AFTER
from wedtui.core.alerts.rule import Severity
from wedtui.core.season import Protection

LAPSE = LAPSES_AFTER
"""An acknowledgement counts so long; of what still fires then the next one is told."""
WEDDING_DAY = tuple(timedelta(minutes=each) for each in (0, 2, 4, 6))
OTHER_DAY = tuple(timedelta(minutes=each) for each in (0, 5, 10, 15))


class Kind(StrEnum):
    """What a step names."""

    ROSTER = "roster"
    CONTACT = "contact"
    EVERYBODY = "everybody"


class Target(NamedTuple):
    """Whom a step tells."""

    kind: Kind
    name: str = ""
    """Of the roster or contact."""

    @property
    def words(self) -> str:
        """Return it as a sentence names it."""
        return "everybody" if self.kind is Kind.EVERYBODY else f"{self.kind} {self.name}"


EVERYBODY = Target(Kind.EVERYBODY)


class Step(NamedTuple):
    """One rung of a ladder."""

    after: timedelta
    """Since the episode began, not counting the time in which somebody had it."""
    target: Target


@dataclass(frozen=True, slots=True)
class Ladder:
    """Steps, from the first to the last, and for what they stand."""

    name: str
    steps: tuple[Step, ...]
    severities: frozenset[Severity] = frozenset({Severity.CRITICAL})
    levels: frozenset[Protection] = frozenset(Protection)


_AT_ONCE = (Step(timedelta(), EVERYBODY),)
_NO_STEPS = Ladder("", ())


def default_ladders(rosters: Sequence[str]) -> tuple[Ladder, ...]:
    """Return the ladders of DESIGN over rosters in their order: the first, the second or the first again, everybody.

    A warning is told once.
    """
    first = Target(Kind.ROSTER, rosters[0]) if rosters else EVERYBODY
    second = Target(Kind.ROSTER, rosters[1]) if len(rosters) > 1 else first
    targets = (first, second, EVERYBODY, EVERYBODY)
    busy = frozenset(level for level in Protection if level.wedding_day)
    critical = frozenset({Severity.CRITICAL})

    def steps(delays: tuple[timedelta, ...]) -> tuple[Step, ...]:
        return tuple(Step(after, target) for after, target in zip(delays, targets, strict=True))

    return (
        Ladder("wedding days", steps(WEDDING_DAY), critical, busy),
        Ladder("other days", steps(OTHER_DAY), critical, frozenset(Protection) - busy),
        Ladder("warnings", (Step(timedelta(), first),), frozenset({Severity.WARNING})),
    )


def ladder_of(ladders: Iterable[Ladder], severity: Severity, level: Protection) -> Ladder | None:
    """Return the first ladder that stands for a severity at a level; None where none does."""
    return next((each for each in ladders if severity in each.severities and level in each.levels), None)


def rungs(ladders: Sequence[Ladder], severity: Severity, level: Protection) -> tuple[Step, ...]:
    """Return the steps that an episode climbs whose highest level is this one.

    Each is told as soon as any ladder up to that level says, and to whom the highest of those that have it says. What
    no ladder stands for is told everybody at once, and never nobody.
    """
    found: list[Step] = []
    for each in Protection:
        ladder = ladder_of(ladders, severity, each) if each.rank <= level.rank else _NO_STEPS
        for place, step in enumerate(_AT_ONCE if ladder is None else ladder.steps):
            if place < len(found):
                found[place] = Step(min(found[place].after, step.after), step.target)
            else:
                found.append(step)
    return tuple(found)


class Climb(NamedTuple):
    """How far an episode has come: a value that can be stored and read again."""

    began: datetime
    level: Protection = Protection.NORMAL
    """The highest that it was seen at."""
    told: int = 0
    """How many steps were told; they are told in their order."""
    held: timedelta = timedelta()
    """How long somebody had it before the acknowledgement that counts: the ladder stood still meanwhile."""
    acknowledged_at: datetime | None = None
    """Of the last acknowledgement."""
    reminded: bool = False
    """Whether the last step was told anew since that lapsed."""

    def seen(self, level: Protection) -> Climb:
        """Return it at a level: a higher one counts from now on, a lower one changes nothing."""
        return self._replace(level=level) if level.rank > self.level.rank else self

    def acknowledged(self, at: datetime, lapse: timedelta = LAPSE) -> Climb:
        """Return it in somebody's hands from an aware instant on."""
        return self._replace(held=self.still(at, lapse), acknowledged_at=at, reminded=False)

    def advanced(self, due: NextStep) -> Climb:
        """Return it once what was due is told."""
        anything = bool(due.steps) or due.again is not None
        # While it is acknowledged nothing is due: what was told is told because that lapsed.
        reminded = self.reminded or (anything and self.acknowledged_at is not None)
        return self._replace(told=self.told + len(due.steps), reminded=reminded)

    def graver(self, at: datetime) -> Climb:
        """Return it once the episode is of a graver severity: that one's ladder begins then, whoever had the milder."""
        return Climb(at, self.level)

    def still(self, now: datetime, lapse: timedelta = LAPSE) -> timedelta:
        """Return for how long somebody had it until an instant."""
        if self.acknowledged_at is None:
            return self.held
        return self.held + min(max(now - self.acknowledged_at, timedelta()), lapse)

    def moved(self, by: timedelta) -> Climb:
        """Return the same with every instant earlier by so much, for a clock that was set back."""
        acknowledged = None if self.acknowledged_at is None else self.acknowledged_at - by
        return self._replace(began=self.began - by, acknowledged_at=acknowledged)


class NextStep(NamedTuple):
    """What is due, and when more is."""

    steps: tuple[int, ...] = ()
    """The places of the steps to be told now, from 0, in their order: several after a gap of the rounds."""
    again: int | None = None
    """The step to be told anew, because the acknowledgement lapsed."""
    at: datetime | None = None
    """When the next one is due if nobody acknowledges; None: nobody is left to be told."""
    held_until: datetime | None = None
    """While somebody has it: when that lapses."""


def next_step(steps: Sequence[Step], climb: Climb, now: datetime, *, lapse: timedelta = LAPSE) -> NextStep:
    """Say which steps of an episode that fires are due, and when the next one is.

    While it is acknowledged nothing is, and the ladder stands still. Once that has lapsed, the step that was told last
    is told anew, also at the end of a ladder, and the others go on from where it stood.

    Args:
        steps: of the episode's severity and the highest level that it was seen at, as `rungs` gives them.
        climb: how far it has come.
        now: an aware instant.
        lapse: how long an acknowledgement counts.
    """
    ack = climb.acknowledged_at
    if ack is not None and now < ack + lapse:
        return NextStep(at=_after_lapse(steps, climb, ack + lapse, lapse), held_until=ack + lapse)
    origin = climb.began + climb.still(now, lapse)
    left = [(place, origin + step.after) for place, step in enumerate(steps) if place >= climb.told]
    ripe = [place for place, at in left if at <= now]
    lapsed = ack is not None and not climb.reminded
    last = min(climb.told, len(steps)) - 1
    again = last if lapsed and last >= 0 else None
    if lapsed and again is None and left:
        # Nobody was told before it was acknowledged: whoever is first hears of it now.
        ripe.append(left[0][0])
    highest = max(ripe, default=-1)
    due = tuple(place for place, _at in left if place <= highest)
    return NextStep(due, again, min((at for place, at in left if place > highest), default=None))


def _after_lapse(steps: Sequence[Step], climb: Climb, lapses: datetime, lapse: timedelta) -> datetime | None:
    """Return when the next one is told if what somebody has lapses: then, unless there is nobody to tell."""
    following = next_step(steps, climb, lapses, lapse=lapse)
    return lapses if following.steps or following.again is not None else following.at
