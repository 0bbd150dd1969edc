"""Key hints and the help page, both made from the bindings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.binding import Binding

from wedtui.tui.rows import Row
from wedtui.tui.spans import Line, Role, fit, length, rule, wrap

ALWAYS_SHOWN = frozenset({"app.help", "app.quit", "screen.back"})

_NAMES = {
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "question_mark": "?",
    "apostrophe": "'",
    "slash": "/",
    "colon": ":",
    "minus": "-",
    "plus": "+",
    "equals_sign": "=",
    "up": "↑",
    "down": "↓",
    "enter": "Enter",
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
}


def key_names(binding: Binding) -> list[str]:
    """Return the names of a binding's keys as they stand on a keyboard."""
    return [_NAMES.get(key.strip(), key.strip().replace("ctrl+", "Ctrl-")) for key in binding.key.split(",")]


def hint_line(bindings: Iterable[Binding], width: int) -> Line:
    """Return the keys that matter here, with a word each, as many as there is room for."""
    shown = [b for b in bindings if b.show]
    hints: list[Line] = [
        ((f" {b.key_display or key_names(b)[0]}", Role.KEY), (f" {b.description} ", Role.TEXT)) for b in shown
    ]
    # Help and the way out are never the ones that are left out.
    kept = {i for i, b in enumerate(shown) if b.id in ALWAYS_SHOWN}
    for i in range(len(shown)):
        if sum(length(hints[k]) for k in kept | {i}) <= width:
            kept.add(i)
    return tuple(span for i in sorted(kept) for span in hints[i])


def help_rows(groups: Sequence[tuple[str, Sequence[Binding]]], width: int) -> tuple[Row, ...]:
    """Return every binding: its keys, its word and what it does; `groups` are (title, bindings)."""
    rows: list[Row] = []
    for title, bindings in groups:
        rows.append(Row(rule(title, width)))
        for binding in bindings:
            keys = "  ".join(key_names(binding))
            head: Line = ((f" {fit(keys, 15)}", Role.KEY), (f" {fit(binding.description, 13)} ", Role.STRONG))
            lines = wrap(binding.tooltip, max(width - length(head) - 1, 10))
            rows += [
                Row((*(head if i == 0 else ((" " * length(head), Role.TEXT),)), *lines[i])) for i in range(len(lines))
            ]
        rows.append(Row(()))
    return tuple(rows[:-1])
