"""What says who is on call: contacts, and rosters of layers, overrides and what a calendar names.

Which instants a roster comes to is in `shifts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Contact:
    """A person, or a group of them, who can be told."""

    name: str
    channels: tuple[str, ...] = ()
    """Names of channels of `[notify]`, in the order in which they are tried."""
    zone: str = "UTC"
    """The IANA zone by whose clock this contact lives."""
    known_as: tuple[str, ...] = ()
    """What calendars call it: addresses, full names."""


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of the day by the wall clock of a layer, [start, end); an end that is not later is the next day's."""

    start: time
    end: time
    days: frozenset[int] = EVERY_DAY
    """Weekdays on which it begins (Monday is 0)."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A rotation: each participant in turn has it from one hand-over to the next."""

    participants: tuple[str, ...]
    zone: str
    since: date
    """The day of the first hand-over, to the first participant; nobody has it before."""
    hand_over: time
    """The time of day on the wall clock of the zone."""
    days: int = 7
    """How many days by that clock a shift lasts."""
    until: date | None = None
    """The day of the hand-over to nobody; None means that it goes on."""
    hours: tuple[Hours, ...] = ()
    """The parts of the day that it covers; none means all."""


@dataclass(frozen=True, slots=True)
class Shift:
    """An absolute interval [start, end) that somebody has: from a calendar, or in place of everything else."""

    contact: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Roster:
    """Who has it, in the first place as layers and calendar say, and as an override says while one holds.

    Layers and calendar add up: where two name somebody, both have it. So do overrides.
    """

    name: str
    layers: tuple[Layer, ...] = ()
    shifts: tuple[Shift, ...] = ()
    """What its calendar names."""
    overrides: tuple[Shift, ...] = ()
    problems: tuple[str, ...] = ()
    """Why it may not say all that it should: a calendar that cannot be read, an event that names nobody."""
