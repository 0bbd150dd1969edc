"""What plans of freezes rest on, within the service: configuration, cache and ledger as they are at that moment."""

from __future__ import annotations

from datetime import datetime

from wedtui.config import Configuration
from wedtui.core.freeze_plan import FreezePlan, Known, Liftable, Wanted, plan_freeze
from wedtui.core.protection import protection
from wedtui.core.roles import Decision
from wedtui.errors import StoreMissingError
from wedtui.ledger.reader import FreezeEntry, LedgerReader, OverrideEntry
from wedtui.paths import StatePaths


class FreezePlanner:
    """Reads everything anew for each question; may be used by several threads."""

    def __init__(self, configuration: Configuration, paths: StatePaths, ledger_url: str) -> None:
        """Remember where everything is."""
        self._configuration, self._paths, self._ledger_url = configuration, paths, ledger_url

    def plan(self, wanted: Wanted, decision: Decision, now: datetime) -> FreezePlan:
        """Plan without asking for anything.

        Raises:
            StoreError: the ledger cannot be read.
        """
        return plan_freeze(wanted, self.known(now), decision, now)

    def known(self, now: datetime) -> Known:
        """Return what is frozen, what can be lifted and who gets married; raises what `plan` does."""
        from wedtui.cache.reader import CacheReader
        from wedtui.cli.facts import freeze_facts, raise_facts

        configuration = self._configuration
        cache, ledger = CacheReader(self._paths.cache_url(configuration)), LedgerReader(self._ledger_url)
        try:
            facts = freeze_facts(configuration, cache, ledger, now, self._paths)
            raises, _ = raise_facts(configuration, cache, ledger, now)
            entries = _entries(ledger, now)
        finally:
            cache.close()
            ledger.close()
        level = protection(facts.calendar, raises, configuration.zones, now)
        liftable = tuple(
            Liftable(each.id, each.period, each.added_by, each.reason) for each in entries if each.period is not None
        )
        return Known(facts, configuration.environment, level, liftable)

    def entries(self, now: datetime) -> tuple[FreezeEntry, ...]:
        """Return the freezes of persons that are not over.

        Raises:
            StoreError: the ledger cannot be read.
        """
        ledger = LedgerReader(self._ledger_url)
        try:
            return _entries(ledger, now)
        finally:
            ledger.close()

    def overrides(self, now: datetime) -> tuple[OverrideEntry, ...]:
        """Return the overrides that are not over; raises what `entries` does."""
        ledger = LedgerReader(self._ledger_url)
        try:
            return tuple(each for each in ledger.override_entries(until_after=now) if each.end > now)
        except StoreMissingError:
            return ()
        finally:
            ledger.close()


def _entries(ledger: LedgerReader, now: datetime) -> tuple[FreezeEntry, ...]:
    try:
        return tuple(each for each in ledger.freeze_entries() if each.end > now)
    except StoreMissingError:
        return ()  # nobody decided anything yet
