"""What changed, the newest first, and of what nothing is known; one change in full."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from wedtui.core.changes import Change, Gap, clock_words, matching
from wedtui.core.wording import age, local_time, short_age, utc_words
from wedtui.core.zones import local
from wedtui.tui.board import Board, ChangesTold
from wedtui.tui.clipboard import Subject
from wedtui.tui.rows import Row
from wedtui.tui.spans import Line, Role, clean, fit, length, rule, wrap

_KIND = 13
_WIDE = 100
"""Cells from which on the day stands beside the hour."""
NARROW_LINES = 3
"""So many lines a change has at most in the list; Enter shows all of it."""


def change_key(change: Change) -> str:
    """Return the identity of a change, as the key of its row."""
    return f"{change.known_from}\t{change.key}"


def shown(told: ChangesTold | None, words: str) -> tuple[Change, ...]:
    """Return the changes that a filter leaves, the newest first."""
    found = told.timeline.changes if told is not None and told.timeline is not None else ()
    return matching(found, words)[::-1]


def change_rows(board: Board, told: ChangesTold | None, words: str, width: int) -> tuple[Row, ...]:
    """Return the changes as rows, what could not be read above them, and what is not known below."""
    if told is None:
        return (Row(((" reading what changed…", Role.MUTED),)),)
    if told.timeline is None:
        return tuple(Row(line) for line in wrap(told.problem or "", width, Role.DEGRADED, indent=" "))
    found, timeline = shown(told, words), told.timeline
    rows = [Row(line) for gap in timeline.gaps if gap.problem for line in _gap(gap, width, Role.DEGRADED)]
    for change in found:
        rows += _change(board, change, width)
    if not found:
        nothing = "no change matches the filter" if words.strip() else "nothing is known to have changed in this time"
        rows.append(Row(((f" {nothing}", Role.MUTED),)))
    if timeline.earlier:
        rows.append(Row(((" there are older ones on the next page", Role.ACCENT),)))
    quiet = [gap for gap in timeline.gaps if not gap.problem]
    if quiet:
        rows += [Row(()), Row(rule("not known", width))]
        rows += [Row(line) for gap in quiet for line in _gap(gap, width, Role.MUTED)]
    return tuple(rows)


def _gap(gap: Gap, width: int, role: Role) -> Iterable[Line]:
    return wrap(gap.words, max(width - 1, 20), role, indent=" ")


def _change(board: Board, change: Change, width: int) -> list[Row]:
    day = f"{local(change.at, board.zone):%d %b }" if width >= _WIDE else ""
    about = "~" if change.not_before is not None else " "
    head: Line = (
        (" ", Role.TEXT),
        (fit(short_age(change.at, board.now), 5, right=True), Role.MUTED),
        (f" {about}{day}{local(change.at, board.zone):%H:%M:%S}  ", Role.TEXT),
        (f"{fit(change.kind, _KIND)} ", Role.STRONG),
    )
    # Who comes before what: a sentence may be cut.
    by = "" if change.who is None else f" by {change.who}"
    lines = wrap(f"{change.object}{by}: {change.sentence}", max(width - length(head) - 1, 20))
    if len(lines) > NARROW_LINES:
        lines = [*lines[: NARROW_LINES - 1], (*lines[NARROW_LINES - 1], (" …", Role.ACCENT))]
    first, *rest = lines or [()]
    return [Row((*head, *first), change_key(change)), *(Row(((" " * length(head), Role.TEXT), *line)) for line in rest)]


def change_facts(board: Board, change: Change, width: int) -> tuple[Row, ...]:
    """Return all that is known of one change, a row for each fact."""
    facts = (
        ("what", f"{change.object}: {change.sentence}"),
        ("kind", change.kind),
        ("who", change.who or "not known here"),
        ("when", _when(board, change.at)),
        ("not before", _when(board, change.not_before) if change.not_before else ""),
        ("", "it was seen to be other then, and last seen as before at the instant above" if change.not_before else ""),
        ("known from", change.known_from),
        ("more", f"`{change.more}`" if change.more else ""),
    )
    rows: list[Row] = []
    for title, text in facts:
        for i, line in enumerate(wrap(text, max(width - 14, 10)) if text else ()):
            rows.append(Row(((f" {'' if i else title:<12} ", Role.MUTED), *line)))
    return tuple(rows)


def _when(board: Board, at: datetime) -> str:
    there = "" if board.zone == "UTC" else f", {local_time(at, board.zone, board.now)}"
    return f"{utc_words(at)}{there}, {age(at, board.now)} ago"


def change_subject(board: Board, change: Change) -> Subject:
    """Return a change as a sentence that stands by itself."""
    parts = [f"{change.kind} {clean(change.object)}: {clean(change.words)}", change.when, f"by the {change.known_from}"]
    if board.picture is not None:
        parts.append(board.picture.environment)
    parts += ["DEMO, a made-up world"] if board.demo else []
    return Subject(f"{change.kind} {change.object}", ", ".join(parts))


def change_sentence(change: Change, now: datetime) -> str:
    """Return a change as it is read aloud."""
    between = ""
    if change.not_before is not None:
        between = f", at some time since {clock_words(change.not_before, change.at)}"
    return f"{change.kind}, {age(change.at, now)} ago{between}: {change.object}: {change.words}."
