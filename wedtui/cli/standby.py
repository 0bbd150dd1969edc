"""The emergency path: changes of shares while the ledger cannot be reached, on a standby ledger in the state directory.

Everything is as ever (planner, journal, executor, audit chain) but where it is stored; it is never taken by itself,
a person asks for it by name. Once the ledger can be used again what was done is taken in there.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path

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
from wedtui.errors import ConflictError, NotFoundError, ServiceError, StoreError
from wedtui.ledger.journal import Journal
from wedtui.ledger.reader import LedgerReader
from wedtui.ledger.requests import Once
from wedtui.ledger.standby import FIRST, first_number, is_settled, key_of, put_away, take_in
from wedtui.notify.running import Notifying
from wedtui.paths import StatePaths
from wedtui.store.opening import url_of

log = structlog.get_logger(__name__)

LOOKS_EVERY_S = 3.0
"""Between two looks whether the ledger can take in what was done without it."""
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
        self._with = Acting(loaded, paths, clock, who, told)
        self._turn = threading.Lock()
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
            self._begin()
        self._thread.start()

    def close(self) -> None:
        """End after the step that is being made."""
        self._closing.set()
        self._with.close()
        with self._turn:
            self._end()
        self._thread.join(10)

    def plan(self, wanted: PlanWanted) -> Future[Plan | DeedPlan]:
        """Plan without asking for anything."""
        return (self._begin() if wanted.without_ledger else self._with).plan(wanted)

    def ask(self, by: Decided, wanted: ToChange, once: Once) -> Future[Action]:
        """Ask for a change."""
        return (self._begin() if wanted.without_ledger else self._with).ask(by, wanted, once)

    def confirm(self, by: Decided, number: int, body: ToConfirm, once: Once) -> Future[Action]:
        """Take a confirmation."""
        return self._of(number).confirm(by, number, body, once)

    def approve(self, by: Decided, number: int, body: ToApprove, once: Once) -> Future[Action]:
        """Take the word of a second person."""
        return self._of(number).approve(by, number, body, once)

    def review(self, by: Decided, number: int, sentence: str, once: Once) -> Future[Action]:
        """Note what another person found of what was done without a second one."""
        return self._of(number).review(by, number, sentence, once)

    def cancel(self, by: Decided, number: int, once: Once) -> Future[Action]:
        """Begin no further step."""
        return self._of(number).cancel(by, number, once)

    def abort(self, by: Decided, once: Once) -> Future[Action]:
        """End the countdown that runs: the service counts down nowhere else than with the ledger."""
        return self._with.abort(by, once)

    def settle(self, by: Decided, number: int, sentence: str, once: Once) -> Future[Action]:
        """End what was handed over."""
        return self._of(number).settle(by, number, sentence, once)

    def action(self, number: int) -> Action:
        """Return one action, also one that was taken in since, which has another number now.

        Raises:
            NotFoundError: there is none of that number.
            StoreError: it cannot be read.
        """
        if number < FIRST or self.file.exists():
            return self._of(number).action(number)
        reader = LedgerReader(self._url)
        try:
            return reader.action_of_key(key_of(self._paths.place, number))
        finally:
            reader.close()

    def actions(self, *, open_only: bool, newest: bool = False) -> tuple[Action, ...]:
        """Return the newest actions, newest first; of what is open also what is done without the ledger.

        Raises:
            StoreError: the ledger cannot be read, and nothing is done without it.
        """
        aside = self._begin().actions(open_only=True, newest=newest) if open_only and self.file.exists() else ()
        try:
            return (*aside, *self._with.actions(open_only=open_only, newest=newest))
        except StoreError:
            if not aside:
                raise
            return aside

    def standing(self) -> Standing:
        """Return how automation stands: it is always that of the ledger; raises a StoreError where it is unknown."""
        return self._with.standing()

    def emergency_path(self) -> EmergencyPath:
        """Return how the path without the ledger stands."""
        return EmergencyPath(str(self.file), self.file.exists())

    def _of(self, number: int) -> Acting:
        if number < FIRST:
            return self._with
        if not self.file.exists():
            raise NotFoundError(f"action {number} is none of the emergency path any more: see `wedtui actions list`")
        return self._begin()

    def _begin(self) -> Acting:
        """Return who acts without the ledger, begun."""
        with self._turn:
            if self._closing.is_set():
                raise ServiceError("the service is ending: ask again")
            if self._without is None:
                aside = Aside(url_of(self.file), first_number(self._clock.now()), self._look)
                told = Told(self._told_of, self._told.acted, self._told.changed, moved=self._told.moved)
                self._without = Acting(self._loaded, self._paths, self._clock, self._who, told, aside)
                self._without.start()
                # People are paged from there as well: the outbox of the ledger cannot be reached either.
                configuration, url = self._loaded.configuration, aside.url
                self._telling = Notifying(configuration, url, self._clock, self._who.life, self._told_of)
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
        """Refuse what needs no emergency path."""
        try:
            Journal(self._url, waits=_WAITS).close()
        except StoreError:
            return
        raise ConflictError("the ledger can be used: ask as ever, `wedtui failover run`")

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
            if not is_settled(self.file):
                return "actions are under way without the ledger: `wedtui actions list --open` says which"
            with self._turn:
                # Nobody may ask for more while it is read.
                self._end()
                added = take_in(self._url, self.file, self._paths.place)
                kept = put_away(self.file)
        except (StoreError, OSError) as error:
            return f"what was done without the ledger waits in {self.file} to be put on record: {error}"
        log.info("taken in", actions=added, kept=kept.name)
        self._told.acted()
        return None
