"""What commands work with: the board as it is, and the few things that a person can set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from wedtui.tui.board import DEFAULT_SPAN, SPANS, Board, ChangesTold, History, Lookback, SeriesKey

EVERY = timedelta(minutes=5)


class Said(NamedTuple):
    """An announcement and when it was made."""

    at: datetime
    lines: tuple[str, ...]


class Asked(NamedTuple):
    """An answer that needs a history first."""

    key: SeriesKey
    finish: Callable[[Board, History | None], tuple[str, ...]]
    """Called with the history, or with None where it did not come."""


class AskedChanges(NamedTuple):
    """An answer that needs what changed first."""

    key: Lookback
    finish: Callable[[Board, ChangesTold | None], tuple[str, ...]]
    """Called with what changed, or with None where it did not come."""


Answer = tuple[str, ...] | Asked | AskedChanges


@dataclass(slots=True)
class Desk:
    """The state of one session that commands read and set."""

    board: Board
    every: timedelta = EVERY
    """How often all is summed up unasked."""
    span: timedelta = SPANS[DEFAULT_SPAN][1]
    """The range over which `signal` gives the lowest and highest value."""
    said: Said | None = None
    """The last announcement."""
    leaving: bool = False
