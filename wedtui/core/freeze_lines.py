"""A plan of a freeze as lines of text, from the JSON that is shown and kept; and how it is said what is frozen.

What of it cannot be read is said to be UNKNOWN and never left out silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wedtui.core.emergency import EMERGENCIES
from wedtui.core.freeze_stretches import Reason
from wedtui.core.freeze_words import LONGEST, bounded, endless, longest_of, span_each, until_each
from wedtui.core.plan_lines import WIDTH, holds_words, labelled
from wedtui.core.plan_words import as_of, check_rows, said, stopped_by
from wedtui.core.text import single_line
from wedtui.core.wording import duration, local_time
from wedtui.core.zones import is_readable

MOST, NEXT = 5, 2
"""So many names of what freezes now are said, and of what freezes on after that."""


def freeze_lines(plan: Mapping[str, Any], now: datetime, *, drill: bool = False) -> list[str]:
    """Return what would be frozen, whom that hurts, how it is undone and each check, for a tired person.

    Args:
        plan: as `core.freeze_plan.freeze_plan_json` writes it.
        now: an aware instant; ages are counted up to it.
        drill: whether its world is a made-up one.
    """
    kind = str(plan.get("kind"))
    entry = EMERGENCIES.get(kind)
    title = entry.title if entry is not None else kind
    head = "REFUSED" if stopped_by(plan) else "DRILL in a made-up world" if drill else "REAL"
    lines = [
        f"{head}: {title} {said(plan.get('target') or 'UNKNOWN')}; {as_of(plan)}",
        *labelled("what", said(plan.get("says") or "UNKNOWN"), WIDTH),
    ]
    for label, key in (("now", "before"), ("then", "after")):
        lines += labelled(label, stands_words(plan, key, now), WIDTH)
    lines += labelled("hurt", said(plan.get("hurts") or "UNKNOWN"), WIDTH)
    lines += labelled("undo", said(plan.get("undo") or "UNKNOWN"), WIDTH)
    for row in check_rows(plan, now):
        lines += labelled(row.word, row.text, WIDTH)
    return [*lines, *labelled("holds", holds_words(plan, now), WIDTH)]


def stands_words(plan: Mapping[str, Any], key: str, now: datetime) -> str:
    """Return how a plan says that it stands before or after: what is frozen, or of any other action in its words."""
    found = plan.get(key)
    if isinstance(found, str):
        return single_line(found, 300)
    return f"{said(plan.get('environment') or 'the environment')} is {frozen_words(found, now)}"


def frozen_words(found: object, now: datetime) -> str:
    """Return how a plan says that it is, or would be, frozen: until when, why, and what is let through."""
    if not isinstance(found, dict):
        return "UNKNOWN"
    reasons, overrides, until = found.get("reasons"), found.get("overrides"), found.get("until")
    through = f"; let through: {', '.join(map(str, overrides))}" if isinstance(overrides, list) and overrides else ""
    if not found.get("frozen"):
        return f"open{through}"
    end = datetime.fromisoformat(until) if isinstance(until, str) else None
    why = f": {_why(found, end, now)}" if isinstance(reasons, list) and reasons else ""
    if end is None:
        return f"{endless(lockdown=found.get('lockdown') is True)}{why}{through}"
    return f"FROZEN until {local_time(end, _clock(found), now)}, {duration(end - now)} more{why}{through}"


def _clock(found: Mapping[str, Any]) -> str:
    """Return the zone by whose clock a plan says when; of one by another version UTC."""
    clock = found.get("clock")
    return clock if isinstance(clock, str) and is_readable(clock) else "UTC"


def _why(found: Mapping[str, Any], end: datetime | None, now: datetime) -> str:
    """Return why it is frozen, each until when where several things freeze, or another one goes on.

    What makes the end that is said before it is told by that alone: a plan has little room.
    """
    holding, coming = _timed(found.get("holding")), _timed(found.get("coming"))
    if end is None or not holding or len(holding) + len(coming) < 2:
        return _bounded(found["reasons"], found.get("later"))
    clock, longest = _clock(found), longest_of(holding)
    words = [
        (reason.name if reason.end == end else until_each(reason.name, reason, clock, now))
        + (LONGEST if reason.name in longest else "")
        for reason in holding
    ]
    then = bounded([span_each(reason.name, reason, clock, now) for reason in coming], NEXT)
    return "; ".join(bounded(words, MOST) + ([f"then {then[0]}", *then[1:]] if then else []))


def _timed(found: object) -> list[Reason]:
    """Return what a plan says of reasons with their times; nothing of one by another version."""
    try:
        return [_reason(each) for each in found] if isinstance(found, list) else []
    except (KeyError, TypeError, ValueError):
        return []


def _reason(each: Mapping[str, Any]) -> Reason:
    start, end = (datetime.fromisoformat(str(each[key])) for key in ("start", "end"))
    zone = each.get("zone")
    return Reason(said(each["name"]), start, end, zone if isinstance(zone, str) else None)


def _bounded(reasons: list[object], later: object) -> str:
    """Return what counts now, and what comes next in the order of time: of a long stretch the rest is a number."""
    coming = [str(each) for each in later] if isinstance(later, list) else []
    holding = [str(each) for each in reasons if str(each) not in coming]
    words = _first(holding, MOST)
    return "; then ".join(filter(None, (words, _first(coming, NEXT))))


def _first(names: list[str], most: int) -> str:
    rest = len(names) - most
    return ", ".join([*names[:most], *([f"+{rest} more"] if rest > 0 else [])])
