"""The emergency panel's lines about what is frozen: now, then, whom that hurts, and how it is undone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from wedtui.core.freeze_lines import stands_words
from wedtui.tui.spans import Line, Role, wrap


def freeze_lines(plan: Mapping[str, object], now: datetime, width: int) -> list[Line]:
    """Return them; what of the plan cannot be read is said to be UNKNOWN."""
    lines: list[Line] = []
    for title, key in (("now", "before"), ("then", "after")):
        words = f"{title:<4}: {stands_words(plan, key, now)}"
        lines += wrap(words, width - 1, Role.STRONG if key == "after" else Role.TEXT, indent=" ")
    lines += wrap(f"hurt: {plan.get('hurts') or 'UNKNOWN'}", width - 1, Role.TEXT, indent=" ")
    return [*lines, *wrap(f"undo: {plan.get('undo') or 'UNKNOWN'}", width - 1, Role.MUTED, indent=" ")]
