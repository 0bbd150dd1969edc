"""How carefully has the platform to be handled, until when and why? The one evaluator, for every caller.

Facts and an instant in, a verdict out. From the calendar of weddings while it is fresh; where it is missing or stale,
from the date and from what is known of the calendar, whichever is higher; a person can only raise it. Where nothing
can be known of a calendar that is, or may be, there it is at least HIGH: losing a signal never improves anything.
Of a time to come it is supposed that what is read by itself goes on being read; what a person imported, and what is
not read any more, runs out. Whoever asks when that time is there goes by how old the calendar is then.
Source: DESIGN, "Season, weddings, load, protection".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from wedtui.core.calendar import (
    SKEW,
    CalendarFacts,
    Freshness,
    SourceFacts,
    freshness,
    is_questioned,
    outsized_words,
    running_out,
    staleness,
    turning_zone,
    unread,
    unusable_rows,
    was_ever_read,
)
from wedtui.core.freeze_windows import FIRST, LAST, closing_instant, opening_instant, shifted
from wedtui.core.load import NOBODY, Live, Peak
from wedtui.core.season import SATURDAY, Protection, protection_by_date
from wedtui.core.wedding import HIGH_FROM, MAXIMUM_FROM, standard
from wedtui.core.wording import wall_clock
from wedtui.core.zones import is_readable, local

AHEAD = timedelta(hours=4)
"""The peak of the live load is looked for from now on for so long."""
THRESHOLDS = {Protection.MAXIMUM: MAXIMUM_FROM, Protection.HIGH: HIGH_FROM}
"""The peak load, in units, from which a level is needed; highest first."""
RAISED_AT_MOST = timedelta(hours=24)
RAISES_KEPT = timedelta(days=31)
"""What a person raised is no fact about now when it ended longer ago than this."""
LOOK_AROUND = timedelta(days=400)
"""How far to either side a change of the level is looked for."""

UNKNOWN = Protection.HIGH
"""At least, where nothing can be known of the calendar: it may have been MAXIMUM a minute ago."""

# Most levels change within hours; looking further only where one does not keeps an answer quick.
_REACHES = (timedelta(days=2), timedelta(days=14), timedelta(days=90), LOOK_AROUND)
_DAY = timedelta(days=1)
# A higher level that is certain to follow one of which the end is not known is said from so long before on.
_NEAR = timedelta(days=7)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Raise:
    """A level that a person asks for over [at, expires_at); it never lowers what the calendar or the date says."""

    level: Protection
    reason: str
    person: str
    at: datetime
    expires_at: datetime
    """When it ends by itself, or was ended by a person."""
    id: int = 0
    """Its number in the ledger, by which a person ends it early; 0 where it is in none."""

    def holds(self, at: datetime) -> bool:
        """Whether it counts at an aware instant."""
        return self.at <= at < self.expires_at


@dataclass(frozen=True, slots=True)
class ProtectionVerdict:
    """The answer for one instant."""

    level: Protection
    reasons: tuple[str, ...] = ()
    """What asks for that level, a sentence each; then what is wrong with the calendar."""
    since: datetime | None = None
    """When the level began, as far as is known now; None where that is longer ago than is looked at."""
    until: datetime | None = None
    """When it changes, as far as is known now; None where it does not within `LOOK_AROUND`, or up to `known_to`."""
    known_to: datetime | None = None
    """Where `until` is None because later weddings are not looked at: up to here the level holds."""
    unknown: bool = False
    """Whether nothing is known of a calendar that there is, or may be: no end is promised, only how long it lasts at
    least (`known_to`)."""
    next_level: Protection | None = None
    """To what it changes."""
    zone: str = "UTC"
    """The IANA zone whose clock says every time of the verdict, those in its reasons too: `home` where a zone is
    configured, else that of `decides`."""
    decides: str | None = None
    """The IANA zone of the venues whose weddings, or where the midnight, make `until`; None where neither does."""
    home: str = "UTC"
    """The first configured zone: what is drawn by the hour goes by its clock, which never changes hands."""
    raises: tuple[Raise, ...] = ()
    """What persons ask for at that instant, whatever the level; the one that ends last is first."""
    live: Live = NOBODY
    """Of all weddings known."""
    peak: Peak | None = None
    """Of the next `AHEAD`; None where no calendar was ever read."""
    most: int = 0
    """So many weddings are live at once at most in that time."""
    calendar: Freshness = Freshness.MISSING
    beyond: bool = False
    """Whether the calendar may not reach the time that was asked about: the level is the least that it can be."""
    questioned: bool = False
    """Whether a person has to look at a source of the calendar, though its last good reading counts."""
    read_at: datetime | None = None
    """The oldest of the sources' last good readings; None where there is none or a source was never read."""

    @property
    def reason(self) -> str:
        """The reasons as one line."""
        return "; ".join(self.reasons)


def ahead_words(
    calendar: CalendarFacts, raises: Iterable[Raise], zones: Iterable[str], at: datetime, now: datetime
) -> str | None:
    """Return how far an answer rests on a calendar that will be old then, or may not reach so far; None: it does not.

    Args:
        calendar: the weddings known around `at`.
        raises: what persons asked for.
        zones: IANA names of the configured zones.
        at: the aware instant that was asked about.
        now: an aware instant.
    """
    if freshness(calendar, now) is not Freshness.FRESH:
        return None
    aged = [s for s in calendar.sources if at > now and s.stale_from is not None and at >= s.stale_from]
    if not aged:
        return _beyond(calendar, at, now, timedelta() if at > now else _DAY)
    runs_out = [source for source in aged if not source.goes_on(now)]
    until = min(source.stale_from for source in runs_out or aged if source.stale_from is not None)
    level = protection(calendar, raises, zones, at, known_at=now).level
    if runs_out:
        alone = _by_calendar(calendar, raises, at)
        if _beyond(calendar, at, now, _DAY) is not None:
            alone = level  # the date counts in any case
        less = f"; if it is read again, and says the same, this is {alone}" if alone is not level else ""
        return (
            f"this is by the calendar as it is known now: unless it is read again it is stale from "
            f"{until:%Y-%m-%d %H:%M} UTC on, and the date counts as well{less}"
        )
    alone = protection(calendar, raises, zones, at).level
    more = f", and then this is {alone}" if alone is not level else ""
    supposed = (
        "this is supposing that the calendar goes on being read, and says the same: if nobody reads it again, it is "
        f"stale from {until:%Y-%m-%d %H:%M} UTC on{more}"
    )
    if _beyond(calendar, at, now, _DAY) is not None:
        supposed = ""  # the date counts in any case
    return "; ".join(filter(None, (_beyond(calendar, at, now), supposed)))


def _by_calendar(calendar: CalendarFacts, raises: Iterable[Raise], at: datetime) -> Protection:
    """Return the level that calendar and persons ask for, whatever the date."""
    asked = [r.level for r in raises if r.holds(at)]
    return max((_Known(calendar, (), (), at, None).by_load(at), *asked), key=lambda level: level.rank)


def _beyond(calendar: CalendarFacts, at: datetime, now: datetime, near: timedelta = timedelta()) -> str | None:
    """Return why a calendar that is there may know nothing of another time than now; None where it does.

    That weddings are known from before a time that is over, and after one to come, shows that it does; so does one
    that is so near as `near`.
    """
    if not calendar.sources:
        return None
    if at < now and (calendar.begins is None or at < calendar.begins - near):
        return "no wedding is known at that time or before it: the calendar may not reach so far"
    if at > now and calendar.known_to is None and not calendar.steps.is_busy(shifted(at, -near), LAST):
        return "no wedding is known at that time or after it: the calendar may not reach so far"
    return None


@dataclass(frozen=True, slots=True)
class _Known:
    """What levels are judged by, and from where they are looked at."""

    calendar: CalendarFacts
    raises: tuple[Raise, ...]
    zones: tuple[str, ...]
    """The served ones."""
    at: datetime
    known_at: datetime | None

    @property
    def beyond(self) -> str | None:
        """That the calendar may not reach what was asked about; None where it does, or that is now."""
        return None if self.known_at is None else _beyond(self.calendar, self.at, self.known_at, _DAY)

    @property
    def first(self) -> datetime:
        """The first instant at which the level can be said."""
        return max(shifted(self.at, -LOOK_AROUND), self.calendar.known_from or FIRST)

    @property
    def last(self) -> datetime:
        """The last one: from then on weddings count that are not looked at."""
        known_to = self.calendar.known_to
        farthest = shifted(self.at, LOOK_AROUND)
        return farthest if known_to is None else min(farthest, known_to - AHEAD - _INSTANT)

    @property
    def now(self) -> datetime:
        """The instant of the question: up to it is known what was read, after it that is supposed."""
        return self.at if self.known_at is None else self.known_at

    def is_source_fresh(self, source: SourceFacts, at: datetime) -> bool:
        """Whether a source can be believed at an instant that is not before `now`."""
        return source.is_fresh(at) or source.goes_on(self.now)

    def is_fresh(self, at: datetime) -> bool:
        """Whether the calendar can be believed at an instant.

        Of a time to come, if what is read by itself goes on being read, and nothing else is from now on. Of the past
        only that is known: what was read at some time had been read before, as far as it matters.
        """
        sources = self.calendar.sources
        if not sources or self.calendar.problem is not None:
            return False
        if self.known_at is not None or at >= self.at:
            return all(self.is_source_fresh(source, max(self.now, at)) for source in sources)
        return all(
            s.read_at is not None and at < s.read_at + s.max_age and s.read_at - self.at <= SKEW for s in sources
        )

    def freshness(self, at: datetime) -> Freshness:
        """Say how far the calendar can be believed at an instant."""
        return Freshness.FRESH if self.is_fresh(at) else freshness(self.calendar, max(self.now, at))

    def counts_date(self, at: datetime) -> bool:
        """Whether the date counts as well at an instant: always where the calendar may not reach what was asked."""
        return self.beyond is not None or not self.is_fresh(at)

    def by_load(self, at: datetime) -> Protection:
        """Return the level that the weddings known ask for."""
        for level, threshold in THRESHOLDS.items():
            if self.calendar.steps.reaches(threshold, at, shifted(at, AHEAD)):
                return level
        return Protection.NORMAL

    def level(self, at: datetime) -> Protection:
        """Return the level at an instant."""
        levels = [self.by_load(at), *(r.level for r in self.raises if r.holds(at))]
        if self.counts_date(at):
            levels.append(protection_by_date(at, self.zones).level)
        if self.calendar.unknown:
            levels.append(UNKNOWN)
        return max(levels, key=lambda level: level.rank)

    def edges(self, start: datetime, end: datetime) -> list[datetime]:
        """Return every instant of [start, end] at which the level may change, in order."""
        found = {r.at for r in self.raises} | {r.expires_at for r in self.raises}
        for threshold in THRESHOLDS.values():
            for stretch in self.calendar.steps.stretches(threshold, start, shifted(end, AHEAD)):
                found |= {stretch.start - AHEAD, stretch.end}
        if self.known_at is None or end > self.known_at:
            for source in self.calendar.sources:
                if source.read_at is not None:
                    # The first only where a clock is wrong: it was read in the future.
                    found |= {source.read_at - SKEW, source.read_at + source.max_age}
        # Freshness is one stretch of time, if it ends at all: fresh at both ends is fresh throughout.
        if self.counts_date(start) or self.counts_date(end):
            for zone in self.zones:
                found.update(_saturdays(zone, start, end))
        return sorted(edge for edge in found if start <= edge <= end)


def protection(
    calendar: CalendarFacts,
    raises: Iterable[Raise],
    zones: Iterable[str],
    at: datetime,
    *,
    known_at: datetime | None = None,
) -> ProtectionVerdict:
    """Say which protection level holds at an instant, since when, until when and why.

    Args:
        calendar: the weddings known around `at`, and how old that knowledge is.
        raises: what persons asked for.
        zones: IANA names of the configured zones; those of the venues are served as well.
        at: an aware instant.
        known_at: the aware instant of the question, where that is about another time: what was is judged by the
            calendar as it is then. What comes is not: what nobody reads again ages, and `until` is also when it gets
            too old.

    Raises:
        ValueError: an instant has no zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"expected an instant with its offset; {at} has none")
    at = at.astimezone(UTC)
    zones = tuple(zones)
    known = _Known(calendar, tuple(raises), _served(zones, calendar), at, known_at)
    level = known.level(at)
    until = _until(known, level)
    next_level = None if until is None else known.level(until)
    home = known.zones[0]
    decides = None if until is None else _deciding_zone(known, level, until)
    zone = home if any(is_readable(each) for each in zones) else decides or home
    asked = sorted((r for r in known.raises if r.holds(at)), key=lambda r: r.expires_at, reverse=True)
    read = [source.read_at for source in calendar.sources]
    known_to = known.last + _INSTANT if until is None and known.last < shifted(at, LOOK_AROUND) else None
    if calendar.unknown:
        # What is not known may ask for more at any time: a fall is only how long it lasts at least.
        known_to = until if next_level is not None and next_level.rank < level.rank else None
    ahead = was_ever_read(calendar) and not known.beyond
    return ProtectionVerdict(
        level=level,
        reasons=tuple(_reasons(known, level, asked, zone)),
        since=_since(known, level),
        until=None if calendar.unknown else until,
        known_to=known_to,
        unknown=calendar.unknown,
        next_level=None if calendar.unknown else next_level,
        zone=zone,
        decides=decides,
        home=home,
        raises=tuple(asked),
        live=calendar.steps.at(at),
        peak=calendar.steps.peak(at, shifted(at, AHEAD)) if ahead else None,
        most=calendar.steps.most(at, shifted(at, AHEAD)) if ahead else 0,
        calendar=known.freshness(at),
        beyond=known.beyond is not None,
        questioned=is_questioned(calendar),
        read_at=min((r for r in read if r is not None), default=None) if None not in read else None,
    )


def _served(configured: Iterable[str], calendar: CalendarFacts) -> tuple[str, ...]:
    """Return the zones whose date counts: those configured, UTC where there is none, and those of venues.

    One that cannot be read is left out; it freezes (`freeze_weddings.calendar_silence`).
    """
    own = tuple(zone for zone in configured if is_readable(zone)) or ("UTC",)
    return tuple(dict.fromkeys((*own, *(zone for zone in sorted(calendar.zones) if is_readable(zone)))))


def _saturdays(zone: str, start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield when Saturdays begin and end in a zone: by the date no other day is above NORMAL, in any season."""
    there = ZoneInfo(zone)
    # Two days more to either side, but for the ends of all time, whose midnights are no instants everywhere.
    first = max(shifted(start, -2 * _DAY), shifted(FIRST, 2 * _DAY)).date()
    last = min(shifted(end, 2 * _DAY), shifted(LAST, -2 * _DAY)).date()
    for number in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(number)
        if day.weekday() in {SATURDAY, (SATURDAY + 1) % 7}:
            midnight = datetime.combine(day, time())
            # The same but in a night whose clock change makes midnight come twice.
            yield opening_instant(midnight, there)
            yield closing_instant(midnight, there)


def _until(known: _Known, level: Protection) -> datetime | None:
    """Return the first instant after `known.at` with another level."""
    last = known.last
    for reach in _REACHES:
        end = min(shifted(known.at, reach), last)
        for edge in known.edges(shifted(known.at, _INSTANT), end):
            if known.level(edge) is not level:
                return edge
        if end == last:
            break
    return None


def _since(known: _Known, level: Protection) -> datetime | None:
    """Return the first instant of the time up to `known.at` throughout which the level holds."""
    first = known.first
    for reach in _REACHES:
        start = max(shifted(known.at, -reach), first)
        found: datetime | None = None
        for edge in (*reversed(known.edges(start, known.at)), start):
            if known.level(edge) is not level:
                return found
            found = edge
        if start == first:
            break
    return None


def _deciding_zone(known: _Known, level: Protection, until: datetime) -> str | None:
    """Return the zone whose weddings, or whose midnight, end the level; None where neither does."""
    falls = known.by_load(until).rank < level.rank
    before = known.by_load(shifted(until, -_INSTANT))
    if before is not known.by_load(until):
        zone = turning_zone(known.calendar, until if falls else shifted(until, AHEAD), ends=falls)
        if zone is not None:
            return zone
    if not known.counts_date(until):
        return None
    return next((zone for zone in known.zones if _turns(zone, until)), None)


def _turns(zone: str, at: datetime) -> bool:
    """Whether Saturday begins or ends in a zone at an instant."""
    days = {local(at, zone).weekday(), local(shifted(at, -_INSTANT), zone).weekday()}
    return len(days) == 2 and SATURDAY in days


def raise_words(found: Raise, zone: str, now: datetime) -> str:
    """Return who asks for what, until when and why: `raise 3 to MAXIMUM by ada until 20:00 BST: royal wedding`."""
    number = f" {found.id}" if found.id else ""
    end = wall_clock(found.expires_at, zone, now)
    return f"raise{number} to {found.level} by {found.person} until {end}: {found.reason}"


def _reasons(known: _Known, level: Protection, raises: Iterable[Raise], zone: str) -> Iterator[str]:
    """Yield what asks for a level, and then what is wrong with the calendar."""
    at, calendar = known.at, known.calendar
    yield from (raise_words(each, zone, at) for each in raises if each.level is level)
    # What was never read says nothing: neither that there is no load, nor how high it gets.
    says = was_ever_read(calendar) and (not known.beyond or level is not Protection.NORMAL)
    if says and known.by_load(at) is level:
        yield _load_words(known, level, zone)
    peak = calendar.steps.peak(at, shifted(at, AHEAD))
    outsized = outsized_words(
        [each for each in calendar.outsized if each.start <= peak.at < each.end], calendar.outsized_more
    )
    if outsized is not None:
        yield outsized
    if known.counts_date(at):
        yield from _without_calendar(known, level, zone)
    for source in calendar.sources:
        rejected = unusable_rows(source)
        if rejected is not None:
            yield f"{rejected}: {'it' if source.rejected == 1 else 'they'} may weigh nothing"


def _without_calendar(known: _Known, level: Protection, zone: str) -> Iterator[str]:
    """Yield what the date asks for, and what is wrong with the sources."""
    at, calendar = known.at, known.calendar
    by_date = protection_by_date(at, known.zones)
    if by_date.level is level:
        yield f"by the date, {_why_the_date(known)}: {by_date.words}"
    if calendar.unknown and level is UNKNOWN:
        yield f"at least {UNKNOWN}, because the calendar that there is, or was, is not known{_sooner(known, zone)}"
    silence = unread(calendar)
    if silence is not None:
        yield silence
    for source in calendar.sources:
        if not known.is_source_fresh(source, max(known.now, at)):
            # As it is now: how old it will be then nobody knows, for it may be read meanwhile.
            runs_out = source.stale_from if source.is_fresh(known.now) else None
            yield staleness(source, known.now) if runs_out is None else running_out(source, runs_out)


def _why_the_date(known: _Known) -> str:
    """Return why the date counts, with which a sentence goes on."""
    calendar = known.calendar
    if not calendar.sources and calendar.problem is None:
        return "without a wedding calendar"
    if not was_ever_read(calendar) and calendar.problem is None:
        return "because the calendar was never read"
    if known.beyond and known.is_fresh(known.at):
        return "because the calendar may not reach that time"
    if freshness(calendar, known.now) is Freshness.FRESH:
        return "because the calendar will not be fresh by then"
    return "because the calendar is not fresh"


def _sooner(known: _Known, zone: str) -> str:
    """Say from when on it is more at the latest, as the end of a sentence; nothing where that is not near."""
    until = _until(known, UNKNOWN)
    if until is None or until - known.at > _NEAR:
        return ""
    return f"; {known.level(until)} from {wall_clock(until, zone, known.at)} on at the latest"


def _load_words(known: _Known, level: Protection, zone: str) -> str:
    """Say how high the load is or gets, and from where on that matters."""
    calendar, at = known.calendar, known.at
    peak = calendar.steps.peak(at, shifted(at, AHEAD))
    hours = f"{AHEAD // timedelta(hours=1)} h"
    some = "" if all(source.read_at is not None for source in calendar.sources) else ", as far as it was ever read,"
    if level is Protection.NORMAL:
        bound = f"the load stays at or under {standard(peak.load)}" if peak.load else "there is no load"
        return f"by the calendar{some} {bound} for {hours}" + _from(Protection.HIGH)
    if peak.at == at:
        return f"by the calendar{some} the load is {standard(peak.load)}, and no higher in the next {hours}" + _from(
            level
        )
    when = wall_clock(peak.at, zone, at)
    return f"by the calendar{some} the load of the next {hours} gets to {standard(peak.load)} at {when}" + _from(level)


def _from(level: Protection) -> str:
    return f" ({level} from {standard(THRESHOLDS[level])})"
