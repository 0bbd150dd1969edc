"""Random hands on the emergency panel: whatever is typed, pasted, or stalls, nothing is confirmed that was not meant.

Keys go the way that they go in the dashboard: what is early or late is thrown away by `Emergencies.unheard`, the rest
is the panel's own. Only Textual's loop is left out, so that time is the test's: keys lie waiting while a frame is still
to be drawn, or an answer still to come. What was meant is told from what was pressed and drawn alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
import textual._time
from textual import events
from textual.geometry import Size
from textual.message import Message

from tests.pictures import SECOND, MovableClock
from tests.soaking import SOAKING
from tests.tui.service_hand import GONE, LOST, NO_LEDGER, STANDBY, TRAFFIC, TWO, ServiceHand, action
from wedtui.control.answers import ActionIs, EmergencyIs, FreezeIs, OverrideIs
from wedtui.core.emergency import EmergencyKind, emergency
from wedtui.core.freeze_plan import EVERYTHING
from wedtui.core.services import ServiceCondition
from wedtui.errors import WedtuiError
from wedtui.tui.app import WedtuiApp
from wedtui.tui.arming import NOBODY, Arming, Choice, Stage, begin, enter, reopen, switch
from wedtui.tui.board import Board
from wedtui.tui.emergency import Emergencies, Told
from wedtui.tui.freeze_choices import freeze_choices
from wedtui.tui.heard import named, planned
from wedtui.tui.keymap.table import Keymap
from wedtui.tui.palette import Palette
from wedtui.tui.panel import Panel
from wedtui.tui.spans import Line
from wedtui.tui.terminal import driver
from wedtui.tui.terminal.link import LinkReport
from wedtui.tui.theme import load_theme

WALKS = 10_000 if SOAKING else 400
STEPS = 100
AT_MOST_S = 0.1
"""A line that is not known to be slower brings a key within this."""

KEYMAP = Keymap()
NAMES = ("panel.go", "panel.next", "panel.leave", "panel.up", "panel.down")
ACTIONS: dict[str, Callable[[Panel], None]] = {
    "panel.go": Panel.action_go,
    "panel.next": Panel.action_switch,
    "panel.leave": Panel.action_leave,
    "panel.up": lambda panel: panel.action_move(-1),
    "panel.down": lambda panel: panel.action_move(1),
}
KEYS = {key: ACTIONS[name] for name in NAMES for key in KEYMAP.keys(name)}
NAME = ("tab", *LOST, "enter")
KEYBOARD = (*"abcdefghijklmnopqrstuvwxyzABFLORSX0123456789 /:?.-", "enter", "tab", "up", "down", "left", "backspace")
WHY = ("tab", "w", "h", "y", "enter")
SCRAPS = (
    NAME,
    NAME,
    NAME[:-1],
    NAME[1:],
    NAME[1:],
    WHY,
    WHY,
    ("F",),
    ("e",),
    ("enter",),
    ("tab",),
    ("F", "enter", *NAME),
)
MEANT = {Stage.CHOOSE: ("enter",), Stage.REASON: WHY, Stage.GLASS: WHY}
"""What leads on from there; from elsewhere the name does, or to go to what is offered instead of Cancel."""
GIVES = frozenset({"confirming", "approving"})
NAMED = {"confirm": Stage.NAME, "alone": Stage.GLASS_NAME, "approve": Stage.APPROVE}
"""What was asked for -> where the name is typed for it."""
CHARACTERS = {"enter": "\r", "tab": "\t", "escape": "\x1b", "backspace": "\x7f"}
PALETTE = Palette(load_theme("midnight"))


class WalkedHand(ServiceHand):
    """Says under which plan a freeze was confirmed, and with which words."""

    plan_and_typed = ("", "")

    def confirm_freeze(
        self, kind: str, subject: str, *, reason: str, digest: str, at: str, typed: str
    ) -> FreezeIs | OverrideIs:
        self.plan_and_typed = (digest, typed)
        return super().confirm_freeze(kind, subject, reason=reason, digest=digest, at=at, typed=typed)


class HeldPanel(Panel):
    """The panel, with frames that are drawn when the test says so."""

    def __init__(self, walk: Walk, arming: Arming) -> None:
        self.walk = walk
        super().__init__(cast(WedtuiApp, walk), arming)

    is_mounted = is_attached = True

    @property
    def size(self) -> Size:
        return self.walk.size

    def call_after_refresh(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
        self.walk.frames.append(callback)
        return True

    def post_message(self, message: Message) -> bool:
        if isinstance(message, Panel.Left) and self.walk.panel is self:
            self.walk.panel = None
        return True

    def show(self, lines: Any) -> None:
        self.walk.screen_lines = tuple(lines)


class HeldEmergencies(Emergencies):
    """Answers come when the test says so."""

    def ask(self, call: Callable[[Any], Any], take: Callable[[Any], None]) -> None:
        cast(Walk, self._app).asked.append((call, take))


@dataclass
class Walk:
    """One walk; what the panel and its app ask of a dashboard, is this."""

    dice: random.Random
    clock: MovableClock = field(default_factory=MovableClock)
    panel: HeldPanel | None = None
    size: Size = field(default_factory=lambda: Size(80, 16))
    screen_lines: tuple[Line, ...] = ()
    link: LinkReport | None = None
    frames: list[Callable[[], None]] = field(default_factory=list)
    asked: list[tuple[Callable[[Any], Any], Callable[[Any], None]]] = field(default_factory=list)
    waiting: list[events.Key | events.Paste] = field(default_factory=list)
    pressed: list[tuple[float, str]] = field(default_factory=list)
    """When each key left its finger, as far as a person could see what stood there."""
    tried: int = 0
    """How many of them had been pressed when something was confirmed last, whether it was taken or not."""
    drawn: dict[tuple[int, str, Stage], float] = field(default_factory=dict)
    """Since when each plan stood there with the question for its name, or why alone, since the panel was opened."""
    log: list[str] = field(default_factory=list)
    chosen: bool = False
    """Whether the walk began where the emergency path was chosen."""

    is_running = True
    palette, keymap, focused = PALETTE, KEYMAP, None

    def __post_init__(self) -> None:
        world = SimpleNamespace(traffic=TRAFFIC, providers=(), condition=ServiceCondition.DEAD, actions=None)
        self.board = Board(self.clock.at, picture=cast(Any, world))
        self.hands = SimpleNamespace(jumping=False)
        demanded = self.dice.choice(([], [TWO]))
        self.hand = WalkedHand(self.clock, kept=[action(needs=demanded)], demanded=demanded)
        self.hand.user = self.dice.choice(("ada", "ada", "kay"))
        self.emergencies = HeldEmergencies(cast(WedtuiApp, self), read_only=False)
        self.emergencies.use(self.hand, None)
        self.emergencies.told = Told(self.hand.whoami())

    @property
    def dashboard(self) -> Walk:
        return self

    screen = dashboard

    def say(self, sentence: str) -> None:
        """Nobody listens."""

    def show_board(self) -> None:
        """Nothing but the panel is drawn."""

    def arm(self, kind: EmergencyKind) -> None:
        if not emergency(kind).moves_traffic:
            asks = "asking which freezes there are" if kind is EmergencyKind.FREEZE_LIFT else None
            self.open(replace(begin(kind, freeze_choices(emergency(kind).target, "production")), waits=asks))
            return
        choices = (Choice(LOST, "60 %", "CRITICAL"), Choice("gcp", "40 %", "OK"))
        self.open(begin(kind, choices, self.emergencies.ledger))

    def bell(self) -> None:
        """Nobody hears it."""

    def lock_down(self) -> None:
        """Come as far as a plan of a lockdown that waits for its name."""
        kind = EmergencyKind.LOCKDOWN
        plan = self.hand.plan_freeze(kind.value, EVERYTHING)
        chosen = planned(begin(kind, freeze_choices(emergency(kind).target, "production")), plan)
        self.open(named(replace(chosen, reason="why"), plan))

    def wait_for_a_second_person(self) -> None:
        self.hand.user, self.hand.demanded = "ada", [TWO]
        self.hand.kept = [action(needs=[TWO], confirmed_by="ada")]
        self.emergencies.told = Told(self.hand.whoami())
        waits = reopen(self.hand.kept[0], self.emergencies.me)
        breaks, _ = enter(switch(waits), self.clock.at)
        self.open(self.dice.choice((waits, breaks, breaks)))

    def go_without_the_ledger(self) -> None:
        self.ledger_goes_or_comes()
        self.emergencies.told = self.emergencies.told._replace(standing=self.hand.automation)
        kind = EmergencyKind.FAILOVER
        armed = begin(kind, (Choice(LOST, "60 %", "CRITICAL"),), self.emergencies.ledger)
        self.chosen = self.dice.random() < 0.8
        self.open(planned(replace(armed, aside=self.chosen), self.hand.plan(kind.value, [LOST])))

    def reopen(self, stored: ActionIs, *, followed: bool = False) -> None:
        self.open(reopen(stored, NOBODY if followed else self.emergencies.me))

    def open(self, arming: Arming) -> None:
        self.drawn.clear()
        self.panel = HeldPanel(self, arming)
        self.panel.on_mount()

    # What happens.

    def press(self) -> None:
        """Press a few keys; they arrive as the line lets them, and lie there."""
        how = self.dice.random()
        if how < 0.45 and self.panel is not None:
            arming = self.panel.arming
            name = ("tab", *arming.target, "enter")
            self.strike(("tab", "enter") if arming.offer is not None else MEANT.get(arming.stage, name))
        else:
            self.strike(self.dice.choice(SCRAPS) if how < 0.9 else self.dice.choices(KEYBOARD, k=4))

    def paste(self) -> None:
        """Paste, between two keys or alone."""
        self.strike(self.dice.choice(((), ("tab",))))
        self.waiting.append(events.Paste(self.dice.choice((LOST, f"{LOST}\r", "\t" + LOST))))
        self.strike(self.dice.choice(((), ("enter",))))

    def strike(self, keys: Sequence[str]) -> None:
        """Press keys, quickly or slowly, on a line that is as slow as is known, or hangs."""
        delay = (self.link.delay or 0.0) if self.link is not None else 0.0
        lag, hangs = self.dice.uniform(0, max(delay, AT_MOST_S)), self.dice.random() < 0.15
        for key in keys:
            self.passes(self.dice.choice((0.0, 0.001, 0.05)))
            event = events.Key(key, CHARACTERS.get(key, key))
            event.time = self.clock.seconds + lag
            if hangs:
                setattr(event, driver._LATE, True)
            else:
                self.pressed.append((self.clock.seconds, key))
            self.waiting.append(event)

    def hear(self) -> None:
        """Let some of the keys that lie there be heard."""
        for _ in range(self.dice.choice((1, 4, 30))):
            if self.waiting:
                event = self.waiting.pop(0)
                # The loop hears no key before it came.
                self.passes(max(event.time - self.clock.seconds, 0.0))
                self._hear(event)

    def _hear(self, event: events.Key | events.Paste) -> None:
        if self.emergencies.unheard(event) or self.panel is None:
            return
        if isinstance(event, events.Paste):
            done(self.panel._on_paste(event))
        elif event.key in KEYS:
            before = self.panel.arming
            KEYS[event.key](self.panel)
            if self.panel is not None and self.panel.arming.waits in GIVES and before.waits not in GIVES:
                assert before.expires_at is not None
                assert self.clock.at < before.expires_at
        else:
            done(self.panel._on_key(event))

    def frame(self) -> None:
        """Draw what is to be drawn."""
        frames, self.frames = self.frames, []
        for callback in frames:
            callback()
        arming = self.panel.arming if self.panel is not None else None
        if arming is not None and arming.stage in {*NAMED.values(), Stage.GLASS}:
            stored = arming.action
            plan = (stored.id, stored.digest) if stored is not None else (0, arming.digest)
            self.drawn.setdefault((*plan, arming.stage), self.clock.seconds)

    def answer(self) -> None:
        """Let an answer come."""
        if not self.asked:
            return
        call, take = self.asked.pop(0)
        before, asked = len(self.hand.confirms), len(self.hand.calls)
        answer: object
        try:
            answer = call(self.hand)
        except WedtuiError as error:
            answer = error
        take(answer)
        for confirm in self.hand.confirms[before:]:
            self.judge(confirm)
        if any(call.startswith("ask") and " aside:" in call for call in self.hand.calls[asked:]):
            meant = iter([key for _, key in self.pressed])
            words = ("tab", "enter") if self.chosen else ("tab", "enter", "tab", "enter")
            assert all(key in meant for key in words), "without the ledger, unasked"

    def judge(self, confirm: str) -> None:
        """Whoever has this confirmed has typed the whole name since that plan was drawn, after the last try."""
        what, number, digest, typed = confirm.split(" ", 3)
        stored = number.isdecimal()
        if not stored:
            digest, typed = self.hand.plan_and_typed
        typed, alone, why = typed.partition(": ALONE, ")
        plan = (int(number) if stored else 0, digest)
        since = self.drawn.get((*plan, NAMED["alone" if alone else what]))
        assert since is not None, "a plan that was never drawn"
        self._typed(("tab", *typed, "enter"), since, self.tried)
        if alone:
            # The reason stands there from one try to the next, the name does not.
            self._typed(("tab", *why.strip(), "enter"), self.drawn[(*plan, Stage.GLASS)], 0)
        assert what == "confirm" or self.hand.user != self.hand.action(int(number)).person
        assert typed == (LOST if stored else EVERYTHING)
        self.tried = len(self.pressed)

    def _typed(self, words: Sequence[str], since: float, tried: int) -> None:
        """See that keys were pressed in this order since an instant, and after the first so many of all."""
        meant = iter([key for at, key in self.pressed[tried:] if at >= since])
        assert all(key in meant for key in words), f"{words} was not typed since it was drawn, or since it was tried"

    def plan_changes(self) -> None:
        newest = self.hand.kept[0]
        if newest.state == "awaiting confirmation":
            expires_at = self.clock.at + 60 * SECOND
            self.hand.change(newest.id, digest=f"d{self.dice.random()}", expires_at=expires_at)

    def service_goes_or_comes(self) -> None:
        self.hand.problem = None if self.hand.problem else GONE

    def another_approves(self) -> None:
        """A second person gives their word somewhere else."""
        newest = self.hand.kept[0]
        if newest.confirmed_by == "ada" == self.hand.user and newest.needs and self.hand.problem is None:
            self.hand.user = "kay"
            self.hand.approve(newest.id, digest=newest.digest, typed=LOST)
            self.hand.user = "ada"
            self.hand.calls = [call for call in self.hand.calls if not call.startswith("approve")]

    def ledger_goes_or_comes(self) -> None:
        lost = self.hand.automation.ledger is not None
        self.hand.automation = EmergencyIs("propose", standby=STANDBY) if lost else NO_LEDGER

    def resize(self) -> None:
        self.size = Size(self.dice.randint(1, 130), self.dice.randint(1, 40))

    def passes(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.board = replace(self.board, now=self.clock.at)

    def second(self) -> None:
        self.passes(1.0)
        self.emergencies.pass_second()

    def long_time(self) -> None:
        self.passes(self.dice.choice((0.2, 0.5, 0.5, 3.0, 3.0, 61.0)))


HAPPENS: tuple[tuple[int, Callable[[Walk], None]], ...] = (
    (14, Walk.press),
    (14, Walk.hear),
    (10, Walk.frame),
    (10, Walk.answer),
    (3, Walk.paste),
    (2, Walk.plan_changes),
    (1, Walk.service_goes_or_comes),
    (1, Walk.another_approves),
    (1, Walk.ledger_goes_or_comes),
    (1, Walk.resize),
    (4, Walk.second),
    (6, Walk.long_time),
)


def done(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run what never waits."""
    with pytest.raises(StopIteration):
        coroutine.send(None)


def walked(seed: int, moved: pytest.MonkeyPatch) -> Walk:
    """Go some steps, from the dashboard, or from what waits: for a name, for a second person, for the ledger."""
    dice = random.Random(seed)
    delay = dice.choice((None, 0.01, 0.4, 2.0))
    walk = Walk(dice, link=LinkReport(delay) if delay is not None else None)
    moved.setattr(textual._time, "get_time", walk.clock.monotonic)
    begins = dice.random()
    if begins < 0.4:
        walk.reopen(walk.hand.kept[0])
    elif begins < 0.6:
        walk.wait_for_a_second_person()
    elif begins < 0.7:
        walk.lock_down()
    elif begins < 0.9:
        walk.go_without_the_ledger()
    weights, steps = zip(*HAPPENS, strict=True)
    for step in dice.choices(steps, weights, k=STEPS):
        walk.log.append(step.__name__)
        try:
            step(walk)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}\nafter {walk.log}") from error
    return walk


def test_nothing_is_confirmed_that_was_not_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    confirmed = opened = frozen = approved = alone = aside = 0
    for seed in range(WALKS):
        walk = walked(seed, monkeypatch)
        confirmed += any(each.confirmed_by for each in walk.hand.kept)
        opened += any(call.startswith("ask") for call in walk.hand.calls)
        frozen += bool(walk.hand.plan_and_typed[0])
        approved += any(call.startswith("approve") for call in walk.hand.calls)
        alone += any(each.broke_glass is not None for each in walk.hand.kept)
        aside += any(each.aside and each.confirmed_by for each in walk.hand.kept)
    # Hands that never come so far prove nothing.
    assert confirmed > WALKS / 100
    assert opened > WALKS / 200
    assert frozen > WALKS / 200
    assert approved > WALKS / 200
    assert alone
    assert aside
