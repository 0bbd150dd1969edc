"""Random keys through a pseudo-terminal, at the real dashboard of a real service: nothing is ever confirmed.

"Never" is judged where a word would arrive: on the control socket, before the service looks at it, no request comes
that gives anybody's word for a plan (`confirm`, `approve`, `freeze-confirmations`), whoever would have refused it.
What would mean a failover is never pressed. That is to press, after the question for the name was drawn, Tab, the name
letter by letter, and Enter. A sequence keeps from it in one of three ways:

- it *lacks* one of these keys altogether, and is else made of the very keys of a failover, at any moment, with stalls;
- it is *blind*: all of a failover's keys in one burst, or while the dashboard stands still, from where the question for
  the name is not yet asked: all of it was pressed before the question was drawn;
- it is *unheard*: all of a failover's keys one after another while nobody reads the terminal, once the line hangs.

At the end the same keys, each pressed on what was seen, are confirmed: so the hand and the ear are known to work.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.actions.relay import Relay
from tests.actions.site import Site
from tests.actions.test_by_keys import PRESSED_AGAIN_AFTER_S, dashboard, named, press_until, typed
from tests.places import SQLITE
from tests.poller.service_process import eventually
from tests.providers.traffic.pdns import PowerDns
from tests.soaking import hands, parts, tell
from tests.terminals import Terminal
from wedtui.paths import StatePaths

ONLY_ON = SQLITE
SEQUENCES = hands(14)
UNHEARD_OF = 14
"""One of so many is unheard: a line hangs only after seconds."""
HANGS_S = 3.3
"""A terminal that answers is asked every 2 s, and hangs 1 s after it should have answered."""
LOOKS_S = 1.0
PARTS = parts(SEQUENCES, 100)
"""Each has a service, a dashboard and dice of its own: nearly all of a sequence is waiting."""
TOLD_EVERY = 25

NAME = ("\t", "a", "w", "s", "\r")
WHY = ("\t", "w", "h", "y", "\r")
FAILOVER = ("F", "\r", *WHY, *NAME)
SCRAPS = (FAILOVER, NAME, NAME, NAME[1:], WHY, ("F", "\r"), ("\r",), ("\t",), ("\r", *NAME))
KEYS = ("F", "\r", "\t", "a", "w", "s", "\x7f", "\x1b[A", "\x1b[B", "g", "c", "p", "L", "Z", "A", "X", "e", " ")
PASTES = ("\x1b[200~aws\r\x1b[201~", "\x1b[200~\taws\r\x1b[201~", "\x1b[200~F\r\x1b[201~")
_PANEL = "Esc leave"
"""Stands among the hints while a panel is open."""
_FILTER = "Esc clear filter"
_DASHBOARD = "emergency actions"
"""A pane that no other screen has."""
NEEDED = ("\t", "a", "w", "s", "\r")


@pytest.fixture
def site(tmp_path: Path, pdns: PowerDns) -> Iterator[Site]:
    made = Site(tmp_path, pdns, mode="off")
    try:
        made.platform.down.add("aws")
        eventually(lambda: made.station.seen("gcp", "PASS") and made.station.seen("aws", "FAIL"))
        yield made
    finally:
        made.close()


class Hand:
    """A hand at a dashboard, which does not always look."""

    def __init__(self, terminal: Terminal, dice: random.Random) -> None:
        self.terminal, self.dice = terminal, dice
        self.named = 0
        """In how many sequences the question for the name stood there."""

    def lacking(self) -> None:
        """Press the keys of a failover but one, with stalls of either side; sometimes look, as who gets far does."""
        lacks = self.dice.choice(NEEDED)
        asked = False
        if self.dice.random() < 0.5:
            self._as_far_as_the_name(lacks)
        for _ in range(self.dice.randint(2, 8)):
            keys = self.dice.choice(SCRAPS) if self.dice.random() < 0.7 else self.dice.choices(KEYS, k=5)
            burst = "".join(key for key in keys if key != lacks)
            stalls = self.dice.random()
            if stalls < 0.15:
                with self.standing_still():
                    self._press(burst)
            elif stalls < 0.25 and lacks != "\r":
                self._press(self.dice.choice(PASTES))
            else:
                self._press(burst)
            if self.dice.random() < 0.6:
                self.look(self.dice.choice((0.0, 0.02, 0.2, 0.4)))
            asked |= "type aws:" in self.terminal.text
        self.named += asked

    def blind(self) -> None:
        """Press all of it at once, from where a part of it was seen already, but not the question for the name."""
        begins = self.dice.randrange(3)
        if begins and not self._goes("F", "away from where?"):
            return
        if begins == 2 and not self._goes("\r", "why:"):
            return
        rest = FAILOVER[(0, 1, 2)[begins] :]
        if self.dice.random() < 0.5:
            self._press("".join(rest))
            return
        with self.standing_still():
            for key in rest:
                self._press(key)

    def unheard(self) -> None:
        """Press all of it while nobody reads what is drawn."""
        time.sleep(HANGS_S)
        for key in FAILOVER:
            self._press(key)
            time.sleep(self.dice.choice((0.0, 0.05, 0.3)))

    def leave(self) -> None:
        """Come back to the dashboard itself with no panel open, and with every key heard that was pressed before.

        Keys are heard in their order, and no sequence has the one that opens the filter: once that stands there, what
        was pressed before it is over.
        """
        for tried in range(40):
            # Longer each time: on a busy machine both are heard as one key, or it is drawn later than the next Esc is
            # pressed, and so never seen.
            self._press("\x1b")
            self.look(0.15 + 0.05 * tried)
            self._press("/")
            if self._stands(lambda text: _FILTER in text, 0.6 + 0.2 * tried):
                self._press("\x1b")
                if self._stands(lambda text: _FILTER not in text and _PANEL not in text and _DASHBOARD in text):
                    return
        raise AssertionError(f"it does not come back to the dashboard:\n{self.terminal.text}")

    def _stands(self, condition: Callable[[str], bool], seconds: float = 2.0) -> bool:
        """Look for a while whether the screen becomes so."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if condition(self.terminal.text):
                return True
            self.terminal.read(0.02)
        return False

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Have the dashboard stand still, as on a machine that is too busy, or behind Ctrl-Z of another."""
        os.kill(self.terminal.pid, signal.SIGSTOP)
        try:
            yield
            time.sleep(self.dice.choice((0.0, 0.1, 0.4)))
        finally:
            os.kill(self.terminal.pid, signal.SIGCONT)

    def look(self, seconds: float) -> None:
        """Read what is drawn, until nothing comes for so long; what is drawn anew all the time is not waited out."""
        ends = time.monotonic() + LOOKS_S + seconds
        while time.monotonic() < ends and self.terminal.read(seconds):
            pass

    def _as_far_as_the_name(self, lacks: str) -> None:
        """Go to the question for the name where that needs nothing that is lacked, as far as it goes."""
        if lacks in {"\t", "\r"}:
            return
        reason = [key for key in WHY if key != lacks]
        if self._goes("F", "away from where?") and self._goes("\r", "why:") and self._goes("\t", "› why:"):
            self._press("".join(reason[1:-1]))
            self.look(0.05)
            self._goes("\r", "type aws:")

    def _goes(self, key: str, words: str) -> bool:
        """Press a key on what was seen, and look whether words come of it; keys that came too soon do nothing."""
        for _ in range(3):
            self.look(0.2)
            self._press(key)
            if self._stands(lambda text: words in text, PRESSED_AGAIN_AFTER_S):
                return True
        return False

    def _press(self, keys: str) -> None:
        self.terminal.type(keys)


@pytest.mark.parametrize("numbers", PARTS, ids=lambda part: f"{part.start}-{part.stop - 1}")
def test_random_keys_with_stalls_never_confirm_anything(
    site: Site, numbers: range, capsys: pytest.CaptureFixture[str]
) -> None:
    shares, dice = site.zone.live(), random.Random(2 + PARTS.index(numbers))
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "control.sock"
        relay = Relay(socket, StatePaths(site.place.state).control(site.station.loaded.configuration))
        try:
            with dashboard(site, (80, 24), WEDTUI_CONTROL__SOCKET=str(socket)) as terminal:
                hand = Hand(terminal, dice)
                for done, number in enumerate(numbers, 1):
                    press = _way(hand, number)
                    press()
                    hand.leave()
                    assert not relay.words, f"sequence {number}, {press.__name__}: {relay.words}"
                    if done % TOLD_EVERY == 0 or done == len(numbers):
                        told = f"{done} of {len(numbers)} sequences from {numbers.start}"
                        tell(capsys, f"{told}: {hand.named} to the name, {relay.requests} plans, nothing confirmed")
                # Hands that never come so far prove nothing.
                assert hand.named > len(numbers) / 20
                assert relay.requests > len(numbers) / 20
                assert site.zone.live() == shares
                assert not [each for each in site.client.actions() if each.confirmed_by or each.steps]
                named(terminal, "aws", "it answers 503")
                assert not relay.words
                press_until(terminal, "\t", lambda: "› type aws:" in terminal.text)
                typed(terminal, "type aws", "aws")
                press_until(terminal, "\r", lambda: relay.words)
        finally:
            relay.close()


def _way(hand: Hand, number: int) -> Callable[[], None]:
    if number % UNHEARD_OF == UNHEARD_OF - 1:
        return hand.unheard
    return hand.blind if number % 3 == 2 else hand.lacking
