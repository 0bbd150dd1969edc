"""The wall as a function of what is known, a size and an instant: which pages there are, and what each shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wedtui.core.picture import ProviderPicture
from wedtui.tui.board import Board
from wedtui.tui.spans import Line, Role, rule, wrap
from wedtui.tui.wall import strip
from wedtui.tui.wall.alarm import alarm_of, alarm_page
from wedtui.tui.wall.blocks import block, filled
from wedtui.tui.wall.tiles import (
    LEAST_ROWS,
    Grid,
    alarming,
    chips,
    grid_for,
    middle,
    pages_needed,
    pinned,
    tiles,
    worst_first,
)
from wedtui.tui.wall.weddings import has_page, page_content

EVERY_S = 10.0
"""How long a page stands before it turns, where nobody says otherwise."""
LEAST_COLUMNS, LEAST_LINES = 60, 16
# Lines that a page about something else than providers keeps for that, beside the tiles that are on every page.
_CONTENT_ROWS = 6


class Kind(StrEnum):
    """What a page is about."""

    PROVIDERS = "providers"
    FINDINGS = "findings"
    FREEZE = "freeze"
    WEDDINGS = "weddings"


_TITLES = {Kind.FINDINGS: "what is wrong"}


@dataclass(frozen=True, slots=True)
class Page:
    """One page: tiles above, and under them what else it is about."""

    kind: Kind
    shown: tuple[ProviderPicture, ...]
    grid: Grid
    content: tuple[Line, ...] = ()


def wall_lines(board: Board, width: int, height: int, *, started: datetime, every: float = EVERY_S) -> tuple[Line, ...]:
    """Return the whole screen: `height` lines of `width` cells.

    Args:
        board: what is known.
        width: the screen's.
        height: the screen's.
        started: when the wall began.
        every: seconds after which the page turns.
    """
    if width < 1 or height < 1:
        return ()
    if width < LEAST_COLUMNS or height < LEAST_LINES:
        return tuple(_too_small(board, width, height, started))
    alarm = alarm_of(board, started)
    above = strip.top(board, width, height, old=bool(alarm and (board.lag or board.problem)))
    below = strip.bottom_rows(height)
    rows = height - len(above) - below
    if alarm is not None:
        body, marker = alarm_page(board, alarm, width, rows), ""
    elif board.picture is None:
        body, marker = middle("READING", width, rows, Role.MUTED), ""
    elif not board.picture.providers:
        body, marker = middle("NO PROVIDERS", width, rows, Role.UNKNOWN), ""
    else:
        pages = pages_of(board, width, rows, below)
        number = page_at(board.now, every, len(pages))
        body = page_lines(board, pages[number], width, rows)
        marker = f"{number + 1}/{len(pages)}" if len(pages) > 1 else ""
    return (*above, *body, *strip.bottom(board, width, below, marker))


def page_at(now: datetime, every: float, count: int) -> int:
    """Return which of `count` pages stands at an instant; every wall in the world turns at the same time."""
    return int(now.timestamp() // every) % count


def pages_of(board: Board, width: int, rows: int, below: int) -> tuple[Page, ...]:
    """Return every page for so much room between the lines above and the `below` lines under it."""
    pages = list(_provider_pages(board, width, rows))
    if not strip.all_fit(board, width, below):
        pages += _content_pages(board, Kind.FINDINGS, strip.finding_lines(board, width), width, rows)
    picture = board.picture
    if picture is not None and (picture.freeze.frozen or picture.freeze.unreadable):
        pages += _content_pages(board, Kind.FREEZE, strip.freeze_lines(board, width), width, rows)
    if has_page(board):
        pages += _content_pages(board, Kind.WEDDINGS, page_content(board, width, rows), width, rows)
    return tuple(pages)


def page_lines(board: Board, page: Page, width: int, rows: int) -> list[Line]:
    """Return one page's lines."""
    lines: list[Line] = []
    if page.shown:
        lines += tiles(board, page.shown, page.grid, width)
    if lines and page.grid.rows > 1:
        lines.append(filled((), width))
    if len(page.shown) < len(worst_first(board)):
        lines.append(chips(board, page.shown, width))
    return block([*lines, *page.content], width, rows)


def _provider_pages(board: Board, width: int, rows: int) -> tuple[Page, ...]:
    """Return the pages of tiles: one where all fit, else the worst stay and the others take turns."""
    everyone = worst_first(board)
    bad = alarming(board)
    grid = grid_for(len(everyone), bad, width, rows)
    if grid.capacity >= len(everyone):
        return (Page(Kind.PROVIDERS, everyone, _shrunk(grid, len(everyone))),)
    # One line is kept for those that are not on this page, and one between them and the tiles.
    grid = grid_for(len(everyone), bad, width, max(rows - 2, 1))
    stay = pinned(grid.capacity, bad)
    step = grid.capacity - stay
    count = pages_needed(len(everyone), bad, grid.capacity)
    turning = [everyone[stay + i * step : stay + (i + 1) * step] for i in range(count)]
    return tuple(Page(Kind.PROVIDERS, (*everyone[:stay], *some), grid) for some in turning)


def _content_pages(board: Board, kind: Kind, lines: list[Line], width: int, rows: int) -> list[Page]:
    """Return pages of lines under tiles: of everyone where there is room, else of all that is bad."""
    everyone = worst_first(board)
    bad = alarming(board)
    content = min(len(lines) + 1, max(rows // 2, _CONTENT_ROWS))
    shown, grid = everyone, grid_for(len(everyone), bad, width, max(rows - content - 1, 1))
    if grid.capacity < len(everyone) or grid.rows == 1:
        grid = _grid_of_bad(bad, width, rows)
        shown = everyone[: min(grid.capacity, bad)]
    grid = _shrunk(grid, len(shown))
    taken = (grid.height + (1 if grid.rows > 1 else 0) if shown else 0) + (1 if len(shown) < len(everyone) else 0)
    title = _TITLES.get(kind, kind.value)
    room = max(rows - taken - 1, 1)
    chunks = [lines[i : i + room] for i in range(0, len(lines), room)]
    return [Page(kind, shown, grid, (rule(title, width), *chunk)) for chunk in chunks]


def _grid_of_bad(bad: int, width: int, rows: int) -> Grid:
    """Return the tiles of all that is bad on a page that is about something else."""
    room = max(min(max(rows * 4 // 10, LEAST_ROWS), rows - _CONTENT_ROWS), 1)
    grid = grid_for(bad, bad, width, room)
    if grid.capacity >= bad and grid.rows > 1:
        return grid
    # More than so much room shows: they are more important than what the page is about.
    return grid_for(bad, bad, width, max(rows - _CONTENT_ROWS, 1))


def _shrunk(grid: Grid, count: int) -> Grid:
    """Return a grid without the lines that `count` tiles leave empty."""
    return Grid(grid.columns, max(min(grid.lines, -(-count // grid.columns)), 1), grid.width, grid.rows)


def _too_small(board: Board, width: int, height: int, started: datetime) -> list[Line]:
    """Return words for a screen that is no use as a wall; they still say the worst."""
    alarm = alarm_of(board, started)
    everyone = worst_first(board)
    if alarm is not None:
        worst = wrap(f"NOT UPDATED: {alarm.word}", width, Role.ALARM)
    elif everyone:
        worst = wrap(f"worst: {everyone[0].name} {everyone[0].health.state}", width, Role.STRONG)
    else:
        worst = []
    words = f"too small for the wall: {LEAST_COLUMNS}x{LEAST_LINES} at least, this is {width}x{height}"
    return block([*worst, *wrap(words, width)], width, height)
