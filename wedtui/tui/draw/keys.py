"""Key hints and the help page, both made from the table of keys and the keymap in force."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from wedtui.tui.keymap.table import Keymap, row
from wedtui.tui.rows import Row
from wedtui.tui.spans import Line, Role, fit, length, rule, wrap

ALWAYS_SHOWN = frozenset({"app.help", "app.quit", "screen.back"})
NO_KEY = "–"
# Cells of help's column of keys.
LEAST_COLUMN, MOST_COLUMN = 15, 24


def hint_line(names: Iterable[str], keymap: Keymap, width: int) -> Line:
    """Return the keys that matter here, with a word each, as many as there is room for; `names` are ids."""
    shown = [(name, keys) for name in names if (keys := keymap.hint(name))]
    hints: list[Line] = [((f" {keys}", Role.KEY), (f" {row(name).word} ", Role.TEXT)) for name, keys in shown]
    # Help and the way out are never the ones that are left out.
    kept = {i for i, (name, _) in enumerate(shown) if name in ALWAYS_SHOWN}
    for i in range(len(shown)):
        if sum(length(hints[k]) for k in kept | {i}) <= width:
            kept.add(i)
    return tuple(span for i in sorted(kept) for span in hints[i])


def help_rows(groups: Sequence[tuple[str, Sequence[str]]], keymap: Keymap, width: int) -> tuple[Row, ...]:
    """Return every action: its keys, its word and what it does; `groups` are (title, ids)."""
    rows: list[Row] = []
    longest = max((cell_len("  ".join(keymap.titles(name))) for _, names in groups for name in names), default=0)
    column = min(max(longest, LEAST_COLUMN), MOST_COLUMN)
    for title, names in groups:
        rows.append(Row(rule(title, width)))
        for name in names:
            keys = "  ".join(keymap.titles(name)) or NO_KEY
            head: Line = ((f" {fit(keys, column)}", Role.KEY), (f" {fit(row(name).word, 13)} ", Role.STRONG))
            lines = wrap(row(name).does, max(width - length(head) - 1, 10))
            rows += [
                Row((*(head if i == 0 else ((" " * length(head), Role.TEXT),)), *lines[i])) for i in range(len(lines))
            ]
        rows.append(Row(()))
    return tuple(rows[:-1])
