"""Weddings on the wall: a strip on every page, large on a wedding day, and a page of their own."""

from __future__ import annotations

from wedtui.core.calendar import Freshness
from wedtui.core.picture import Picture
from wedtui.core.protection_words import load_words, until_words
from wedtui.core.wording import duration
from wedtui.core.zones import place_of, zone_names
from wedtui.tui.board import Board
from wedtui.tui.draw.wedding_day import (
    DAYS,
    axis_line,
    bar_line,
    day_of,
    number_line,
    peak_within,
    strip_lines,
)
from wedtui.tui.draw.wedding_words import (
    LEVEL_ROLES,
    belief,
    calendar_age,
    is_known,
    mode_words,
    then,
    who,
)
from wedtui.tui.spans import Line, Role, Span, crop, length, plain, rule, wrap
from wedtui.tui.wall.blocks import beside, block, filled
from wedtui.tui.wall.letters import SMALLEST, big, largest

_LOW = 30
"""Screens of fewer lines have no room for large letters here."""
# What the large letters may take of the width; the rest is for what stands beside them.
_SHARE = 0.6
_LEAST_BESIDE = 30
_FEWEST_ZONES = 2


def wedding_strip(board: Board, width: int, height: int, *, old: bool) -> list[Line]:
    """Return who is live, the level and until when: large on a wedding day, else on one line.

    Args:
        board: what is known.
        width: the screen's.
        height: the screen's; about a tenth of it is for the letters.
        old: whether the picture cannot be relied on.
    """
    picture = board.picture
    if picture is None:
        return []
    if old:
        ago = duration(board.now - picture.at)
        words = f" was {picture.protection.level}, {who(board, picture)}, {ago} ago, not known now"
        return [filled(((words, Role.STALE),), width)]
    if height >= _LOW and picture.protection.level.wedding_day:
        lines = _large(board, picture, width, max(height // 10, SMALLEST.rows))
        if lines:
            return lines
    return [filled(_line(board, picture, width), width)]


def _line(board: Board, picture: Picture, width: int) -> Line:
    """Return all of it on one line, as much as there is room for; the level is the last to go."""
    verdict, fresh = picture.protection, belief(board) is Freshness.FRESH
    look = Role.STRONG if fresh else Role.STALE
    level: Span = (f" {until_words(verdict, board.now)} ", LEVEL_ROLES[verdict.level])
    head: Line = ((f" {who(board, picture)},", look if is_known(verdict) else Role.STRONG), level)
    modes = mode_words(picture)[-1:]
    aged = calendar_age(board) if is_known(verdict) else ""
    rest = [each for each in (then(verdict), *modes, load_words(verdict, board.now), aged) if each]
    for count in range(len(rest), -1, -1):
        line: Line = (*head, (" " + " · ".join(rest[:count]) if count else "", Role.TEXT if fresh else Role.STALE))
        if length(line) <= width:
            return line
    brief: Line = ((" ", Role.TEXT), level)
    return crop(brief, width)


def _large(board: Board, picture: Picture, width: int, rows: int) -> list[Line]:
    """Return the number and the level in large letters, with the rest in words beside them; nothing without room."""
    verdict, fresh = picture.protection, belief(board) is Freshness.FRESH
    count = f"{verdict.live.weddings} LIVE" if is_known(verdict) else ""
    # What is not fresh is no number to be read from afar without its brackets.
    count = count if fresh or not count else f"({count})"
    room = min(int(width * _SHARE), width - _LEAST_BESIDE)
    words = f"{count} {verdict.level}".strip()
    face = largest((words,), room, rows)
    if face is None:
        return []
    taken = face.width(words) + 3
    numbers = big(f"{count} ", face) if count else ("",) * face.rows
    levels = big(f"{verdict.level}", face)
    look = Role.STRONG if fresh else Role.STALE
    left: list[Line] = [
        ((" ", Role.TEXT), (number, look), (" " * face.across if count else "", Role.TEXT), (level, Role.DEGRADED))
        for number, level in zip(numbers, levels, strict=True)
    ]
    # The row between the letters and what stands under them has room for words.
    told = _told(board, picture, width - taken - 1, face.rows + 1)
    return beside([block(left, taken, face.rows + 1), block(told, width - taken, face.rows + 1)])


def _told(board: Board, picture: Picture, width: int, rows: int) -> list[Line]:
    verdict, fresh = picture.protection, belief(board) is Freshness.FRESH
    sentence = f"{who(board, picture)}, {until_words(verdict, board.now)} {then(verdict)}".rstrip()
    lines = wrap(sentence, width, Role.STRONG if fresh or not is_known(verdict) else Role.STALE)
    peak = load_words(verdict, board.now)
    modes = mode_words(picture)
    mode = next((words for words in modes if len(words) <= width), modes[-1] if modes else "")
    more = [(mode, Role.ACCENT), (peak, Role.TEXT), (calendar_age(board), Role.MUTED if fresh else Role.STALE)]
    for words, role in more:
        told = wrap(words, width, role if fresh or role is Role.ACCENT else Role.STALE)
        if words and len(lines) + len(told) <= rows:
            lines += told
    return lines


def has_page(board: Board) -> bool:
    """Whether there is anything to show of weddings: one that is live or known of today, or a wedding day."""
    picture = board.picture
    if picture is None or not is_known(picture.protection):
        return False
    day = day_of(board.now, board.home, 80)
    return picture.protection.level.wedding_day or picture.calendar.steps.is_busy(day.start, day.end)


def page_content(board: Board, width: int, rows: int) -> list[Line]:
    """Return the lines of the page of weddings: why the level is what it is, the days ahead, and today by zone.

    Args:
        board: what is known.
        width: the screen's.
        rows: between the lines above and below; what is told here takes half of them, as far as that can be.
    """
    picture = board.picture
    assert picture is not None
    stale = belief(board) is not Freshness.FRESH
    calendar, day = picture.calendar, day_of(board.now, board.home, width)
    lines = [line for reason in picture.protection.reasons for line in wrap(reason, width - 1, indent=" ")]
    total = peak_within(calendar.steps, day.start, day.end).load
    lines.append(rule(f"next {DAYS} days by the clock of {place_of(day.zone)}, peak load of each", width))
    lines += strip_lines(board, calendar.steps, width, stale=stale)
    lines.append(rule(f"today, by the clock of {day.zone}", width))
    lines += [axis_line(day, board.now), bar_line(board, day, "all zones", calendar.steps, total, stale=stale)]
    lines.append(number_line(board, day, calendar.steps, stale=stale))
    peaks = {zone: peak_within(steps, day.start, day.end).load for zone, steps in calendar.zones.items()}
    busy = sorted((zone for zone, load in peaks.items() if load), key=lambda zone: (-peaks[zone], zone))
    most = max(rows // 2 - len(lines) - 2, _FEWEST_ZONES)
    names = zone_names(busy[:most], day.name)
    for zone, name in names.items():
        lines.append(bar_line(board, day, name, calendar.zones[zone], total, stale=stale, own=zone))
    if len(busy) > most:
        lines.append(((f" +{len(busy) - most} more zones", Role.ACCENT),))
    return [filled(line, width) for line in lines if plain(line).strip()]
