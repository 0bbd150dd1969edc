"""Letters of many cells: the pixels of pyfiglet's fonts, drawn with half and full blocks.

Fonts that draw with one sign a pixel are used (`3x5`, `5x7`, `clr6x8`, and `clb8x8`, whose strokes are two pixels
wide); they were made from the letters of old screens. Two pixels stand above each other in one cell.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

from pyfiglet import Figlet

BLOCKS = " ▀▄█"
"""By what is set: nothing, the upper half, the lower half, both."""

_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"
_DRAWN = frozenset(_CAPITALS + _DIGITS + " :.-/%+?!<>()")


class Face(NamedTuple):
    """A font at a scale."""

    font: str
    across: int
    """Cells for a pixel's width."""
    down: int
    """Half cells for a pixel's height."""

    @property
    def height(self) -> int:
        """How many half cells a line of it takes."""
        return len(_rows_used(self.font)) * self.down

    @property
    def rows(self) -> int:
        """How many cells a line of it takes."""
        return (self.height + 1) // 2

    def width(self, text: str) -> int:
        """Return how many cells `text` takes across."""
        return sum((_width(self.font, c) + 1) * self.across for c in text) - (self.across if text else 0)

    def fits(self, text: str, width: int, rows: int) -> bool:
        """Whether `text` finds room in so many cells."""
        return self.rows <= rows and self.width(text) <= width


SMALLEST = Face("3x5", 1, 1)
_HUGE = (*(Face("clb8x8", k, 2 * k) for k in range(8, 1, -1)), Face("clr6x8", 3, 3))
_LARGE = (Face("clb8x8", 1, 2),)
_LOW = (Face("clr6x8", 1, 1), Face("5x7", 1, 1), SMALLEST)
FACES: tuple[Face, ...] = (*_HUGE, *_LARGE, *_LOW)
"""Every face that words are drawn in, the largest first."""
# The digits of narrow fonts can be read from far away; their N and W cannot.
DIGITS = (Face("5x7", 2, 2), Face("3x5", 2, 2))
CLOCKS: tuple[Face, ...] = (*_HUGE, *_LARGE, *DIGITS, *_LOW)
"""Every face that a clock is drawn in, the largest first."""


def drawable(text: str) -> bool:
    """Whether every sign of `text` can be drawn large."""
    return set(text) <= _DRAWN


def largest(words: tuple[str, ...], width: int, rows: int) -> Face | None:
    """Return the largest face in which each of `words` finds room by itself, or None."""
    return next((face for face in FACES if all(face.fits(word, width, rows) for word in words)), None)


@lru_cache(maxsize=512)
def big(text: str, face: Face) -> tuple[str, ...]:
    """Return `text` as `face.rows` lines of block characters, each `face.width(text)` cells wide."""
    bitmap = [
        (face.across * " ").join("".join(sign * face.across for sign in row) for row in rows)
        for rows in pixels(text, face.font)
    ]
    halves = [row for row in bitmap for _ in range(face.down)]
    if len(halves) % 2:
        halves.append(" " * face.width(text))
    return tuple(
        "".join(BLOCKS[(upper != " ") + 2 * (lower != " ")] for upper, lower in zip(*pair, strict=True))
        for pair in zip(halves[::2], halves[1::2], strict=True)
    )


def pixels(text: str, font: str) -> tuple[tuple[str, ...], ...]:
    """Return the rows of pixels of `text`: for each row, for each letter, `#` where a pixel is set."""
    letters = [_glyph(font, char) for char in text]
    return tuple(tuple(letter[y] for letter in letters) for y in range(len(_rows_used(font))))


def _width(font: str, char: str) -> int:
    return len(_glyph(font, char)[0])


@cache
def _glyph(font: str, char: str) -> tuple[str, ...]:
    """Return one letter's rows of pixels, without empty columns beside it; digits are all equally wide."""
    rows = [_raw(font, char)[y] for y in _rows_used(font)]
    if char == " ":
        return tuple("  " for _ in rows)
    left = min((len(r) - len(r.lstrip()) for r in rows if r.strip()), default=0)
    width = max(len(r.rstrip()) for r in rows) - left
    cut = [r[left : left + width] for r in rows]
    if char in _DIGITS:
        # A clock must not move when a narrow digit comes.
        width = max(len("".join(_column(font, d)).strip()) for d in _DIGITS)
        cut = [r.center(width) if len(r) <= width else r for r in cut]
    return tuple(r.ljust(width) for r in cut)


def _column(font: str, char: str) -> list[str]:
    """Return for each column of a letter whether anything stands in it."""
    rows = _raw(font, char)
    return ["#" if any(row[x : x + 1].strip() for row in rows) else " " for x in range(max(map(len, rows)))]


@cache
def _raw(font: str, char: str) -> tuple[str, ...]:
    lines = _figlet(font).renderText(char).splitlines()
    width = max((len(line) for line in lines), default=1)
    height = _figlet(font).Font.height
    return tuple(line.ljust(width) for line in [*lines, *([""] * height)][:height])


@cache
def _rows_used(font: str) -> tuple[int, ...]:
    """Return the rows in which capitals and digits have pixels; what hangs below the line is not drawn."""
    tall = [_raw(font, char) for char in _CAPITALS]
    used = [y for y in range(_figlet(font).Font.height) if sum(bool(rows[y].strip()) for rows in tall) > 3]
    return tuple(range(used[0], used[-1] + 1))


@cache
def _figlet(font: str) -> Figlet:
    return Figlet(font=font, width=1000)
