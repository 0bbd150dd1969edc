"""Where what is asked for is decided and done: by role, once, in one transaction with the answer that is kept of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import TypeAdapter

from wedtui.clock import Clock
from wedtui.control.answers import Problem
from wedtui.core.roles import Account, Decision, Mapped, Permission, Person, decide, person
from wedtui.errors import (
    ConfigurationError,
    ConflictError,
    NotFoundError,
    NotPermittedError,
    ServiceError,
    StoreError,
    WedtuiError,
)
from wedtui.ledger.journal import SERVICE
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.requests import KeyReusedError, StoredAnswer

log = structlog.get_logger(__name__)

TURN_WITHIN_S = 8.0
LEDGER_WAITS = timedelta(seconds=3)
DONE = 200

REFUSALS: dict[type[WedtuiError], tuple[int, str]] = {
    NotPermittedError: (403, "refused"),
    NotFoundError: (404, "not-found"),
    ConflictError: (409, "conflict"),
    ConfigurationError: (422, "invalid"),
}
"""What is refused for good -> status, and its word; anything else was not to be had at the moment."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to do something."""

    who: Person
    permission: Permission
    what: str
    """Method and path."""
    key: str
    """The asker's own: the same one again is the same request."""
    digest: str
    """Of method, path and body."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A request that was decided, for the record."""

    asked: Asked
    decision: Decision
    status: int
    answer: str
    """JSON."""
    at: datetime


Record = Callable[[Ledger, Heard], None]
"""Puts on record what was decided, in the transaction in which it is done; what it raises undoes that."""
Work = Callable[[Ledger, datetime], object]
"""Does what was asked for at an instant, and returns what is answered; it refuses before it writes anything."""


def refusals_on_record(ledger: Ledger, heard: Heard) -> None:
    """Put on the audit chain what was refused; what was done is there by the decision itself."""
    if heard.status == DONE:
        return
    asked = heard.asked
    body = {"asked": asked.what, "permission": asked.permission.value, "said": heard.answer, "digest": asked.digest}
    ledger.record("request.refused", asked.who.account.name, body, heard.at)


class Desk:
    """Decides and does. May be used by several threads: the ledger is one's at a time."""

    def __init__(
        self,
        ledger_url: str,
        clock: Clock,
        mapped: Mapped,
        *,
        personal_uid: int | None,
        acted: Callable[[], None] = lambda: None,
        record: Record = refusals_on_record,
        drill: bool = False,
    ) -> None:
        """Remember with what it is done; the ledger is opened by the first request.

        Args:
            ledger_url: where decisions of persons are kept.
            clock: the time of day.
            mapped: the roles of users and groups.
            personal_uid: in personal mode the service's own user; None in shared mode.
            acted: called after something was done, by any thread.
            record: puts on record what was decided.
            drill: whether its world is a made-up one: what is done goes on record as the drill that it is.
        """
        self._clock = clock
        self._url = ledger_url
        self._mapped = mapped
        self._personal_uid = personal_uid
        self._acted = acted
        self._record = record
        self.drill = drill
        self._turn = threading.Lock()
        self._ledger: Ledger | None = None

    @property
    def mode(self) -> str:
        """`personal` or `shared`."""
        return "shared" if self._personal_uid is None else "personal"

    @property
    def ledger_url(self) -> str:
        """Where decisions of persons are kept."""
        return self._url

    def now(self) -> datetime:
        """Return the time of day by which it is decided."""
        return self._clock.now()

    def person(self, account: Account) -> Person:
        """Return what a user is here."""
        return person(account, self._mapped, personal_uid=self._personal_uid)

    def act(self, asked: Asked, work: Work) -> tuple[StoredAnswer, bool]:
        """Do what is asked for, unless it was answered before or may not be.

        Returns:
            What is answered, and whether it was answered before.

        Raises:
            KeyReusedError: its key belongs to another request.
            ServiceError: others are before it.
            StoreError: the ledger cannot be used; nothing was done.
        """

        def by_role(ledger: Ledger, now: datetime) -> object:
            if not (decision := decide(asked.who, asked.permission)).allowed:
                raise NotPermittedError(decision.sentence)
            return work(ledger, now)

        return self._in_turn(asked, by_role)

    def refuse(self, asked: Asked, error: WedtuiError) -> tuple[StoredAnswer, bool]:
        """Put on record that something was refused elsewhere, and keep that as its answer; raises what `act` does."""

        def refusing(_ledger: Ledger, _now: datetime) -> object:
            raise error

        return self._in_turn(asked, refusing)

    def _in_turn(self, asked: Asked, work: Work) -> tuple[StoredAnswer, bool]:
        if not self._turn.acquire(timeout=TURN_WITHIN_S):
            raise ServiceError("others are being served, and it was not this request's turn in time: try again")
        try:
            done = self._act(self._opened(), asked, work)
        except StoreError:
            # The next one opens it anew: it may have been put back from a backup, or its server may be another.
            self._let_go()
            raise
        finally:
            self._turn.release()
        if isinstance(done, KeyReusedError):
            raise done
        answer, before = done
        log.info("asked", who=asked.who.account.name, what=asked.what, status=answer.status, again=before)
        if not before:
            self._acted()
        return answer, before

    def _act(self, ledger: Ledger, asked: Asked, work: Work) -> tuple[StoredAnswer, bool] | KeyReusedError:
        identity = asked.who.account.name
        with ledger.together(asked.who.on_record):
            known = ledger.answered(identity, asked.key)
            decision, now = decide(asked.who, asked.permission), self._clock.now()
            if known is not None and known.digest != asked.digest:
                reused = KeyReusedError(identity)
                status, word = refusal(reused)
                self._record(ledger, Heard(asked, decision, status, written(Problem(word, str(reused))), now))
                return reused
            if known is not None:
                return known, True
            status, answer = _done(ledger, work, now)
            given = StoredAnswer(asked.digest, status, answer)
            self._record(ledger, Heard(asked, decision, status, answer, now))
            ledger.answer(identity, asked.key, given, at=now)
            return given, False

    def unserved(self, sentence: str) -> None:
        """Put on record that nobody can ask this service, and why; where that cannot be stored, the log has it."""
        with self._turn:
            try:
                self._opened().record("control.unserved", SERVICE, {"said": sentence}, self._clock.now())
            except StoreError as error:
                self._let_go()
                log.warning("not on record", said=sentence, why=str(error))

    def note(self, who: Person, kind: str, body: Mapping[str, Any]) -> None:
        """Put on record what somebody asked for and nobody decided.

        Raises:
            ServiceError: others are before it.
            StoreError: the ledger cannot be used.
        """

        def record(ledger: Ledger) -> None:
            with ledger.together(who.on_record):
                ledger.record(kind, who.account.name, body, self._clock.now())

        self._alone(record)

    def token_used(self, number: int) -> None:
        """Note that a token was used now; raises what `note` does."""
        self._alone(lambda ledger: ledger.token_used(number, self._clock.now()))

    def _alone(self, work: Callable[[Ledger], None]) -> None:
        if not self._turn.acquire(timeout=TURN_WITHIN_S):
            raise ServiceError("others are being served, and it was not this one's turn in time")
        try:
            work(self._opened())
        except StoreError:
            self._let_go()
            raise
        finally:
            self._turn.release()

    def _opened(self) -> Ledger:
        if self._ledger is None:
            self._ledger = Ledger(self._url, waits=LEDGER_WAITS, drill=self.drill)
        return self._ledger

    def _let_go(self) -> None:
        ledger, self._ledger = self._ledger, None
        if ledger is not None:
            ledger.close()

    def close(self) -> None:
        """Let go of the ledger, once nobody is served any more."""
        with self._turn:
            self._let_go()


def _done(ledger: Ledger, work: Work, now: datetime) -> tuple[int, str]:
    """Do it if it may be done; return the status and the answer, which for the same key stay what they are."""
    try:
        return DONE, written(work(ledger, now))
    except tuple(REFUSALS) as error:
        status, word = refusal(error)
        return status, written(Problem(word, str(error)))


def refusal(error: WedtuiError) -> tuple[int, str]:
    """Return the status and the word for what went wrong."""
    if isinstance(error, KeyReusedError):
        return 422, "key-reused"
    return next((found for kind, found in REFUSALS.items() if isinstance(error, kind)), (503, "unavailable"))


def written(answer: object) -> str:
    """Write an answer as JSON."""
    adapter: TypeAdapter[Any] = TypeAdapter(type(answer))
    return adapter.dump_json(answer).decode()
