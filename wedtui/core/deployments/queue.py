"""Who starts next, and what each release waits for.

The order is that of priority, then of submission. A release that waits for nothing starts before one that stands in
front of it and waits, but for one of the same service and environment: what was submitted later never has something
older put in its place afterwards.
Source: DESIGN, "Deployments".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from wedtui.core.deployments.freezing import Allowed, allowed
from wedtui.core.deployments.release import BEFORE, UNDER_WAY, Release, ReleaseState
from wedtui.core.freeze import FreezeFacts
from wedtui.core.text import single_line
from wedtui.core.wording import listed, utc_words

_REASON_AT_MOST = 120


class WaitsFor(StrEnum):
    """What a release waits for."""

    CHECKS = "checks"
    APPROVAL = "approval"
    HOLD = "hold"
    """A person has it wait."""
    ORDER = "order"
    """Another release has to succeed first."""
    BUSY = "busy"
    """Its service, or one that it must not be released together with, is under way."""
    TURN = "turn"
    """Another release of the same service is in front of it."""
    ROOM = "room"
    """So many are under way as may be at once."""
    FREEZE = "freeze"


class Wait(NamedTuple):
    """One thing that a release waits for."""

    what: WaitsFor
    sentence: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How one release that has not started stands."""

    release: Release
    position: int
    """From 1 on, among all that have not started."""
    waits: tuple[Wait, ...]
    """Everything that it waits for; nothing where it may start now."""
    freeze: Allowed
    never: str = ""
    """Why it cannot start any more, whatever it waits for; empty where it can."""

    @property
    def may_start(self) -> bool:
        """Whether it may start at this instant."""
        return not self.waits and not self.never

    @property
    def only_frozen(self) -> bool:
        """Whether it waits for a freeze alone: then it starts at `freeze.first`, if nothing changes."""
        return not self.never and {wait.what for wait in self.waits} == {WaitsFor.FREEZE}


@dataclass(frozen=True, slots=True)
class Facts:
    """All that decides who may start."""

    open: Sequence[Release]
    """Those that are not over."""
    named: Mapping[int, Release]
    """By number, those that an open one has to come after."""
    freeze: FreezeFacts
    newest: Mapping[tuple[str, str], int]
    """By environment and service, the highest number of a release that was ever started there."""
    at_once: int
    """So many may be under way at once."""


def in_order(releases: Iterable[Release]) -> tuple[Release, ...]:
    """Return releases in the order in which they are to start."""
    return tuple(sorted(releases, key=lambda each: (-each.priority, each.submitted_at, each.id)))


def standings(facts: Facts, now: datetime) -> tuple[Standing, ...]:
    """Return how each release stands that has not started, in the order of the queue."""
    line = in_order(each for each in facts.open if each.state in BEFORE)
    found: list[Standing] = []
    for position, release in enumerate(line, start=1):
        freeze = allowed(release, facts.freeze, now)
        waits = (*_own_waits(release), *_waits_for_others(release, facts, line[: position - 1]))
        if not freeze.now:
            waits = (*waits, Wait(WaitsFor.FREEZE, freeze.sentence))
        found.append(Standing(release, position, waits, freeze, _never(release, facts)))
    return tuple(found)


def next_to_start(facts: Facts, now: datetime) -> Standing | None:
    """Return the release that is to start now; None where none may."""
    return next((each for each in standings(facts, now) if each.may_start), None)


def hopeless(facts: Facts, now: datetime) -> tuple[Standing, ...]:
    """Return those that cannot start any more, whatever they wait for."""
    return tuple(each for each in standings(facts, now) if each.never)


def _own_waits(release: Release) -> Iterable[Wait]:
    """Yield what a release waits for that has to do with itself alone."""
    if release.state is not ReleaseState.WAITING:
        missing = listed(release.unchecked)
        yield Wait(WaitsFor.CHECKS, f"checks are awaited: {missing}" if missing else "it is being looked at")
    if (stage := release.next_stage) is not None:
        yield Wait(WaitsFor.APPROVAL, f"approval is missing: {stage}")
    if release.hold is not None:
        by, at, reason = release.hold
        why = single_line(reason, _REASON_AT_MOST)
        yield Wait(WaitsFor.HOLD, f"held by {by} since {utc_words(at)}: {why}")


def _waits_for_others(release: Release, facts: Facts, before: Sequence[Release]) -> Iterable[Wait]:
    """Yield what a release waits for that another has to do first."""
    for number in release.after:
        other = facts.named.get(number)
        if other is None or other.state is not ReleaseState.SUCCEEDED:
            yield Wait(WaitsFor.ORDER, f"release {number} has to succeed first{_is(other)}")
    busy = [each for each in facts.open if each.state in UNDER_WAY]
    for other in busy:
        if other.where == release.where:
            yield Wait(WaitsFor.BUSY, f"release {other.id} of {other.service} {other.version} is {other.state}")
        elif _apart(release, other):
            yield Wait(WaitsFor.BUSY, f"release {other.id} of {other.service} is {other.state}: never both at once")
    for other in before:
        if other.where == release.where:
            yield Wait(WaitsFor.TURN, f"release {other.id} of {other.service} {other.version} is in front of it")
    # One that failed and stays so waits for a person, and takes nobody's room but its own service's.
    working = [each for each in busy if each.state is not ReleaseState.FAILED]
    if len(working) >= facts.at_once:
        yield Wait(WaitsFor.ROOM, f"{len(working)} are under way, and no more may be at once")


def _apart(one: Release, other: Release) -> bool:
    if one.environment != other.environment:
        return False
    return other.service in one.apart or one.service in other.apart


def _is(other: Release | None) -> str:
    return ", and there is none of that number" if other is None else f": it is {other.state}"


def _never(release: Release, facts: Facts) -> str:
    """Say why a release cannot start any more; nothing where it can."""
    newest = facts.newest.get(release.where, 0)
    if newest > release.id:
        return (
            f"release {newest} of {release.service}, which was submitted after it, was started before it: submit it "
            "again, if it is still wanted"
        )
    for number in release.after:
        other = facts.named.get(number)
        if other is None:
            return f"it has to come after release {number}, and there is none of that number"
        if other.is_over and other.state is not ReleaseState.SUCCEEDED:
            return f"it has to come after release {number}, which is {other.state}"
    return ""
