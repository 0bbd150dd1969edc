"""The emergency panel's lines about what is frozen: now, then, whom that hurts, and how it is undone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from wedtui.core.freeze_words import endless
from wedtui.core.wording import duration, local_time
from wedtui.tui.spans import Line, Role, wrap

MOST, NEXT = 5, 2
"""So many names of what freezes now are said, and of what freezes on after that."""


def freeze_lines(plan: Mapping[str, object], now: datetime, width: int) -> list[Line]:
    """Return them; what of the plan cannot be read is said to be UNKNOWN."""
    environment = plan.get("environment") or "the environment"
    lines: list[Line] = []
    for title, key in (("now", "before"), ("then", "after")):
        words = f"{title:<4}: {environment} is {_frozen(plan.get(key), now)}"
        lines += wrap(words, width - 1, Role.STRONG if key == "after" else Role.TEXT, indent=" ")
    lines += wrap(f"hurt: {plan.get('hurts') or 'UNKNOWN'}", width - 1, Role.TEXT, indent=" ")
    return [*lines, *wrap(f"undo: {plan.get('undo') or 'UNKNOWN'}", width - 1, Role.MUTED, indent=" ")]


def _frozen(found: object, now: datetime) -> str:
    if not isinstance(found, dict):
        return "UNKNOWN"
    reasons, overrides, until = found.get("reasons"), found.get("overrides"), found.get("until")
    why = f": {_bounded(reasons, found.get('later'))}" if isinstance(reasons, list) and reasons else ""
    through = f"; let through: {', '.join(map(str, overrides))}" if isinstance(overrides, list) and overrides else ""
    if not found.get("frozen"):
        return f"open{through}"
    end = datetime.fromisoformat(until) if isinstance(until, str) else None
    if end is None:
        return f"{endless(lockdown=found.get('lockdown') is True)}{why}{through}"
    return f"FROZEN until {local_time(end, 'UTC', now)}, {duration(end - now)} more{why}{through}"


def _bounded(reasons: list[object], later: object) -> str:
    """Return what counts now, and what comes next in the order of time: of a long stretch the rest is a number."""
    coming = [str(each) for each in later] if isinstance(later, list) else []
    holding = [str(each) for each in reasons if str(each) not in coming]
    words = _first(holding, MOST)
    return "; then ".join(filter(None, (words, _first(coming, NEXT))))


def _first(names: list[str], most: int) -> str:
    rest = len(names) - most
    return ", ".join([*names[:most], *([f"+{rest} more"] if rest > 0 else [])])
