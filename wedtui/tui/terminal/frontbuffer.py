"""What the terminal shows and what it should show, cell by cell, and the shortest way from one to the other.

The compositor of the framework sends whole widgets; here only the cells that differ leave. It is also what lets a
slow line be slow: what should be shown may change as often as it likes, and what is sent is always the newest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from wedtui.tui.terminal.cells import Cell
from wedtui.tui.terminal.pens import PLAIN, Pen, change

# From this many equal blanks on, erasing them and jumping over them is shorter than writing them.
_ERASE_FROM = 12
_ERASE_LINE_FROM = 4
_ANYWHERE = -1


@dataclass(frozen=True, slots=True)
class Repertoire:
    """What may be used beside plain addressing; all of it exists on everything newer than a VT220."""

    with_background: bool = True
    """Whether erased cells get the background of the pen (terminfo's bce)."""
    characters: bool = True
    """Whether a number of cells can be erased (terminfo's ech)."""
    columns: bool = True
    """Whether a column can be addressed without its line (terminfo's hpa)."""


class FrontBuffer:
    """Two pictures of one terminal: the one that is wanted, and the one that stands there as far as is known.

    Args:
        repertoire: what the terminal can do.
    """

    def __init__(self, repertoire: Repertoire | None = None) -> None:
        self._repertoire = repertoire or Repertoire()
        self._width = self._height = 0
        self._wanted: list[list[Cell]] = []
        self._shown: list[list[Cell] | None] = []
        self._touched: dict[int, None] = {}
        self._pen: Pen | None = None
        self._at: tuple[int, int] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self._width, self._height

    @property
    def pending(self) -> bool:
        """Whether anything may differ from what stands on the terminal."""
        return bool(self._touched)

    def resize(self, width: int, height: int) -> None:
        """Begin anew at another size: nothing is wanted yet, and nothing is known of the terminal."""
        self._width, self._height = width, height
        self._wanted = [[(" ", PLAIN)] * width for _ in range(height)]
        self.forget()
        self._touched.clear()

    def forget(self) -> None:
        """Know nothing of the terminal any more: somebody else wrote to it. What is wanted stays."""
        self._shown = [None] * self._height
        self._pen = self._at = None
        self._touched = dict.fromkeys(range(self._height))

    def lose_cursor(self) -> None:
        """Know no longer where the cursor stands and which pen it has, but still what is shown."""
        self._pen = self._at = None

    def put(self, x: int, y: int, cells: Sequence[Cell]) -> None:
        """Want `cells` in line `y` from column `x` on; what lies outside the terminal is left out."""
        if x < 0:
            cells, x = cells[-x:], 0
        if not 0 <= y < self._height or x >= self._width or not cells:
            return
        row = self._wanted[y]
        new = list(cells[: self._width - x])
        if new[0][0] == "":
            new[0] = (" ", new[0][1])
        if len(new) < len(cells) and cells[len(new)][0] == "":
            new[-1] = (" ", new[-1][1])
        if row[x : x + len(new)] == new and self._shown[y] is not None:
            return
        row[x : x + len(new)] = new
        _mend(row, x, x + len(new))
        # What was touched last stands last.
        self._touched.pop(y, None)
        self._touched[y] = None

    def changes(self, room: int | None = None, *, newest_first: bool = False) -> str:
        """Return what has to be written so that the terminal shows what is wanted.

        Args:
            room: about how many characters may be written; at least one line is finished, the others wait.
            newest_first: begin with the lines that were changed last.
        """
        out: list[str] = []
        written = 0
        order = list(self._touched)
        for y in reversed(order) if newest_first else order:
            if room is not None and written >= room:
                break
            line = self._line(y)
            del self._touched[y]
            out.append(line)
            written += len(line)
        return "".join(out)

    def _line(self, y: int) -> str:
        wanted, shown = self._wanted[y], self._shown[y]
        out: list[str] = []
        for start, end in _differences(wanted, shown):
            self._run(y, start, end, wanted, out)
        self._shown[y] = wanted.copy()
        return "".join(out)

    def _run(self, y: int, start: int, end: int, row: list[Cell], out: list[str]) -> None:
        """Write the cells from `start` to `end` of a line, in as few bytes as we know how."""
        x = start
        while x < end:
            blanks = _blanks(row, x, end)
            if blanks >= _ERASE_LINE_FROM and x + blanks == self._width and self._erases(row[x][1]):
                out += (self._move(x, y, row), self._take(row[x][1]), "\x1b[K")
                return
            if blanks >= _ERASE_FROM and self._repertoire.characters and self._erases(row[x][1]):
                out += (self._move(x, y, row), self._take(row[x][1]), f"\x1b[{blanks}X")
                x += blanks
                continue
            x = self._text(x, y, end, row, out)

    def _text(self, x: int, y: int, end: int, row: list[Cell], out: list[str]) -> int:
        """Write cells of one pen; return the column behind them."""
        pen = row[x][1]
        out += (self._move(x, y, row), self._take(pen))
        sure = True
        begin = x
        while x < end and row[x][1] == pen and sure:
            if x > begin and _blanks(row, x, end) >= _ERASE_FROM and self._erases(pen):
                break
            text = row[x][0]
            out.append(text)
            sure = _sure(text)
            x += 1
        while x < end and row[x][0] == "":
            x += 1
        # A sign that some terminals draw wider than others: in which column the cursor is now is anyone's guess.
        self._at = (x if sure and x < self._width else _ANYWHERE, y)
        return x

    def _erases(self, pen: Pen) -> bool:
        return pen.plain_ground and (self._repertoire.with_background or pen.background == PLAIN.background)

    def _take(self, pen: Pen) -> str:
        sequence = change(self._pen, pen)
        self._pen = pen
        return sequence

    def _move(self, x: int, y: int, row: list[Cell]) -> str:
        """Return the shortest way to a cell; over a few cells of the same pen it is to write them again."""
        at, self._at = self._at, (x, y)
        if at == (x, y):
            return ""
        ways = [f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H" if y else "\x1b[H"]
        if at is not None and at[1] == y:
            if not x:
                ways.append("\r")
            elif self._repertoire.columns:
                ways.append(f"\x1b[{x + 1}G")
            gap = x - at[0] if at[0] != _ANYWHERE else 0
            if gap > 0:
                ways.append(f"\x1b[{gap}C" if gap > 1 else "\x1b[C")
            if 0 < gap < len(ways[0]) and all(c[1] == self._pen and _sure(c[0]) for c in row[at[0] : x]):
                ways.append("".join(c[0] for c in row[at[0] : x]))
        elif at is not None and y == at[1] + 1 and not x:
            ways.append("\r\n")
        return min(ways, key=lambda way: len(way.encode()))


def _mend(row: list[Cell], start: int, end: int) -> None:
    """Blank the half that is left of a wide sign, where the other half was overwritten."""
    if start > 0 and not _sure(row[start - 1][0]) and cell_len(row[start - 1][0]) > 1:
        row[start - 1] = (" ", row[start - 1][1])
    if end < len(row) and row[end][0] == "":
        row[end] = (" ", row[end][1])


def _differences(wanted: list[Cell], shown: list[Cell] | None) -> Iterable[tuple[int, int]]:
    """Return the runs of cells that differ, never beginning or ending inside a wide sign."""
    width = len(wanted)
    if shown is None:
        return [(0, width)]
    if wanted == shown:
        return []
    runs: list[tuple[int, int]] = []
    x = 0
    while x < width:
        if wanted[x] == shown[x]:
            x += 1
            continue
        start = x
        while start > 0 and wanted[start][0] == "":
            start -= 1
        while x < width and (wanted[x] != shown[x] or wanted[x][0] == ""):
            x += 1
        runs.append((start, x))
    return runs


def _blanks(row: list[Cell], start: int, end: int) -> int:
    """Return how many blanks of one pen begin at a column."""
    first = row[start]
    if first[0] != " ":
        return 0
    x = start + 1
    while x < end and row[x] == first:
        x += 1
    return x - start


def _sure(text: str) -> bool:
    """Whether every terminal draws this sign in exactly one cell."""
    if len(text) != 1:
        return False
    code = ord(text)
    return 0x20 <= code < 0x7F or 0xA0 <= code < 0x180 or 0x2500 <= code < 0x25A0 or 0x2800 <= code < 0x2900
