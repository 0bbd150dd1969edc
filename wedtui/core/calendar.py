"""What is known of the calendar of weddings, and how old that knowledge is.

The calendar is one, read from several sources: the same reference with the same start and end in two of them is one
wedding. Rules that need it (protection, freeze) take `CalendarFacts`; where they come from is not known here.
Source: DESIGN, "Season, weddings, load, protection".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol

from wedtui.core.freeze_windows import shifted
from wedtui.core.load import NO_STEPS, Steps
from wedtui.core.wedding import standard
from wedtui.core.wedding_rows import MOST_GUESTS
from wedtui.core.wording import age, counted, duration
from wedtui.core.zones import is_readable

GOOD_FOR = timedelta(hours=24)
"""How long a reading of a source counts where its section does not say otherwise."""
DROPPED_KEPT = timedelta(hours=24)
"""How long what is no longer configured is kept and counts: that it is gone may be a mistake."""
SKEW = timedelta(minutes=5)
"""So far ahead of a reader's clock a reading may be dated: that of the service's machine may be another."""
BACK = timedelta(days=8)
"""So long before what is asked about weddings are read: a weekly window that was shut by one lasts a week at most."""
AHEAD = timedelta(days=29)
"""So long after it: four weeks and the day that it is, so that the next three weekends are known whole."""
TRIED_WITHIN = 3
"""A source that is read by itself was tried within so many of its intervals; else nobody does."""
OUTSIZED_NAMED = 3
OUTSIZED_KEPT = 1000
"""So many of them are known one by one; of the others how many they are."""
EXAMPLES_KEPT = 20
"""Of the rows of one reading that could not be used, so many are quoted."""


class Freshness(StrEnum):
    """How far the calendar can be believed."""

    FRESH = "fresh"
    STALE = "stale"
    """A source was never read, is too old, or its newest reading is questioned and the one before is too old; or the
    calendar cannot be read at all."""
    MISSING = "missing"
    """No source is configured."""


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One source of weddings: its last good reading, and what became of the newest attempt."""

    name: str
    kind: str
    """`csv`, `icalendar`, `json` or `postgres`."""
    read_at: datetime | None = None
    """Of the last good reading: the one that counts. None: there never was one."""
    attempted_at: datetime | None = None
    problem: str | None = None
    """Why the newest attempt was not taken; None when it was."""
    questioned: bool = False
    """Whether the newest attempt could be read but lost too many weddings, so that a person has to look."""
    questioned_at: datetime | None = None
    """Since when that is so, throughout; None where it is not, or a former program did not store it."""
    accepted: bool = False
    """Whether a person accepted what was questioned: the next good reading is taken if it loses no more."""
    weddings: int = 0
    """Rows of the last good reading."""
    rejected: int = 0
    """Rows of the last good reading that could not be used; of the newest one where none was good."""
    examples: tuple[str, ...] = ()
    """At most `EXAMPLES_KEPT` of those: `line 17: zone: expected an IANA time zone`."""
    interval: timedelta | None = None
    """Between two readings; None: it is only read when a person imports it."""
    max_age: timedelta = GOOD_FOR
    """How long its last good reading counts."""
    lost: bool = False
    """Whether a person imported it and nothing of that is known here: nobody else can bring it back."""
    dropped_at: datetime | None = None
    """Since when it is not configured any more; it counts until it is forgotten."""

    def is_fresh(self, now: datetime) -> bool:
        """Whether its last good reading still counts.

        One dated more than `SKEW` after `now` does not: a clock is wrong, and its age is unknown.
        """
        return self.read_at is not None and -SKEW <= now - self.read_at < self.max_age

    @property
    def stale_from(self) -> datetime | None:
        """The first instant at which its last good reading no longer counts; None where there is none."""
        return None if self.read_at is None else self.read_at + self.max_age

    def goes_on(self, now: datetime) -> bool:
        """Whether it can be supposed to stay fresh: it is fresh at an aware instant, and is read by itself.

        Not what a person imported, nor what is no longer configured; nor where the newest attempt was not taken, or is
        so long ago that nobody makes any: that runs out when it runs out.
        """
        if self.interval is None or self.attempted_at is None or self.dropped_at is not None:
            return False
        tried = self.problem is None and not self.questioned and now - self.attempted_at <= TRIED_WITHIN * self.interval
        return tried and self.interval < self.max_age and self.is_fresh(now)


class Outsized(NamedTuple):
    """A wedding with more guests than are counted: a mistake of its source, or a load as no other has."""

    reference: str
    start: datetime
    end: datetime
    load: int
    """Units, by the guests that are counted."""


@dataclass(frozen=True, slots=True)
class CalendarFacts:
    """One reading of the calendar, around the time that was asked about."""

    sources: tuple[SourceFacts, ...] = ()
    """Every configured one, by name."""
    steps: Steps = NO_STEPS
    """Live load and live number of all weddings known, whether or not their source is fresh."""
    zones: Mapping[str, Steps] = field(default_factory=lambda: MappingProxyType({}))
    """The same for the venues of each IANA zone that has any, ever. (A reference in two zones counts in both.)"""
    generation: int = 0
    """Another number: another calendar. A reader that sees the same one may keep the steps that it has."""
    known_from: datetime | None = None
    """From this instant on the steps are whole; what was over before is not in them. None: they always were."""
    known_to: datetime | None = None
    """Up to this instant the steps are whole: the next wedding that is not in them begins then. None: there is none."""
    begins: datetime | None = None
    """When the first wedding that is known began, whenever that was; None: none is known."""
    outsized: tuple[Outsized, ...] = ()
    """Of the weddings in the steps those with more guests than are counted, `OUTSIZED_KEPT` at most, the heaviest."""
    outsized_more: int = 0
    """How many more of those there are."""
    problem: str | None = None
    """Why nothing can be read of it, so that also what persons imported is not known; None where it could be."""

    @property
    def unknown(self) -> bool:
        """Whether there is, or may be, a calendar of which nothing is known, where an hour ago all may have been."""
        return self.problem is not None or any(source.lost for source in self.sources)


NO_CALENDAR = CalendarFacts()
"""No source is configured."""


@dataclass(frozen=True, slots=True)
class ImportedByHand:
    """That a person imported weddings, as it is on record where nothing is lost."""

    source: str
    kind: str
    at: datetime
    person: str

    @property
    def lost(self) -> SourceFacts:
        """The source as it is where nothing is known of it any more."""
        problem = (
            f"what {self.person} imported on {self.at:%Y-%m-%d} is not known here any more: import it again, "
            "or run `wedtui weddings drop`"
        )
        return SourceFacts(self.source, self.kind, problem=problem, lost=True)


def with_lost(calendar: CalendarFacts, imported: Iterable[ImportedByHand]) -> CalendarFacts:
    """Return the calendar with every import that it does not know, as a source that was lost."""
    if calendar.problem is not None:
        return calendar
    known = {source.name: source for source in calendar.sources}
    missing = {each.source: each.lost for each in imported if each.source not in known}
    return replace(calendar, sources=tuple(source for _, source in sorted((known | missing).items())))


class CalendarReader(Protocol):
    """Who can read the calendar."""

    def calendar(self, start: datetime, end: datetime | None = None) -> CalendarFacts:
        """Return the calendar as it is known, with the weddings of `horizon` for [start, end] or for one instant.

        Raises:
            StoreError: it cannot be read.
        """
        ...


def horizon(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Return which time has to be known for an answer about [start, end]; whole days in UTC, so that it rarely moves.

    Args:
        start: an aware instant.
        end: an aware instant; not before `start`.
    """
    return shifted(_midnight(start), -BACK), shifted(_midnight(end), AHEAD)


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def freshness(calendar: CalendarFacts, now: datetime) -> Freshness:
    """Say how far the calendar can be believed at an aware instant: any source that is not fresh makes it stale."""
    if calendar.problem is not None:
        return Freshness.STALE
    if not calendar.sources:
        return Freshness.MISSING
    return Freshness.FRESH if all(s.is_fresh(now) for s in calendar.sources) else Freshness.STALE


QUESTIONED = "questioned"


def standing(found: Freshness, *, questioned: bool) -> str:
    """Return how far the calendar can be believed, in one word: as its freshness says, or `QUESTIONED`.

    What a person has to look at is not `fresh`, though the reading before still counts: it may name too many.

    Args:
        found: how fresh it is.
        questioned: whether a person has to look at a source (`is_questioned`).
    """
    return QUESTIONED if found is Freshness.FRESH and questioned else found.value


def is_questioned(calendar: CalendarFacts) -> bool:
    """Whether a person has to look at a source."""
    return any(source.questioned for source in calendar.sources)


def is_accepted(calendar: CalendarFacts) -> bool:
    """Whether all that is in question was accepted, so that nobody has to look, and it is to be read again."""
    questioned = [source for source in calendar.sources if source.questioned]
    return bool(questioned) and all(source.accepted for source in questioned)


def deciding_commands(source: str) -> str:
    """Return which commands say what a questioned reading lost, and settle it."""
    return (
        f"`wedtui weddings sources` says which; repair the source, or if it is right `wedtui weddings accept {source}`"
    )


def awaited(source: SourceFacts) -> str:
    """Return which reading of a source whose loss was accepted is taken: what a person imports nobody else reads."""
    if source.interval is None:
        return "import the file again, and it is taken if it loses no more"
    return f"its next good reading is taken if it loses no more (it is read every {duration(source.interval)})"


def mending(source: SourceFacts) -> str:
    """Return what a person does about a source whose newest reading was not taken: what is in question may be right."""
    if not source.questioned:
        return "repair it"
    return f"it was accepted: {awaited(source)}" if source.accepted else deciding_commands(source.name)


def was_ever_read(calendar: CalendarFacts) -> bool:
    """Whether there is anything to count: where no source was ever read, nothing is known, and that is no zero."""
    return bool(calendar.zones) or any(source.read_at is not None for source in calendar.sources)


def age_words(calendar: CalendarFacts, now: datetime) -> str:
    """Return how far the calendar can be believed and how old it is: `the calendar is fresh, read 12 m 05 s ago`."""
    if not calendar.sources and calendar.problem is None:
        return "there is no calendar: no source of weddings is configured, and nobody imported any"
    if not was_ever_read(calendar):
        return unread(calendar) or "the calendar is not known: no source of weddings was ever read"
    read = [source.read_at for source in calendar.sources if source.read_at is not None]
    old = age(min(read, default=None), now)
    old = old if old in {"never", "in the future"} else f"{old} ago"
    some = "" if len(read) == len(calendar.sources) else ", not every source was ever read"
    found = standing(freshness(calendar, now), questioned=is_questioned(calendar))
    how, last = ("IN QUESTION", "last read well") if found == QUESTIONED else (found, "read")
    return f"the calendar is {how}, {last} {old}{some}"


def unread(calendar: CalendarFacts) -> str | None:
    """Return that the calendar cannot be read, as the beginning of a sentence; None where it could be."""
    return None if calendar.problem is None else f"the calendar of weddings cannot be read ({calendar.problem})"


def turning_zone(calendar: CalendarFacts, at: datetime, *, ends: bool) -> str | None:
    """Return the zone of the venues whose weddings take most load away (or bring most) at an aware instant.

    Args:
        calendar: what is known.
        at: the instant at which weddings end, or begin.
        ends: which of the two is asked.

    Returns:
        One that can be read, of equal ones the first by name; None where no load changes that way.
    """
    sign = -1 if ends else 1
    changes = {zone: sign * steps.load_change(at) for zone, steps in calendar.zones.items()}
    found = (zone for zone, change in changes.items() if change > 0 and is_readable(zone))
    return min(found, key=lambda zone: (-changes[zone], zone), default=None)


def unusable_rows(source: SourceFacts) -> str | None:
    """Return that rows of a source cannot be used, and so weigh nothing; None where all can."""
    if not source.rejected:
        return None
    rows = f'{counted(source.rejected, "row")} of the wedding source "{source.name}"'
    return " ".join(filter(None, (f"{rows} cannot be used", of_reading(source))))


def of_reading(source: SourceFacts) -> str:
    """Return of which reading the lines of a source are, where the newest one was not taken; else nothing."""
    if source.read_at is None or not (source.problem or source.questioned):
        return ""
    return f"in its last good reading ({source.read_at:%Y-%m-%d %H:%M} UTC)"


def outsized_words(weddings: Sequence[Outsized], unnamed: int = 0) -> str | None:
    """Return how much of the load weddings make that have more guests than are counted; None where there is none.

    Args:
        weddings: those that are known one by one.
        unnamed: how many more there are around that time.
    """
    if not weddings:
        return None
    names = ", ".join(each.reference for each in weddings[:OUTSIZED_NAMED])
    more = f" and {len(weddings) - OUTSIZED_NAMED} more" if len(weddings) > OUTSIZED_NAMED else ""
    counts, each = ("counts", "") if len(weddings) == 1 else ("count", " each")
    most = f"{MOST_GUESTS:,} guests"
    return (
        f"{counted(len(weddings), 'wedding')} of over {most} ({names}{more}) {counts} as {most}{each}: "
        f"{standard(sum(wedding.load for wedding in weddings))} of the load"
        + (f"; {unnamed:,} lighter ones around that time are not looked at" if unnamed else "")
    )


def dropped_words(what: str, dropped_at: datetime, command: str) -> str:
    """Say of something that is no longer configured until when it counts, and what forgets it now."""
    return (
        f"the {what} is no longer configured and is forgotten at {dropped_at + DROPPED_KEPT:%Y-%m-%d %H:%M} UTC: "
        f"until then it counts; name it again, or run `{command}`"
    )


def dropped_source(source: SourceFacts) -> str | None:
    """Return that a source is no longer configured, but still counts; None where it is."""
    if source.dropped_at is None:
        return None
    what = f'wedding source "{source.name}"'
    return dropped_words(what, source.dropped_at, f"wedtui weddings drop {source.name}")


def running_out(source: SourceFacts, ends: datetime) -> str:
    """Say up to when the newest reading of a source counts, as the beginning of a sentence.

    Args:
        source: one that is fresh.
        ends: the instant from which on it no longer is.
    """
    again = "imported" if source.interval is None else "read"
    return (
        f'the wedding source "{source.name}" counts as fresh until {ends:%a %Y-%m-%d %H:%M} UTC, '
        f"unless it is {again} again"
    )


def staleness(source: SourceFacts, now: datetime) -> str:
    """Return what is wrong with a source that is not fresh, as the beginning of a sentence."""
    why = f" ({source.problem})" if source.problem else ""
    if source.read_at is None and source.weddings:
        where = "where it is now, what it named before counts"
        return f'the wedding source "{source.name}" has never been read {where}{why}'
    if source.read_at is None:
        return f'the wedding source "{source.name}" has never been read{why}'
    if source.read_at > now:
        return f'the wedding source "{source.name}" was last read in the future{why}'
    return f'the wedding source "{source.name}" was last read {duration(now - source.read_at)} ago{why}'
