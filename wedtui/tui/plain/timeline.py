"""What changed, in sentences: the newest first, then of what nothing is known."""

from __future__ import annotations

from datetime import timedelta

from wedtui.core.wording import counted
from wedtui.tui.board import Board, ChangesTold
from wedtui.tui.draw.changes import change_sentence, shown
from wedtui.tui.plain.answers import range_words
from wedtui.tui.plain.words import sentence

SAID_AT_MOST = 20
"""So many changes are read aloud at once."""


def changes(board: Board, told: ChangesTold | None, words: str, span: timedelta) -> tuple[str, ...]:
    """Answer with what changed over a range.

    Args:
        board: what is known.
        told: the answer of the stores; None where it did not come in time.
        words: that have to occur in each; empty: all are told.
        span: how far back.
    """
    over = f"last {range_words(span)}"
    if told is None:
        return (f"What changed in the {over} could not be read in time; try again.",)
    if told.timeline is None:
        return (sentence(f"What changed in the {over} could not be read: {told.problem or 'no reason given'}"),)
    found = shown(told, words)
    about = f' with "{words.strip()}"' if words.strip() else ""
    lines = [f"{counted(len(found), 'change')}{about} known of the {over}."]
    lines += [change_sentence(change, board.now) for change in found[:SAID_AT_MOST]]
    if len(found) > SAID_AT_MOST or told.timeline.earlier:
        lines.append("There are older ones: give words or a shorter range, or ask `wedtui changes`.")
    lines += [sentence(f"Not known: {gap.words}") for gap in told.timeline.gaps]
    return tuple(lines)
