"""The emergency path: changes of shares while the ledger cannot be reached, on a standby ledger in the state directory.

Everything is as ever (planner, journal, executor, audit chain) but where it is stored; it is never taken by itself,
a person asks for it by name. Once the ledger can be used again what was done is taken in there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import structlog

from wedtui.cli.acting import Acting, Aside, Told, Who
from wedtui.clock import Clock
from wedtui.config_file import Loaded
from wedtui.control.bodies import PlanWanted, ToApprove, ToChange, ToConfirm
from wedtui.control.office import EmergencyPath, Standing
from wedtui.core.actions import Action
from wedtui.core.deed_plan import DeedPlan
from wedtui.core.failover import Plan
from wedtui.core.roles import Decided
from wedtui.errors import ConflictError, NotFoundError, ServiceError, StoreError, StoreMissingError
from wedtui.ledger.journal import Journal
from wedtui.ledger.reader import LedgerReader
from wedtui.ledger.requests import Once
from wedtui.ledger.standby import FIRST, action_done_aside, is_settled, next_number, put_away, take_in
from wedtui.notify.running import Notifying
from wedtui.paths import StatePaths
from wedtui.store.opening import url_of

T = TypeVar("T")

log = structlog.get_logger(__name__)

LOOKS_EVERY_S = 3.0
"""Between two looks whether the ledger can take in what was done without it."""
AWAY_FOR_S = 3.0
"""So long it is believed that the ledger cannot be used: to find that out may take seconds, before each answer."""
TURN_WITHIN_S = 8.0
_WAITS = timedelta(seconds=2)


class Standby:
    """Changes of shares, with the ledger or, where that cannot be reached and a person says so, without it.

    By the number of an action it is known where it is. May be used by any thread.
    """

    def __init__(self, loaded: Loaded, paths: StatePaths, clock: Clock, who: Who, told: Told) -> None:
        """Remember with what it is done; nothing is opened yet.

        Args:
            loaded: the configuration.
            paths: the state directory.
            clock: the time of day.
            who: which service it is.
            told: who is told how it stands.
        """
        self._loaded, self._paths, self._clock, self._who, self._told = loaded, paths, clock, who, told
        self._url = paths.ledger_url(loaded.configuration)
        self._with = Acting(loaded, paths, clock, who, told._replace(aside=self._unrecorded))
        self._turn, self._counting = threading.Lock(), threading.Lock()
        self._unanswered = 0
        """Requests of who acts without the ledger, that wait for their answer."""
        self._away_until = 0.0
        """Until when (monotonic) it is believed that the ledger cannot be used."""
        self._without: Acting | None = None
        self._telling: Notifying | None = None
        self._troubled: set[str] = set()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._live, name="standby", daemon=True)

    @property
    def file(self) -> Path:
        """The standby ledger: there is one only while something of it was not taken in."""
        return self._paths.standby

    def start(self) -> None:
        """Begin; what was under way without the ledger goes on."""
        self._with.start()
        if self.file.exists():
            with self._in_turn():
                self._begun()
        self._thread.start()

    def close(self) -> None:
        """End after the step that is being made."""
        self._closing.set()
        self._with.close()
        with self._turn:
            self._end()
        self._thread.join(10)

    def plan(self, wanted: PlanWanted) -> Future[Plan | DeedPlan]:
        """Plan without asking for anything; raises what `ask` does."""
        if not wanted.without_ledger:
            return self._with.plan(wanted)
        self._look()
        return self._asked(lambda acting: acting.plan(wanted))

    def ask(self, by: Decided, wanted: ToChange, once: Once) -> Future[Action]:
        """Ask for a change.

        Raises:
            ConflictError: it needs no emergency path; where there is no standby ledger none is made.
            ServiceError: it is not begun at the moment.
        """
        if not wanted.without_ledger:
            return self._with.ask(by, wanted, once)
        if not self.file.exists():
            # Else what was answered there before is answered the same: who acts there looks after that.
            self._look()
        return self._asked(lambda acting: acting.ask(by, wanted, once))

    def confirm(self, by: Decided, number: int, body: ToConfirm, once: Once) -> Future[Action]:
        """Take a confirmation; raises what `review` does."""
        return self._of(number, lambda acting: acting.confirm(by, number, body, once))

    def approve(self, by: Decided, number: int, body: ToApprove, once: Once) -> Future[Action]:
        """Take the word of a second person; raises what `review` does."""
        return self._of(number, lambda acting: acting.approve(by, number, body, once))

    def review(self, by: Decided, number: int, sentence: str, once: Once) -> Future[Action]:
        """Note what another person found of what was done without a second one.

        Raises:
            NotFoundError: it is on record by now, under another number.
            ServiceError: it is not begun at the moment.
        """
        return self._of(number, lambda acting: acting.review(by, number, sentence, once))

    def cancel(self, by: Decided, number: int, once: Once) -> Future[Action]:
        """Begin no further step; raises what `review` does."""
        return self._of(number, lambda acting: acting.cancel(by, number, once))

    def abort(self, by: Decided, once: Once) -> Future[Action]:
        """End the countdown that runs: the service counts down nowhere else than with the ledger."""
        return self._with.abort(by, once)

    def settle(self, by: Decided, number: int, sentence: str, once: Once) -> Future[Action]:
        """End what was handed over; raises what `review` does."""
        return self._of(number, lambda acting: acting.settle(by, number, sentence, once))

    def action(self, number: int) -> Action:
        """Return one action, also one that was taken in since, which has another number now.

        Raises:
            NotFoundError: there is none of that number.
            StoreError: it cannot be read.
        """
        if number < FIRST:
            return self._with.action(number)
        try:
            return self._aside(number)
        except (NotFoundError, StoreMissingError):
            return action_done_aside(self._url, self._paths.place, number)

    def _aside(self, number: int) -> Action:
        """Return an action that was not taken in yet; whoever acts there need not have begun for that."""
        reader = LedgerReader(url_of(self.file))
        try:
            return reader.action(number)
        finally:
            reader.close()

    def actions(self, *, open_only: bool, newest: bool = False) -> tuple[Action, ...]:
        """Return the newest actions, newest first; of what is open also what is done without the ledger.

        Raises:
            StoreError: the ledger cannot be read, and nothing is done without it.
        """
        aside = self._open_aside(newest=newest) if open_only else ()
        try:
            return (*aside, *self._with.actions(open_only=open_only, newest=newest))
        except StoreError:
            if not aside:
                raise
            return aside

    def _open_aside(self, *, newest: bool) -> tuple[Action, ...]:
        reader = LedgerReader(url_of(self.file))
        try:
            return reader.actions(open_only=True, newest=newest) if self.file.exists() else ()
        except StoreMissingError:
            return ()  # it was put away meanwhile
        finally:
            reader.close()

    def standing(self) -> Standing:
        """Return how automation stands: it is always that of the ledger; raises a StoreError where it is unknown."""
        return self._with.standing()

    def emergency_path(self) -> EmergencyPath:
        """Return how the path without the ledger stands."""
        return EmergencyPath(str(self.file), self.file.exists())

    def _unrecorded(self) -> str | None:
        """Say that there is something of which the ledger knows nothing: it may be under way, or has just ended."""
        return "what was done without the ledger is not on record in it yet" if self.file.exists() else None

    def _of(self, number: int, work: Callable[[Acting], Future[T]]) -> Future[T]:
        """Ask whoever acts on an action of a number."""
        return work(self._with) if number < FIRST else self._asked(work, number)

    def _asked(self, work: Callable[[Acting], Future[T]], number: int | None = None) -> Future[T]:
        """Ask who acts without the ledger; until that is answered nothing is taken in.

        Args:
            work: what is asked.
            number: of the action that it is about; None: of one to come.
        """
        with self._in_turn():
            if number is not None and not self.file.exists():
                raise NotFoundError(
                    f"action {number} is none of the emergency path any more: see `wedtui actions list`"
                )
            asked = work(self._begun())
            with self._counting:
                self._unanswered += 1
        asked.add_done_callback(self._answered)
        return asked

    def _answered(self, _asked: object) -> None:
        with self._counting:
            self._unanswered -= 1

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=TURN_WITHIN_S):
            raise ServiceError("what was done without the ledger is being put on record: ask again")
        try:
            yield
        finally:
            self._turn.release()

    def _begun(self) -> Acting:
        """Return who acts without the ledger, begun; asked for with the turn held."""
        if self._closing.is_set():
            raise ServiceError("the service is ending: ask again")
        url = url_of(self.file)
        if self._without is None:
            aside = Aside(url, next_number(self.file, self._clock.now()), self._look, self.file.exists)
            told = Told(self._told_of, self._told.acted, self._told.changed, moved=self._told.moved)
            self._without = Acting(self._loaded, self._paths, self._clock, self._who, told, aside)
            self._without.start()
        if self._telling is None and self.file.exists():
            # People are paged from there as well: the outbox of the ledger cannot be reached either.
            of = (self._clock, self._who.life, self._told_of)
            self._telling = Notifying(self._loaded.configuration, url, *of, drill=self._who.drill)
            self._telling.start()
        return self._without

    def _end(self) -> None:
        """Let go of the standby ledger; asked for with the turn held."""
        if self._without is not None:
            self._without.close()
        if self._telling is not None:
            self._telling.close()
        self._without = self._telling = None
        for name in self._troubled:
            self._told.trouble(f"standby {name}", None)
        self._troubled.clear()

    def _told_of(self, name: str, problem: str | None) -> None:
        """Say what is wrong there beside what is wrong with the ledger's own: neither hides the other."""
        self._troubled.add(name)
        self._told.trouble(f"standby {name}", None if problem is None else f"without the ledger: {problem}")

    def _look(self) -> None:
        """Refuse what needs no emergency path; that the ledger cannot be used is believed for a moment."""
        if self._clock.monotonic() < self._away_until:
            return
        try:
            self._reach()
        except StoreError:
            self._away_until = self._clock.monotonic() + AWAY_FOR_S
            return
        raise ConflictError("the ledger can be used: ask as ever, `wedtui failover run`")

    def _reach(self) -> None:
        """Raise a StoreError where the ledger cannot be written."""
        Journal(self._url, waits=_WAITS).close()

    def _live(self) -> None:
        """Take in what was done without the ledger, once it has ended and the ledger can be used."""
        while not self._closing.wait(LOOKS_EVERY_S):
            try:
                self._told.trouble("standby", self._taken_in() if self.file.exists() else None)
            except Exception as error:
                # Anything: what was done must not lie there unsaid.
                log.error("taking in failed", error=type(error).__name__)
                why = f"what was done without the ledger cannot be put on record ({type(error).__name__}): see the log"
                self._told.trouble("standby", why)

    def _taken_in(self) -> str | None:
        """Return what waits to be put on record; None where nothing does any more."""
        try:
            with self._in_turn():
                # What is open goes on, and whoever is to be told is told from there.
                self._begun()
            if not is_settled(self.file):
                return "actions are under way without the ledger: `wedtui actions list --open` says which"
            # While it cannot be reached whoever asks for more is not disturbed.
            self._reach()
            return self._put_on_record()
        except (ServiceError, StoreError, OSError) as error:
            return f"what was done without the ledger waits in {self.file} to be put on record: {error}"

    def _put_on_record(self) -> str | None:
        """Take it in, and put it away; return why it has to wait."""
        more = "more is asked for without the ledger: what was done waits to be put on record"
        with self._in_turn():
            with self._counting:
                if self._unanswered:
                    return more
            self._end()
            # Nobody asks any more; what was asked for since it was looked at may be open.
            if not is_settled(self.file):
                return more
            added = take_in(self._url, self.file, self._paths.place)
            kept = put_away(self._url, self.file)
        self._away_until = 0.0
        if kept is not None:
            log.info("taken in", actions=added, kept=kept.name)
            self._told.acted()
        return None
