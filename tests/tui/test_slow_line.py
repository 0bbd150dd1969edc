"""What a person sees on a slow line: less is drawn, it is said, and it comes back."""

from __future__ import annotations

import pytest

from tests.pictures import MovableClock
from tests.tui.driving import driven, make_app, run, screen_text, until
from wedtui.tui.app import CLOCK_DRAWN_WITHIN, WedtuiApp
from wedtui.tui.draw.status import delay_words
from wedtui.tui.terminal.link import Drawing, LinkReport

CHART = "⠁⠂⠄⡀⠈⠐⠠⢀⠉⠒⠤⣀"


class OnALine(WedtuiApp):
    """A dashboard on a line that the test gives."""

    report = LinkReport(0.004, 1e6, 0, 0.0, Drawing.FULL, 0)
    clock: MovableClock

    @property
    def link(self) -> LinkReport:
        return self.report

    def let_pass(self) -> None:
        """Let so much time pass that the clock is drawn whatever else was."""
        self.clock.advance(2 * CLOCK_DRAWN_WITHIN)
        self.tick()


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> OnALine:
    monkeypatch.setattr("tests.tui.driving.WedtuiApp", OnALine)
    made = make_app()
    assert isinstance(made, OnALine)
    return made


def colours(app: WedtuiApp) -> set[str]:
    """Return the names of the colours on the screen."""
    strips = app.screen._compositor.render_strips()
    styles = [segment.style for strip in strips for segment in strip if segment.style]
    return {c.name for style in styles for c in (style.color, style.bgcolor) if c and not c.is_default}


def has_chart(app: WedtuiApp) -> bool:
    return any(0x2800 < ord(c) < 0x2900 for c in screen_text(app))


def test_lean_leaves_the_chart_out_and_says_so_and_recovers(app: OnALine) -> None:
    async def walk() -> None:
        async with driven(app, (120, 40)) as pilot:
            app.let_pass()
            await until(pilot, lambda: "link 5 ms" in screen_text(app))
            assert has_chart(app)
            app.report = LinkReport(1.4, 800.0, 3100, 0.0, Drawing.LEAN, 0)
            app.let_pass()
            await until(pilot, lambda: "LEAN" in screen_text(app))
            text = screen_text(app)
            assert "link 1.4 s, 3.1 kB queued" in text
            assert "the chart is left out while the line is slow" in text
            assert not has_chart(app)
            assert colours(app)
            app.report = OnALine.report
            app.let_pass()
            await until(pilot, lambda: has_chart(app))
            assert "LEAN" not in screen_text(app)

    run(walk())


def test_text_is_drawn_without_colours_until_the_line_is_better(app: OnALine) -> None:
    async def walk() -> None:
        async with driven(app, (80, 24)) as pilot:
            before = colours(app)
            app.report = LinkReport(4.2, 100.0, 0, 0.0, Drawing.TEXT, 0)
            app.let_pass()
            await until(pilot, lambda: "TEXT" in screen_text(app))
            assert colours(app) == set()
            await pilot.press("enter")
            await until(pilot, lambda: "providers ›" in screen_text(app))
            assert colours(app) == set()
            await pilot.press("escape")
            app.report = OnALine.report
            app.let_pass()
            await until(pilot, lambda: colours(app) == before)

    run(walk())


def test_a_line_that_hangs_is_said_where_there_is_little_room(app: OnALine) -> None:
    async def walk() -> None:
        async with driven(app, (80, 24)) as pilot:
            app.let_pass()
            assert "link" not in screen_text(app)
            app.report = LinkReport(3.0, 7000.0, 400, 3.0, Drawing.LEAN, 0)
            app.let_pass()
            await until(pilot, lambda: "LINE HANGS 3 s" in screen_text(app))

    run(walk())


@pytest.mark.parametrize("width", [80, 109, 110])
def test_where_there_is_little_room_a_fast_line_is_not_spoken_of(app: OnALine, width: int) -> None:
    async def walk() -> None:
        async with driven(app):

            def told(delay: float) -> str:
                app.report = LinkReport(delay, 1e6, 9000, 0.0, Drawing.FULL, 0)
                app.let_pass()
                return "".join(text for line in app.seen.status(width) for text, _role in line)

            assert ("link 5 ms, 9.0 kB queued" in told(0.004)) is (width == 110)
            assert ("link" in told(0.004) or "queued" in told(0.004)) is (width == 110)
            assert "link 400 ms, 9.0 kB queued" in told(0.4)

    run(walk())


def test_keys_that_came_while_the_line_hung_are_counted_aloud(app: OnALine) -> None:
    async def walk() -> None:
        async with driven(app, (80, 24)) as pilot:
            app.report = LinkReport(0.2, 7000.0, 0, 0.0, Drawing.FULL, 2)
            app.let_pass()
            await until(pilot, lambda: "2 keys came while the line hung" in screen_text(app))

    run(walk())


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0003, "5 ms"), (0.012, "10 ms"), (0.0471, "45 ms"), (0.143, "140 ms"), (0.31, "320 ms"), (2.34, "2.3 s")],
)
def test_delays_in_steps_that_stand_still(seconds: float, words: str) -> None:
    assert delay_words(seconds) == words
