"""What a palette sends to a terminal of each kind, by the bytes; and what Textual's own widgets send beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Literal

import pytest
from rich.color import ColorType
from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style
from textual.color import Color
from textual.filter import Monochrome, NoColor
from textual.strip import Strip

from tests.pictures import MovableClock, source_of
from tests.tui.driving import driven, press, run, until
from wedtui.tui.app import WedtuiApp
from wedtui.tui.colours import Colourless, Native, filters
from wedtui.tui.palette import Palette
from wedtui.tui.spans import Role
from wedtui.tui.terminal.abilities import EVERYTHING, Depth
from wedtui.tui.theme import load_theme, theme_folder, theme_names

ALL = tuple((f" {role} ", role) for role in Role)
SYSTEMS: dict[Depth, Literal["truecolor", "256", "standard"]] = {Depth.TRUE: "truecolor", Depth.INDEXED: "256"}


def parameters(strip: Strip, depth: Depth) -> set[str]:
    """Return every attribute that is set on a terminal of that depth: `1`, `38;5;7`, `97`."""
    console = Console(file=StringIO(), force_terminal=True, color_system=SYSTEMS.get(depth, "standard"), _environ={})
    # Styles remember the bytes of the first terminal that they were drawn for.
    fresh = [segment._replace(style=segment.style and segment.style.copy()) for segment in strip]
    with console.capture() as captured:
        console.print(Segments(fresh), end="")
    joined = ";".join(re.findall(r"\x1b\[([0-9;]*)m", captured.get()))
    return set(re.findall(r"[34]8;5;\d+|[34]8;2;\d+;\d+;\d+|\d+", joined)) - {"0"}


def drawn(name: str, depth: Depth, *, italic: bool = True) -> set[str]:
    palette = Palette(load_theme(name), depth, italic=italic)
    return parameters(palette.strip(ALL, 200), depth) | parameters(palette.strip(ALL, 200, cursor=True), depth)


@pytest.mark.parametrize("name", theme_names())
def test_without_colours_there_are_none(name: str) -> None:
    assert drawn(name, Depth.NONE) <= {"1", "3", "4", "7"}
    assert drawn(name, Depth.NONE, italic=False) <= {"1", "4", "7"}


@pytest.mark.parametrize("name", theme_names())
def test_sixteen_colours_are_the_terminals_own(name: str) -> None:
    sent = drawn(name, Depth.ANSI)
    assert not [p for p in sent if p.startswith(("38", "48"))]
    # No bright ground: the Linux console has none.
    assert not sent & {str(code) for code in range(100, 108)}
    assert sent & {"31", "41", "91"}


@pytest.mark.parametrize("depth", [Depth.TRUE, Depth.INDEXED])
@pytest.mark.parametrize("name", ["ansi-dark", "ansi-light"])
def test_a_theme_of_the_terminals_own_stays_so_where_there_are_more(name: str, depth: Depth) -> None:
    assert drawn(name, depth) == drawn(name, Depth.ANSI)


def test_more_colours_are_used_where_there_are_some() -> None:
    assert any(p.startswith("38;2;") for p in drawn("midnight", Depth.TRUE))
    assert any(p.startswith("38;5;") for p in drawn("midnight", Depth.INDEXED))


@pytest.mark.parametrize("depth", list(Depth))
@pytest.mark.parametrize("name", theme_names())
def test_the_cursor_and_the_badges_are_seen_at_every_depth(name: str, depth: Depth) -> None:
    palette = Palette(load_theme(name), depth)

    def look(role: Role, *, cursor: bool = False) -> set[str]:
        return parameters(palette.strip((("x", role),), 1, cursor=cursor), depth)

    assert look(Role.TEXT) != look(Role.TEXT, cursor=True)
    for badge in (Role.ALARM, Role.CAUTION, Role.MARK, Role.BADGE):
        assert look(badge) != look(Role.TEXT)
    assert look(Role.CRITICAL) != look(Role.OK)


def test_with_fewer_colours_the_theme_keeps_its_name() -> None:
    for depth in Depth:
        palette = Palette(load_theme("daylight"), depth)
        assert (palette.theme.name, palette.textual().name, palette.textual().dark) == ("daylight", "daylight", False)


def colours_on(app: WedtuiApp) -> Iterator[ColorType]:
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            for colour in (segment.style.color, segment.style.bgcolor) if segment.style else ():
                if colour is not None:
                    yield colour.type


OWN = {ColorType.DEFAULT, ColorType.STANDARD}


@pytest.mark.parametrize(
    ("theme", "depth", "allowed", "no_color"),
    [
        ("ansi-dark", Depth.TRUE, OWN, None),
        ("ansi-light", Depth.INDEXED, OWN, None),
        ("midnight", Depth.ANSI, OWN, "1"),  # a configuration counts for more than NO_COLOR
        ("midnight", Depth.NONE, set(), "1"),
        ("daylight", Depth.NONE, set(), None),
    ],
)
def test_textuals_own_widgets_send_no_other_colours(
    theme: str, depth: Depth, allowed: set[ColorType], no_color: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    source = source_of()
    app = WedtuiApp(lambda: source, MovableClock(), theme=theme, abilities=replace(EVERYTHING, depth=depth))

    async def walk() -> None:
        seen: set[ColorType] = set()
        async with driven(app, (120, 40)) as pilot:
            seen |= set(colours_on(app))
            for keys in (["slash", "a"], ["escape"], ["enter"], ["enter"], ["escape"], ["escape"], ["question_mark"]):
                for key in keys:
                    await press(pilot, key)
                seen |= set(colours_on(app))
            await pilot.press("escape", "colon")
            await until(pilot, lambda: app.screen.query("CommandList"))
            await pilot.press("h")
            await pilot.pause(0.2)
            seen |= set(colours_on(app))
        assert seen == allowed

    run(walk())


def test_the_depth_is_that_of_the_abilities_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    source = source_of()
    for depth, system in ((Depth.INDEXED, "256"), (Depth.ANSI, "standard"), (Depth.TRUE, "truecolor")):
        app = WedtuiApp(lambda: source, MovableClock(), theme="midnight", abilities=replace(EVERYTHING, depth=depth))
        assert app.console.color_system == system
        assert app.no_color is False


def test_the_padding_of_a_column_is_no_part_of_a_patch() -> None:
    palette = Palette(load_theme("daylight"))
    strip = palette.strip((("  2.1 % ", Role.CRITICAL), (" PRODUCTION ", Role.ALARM)), 20)
    assert strip.text == "  2.1 %  PRODUCTION "
    plain = palette.strip((("x", Role.TEXT),), 1)
    ground = next(s.style.bgcolor for s in plain if s.style)
    assert [(s.text, bool(s.style and s.style.bgcolor != ground)) for s in strip] == [
        ("  ", False),
        ("2.1 %", True),
        (" ", False),
        (" PRODUCTION ", True),
    ]


def test_t_goes_through_all_themes_and_passes_over_one_that_is_broken(tmp_path: Path) -> None:
    text = (theme_folder() / "midnight.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    (tmp_path / "broken.toml").write_text("title = 7", encoding="utf-8")
    source = source_of()
    app = WedtuiApp(lambda: source, MovableClock(), theme="ansi-light", theme_folders=(tmp_path,))

    async def walk() -> None:
        async with driven(app) as pilot:
            seen, said = [], []
            for _ in range(7):
                await pilot.press("t")
                await pilot.pause()
                seen.append((app.palette.theme.name, app.theme))
                said.append(app.hands.sentence)
            names = ["colour-blind", "daylight", "midnight", "mine", "war-room", "ansi-dark", "ansi-light"]
            assert seen == [(name, name) for name in names]
            broken = f"; {tmp_path / 'broken.toml'}: title: expected text"
            assert said == [f"theme {name}{broken if name == 'colour-blind' else ''}" for name in names]

    run(walk())


def test_a_mixed_colour_never_reaches_a_theme_of_the_terminals_own() -> None:
    mixed = Segment("x", Style(color="#102030", bgcolor="color(200)", bold=True))
    own = Segment("y", Style(color="red", bgcolor="default"))
    (passed, kept) = Native().apply([mixed, own], Color(0, 0, 0))
    assert passed.style == Style(color="default", bgcolor="default", bold=True)
    assert kept.style == own.style
    # Filters are for everything that Textual draws: both stand where they are needed, and only there.
    kinds = [type(f) for f in filters([Monochrome()], EVERYTHING, native=True)]
    assert kinds == [Native]
    assert filters([NoColor()], EVERYTHING, native=False) == []


def test_without_colours_a_ground_becomes_reverse_and_nothing_is_dim() -> None:
    cursor = Segment("x", Style(color="black", bgcolor="white", dim=True, italic=True, underline=True))
    (shown,) = Colourless(italic=False).apply([cursor], Color(0, 0, 0))
    assert shown.style
    assert (shown.style.color, shown.style.bgcolor) == (None, None)
    assert (shown.style.reverse, shown.style.underline, shown.style.dim, shown.style.italic) == (
        True,
        True,
        False,
        False,
    )
