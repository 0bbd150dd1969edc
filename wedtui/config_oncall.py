"""Who is on call: `[oncall]`, its contacts, rosters and ladders, and files of rosters beside the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, time, timedelta
from difflib import get_close_matches
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, model_validator

from wedtui.config_base import Section
from wedtui.config_values import (
    Duration,
    Instant,
    Name,
    Title,
    Zone,
    between,
    format_duration,
    format_wall_time,
    parse_duration,
    parse_wall_time,
)
from wedtui.core.alerts.rule import Severity
from wedtui.core.freeze_windows import WallTime
from wedtui.core.oncall.ladder import EVERYBODY, Kind, Ladder, Step, Target
from wedtui.core.oncall.roster import EVERY_DAY, Contact, Hours, Layer, Roster, Shift
from wedtui.core.season import Protection

Path = tuple[str | int, ...]
Wrong = list[tuple[Path, str]]

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FIRST_YEAR, _LAST_YEAR = 2000, 2200


def _delay(value: object) -> timedelta:
    """Read a length of time that may be none at all."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str) and value.strip() in {"0s", "0m", "0h"}:
        return timedelta()
    try:
        return parse_duration(value)
    except ValueError:
        raise ValueError('expected a delay such as "0m", "90s" or "5m"') from None


def _written_delay(span: timedelta) -> str:
    return format_duration(span) if span else "0m"


def _clock(value: object) -> time:
    """Read a time of day."""
    if isinstance(value, time) and value.tzinfo is None:
        return value
    hour, colon, minute = value.partition(":") if isinstance(value, str) else ("", "", "")
    right = len(hour) == 2 and len(minute) == 2 and colon and (hour + minute).isascii() and (hour + minute).isdigit()
    if not right or int(hour) > 23 or int(minute) > 59:
        raise ValueError('expected a time of day such as "09:00"')
    return time(int(hour), int(minute))


def _hand_over(value: object) -> time | WallTime:
    """Read a time of day, with or without a weekday."""
    for read in (_clock, parse_wall_time):
        try:
            return read(value)
        except ValueError:
            continue
    raise ValueError('expected a time of day such as "09:00", or a weekday with one such as "mon 09:00"')


def _written_hand_over(value: time | WallTime) -> str:
    return f"{value:%H:%M}" if isinstance(value, time) else format_wall_time(value)


def _day(value: object) -> object:
    # A date and a time, or a number of seconds, is not a day; the validator would take it for one.
    if type(value) is date or (isinstance(value, str) and len(value) == 10):
        return value
    raise ValueError("expected a day such as 2026-06-01")


def _near(value: date) -> date:
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise ValueError(f"expected a day between the years {_FIRST_YEAR} and {_LAST_YEAR}")
    return value


def _whole_days(value: timedelta) -> timedelta:
    if value % timedelta(days=1):
        raise ValueError('expected a length of whole days, such as "1d" or "1w"')
    return value


Delay = Annotated[timedelta, BeforeValidator(_delay), between(most=timedelta(days=7)), PlainSerializer(_written_delay)]
TimeOfDay = Annotated[time, BeforeValidator(_clock), PlainSerializer(lambda value: f"{value:%H:%M}")]
HandOver = Annotated[time | WallTime, BeforeValidator(_hand_over), PlainSerializer(_written_hand_over)]
Day = Annotated[date, BeforeValidator(_day), AfterValidator(_near)]
Days = Annotated[Duration, between(most=timedelta(days=364)), AfterValidator(_whole_days)]


class ContactSection(Section):
    """Somebody who can be told."""

    channels: tuple[Name, ...] = ()
    """Names of `[notify.NAME]`, in the order in which they are tried."""
    zone: Zone = "UTC"
    """The IANA zone by whose clock they live."""
    known_as: tuple[Title, ...] = ()
    """What calendars call them: addresses, full names."""


class HoursSection(Section):
    """A part of the day that a layer covers."""

    start: TimeOfDay
    end: TimeOfDay
    """Where it is not later than the start: on the next day."""
    days: tuple[Weekday, ...] = _DAYS
    """Weekdays on which it begins; by default all."""

    @model_validator(mode="after")
    def _some_day(self) -> Self:
        if not self.days:
            raise ValueError("expected at least one weekday in days")
        return self


class LayerSection(Section):
    """A rotation."""

    participants: tuple[Name, ...]
    """Contacts, in their order; the first begins on the day `since`."""
    zone: Zone
    """The IANA zone by whose clock they hand over."""
    since: Day
    """The day of the first hand-over."""
    until: Day | None = None
    """The day of the hand-over to nobody; by default it goes on."""
    hand_over: HandOver
    """A time of day such as `09:00`, or a weekday with it such as `mon 09:00`."""
    length: Days = timedelta(days=7)
    """Of one shift, in whole days by the clock of the zone."""
    hours: tuple[HoursSection, ...] = ()
    """The parts of the day that it covers; none means all."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.participants:
            raise ValueError("expected at least one participant: a rotation of nobody is none")
        if self.until is not None and self.until <= self.since:
            raise ValueError("expected until after since")
        if not isinstance(self.hand_over, time):
            if self.length % timedelta(days=7):
                raise ValueError("expected a length of whole weeks beside a weekday in hand_over")
            if self.since.weekday() != self.hand_over.weekday:
                on = _DAYS[self.since.weekday()]
                raise ValueError(f"expected since on the weekday of hand_over, got {self.since}, a {on}")
        return self

    def made(self) -> Layer:
        """Return the layer."""
        at = self.hand_over if isinstance(self.hand_over, time) else self.hand_over.at
        hours = tuple(
            Hours(each.start, each.end, frozenset(map(_DAYS.index, each.days)) or EVERY_DAY) for each in self.hours
        )
        return Layer(self.participants, self.zone, self.since, at, self.length.days, self.until, hours)


class OverrideSection(Section):
    """Somebody who stands in for whom a roster names."""

    contact: Name
    start: Instant
    end: Instant

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.end <= self.start:
            raise ValueError("expected an end after the start")
        return self


class RosterSection(Section):
    """Who has it when."""

    name: Name
    layers: tuple[LayerSection, ...] = ()
    """They add up: where two name somebody, both have it."""
    calendar: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """An iCalendar file, from where this file stands: who attends an event, or else whom its summary names, has it."""
    zone: Zone | None = None
    """Of times in the calendar that have none, where the calendar itself has none either; by default UTC."""
    overrides: tuple[OverrideSection, ...] = ()

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.layers and self.calendar is None:
            raise ValueError(f'expected layers or a calendar in roster "{self.name}": nobody would ever have it')
        if self.zone is not None and self.calendar is None:
            raise ValueError("expected zone only beside calendar: each layer has its own")
        return self

    def made(self, shifts: Iterable[Shift] = (), problems: Iterable[str] = ()) -> Roster:
        """Return the roster, with what its calendar names."""
        overrides = tuple(Shift(each.contact, each.start, each.end) for each in self.overrides)
        layers = tuple(each.made() for each in self.layers)
        return Roster(self.name, layers, tuple(shifts), overrides, tuple(problems))


class StepSection(Section):
    """One step of a ladder."""

    after: Delay
    """Since the episode began."""
    roster: Name | None = None
    contact: Name | None = None
    everybody: bool = False

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.roster is not None) + (self.contact is not None) + self.everybody != 1:
            raise ValueError("expected exactly one of roster, contact and everybody = true")
        return self

    def made(self) -> Step:
        """Return the step."""
        if self.roster is not None:
            return Step(self.after, Target(Kind.ROSTER, self.roster))
        return Step(self.after, EVERYBODY if self.contact is None else Target(Kind.CONTACT, self.contact))


class LadderSection(Section):
    """Whom an episode is told, and the next one after which delay."""

    name: Name
    severity: tuple[Literal["critical", "warning"], ...] = ("critical",)
    protection: tuple[Literal["NORMAL", "HIGH", "MAXIMUM"], ...] = ("NORMAL", "HIGH", "MAXIMUM")
    steps: tuple[StepSection, ...]

    @model_validator(mode="after")
    def _climbs(self) -> Self:
        for what, found in (("severity", self.severity), ("level in protection", self.protection)):
            if not found:
                raise ValueError(f"expected at least one {what}")
        if not self.steps:
            raise ValueError("expected at least one step: a ladder without any tells nobody")
        delays = [each.after for each in self.steps]
        if delays != sorted(delays):
            raise ValueError("expected steps in the order of their delays")
        return self

    def made(self) -> Ladder:
        """Return the ladder."""
        severities = frozenset(Severity(each) for each in self.severity)
        levels = frozenset(Protection(each) for each in self.protection)
        return Ladder(self.name, tuple(each.made() for each in self.steps), severities, levels)


class OnCallSection(Section):
    """Who is told, and who next."""

    default: Name | None = None
    """The contact that has it where a roster names nobody; by default every channel is told then."""
    lapse: Annotated[Duration, between(least=timedelta(minutes=1), most=timedelta(hours=24))] = timedelta(minutes=15)
    """How long an acknowledgement counts."""
    contacts: dict[Name, ContactSection] = Field(default_factory=dict)
    rosters: tuple[RosterSection, ...] = ()
    """Beside those of `rosters/*.toml` where the configuration stands."""
    ladders: tuple[LadderSection, ...] = ()
    """What none of them stands for climbs by the default ones."""

    def made_contacts(self) -> tuple[Contact, ...]:
        """Return the contacts."""
        return tuple(Contact(name, each.channels, each.zone, each.known_as) for name, each in self.contacts.items())


class RosterFile(Section):
    """A file of rosters."""

    rosters: tuple[RosterSection, ...] = ()


def oncall_problems(section: OnCallSection, channels: Iterable[str]) -> Wrong:
    """Return what no single table of `[oncall]` can know, but for rosters that stand in files of their own."""
    wrong: Wrong = []
    contacts, channels = list(section.contacts), list(channels)
    if section.default is not None and section.default not in contacts:
        wrong.append((("oncall", "default"), _unknown("contact", section.default, contacts)))
    for name, contact in section.contacts.items():
        for place, channel in enumerate(contact.channels):
            if channel not in channels:
                path = ("oncall", "contacts", name, "channels", place)
                wrong.append((path, _unknown("channel of [notify]", channel, channels)))
    wrong += [(("oncall", *path), text) for path, text in _alike(section)]
    wrong += [(("oncall", *path), text) for path, text in roster_problems(section.rosters, contacts)]
    for i, ladder in enumerate(section.ladders):
        wrong += [(("oncall", "ladders", i, *path), text) for path, text in _ladder_problems(section, i)]
        for j, step in enumerate(ladder.steps):
            if step.contact is not None and step.contact not in contacts:
                wrong.append(
                    (("oncall", "ladders", i, "steps", j, "contact"), _unknown("contact", step.contact, contacts))
                )
    return wrong


def _alike(section: OnCallSection) -> Iterator[tuple[Path, str]]:
    """Yield each word by which a calendar would name two contacts."""
    seen: dict[str, str] = {name.casefold(): name for name in section.contacts}
    for name, contact in section.contacts.items():
        for place, word in enumerate(contact.known_as):
            other = seen.setdefault(word.strip().casefold(), name)
            if other != name:
                yield ("contacts", name, "known_as", place), f'expected words of its own; "{word}" is {other} too'


def roster_problems(rosters: Iterable[RosterSection], contacts: Iterable[str]) -> Iterator[tuple[Path, str]]:
    """Yield names that occur twice among rosters, and contacts that there are not."""
    known, seen = list(contacts), set[str]()
    for i, roster in enumerate(rosters):
        if roster.name in seen:
            yield ("rosters", i, "name"), f'expected a name of its own; "{roster.name}" occurs twice'
        seen.add(roster.name)
        for j, layer in enumerate(roster.layers):
            for k, name in enumerate(layer.participants):
                if name not in known:
                    yield ("rosters", i, "layers", j, "participants", k), _unknown("contact", name, known)
        for j, override in enumerate(roster.overrides):
            if override.contact not in known:
                path = ("rosters", i, "overrides", j, "contact")
                yield path, _unknown("contact", override.contact, known)


def step_problems(section: OnCallSection, rosters: Iterable[str]) -> Wrong:
    """Return each step of a ladder whose roster there is not, in whatever file it would be."""
    known = list(rosters)
    return [
        (("oncall", "ladders", i, "steps", j, "roster"), _unknown("roster", step.roster, known))
        for i, ladder in enumerate(section.ladders)
        for j, step in enumerate(ladder.steps)
        if step.roster is not None and step.roster not in known
    ]


def _ladder_problems(section: OnCallSection, number: int) -> Iterator[tuple[Path, str]]:
    ladder = section.ladders[number]
    for other in section.ladders[:number]:
        if other.name == ladder.name:
            yield ("name",), f'expected a name of its own; "{ladder.name}" occurs twice'
        if set(other.severity) & set(ladder.severity) and set(other.protection) & set(ladder.protection):
            both = sorted(set(other.protection) & set(ladder.protection))
            said = ", ".join(both)
            yield (), f'expected severities and levels of its own; "{other.name}" stands for some of them ({said}) too'


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = get_close_matches(name, names, n=1)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    return f'expected the name of a {what} ({", ".join(names) or "none"}); "{name}" is none{hint}'
