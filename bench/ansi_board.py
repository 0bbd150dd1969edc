"""The limit that drawing is measured against: a board of the same kind from bare escape sequences, without a framework.

Twenty rows of which ten values change each second, a clock, a chart that moves every three seconds, a cursor that
`j`, `k`, `g` and `G` move; written are only the cells that differ, in 256 colours.
"""

from __future__ import annotations

import math
import os
import random
import select
import sys
import termios
import time
import tty

COLUMNS, ROWS = 120, 40
PROVIDERS = 20
WIDTHS = (10, 16, 7, 6, 9, 8, 7, 8)
CHANGES = 10
CHART_EVERY = 3
FIRST_ROW = 3
CHART_ROW, CHART_ROWS, CHART_COLUMNS = 26, 11, 72
TEXT, MUTED, GOOD = "38;5;253", "38;5;247", "38;5;114"
GROUND, CURSOR = "48;5;233", "48;5;237"

Cell = tuple[str, str]
Grid = list[list[Cell]]


class Data:
    """Made-up values; the same in every run."""

    def __init__(self) -> None:
        self._chance = random.Random(7)
        self.values = [[self._value() for _ in WIDTHS[2:]] for _ in range(PROVIDERS)]
        self.chart = [self._height(i) for i in range(2 * CHART_COLUMNS)]
        self.seconds = 0

    def change(self) -> None:
        """Let a second pass."""
        self.seconds += 1
        for _ in range(CHANGES):
            row = self._chance.choice(self.values)
            row[self._chance.randrange(len(row))] = self._value()
        if self.seconds % CHART_EVERY == 0:
            self.chart = [*self.chart[1:], self._height(self.seconds)]

    def _value(self) -> str:
        return f"{self._chance.uniform(0, 999):.1f}"

    def _height(self, at: int) -> int:
        return int((2 + math.sin(at / 9) + self._chance.random()) / 4 * CHART_ROWS * 4)


def picture(data: Data, cursor: int) -> Grid:
    """Draw everything."""
    grid: Grid = [[(" ", f"{TEXT};{GROUND}")] * COLUMNS for _ in range(ROWS)]
    _put(grid, 0, 1, f"board {time.strftime('%H:%M:%S')}", f"{TEXT};{GROUND}")
    for number, values in enumerate(data.values):
        ground = CURSOR if number == cursor else GROUND
        y = FIRST_ROW + number
        grid[y] = [(" ", f"{TEXT};{ground}")] * COLUMNS
        words = ("● OK", f"cloud-{number + 1:02}", *values)
        x = 1
        for word, width in zip(words, WIDTHS, strict=True):
            colour = GOOD if x == 1 else TEXT
            _put(grid, y, x, word.ljust(width) if x < sum(WIDTHS[:2]) else word.rjust(width), f"{colour};{ground}")
            x += width + 2
    for y, line in enumerate(_dots(data.chart)):
        _put(grid, CHART_ROW + y, 2, line, f"{MUTED};{GROUND}")
    _put(grid, ROWS - 1, 1, "j down  k up", f"{MUTED};{GROUND}")
    return grid


def differences(shown: Grid | None, wanted: Grid) -> str:
    """Return what turns one picture into the other."""
    out: list[str] = ["\x1b[m\x1b[2J"] if shown is None else []
    pen, at = "", (-1, -1)
    for y, row in enumerate(wanted):
        for x, (text, colours) in enumerate(row):
            if shown is not None and shown[y][x] == (text, colours):
                continue
            out.append("" if at == (x, y) else f"\x1b[{y + 1};{x + 1}H")
            out.append("" if pen == colours else f"\x1b[{colours}m")
            out.append(text)
            pen, at = colours, (x + 1, y)
    return "".join(out)


def _put(grid: Grid, y: int, x: int, text: str, colours: str) -> None:
    grid[y][x : x + len(text)] = [(sign, colours) for sign in text]


def _dots(heights: list[int]) -> list[str]:
    bits = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))
    cells = [[0] * CHART_COLUMNS for _ in range(CHART_ROWS)]
    for x, height in enumerate(heights):
        at = min(max(height, 0), CHART_ROWS * 4 - 1)
        cells[CHART_ROWS - 1 - at // 4][x // 2] |= bits[x % 2][at % 4]
    return ["".join(chr(0x2800 + cell) if cell else " " for cell in row) for row in cells]


def run() -> None:
    """Draw until `q`."""
    data, cursor, due = Data(), 0, time.monotonic() + 1
    shown: Grid | None = None
    while True:
        wanted = picture(data, cursor)
        sys.stdout.write(differences(shown, wanted))
        sys.stdout.flush()
        shown = wanted
        keys = b""
        if select.select([0], [], [], max(due - time.monotonic(), 0.0))[0]:
            keys = os.read(0, 64)
        if b"q" in keys:
            return
        for key in keys.decode("ascii", "replace"):
            cursor = {"j": cursor + 1, "k": cursor - 1, "g": 0, "G": PROVIDERS - 1}.get(key, cursor)
            cursor = min(max(cursor, 0), PROVIDERS - 1)
        if time.monotonic() >= due:
            due += 1
            data.change()


def main() -> None:
    """Take the terminal and give it back."""
    before = termios.tcgetattr(0)
    tty.setcbreak(0)
    sys.stdout.write("\x1b[?1049h\x1b[?25l")
    try:
        run()
    finally:
        sys.stdout.write("\x1b[m\x1b[?25h\x1b[?1049l")
        sys.stdout.flush()
        termios.tcsetattr(0, termios.TCSADRAIN, before)


if __name__ == "__main__":
    main()
