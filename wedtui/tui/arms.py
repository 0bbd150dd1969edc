"""Telling other dashboards that a panel is open here, and on what."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from wedtui.errors import ServiceError, WedtuiError

if TYPE_CHECKING:
    from wedtui.tui.hand import Hand
    from wedtui.tui.panel import Panel

SAYS_EVERY_S = 6.0
"""Twice this and more unsaid, and nobody shows it any more."""


class _Said(NamedTuple):
    kind: str
    target: str


class Arms:
    """What was said last."""

    def __init__(self) -> None:
        self.token = secrets.token_hex(16)
        """Of this dashboard."""
        self._said: _Said | None = None
        self._said_at = 0.0

    def next(self, panel: Panel | None, now: float) -> Callable[[Hand], None]:
        """Return what tells the service what is armed here, where it is time to; else it is told nothing.

        Args:
            panel: what is open; an action that is stored is seen by everybody anyway.
            now: seconds that only grow.
        """
        armed = panel.arms if panel is not None else None
        open_now = None if armed is None else _Said(*armed)
        left = self._said is not None and open_now is None
        says = open_now is not None and (open_now != self._said or now - self._said_at >= SAYS_EVERY_S)
        self._said = open_now
        if says:
            self._said_at = now
        told, token = open_now if says else None, self.token

        def tell(hand: Hand) -> None:
            try:
                if told is not None:
                    hand.arming(token, told.kind, told.target)
                elif left:
                    hand.arming(token, None, left=True)
            except ServiceError:
                raise
            except WedtuiError:
                # An older service, or too many panels or requests: nothing depends on it.
                return

        return tell
