"""Telling people that the calendar of weddings is not known, or that there is none: once an episode, and its end."""

from __future__ import annotations

from contextlib import closing

from wedtui.clock import Clock
from wedtui.core.notify import Event
from wedtui.core.observation import Claim
from wedtui.core.paging import calendar_notices
from wedtui.ledger.outbox import SAME_AGAIN, Outbox
from wedtui.poller.guarding import Guarding


class CalendarPage:
    """Writes it into the outbox; which knows, over restarts and takeovers, what of an episode was written already."""

    def __init__(self, ledger_url: str, guarding: Guarding, clock: Clock) -> None:
        """Remember with what it is done; nothing is opened yet.

        Args:
            ledger_url: where the outbox is.
            guarding: knows the calendar.
            clock: the time of day.
        """
        self._url, self._guarding = ledger_url, guarding
        self._clock, self._began = clock, clock.now()
        self._written: tuple[Claim, tuple[tuple[str, Event], ...]] | None = None
        self._written_at = self._began

    def look(self, claim: Claim) -> None:
        """Write what there is to tell.

        Args:
            claim: by which it keeps house; under another one others may have written since.

        Raises:
            StoreError: the ledger cannot be written.
        """
        now = self._clock.now()
        level = self._guarding.level()
        notices = calendar_notices(self._guarding.calendar, level, watched=now - self._began, now=now)
        told = claim, tuple((notice.key, notice.event) for notice in notices)
        # A page that nobody took is written anew; one that was taken is not, however often it is said here.
        if told == self._written and now - self._written_at < SAME_AGAIN:
            return
        with closing(Outbox(self._url)) as outbox:
            for notice in notices:
                outbox.post(notice)
        self._written, self._written_at = told, now
