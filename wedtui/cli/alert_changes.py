"""What changed before an alert began, for `wedtui alerts show`: read as `wedtui changes` reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wedtui.cli.changes import change_words, read_timeline, timeline_json
from wedtui.cli.common import Session

if TYPE_CHECKING:
    from wedtui.core.alerts.standing import AlertIs
    from wedtui.core.changes import Change, Timeline

SHOWN = 7
"""So many changes and times of which nothing is known are said; the rest is counted."""


def changed_before(session: Session, alert: AlertIs) -> Timeline:
    """Return what changed in the half hour before an alert began, and of what nothing is known.

    Raises:
        ConfigurationError: it cannot be used.
    """
    from wedtui.core.changes import before_query, beforehand

    query = before_query(alert.since, session.clock.now())
    return beforehand(read_timeline(session, query), alert.since)


def changed_lines(found: Timeline, alert: AlertIs) -> list[str]:
    """Return it in words, what is nearest to the beginning first; what cannot be read stands above."""
    problems = [gap.words for gap in found.gaps if gap.problem]
    changes = [_line(change, alert) for change in found.changes]
    unknown = [f"not known: {gap.words}" for gap in found.gaps if not gap.problem]
    lines = [*problems, *changes, *unknown]
    if not changes:
        lines.insert(len(problems), "nothing that is on record")
    more = len(lines) - SHOWN
    if more > 0 or found.earlier:
        left = f"{'at least ' if found.earlier else ''}{max(more, 1):,}"
        lines = [*lines[:SHOWN], f"and {left} more: `wedtui changes --since {found.query.since:%Y-%m-%dT%H:%M:%SZ}`"]
    return lines


def changed_json(found: Timeline) -> dict[str, Any]:
    """Return the same for a program, whole, as `wedtui changes --json` prints it."""
    return timeline_json(found)


def _line(change: Change, alert: AlertIs) -> str:
    from wedtui.core.text import single_line
    from wedtui.core.wording import duration

    off = duration(abs(change.at - alert.since))
    when = f"{off} before"
    if change.at > alert.since:
        when = f"maybe before, seen {off} after it began"
    elif change.not_before is not None:
        when = f"seen {off} before"
    return f"{when}: {change.kind} {single_line(change_words(change))}"
