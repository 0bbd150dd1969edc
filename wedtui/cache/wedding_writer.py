"""Everything that writes the calendar of weddings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import Connection

from wedtui.cache.wedding_import import Reading, Transaction, WeddingImport
from wedtui.cache.wedding_sources import (
    Erased,
    accept_source,
    drop_imported,
    drop_source,
    drop_unread_import,
    ensure_configured,
    ensure_imported,
    expect_imported,
    forget_wedding,
    note_failure,
    prune_weddings,
    still_named,
)
from wedtui.cache.wedding_stage import Stage
from wedtui.config_weddings import WeddingSourceSection
from wedtui.core.calendar import ImportedByHand
from wedtui.core.observation import Claim
from wedtui.core.wedding_loss import Lost

PRUNED_AT_ONCE = 5_000


class WeddingWriter:
    """Writes weddings by the hands of the cache's writer; every method raises a StoreError when it cannot."""

    def __init__(
        self,
        writing: Transaction,
        asking: Transaction,
        holds: Callable[[Connection, Claim | None], bool],
    ) -> None:
        """Remember how to write.

        Args:
            writing: begins a transaction in which nobody else writes.
            asking: begins one that only reads.
            holds: whether a right is still ours.
        """
        self._writing = writing
        self._asking = asking
        self._holds = holds

    def importing(self, reading: Reading, stage: Stage | None, claim: Claim | None = None) -> WeddingImport:
        """Prepare to take a reading; its pieces are then run one after the other.

        Args:
            reading: what is known of it.
            stage: its rows; None: nothing changed at the source.
            claim: by which right it was read; None: by a person's.
        """
        return WeddingImport(
            self._writing, self._asking, lambda connection: self._holds(connection, claim), reading, stage
        )

    def note_failure(
        self, source: str, at: datetime, problem: str, claim: Claim | None = None, *, address: str = ""
    ) -> bool:
        """Say why a source could not be read; return whether there is such a source, and it is ours, and there.

        Args:
            source: its name.
            at: when.
            problem: why.
            claim: by which right it was read; None: by a person's.
            address: where; empty: wherever it is configured to be.
        """
        with self._writing() as connection:
            return self._holds(connection, claim) and note_failure(connection, source, at, problem, address)

    def ensure_imported(self, kind: str) -> None:
        """Have a source for what persons import without naming one."""
        with self._writing() as connection:
            ensure_imported(connection, kind)

    def expect_imported(self, imported: Iterable[ImportedByHand], claim: Claim | None = None) -> None:
        """Have a source that was never read for what persons imported and this cache does not know."""
        with self._writing() as connection:
            if self._holds(connection, claim):
                expect_imported(connection, imported)

    def ensure_configured(self, sections: tuple[WeddingSourceSection, ...]) -> None:
        """Have a source for each section; what the cache knows of one already stays as it is."""
        with self._writing() as connection:
            ensure_configured(connection, sections)

    def drop_imported(self, record: Callable[[int], None]) -> None:
        """Forget that persons imported anything, and delete it.

        Args:
            record: puts on record how many rows go; nothing is done where that fails.

        Raises:
            NotFoundError: nobody did.
        """
        with self._writing() as connection:
            record(drop_imported(connection))
        self._prune_all()

    def drop(self, source: str, record: Callable[[int], None]) -> None:
        """Forget a source that is no longer configured now, and not only when it was kept for its time.

        Args:
            source: its name.
            record: puts on record how many rows go; nothing is done where that fails.

        Raises:
            NotFoundError: there is no such source.
            ConflictError: it is configured.
        """
        with self._writing() as connection:
            record(drop_source(connection, source))
        self._prune_all()

    def _prune_all(self) -> None:
        while self.prune() == PRUNED_AT_ONCE:
            pass

    def drop_unread_import(self) -> None:
        """Leave no source behind of a first import that was not taken: nothing was known before, so nothing is now."""
        with self._writing() as connection:
            drop_unread_import(connection)
        self._prune_all()

    def accept(self, source: str, record: Callable[[Lost | None], None]) -> None:
        """Take a reading of a source that loses no more than the one that was questioned: a person has looked at that.

        Args:
            source: its name.
            record: puts on record what that lost (None: it is not known); nothing is done where that fails.

        Raises:
            NotFoundError: there is no such source.
            ConflictError: nothing is questioned.
        """
        with self._writing() as connection:
            record(accept_source(connection, source))

    def forget(self, reference: str, alias: str) -> Erased:
        """Put an alias in the place of a reference, and erase where it is; the log beside the file still has it."""
        with self._writing() as connection:
            return forget_wedding(connection, reference, alias)

    def still_named(self, aliases: Iterable[str]) -> set[str]:
        """Return those of some aliases that a source still names."""
        with self._writing() as connection:
            return still_named(connection, list(aliases))

    def prune(self, limit: int = PRUNED_AT_ONCE) -> int:
        """Delete weddings of sources that are gone, at most `limit` of each; return how many."""
        with self._writing() as connection:
            return prune_weddings(connection, limit)
