"""The dashboard's keys and the configuration: neither knows the other, so they meet here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wedtui.tui.keymap.names import spelled
from wedtui.tui.keymap.table import KEYS, Keymap

if TYPE_CHECKING:
    from wedtui.config import Configuration
    from wedtui.toml_lines import KeyPath

_PATH = ("dashboard", "keys")


class KeyLine(NamedTuple):
    """One action, as `wedtui config keys` prints it."""

    id: str
    keys: tuple[str, ...]
    """As a configuration writes them."""
    defaults: tuple[str, ...]
    word: str
    does: str
    where: str

    @property
    def changed(self) -> bool:
        """Whether the configuration gave it other keys."""
        return self.keys != self.defaults

    @property
    def head(self) -> tuple[str, str, str]:
        """What stands before the sentence."""
        return f"{'*' if self.changed else ' '} {self.id}", " ".join(self.keys) or "(none)", self.word

    def as_json(self) -> dict[str, object]:
        """Return it as JSON says it."""
        return {**self._asdict(), "changed": self.changed}


def key_problems(configuration: Configuration) -> list[tuple[KeyPath, str]]:
    """Return what is wrong with the configured keys: the path of each, and what was expected."""
    from wedtui.tui.keymap.check import choose

    configured = configuration.dashboard.keys
    found: list[tuple[KeyPath, str]] = []
    for problem in choose(configured)[1]:
        several = problem.number is not None and len(configured[problem.id]) > 1
        found.append(((*_PATH, problem.id, *((problem.number,) if several else ())), problem.text))
    return found


def key_notes(configuration: Configuration) -> list[str]:
    """Return which of the configured keys may never arrive."""
    from wedtui.tui.keymap.check import notes

    return [f"{'.'.join(_PATH)}.{note.id}: {note.text}" for note in notes(keymap_of(configuration))]


def keymap_of(configuration: Configuration) -> Keymap:
    """Return the keys in force under a configuration in which `key_problems` finds nothing."""
    from wedtui.tui.keymap.check import choose

    return choose(configuration.dashboard.keys)[0]


def key_table(configuration: Configuration) -> list[KeyLine]:
    """Return every action with its keys in force, in the order of the table."""
    keymap = keymap_of(configuration)
    return [
        KeyLine(
            row.id,
            tuple(map(spelled, keymap.keys(row.id))),
            tuple(map(spelled, row.keys)),
            row.word,
            row.does,
            row.scope.value,
        )
        for row in KEYS
    ]
