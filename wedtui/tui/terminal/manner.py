"""How a terminal is talked to, from what it can do."""

from __future__ import annotations

from functools import lru_cache

from wedtui.tui.terminal.abilities import Abilities, Charset
from wedtui.tui.terminal.cells import Cutter, Translate, as_it_is
from wedtui.tui.terminal.driver import TerminalDriver
from wedtui.tui.terminal.frontbuffer import Repertoire
from wedtui.tui.terminal.sender import Manner


def driver_for(abilities: Abilities) -> type[TerminalDriver]:
    """Return the driver for a terminal."""

    class Driver(TerminalDriver):
        manner = manner_for(abilities)

    return Driver


def manner_for(abilities: Abilities) -> Manner:
    """Return how a terminal is talked to."""
    return Manner(
        cutter=Cutter(abilities.depth, _translate(abilities)),
        encoding="utf-8" if abilities.charset is Charset.UTF8 else abilities.charset,
        repertoire=Repertoire(
            with_background=abilities.erases_with_background,
            characters=abilities.erases_characters,
            columns=abilities.addresses_columns,
        ),
        alternate=abilities.modern,
        modern=abilities.modern,
    )


def _translate(abilities: Abilities) -> Translate:
    if abilities.charset is Charset.UTF8 and abilities.braille:
        return as_it_is
    from wedtui.tui.terminal.charset import translate  # noqa: PLC0415 - most terminals need it never

    @lru_cache(maxsize=2048)
    def translated(grapheme: str, cells: int) -> str:
        return translate(grapheme, cells, abilities.charset, abilities.braille, abilities.kind)

    return translated
