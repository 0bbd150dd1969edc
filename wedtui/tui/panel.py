"""The emergency panel: docked in the dashboard, with every key its own while it is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, TypedDict, TypeVar

from textual import events
from textual.binding import BindingType
from textual.message import Message

from wedtui.core.emergency import EmergencyKind
from wedtui.core.freeze_plan import ENDS
from wedtui.core.text import single_line
from wedtui.errors import WedtuiError
from wedtui.tui import arming as rules
from wedtui.tui import heard
from wedtui.tui.arming import AT_ONCE, Arming, Choice, Stage, Wish
from wedtui.tui.bindings import bind
from wedtui.tui.spans import of_demo
from wedtui.tui.surface import Surface

if TYPE_CHECKING:
    from wedtui.control.answers import ActionIs, PlanIs
    from wedtui.control.client import Aside
    from wedtui.tui.app import WedtuiApp
    from wedtui.tui.draw.panel import Drawn
    from wedtui.tui.hand import Hand

_Answer = TypeVar("_Answer")

PLANS_EVERY_S = 3.0
SEEN_AFTER_S = 0.15
"""Nobody answers sooner to what was drawn; what was already on its way through terminal and system has come by then."""


class Panel(Surface, inherit_bindings=False):
    """Shows an action from its plan to its end.

    A key counts only where it was pressed after what stands here now was drawn (`unseen`); the app asks that of every
    key before anything else hears it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("panel.go", "go"),
        bind("panel.next", "switch"),
        bind("panel.leave", "leave"),
        bind("panel.up", "move(-1)"),
        bind("panel.down", "move(1)"),
    ]

    class Left(Message):
        """A panel is to be closed: that one, and no other that was opened after it."""

        def __init__(self, panel: Panel) -> None:
            super().__init__()
            self.panel = panel

    def __init__(self, app: WedtuiApp, arming: Arming) -> None:
        super().__init__(app.palette, id="panel", can_focus=True)
        self._wedtui = app
        self._arming = arming
        self._top = 0
        self._read = frozenset[int]()
        """Which lines of the body stood here since it is this plan, in this width."""
        self._seen_at: float | None = None
        self._polling = False
        self._planned_at = 0.0
        self._left = False
        """Whether whoever sat here left: until it is gone it hears answers, but nothing more is asked for."""

    @property
    def arming(self) -> Arming:
        """What stands here."""
        return self._arming

    @property
    def arms(self) -> tuple[str, str] | None:
        """On what it is open, and what was chosen, for other dashboards; None once it is stored, done or by hand."""
        arming = self._arming
        if arming.action is not None or arming.stage not in {Stage.CHOOSE, Stage.REASON, Stage.VOUCH, Stage.NAME}:
            return None
        return arming.kind, "" if arming.stage is Stage.CHOOSE else arming.chosen

    @property
    def ready(self) -> bool:
        """Whether keys count by now."""
        return self._seen_at is not None and Message().time >= self._seen_at

    def unseen(self, at: float) -> bool:
        """Whether a key of that instant was pressed before what stands here was drawn, or after it was left."""
        return self._left or self._seen_at is None or at < self._seen_at

    def on_mount(self) -> None:
        """Draw it, and count keys from then on; where only the service knows what there is to choose, ask it."""
        self._become(replace(self._arming, shown=self._arming.shown + 1))
        if self._arming.stage is Stage.CHOOSE and self._arming.waits is not None:
            self._ask(_liftable, heard.listed)

    def on_resize(self) -> None:
        """Draw it for the room that it has now: what stands above and below it may have come or gone."""
        # Lines are broken elsewhere now, and what was read of them is not known.
        self._read = frozenset()
        self.draw()

    def covered(self) -> None:
        """Count no key from now on: what is typed is for what lies over it."""
        self._seen_at = None

    def uncovered(self) -> None:
        """Count keys again once it is drawn."""
        self.call_after_refresh(self._painted)

    def offer(self, choices: tuple[Choice, ...]) -> None:
        """Take what there is to choose from now."""
        self._become(rules.live(self._arming, choices))

    def draw(self) -> None:
        """Draw it as it is now."""
        from wedtui.tui.draw.emergency import arming_lines  # noqa: PLC0415 - when opened
        from wedtui.tui.draw.panel import Beside, panel_lines, scrolled  # noqa: PLC0415 - when opened

        width, height = self.size
        if not width or not height:
            return
        app, told = self._wedtui, self._wedtui.emergencies.known
        file = told.standing.standby if told.standing is not None else None
        beside = Beside(self._commands(), app.keymap.hint("emergency.newest"), file or "", told.as_of)
        drawn = panel_lines(self._arming, app.board.now, width, demo=app.board.demo, beside=beside)
        if app.board.demo:
            drawn = _of_demo(drawn, width)
        others = tuple(line for each in told.arming for line in arming_lines(each, app.board.now, width))
        drawn = drawn._replace(body=(*others, *drawn.body), vital=drawn.vital + len(others))
        found = scrolled(drawn, self._top, height, width)
        self._top, self._read = found.top, self._read.union(found.seen)
        self._arming = replace(self._arming, unread=not self._read.issuperset(range(len(others), drawn.vital)))
        self.show(found.lines)

    def _commands(self) -> tuple[str, ...]:
        picture, by_hand = self._wedtui.board.picture, self._wedtui.emergencies.by_hand
        if self._arming.stage is not Stage.BY_HAND or picture is None or by_hand is None:
            return ()
        return by_hand(picture, self._arming.kind, self._arming.chosen)

    def _become(self, arming: Arming) -> None:
        before, self._arming = self._arming, arming
        if arming.shown != before.shown:
            self._top, self._seen_at, self._read = 0, None, frozenset()
            self.call_after_refresh(self._painted)
        if self.is_mounted:
            self.draw()

    def _painted(self) -> None:
        """Count keys from when this can have been seen: a slow line takes its time to show it."""
        link = self._wedtui.link
        self.draw()
        if self._wedtui.screen is not self._wedtui.dashboard or (link is not None and link.hangs_for):
            # Nobody sees it now, and how long that lasts nobody knows: it is looked at again each second.
            return
        delay = (link.delay or 0.0) if link is not None else 0.0
        self._seen_at = Message().time + max(SEEN_AFTER_S, delay)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Say that every letter is this panel's own."""
        return character is not None and character.isprintable()

    async def _on_key(self, event: events.Key) -> None:
        """Type into the field; no letter does anything else here, and what was pressed before it was drawn nothing."""
        if self._wedtui.emergencies.unheard(event):
            event.stop()
            event.prevent_default()
            return
        if event.key == "backspace":
            self._become(rules.write(self._arming, None))
        elif event.key == "ctrl+u":
            self._become(rules.clear(self._arming))
        elif event.is_printable and event.character is not None:
            self._become(rules.write(self._arming, event.character))
        else:
            return
        event.stop()
        event.prevent_default()

    async def _on_paste(self, event: events.Paste) -> None:
        """Take nothing that nobody typed."""
        event.stop()
        event.prevent_default()
        self._wedtui.say("nothing can be pasted here: type it")

    def action_move(self, by: int) -> None:
        """Choose, or scroll."""
        if self._arming.stage is Stage.CHOOSE:
            self._become(rules.step(self._arming, by))
        else:
            self._top = max(self._top + by * max(self.size.height // 4, 1), 0)
            self.draw()

    def action_switch(self) -> None:
        """Go between Cancel and the field."""
        self._become(rules.switch(self._arming))

    def action_leave(self) -> None:
        """Close it; what the service does goes on."""
        self._left = True
        self.post_message(self.Left(self))

    def action_go(self) -> None:
        """Do what the cursor stands on."""
        now = self._wedtui.clock.now()
        arming, wish = rules.enter(self._arming, now)
        self._become(arming)
        if wish is not None:
            self._do(arming, wish)

    def _do(self, arming: Arming, wish: Wish) -> None:
        """Do what a key, or an answer that takes no further one, asks for."""
        if not arming.journaled:
            self._freeze(arming, wish)
        elif wish is Wish.PLAN:
            self._ask(lambda hand: _planned(hand, arming), heard.planned)
        elif wish is Wish.ASK:
            self._ask(lambda hand: _requested(hand, arming), heard.asked)
        elif wish is Wish.CONFIRM and arming.action is not None:
            action, typed, alone = arming.action, arming.text, arming.alone or None
            self._ask(lambda hand: _confirm(hand, action, typed, alone), heard.confirmed)
        elif wish is Wish.APPROVE and arming.action is not None:
            action, typed = arming.action, arming.text
            self._ask(lambda hand: hand.approve(action.id, digest=action.digest, typed=typed), heard.confirmed)
        elif wish is Wish.CANCEL and arming.action is not None:
            number = arming.action.id
            self._wedtui.emergencies.ask(lambda hand: hand.cancel(number), self._cancelled)
            self.action_leave()
        elif wish is Wish.LEAVE:
            self.action_leave()

    def _freeze(self, arming: Arming, wish: Wish) -> None:
        """Ask for what changes a freeze: it is planned, planned again once there is a reason, and done at once."""
        kind, subject = arming.kind, arming.chosen
        if wish is Wish.PLAN:
            self._ask(lambda hand: hand.plan_freeze(kind, subject), heard.planned)
        elif wish is Wish.ASK:
            self._ask(lambda hand: hand.plan_freeze(kind, subject), heard.named)
        elif wish is Wish.CONFIRM:
            self._ask(lambda hand: _frozen(hand, arming), heard.done)
        else:
            self.action_leave()

    def _cancelled(self, answer: ActionIs | WedtuiError) -> None:
        if isinstance(answer, WedtuiError):
            self._wedtui.say(str(answer))
        else:
            self._wedtui.say(f"action {answer.id}: {answer.sentence or answer.state}")
        self._wedtui.emergencies.poll(at_once=True)

    def _ask(self, call: Callable[[Hand], _Answer], take: Callable[[Arming, _Answer | WedtuiError], Arming]) -> None:
        self._wedtui.emergencies.ask(call, lambda answer: self._take(take, answer))

    def _take(self, take: Callable[[Arming, _Answer | WedtuiError], Arming], answer: _Answer | WedtuiError) -> None:
        if self.is_attached:
            before = self._arming
            self._become(take(self._mine, answer))
            if self._arming.waits == AT_ONCE and before.waits != AT_ONCE and not self._left:
                self._do(self._arming, Wish.CONFIRM)
        self._wedtui.emergencies.poll(at_once=True)

    def pass_second(self) -> None:
        """Let what is left shrink, and ask how the action stands."""
        self._become(rules.ledger_is(self._arming, self._wedtui.emergencies.ledger))
        self.draw()
        if self._seen_at is None:
            self.call_after_refresh(self._painted)
        arming = self._arming
        if arming.stage is Stage.NAME and not arming.journaled:
            self._plan_again(arming)
            return
        self._learn()
        if self._wedtui.emergencies.rests or self._polling:
            return
        if arming.action is not None and not arming.over(self._wedtui.board.now) and arming.waits is None:
            number, self._polling = arming.action.id, True
            self._wedtui.emergencies.ask(lambda hand: hand.action(number), self._polled)

    def _learn(self) -> None:
        """Take how the action stands by the cache, where the service does not say."""
        known, action = self._wedtui.emergencies.known, self._arming.action
        if known.as_of is None or action is None:
            return
        newer = next((each for each in known.actions if each.id == action.id), None)
        if newer is not None and newer != action:
            self._become(heard.polled(self._mine, newer))

    def _plan_again(self, arming: Arming) -> None:
        """Look whether what waits for its name still is what was planned, every few seconds."""
        now = self._wedtui.clock.monotonic()
        if self._polling or self._wedtui.emergencies.rests or arming.waits is not None:
            return
        if now - self._planned_at < PLANS_EVERY_S:
            return
        self._polling, self._planned_at = True, now
        kind, subject = arming.kind, arming.chosen
        self._wedtui.emergencies.ask(lambda hand: hand.plan_freeze(kind, subject), self._planned_again)

    def _planned_again(self, answer: PlanIs | WedtuiError) -> None:
        self._polling = False
        self._wedtui.emergencies.heed(answer)
        if self.is_attached and self._arming.waits is None:
            self._become(heard.planned_again(self._arming, answer))

    def _polled(self, answer: object) -> None:
        from wedtui.control.answers import ActionIs  # noqa: PLC0415 - when opened

        self._polling = False
        self._wedtui.emergencies.heed(answer)
        # What was asked before the confirmation says nothing of what came of it.
        if self.is_attached and self._arming.waits is None and isinstance(answer, ActionIs | WedtuiError):
            self._become(heard.polled(self._mine, answer))

    @property
    def _mine(self) -> Arming:
        """What stands here, with who sits before it by the service's newest word."""
        return replace(self._arming, me=self._wedtui.emergencies.me)


def _of_demo(drawn: Drawn, width: int) -> Drawn:
    """Return what stands in the panel of a demo, with its commands as they are typed there."""
    vital, rest = (
        tuple(said for line in part for said in of_demo(line, width))
        for part in (drawn.body[: drawn.vital], drawn.body[drawn.vital :])
    )
    return drawn._replace(body=(*vital, *rest), vital=len(vital))


class _How(TypedDict, total=False):
    """What of a request depends on the action."""

    accepts_overload: bool
    to: str
    aside: Aside | None
    subject: str


def _how(arming: Arming) -> tuple[tuple[str, ...], _How]:
    """Return what is lost, and what else there is to say: to which shares, how, or on what."""
    if not arming.moves_traffic:
        return (), {"subject": arming.chosen}
    back = arming.kind == EmergencyKind.FAILBACK
    how: _How = {"accepts_overload": arming.overload, "aside": _aside(arming)}
    return () if back else (arming.chosen,), {**how, "to": arming.chosen if back else "configured"}


def _planned(hand: Hand, arming: Arming) -> PlanIs:
    lost, how = _how(arming)
    return hand.plan(arming.kind, lost, **how)


def _requested(hand: Hand, arming: Arming) -> ActionIs:
    lost, how = _how(arming)
    return hand.ask(arming.kind, lost, reason=arming.reason, **how)


def _aside(arming: Arming) -> Aside | None:
    """Return that it is asked for without the ledger; None where it is not."""
    from wedtui.control.client import Aside  # noqa: PLC0415 - when opened

    return Aside(arming.vouched) if arming.aside else None


def _confirm(hand: Hand, action: ActionIs, typed: str, alone: str | None) -> ActionIs:
    return hand.confirm(action.id, digest=action.digest, typed=typed, break_glass=alone)


def _liftable(hand: Hand) -> tuple[Choice, ...]:
    """Return the freezes of persons, the newest first: that is the one most often meant; then the overrides."""
    freezes = tuple(
        Choice(str(each.id), single_line(f"{each.name}, by {each.added_by}: {each.reason}", 100), "")
        for each in reversed(hand.freezes())
    )
    overrides = tuple(
        Choice(
            f"{ENDS} {each.id}",
            single_line(f"for {each.object}, by {each.overridden_by}: {each.reason}; it ends, all is as frozen", 100),
            "",
        )
        for each in reversed(hand.overrides())
    )
    return (*freezes, *overrides)


def _frozen(hand: Hand, arming: Arming) -> str:
    """Have it done; return what is said of it."""
    plan = arming.plan or {}
    kind, subject, at = arming.kind, arming.chosen, str(plan.get("at"))
    hand.confirm_freeze(kind, subject, reason=arming.reason, digest=arming.digest, at=at, typed=arming.text)
    return f"DONE: {plan.get('says')}"
