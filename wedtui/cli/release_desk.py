"""What is known of releases within the service: the queue, what each waits for, and how each kind is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from wedtui.actions.releases import placing_of
from wedtui.cache.reader import CacheReader
from wedtui.cli.facts import freeze_facts
from wedtui.config import Configuration
from wedtui.config_deployments import TemplateSection
from wedtui.control.release_answers import LogIs
from wedtui.core.deployments import queue
from wedtui.core.deployments.release import Migration, Release
from wedtui.core.deployments.stored_freeze import STORED_FOR
from wedtui.core.deployments.submission import Template
from wedtui.core.freeze import FreezeFacts
from wedtui.core.wording import listed
from wedtui.errors import ConfigurationError
from wedtui.ledger.reader import LedgerReader
from wedtui.ledger.release_reader import Line, ReleaseReader, Told
from wedtui.paths import StatePaths
from wedtui.providers.deploy.base import Try
from wedtui.providers.deploy.command import Folders


class Queue(NamedTuple):
    """The queue as it stands, by what freezes as it is known."""

    at: datetime
    """By the clock by which the database judges."""
    waiting: tuple[queue.Standing, ...]
    under_way: tuple[Release, ...]


class ReleaseDesk:
    """Reads everything anew for each question; may be used by several threads."""

    def __init__(self, configuration: Configuration, paths: StatePaths, cache_url: str, ledger_url: str) -> None:
        """Remember where everything is."""
        self._configuration, self._paths = configuration, paths
        self._cache_url, self._ledger_url = cache_url, ledger_url

    def template(self, service: str, environment: str, name: str | None = None) -> Template:
        """Return how a release is to be done.

        Args:
            service: of which service.
            environment: where.
            name: of the template; without it the first that is for both.

        Raises:
            ConfigurationError: there is none.
        """
        found = self._sections(service, environment)
        if name is not None:
            found = [each for each in found if each.name == name]
        if not found:
            which = "" if name is None else f' "{name}"'
            there = (
                listed(tuple(each.name for each in self._configuration.deployments.templates)) or "none is configured"
            )
            raise ConfigurationError(
                f"expected a template{which} for {service} in {environment} ([[deployments.templates]]: {there})"
            )
        return template_of(found[0])

    def line(self, now: datetime) -> Queue:
        """Return the queue; raises a StoreError where it cannot be read.

        Args:
            now: the time of day, by which what freezes is read.
        """
        with self._reader() as reader:
            line = reader.line()
        return self._standing(line, now)

    def one(self, number: int) -> Told:
        """Return a release and what became of it; raises NotFoundError, and a StoreError where it cannot be read."""
        with self._reader() as reader:
            return reader.one(number)

    def over(self, since: datetime) -> tuple[Release, ...]:
        """Return those that ended since an instant, the newest first; raises a StoreError."""
        with self._reader() as reader:
            return reader.over(since=since)

    def log(self, number: int) -> LogIs:
        """Return what was printed while a release was put in place; raises what `one` does."""
        release = self.one(number).release
        asked = LogIs(number, release.state.value, False, "", "", "")
        if release.action is None:
            return replace(asked, sentence="it has not started: nothing was printed")
        with closing(LedgerReader(self._ledger_url)) as ledger:
            placing = placing_of(ledger.action(release.action))
        folders = Folders(self._paths.directory / "releases")
        there, back = (folders.output(placing._replace(tries=each)) for each in Try)
        if there is None and back is None:
            return replace(asked, sentence="nothing of it is kept here: it was put in place elsewhere, or not begun")
        said = f"kept in {self._paths.place}"
        return replace(asked, known=True, sentence=said, output=there or "", rollback=back or "")

    def would(self, release: Release, now: datetime) -> queue.Standing:
        """Return how a release would stand that is not in the queue, were it all that it rests on done; StoreError."""
        with self._reader() as reader:
            line = reader.line()
        asked = line._replace(open=(*line.open, release))
        found = self._standing(asked, now).waiting
        return next(each for each in found if each.release is release)

    def freeze(self, now: datetime) -> FreezeFacts:
        """Return all that can freeze, as far ahead as that is stored."""
        ledger, cache = LedgerReader(self._ledger_url), CacheReader(self._cache_url)
        with closing(ledger), closing(cache):
            ahead = now, now + STORED_FOR + timedelta(days=1)
            return freeze_facts(self._configuration, cache, ledger, now, self._paths, over=ahead)

    def _standing(self, line: Line, now: datetime) -> Queue:
        facts = line.facts(self.freeze(now), self._configuration.deployments.at_once)
        waiting = queue.standings(facts, now)
        before = {each.release.id for each in waiting}
        return Queue(now, waiting, tuple(each for each in line.open if each.id not in before))

    def _sections(self, service: str, environment: str) -> list[TemplateSection]:
        return [
            each
            for each in self._configuration.deployments.templates
            if (not each.services or service in each.services)
            and (not each.environments or environment in each.environments)
        ]

    @contextmanager
    def _reader(self) -> Iterator[ReleaseReader]:
        with closing(ReleaseReader(self._ledger_url)) as reader:
            yield reader


def template_of(section: TemplateSection) -> Template:
    """Return what a release takes from how its kind is done."""
    migration = section.migration
    return Template(
        section.name,
        section.within,
        section.soak,
        section.checks,
        section.approvals,
        section.apart,
        None if migration is None else Migration(migration.name, migration.undo or ""),
    )
