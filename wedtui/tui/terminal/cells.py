"""Segments of text become cells: what stands in each column of a line, and with which pen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from rich.cells import split_graphemes
from rich.segment import Segment

from wedtui.tui.terminal.abilities import Depth
from wedtui.tui.terminal.pens import Pen, pen_of

Cell = tuple[str, Pen]
"""A grapheme and its pen; the right half of a wide one is an empty text."""

Translate = Callable[[str, int], str]
"""Turns a grapheme into what the terminal can show in as many cells."""


def as_it_is(grapheme: str, _cells: int) -> str:
    """Translate nothing: the terminal shows whatever Unicode has."""
    return grapheme


class Cutter:
    """Cuts segments into cells for one kind of terminal."""

    def __init__(self, colours: Depth, translate: Translate = as_it_is) -> None:
        self._colours = colours
        # The same words are drawn again and again: a rule, a label, an empty end of a line.
        self._cut = lru_cache(maxsize=8192)(lambda text, pen: tuple(_cells(text, pen, translate)))

    def cells(self, segments: Iterable[Segment]) -> list[Cell]:
        """Return the cells of some segments, one after another."""
        cells: list[Cell] = []
        for text, style, control in segments:
            if not control:
                cells += self._cut(text, pen_of(style, self._colours))
        return cells


def _cells(text: str, pen: Pen, translate: Translate) -> Iterable[Cell]:
    if text.isascii():
        # A control would move the terminal's cursor, wherever it came from.
        yield from ((c if c.isprintable() else " ", pen) for c in text)
        return
    for start, end, width in split_graphemes(text)[0]:
        if not width:
            continue
        # What joins a sign without a width of its own may still be a control of eight bits.
        grapheme = "".join(c for c in text[start:end] if not "\x7f" <= c < "\xa0")
        # A sign as wide as another sign, or one sign for each of its cells.
        shown = grapheme if grapheme.isascii() else translate(grapheme, width)
        if width == 1:
            yield shown, pen
        elif shown.isascii():
            yield from ((c, pen) for c in shown)
        else:
            yield shown, pen
            yield from (("", pen) for _ in range(width - 1))
