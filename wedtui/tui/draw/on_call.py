"""Who is on call, as every screen says it: in as many words as there is room for, a hole and UNKNOWN marked."""

from __future__ import annotations

from wedtui.core.oncall.words import on_call_forms
from wedtui.core.state import State, glyph
from wedtui.tui.board import Board
from wedtui.tui.spans import Line, Role, clean, length


def on_call_words(board: Board) -> tuple[str, ...]:
    """Return who has it, the fullest first; nothing where no roster is configured, or no picture is there yet."""
    picture = board.picture
    if picture is None or not (picture.oncall or picture.oncall_problem):
        return ()
    return on_call_forms(
        picture.oncall,
        zone=board.zone,
        now=board.now,
        looked_at=picture.oncall_at,
        known=is_on_call_known(board),
    )


def is_on_call_known(board: Board) -> bool:
    """Whether what is known of rosters says who has them now."""
    return board.picture is not None and not board.picture.oncall_problem and not board.frozen_picture


def on_call_lines(board: Board) -> list[Line]:
    """Return who has it, marked, the fullest first: each is one span."""
    picture = board.picture
    if picture is None:
        return []
    sign, role = "", Role.TEXT
    if not is_on_call_known(board):
        sign, role = f"{glyph(State.UNKNOWN)} ", Role.UNKNOWN
    elif any(each.is_hole or each.doubted for each in picture.oncall):
        sign, role = f"{glyph(State.DEGRADED)} ", Role.DEGRADED
    return [((f"{sign}{clean(words)}", role),) for words in on_call_words(board)]


def on_call_line(board: Board, room: int) -> Line:
    """Return who has it in at most so many cells; nothing where not even a name has room."""
    return next((line for line in on_call_lines(board) if length(line) <= room), ())
