"""The copy of actions in the cache, brought up to date at every move: what stands there outlives the service.

Whoever makes a move goes on once it is copied, so that a service that is killed then leaves no older one there; but for
a moment at most, and where copies fail not at all: an action never depends on the cache.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Protocol

import structlog

from wedtui.actions.traffic import written
from wedtui.cache.action_copy import ActionCopy
from wedtui.clock import Clock
from wedtui.core.actions import Action
from wedtui.core.traffic_facts import Written
from wedtui.errors import StoreError, WedtuiError
from wedtui.ledger.reader import LedgerReader

ANYWAY_S = 5.0
"""Moves of another service, and a cache that was made anew, are copied within this time."""
WAITS = timedelta(seconds=2)
MOVE_WAITS_S = 0.25
"""How long a move waits for its copy at most; one takes some milliseconds."""

log = structlog.get_logger(__name__)


class Actions(Protocol):
    """Who knows them."""

    def actions(self, *, open_only: bool, newest: bool) -> tuple[Action, ...]:
        """Return those that are open, and the newest confirmed one; raises a WedtuiError where they are not known."""
        ...


class Copying:
    """Copies what is under way. `moved` may be called by any thread."""

    def __init__(self, cache_url: str, ledger_url: str, clock: Clock) -> None:
        """Remember where everything is; nothing is opened yet."""
        self._cache_url, self._ledger_url, self._clock = cache_url, ledger_url, clock
        self._from: Actions | None = None
        self._turn = threading.Condition()
        self._asked, self._made = 0, 0
        """How many moves there were, and up to which of them it was copied."""
        self._closing = self._failed = False
        self._last: Written | None = None
        self._thread = threading.Thread(target=self._live, name="copying", daemon=True)

    def of(self, known: Actions) -> None:
        """Copy the actions that this one knows."""
        self._from = known

    def start(self) -> None:
        """Begin, with what is under way already."""
        self._asked += 1
        self._thread.start()

    def moved(self) -> None:
        """Have the newest move copied, and wait for that as long as a move may."""
        with self._turn:
            self._asked += 1
            mine = self._asked
            self._turn.notify_all()
            if not self._failed and self._thread.is_alive():
                self._turn.wait_for(lambda: self._made >= mine or self._failed, MOVE_WAITS_S)

    def close(self) -> None:
        """End after a last copy."""
        with self._turn:
            self._closing = True
            self._asked += 1
            self._turn.notify_all()
        self._thread.join(10)

    def _live(self) -> None:
        closing = False
        while not closing:
            with self._turn:
                self._turn.wait_for(lambda: self._asked > self._made, ANYWAY_S)
                asked, closing = self._asked, self._closing
            failed = self._try()
            with self._turn:
                # What failed is tried again with the next move, or in a while.
                self._made, self._failed = asked, failed
                self._turn.notify_all()

    def _try(self) -> bool:
        """Copy; return whether that failed."""
        try:
            self.copy()
        except Exception as error:
            why = str(error) if isinstance(error, WedtuiError) else repr(error)
            if not self._failed:
                log.warning("actions are not copied to the cache", why=why)
            return True
        return False

    def copy(self) -> None:
        """Copy what is stored now.

        Raises:
            StoreError: ledger or cache cannot be used.
        """
        assert self._from is not None
        now = self._clock.now()
        actions = self._from.actions(open_only=True, newest=True)
        copy = ActionCopy(self._cache_url, waits=WAITS)
        try:
            copy.write(actions, self._written(), now)
        finally:
            copy.close()

    def _written(self) -> Written | None:
        """Return the last change of shares on record; of one that another version planned nothing is known."""
        reader = LedgerReader(self._ledger_url)
        try:
            last = reader.last_change()
            self._last = None if last is None else written(last)
        except StoreError:
            return self._last  # what is done without the ledger is copied all the same
        except (KeyError, TypeError, ValueError):
            self._last = None
        finally:
            reader.close()
        return self._last
