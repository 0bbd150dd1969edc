"""What the dashboard does in an emergency: it asks the service, on a thread of its own, and opens the panel.

The panel belongs to the dashboard's screen; what is known of the service and its actions outlives it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from textual import events
from textual.message import Message

from wedtui.core.actions import ActionState
from wedtui.core.emergency import EMERGENCIES, Emergency, Situation, dropped, why_not
from wedtui.core.state import State
from wedtui.errors import NotServedError, ThrottledError, WedtuiError
from wedtui.tui.arming import Me, Stage, stage_of
from wedtui.tui.arms import Arms
from wedtui.tui.board import Stopped
from wedtui.tui.hands import LATE
from wedtui.tui.last_known import AsOf, last_known

if TYPE_CHECKING:
    from wedtui.control.answers import ActionIs, ArmingIs, EmergencyIs, StandingIs, WhoAmI
    from wedtui.core.picture import Picture
    from wedtui.tui.app import WedtuiApp
    from wedtui.tui.hand import Hand
    from wedtui.tui.panel import Panel

ASKS_EVERY_S = 3.0
ASKS_IN_NEED_EVERY_S = 1.0
"""While a provider is CRITICAL: a countdown of the service takes 5 s."""
RESTS_AT_MOST_S = 10.0
"""For no longer it goes unlooked how it stands, whatever the service says."""
KEPT_FOR = timedelta(hours=1)
"""How long the newest action stays in the pane once it ended: whoever comes back sees what became of it."""
_NEWEST, _ABORT = "emergency.newest", "emergency.abort"

_Answer = TypeVar("_Answer")
ByHandWords = Callable[["Picture", str, str], tuple[str, ...]]
"""Picture, kind of the action, what was chosen -> the lines that say what a person can run without the service."""


class Told(NamedTuple):
    """What the service said of who asks, and of what is under way."""

    who: WhoAmI | None = None
    actions: tuple[ActionIs, ...] = ()
    """What is open, and the newest confirmed one for a while after it ended."""
    at: datetime | None = None
    """When it last answered."""
    problem: str | None = None
    """Why it cannot be asked."""
    busy: str | None = None
    """Why it could not say how it stands now, although it answers; of who asks and what is under way the last stays."""
    arming: tuple[ArmingIs, ...] = ()
    """Who has a panel open elsewhere."""
    unlisted: str | None = None
    """Why it cannot say what is under way, although it answers."""
    standing: EmergencyIs | None = None
    """Whether automation is stopped and the ledger reached; None: not known."""
    as_of: AsOf | None = None
    """That nothing newer is known of what is under way; None: it is as the service said it last."""

    @property
    def me(self) -> Me:
        """Who sits here."""
        return Me(self.who.user, frozenset(self.who.may)) if self.who is not None else Me()

    @property
    def ledger(self) -> str | None:
        """Why the service cannot reach its ledger; None: it can, as far as is known."""
        return self.standing.ledger if self.standing is not None else None

    @property
    def stopped(self) -> Stopped | None:
        """Who stopped automation, where there is any; None: it is not stopped, as far as is known."""
        from wedtui.core.automation import Mode  # noqa: PLC0415 - not needed for the first paint

        found = self.standing
        if found is None or found.mode == Mode.OFF or found.stopped_by is None or found.stopped_at is None:
            return None
        return Stopped(found.stopped_by, found.stopped_at)


@dataclass
class HandArrived(Message):
    """There is a service to ask."""

    hand: Hand
    by_hand: ByHandWords | None


@dataclass
class Answered(Message):
    """An answer came, on the app's own loop; `take` knows what to do with it."""

    take: Callable[[], None]


class Emergencies:
    """The state behind the emergency pane.

    Args:
        app: the dashboard.
        read_only: whether nothing is ever asked for.
    """

    def __init__(self, app: WedtuiApp, *, read_only: bool) -> None:
        self._app = app
        self._read_only = read_only
        self._hand: Hand | None = None
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._asked_at: float | None = None
        self._asking = False
        self._rests_until = 0.0
        self._presence = Arms()
        self.by_hand: ByHandWords | None = None
        self.told = Told()
        self._rung: set[tuple[int, str]] = set()
        """What the bell rang for: an action, and the plan that waits for a word; of the service's own any plan."""

    @property
    def panel(self) -> Panel | None:
        """The panel, while it is open."""
        return self._app.dashboard.panel if self._app.is_running else None

    @property
    def known(self) -> Told:
        """What the service said; while it does not answer the newest that is known, with its instant."""
        return last_known(self.told, self._app.board.picture)

    @property
    def me(self) -> Me:
        """Who sits here, as the service said last."""
        return self.told.me

    @property
    def ledger(self) -> str | None:
        """Why the service cannot reach its ledger; None: it can, as far as is known."""
        return self.told.ledger

    @property
    def situation(self) -> Situation:
        """What decides which actions can be started."""
        picture, who = self._app.board.picture, self.told.who
        return Situation(
            read_only=self._read_only,
            asks=self._hand is not None,
            answered=who is not None,
            problem=self.told.problem,
            role=who.role if who else None,
            may=frozenset(who.may) if who else frozenset(),
            backend=picture.traffic.backend if picture and picture.traffic else None,
            demo=self._app.board.demo,
        )

    def drops(self, name: str | None) -> bool:
        """Whether an action of the table of keys is not offered at all, because nothing may be done."""
        return _entry(name) is not None and dropped(self.situation) is not None

    def hides(self, name: str | None) -> bool:
        """Whether no hint leads to an action of the table of keys: it cannot be started now, and the pane says why."""
        entry = _entry(name)
        return entry is not None and why_not(entry, self.situation) is not None

    def use(self, hand: Hand, by_hand: ByHandWords | None) -> None:
        """Ask this service from now on."""
        self._hand, self.by_hand, self._asked_at = hand, by_hand, None
        self.poll()

    def poll(self, *, at_once: bool = False) -> None:
        """Ask how it stands, at most every few seconds and never twice at once; called every second."""
        now = self._app.clock.monotonic()
        if self._hand is None or self._asking or self.rests:
            return
        picture = self._app.board.picture
        in_need = picture is not None and any(p.health.state is State.CRITICAL for p in picture.providers)
        every = ASKS_IN_NEED_EVERY_S if in_need else ASKS_EVERY_S
        if not at_once and self._asked_at is not None and now - self._asked_at < every:
            return
        self._asking, self._asked_at = True, now
        tell = self._presence.next(self.panel, now)
        self.ask(lambda hand: self._how_it_stands(hand, tell), self._hear)

    @property
    def rests(self) -> bool:
        """Whether the service is left alone: it said that it hears nobody of this user for some seconds."""
        return self._app.clock.monotonic() < self._rests_until

    def heed(self, answer: object) -> None:
        """Look no more for as long as the service said, where it was looked at too often."""
        if isinstance(answer, ThrottledError):
            self._rests_until = self._app.clock.monotonic() + min(answer.wait_s, RESTS_AT_MOST_S)

    def pass_second(self) -> None:
        """Ask again where it is time to, and let the panel grow older."""
        self.poll()
        if self.panel is not None:
            self.panel.pass_second()

    def _hear(self, answer: StandingIs | WedtuiError) -> None:
        self._asking = False
        self.heed(answer)
        before = self.told
        if isinstance(answer, NotServedError):
            self.told = self.told._replace(problem=None, busy=_busy(answer), arming=())
        elif isinstance(answer, WedtuiError):
            # Who arms something is known from seconds ago, or not at all.
            self.told = self.told._replace(problem=str(answer), busy=None, arming=())
        else:
            self.told = _told(answer, self._app.clock.now())
            self._ring()
        self._app.board = replace(self._app.board, stopped=self.told.stopped)
        # Only actions and who arms show an age: where there is none, what stands there stays true.
        if self.told.actions or self.told.arming or self.told._replace(at=before.at) != before:
            self._app.show_board()

    @property
    def proposal(self) -> ActionIs | None:
        """What the service asks for by itself and nobody has confirmed."""
        return next((a for a in self.told.actions if a.automatic and a.state == ActionState.AWAITING), None)

    @property
    def to_approve(self) -> ActionIs | None:
        """What waits for a second person who may be whoever sits here."""
        return next((a for a in self.told.actions if stage_of(a, self.me) is Stage.APPROVE), None)

    def _ring(self) -> None:
        """Ring the terminal's bell once for what the service asks for by itself, and for each plan to be approved."""
        proposal, waits = self.proposal, self.to_approve
        rings = {(proposal.id, "")} if proposal is not None else set()
        rings |= {(waits.id, waits.digest)} if waits is not None else set()
        if rings - self._rung:
            self._rung |= rings
            self._app.bell()

    def _how_it_stands(self, hand: Hand, tell: Callable[[Hand], None]) -> StandingIs:
        """Say what is armed here where it is time to, and ask how it stands; on the thread that asks."""
        tell(hand)
        return hand.standing(self._presence.token)

    def ask(self, call: Callable[[Hand], _Answer], take: Callable[[_Answer | WedtuiError], None]) -> None:
        """Ask the service something, one thing after another, and take the answer on the app's loop."""
        hand = self._hand
        assert hand is not None

        def work() -> None:
            answer: _Answer | WedtuiError
            try:
                answer = call(hand)
            except WedtuiError as error:
                answer = error
            except Exception as error:
                # On this thread nobody would ever see a mistake of ours.
                broken = error
                self._app.post_message(Answered(lambda: _fail(broken)))
                return
            self._app.post_message(Answered(lambda: take(answer)))

        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="wedtui-hand", daemon=True)
            self._thread.start()
        self._jobs.put(work)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def stop(self) -> None:
        """Ask nothing more; what is being asked is not waited for."""
        self._jobs.put(None)

    def unheard(self, event: events.Key | events.Paste) -> bool:
        """Whether the panel must not hear a key: it came before that was drawn, or while the line hung.

        It is asked when a key comes, and again when no widget wanted it: only then it is found what it does, and the
        panel may have opened in between. What lies over the panel has its own keys: nobody could leave it else.
        """
        from wedtui.tui.terminal.driver import came_late  # noqa: PLC0415 - not needed for the first paint

        panel = self.panel
        if panel is None or self._app.screen is not self._app.dashboard or self._leads_out(event):
            return False
        return came_late(event) or panel.unseen(event.time)

    def _leads_out(self, event: events.Key | events.Paste) -> bool:
        """Whether a key leaves the panel or the dashboard, and is no letter: that confirms nothing."""
        if isinstance(event, events.Paste) or event.is_printable:
            return False
        return any(event.key in self._app.keymap.keys(name) for name in ("panel.leave", "app.quit"))

    def take(self, event: events.Key) -> bool:
        """Look at a key before anything else does; return whether it has to go no further."""
        from wedtui.tui.terminal.driver import came_late  # noqa: PLC0415 - not needed for the first paint

        if self.panel is not None:
            return False
        name = self._begun(event)
        if name is None:
            return False
        if came_late(event):
            self._app.say(LATE)
        else:
            self.start(name)
        return True

    def _begun(self, event: events.Key) -> str | None:
        """Return the action that a key begins, on every screen, and not while it is a letter of what is typed there.

        Elsewhere than on the dashboard a key that the screen has for itself is the screen's.
        """
        from wedtui.tui.screens.base import BoardScreen  # noqa: PLC0415 - it is loaded by the first key

        app = self._app
        if app.hands.jumping or not isinstance(app.screen, BoardScreen):
            return None
        if app.focused is not None and app.focused.check_consume_key(event.key, event.character):
            return None
        if app.screen is not app.dashboard and event.key in app.screen.active_bindings:
            return None
        return next((name for name in (*_names(), _NEWEST, _ABORT) if event.key in app.keymap.keys(name)), None)

    def start(self, name: str) -> None:
        """Open the panel of an action by its id in the table of keys; say why where it cannot be."""
        if self.panel is not None:
            return
        if name == _NEWEST and self.known.actions:
            self._app.back_to_dashboard()
        if name == _NEWEST:
            known = self.known
            if known.actions:
                approves = self.to_approve if known.as_of is None else None
                self._app.dashboard.reopen(approves or known.actions[0], followed=known.as_of is not None)
            else:
                self._app.say(
                    self.told.unlisted
                    or "no action is under way, and none that anybody confirmed ended within the hour"
                )
            return
        if name == _ABORT:
            self._abort()
            return
        entry = _entry(name)
        assert entry is not None, "it is in the table of keys"
        why, proposal = why_not(entry, self.situation), self.proposal
        if why is None:
            self._app.back_to_dashboard()
        heard = self.told.problem is None
        # A proposal of a service that does not answer cannot be confirmed: what can be done is to be done by hand.
        if why is None and heard and proposal is not None and proposal.kind == entry.kind:
            self._app.dashboard.reopen(proposal)
            return
        if why is not None:
            self._app.say(f"{entry.title}: {why}")
        else:
            self._app.dashboard.arm(entry.kind)

    def _abort(self) -> None:
        """End the countdown of the service; that harms nothing, so it takes one key."""
        why = dropped(self.situation)
        if why is not None or self._hand is None:
            self._app.say(f"abort: {why or 'this dashboard asks no service'}")
            return
        self.ask(lambda hand: hand.abort(), self._aborted)

    def _aborted(self, answer: ActionIs | WedtuiError) -> None:
        refused = isinstance(answer, WedtuiError)
        self._app.say(str(answer) if refused else "the countdown is aborted: nothing was done")
        self.poll(at_once=True)


def _names() -> tuple[str, ...]:
    """Return the actions of the registry by their ids in the table of keys."""
    return tuple(f"emergency.{each.kind}" for each in EMERGENCIES)


def _entry(name: str | None) -> Emergency | None:
    """Return the action behind an id of the table of keys; None where it is none of the registry."""
    room, _, kind = (name or "").partition(".")
    return EMERGENCIES.get(kind) if room == "emergency" else None


def _busy(error: NotServedError) -> str:
    return "this user asks too often" if isinstance(error, ThrottledError) else str(error)


def _told(answer: StandingIs, now: datetime) -> Told:
    kept = tuple(each for each in answer.actions if is_kept(each, now))
    arming = tuple(answer.arming)
    return Told(answer.who, kept, at=now, arming=arming, unlisted=answer.unlisted, standing=answer.emergency)


def is_kept(action: ActionIs, now: datetime) -> bool:
    """Whether an action that may have ended still stands in the pane."""
    recent = action.ended_at is None or now - action.ended_at < KEPT_FOR
    return recent or (action.broke_glass is not None and action.reviewed_by is None)


def _fail(error: Exception) -> None:
    raise error
