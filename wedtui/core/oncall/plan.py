"""Whom a step reaches at an instant. Never nobody: a hole falls to the default contact, else to every channel. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from wedtui.core.alerts.rule import Severity
from wedtui.core.oncall.ladder import LAPSE, Kind, Ladder, Step, Target, default_ladders, ladder_of, rungs
from wedtui.core.oncall.roster import Contact, Roster
from wedtui.core.oncall.shifts import on_call, stretches
from wedtui.core.season import Protection


@dataclass(frozen=True, slots=True)
class Reached:
    """Who is told, and by which channels."""

    contacts: tuple[str, ...] = ()
    """By name; none means everybody."""
    channels: tuple[str, ...] = ()
    """In the order in which they are tried; of several contacts each has its own (`of`)."""
    problem: str = ""
    """Why it is not who was meant; empty where it is."""

    @property
    def everybody(self) -> bool:
        """Whether every channel is told, and not the first that accepts."""
        return not self.contacts


@dataclass(frozen=True, slots=True)
class OnCallPlan:
    """Everything that says who is told."""

    contacts: tuple[Contact, ...] = ()
    rosters: tuple[Roster, ...] = ()
    """In the order of the configuration: the first is who has it, unless a ladder says otherwise."""
    ladders: tuple[Ladder, ...] = ()
    """Before those of DESIGN, which stand for whatever none of these does."""
    default: str = ""
    """The contact that has it where a roster names nobody; empty means everybody."""
    channels: tuple[str, ...] = ()
    """Every channel there is, in its order."""
    lapse: timedelta = LAPSE
    """How long an acknowledgement counts."""

    @property
    def names_anybody(self) -> bool:
        """Whether anything says who is told first; else that is for the channels to say."""
        return bool(self.rosters or self.ladders)

    @property
    def instead_words(self) -> str:
        """Who is told where nobody is named, in words."""
        return "every channel is told" if self.channels else "NOBODY IS TOLD: no channel is configured"

    def contact(self, name: str) -> Contact | None:
        """Return the contact of a name."""
        return next((each for each in self.contacts if each.name == name), None)

    def roster(self, name: str) -> Roster | None:
        """Return the roster of a name."""
        return next((each for each in self.rosters if each.name == name), None)

    @property
    def every_ladder(self) -> tuple[Ladder, ...]:
        """The ladders that count, those of DESIGN last, where any of them stands for something still."""
        every = (*self.ladders, *default_ladders([roster.name for roster in self.rosters]))
        counting = [ladder_of(every, severity, level) for severity in Severity for level in Protection]
        return tuple(each for each in every if each in self.ladders or each in counting)

    def steps(self, severity: Severity, level: Protection) -> tuple[Step, ...]:
        """Return the steps of an episode of a severity whose highest level is this one."""
        return rungs(self.every_ladder, severity, level)

    def reach(self, target: Target, at: datetime) -> Reached:
        """Return whom a step reaches at an aware instant; each contact by channels that there are."""
        if target.kind is Kind.EVERYBODY:
            return Reached(channels=self.channels)
        if target.kind is Kind.CONTACT:
            return self._told((target.name,), "")
        roster = self.roster(target.name)
        if roster is None:
            return self._instead(f"there is no roster {target.name}")
        named = on_call(roster, at)
        return self._told(named, "") if named else self._instead(f"nobody has {roster.name}")

    def of(self, contact: str) -> tuple[str, ...]:
        """Return by which channels that there are a contact is reached, in their order."""
        found = self.contact(contact)
        return () if found is None else tuple(each for each in found.channels if each in self.channels)

    def _told(self, names: tuple[str, ...], problem: str) -> Reached:
        reachable = tuple(name for name in names if self.of(name))
        out = [name for name in names if name not in reachable]
        said = "; ".join(filter(None, (problem, *(f"{name} has no channel" for name in out))))
        if not reachable:
            return self._instead(said)
        channels = dict.fromkeys(channel for name in reachable for channel in self.of(name))
        return Reached(reachable, tuple(channels), said)

    def _instead(self, problem: str) -> Reached:
        """Return who is told where nobody that was meant can be."""
        if self.default and self.of(self.default):
            return self._told((self.default,), problem)
        return Reached(channels=self.channels, problem=problem)


def unreachable(plan: OnCallPlan) -> Iterator[str]:
    """Yield the name of each contact that no channel reaches."""
    for contact in plan.contacts:
        if not plan.of(contact.name):
            yield contact.name


def empty_steps(plan: OnCallPlan, at: datetime, until: datetime) -> Iterator[tuple[str, Target]]:
    """Yield each step of a configured ladder that names nobody who can be told within [at, until), with its ladder."""
    for ladder in plan.ladders:
        for step in ladder.steps:
            if step.target.kind is Kind.EVERYBODY:
                continue
            names: set[str] = {step.target.name}
            if step.target.kind is Kind.ROSTER:
                roster = plan.roster(step.target.name)
                found = () if roster is None else stretches(roster, at, until)
                names = {name for stretch in found for name in stretch.contacts}
            if not any(plan.of(name) for name in names):
                yield ladder.name, step.target
