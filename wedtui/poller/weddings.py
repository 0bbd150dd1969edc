"""Readings of the calendar on their way into the cache: piece by piece, in the one thread that writes.

Between two pieces everything else is written: a million weddings take many seconds, a heartbeat waits for none of
them. Who was forgotten is the ledger's to say; while it cannot be read no reading is taken.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import structlog

from wedtui.cache.wedding_import import Outcome, Reading, WeddingImport
from wedtui.cache.wedding_stage import Stage
from wedtui.cache.writer import CacheWriter
from wedtui.config import Configuration
from wedtui.core.calendar_rise import Rise
from wedtui.core.erasure import NOTHING_FORGOTTEN, Forgotten
from wedtui.core.observation import Claim, Observation, WeddingsObservation
from wedtui.errors import StoreError, StoreMissingError
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.reader import LedgerReader

log = structlog.get_logger(__name__)

_DONE = object()


@dataclass(frozen=True, slots=True)
class Rules:
    """What taking a reading goes by."""

    ledger_url: str
    ledger_must_exist: bool
    """Whether one that is missing is a disk that is not mounted, rather than that nobody decided anything yet."""
    reject_at_most: int
    """Percent."""


def rules_of(configuration: Configuration, ledger_url: str) -> Rules:
    """Return the rules of a configuration."""
    elsewhere = configuration.service.mode == "shared" or configuration.ledger.url is not None
    return Rules(ledger_url, elsewhere, configuration.weddings.reject_at_most)


class Importer:
    """Takes readings at once and stores them one after the other; of one source only the newest waits."""

    def __init__(
        self,
        cache: CacheWriter,
        rules: Rules,
        in_thread: Callable[[Callable[[], object]], Awaitable[Any]],
    ) -> None:
        """Remember with what it is done.

        Args:
            cache: takes the weddings.
            rules: by which.
            in_thread: runs something in the thread that writes.
        """
        self._cache = cache
        self._rules = rules
        self._in_thread = in_thread
        self._waiting: dict[str, tuple[WeddingsObservation, Claim | None]] = {}
        self._arrived = asyncio.Event()
        self.problem: str | None = None
        """Why storing fails at present."""

    def take(self, observation: WeddingsObservation, claim: Claim | None) -> None:
        """Accept a reading; never blocks."""
        before = self._waiting.pop(observation.source, None)
        if before is not None:
            let_go(before[0])
        self._waiting[observation.source] = (observation, claim)
        self._arrived.set()

    async def run(self) -> None:
        """Store what arrives, until cancelled; what is cut off then is read again by whoever comes next."""
        try:
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                while self._waiting:
                    source = next(iter(self._waiting))
                    await self._store(*self._waiting.pop(source))
        finally:
            for observation, _ in self._waiting.values():
                let_go(observation)

    async def _store(self, observation: WeddingsObservation, claim: Claim | None) -> None:
        work = Taking(self._cache, self._rules, observation, claim)
        try:
            await asyncio.to_thread(work.prepare)
            pieces = work.pieces()
            while await self._piece(lambda: next(pieces, _DONE)) is not _DONE:
                pass
            await self._piece(work.settle)
            self.problem = None
        except (StoreError, sqlite3.Error) as error:
            self.problem = f"the wedding source {observation.source} could not be stored: {_words(error)}"
            log.error("weddings not stored", source=observation.source, problem=self.problem)
        finally:
            let_go(observation)
        log.info(
            "weddings read",
            source=observation.source,
            outcome=str(work.outcome),
            written=work.written,
            deleted=work.deleted,
        )

    async def _piece(self, work: Callable[[], object]) -> object:
        """Run a piece; once begun it is seen to its end, also when cancelled: it uses what is closed afterwards."""
        piece = asyncio.ensure_future(self._in_thread(work))
        try:
            return await asyncio.shield(piece)
        except asyncio.CancelledError:
            await asyncio.wait([piece])
            raise


class Taking:
    """One reading: what it takes to get it into the cache, whoever runs it."""

    def __init__(self, cache: CacheWriter, rules: Rules, seen: WeddingsObservation, claim: Claim | None = None) -> None:
        self._cache = cache
        self._rules = rules
        self._seen = seen
        self._claim = claim
        self._forgotten = NOTHING_FORGOTTEN
        self._import: WeddingImport | None = None

    @property
    def outcome(self) -> Outcome | None:
        """What became of it; None where it could not be read, or stored."""
        return self._import.outcome if self._import is not None else None

    @property
    def problem(self) -> str | None:
        """Why it could not even be begun."""
        return self._seen.problem

    @property
    def written(self) -> int:
        """Rows that were new or changed."""
        return self._import.written if self._import is not None else 0

    @property
    def deleted(self) -> int:
        """Rows that were gone."""
        return self._import.deleted if self._import is not None else 0

    @property
    def rise(self) -> Rise | None:
        """The level that the calendar would ask for with a reading that was not taken, and does not without it."""
        return self._import.rise if self._import is not None else None

    def prepare(self) -> None:
        """Put aliases in the places of what was forgotten. Not for the thread that writes: it may take seconds.

        Raises:
            sqlite3.Error: there is no room.
        """
        if self._seen.problem is not None:
            return
        try:
            self._forgotten = _forgotten(self._rules)
        except StoreError as error:
            # Taken as it is, the reading would name again who was forgotten.
            self._seen = replace(self._seen, problem=f"which weddings were forgotten cannot be known: {error}")
            return
        if self._stage is not None:
            self._stage.anonymise(self._forgotten)

    def pieces(self) -> Iterator[None]:
        """Do it, a bounded piece at a time, in the thread that writes.

        Raises:
            StoreError: a piece could not be stored; those before it are.
        """
        seen = self._seen
        if seen.problem is not None:
            said = (seen.source, seen.at, seen.problem)
            self._cache.weddings.note_failure(*said, self._claim, address=seen.address)
            seen.told(False)
            return
        where = (seen.began_at, seen.mark)
        reading = Reading(seen.source, seen.at, *where, self._rules.reject_at_most, seen.address)
        self._import = self._cache.weddings.importing(reading, self._stage, self._claim)
        try:
            yield from self._import.pieces()
        finally:
            seen.told(self.outcome is Outcome.TAKEN)

    @property
    def _stage(self) -> Stage | None:
        rows = self._seen.rows
        assert rows is None or isinstance(rows, Stage)
        return rows

    def settle(self) -> None:
        """Let the ledger know which forgotten weddings no source names any more.

        Raises:
            StoreError: one of both stores cannot be used.
        """
        aliases = set(self._forgotten.aliases.values())
        if self.outcome is not Outcome.TAKEN or not aliases or self._seen.began_at is not None:
            return
        ledger = Ledger(self._rules.ledger_url)
        try:
            ledger.settle_forgotten(self._cache.weddings.still_named(aliases), self._seen.at)
        finally:
            ledger.close()


def let_go(observation: WeddingsObservation) -> None:
    """Close the rows of a reading."""
    if observation.rows is not None:
        observation.rows.close()


def store_weddings(cache: CacheWriter, rules: Rules, observations: Iterable[Observation]) -> None:
    """Store the readings of the calendar among what was observed, at once, by a person's right.

    Raises:
        StoreError: one could not be stored.
    """
    readings = [each for each in observations if isinstance(each, WeddingsObservation)]
    try:
        for reading in readings:
            store_now(Taking(cache, rules, reading))
    finally:
        for reading in readings:
            let_go(reading)


def store_now(work: Taking) -> None:
    """Do all of it, here.

    Raises:
        StoreError: it could not be stored.
    """
    work.prepare()
    for _ in work.pieces():
        pass
    work.settle()


def _forgotten(rules: Rules) -> Forgotten:
    reader = LedgerReader(rules.ledger_url)
    try:
        return reader.forgotten_weddings()
    except StoreMissingError:
        if rules.ledger_must_exist:
            raise
        return NOTHING_FORGOTTEN
    finally:
        reader.close()


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, StoreError) else f"{error}; make room for temporary files"
