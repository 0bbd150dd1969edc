"""What stood before a person when they gave their word for a plan, as text for the record.

These are the lines of the commands, in the words that the panel has too; ages are counted up to that instant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wedtui.core.failover_facts import Kind
from wedtui.core.freeze_lines import freeze_lines
from wedtui.core.plan_lines import plan_lines
from wedtui.core.text import single_line

LINES_AT_MOST, LINE_AT_MOST = 150, 300


def panel_text(plan: Mapping[str, Any], at: datetime, *, drill: bool = False) -> list[str]:
    """Return the lines of a plan at an instant: no more and none longer than is good for a record.

    Args:
        plan: as `core.failover.plan_json` or `core.freeze_plan.freeze_plan_json` writes it.
        at: an aware instant.
        drill: whether its world is a made-up one, as the panel and the commands say of it too.
    """
    try:
        lines = lines_of(plan, at, drill=drill)
    except (AttributeError, KeyError, TypeError, ValueError):
        # Of a plan by another version: its word counts all the same, and the plan itself is on record.
        lines = ["this plan cannot be put into words: they are not known for it"]
    # Indents and columns stay: that is how it stood there.
    kept = [_line(line) for line in lines[:LINES_AT_MOST]]
    rest = len(lines) - len(kept)
    return [*kept, *([f"(+{rest} lines more)"] if rest else [])]


def lines_of(
    plan: Mapping[str, Any],
    now: datetime,
    *,
    refused: Sequence[str] = (),
    open_plan: bool = True,
    drill: bool = False,
) -> list[str]:
    """Return a plan of whatever kind as lines of text: of a change of shares, of a freeze, or of anything else.

    In a made-up world each says that it is a drill.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: it is none that this version knows.
    """
    if plan.get("kind") in {kind.value for kind in Kind}:
        return plan_lines(plan, now, refused=refused, open_plan=open_plan, drill=drill)
    return freeze_lines(plan, now, drill=drill)


def _line(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip(" "))]
    if line.isprintable():
        return line[:LINE_AT_MOST]
    return (indent + single_line(line, LINE_AT_MOST))[:LINE_AT_MOST]
