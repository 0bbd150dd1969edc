"""Paging for who acts: what is said goes into the ledger's outbox, from which the service tells the channels."""

from __future__ import annotations

import threading
from contextlib import closing

from wedtui.config import Configuration
from wedtui.ledger.outbox import Outbox
from wedtui.notify import paging_configured


class LedgerPager:
    """Pages by the outbox. May be used by any thread, one at a time; it waits for the ledger."""

    def __init__(self, configuration: Configuration, ledger_url: str) -> None:
        """Remember where the outbox is; nothing is opened yet."""
        self._configuration, self._url = configuration, ledger_url
        self._turn = threading.Lock()

    def configured(self) -> bool:
        """Return whether anybody would be called."""
        return paging_configured(self._configuration)

    def page(self, key: str, severity: str, sentence: str) -> None:
        """Call them: the same key is the same episode, until that is over.

        Raises:
            StoreError: the ledger cannot be used; nobody is called.
        """
        with self._turn, closing(Outbox(self._url)) as outbox:
            outbox.page(key, severity, sentence, {})

    def over(self, key: str, sentence: str) -> None:
        """Tell whoever was called that it is over; nobody where nobody was.

        Raises:
            StoreError: the ledger cannot be used; nobody is told.
        """
        with self._turn, closing(Outbox(self._url)) as outbox:
            outbox.over(key, sentence)
