"""Is this frozen, until when and why? The one evaluator, for every caller.

Facts and an instant in, a verdict out. How a weekly window becomes absolute spans is in `freeze_windows`, what the
calendar of weddings freezes in `freeze_weddings`.
Source: DESIGN, "Freeze".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from wedtui.core.calendar import NO_CALENDAR, CalendarFacts, dropped_words
from wedtui.core.freeze_period import LOCKDOWN, UNTIL_LIFTED, Origin, Period, lockdown_at
from wedtui.core.freeze_weddings import calendar_silence, first_to_run_out, silence_ahead, venue_spans, wedding_spans
from wedtui.core.freeze_windows import (
    DEFAULT_WINDOW,
    FIRST,
    LAST,
    PRODUCTION,
    Span,
    WallTime,
    WeeklyWindow,
    shifted,
    spans,
)
from wedtui.core.override import Override
from wedtui.core.wording import duration
from wedtui.core.zones import ZONE_ERRORS

__all__ = [
    "DEFAULT_WINDOW",
    "FEED_GOOD_FOR",
    "LOCKDOWN",
    "LOOK_AROUND",
    "PRODUCTION",
    "UNTIL_LIFTED",
    "Feed",
    "FreezeFacts",
    "Interval",
    "Origin",
    "Period",
    "Scope",
    "Verdict",
    "WallTime",
    "WeeklyWindow",
    "feed_notes",
    "intervals",
    "lost_too_much",
    "verdict",
]

FEED_GOOD_FOR = timedelta(hours=24)
LONGEST_WINDOW = timedelta(days=8)
"""A week, and what clocks that are changed in it add."""
LOOK_AROUND = timedelta(days=400)
"""How far a merged stretch is followed to either side, and how far ahead the next one is looked for."""

# Most stretches end within days; looking further only where one does not keeps an answer quick.
_STEPS = (timedelta(days=14), timedelta(days=90), LOOK_AROUND)


@dataclass(frozen=True, slots=True)
class Feed:
    """The last good reading of one iCalendar feed, and what became of the newest attempt."""

    name: str
    periods: tuple[Period, ...] = ()
    last_good_at: datetime | None = None
    problem: str | None = None
    """Why the newest attempt was not taken (unreadable, or it lost more than half of its events)."""
    questioned: bool = False
    """Whether the newest attempt parsed but lost too many events, so that a person has to look."""
    environments: frozenset[str] = frozenset()
    """Where its silence means frozen; none means everywhere."""
    services: frozenset[str] = frozenset()
    """The services for which its silence means frozen; none means all."""
    dropped_at: datetime | None = None
    """Since when it is not configured any more; it counts until it is forgotten."""


@dataclass(frozen=True, slots=True)
class FreezeFacts:
    """Everything that the evaluator needs to know."""

    windows: tuple[WeeklyWindow, ...] = ()
    """None that names the environment asked about means, in production, the default window."""
    periods: tuple[Period, ...] = ()
    feeds: tuple[Feed, ...] = ()
    unreadable: tuple[str, ...] = ()
    """Sources that could not be read at all (configuration, ledger); any of them means frozen."""
    calendar: CalendarFacts = NO_CALENDAR
    """The weddings: many guests freeze production, and weekly windows count where venues are."""
    overrides: tuple[Override, ...] = ()
    """What managers let through all the same, each for one object."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What the question is about."""

    environment: str = PRODUCTION
    service: str | None = None
    """None asks about every service at once: a freeze of any of them counts."""

    def within(self, environments: frozenset[str], services: frozenset[str]) -> bool:
        """Whether a freeze of these environments and services concerns the question; an empty list means all."""
        return (not environments or self.environment in environments) and (
            not services or self.service is None or self.service in services
        )


@dataclass(frozen=True, slots=True)
class Interval:
    """A merged frozen stretch [start, end) in UTC, and the names of everything in it, sorted, a lockdown first."""

    start: datetime
    end: datetime
    """Up to here at least; when it really ends is known unless `is_end_known` says otherwise."""
    reasons: tuple[str, ...]
    is_end_known: bool = True
    """False while a source is unreadable, and where later weddings, which are not looked at, may freeze on."""
    persons: tuple[tuple[str, str], ...] = ()
    """Of what in it persons froze: its name, and who and why (`by sam: bad release`)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one instant."""

    frozen: bool
    at: datetime
    since: datetime | None = None
    until: datetime | None = None
    """When the merged stretch ends; None while open, where a source is unreadable (until it can be read), and where a
    person froze without an end (until that is lifted).

    A stretch is followed for `LOOK_AROUND`; one that goes on longer ends, as far as this says, beyond that."""
    zone: str | None = None
    """The IANA zone in which the stretch ends last, where a weekly window decides its end.

    While it is locked down until that is lifted, the zone of what is frozen beside that."""
    reasons: tuple[str, ...] = ()
    """The names of everything in the stretch that is not over, and the sentences of `unreadable`.

    Sorted, but for a lockdown, which comes first."""
    unreadable: tuple[str, ...] = ()
    """The sentences about sources that fail closed; not empty means frozen."""
    next_start: datetime | None = None
    """When the next freeze begins, while open; None where none does within `LOOK_AROUND`, or up to `known_to`."""
    next_reasons: tuple[str, ...] = ()
    """Sorted: the names of everything in the stretch that begins at `next_start`: what `verdict` says there."""
    known_to: datetime | None = None
    """Where later weddings, which are not looked at, may freeze more: up to here all is known. None: no such thing."""
    overrides: tuple[Override, ...] = ()
    """What managers override at that instant, each for one object: for everything else it is as frozen as it says."""
    later: tuple[str, ...] = ()
    """Those of `reasons` that have not begun yet, in the order in which they do: they make the stretch longer, and are
    no reason now."""
    persons: tuple[tuple[str, str], ...] = ()
    """Of what persons froze and is among the reasons, or the next ones: its name, and who and why."""
    lockdown: Period | None = None
    """The lockdown that holds at that instant: its start is that of the lockdown, whatever froze before it."""
    ended_by: tuple[str, ...] = ()
    """Those of `reasons` that end when the stretch does, sorted: what `until` comes from."""
    runs_out: tuple[str, ...] = ()
    """Sentences about weddings that were imported by hand and count no longer than to before the end that is promised
    here: from then on production is frozen in any case, unless they are imported again. While open, those of
    `next_reasons`: the next freeze begins when they run out."""

    @property
    def runs_out_besides(self) -> tuple[str, ...]:
        """What of `runs_out` has to be said beside the reasons, for it is none of them."""
        return tuple(sentence for sentence in self.runs_out if sentence not in self.next_reasons)

    @property
    def lasts_longer(self) -> bool:
        """Whether `until` is no end, but how long it is frozen at least."""
        return self.known_to is not None or bool(self.runs_out)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A merged run of spans."""

    start: datetime
    end: datetime
    ends: Mapping[str, datetime]
    """The name of everything in it, and when that ends."""
    zone: str | None
    spans: tuple[Span, ...] = ()

    def holding(self, at: datetime) -> frozenset[str]:
        """Return what in it counts at an instant."""
        return frozenset(span.name for span in self.spans if span.start <= at < span.end)

    def coming(self, at: datetime) -> tuple[str, ...]:
        """Return what in it has yet to begin at an instant, and was not there before, in the order of time."""
        ahead = sorted((span for span in self.spans if span.end > at), key=lambda s: s.start, reverse=True)
        begins = {span.name: span.start for span in ahead}
        names = self.after(at) - self.holding(at)
        return tuple(sorted(names, key=lambda name: (begins[name], name)))

    @property
    def names(self) -> frozenset[str]:
        """What is in it."""
        return frozenset(self.ends)

    def after(self, at: datetime) -> frozenset[str]:
        """Return what in it is not over at an instant."""
        return frozenset(name for name, end in self.ends.items() if end > at)


def verdict(facts: FreezeFacts, at: datetime, scope: Scope = Scope(), *, known_at: datetime | None = None) -> Verdict:
    """Say whether `scope` is frozen at an instant, since when, until when and why.

    Args:
        facts: everything that can freeze; its weddings are those around `at`.
        at: an aware instant.
        scope: the environment and service that is asked about.
        known_at: the aware instant at which the age of feeds is judged; `at` without it. A question about another
            time than now gives now. What was imported by hand and has run out by then freezes then: nobody reads it
            again by itself.

    Raises:
        ValueError: an instant has no zone.
    """
    at = _utc(at)
    now = at if known_at is None else _utc(known_at)
    found = _verdict(facts, at, scope, now)
    holding = tuple(each for each in facts.overrides if each.holds(at))
    names = frozenset((*found.reasons, *found.next_reasons))
    # What begins when an open stretch ends is among the next reasons.
    last = found.until or found.next_start or (UNTIL_LIFTED if found.frozen else at)
    persons, lockdown = _persons(facts, names, (at, last), scope), lockdown_at(facts.periods, at)
    if lockdown is not None and found.zone is None:
        # Clocks and charts go on by the zone that they went by before.
        rest = replace(facts, periods=tuple(each for each in facts.periods if not each.locks_down))
        found = replace(found, zone=_verdict(rest, at, scope, now).zone)
    runs_out = _runs_out(facts, found, scope, now)
    return replace(found, overrides=holding, persons=persons, lockdown=lockdown, runs_out=runs_out)


def _runs_out(facts: FreezeFacts, found: Verdict, scope: Scope, now: datetime) -> tuple[str, ...]:
    """Return what runs out before the end that is promised, and nothing where none is; or what freezes next."""
    if not found.frozen:
        return tuple(each for each in silence_ahead(facts.calendar, now, LAST) if each in found.next_reasons)
    if scope.environment != PRODUCTION or found.until is None:
        return ()
    return tuple(silence_ahead(facts.calendar, now, found.until))


def _ordered(names: Iterable[str]) -> tuple[str, ...]:
    """Return reasons as they are said: a lockdown before all others, which stand by name."""
    return tuple(sorted(names, key=lambda name: (name != LOCKDOWN, name)))


def _persons(
    facts: FreezeFacts, names: frozenset[str], within: tuple[datetime, datetime], scope: Scope
) -> tuple[tuple[str, str], ...]:
    """Return name, and person and reason, of what persons froze that touches a time and goes by one of some names."""
    first, last = within
    there = (p for p in facts.periods if p.why and p.name in names and p.start <= last and p.end > first)
    return tuple(sorted({(p.name, p.why) for p in there if scope.within(p.environments, p.services)}))


def _verdict(facts: FreezeFacts, at: datetime, scope: Scope, known_at: datetime) -> Verdict:
    silent = _unreadable(facts, scope, known_at, at)
    here: _Stretch | None = None
    upcoming: _Stretch | None = None
    for step in _STEPS:
        low, high = shifted(at, -step), shifted(at, step)
        stretches = _merged(facts, scope, low, high)
        here = next((s for s in stretches if s.start <= at < s.end), None)
        upcoming = next((s for s in stretches if s.start > at), None)
        if here is None and (silent or (upcoming is not None and upcoming.end < high)):
            break
        if here is not None and low < here.start and here.end < high:
            break
    # What is over is no reason any more, though it may have begun the stretch: a freeze that was lifted, say.
    names = here.after(at) if here else frozenset[str]()
    later = here.coming(at) if here else ()
    if silent:
        return Verdict(True, at, reasons=_ordered(names.union(silent)), unreadable=silent, later=later)
    known_to = _known_to(facts)
    if here is None:
        starts, names = _next(facts, scope, known_at, upcoming)
        limit = _limit(known_to, starts)
        if starts is None or limit is not None:
            return Verdict(False, at, known_to=limit)
        return Verdict(False, at, next_start=starts, next_reasons=_ordered(names))
    last = tuple(sorted(name for name, end in here.ends.items() if end == here.end))
    found = Verdict(True, at, here.start, reasons=_ordered(names), later=later, ended_by=last)
    if here.end >= UNTIL_LIFTED:
        return found
    return replace(found, until=here.end, zone=here.zone, known_to=_limit(known_to, here.end))


def _next(
    facts: FreezeFacts, scope: Scope, known_at: datetime, upcoming: _Stretch | None
) -> tuple[datetime | None, frozenset[str]]:
    """Return when the next freeze begins, and by what: what was imported by hand may run out before anything else."""
    ends = first_to_run_out(facts.calendar, known_at) if _asks_for_weddings(facts, scope) else None
    if ends is None or (upcoming is not None and upcoming.start < ends):
        return (None, frozenset()) if upcoming is None else (upcoming.start, upcoming.names)
    beside = upcoming.names if upcoming is not None and upcoming.start == ends else frozenset[str]()
    return ends, beside.union(silence_ahead(facts.calendar, known_at, ends))


def intervals(
    facts: FreezeFacts,
    start: datetime,
    end: datetime,
    scope: Scope = Scope(),
    *,
    known_at: datetime | None = None,
) -> tuple[Interval, ...]:
    """Return the merged frozen stretches that overlap [start, end), in order.

    A stretch is whole even where it reaches out of the range: it says when the freeze really begins and ends, the
    same as `verdict` does at any instant in it (as far as either follows it, `LOOK_AROUND`), but for weddings that were
    imported by hand and will have run out by then: that is said beside them (`freeze_weddings.silence_ahead`).
    While a source is unreadable, one interval covers at least the whole range, and the sentence that says so is among
    its reasons.
    Where weddings that are not among the facts may freeze on, its end is not known: ask again with those up to it.

    Args:
        facts: everything that can freeze; its weddings are those around [start, end].
        start: an aware instant.
        end: an aware instant; not after `start` gives nothing.
        scope: the environment and service that is asked about.
        known_at: the aware instant at which the age of feeds is judged; `start` without it. What was over by then and
            before the range is no reason any more, though it may have begun a stretch: a freeze that was lifted, say.

    Raises:
        ValueError: an instant has no zone.
    """
    start, end = _utc(start), _utc(end)
    if end <= start:
        return ()
    silent = _unreadable(facts, scope, start if known_at is None else _utc(known_at))
    over = FIRST if known_at is None else min(start, _utc(known_at))
    found: list[_Stretch] = []
    for step in _STEPS:
        low, high = shifted(start, -step), shifted(end, step)
        found = [s for s in _merged(facts, scope, low, high) if s.start < end and s.end > start]
        if not found or (low < found[0].start and found[-1].end < high):
            break
    if silent:
        names = frozenset(silent).union(*(s.after(over) for s in found))
        first, last = min([start, *(s.start for s in found)]), max([end, *(s.end for s in found)])
        persons = _persons(facts, names, (first, last), scope)
        return (Interval(first, last, _ordered(names), is_end_known=False, persons=persons),)
    known_to = _known_to(facts)
    return tuple(
        Interval(
            s.start,
            s.end,
            _ordered(s.after(over)),
            is_end_known=_limit(known_to, s.end) is None,
            persons=_persons(facts, s.after(over), (max(s.start, over), s.end), scope),
        )
        for s in found
    )


def _known_to(facts: FreezeFacts) -> datetime | None:
    """Return up to when no wedding that is not in the calendar can freeze anything; None: for ever.

    It freezes from a while before it begins, and it makes a weekly window, of a week at most, count in its zone.
    """
    known_to = facts.calendar.known_to
    return None if known_to is None else shifted(known_to, -LONGEST_WINDOW)


def _limit(known_to: datetime | None, found: datetime | None) -> datetime | None:
    return known_to if known_to is not None and (found is None or found > known_to) else None


def feed_notes(facts: FreezeFacts, known_at: datetime) -> tuple[str, ...]:
    """Return a sentence for each feed that is in trouble but whose last good reading still counts at `known_at`.

    And for each that is no longer configured, but counts until it is forgotten.
    """
    notes = []
    for feed in facts.feeds:
        if feed.dropped_at is not None:
            notes.append(dropped_words(f'feed "{feed.name}"', feed.dropped_at, f"wedtui freeze drop {feed.name}"))
        if feed.last_good_at is None or not (feed.problem or feed.questioned) or not _believed(feed, known_at):
            continue
        trouble = feed.problem or "it lost more than half of its future events"
        age = duration(known_at - feed.last_good_at)
        what = "check the calendar, and" if feed.questioned else "repair it:"
        notes.append(
            f'feed "{feed.name}": {trouble}; its reading of {age} ago still counts, '
            f"{what} without a good one by {feed.last_good_at + FEED_GOOD_FOR:%Y-%m-%d %H:%M} UTC it means frozen"
        )
    return tuple(notes)


def lost_too_much(previous: Iterable[Period], fresh: Iterable[Period], now: datetime) -> bool:
    """Whether a new reading of a feed lacks more than half of the future events of the last good one.

    An event is future while its end lies after `now`. Events are told apart by name and counted: one that moved is
    not lost, one that is gone while another with a new name came is. DESIGN, "Freeze": such a reading is not taken;
    the feed keeps its last good state and a person is asked.
    """
    before = Counter(p.name for p in previous if p.end > now)
    after = Counter(p.name for p in fresh if p.end > now)
    return 2 * (before - after).total() > before.total()


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"expected an instant with its offset; {at} has none")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return LAST if at.year > 1 else FIRST


def _windows(facts: FreezeFacts, scope: Scope) -> tuple[WeeklyWindow, ...]:
    """Return the windows of an environment; nothing in production is ever without one.

    A window of another environment, or of another service, leaves what is asked about with an empty list, and an
    empty list never means open.
    """
    there = Scope(scope.environment)
    configured = tuple(w for w in facts.windows if there.within(w.environments, frozenset()))
    covered = any(not w.services or scope.service in w.services for w in configured)
    if covered or scope.environment not in DEFAULT_WINDOW.environments:
        return configured
    return (*configured, DEFAULT_WINDOW)


def _asked(facts: FreezeFacts, scope: Scope) -> Iterator[tuple[WeeklyWindow, str | None]]:
    """Yield each window of the scope with each of its zones; None stands for every zone."""
    for window in _windows(facts, scope):
        if scope.within(window.environments, window.services):
            for zone in window.zones or (None,):
                yield window, zone


def _asks_for_weddings(facts: FreezeFacts, scope: Scope) -> bool:
    """Whether weddings can freeze it, so that it is frozen while they are not known: by themselves or by a window."""
    return scope.environment == PRODUCTION or next(_asked(facts, scope), None) is not None


def _merged(facts: FreezeFacts, scope: Scope, low: datetime, high: datetime) -> list[_Stretch]:
    """Return everything readable that overlaps or touches [low, high], merged, in order."""
    found: list[Span] = []
    for window, zone in _asked(facts, scope):
        try:
            found.extend(spans(window, zone, low, high))
        except ZONE_ERRORS:
            continue  # said, and frozen, by `_unreadable`
    found.extend(_by_weddings(facts, scope, low, high))
    for period in (*facts.periods, *(p for feed in facts.feeds for p in feed.periods)):
        if period.start <= high and period.end >= low and scope.within(period.environments, period.services):
            found.append(Span(_utc(period.start), _utc(period.end), period.name))
    found = sorted((s for s in found if s.start < s.end), key=lambda s: s.start)
    stretches: list[_Stretch] = []
    run: list[Span] = []
    end = FIRST
    for span in found:
        if run and span.start > end:
            stretches.append(_stretch(run, end))
            run = []
        end = max(end, span.end) if run else span.end
        run.append(span)
    if run:
        stretches.append(_stretch(run, end))
    return stretches


def _stretch(run: list[Span], end: datetime) -> _Stretch:
    """Make one stretch of spans that overlap or touch; of several zones that end it, the first by name is said."""
    zone = min((s.zone for s in run if s.zone is not None and s.end == end), default=None)
    ends: dict[str, datetime] = {}
    for span in run:
        ends[span.name] = max(span.end, ends.get(span.name, span.end))
    return _Stretch(run[0].start, end, ends, zone, tuple(run))


def _by_weddings(facts: FreezeFacts, scope: Scope, low: datetime, high: datetime) -> Iterator[Span]:
    """Yield what the calendar freezes: production around many guests, and windows in the zones of venues."""
    if scope.environment == PRODUCTION:
        yield from wedding_spans(facts.calendar, low, high)
    for window in _windows(facts, scope):
        if scope.within(window.environments, window.services):
            try:
                yield from venue_spans(window, facts.calendar, low, high)
            except ZONE_ERRORS:
                continue  # a zone of its own: said, and frozen, by `_unreadable`


def _unreadable(facts: FreezeFacts, scope: Scope, known_at: datetime, at: datetime | None = None) -> tuple[str, ...]:
    """Return a sentence for everything that fails closed in this scope: sources, zones, feeds.

    And for what will have by `at`, an instant to come: it was imported by hand and has run out by then.
    """
    sentences = list(facts.unreadable)
    for window, zone in _asked(facts, scope):
        try:
            next(spans(window, zone, known_at, known_at), None)
        except ZONE_ERRORS:
            sentences.append(
                f'window "{window.name}": the zone "{zone}" cannot be read, which means frozen; '
                "correct its timezones or update the package tzdata"
            )
    for feed in facts.feeds:
        if scope.within(feed.environments, feed.services) and not _believed(feed, known_at):
            sentences.append(_silence(feed, known_at))
    if _asks_for_weddings(facts, scope):
        sentences.extend(calendar_silence(facts.calendar, known_at))
        if at is not None and at > known_at:
            sentences.extend(silence_ahead(facts.calendar, known_at, at))
    return tuple(dict.fromkeys(sentences))


def _believed(feed: Feed, known_at: datetime) -> bool:
    """Whether a feed's last good reading still counts.

    A reading dated more than that long after `known_at` does not: the clock jumped back, and its age is unknown.
    """
    return feed.last_good_at is not None and abs(known_at - feed.last_good_at) <= FEED_GOOD_FOR


def _silence(feed: Feed, known_at: datetime) -> str:
    why = f" ({feed.problem})" if feed.problem else ""
    if feed.last_good_at is None and feed.periods:
        return (
            f'feed "{feed.name}" was never read at the URL that it has now{why}, which means frozen; what it named at '
            "the former one counts until it is read well there; repair the feed"
        )
    if feed.last_good_at is None:
        return f'feed "{feed.name}" has never been read{why}, which means frozen; repair the feed'
    if feed.last_good_at > known_at:
        return f'feed "{feed.name}" was last read in the future{why}, which means frozen; check the clock'
    age = duration(known_at - feed.last_good_at)
    return f'feed "{feed.name}" was last read {age} ago{why}, which means frozen; repair the feed'
