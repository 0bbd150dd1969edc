"""What is known here of rules, alerts and channels: for commands, and for the service that is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wedtui.errors import StoreError

if TYPE_CHECKING:
    from wedtui.config_file import Loaded
    from wedtui.core.alerts.rule import RuleBook
    from wedtui.core.alerts.standing import AlertsNow


class AlertDesk:
    """Reads each when it is asked; every method may be called by any thread."""

    def __init__(self, loaded: Loaded, cache_url: str, ledger_url: str) -> None:
        """Remember where everything is.

        Args:
            loaded: the configuration.
            cache_url: where it is said how it stands with alerts.
            ledger_url: where the last files of rules are that could be used.
        """
        self._loaded = loaded
        self._cache_url, self._ledger_url = cache_url, ledger_url

    def book(self) -> RuleBook:
        """Return the rules and sources that count; where the files cannot be used, the rules that could be last."""
        from wedtui.core.alerts.outside import with_sources
        from wedtui.poller.alert_rules import CountingRules
        from wedtui.poller.told_elsewhere import sources_of

        # At one instant: files that are gone have not been so for long, and those that are judged by are kept.
        book = CountingRules(self._loaded.path).look(self._kept(), 0.0).book
        return with_sources(book, sources_of(self._loaded.configuration))

    def _kept(self) -> tuple[tuple[str, str], ...]:
        from wedtui.ledger.alert_history import AlertHistory

        history = AlertHistory(self._ledger_url)
        try:
            return history.files()
        except StoreError:
            return ()
        finally:
            history.close()

    def alerts(self) -> AlertsNow | None:
        """Return how it stands with alerts; None where that is not known."""
        from wedtui.cache.reader import CacheReader

        reader = CacheReader(self._cache_url)
        try:
            return reader.alerts()
        except StoreError:
            return None
        finally:
            reader.close()

    def channels(self) -> tuple[str, ...]:
        """Return the channels by which people are told."""
        return tuple(self._loaded.configuration.notify)
