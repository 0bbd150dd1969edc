"""Widgets of lines look as Textual itself would draw them, whatever of them is not drawn anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tests.tui.driving import make_app, press, run, settled, until
from wedtui.tui.app import WedtuiApp
from wedtui.tui.listing import Listing
from wedtui.tui.rows import Row
from wedtui.tui.spans import Role
from wedtui.tui.surface import Ground, Surface, Unadorned
from wedtui.tui.terminal.abilities import EVERYTHING, Depth
from wedtui.tui.theme import theme_names


def cells(strip: Strip) -> list[Segment]:
    """Return each sign with its style; what could not be told apart on a terminal is the same."""
    return [Segment(sign, seen(style or Style.null(), blank=sign == " ")) for text, style, _ in strip for sign in text]


def seen(style: Style, *, blank: bool) -> Style:
    hidden = blank and not style.reverse and not style.underline
    return style.without_color + Style(color=None if hidden else style.color, bgcolor=style.bgcolor)


def stock(widget: Widget) -> list[Strip]:
    """Draw a widget line by line, with nothing kept from one line to the next."""
    crop = Region(0, 0, *widget.outer_size)
    if not isinstance(widget, Unadorned):
        return Widget.render_lines(widget, crop)
    _, background = widget.background_colors
    strips = []
    for y in crop.line_range:
        line, width, cursor = widget.wanted(y)
        strip = widget._palette.strip(line, width, cursor=cursor)
        strip = strip.adjust_cell_length(crop.width, Style(bgcolor=background.rich_color))
        for each in widget.get_line_filters():
            strip = strip.apply_filter(each, background)
        strips.append(strip)
    return strips


def compare(app: WedtuiApp) -> None:
    """Hold every widget of the screen against what Textual would make of it."""
    widgets = [w for w in (app.screen, *app.screen.query("*")) if isinstance(w, Unadorned | Ground)]
    assert len(widgets) > 4
    for widget in widgets:
        crop = Region(0, 0, *widget.outer_size)
        ours, theirs = widget.render_lines(crop), stock(widget)
        assert [cells(strip) for strip in ours] == [cells(strip) for strip in theirs], widget


@pytest.mark.parametrize("theme", theme_names(()))
@pytest.mark.parametrize("depth", Depth)
def test_a_screen_is_drawn_as_textual_would(theme: str, depth: Depth) -> None:
    async def test() -> None:
        app = make_app(theme=theme, abilities=replace(EVERYTHING, depth=depth))
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            compare(app)
            # What was drawn before is not what stands there now.
            await press(pilot, "j")
            compare(app)
            await pilot.press("t")
            await settled(pilot)
            compare(app)
            await pilot.resize_terminal(100, 30)
            await settled(pilot)
            compare(app)

    run(test())


def test_lines_that_differ_are_redrawn_and_those_that_touch_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        app = make_app()
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            asked: list[Region] = []
            surface, listing = app.screen.query_one("#metrics", Surface), app.screen.query_one("#providers", Listing)
            for widget in (surface, listing):
                monkeypatch.setattr(widget, "refresh", lambda *regions: asked.extend(regions))
            lines = [((word, Role.TEXT),) for word in "abcdef"]
            surface.show(tuple(lines))
            asked.clear()
            surface.show((*lines[:2], *lines[:2], *lines[4:5]))
            width = surface.outer_size.width
            # The last one is gone: what stood there goes too.
            assert asked == [Region(0, 2, width, 2), Region(0, 5, width, 1)]
            asked.clear()

            heading, rows = listing._heading, list(listing._rows)
            assert len(heading) == 2
            assert len(rows) > 3
            for i in (0, 1, 3):
                rows[i] = rows[i]._replace(line=((f"other {i}", Role.TEXT),))
            listing.show((((("other"), Role.TEXT),), heading[1]), tuple(rows))
            width = listing.outer_size.width
            assert asked == [Region(0, 0, width, 1), Region(0, 2, width, 2), Region(0, 5, width, 1)]
            asked.clear()
            listing.select(rows[1].key)
            assert asked == [Region(0, 2, width, 1), Region(0, 3, width, 1)]

    run(test())


def moved_to(listing: Listing, top: int) -> Callable[[], bool]:
    return lambda: listing.scroll_offset.y == top


def test_rows_are_drawn_where_they_were_scrolled_to(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        app = make_app()
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            listing = app.screen.query_one("#providers", Listing)
            # The rows are this test's own.
            monkeypatch.setattr(app.screen, "show", lambda: None)
            rows = tuple(Row(((f"row {i}", Role.TEXT),), f"{i}") for i in range(90))
            heading = ((("one", Role.STRONG),), (("two", Role.STRONG),))
            listing.show(heading, rows)
            await until(pilot, lambda: listing.max_scroll_y)
            height = listing.outer_size.height
            for key, top in (("89", 90 - height + 2), ("0", 0)):
                listing.select(key)
                await until(pilot, moved_to(listing, top))
                drawn = [strip.text.strip() for strip in listing.render_lines(Region(0, 0, *listing.outer_size))]
                assert drawn == ["one", "two", *(f"row {i}" for i in range(top, top + height - 2))]

    run(test())
