"""What is said of taking an alert: why it cannot be, that somebody has it now, and what is taken next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from wedtui.core.alerts.attention import can_be_taken, has_somebody, silenced
from wedtui.core.alerts.memory import Phase
from wedtui.core.alerts.standing import AlertIs
from wedtui.core.wording import wall_clock
from wedtui.tui.board import Board
from wedtui.tui.draw.alerts import briefly, doubtful, named, nothing_words, unknown_words, who_has
from wedtui.tui.spans import clean


def cannot_words(board: Board, alert: AlertIs) -> str | None:
    """Return why an alert cannot be taken by anybody now; None where it can."""
    if can_be_taken(alert, board.now):
        return None
    if alert.phase is not Phase.FIRING:
        return "it does not fire yet" if alert.phase is Phase.PENDING else "it is over"
    return who_has(board, alert)[0] if has_somebody(alert, board.now) else "its episode is not known"


def lapse_words(board: Board, alert: AlertIs, at: datetime) -> str:
    """Return when an alert that is acknowledged at an instant lapses."""
    return wall_clock(at + timedelta(seconds=alert.lapse_s), board.zone, board.now)


def untaken_words(board: Board) -> str:
    """Return why no alert waits for anybody: none fires, all have somebody, they are hidden, or it is not known."""
    known, now = board.alerts, board.now
    if known is None or board.doubt is not None:
        return f"what fires is UNKNOWN: {unknown_words(board, known)}"
    if not known.firing:
        if not known.knows:
            return f"what fires is UNKNOWN: {nothing_words(known)}"
        return f"no rule fires, {doubtful(known)}" if doubtful(known) else "no rule fires"
    taken = [alert for alert in known.firing if has_somebody(alert, now)]
    hushed = [alert for alert in known.firing if alert not in taken and silenced(alert, now)]
    hidden = [alert for alert in known.firing if alert not in taken and alert not in hushed]
    by = sorted({alert.inhibited_by for alert in hidden if alert.inhibited_by})
    parts = [
        f"{len(taken)} {'has' if len(taken) == 1 else 'have'} somebody" if taken else "",
        f"{len(hushed)} silenced" if hushed else "",
        f"{len(hidden)} hidden{' by ' + clean(', '.join(by)) if by else ''}" if hidden else "",
    ]
    return (
        f"of {len(known.firing)} that {'fires' if len(known.firing) == 1 else 'fire'} {', '.join(filter(None, parts))}"
    )


def taken_forms(board: Board, alert: AlertIs, waits_now: Sequence[AlertIs], at: datetime, key: str) -> tuple[str, ...]:
    """Return the sentence that somebody sitting here has an alert, the fullest first: what comes next is said last.

    Args:
        board: what is known, with this acknowledgement.
        alert: what was taken.
        waits_now: what still waits for somebody, the worst first.
        at: when it was taken.
        key: takes the next one; empty where none does.
    """
    lapses, name, brief = lapse_words(board, alert, at), named(alert), briefly(alert)
    if not waits_now:
        last = "nothing else waits"
        return (
            f"you have {name}; lapses {lapses} if it still fires; {last}",
            f"you have {name}; lapses {lapses}; {last}",
            f"you have {brief}; lapses {lapses}",
            f"you have {brief}",
        )
    following, others = waits_now[0], len(waits_now)
    taken = sum(has_somebody(each, board.now) for each in board.alerts.firing) if board.alerts else 0
    count = f"{taken} of {taken + others} taken"
    again = f"then {key} takes" if key else "next is"
    return (
        f"you have {name}; lapses {lapses} if it still fires; {count}; {again} {named(following)}",
        f"you have {name}, lapses {lapses}; {count}; {again} {named(following)}",
        f"you have {brief}, lapses {lapses}; {count}; {again} {briefly(following)}",
        f"you have {brief}; {count}; {again} {briefly(following)}",
        f"{brief} taken, {taken} of {taken + others}; {again} {briefly(following)}",
        f"you have {brief}; {count}",
        f"you have {brief}",
    )
