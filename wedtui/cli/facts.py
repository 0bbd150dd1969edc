"""The facts of the freeze, from wherever they are kept; the same for every command and for the dashboard."""

from __future__ import annotations

from datetime import datetime, timedelta

from wedtui.cache.reader import CacheReader
from wedtui.config import Configuration
from wedtui.core.freeze import Feed, FreezeFacts, Origin, Period, WeeklyWindow, feed_notes
from wedtui.core.picture import Finding, Severity
from wedtui.errors import StoreError, StoreMissingError
from wedtui.ledger.reader import LedgerReader

# How old the cache's copy of what persons froze may be where the ledger itself may not be read: the service renews
# it every ten seconds.
MIRROR_GOOD_FOR = timedelta(seconds=30)


def freeze_facts(configuration: Configuration, cache: CacheReader, ledger: LedgerReader, now: datetime) -> FreezeFacts:
    """Gather everything that can freeze.

    Args:
        configuration: its windows and periods, and the names of its feeds.
        cache: the last good readings of the feeds, and a copy of what persons froze.
        ledger: what persons froze.
        now: an aware instant, for the age of that copy.

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
    elsewhere = configuration.service.mode == "shared" or configuration.ledger.url is not None
    persons, unreadable = _by_persons(cache, ledger, now, must_exist=elsewhere)
    return FreezeFacts(windows, (*periods, *persons), _feeds(configuration, cache), unreadable)


def freeze_findings(facts: FreezeFacts, now: datetime) -> tuple[Finding, ...]:
    """Return what is wrong with feeds that still count."""
    return tuple(Finding(Severity.WARNING, "freeze", note, now) for note in feed_notes(facts, now))


def _by_persons(
    cache: CacheReader, ledger: LedgerReader, now: datetime, *, must_exist: bool
) -> tuple[tuple[Period, ...], tuple[str, ...]]:
    """Return what persons froze: from the ledger, or from the cache's copy where the ledger is not ours to read.

    On a machine of one's own there is no ledger before the first decision. Elsewhere one that is missing may be a
    disk that is not mounted, or a command that looks into the wrong place.
    """
    missing = False
    try:
        return ledger.freeze_periods(), ()
    except StoreError as error:
        missing = isinstance(error, StoreMissingError) and not must_exist
        problem = str(error)
    try:
        periods, copied_at = cache.mirrored_freeze_periods()
    except StoreError as error:
        if missing and isinstance(error, StoreMissingError):
            return (), ()
        return (), (f"what persons froze cannot be known: {problem}",)
    if missing and not periods:
        return (), ()
    if copied_at is None or abs(now - copied_at) > MIRROR_GOOD_FOR:
        return periods, (f"what persons froze cannot be known, the cache's copy is too old: {problem}",)
    return periods, ()


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
