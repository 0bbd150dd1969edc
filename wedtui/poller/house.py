"""Keeping house: what has to be done once for all services, beside asking."""

from __future__ import annotations

from datetime import datetime

import structlog

from wedtui.cache.kind import CACHE
from wedtui.cache.reader import CacheReader
from wedtui.cache.wedding_writer import PRUNED_AT_ONCE
from wedtui.cache.writer import CacheWriter
from wedtui.clock import Clock
from wedtui.config import CacheSection
from wedtui.core.health import judge
from wedtui.core.observation import Claim
from wedtui.core.protection import RAISES_KEPT, ProtectionVerdict
from wedtui.core.rollup import STEP_NAMES
from wedtui.ledger.former import is_there, left_behind
from wedtui.ledger.reader import LedgerReader
from wedtui.poller.clock_watch import ClockWatch
from wedtui.poller.figures import Figures
from wedtui.poller.surroundings import Stores
from wedtui.store.opening import file_of

log = structlog.get_logger(__name__)

PRUNE_CHUNK = 5_000
DAMAGED = "the quantiles of some roll-ups cannot be read: the cache's file is damaged, look at its disk"


class House:
    """Everything here runs in the one thread that writes, and raises a StoreError where it cannot."""

    def __init__(
        self, cache: CacheWriter, stores: Stores, clock: Clock, clock_watch: ClockWatch, figures: Figures
    ) -> None:
        """Remember with what it is done.

        Args:
            cache: what is kept.
            stores: cache and ledger, to read from, and a former ledger.
            clock: the time of day of this machine, and so of a file; on a server that of the server counts.
            clock_watch: of a file, by a clock that jumped nothing is rolled up and nothing deleted.
            figures: told what was deleted.
        """
        self._cache = cache
        self._stores = stores
        self._clock = clock
        self._clock_watch = clock_watch
        self._figures = figures
        self._on_server = file_of(stores.cache_url, CACHE) is None
        self.problem: str | None = None
        """What was found to be damaged, in a sentence."""
        former = stores.former_ledger
        self.left_behind = None if former is None or not is_there(former) else f"{former} was not looked into yet"
        """What of a former ledger nobody may take for lifted, in a sentence."""

    def _now(self) -> datetime:
        """Return the instant that holds for all who share the cache, whatever this machine's clock says."""
        return self._cache.database_now() if self._on_server else self._clock.now()

    def _jumped(self) -> bool:
        """Whether the clock that counts is known to have jumped."""
        return self._clock_watch.jumped and not self._on_server

    def record_scores(self, claim: Claim, *, wedding_day: bool) -> None:
        """Keep the scores as a series, so that a chart can show when a provider fell ill."""
        now = self._now()
        reader = CacheReader(self._stores.cache_url)
        try:
            facts = reader.facts(now)
        finally:
            reader.close()
        scores = {p.name: judge(p, now, wedding_day=wedding_day).said for p in facts.providers}
        self._cache.record_scores(now, {name: score for name, score in scores.items() if score is not None}, claim)

    def mirror(self, claim: Claim) -> None:
        """Copy what persons froze, raised and imported out of the ledger, for readers who may not read it."""
        now = self._now()
        reader = LedgerReader(self._stores.ledger_url)
        try:
            raises = reader.raises(until_after=now - RAISES_KEPT)
            overrides = reader.overrides(until_after=now)
            self._cache.mirror_decisions(reader.freeze_periods(), raises, now, claim, overrides=overrides)
            imported = reader.imports()
            if imported:
                self._cache.weddings.expect_imported(imported, claim)
        finally:
            reader.close()

    def note_level(self, claim: Claim, verdict: ProtectionVerdict) -> None:
        """Record the protection level where it is another than when it was last recorded.

        Args:
            claim: the right to keep house.
            verdict: what holds now.
        """
        self._cache.note_level(verdict.level.value, verdict.reason, verdict.since, self._now(), claim)

    def look_back(self) -> None:
        """Look into the former ledger of this place, which persons who watch may not read."""
        former = self._stores.former_ledger
        if former is None or not is_there(former):
            self.left_behind = None
            return
        now = self._now()
        reader = LedgerReader(self._stores.ledger_url)
        try:
            self.left_behind = left_behind(former, reader, now)
        finally:
            reader.close()

    def roll(self, claim: Claim) -> bool:
        """Roll up a piece of the history; return whether there is more. Twice comes to the same as once."""
        if self._jumped():
            # By a clock that jumped ahead everything is complete, and all that comes is late.
            return False
        rolled = self._cache.roll(self._now(), claim)
        if rolled.damaged:
            log.error("damaged roll-ups", buckets=rolled.damaged)
            self.problem = DAMAGED
        return rolled.more

    def prune(self, section: CacheSection, claim: Claim) -> bool:
        """Delete a piece of what is older than it is kept; return whether there is more.

        Twice comes to the same as once.
        """
        if self._jumped():
            # By a clock that jumped ahead all history is old; it waits for a restart by a clock that is right.
            return False
        # What is deleted is gone: it is old by both clocks, because that of a server may be the wrong one.
        now = min(self._now(), self._clock.now())
        before = {step: now - section.keep_rollups[name] for step, name in STEP_NAMES.items()}
        pieces = (
            self._cache.prune(now - section.keep_samples, PRUNE_CHUNK, claim),
            self._cache.prune_rollups(before, PRUNE_CHUNK, claim),
            self._cache.prune_inventory(now - section.keep_vanished, PRUNE_CHUNK, claim),
        )
        deleted = self._cache.forget_dropped(claim) + self._cache.prune_changes(now, claim)
        weddings = self._cache.weddings.prune()
        deleted += sum(piece.rows for piece in pieces) + weddings
        deleted += self._cache.forget_services(now - section.keep_vanished, claim)
        self._figures.pruned(deleted)
        if deleted:
            log.debug("pruned", rows=deleted)
        return weddings >= PRUNED_AT_ONCE or any(piece.more for piece in pieces)
