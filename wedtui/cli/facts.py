"""The facts of freeze and protection, from wherever they are kept; the same for every command and for the dashboard."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from wedtui.cache.known_calendar import known_calendar
from wedtui.cache.reader import CacheReader
from wedtui.config import Configuration
from wedtui.core.calendar import CalendarFacts, with_lost
from wedtui.core.freeze import Feed, FreezeFacts, Origin, Period, WeeklyWindow, feed_notes
from wedtui.core.freeze_windows import shifted
from wedtui.core.override import Override
from wedtui.core.picture import Finding, Severity
from wedtui.core.protection import RAISES_KEPT, Raise
from wedtui.core.services import SeenService, ServiceFacts, right_now, right_time, see_services
from wedtui.core.wording import duration
from wedtui.core.zones import is_readable
from wedtui.errors import StoreError, StoreMissingError
from wedtui.ledger.former import former_place, is_there, left_behind
from wedtui.ledger.reader import LedgerReader
from wedtui.paths import StatePaths
from wedtui.store.opening import is_postgresql

Decision = TypeVar("Decision")

# How old the cache's copy of what persons froze may be where the ledger itself may not be read: the service renews
# it every ten seconds.
MIRROR_GOOD_FOR = timedelta(seconds=30)


def freeze_facts(
    configuration: Configuration,
    cache: CacheReader,
    ledger: LedgerReader,
    now: datetime,
    paths: StatePaths,
    *,
    over: tuple[datetime, datetime] | None = None,
) -> FreezeFacts:
    """Gather everything that can freeze.

    Args:
        configuration: its windows and periods, and the names of its feeds.
        cache: the last good readings of feeds and weddings, and a copy of what persons froze.
        ledger: what persons froze.
        now: an aware instant, for the age of that copy.
        paths: the state directory, in which a former ledger may stand.
        over: the first and the last instant that are asked about, where that is not now.

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
    unreadable: tuple[str, ...] = () if problem is None else (f"what persons froze cannot be known{problem}",)
    if problem is None:
        kept = configuration.cache.keep_vanished
        unreadable = left_problems(paths.ledger_url(configuration), paths, cache, ledger, now, kept=kept)
    calendar = calendar_facts(configuration, cache, ledger, *(over or (now, now)))
    feeds = _feeds(configuration, cache)
    overrides = _overrides(configuration, cache, ledger, now)
    home = next((zone for zone in configuration.zones if is_readable(zone)), None)
    return FreezeFacts(windows, (*periods, *persons), feeds, unreadable, calendar, overrides, home)


def _overrides(
    configuration: Configuration, cache: CacheReader, ledger: LedgerReader, now: datetime
) -> tuple[Override, ...]:
    """Return what managers override; what cannot be known is none, and that the ledger is closed is said elsewhere."""
    found, problem = _decided(
        lambda: ledger.overrides(until_after=now), cache.mirrored_overrides, now, must_exist=must_exist(configuration)
    )
    return found if problem is None else ()


def copy_age(cache: CacheReader, now: datetime) -> timedelta | None:
    """Return how old the cache's copy of what persons froze is, where that is young enough to count; else None."""
    try:
        _, copied_at = cache.mirrored_freeze_periods()
    except StoreError:
        return None
    return None if copied_at is None or abs(now - copied_at) > MIRROR_GOOD_FOR else abs(now - copied_at)


def left_problems(
    url: str, paths: StatePaths, cache: CacheReader, ledger: LedgerReader, now: datetime, *, kept: timedelta
) -> tuple[str, ...]:
    """Return what of former ledgers nobody may take for lifted: of the one here, and of those that services found.

    What one found that was stopped is as little lifted as before: it may only be restarted.

    Args:
        url: of the ledger that counts.
        paths: the state directory.
        cache: what every service says of the one at its place.
        ledger: the one that counts.
        now: an aware instant.
        kept: how long a service is known after it was last heard.
    """
    try:
        seen = see_services(cache.services(), now, place=paths.place)
    except StoreError:
        seen = ()  # there is none yet, or what is wrong with it is said elsewhere
    services = {s.facts.place: s for s in sorted(seen, key=lambda s: s.facts.heartbeat_at)}
    own_service = services.pop(paths.place, None)
    here = None if own_service is None else own_service.facts
    right = right_now(seen, now)
    found = [_left_there(s, right, kept) for s in services.values() if s.facts.left_behind]
    file = former_place(url, paths.directory)
    if file is not None and is_there(file) and (own := _left_here(file, ledger, now, here)):
        found.insert(0, own)
    return tuple(found)


def _left_there(seen: SeenService, now: datetime, kept: timedelta) -> str:
    """Say what a service elsewhere found; of one that does not run, how old that is, and until when it counts."""
    service = seen.facts
    if seen.runs:
        return f"{service.vantage}: {service.left_behind}"
    stopped = service.stopped_at
    heard = (
        f"{'last heard' if stopped is None else 'stopped'} {duration(abs(now - (stopped or service.heartbeat_at)))} ago"
    )
    return (
        f"{service.vantage} ({heard}): {service.left_behind}; if that host is gone for good, a service that runs "
        f"forgets it at {service.heartbeat_at + kept:%Y-%m-%d %H:%M} UTC (`cache.keep_vanished`)"
    )


def _left_here(file: Path, ledger: LedgerReader, now: datetime, service: ServiceFacts | None) -> str | None:
    """Return what is left in a former ledger; where it or the one that counts is closed, what the service says."""
    if os.access(file, os.R_OK, effective_ids=True):
        try:
            return left_behind(file, ledger, now)
        except StoreError:
            pass  # the ledger that counts is closed to this user: the service may read both
    if service is not None:
        # When it was heard is told by the right clock, and that of its machine, which is asked here, may be wrong.
        nows = (now, right_time(now, service.clock_ahead_s))
        if min(abs(each - service.heartbeat_at) for each in nows) <= MIRROR_GOOD_FOR:
            return service.left_behind
    return (
        f"whether persons froze anything in {file} is not known, because this user may not compare it with the "
        "ledger and no service does: start the service, or have the file's owner move it away"
    )


def calendar_facts(
    configuration: Configuration,
    cache: CacheReader,
    ledger: LedgerReader,
    start: datetime,
    end: datetime | None = None,
) -> CalendarFacts:
    """Return the weddings known around the time asked about.

    A cache that is there and cannot be read is no empty one: what persons imported is nowhere else. One that does not
    know what the ledger says was imported has lost it; where the ledger is closed to this user the service says so.
    """
    try:
        calendar = known_calendar(configuration, cache, start, end)
    except StoreError as error:
        return CalendarFacts(problem=str(error))
    try:
        return with_lost(calendar, ledger.imports())
    except StoreError:
        return calendar  # that it cannot be read freezes by itself, unless the service copies it


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
    since = shifted(now if at is None else min(at, now), -RAISES_KEPT)
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
    return tuple(Finding(Severity.WARNING, "freeze", note, now) for note in feed_notes(facts.feeds, now))


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
    """Return the state of every configured feed; one that the cache does not know was never read.

    One that is no longer configured counts as it did until the service forgets it: that may be a mistake.
    """
    sections = configuration.freeze.feeds
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
        feed = known.pop(section.name, Feed(section.name, problem=problem))
        # The scope is the configuration's to say, also for events that were read before it changed.
        feeds.append(_scoped(replace(feed, environments=scope[0], services=scope[1])))
    return (*feeds, *(_scoped(feed) for feed in known.values() if feed.dropped_at is not None))


def _scoped(feed: Feed) -> Feed:
    """Return a feed whose events count where it does."""
    periods = (replace(p, environments=feed.environments, services=feed.services) for p in feed.periods)
    return replace(feed, periods=tuple(periods))
