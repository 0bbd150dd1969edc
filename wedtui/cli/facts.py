"""The facts of freeze and protection, from wherever they are kept; the same for every command and for the dashboard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from wedtui.cache.known_calendar import known_calendar, unread_calendar
from wedtui.cache.reader import CacheReader
from wedtui.config import Configuration
from wedtui.core.calendar import CalendarFacts
from wedtui.core.freeze import Feed, FreezeFacts, Origin, Period, WeeklyWindow, feed_notes
from wedtui.core.picture import Finding, Severity
from wedtui.core.protection import RAISES_KEPT, Raise
from wedtui.errors import StoreError, StoreMissingError
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.reader import LedgerReader
from wedtui.paths import StatePaths
from wedtui.store.opening import file_of, is_postgresql, url_of

Decision = TypeVar("Decision")

# How old the cache's copy of what persons froze may be where the ledger itself may not be read: the service renews
# it every ten seconds.
MIRROR_GOOD_FOR = timedelta(seconds=30)


def left_ledger(configuration: Configuration, paths: StatePaths) -> Path | None:
    """Return the ledger of the state directory, where there is one beside the one that the configuration names."""
    file = paths.directory / "ledger.db"
    if configuration.ledger.url is None or file_of(configuration.ledger.url, LEDGER) == file:
        return None
    return file if file.exists() else None


def freeze_facts(
    configuration: Configuration,
    cache: CacheReader,
    ledger: LedgerReader,
    now: datetime,
    left: Path | None = None,
) -> FreezeFacts:
    """Gather everything that can freeze.

    Args:
        configuration: its windows and periods, and the names of its feeds.
        cache: the last good readings of feeds and weddings, and a copy of what persons froze.
        ledger: what persons froze.
        now: an aware instant, for the age of that copy.
        left: a ledger that was in use before; see `left_ledger`.

    Returns:
        The facts; what could not be read is in them as a sentence, and the evaluator then says frozen.
    """
    section = configuration.freeze
    windows = tuple(
        WeeklyWindow(
            w.name,
            w.start,
            w.end,
            w.timezones,
            frozenset(w.months),
            frozenset(w.environments),
            frozenset(w.services),
        )
        for w in section.windows
    )
    periods = tuple(
        Period(p.name, p.start, p.end, Origin.CONFIGURATION, frozenset(p.environments), frozenset(p.services))
        for p in section.periods
    )
    persons, problem = _decided(
        ledger.freeze_periods, cache.mirrored_freeze_periods, now, must_exist=must_exist(configuration)
    )
    unreadable = () if problem is None else (f"what persons froze cannot be known{problem}",)
    if left is not None and problem is None and (missing := _readably_left(left, ledger, now)):
        what = "1 freeze by a person stands" if missing == 1 else f"{missing} freezes by persons stand"
        unreadable = (f"{what} in {left} and not in the ledger: run `wedtui db copy`, or move the file away",)
    calendar = calendar_facts(configuration, cache, now)
    return FreezeFacts(windows, (*periods, *persons), _feeds(configuration, cache), unreadable, calendar)


def _readably_left(left: Path, ledger: LedgerReader, now: datetime) -> int:
    try:
        return left_behind(left, ledger, now)
    except StoreError:
        return 0  # it is not ours to read, or of an older version: `wedtui doctor` says so


def left_behind(left: Path, ledger: LedgerReader, now: datetime) -> int:
    """Return how many freezes of a former ledger are not over and are not in the one that counts.

    Raises:
        StoreError: one of both cannot be read.
    """
    former = LedgerReader(url_of(left))
    try:
        known = {(e.name, e.start, e.end) for e in ledger.freeze_entries(include_lifted=True)}
        return sum((e.name, e.start, e.end) not in known for e in former.freeze_entries() if e.end > now)
    finally:
        former.close()


def calendar_facts(configuration: Configuration, cache: CacheReader, now: datetime) -> CalendarFacts:
    """Return the weddings known; where the cache cannot be read every source says why."""
    try:
        return known_calendar(configuration, cache, now)
    except StoreError as error:
        return unread_calendar(configuration, str(error))


def raise_facts(
    configuration: Configuration, cache: CacheReader, ledger: LedgerReader, now: datetime, at: datetime | None = None
) -> tuple[tuple[Raise, ...], tuple[Finding, ...]]:
    """Return how far persons raised protection, and a finding where that cannot be known.

    Args:
        configuration: whether there must be a ledger.
        cache: a copy of what persons decided.
        ledger: what they decided.
        now: an aware instant, for the age of that copy.
        at: what is asked about, where it is another time.
    """
    since = (now if at is None else min(at, now)) - RAISES_KEPT
    raises, problem = _decided(
        lambda: ledger.raises(until_after=since), cache.mirrored_raises, now, must_exist=must_exist(configuration)
    )
    if problem is None:
        return raises, ()
    return raises, (Finding(Severity.WARNING, "protection", f"what persons raised cannot be known{problem}", now),)


def must_exist(configuration: Configuration) -> bool:
    """Whether a ledger that is missing is a problem.

    On a machine of one's own there is none before the first decision. Elsewhere it may be a disk that is not mounted,
    or a command that looks into the wrong place.
    """
    shared = configuration.cache.url is not None and is_postgresql(configuration.cache.url)
    return shared or configuration.service.mode == "shared" or configuration.ledger.url is not None


def freeze_findings(facts: FreezeFacts, now: datetime) -> tuple[Finding, ...]:
    """Return what is wrong with feeds that still count."""
    return tuple(Finding(Severity.WARNING, "freeze", note, now) for note in feed_notes(facts, now))


def _decided(
    decided: Callable[[], tuple[Decision, ...]],
    copied: Callable[[], tuple[tuple[Decision, ...], datetime | None]],
    now: datetime,
    *,
    must_exist: bool,
) -> tuple[tuple[Decision, ...], str | None]:
    """Return what persons decided, and why that cannot be known.

    Args:
        decided: reads the ledger.
        copied: reads the cache's copy, where the ledger is not ours to read.
        now: an aware instant, for the age of that copy.
        must_exist: whether a ledger that is missing is a problem.
    """
    missing = False
    try:
        return decided(), None
    except StoreError as error:
        missing = isinstance(error, StoreMissingError) and not must_exist
        problem = str(error)
    try:
        copies, copied_at = copied()
    except StoreError as error:
        if missing and isinstance(error, StoreMissingError):
            return (), None
        return (), f": {problem}"
    if missing and not copies:
        return (), None
    if copied_at is None or abs(now - copied_at) > MIRROR_GOOD_FOR:
        return copies, f", the cache's copy is too old: {problem}"
    return copies, None


def _feeds(configuration: Configuration, cache: CacheReader) -> tuple[Feed, ...]:
    """Return the state of every configured feed; one that the cache does not know was never read."""
    sections = configuration.freeze.feeds
    if not sections:
        return ()
    problem = "start the service or run `wedtui poll --once`"
    try:
        known = {feed.name: feed for feed in cache.freeze_feeds()}
    except StoreMissingError:
        known = {}
    except StoreError as error:
        known, problem = {}, str(error)
    feeds = []
    for section in sections:
        scope = (frozenset(section.environments), frozenset(section.services))
        feed = known.get(section.name, Feed(section.name, problem=problem))
        # The scope is the configuration's to say, also for events that were read before it changed.
        periods = tuple(Period(p.name, p.start, p.end, p.origin, *scope) for p in feed.periods)
        feeds.append(Feed(feed.name, periods, feed.last_good_at, feed.problem, feed.questioned, *scope))
    return tuple(feeds)
