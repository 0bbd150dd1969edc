"""Rectangles of lines, and ages that change seldom: what every part of the wall is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from wedtui.core.evidence import FUTURE_TOLERANCE
from wedtui.core.picture import ProviderPicture
from wedtui.core.state import State
from wedtui.tui.spans import Line, Look, Role, Tile, crop, length

_TILES: dict[State, Look] = {
    State.OK: Tile.OK,
    State.DEGRADED: Tile.DEGRADED,
    # An alarm is filled already, and with a stronger colour than a line of text may have.
    State.CRITICAL: Role.ALARM,
    State.UNKNOWN: Tile.UNKNOWN,
}
_STEPS = ((60, 10, "s", 1), (3600, 60, "m", 60), (86400, 3600, "h", 3600))


def tile_look(state: State) -> Look:
    """Return what a surface of a state is filled with."""
    return _TILES[state]


def filled(line: Line, width: int, look: Look = Role.TEXT) -> Line:
    """Return a line of exactly `width` cells, cut or filled up with `look`."""
    line = crop(line, max(width, 0))
    missing = width - length(line)
    return (*line, (" " * missing, look)) if missing > 0 else line


def block(lines: Iterable[Line], width: int, rows: int, look: Look = Role.TEXT) -> list[Line]:
    """Return exactly `rows` lines of exactly `width` cells."""
    cut = [filled(line, width, look) for line in lines][: max(rows, 0)]
    return cut + [filled((), width, look)] * (rows - len(cut))


def centred(line: Line, width: int, look: Look = Role.TEXT) -> Line:
    """Return a line of exactly `width` cells with its text in the middle."""
    line = crop(line, width)
    return filled(((" " * ((width - length(line)) // 2), look), *line), width, look)


def beside(blocks: Sequence[Sequence[Line]]) -> list[Line]:
    """Return blocks of equal height, the one to the right of the other."""
    return [tuple(span for line in row for span in line) for row in zip(*blocks, strict=True)]


def within(measured_at: datetime | None, now: datetime) -> str:
    """Return an age as the bound that it lies under: `< 10 s`, `< 3 m`, `never`.

    It is never better than the truth, and while things go well it says the same for a long time: on a wall, nothing
    but the clock should move each second.
    """
    if measured_at is None:
        return "never"
    if measured_at - now > FUTURE_TOLERANCE:
        return "in the future"
    seconds = int(max(now - measured_at, timedelta()).total_seconds())
    for under, step, unit, size in _STEPS:
        bound = (seconds // step + 1) * step
        if bound < under:
            return f"< {bound // size} {unit}"
        if bound == under:
            return {60: "< 1 m", 3600: "< 1 h", 86400: "< 1 d"}[under]
    return f"< {seconds // 86400 + 1} d"


def score_words(provider: ProviderPicture) -> str:
    """Return the score; in brackets where the state is UNKNOWN, a dash where there is none."""
    words = provider.score_words
    if words is None:
        return "–"
    return f"({words})" if provider.health.state is State.UNKNOWN else words
