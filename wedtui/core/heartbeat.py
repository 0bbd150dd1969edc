"""When somebody outside is told that alerts are judged: the one thing whose absence nobody here could tell. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from wedtui.core.evidence import FUTURE_TOLERANCE

BEATS_EVERY = timedelta(minutes=1)
ROUND_IS_FRESH = timedelta(minutes=1)
"""Rounds that are further apart have not listened in between (`evaluation.PAUSE`)."""

CALLED_WITHIN = timedelta(minutes=2)
"""A page that nobody was called by for longer says that telling does not work, whatever is judged."""


def nobody_called(oldest: datetime | None, now: datetime) -> bool:
    """Whether somebody was to be called, and for long nobody has been.

    Args:
        oldest: when the oldest beginning was told by which nobody was called; None where there is none.
        now: an aware instant.
    """
    return oldest is not None and now - oldest > CALLED_WITHIN


def rounds_go_on(judged_at: datetime | None, now: datetime) -> bool:
    """Whether alerts are judged: the last round is fresh, and not of a time that is still to come."""
    return judged_at is not None and -FUTURE_TOLERANCE <= now - judged_at <= ROUND_IS_FRESH


def beats(judged_at: datetime | None, sends: bool, since_last: timedelta | None, now: datetime) -> bool:
    """Say whether it is to be told now.

    Args:
        judged_at: the instant of the last round of evaluation; None where there was none.
        sends: whether what is to be told can be read and sent.
        since_last: how long ago it was told, by a clock that never jumps; None where it was not.
        now: an aware instant.
    """
    if not sends or not rounds_go_on(judged_at, now):
        return False
    return since_last is None or since_last >= BEATS_EVERY
