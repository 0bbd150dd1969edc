"""Is this frozen, until when and why? The one evaluator, for every caller.

Facts and an instant in, a verdict out. How a weekly window becomes absolute spans is in `freeze_windows`, what the
calendar of weddings freezes in `freeze_weddings`.
Source: DESIGN, "Freeze".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from wedtui.core.calendar import NO_CALENDAR, CalendarFacts
from wedtui.core.calendar_findings import doubts
from wedtui.core.freeze_feeds import FEED_GOOD_FOR, Feed, feed_notes, feed_silence, is_believed, lost_too_much
from wedtui.core.freeze_period import LOCKDOWN, UNTIL_LIFTED, Origin, Period, lockdown_at
from wedtui.core.freeze_stretches import Reason, Stretch, merged
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
    "Reason",
    "Scope",
    "Verdict",
    "WallTime",
    "WeeklyWindow",
    "feed_notes",
    "intervals",
    "lost_too_much",
    "verdict",
]

LONGEST_WINDOW = timedelta(days=8)
"""A week, and what clocks that are changed in it add."""
LOOK_AROUND = timedelta(days=400)
"""How far a merged stretch is followed to either side, and how far ahead the next one is looked for."""

# Most stretches end within days; looking further only where one does not keeps an answer quick.
_STEPS = (timedelta(days=14), timedelta(days=90), LOOK_AROUND)


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
    home: str | None = None
    """The first zone that the configuration names: by its clock every view says the times of a verdict."""


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
    each: tuple[Reason, ...] = field(default=(), compare=False)
    """Everything in it that is not over, each from when to when, by start; not what cannot be read."""


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
    """Sentences about weddings that nobody may suppose to be read again (`SourceFacts.goes_on`), and that count no
    longer than to before the end that is promised here: from then on production is frozen in any case, unless they are
    read. While open, those of `next_reasons`: the next freeze begins when they run out."""

    doubts: tuple[str, ...] = ()
    """Sentences about sources whose last good reading counts, though their newest one is in question or failed: they
    change nothing of the answer, and belong to it."""

    holding: tuple[Reason, ...] = ()
    """What freezes at that instant, each from when to when: a lockdown first, then what holds longest."""
    coming: tuple[Reason, ...] = ()
    """What in the stretch has yet to begin, each from when to when, in the order of time: no reason yet.

    While open, what is in the stretch that begins at `next_start`."""
    home: str | None = None
    """As in the facts."""

    @property
    def clock(self) -> str:
        """The IANA zone by whose clock the times of the verdict are said: one, whatever freezes."""
        return self.home or self.zone or "UTC"

    @property
    def runs_out_besides(self) -> tuple[str, ...]:
        """What of `runs_out` has to be said beside the reasons, for it is none of them."""
        return tuple(sentence for sentence in self.runs_out if sentence not in self.next_reasons)

    @property
    def lasts_longer(self) -> bool:
        """Whether `until` is no end, but how long it is frozen at least."""
        return self.known_to is not None or bool(self.runs_out)


def verdict(facts: FreezeFacts, at: datetime, scope: Scope = Scope(), *, known_at: datetime | None = None) -> Verdict:
    """Say whether `scope` is frozen at an instant, since when, until when and why.

    Args:
        facts: everything that can freeze; its weddings are those around `at`.
        at: an aware instant.
        scope: the environment and service that is asked about.
        known_at: the aware instant at which the age of feeds is judged; `at` without it. A question about another
            time than now gives now. What has run out by then, and of which nobody may suppose that it is read again,
            freezes then: imported by hand, failing, or in question.

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
    runs_out, doubted = _runs_out(facts, found, scope, now), calendar_doubts(facts, scope, now)
    found = replace(found, overrides=holding, persons=persons, lockdown=lockdown, runs_out=runs_out, home=facts.home)
    return replace(found, doubts=doubted)


def calendar_doubts(facts: FreezeFacts, scope: Scope, now: datetime) -> tuple[str, ...]:
    """Return why the weddings that count may be the wrong ones; nothing where none of them can freeze the scope.

    Source: DESIGN, "Freeze": what lost more than half keeps its last good state and asks a person. So the answer is
    that of the last good reading, and says that it is.
    """
    return doubts(facts.calendar, now) if _asks_for_weddings(facts, scope) else ()


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
    here: Stretch | None = None
    upcoming: Stretch | None = None
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
    later = here.later(at) if here else ()
    each = (here.holding(at), here.coming(at)) if here else ((), ())
    if silent:
        found = Verdict(True, at, reasons=_ordered(names.union(silent)), unreadable=silent, later=later)
        return replace(found, holding=each[0], coming=each[1])
    known_to = _known_to(facts)
    if here is None:
        starts, names = _next(facts, scope, known_at, upcoming)
        limit = _limit(known_to, starts)
        if starts is None or limit is not None:
            return Verdict(False, at, known_to=limit)
        coming = upcoming.reasons if upcoming is not None and upcoming.start == starts else ()
        return Verdict(False, at, next_start=starts, next_reasons=_ordered(names), coming=coming)
    last = tuple(sorted(name for name, end in here.ends.items() if end == here.end))
    found = Verdict(True, at, here.start, reasons=_ordered(names), later=later, ended_by=last)
    found = replace(found, holding=each[0], coming=each[1])
    if here.end >= UNTIL_LIFTED:
        return found
    return replace(found, until=here.end, zone=here.zone, known_to=_limit(known_to, here.end))


def _next(
    facts: FreezeFacts, scope: Scope, known_at: datetime, upcoming: Stretch | None
) -> tuple[datetime | None, frozenset[str]]:
    """Return when the next freeze begins, and by what: weddings that nobody reads again may run out first."""
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
    same as `verdict` does at any instant in it (as far as either follows it, `LOOK_AROUND`). From when on weddings will
    have run out that nobody may suppose to be read again, one covers the rest of the range: what is open then nobody
    knows.
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
    found: list[Stretch] = []
    for step in _STEPS:
        low, high = shifted(start, -step), shifted(end, step)
        found = [s for s in _merged(facts, scope, low, high) if s.start < end and s.end > start]
        if not found or (low < found[0].start and found[-1].end < high):
            break
    if silent:
        names = frozenset(silent).union(*(s.after(over) for s in found))
        first, last = min([start, *(s.start for s in found)]), max([end, *(s.end for s in found)])
        persons = _persons(facts, names, (first, last), scope)
        each = tuple(reason for s in found for reason in s.reasons if reason.end > over)
        return (Interval(first, last, _ordered(names), is_end_known=False, persons=persons, each=each),)
    known_to = _known_to(facts)
    stretches = tuple(
        Interval(
            s.start,
            s.end,
            _ordered(s.after(over)),
            is_end_known=_limit(known_to, s.end) is None,
            persons=_persons(facts, s.after(over), (max(s.start, over), s.end), scope),
            each=tuple(reason for reason in s.reasons if reason.end > over),
        )
        for s in found
    )
    return _up_to_what_is_known(stretches, facts, scope, start if known_at is None else _utc(known_at), end)


def _up_to_what_is_known(
    stretches: tuple[Interval, ...], facts: FreezeFacts, scope: Scope, now: datetime, last: datetime
) -> tuple[Interval, ...]:
    """Return stretches up to when weddings run out that nobody reads again, and one from then on, as `verdict` does.

    Args:
        stretches: of a range.
        facts: everything that can freeze.
        scope: what is asked about.
        now: the aware instant at which the age of sources is judged.
        last: the end of the range.
    """
    ends = first_to_run_out(facts.calendar, now) if _asks_for_weddings(facts, scope) else None
    if ends is None or ends >= last:
        return stretches
    known = tuple(each for each in stretches if each.end < ends)
    rest = stretches[len(known) :]
    names = frozenset(silence_ahead(facts.calendar, now, last)).union(*(each.reasons for each in rest))
    return (
        *known,
        Interval(
            min([ends, *(each.start for each in rest)]),
            max([last, *(each.end for each in rest)]),
            _ordered(names),
            is_end_known=False,
            persons=tuple(sorted({found for each in rest for found in each.persons})),
            each=tuple(reason for each in rest for reason in each.each),
        ),
    )


def _known_to(facts: FreezeFacts) -> datetime | None:
    """Return up to when no wedding that is not in the calendar can freeze anything; None: for ever.

    It freezes from a while before it begins, and it makes a weekly window, of a week at most, count in its zone.
    """
    known_to = facts.calendar.known_to
    return None if known_to is None else shifted(known_to, -LONGEST_WINDOW)


def _limit(known_to: datetime | None, found: datetime | None) -> datetime | None:
    return known_to if known_to is not None and (found is None or found > known_to) else None


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


def _merged(facts: FreezeFacts, scope: Scope, low: datetime, high: datetime) -> list[Stretch]:
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
    return merged(found)


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

    And for what will have by `at`, an instant to come: nobody may suppose that it is read again before it runs out.
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
        if scope.within(feed.environments, feed.services) and not is_believed(feed, known_at):
            sentences.append(feed_silence(feed, known_at))
    if _asks_for_weddings(facts, scope):
        sentences.extend(calendar_silence(facts.calendar, known_at))
        if at is not None and at > known_at:
            sentences.extend(silence_ahead(facts.calendar, known_at, at))
    return tuple(dict.fromkeys(sentences))
