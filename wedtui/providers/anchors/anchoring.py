"""Signing the chain's newest link, and telling every place of it until it has it.

The ledger is the outbox: what was signed is kept there, and for each place how far it has taken it. A place that cannot
be reached gets everything later, in order; one that took an anchor just before this process died gets it twice.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime

from wedtui.config_audit import AuditSection
from wedtui.core.chain import START, Anchor
from wedtui.errors import AuditError, ConfigurationError, StoreMissingError, WedtuiError
from wedtui.ledger.audit import AuditLedger, is_due
from wedtui.ledger.audit_reader import AuditReader
from wedtui.ledger.signing import load_signer
from wedtui.providers.anchors.places import place_of

AT_ONCE = 200
"""How many anchors a place is told in one round: one that was away for days must not keep the others waiting."""


class Anchoring:
    """Anchors the chain of one ledger. May be called from any thread; one works at a time."""

    def __init__(self, section: AuditSection, ledger_url: str, *, person: str) -> None:
        """Remember what is configured; nothing is opened.

        Args:
            section: the key, the places, and how often.
            ledger_url: where the chain is.
            person: who signs: the service's user.
        """
        self._section = section
        self._url = ledger_url
        self._person = person
        self._places = tuple(place_of(each) for each in section.anchors)
        self._one_at_a_time = threading.Lock()
        self._stopped = threading.Event()

    @property
    def configured(self) -> bool:
        """Whether there is anything to do at all."""
        return self._section.key_file is not None

    def stop(self) -> None:
        """Tell no place anything more: whoever ends waits for one answer at most. It is told at the next start."""
        self._stopped.set()

    def anchor(self, now: datetime) -> bool:
        """Sign the newest link if that is due, and tell the places what they have not taken yet.

        To be called after every action, and now and then, in a thread: it waits for disks and for answers.

        Args:
            now: an aware instant.

        Returns:
            Whether a place has more to take.

        Raises:
            AuditError: the chain is not what was signed, it cannot be signed, or a place did not take it; the other
                places were told nevertheless.
            StoreError: the ledger cannot be used.
        """
        if not self.configured:
            return False
        with self._one_at_a_time:
            problems: list[str] = []
            try:
                self._sign(now)
            except (AuditError, ConfigurationError) as error:
                problems.append(str(error))
            more = self._deliver(now, problems)
            if problems:
                raise AuditError("; ".join(problems))
            return more

    def _sign(self, now: datetime) -> Anchor | None:
        assert self._section.key_file is not None
        signer = load_signer(self._section.key_file)
        reader = AuditReader(self._url)
        try:
            head, last = reader.ends()
        except StoreMissingError:
            return None  # nothing was ever decided
        finally:
            reader.close()
        # Nobody is kept from writing only to find that there is nothing to do.
        if (head == START and last is None) or not is_due(head, last, signer.fingerprint, now, self._section.every):
            return None
        ledger = AuditLedger(self._url)
        try:
            return ledger.anchor(signer, now, self._section.every, person=self._person)
        finally:
            ledger.close()

    def _deliver(self, now: datetime, problems: list[str]) -> bool:
        if not self._places:
            return False
        owed = self._owed()
        more = False
        for place, anchors in zip(self._places, owed, strict=True):
            through = 0
            try:
                for number, anchor in anchors:
                    if self._stopped.is_set():
                        break
                    place.take(anchor)
                    through = number
            except WedtuiError as error:
                problems.append(str(error))
            if through:
                self._note(place.name, through, now)
            more = more or (len(anchors) == AT_ONCE and through == anchors[-1][0])
        return more

    def _owed(self) -> Sequence[list[tuple[int, Anchor]]]:
        """Return for each place what it has not taken yet, oldest first."""
        reader = AuditReader(self._url)
        try:
            taken = reader.delivered()
            return [reader.anchors(after=taken.get(place.name, 0), most=AT_ONCE) for place in self._places]
        except StoreMissingError:
            return [[] for _ in self._places]  # nothing was ever decided
        finally:
            reader.close()

    def _note(self, place: str, through: int, now: datetime) -> None:
        ledger = AuditLedger(self._url)
        try:
            ledger.delivered(place, through, now)
        finally:
            ledger.close()
