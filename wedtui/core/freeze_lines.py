"""A plan of a freeze as lines of text, from the JSON that is shown and kept; and how it is said what is frozen.

What of it cannot be read is said to be UNKNOWN and never left out silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wedtui.core.emergency import EmergencyKind, emergency
from wedtui.core.freeze_words import endless
from wedtui.core.plan_lines import WIDTH, holds_words, labelled
from wedtui.core.plan_words import as_of, check_rows, said, stopped_by
from wedtui.core.wording import duration, local_time

MOST, NEXT = 5, 2
"""So many names of what freezes now are said, and of what freezes on after that."""


def freeze_lines(plan: Mapping[str, Any], now: datetime) -> list[str]:
    """Return what would be frozen, whom that hurts, how it is undone and each check, for a tired person.

    Args:
        plan: as `core.freeze_plan.freeze_plan_json` writes it.
        now: an aware instant; ages are counted up to it.
    """
    title = emergency(EmergencyKind(str(plan.get("kind")))).title
    head = "REFUSED" if stopped_by(plan) else "REAL"
    lines = [
        f"{head}: {title} {said(plan.get('target') or 'UNKNOWN')}; {as_of(plan)}",
        *labelled("what", said(plan.get("says") or "UNKNOWN"), WIDTH),
    ]
    environment = said(plan.get("environment") or "the environment")
    for label, key in (("now", "before"), ("then", "after")):
        lines += labelled(label, f"{environment} is {frozen_words(plan.get(key), now)}", WIDTH)
    lines += labelled("hurt", said(plan.get("hurts") or "UNKNOWN"), WIDTH)
    lines += labelled("undo", said(plan.get("undo") or "UNKNOWN"), WIDTH)
    for row in check_rows(plan, now):
        lines += labelled(row.word, row.text, WIDTH)
    return [*lines, *labelled("holds", holds_words(plan, now), WIDTH)]


def frozen_words(found: object, now: datetime) -> str:
    """Return how a plan says that it is, or would be, frozen: until when, why, and what is let through."""
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
