"""Ten thousand random hands on the panel's state alone: nothing is confirmed that was not meant.

The state machine of `tui.arming` with neither terminal nor service, so that thousands take seconds. A stall is a screen
that shows what stood there before: what is pressed on it is thrown away, as `Panel.unseen` does. The panel itself is
walked in `test_emergency_keys.py`, and through a pseudo-terminal in `tests/actions/test_random_keys.py`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from tests.pictures import NOW, SECOND
from tests.tui.service_hand import GONE, LOST, TWO, action, json_of
from wedtui.control.answers import ActionIs, PlanIs
from wedtui.core.emergency import EmergencyKind
from wedtui.core.roles import NEEDED
from wedtui.errors import ConflictError
from wedtui.tui.arming import Arming, Choice, Me, Stage, Wish, begin, clear, reopen
from wedtui.tui.arming import enter as press_enter
from wedtui.tui.arming import switch as press_tab
from wedtui.tui.arming import write as press_letter
from wedtui.tui.heard import asked, confirmed, planned, polled

WALKS, KEYS = 10_000, 60
GIVES = frozenset({Wish.CONFIRM, Wish.APPROVE})
ADA, KAY = (Me(name, frozenset(each.value for each in NEEDED)) for name in ("ada", "kay"))
PLAN = json_of()
PLANS = (PlanIs(PLAN, "d1", []), PlanIs(json_of({"azure": 30, "gcp": 60, "digitalocean": 20}), "d2", []))
WAITING = action()
NAME, WHY = ("tab", *LOST, "enter"), ("tab", "w", "h", "y", "enter")
SCRAPS = (NAME, NAME, NAME[1:], NAME[:-1], ("tab",), ("enter",), ("enter", "enter"), WHY, WHY, ("backspace",))
LETTERS = tuple("awswxyzAF 1")


class Pressed(NamedTuple):
    """A key, and what stood on the screen when it was pressed."""

    shown: int
    plan: str
    key: str


@dataclass
class Hands:
    """One walk."""

    dice: random.Random
    lacks: str
    """Of what has to be pressed to confirm anything; empty: nothing."""
    now: datetime = NOW
    me: Me = ADA
    stored: ActionIs = WAITING
    answer: Callable[[Arming], Arming] | None = None
    """What the service will say to what it was asked last."""
    pressed: list[Pressed] = field(default_factory=list)
    given: int = 0
    named: bool = False

    def __post_init__(self) -> None:
        self.me = self.dice.choice((ADA, ADA, KAY))
        begun = begin(EmergencyKind.FAILOVER, (Choice(LOST, "60 %", "CRITICAL"), Choice("gcp", "40 %", "OK")))
        needs = self.dice.choice(([], [TWO]))
        self.stored = replace(WAITING, needs=needs, confirmed_by="ada" if self.me is KAY and needs else None)
        waits = reopen(self.stored, self.me)
        self.arming = self.dice.choice((replace(begun, me=self.me), waits, waits))
        self.screen = self.arming

    def walk(self) -> None:
        """Press keys, let answers come and screens be drawn, in any order."""
        waiting: list[str] = []
        for _ in range(KEYS):
            if not waiting:
                waiting = [key for key in self._scrap() if key != self.lacks]
            happens = self.dice.random()
            if happens < 0.70 and waiting:
                self._press(waiting.pop(0))
            elif happens < 0.85:
                self._draw()
            elif happens < 0.93 and self.answer is not None:
                answer, self.answer = self.answer, None
                self.arming = answer(self.arming)
            else:
                self._happens()
            self.named |= self.arming.stage in {Stage.NAME, Stage.APPROVE, Stage.GLASS_NAME}

    def _scrap(self) -> Sequence[str]:
        return self.dice.choice(SCRAPS) if self.dice.random() < 0.8 else self.dice.choices(LETTERS, k=3)

    def _draw(self) -> None:
        """Have the screen show what there is; where a key can count, all of it was on the screen."""
        self.arming = replace(self.arming, unread=False)
        self.screen = self.arming

    def _press(self, key: str) -> None:
        arming = self.arming
        if self.screen.shown != arming.shown:
            return  # thrown away: nobody saw what it would do
        self.pressed.append(Pressed(arming.shown, self._plan_of(arming), key))
        if key == "tab":
            self.arming = press_tab(arming)
        elif key == "enter":
            self.arming, wish = press_enter(arming, self.now)
            self._hear(arming, wish)
        elif key == "backspace":
            self.arming = press_letter(arming, None)
        else:
            self.arming = press_letter(arming, key)

    @staticmethod
    def _plan_of(arming: Arming) -> str:
        return arming.action.digest if arming.action is not None else arming.digest

    def _hear(self, before: Arming, wish: Wish | None) -> None:
        """Note what is asked of the service; its answer, or that there is none, comes later."""
        if wish in GIVES:
            self._judge(before)
            self._answers(replace(self.stored, confirmed_by=self.me.user, state="claimed", needs=[]), confirmed)
        elif wish is Wish.PLAN:
            self._answers(self.dice.choice(PLANS), planned)
        elif wish is Wish.ASK:
            digest = self.dice.choice(("d1", "d2"))
            self.stored = replace(self.stored, person=self.me.user, digest=digest, confirmed_by=None)
            self._answers(self.stored, asked)

    def _answers(self, answer: Any, take: Callable[[Arming, Any], Arming]) -> None:
        found = self.dice.choice((answer, answer, answer, answer, GONE, ConflictError("it is another one by now")))
        self.answer = lambda arming: take(arming, found)

    def _judge(self, before: Arming) -> None:
        """Whoever has this confirmed has pressed all that takes, in order, on exactly this question and plan."""
        self.given += 1
        assert not self.lacks, f"confirmed without {self.lacks!r}"
        meant = iter([each.key for each in self.pressed if each[:2] == (before.shown, self._plan_of(before))])
        assert all(key in meant for key in NAME), "the name was not typed on this plan"
        assert before.expires_at is not None
        assert self.now < before.expires_at
        self.pressed.clear()

    def _happens(self) -> None:
        """Another plan, the same one made anew, what the second person does, or time."""
        how = self.dice.random()
        if how < 0.3:
            self.stored = replace(self.stored, digest=self.dice.choice(("d1", "d2", "d3")))
        elif how < 0.6:
            self.stored = replace(self.stored, expires_at=self.now + 60 * SECOND)
        elif how < 0.7:
            self.now += self.dice.choice((1, 5, 61)) * SECOND
        if self.arming.action is not None and self.arming.waits is None:
            self.arming = polled(self.arming, self.stored)


def test_ten_thousand_random_hands_confirm_nothing_that_was_not_meant() -> None:
    given = named = 0
    for seed in range(WALKS):
        dice = random.Random(seed)
        # Half of them lack something without which nothing is confirmed, whatever else they press and whenever.
        hands = Hands(dice, dice.choice(("", "", "", "tab", "enter", "a", "w", "s")))
        try:
            hands.walk()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        given += hands.given
        named += hands.named
    # Hands that never come so far prove nothing.
    assert given > WALKS / 100
    assert named > WALKS / 2


def test_a_wrong_name_is_thrown_away_and_the_field_can_be_emptied() -> None:
    arming = press_tab(replace(reopen(WAITING, ADA), unread=False))
    for letter in "azure":
        arming = press_letter(arming, letter)
    arming, wish = press_enter(arming, NOW)
    assert (arming.text, wish) == ("", None)
    assert arming.said == "that is not its name: type aws to confirm"
    for letter in "gcp":
        arming = press_letter(arming, letter)
    assert clear(arming).text == ""
    for letter in "aws":
        arming = press_letter(clear(arming) if letter == "a" else arming, letter)
    assert press_enter(arming, NOW)[1] is Wish.CONFIRM
