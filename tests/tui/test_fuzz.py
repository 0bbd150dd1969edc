"""The whole keyboard, walked by random hands: no key in no state may end the dashboard or hide what always stands."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from textual import events
from textual.geometry import Size
from textual.pilot import Pilot

from tests.pictures import FakeSource, MovableClock
from tests.tui.driving import run
from tests.tui.fuzzing import REBOUND, any_input, any_jump, any_link, any_problem, any_source
from wedtui.tui.album import Album
from wedtui.tui.app import WedtuiApp
from wedtui.tui.reader import Reader
from wedtui.tui.screens.base import BoardScreen
from wedtui.tui.screens.commands import CalmPalette
from wedtui.tui.surface import Surface
from wedtui.tui.terminal.abilities import EVERYTHING, Abilities, Depth
from wedtui.tui.terminal.link import LinkReport
from wedtui.tui.wall.app import WallApp
from wedtui.tui.wall.pages import wall_lines

# dashboard, provider, chart, resources, resource, what is wrong, freeze, weddings, their list, one of them, help,
# palette: each at most once.
MOST_SCREENS = 12
STEPS = 250
LOOK_EVERY = 5


class Walking:
    """What is not left, on a line that the test makes."""

    reported: LinkReport | None = None
    quits = 0

    @property
    def link(self) -> LinkReport | None:
        return self.reported

    async def action_quit(self) -> None:
        self.quits += 1


class WalkedDashboard(Walking, WedtuiApp):
    """A dashboard that is not left."""


class WalkedWall(Walking, WallApp):
    """A wall that is not left."""


Walked = WalkedDashboard | WalkedWall


@dataclass
class Walk:
    """One walk: what may happen, and what has to hold whatever did."""

    dice: random.Random
    app: Walked
    source: FakeSource
    clock: MovableClock
    log: list[str] = field(default_factory=list)

    def told(self, what: str) -> str:
        """Return what went wrong, and what was done before."""
        return "\n".join((what, "after:", *self.log[-40:]))

    def step(self) -> None:
        """Let one thing happen, and a part of what follows from it: nobody waits for a screen before the next key."""
        names = (
            ("press",) * 12 + ("size",) * 2 + ("mail",) * 4 + ("world", "problem", "jump", "second", "link", "keymap")
        )
        name = self.dice.choice(names)
        self.log.append(name)
        getattr(self, f"_{name}")()

    def _press(self) -> None:
        driver = self.app._driver
        assert driver is not None
        for message in any_input(self.dice):
            self.log.append(f"  {message!r}")
            driver.process_message(message)

    def _size(self) -> None:
        driver = self.app._driver
        assert driver is not None
        size = Size(self.dice.randint(20, 200), self.dice.randint(6, 60))
        self.log.append(f"  {size}")
        driver._size = (size.width, size.height)
        self.app.post_message(events.Resize(size, size))

    def _mail(self) -> None:
        self.app._reader.step()

    def _world(self) -> None:
        self.source.dirty = True
        self.app._reader.step()

    def _problem(self) -> None:
        self.source.problem = any_problem(self.dice)
        self._mail()

    def _jump(self) -> None:
        span = any_jump(self.dice)
        self.log.append(f"  {span}")
        self.clock.at += span
        self.clock.seconds += max(span.total_seconds(), 0)
        self.app.tick()
        self._mail()

    def _second(self) -> None:
        self.clock.at += any_jump(self.dice) / 1000
        self.clock.seconds += 1
        self.app.tick()

    def _link(self) -> None:
        self.app.reported = any_link(self.dice)
        self.app.tick()

    def _keymap(self) -> None:
        if isinstance(self.app, WalkedDashboard):
            self.app.use_keymap(self.dice.choice(REBOUND))


async def walk(app: Walked, walker: Walk, holds: Callable[[], None]) -> None:
    """Go some steps; whenever the app has come to rest, everything has to hold."""
    async with app.run_test(size=(80, 24)) as pilot:
        for number in range(STEPS):
            walker.step()
            for _ in range(walker.dice.choice((0, 1, 5, 20))):
                await asyncio.sleep(0)
            if number % LOOK_EVERY == LOOK_EVERY - 1:
                await pilot.pause()
                assert app.is_running, walker.told("it has ended")
                await _comes_to(pilot, walker, holds)
    # Hands that no key obeys prove nothing.
    assert app.quits, walker.told("nobody ever wanted to leave")


async def _comes_to(pilot: Pilot[None], walker: Walk, holds: Callable[[], None]) -> None:
    for last in (False,) * 20 + (True,):
        try:
            holds()
            return
        except AssertionError as error:
            if last:
                raise AssertionError(walker.told(str(error))) from error
            await pilot.pause(0.02)


def drawn(surface: Surface) -> str:
    return "\n".join(surface.render_line(y).text for y in range(surface.size.height))


def dashboard_holds(app: WalkedDashboard) -> None:
    stack = [type(screen).__name__ for screen in app.screen_stack]
    assert isinstance(app.screen, BoardScreen | CalmPalette), f"{stack} on top"
    assert len(stack) <= MOST_SCREENS, f"{stack} on one another"
    status = drawn(app.seen.query_one("#status", Surface))
    wanted = "wedtui" if app.board.picture is None else app.board.picture.environment.upper()
    assert wanted in status, f"the status is {status!r}"


def wall_holds(app: WalkedWall) -> None:
    assert len(app.screen_stack) == 1
    surface = app.screen.query_one("#wall", Surface)
    assert surface.size == app.size
    wanted = wall_lines(app.board, *app.size, started=app.started, every=app.every)
    assert drawn(surface) == "\n".join("".join(text for text, _role in line) for line in wanted)


@pytest.fixture(autouse=True)
def _stepped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader's thread takes its steps when the test says so: a seed is a whole story."""
    monkeypatch.setattr(Reader, "start", lambda _reader: None)


@pytest.mark.parametrize("seed", range(3))
def test_no_key_ends_the_dashboard(seed: int, tmp_path: Path) -> None:
    dice, clock = random.Random(seed), MovableClock()
    source = any_source(dice)
    app = WalkedDashboard(
        lambda: source,
        clock,
        theme="midnight",
        session_file=tmp_path / "dashboard.json",
        album=Album(tmp_path / "pictures", "0", lambda: ("somebody",)),
        abilities=None if seed % 3 else _abilities(dice),
    )
    run(walk(app, Walk(dice, app, source, clock), lambda: dashboard_holds(app)))


def _abilities(dice: random.Random) -> Abilities:
    return replace(EVERYTHING, depth=dice.choice(list(Depth)))


@pytest.mark.parametrize("seed", range(2))
def test_no_key_ends_the_wall(seed: int) -> None:
    dice, clock = random.Random(seed), MovableClock()
    source = any_source(dice)
    app = WalkedWall(lambda: source, clock, theme="war-room", every=2)
    run(walk(app, Walk(dice, app, source, clock), lambda: wall_holds(app)))
