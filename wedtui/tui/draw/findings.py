"""What is wrong: the worst in one line, and all of it as a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from wedtui.core.picture import Finding, ServiceCondition, Severity
from wedtui.core.state import State, glyph
from wedtui.tui.board import Board
from wedtui.tui.rows import Row
from wedtui.tui.spans import Line, Role, Span, clean, crop, fit, length, wrap

LOOKS: dict[Severity, tuple[str, Role]] = {
    Severity.CRITICAL: (glyph(State.CRITICAL), Role.CRITICAL),
    Severity.UNKNOWN: (glyph(State.UNKNOWN), Role.UNKNOWN),
    Severity.WARNING: (glyph(State.DEGRADED), Role.DEGRADED),
    Severity.NOTE: ("·", Role.ACCENT),
}


def short(finding: Finding) -> Line:
    """Return sign, subject and text, for one line; where nothing is known, that word as well."""
    sign, role = LOOKS[finding.severity]
    word = f"{State.UNKNOWN}: " if finding.severity is Severity.UNKNOWN else ""
    return (f" {sign} {clean(finding.subject)}  ", role), (f"{word}{clean(finding.text)}", Role.TEXT)


def worst_lines(board: Board, width: int, count: int, key: str = "") -> tuple[Line, ...]:
    """Return the worst findings, one a line, at most `count`; the last line says how many more there are.

    Args:
        board: what is known.
        width: cells of a line.
        count: lines that there is room for.
        key: what opens the list of all, as it stands on a keyboard; without one nothing is said of it.
    """
    findings = board.findings
    if not findings:
        return (_nothing(board),)
    shown = findings[:count]
    more = len(findings) - len(shown)
    opens = f"{key}: " if key else ""
    tails = [f"  {opens}+{more} more " if more and i == len(shown) - 1 else " " for i in range(len(shown))]
    return tuple(_one(board, finding, tail, width) for finding, tail in zip(shown, tails, strict=True))


def _nothing(board: Board) -> Line:
    if board.picture is None:
        return ((" … reading the cache", Role.MUTED),)
    if not board.picture.providers:
        if board.picture.condition is ServiceCondition.NEVER:
            return ((" nothing is known yet: no service has stored anything here", Role.DEGRADED),)
        if board.picture.condition is ServiceCondition.UNSEEN:
            return ((" nothing can be said of any provider: the cache cannot be read", Role.DEGRADED),)
        return ((" no providers configured: edit the configuration, then `wedtui service restart`", Role.DEGRADED),)
    return ((f" {glyph(State.OK)} nothing is wrong", Role.OK), (" with what is watched", Role.MUTED))


def _one(board: Board, finding: Finding, tail: str, width: int) -> Line:
    old = f"  {finding.age_words(board.now)}"
    end: list[Span] = [(old, Role.MUTED), (tail, Role.ACCENT)]
    return (*crop(short(finding), max(width - length(end), 10)), *end)


def keyed_findings(board: Board) -> Iterator[tuple[str, Finding]]:
    """Yield every finding, worst first, with the key of its row."""
    count: Counter[str] = Counter()
    for finding in board.findings:
        # The same subject can have several findings; the number keeps their rows apart.
        count[finding.subject] += 1
        yield f"{count[finding.subject]} {finding.subject}", finding


def finding_rows(board: Board, width: int) -> tuple[Row, ...]:
    """Return every finding, worst first, its sentence wrapped; each can be selected."""
    if not board.findings:
        return (Row(_nothing(board)),)
    rows: list[Row] = []
    for key, finding in keyed_findings(board):
        sign, role = LOOKS[finding.severity]
        old = finding.age_words(board.now)
        # Coloured as in the table of providers; blanks apart, which would be underlined where there are no colours.
        state = f"{sign} {finding.severity.upper()}"
        head: Line = (
            (" ", Role.TEXT),
            (state, role),
            (" " * (12 - len(state)), Role.TEXT),
            (f"{fit(finding.subject, 14)} ", Role.STRONG),
            (f"{fit(old, 14, right=True)}  ", Role.MUTED),
        )
        sentence = wrap(finding.text, max(width - length(head) - 1, 20))
        rows.append(Row((*head, *(sentence[0] if sentence else ())), key))
        rows += [Row(((" " * length(head), Role.TEXT), *line)) for line in sentence[1:]]
    return tuple(rows)
