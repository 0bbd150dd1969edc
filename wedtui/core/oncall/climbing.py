"""How notifications of alerts climb their ladders: who is told first, and who next while nobody has it. Pure.

What climbs is what people were told: a notification about one alert, a group, a storm, or a series that flaps. Its
first message is the first step. It stands still while somebody has all of it that is not hidden, and while all of it is
hidden or over. What is due in one round to the same people is one message, and a notification of its own: a pager that
knows the first one would call nobody again. It is over with the last of what it is about.

Source: DESIGN, "Alerts" ("Escalation"); docs/oncall.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from wedtui.core.alerts.memory import AlertState, Episode, Phase, short_key
from wedtui.core.alerts.rule import Severity, worse
from wedtui.core.alerts.told import Telling
from wedtui.core.alerts.track import Labels, labels_words
from wedtui.core.notify import CALLS_FROM, GRAVITY, ROUTE, Detail, Event, Level, Notice
from wedtui.core.oncall.climbing_document import Ascent, Call, Climbing, climbing_document, climbing_of
from wedtui.core.oncall.ladder import Climb, NextStep, Step, Target, next_step
from wedtui.core.oncall.plan import OnCallPlan, Reached
from wedtui.core.season import Protection
from wedtui.core.wording import duration, listed

__all__ = [
    "Ascent",
    "Call",
    "Climbed",
    "Climbing",
    "Escalated",
    "Firing",
    "Following",
    "Now",
    "addressed",
    "climb_on",
    "climbing_document",
    "climbing_of",
    "firing",
]

_LEVELS = {Severity.CRITICAL: Level.CRITICAL, Severity.WARNING: Level.WARNING}
_SEVERITIES = {Level.WARNING: Severity.WARNING, Level.INFO: Severity.WARNING}
_NAMED = 5
"""So many notifications are named in a sentence."""


class Firing(NamedTuple):
    """An episode that fires."""

    rule: str
    labels: Labels
    episode: Episode
    hidden: bool
    """Whether a silence or another alert hides what is told of it."""


class Escalated(NamedTuple):
    """An episode of which the next one was told."""

    of: Firing
    said: str
    """Which step, and whom it reached."""


class Following(NamedTuple):
    """When the next one is told, and who that is, in words."""

    at: datetime
    whom: str


@dataclass(frozen=True, slots=True)
class Climbed:
    """What a round came to."""

    notices: tuple[Notice, ...]
    """What was to be told, each with whom it is for, and what is told beside that, in the order to be written."""
    climbing: Climbing
    escalated: tuple[Escalated, ...] = ()
    following: Mapping[str, Following] = field(default_factory=dict)
    """By the key of an episode that nobody has."""


@dataclass(frozen=True, slots=True)
class Now:
    """What a round goes by."""

    plan: OnCallPlan
    level: Protection
    at: datetime
    routes: Collection[str] = ()
    """Those that are configured: what goes by one of them is for those whom it names, at first."""


def firing(state: AlertState, hidden: Callable[[str, Labels], bool]) -> dict[str, Firing]:
    """Return every episode that fires, by its key.

    Args:
        state: what a round found.
        hidden: whether anything hides what is told of a rule and series.
    """
    return {
        memory.episode.key: Firing(rule, labels, memory.episode, hidden(rule, labels))
        for rule, series in state.memories.items()
        for labels, memory in series.items()
        if memory.phase is Phase.FIRING and memory.episode is not None
    }


def climb_on(
    now: Now, before: Climbing, telling: Telling, notices: Sequence[Notice], fires: Mapping[str, Firing]
) -> Climbed:
    """Say who else is to be told after a round.

    Args:
        now: what it goes by.
        before: what is remembered of this, by the clock of `now`.
        telling: what is remembered of what was told, this round included.
        notices: what was told in this round.
        fires: what fires, by the key of its episode.
    """
    turn = _Turn(now, before, fires)
    units = tuple(_units(telling))
    for unit in units:
        turn.look(unit)
    called = tuple(turn.called())
    open_keys = {bundle.key for bundle in telling.bundles} | {key for flap in telling.flaps for key in flap.keys}
    over = {notice.key: notice.sentence for notice in notices if notice.event is Event.RESOLVE}
    ends, calls = _ended(before.calls, open_keys, over)
    first = tuple(addressed(now, notice) for notice in notices)
    climbing = Climbing(tuple(turn.ascents.values()), (*calls, *turn.calls))
    taken = (*turn.taken, *_taken_later(turn, before.calls))
    return Climbed((*first, *called, *taken, *ends), climbing, tuple(turn.escalated), turn.following)


def _taken_later(turn: _Turn, calls: Iterable[Call]) -> Iterator[Notice]:
    """Yield that somebody has what later messages are about, where the first ones say so in this round."""
    taken = {notice.key: notice for notice in turn.taken}
    alone = {key for key, each in turn.ascents.items() if each.alone}
    for call in calls:
        first = next((taken[key] for key in call.of if key in taken), None)
        if first is not None and alone.isdisjoint(call.of):
            yield replace(first, key=call.key)


class _Unit(NamedTuple):
    """A notification that climbs."""

    key: str
    about: str
    at: datetime
    severity: Severity
    members: Mapping[str, Severity]
    flaps: bool = False


def _units(telling: Telling) -> Iterator[_Unit]:
    for bundle in telling.bundles:
        yield _Unit(bundle.key, bundle.about, bundle.at, bundle.severity, bundle.members)
    for flap in telling.flaps:
        about = f"{flap.rule} ({labels_words(flap.labels)})"
        members = {flap.episode: flap.severity}
        yield _Unit(flap.keys[-1], about, flap.since, flap.severity, members, flaps=True)


class _Due(NamedTuple):
    unit: _Unit
    place: int
    again: bool
    alone: tuple[Firing, ...]
    """What of it fires, is told, and nobody has."""

    @property
    def about(self) -> str:
        """What of it nobody has, in words: `down (provider=aws)`, `1 of 2 alerts of down (provider=aws)`."""
        few = 0 < len(self.alone) < len(self.unit.members)
        return f"{len(self.alone):,} of {self.unit.about}" if few else self.unit.about


class _To(NamedTuple):
    """What one message can say: how grave, and to whom."""

    severity: Severity
    contacts: tuple[str, ...]
    everybody: bool


class _Turn:
    """One round."""

    def __init__(self, now: Now, before: Climbing, fires: Mapping[str, Firing]) -> None:
        self.now, self.fires = now, fires
        self.before = {each.key: each for each in before.ascents}
        self.ascents: dict[str, Ascent] = {}
        self.following: dict[str, Following] = {}
        self.escalated: list[Escalated] = []
        self.calls: list[Call] = []
        self.due: dict[_To, list[_Due]] = {}
        self.reached: dict[_To, Reached] = {}
        self.taken: list[Notice] = []

    def look(self, unit: _Unit) -> None:
        """Let one notification climb."""
        at, lapse = self.now.at, self.now.plan.lapse
        ascent = self.before.get(unit.key) or self._begun(unit)
        climb = ascent.climb.seen(self.now.level)
        live = self._live(unit)
        before = ascent.had
        ascent = replace(ascent, had=self._had(unit, live, before), alone=self._alone(unit, ascent))
        if not live:
            self.ascents[unit.key] = _standing_still(replace(ascent, climb=climb), at, lapse)
            return
        since = at if ascent.still_since is not None else _stood(ascent, lapse)
        ascent = _taken(_going_on(replace(ascent, climb=climb), unit, at, lapse), live, since, at, lapse)
        if any(each.episode.key in before and each.episode.acknowledged_at is None for each in live):
            ascent = _parted(ascent, at, lapse)
        steps = self.now.plan.steps(unit.severity, ascent.climb.level)
        due = next_step(steps, ascent.climb, at, lapse=lapse)
        alone = tuple(each for each in live if each.episode.acknowledged_at is None)
        for place, again in _places(due):
            self._calls(unit, live, _Due(unit, place, again, alone), steps[place].target)
        climb = ascent.climb.advanced(due)
        self.ascents[unit.key] = replace(ascent, climb=climb)
        if due.at is not None and due.held_until is None and climb.told < len(steps):
            self._follows(live, due.at, steps[climb.told].target)

    def _begun(self, unit: _Unit) -> Ascent:
        steps = self.now.plan.steps(unit.severity, self.now.level)
        return Ascent(unit.key, Climb(self.now.at, self.now.level, len(_first(steps))))

    def _live(self, unit: _Unit) -> list[Firing]:
        """Return what fires of it, unless it is hidden, or was told anew since because it is graver."""
        found = [(self.fires[key], told) for key, told in unit.members.items() if key in self.fires]
        return [each for each, told in found if not each.hidden and worse(told, each.episode.severity) is told]

    def _alone(self, unit: _Unit, ascent: Ascent) -> int:
        """Return how many of it that fire nobody has; that somebody has all is told where no acknowledgement did.

        An acknowledgement tells that itself, unless others of it were alone, or it was not told of yet.
        """
        fires = [each.episode for key in unit.members if (each := self.fires.get(key)) is not None]
        alone = sum(each.acknowledged_at is None for each in fires)
        taken = [each for each in fires if each.acknowledged_at is not None]
        just = sum(each.key not in ascent.had for each in taken)
        if taken and not alone and (unit.key not in self.before or just < ascent.alone):
            by = max(taken, key=lambda each: (each.acknowledged_at or self.now.at, each.key)).acknowledged_by
            self.taken.append(Notice(unit.key, Level.INFO, f"{by} has {unit.about}", event=Event.ACKNOWLEDGE))
        return alone

    def _had(self, unit: _Unit, live: Sequence[Firing], before: Collection[str]) -> tuple[str, ...]:
        """Return what of it somebody has; of what is hidden also what somebody had, until it is looked at again."""
        seen = {each.episode.key for each in live}
        fires = [each for key in unit.members if (each := self.fires.get(key)) is not None]
        return tuple(
            each.episode.key
            for each in fires
            if each.episode.acknowledged_at is not None or (each.episode.key in before and each.episode.key not in seen)
        )

    def _calls(self, unit: _Unit, live: Sequence[Firing], due: _Due, target: Target) -> None:
        reached = self.now.plan.reach(target, self.now.at)
        everybody = reached.everybody and _calls_everybody(self.now.plan, reached, _LEVELS[unit.severity])
        to = _To(unit.severity, reached.contacts, everybody)
        waiting = self.due.setdefault(to, [])
        self.reached.setdefault(to, reached)
        if not any(each.unit.key == unit.key for each in waiting):
            waiting.append(due)
        said = f"step {due.place + 1}{' again' if due.again else ''}: {_whom(target, reached)}"
        self.escalated += [Escalated(each, said) for each in live]

    def _follows(self, live: Sequence[Firing], at: datetime, target: Target) -> None:
        following = Following(at, _whom(target, self.now.plan.reach(target, at)))
        for each in live:
            key = each.episode.key
            if key not in self.following or at < self.following[key].at:
                self.following[key] = following

    def called(self) -> Iterator[Notice]:
        """Return what is to be told next, and remember it."""
        for to, waiting in self.due.items():
            first = waiting[0].unit
            ascent = self.ascents[first.key]
            self.ascents[first.key] = replace(ascent, calls=ascent.calls + 1)
            key = f"{first.key}/step/{ascent.calls + 1}"
            reached = self.reached[to]
            about = _listed([each.unit.about for each in waiting])
            self.calls.append(Call(key, about, tuple(each.unit.key for each in waiting)))
            level = _LEVELS[to.severity]
            people = _people(reached) if to.everybody or to.contacts else "whoever is told of what is to be posted"
            said, details = _said(waiting, people, reached.problem, self.now.at)
            yield _for(self.now.plan, reached, Notice(key, level, said, details))


def _places(due: NextStep) -> Iterator[tuple[int, bool]]:
    if due.again is not None:
        yield due.again, True
    yield from ((place, False) for place in due.steps)


def _standing_still(ascent: Ascent, at: datetime, lapse: timedelta) -> Ascent:
    """Return it while all that it is about is hidden or over: no time passes for it."""
    if ascent.still_since is not None:
        return ascent
    climb = ascent.climb._replace(held=ascent.climb.still(at, lapse), acknowledged_at=None, reminded=False)
    return replace(ascent, climb=climb, taken=None, still_since=at, was_taken=ascent.taken is not None)


def _going_on(ascent: Ascent, unit: _Unit, at: datetime, lapse: timedelta) -> Ascent:
    """Return it once something that it is about fires and is not hidden."""
    if ascent.still_since is None:
        return ascent
    climb = ascent.climb._replace(held=ascent.climb.held + max(at - ascent.still_since, timedelta()))
    if ascent.was_taken and not unit.flaps:
        # Whoever had it, had what was hidden; the next episode of a series that flaps nobody had yet.
        climb = _lapsing(climb, at, lapse)
    return replace(ascent, climb=climb, still_since=None, was_taken=False)


def _stood(ascent: Ascent, lapse: timedelta) -> datetime:
    """Return until when all time is counted already, as one in which it climbed or stood."""
    acknowledged = ascent.climb.acknowledged_at
    return ascent.climb.began if ascent.taken is not None or acknowledged is None else acknowledged + lapse


def _taken(ascent: Ascent, live: Sequence[Firing], least: datetime, at: datetime, lapse: timedelta) -> Ascent:
    """Return it as it is in somebody's hands, or no longer: somebody has it who has all of it."""
    instants = [each.episode.acknowledged_at for each in live]
    known = [each for each in instants if each is not None]
    climb = ascent.climb
    if len(known) < len(instants):
        held = climb.acknowledged_at is not None and at < climb.acknowledged_at + lapse
        if ascent.taken is not None and held:
            climb = _lapsing(climb, at, lapse)
        return replace(ascent, climb=climb, taken=None)
    newest = max(known)
    if newest == ascent.taken:
        return ascent
    # Whoever took it while it was hidden, or before it was told, makes no time count twice.
    since = min(max(newest, least), at)
    return replace(ascent, climb=climb.acknowledged(since, lapse), taken=newest)


def _lapsing(climb: Climb, at: datetime, lapse: timedelta) -> Climb:
    """Return it as if what somebody had lapsed now, before its time."""
    return climb._replace(held=climb.still(at, lapse) - lapse, acknowledged_at=at - lapse, reminded=False)


def _parted(ascent: Ascent, at: datetime, lapse: timedelta) -> Ascent:
    """Return it once a part of it is nobody's again: that calls again, unless another part has just done so."""
    since = ascent.climb.acknowledged_at
    calls = since is not None and (not ascent.climb.reminded or at < since + 2 * lapse)
    return ascent if calls else replace(ascent, climb=_lapsing(ascent.climb, at, lapse))


def _first(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps that the first message is: the first one, whatever its delay, and those without any."""
    return tuple(step for place, step in enumerate(steps) if place == 0 or step.after <= timedelta())


def addressed(now: Now, notice: Notice) -> Notice:
    """Return what begins with whom it is for, the first ones of the ladder, where anybody says so.

    Args:
        now: what it goes by.
        notice: what is told, of an alert or of anything else.
    """
    plan = now.plan
    if notice.event is not Event.TRIGGER or not plan.names_anybody or notice.details.get(ROUTE) in now.routes:
        return notice
    severity = _SEVERITIES.get(notice.severity, Severity.CRITICAL)
    reached = _together(plan.reach(step.target, now.at) for step in _first(plan.steps(severity, now.level)))
    if reached.problem:
        notice = replace(notice, details={**notice.details, "on call": reached.problem})
    return _for(plan, reached, notice)


def _together(reached: Iterable[Reached]) -> Reached:
    """Return all of those who are reached as one."""
    every = tuple(reached)
    problem = "; ".join(dict.fromkeys(each.problem for each in every if each.problem))
    if any(each.everybody for each in every):
        return Reached(problem="" if any(each.everybody and not each.problem for each in every) else problem)
    return Reached(tuple(dict.fromkeys(name for each in every for name in each.contacts)), problem=problem)


def _for(plan: OnCallPlan, reached: Reached, notice: Notice) -> Notice:
    if reached.everybody:
        return replace(notice, everybody=_calls_everybody(plan, reached, notice.severity))
    return replace(notice, channels=tuple(plan.of(name) for name in reached.contacts))


def _calls_everybody(plan: OnCallPlan, reached: Reached, severity: Level) -> bool:
    """Whether everybody is told who is reached: a hole, or that nobody is named, calls nobody for what is posted."""
    meant = plan.names_anybody and not reached.problem
    return meant or GRAVITY[severity] >= GRAVITY[CALLS_FROM]


def _whom(target: Target, reached: Reached) -> str:
    """Say whom a step reaches: `roster primary (ada)`, `everybody`."""
    if not reached.problem and (reached.everybody or reached.contacts == (target.name,)):
        return target.words
    return f"{target.words} ({_people(reached)}{'; ' if reached.problem else ''}{reached.problem})"


def _people(reached: Reached) -> str:
    return "everybody" if reached.everybody else listed(reached.contacts)


def _said(waiting: Sequence[_Due], people: str, problem: str, at: datetime) -> tuple[str, dict[str, Detail]]:
    """Return sentence and details of what the next one is told."""
    lapsed = [each for each in waiting if each.again]
    longest = max(duration_of(each.unit, at) for each in waiting)
    said = []
    if lapsed:
        about = _listed([each.about for each in lapsed])
        said.append(f"whoever had {about} has it no more, and it still fires")
    rest = [each for each in waiting if not each.again]
    if rest:
        since = duration(max(duration_of(each.unit, at) for each in rest))
        said.append(f"nobody has {_listed([each.about for each in rest])}, told {since} ago")
    said.append(f"told now: {people}{f' ({problem})' if problem else ''}")
    said.append(_how_to_take([firing for each in waiting for firing in each.alone]))
    details: dict[str, Detail] = {"step": max(each.place for each in waiting) + 1, "told": people}
    details |= {"episode": waiting[0].unit.key, "first told before": duration(longest)}
    details |= {"notifications": len(waiting)} if len(waiting) > 1 else {}
    return "; ".join(said), details


def _how_to_take(alone: Sequence[Firing]) -> str:
    """Say by which command one has it, with the key; of several, by which keys which."""
    lists = "`wedtui alerts list` says what fires"
    if len(alone) == 1:
        return f"{lists}, and `wedtui alerts ack {short_key(alone[0].episode.key)}` that you have it"
    which = [f"{short_key(each.episode.key)} is {each.rule} ({labels_words(each.labels)})" for each in alone]
    return f"{lists}, and `wedtui alerts ack KEY` that you have one of them{f': {_listed(which)}' if which else ''}"


def duration_of(unit: _Unit, at: datetime) -> timedelta:
    """Return for how long people know of a notification."""
    return max(at - unit.at, timedelta())


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return listed((*names[:_NAMED], f"{more:,} more") if more > 0 else tuple(names))


def _ended(
    calls: Iterable[Call], open_keys: Collection[str], over: Mapping[str, str]
) -> tuple[list[Notice], list[Call]]:
    """Return the ends of what is over, as is said of the last of it, and what is not over yet."""
    ends: list[Notice] = []
    left: list[Call] = []
    for call in calls:
        here = tuple(key for key in call.of if key in open_keys)
        lost = call.lost or any(key not in open_keys and key not in over for key in call.of)
        if here:
            left.append(replace(call, of=here, lost=lost))
        elif not lost:
            said = "; ".join(dict.fromkeys(over[key] for key in call.of))
            ends.append(Notice(call.key, Level.INFO, said, event=Event.RESOLVE))
    return ends, left
