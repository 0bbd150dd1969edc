"""Where pictures come from: configuration, cache and ledger, read together and judged in `core`."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from wedtui.cache.reader import CacheReader
from wedtui.cli.facts import freeze_facts, freeze_findings, raise_facts
from wedtui.cli.oncall_reading import OnCallReading
from wedtui.cli.timeline import timeline
from wedtui.config import Configuration
from wedtui.config_file import Loaded, load
from wedtui.core.alerts.silences import Silence, silence_notes
from wedtui.core.calendar import CalendarFacts
from wedtui.core.calendar_query import Conflicts, ListedWedding, LiveBreakdown, SourceDetails, WeddingPage, WeddingQuery
from wedtui.core.changes import ChangeQuery, Timeline
from wedtui.core.freeze import FreezeFacts, Scope, verdict
from wedtui.core.inventory import ResourcePage, ResourceQuery
from wedtui.core.picture import (
    CacheFacts,
    Finding,
    Picture,
    ServiceCondition,
    Severity,
    assemble,
    see_services,
)
from wedtui.core.protection import Raise, protection
from wedtui.core.series import Series
from wedtui.core.unsent import Unsent, unsent_findings
from wedtui.errors import ConfigurationError, ServiceError, StoreError, StoreMissingError
from wedtui.ledger.reader import LedgerReader
from wedtui.paths import StatePaths
from wedtui.poller.lock import holder

FREEZE_READ_EVERY = timedelta(seconds=10)


class PictureSource:
    """Reads pictures, and goes on with what it knows where something can no longer be read."""

    def __init__(
        self,
        loaded: Loaded,
        config_path: Path | None,
        paths: StatePaths,
        changed: Callable[[Configuration], str | None] | None = None,
        ledger: LedgerReader | None = None,
    ) -> None:
        """Remember where everything is; files are opened when they are first read.

        Args:
            loaded: the configuration as it is now.
            config_path: what the command line named, for reading it again when it changes.
            paths: the state directory.
            changed: told of every configuration that was read again; it returns what it cannot use of it.
            ledger: what persons decided, where it is not read as configured.

        Raises:
            ConfigurationError: a store's URL is not supported.
        """
        self._told = changed
        self._unused: str | None = None
        self._loaded = loaded
        self._config_path = config_path
        self._paths = paths
        self._cache = CacheReader(paths.cache_url(loaded.configuration))
        self._ledger = LedgerReader(paths.ledger_url(loaded.configuration)) if ledger is None else ledger
        self._stamp = _stamp(loaded.path)
        self._facts = CacheFacts()
        self._freeze = FreezeFacts()
        self._oncall = OnCallReading()
        self._raises: tuple[Raise, ...] = ()
        self._raise_problems: tuple[Finding, ...] = ()
        self._silences: tuple[Silence, ...] = ()
        self._unsent = Unsent()
        self._freeze_read_at: datetime | None = None
        self._configuration_problem: str | None = None
        self._cache_problem: Finding | None = None
        self._cache_missing = False
        self.problems: tuple[Finding, ...] = ()
        """What whoever made this source has to say (a service that could not be started)."""

    def changed(self) -> bool:
        """Say whether cache, ledger or configuration changed since the last call."""
        # All three are asked: each remembers by itself what it said last.
        return any([self._cache.changed(), self._ledger.changed(), _stamp(self._loaded.path) != self._stamp])

    def picture(self, now: datetime) -> Picture:
        """Read everything again and judge it at `now`; what cannot be read is a finding, and its last state stays."""
        if _stamp(self._loaded.path) != self._stamp:
            self._reload()
        try:
            self._facts = self._cache.facts(now)
            self._cache_problem = None
        except StoreError as error:
            self._cache_missing = isinstance(error, StoreMissingError)
            self._cache_problem = Finding(Severity.CRITICAL, "cache", str(error), now)
        self._read_freeze(now)
        return self._judge(now)

    def rejudge(self, last: Picture, now: datetime) -> Picture:
        """Judge the facts of the last picture at a later instant."""
        if self._freeze_read_at is None or abs(now - self._freeze_read_at) > FREEZE_READ_EVERY:
            # A copy of what persons froze grows too old without anything being written.
            self._read_freeze(now)
        return self._judge(now)

    def series(self, provider: str, signal: str, since: datetime, until: datetime) -> Series:
        """Return the history of one signal.

        Raises:
            StoreError: the cache cannot be read.
        """
        return self._cache.series(provider, signal, since, until)

    def by_minute(self, provider: str, signal: str, since: datetime, until: datetime) -> dict[int, float]:
        """Return the average of one signal in each minute that has a value, by the minute's number since 1970.

        Raises:
            StoreError: the cache cannot be read.
        """
        return self._cache.by_minute(provider, signal, since, until)

    def resources(self, query: ResourceQuery, now: datetime) -> ResourcePage:
        """Return one page of the resources that a question asks for.

        Raises:
            StoreError: the cache cannot be read.
        """
        return self._cache.resources(query, now)

    def weddings(self, query: WeddingQuery) -> WeddingPage:
        """Return one page of the weddings that a question asks for.

        Raises:
            StoreError: the cache cannot be read.
        """
        return self._cache.weddings(query)

    def wedding(self, reference: str) -> tuple[ListedWedding, ...]:
        """Return every row of a reference.

        Raises:
            StoreError: the cache cannot be read.
        """
        return self._cache.wedding(reference)

    def live(self, now: datetime) -> LiveBreakdown:
        """Return who is live at an aware instant.

        Raises:
            StoreError: the cache cannot be read.
        """
        return self._cache.live(now)

    def wedding_sources(self) -> tuple[SourceDetails, ...]:
        """Return every source of weddings.

        Raises:
            StoreError: the cache cannot be read.
        """
        return self._cache.wedding_sources()

    def wedding_conflicts(self, now: datetime) -> dict[str, Conflicts]:
        """Return source -> what is live or begins soon at times that overlap and differ.

        Raises:
            StoreError: the cache cannot be read.
        """
        return self._cache.near_conflicts(now)

    def changes(self, query: ChangeQuery, now: datetime) -> Timeline:
        """Return what changed, and of what of it nothing is known; what cannot be read is a gap."""
        return timeline(self._loaded.configuration, self._cache, self._ledger, query, now)

    def close(self) -> None:
        """Let go of every file."""
        self._cache.close()
        self._ledger.close()

    def _reload(self) -> None:
        self._stamp = _stamp(self._loaded.path)
        try:
            self._loaded = load(self._config_path, os.environ)
            self._configuration_problem = None
            self._unused = self._told(self._loaded.configuration) if self._told else None
        except ConfigurationError as error:
            self._configuration_problem = str(error).splitlines()[0]

    def _read_freeze(self, now: datetime) -> None:
        configuration, known = self._loaded.configuration, self._freeze.calendar
        self._freeze = freeze_facts(configuration, self._cache, self._ledger, now, self._paths)
        if _is_read(known) and (problem := self._unread_calendar()) is not None:
            # The last calendar that was known counts on, and ages; what came since then nobody can tell.
            self._freeze = replace(self._freeze, calendar=replace(known, problem=problem))
        raises, self._raise_problems = raise_facts(configuration, self._cache, self._ledger, now)
        # What was raised stays so while nobody can say that it was lowered; it ends by itself.
        self._raises = raises if raises or not self._raise_problems else self._raises
        # Who may not read the ledger sees of each alert what hides it: that is copied with it.
        with suppress(StoreError):
            self._silences = self._ledger.silences(until_after=now)
            self._unsent = self._ledger.unsent()
        self._freeze_read_at = now

    def _unread_calendar(self) -> str | None:
        """Return why the calendar could not be read; a cache that is missing is by itself one without a source."""
        calendar = self._freeze.calendar
        if calendar.problem is not None or _is_read(calendar):
            return calendar.problem
        try:
            self._cache.wedding_sources()
        except StoreError as error:
            return str(error)
        return None

    def _process(self, now: datetime) -> int | None:
        """Return the process of a service of this place that seems dead but is not."""
        place = self._paths.place
        seen = see_services(self._facts.services, now, place=place)
        if not any(s.condition is ServiceCondition.DEAD and s.facts.place in {place, ""} for s in seen):
            return None
        try:
            return holder(self._paths.lock)
        except ServiceError:
            return None

    def _judge(self, now: datetime) -> Picture:
        configuration = self._loaded.configuration
        facts = self._freeze
        if self._configuration_problem is not None:
            # What it says now may freeze what the old one left open.
            unreadable = f"the configuration cannot be used: {self._configuration_problem}"
            facts = replace(facts, unreadable=(*facts.unreadable, unreadable))
        oncall, holes = self._oncall.now(self._loaded, now)
        picture = assemble(
            self._facts,
            verdict(facts, now, Scope(configuration.environment)),
            protection(facts.calendar, self._raises, configuration.zones, now),
            environment=configuration.environment,
            now=now,
            calendar=facts.calendar,
            problems=(*self._own_findings(now), *holes, *self.problems),
            process=self._process(now),
            place=self._paths.place,
            unread=self._cache_problem is not None and not self._cache_missing,
        )
        reading = self._oncall
        return replace(picture, oncall=oncall, oncall_at=reading.good_at, oncall_problem=reading.problem)

    def _own_findings(self, now: datetime) -> list[Finding]:
        found = [self._cache_problem] if self._cache_problem else []
        found += [*freeze_findings(self._freeze, now), *self._raise_problems, *silence_notes(self._silences, now)]
        if self._unused is not None:
            found.append(Finding(Severity.WARNING, "dashboard", self._unused, now))
        services = see_services(self._facts.services, now, process=self._process(now), place=self._paths.place)
        if self._cache_problem is None or self._cache_missing:
            found += unsent_findings(self._unsent, services)
        running = [seen.facts for seen in services if seen.runs]
        other = [service for service in running if service.configuration_digest != self._loaded.digest]
        # Where services differ among themselves that is said of them.
        if other and len(other) == len(running):
            service = other[0]
            how = "systemctl restart wedtui" if service.mode == "shared" else "wedtui service restart"
            text = f"the service runs with another configuration than this: restart it with `{how}`"
            found.append(Finding(Severity.WARNING, "service", text, service.heartbeat_at))
        return found


def _is_read(calendar: CalendarFacts) -> bool:
    return any(source.read_at is not None for source in calendar.sources)


def _stamp(path: Path | None) -> tuple[int, int, int] | None:
    """Return what changes when a file does; None while there is none."""
    if path is None:
        return None
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
