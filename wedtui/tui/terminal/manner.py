"""How a terminal is talked to, from what it can do."""

from __future__ import annotations

from functools import lru_cache

from wedtui.tui.terminal.abilities import Abilities, Charset
from wedtui.tui.terminal.cells import Cutter, Translate, as_it_is
from wedtui.tui.terminal.driver import TerminalDriver
from wedtui.tui.terminal.frontbuffer import Erasing
from wedtui.tui.terminal.sender import Manner

# Kinds that print the rest of a question which they do not understand.
_SIMPLE = ("linux", "vt", "ansi", "cons", "unset")


def driver_for(abilities: Abilities) -> type[TerminalDriver]:
    """Return the driver for a terminal."""

    class Driver(TerminalDriver):
        manner = manner_for(abilities)

    return Driver


def manner_for(abilities: Abilities) -> Manner:
    """Return how a terminal is talked to."""
    simple = abilities.kind.startswith(_SIMPLE)
    return Manner(
        cutter=Cutter(abilities.depth, _translate(abilities)),
        encoding="utf-8" if abilities.charset is Charset.UTF8 else abilities.charset,
        erasing=Erasing(with_background=abilities.erases_with_background, characters=abilities.erases_characters),
        alternate=not simple,
        modern=not simple,
    )


def _translate(abilities: Abilities) -> Translate:
    if abilities.charset is Charset.UTF8 and abilities.braille:
        return as_it_is
    from wedtui.tui.terminal.charset import translate  # noqa: PLC0415 - most terminals need it never

    @lru_cache(maxsize=2048)
    def translated(grapheme: str, cells: int) -> str:
        return translate(grapheme, cells, abilities.charset, abilities.braille, abilities.kind)

    return translated
