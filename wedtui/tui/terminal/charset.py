"""What stands for a sign that the terminal cannot show: a pure function of the sign and of what there is.

Never a sign that means another state: OK, DEGRADED, CRITICAL and UNKNOWN stay four signs everywhere.
"""

from __future__ import annotations

import unicodedata

from wedtui.tui.terminal.abilities import Charset

MISSING = "?"
"""What stands for each cell of something that has no likeness. It is UNKNOWN's sign as well, which fits."""

_BRAILLE = 0x2800
_LEFT, _RIGHT = (0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80)
"""The bits of the dots of each column from above, as Unicode numbers them."""


def translate(grapheme: str, cells: int, charset: Charset, braille: bool, kind: str) -> str:
    """Return what the terminal can show of a grapheme, in exactly `cells` cells.

    Args:
        grapheme: one or more code points that make one sign; no control characters.
        cells: the cells that it takes on the screen, 0 to 2.
        charset: the terminal's characters.
        braille: whether it has dots.
        kind: its `TERM`: the console of Linux speaks UTF-8 but has a font of 256 or 512 signs.
    """
    console = kind.startswith("linux")
    if len(grapheme) == 1 and 0x20 <= ord(grapheme) < 0x7F:
        return grapheme if cells == 1 else _in_cells(grapheme, cells)
    if _is_braille(grapheme) and not braille:
        return _in_cells(_dots_as_line(ord(grapheme) - _BRAILLE), cells)
    if charset is Charset.UTF8 and not console:
        return grapheme
    composed = unicodedata.normalize("NFC", grapheme)
    if len(composed) == 1 and cells == 1 and _has(composed, charset, console=console):
        return composed
    return _in_cells(_likeness(composed, charset, console=console), cells)


def _has(char: str, charset: Charset, *, console: bool) -> bool:
    if char.isascii():
        return char.isprintable()
    if "\xa1" <= char <= "\xff" and char != "\xad":
        return charset is not Charset.ASCII
    return charset is Charset.UTF8 and console and char in _CONSOLE_HAS


def _likeness(grapheme: str, charset: Charset, *, console: bool) -> str:
    """Return text that looks or reads alike and can be shown; the sign for what cannot where there is none."""
    if console and charset is Charset.UTF8 and grapheme in _CONSOLE:
        return _CONSOLE[grapheme]
    if grapheme in _LIKE:
        return _LIKE[grapheme]
    found = ""
    for char in unicodedata.normalize("NFKD", grapheme):
        if unicodedata.combining(char):
            continue
        if _has(char, charset, console=console):
            found += char
        elif char in _LIKE:
            found += _LIKE[char]
        else:
            return ""
    return found


def _in_cells(text: str, cells: int) -> str:
    """Return text of one-cell characters in exactly so many cells; what does not fit would be another word."""
    if not text.strip() and text:
        return " " * cells
    if not text or len(text) > cells:
        return MISSING * cells
    return text + " " * (cells - len(text))


def _is_braille(grapheme: str) -> bool:
    return len(grapheme) == 1 and _BRAILLE <= ord(grapheme) <= _BRAILLE + 0xFF


def _dots_as_line(bits: int) -> str:
    """Return the character that runs where the dots do: `'` above, `-` in the middle, `.` and `_` below, `|` across.

    A chart of them reads as a line: what climbs within a cell leans as the line does.
    """
    left = [row for row, bit in enumerate(_LEFT) if bits & bit]
    right = [row for row, bit in enumerate(_RIGHT) if bits & bit]
    rows = [*left, *right]
    if not rows:
        return " "
    if max(rows) - min(rows) >= 2:
        lean = _middle(left) - _middle(right) if left and right else 0.0
        return "/" if lean >= 1 else "\\" if lean <= -1 else "|"
    height = _middle(rows)
    return "'" if height < 1 else "-" if height < 2 else "." if height < 3 else "_"


def _middle(rows: list[int]) -> float:
    return sum(rows) / len(rows)


def _box_drawing() -> dict[str, str]:
    """Return `-`, `|` and `+` for every box-drawing character, by the directions that its Unicode name tells."""
    found: dict[str, str] = {}
    for code in range(0x2500, 0x2580):
        words = set(unicodedata.name(chr(code)).replace("-", " ").split())
        across, along = words & {"HORIZONTAL", "LEFT", "RIGHT"}, words & {"VERTICAL", "UP", "DOWN"}
        found[chr(code)] = "+" if across and along else "-" if across else "|"
    found.update({"╱": "/", "╲": "\\", "╳": "X"})
    return found


def _light_boxes() -> dict[str, str]:
    """Return the light or double character of the same shape for each that console fonts may lack."""
    shapes: dict[frozenset[str], str] = {}
    found: dict[str, str] = {}
    for char in _CONSOLE_BOXES:
        shapes.setdefault(_directions(char), char)
    for code in range(0x2500, 0x2571):
        char = chr(code)
        if char not in _CONSOLE_BOXES and _directions(char) in shapes:
            found[char] = shapes[_directions(char)]
    return found


def _directions(char: str) -> frozenset[str]:
    words = set(unicodedata.name(char).replace("-", " ").split())
    wide = {"HORIZONTAL": ("LEFT", "RIGHT"), "VERTICAL": ("UP", "DOWN")}
    return frozenset(
        direction
        for word in words & {"HORIZONTAL", "VERTICAL", "LEFT", "RIGHT", "UP", "DOWN"}
        for direction in wide.get(word, (word,))
    )


# Present in code page 437, which the kernel's own font has, and in the fonts of console-setup (Lat15-Fixed16 and its
# kin); those lack half blocks, diamonds and eighths, and the kernel's lacks ● and shows ■ for what it lacks.
_CONSOLE_BOXES = "─│┌┐└┘├┤┬┴┼═║╔╗╚╝╠╣╦╩╬"
_CONSOLE_HAS = frozenset(_CONSOLE_BOXES + "█░▒■▲▼•↑↓←→≈≤≥∞")
_CONSOLE = {"●": "•", "◆": "♦", "▓": "▒", **_light_boxes()}

_LIKE = {
    **_box_drawing(),
    # The states and what stands beside them.
    "●": "o",
    "▲": "^",
    "■": "#",
    "◆": "*",
    "◇": "-",
    "○": "o",
    "▼": "v",
    "•": "*",
    "♦": "*",
    "►": ">",
    "▶": ">",
    "◄": "<",
    "◀": "<",
    "✓": "+",
    "✔": "+",
    "✗": "x",
    "✘": "x",
    "�": MISSING,
    # Punctuation. A cut value must not look like a whole one, so `…` is no full stop.
    "…": "~",
    "–": "-",
    "—": "-",
    "‐": "-",
    "‑": "-",
    "−": "-",
    "·": "-",
    "›": ">",
    "✖": "x",
    "‹": "<",
    "»": ">",
    "«": "<",
    "‘": "'",
    "’": "'",
    "‚": ",",
    "“": '"',
    "”": '"',
    "„": '"',
    "↑": "^",
    "↓": "v",
    "←": "<",
    "→": ">",
    "↵": "<",
    "⏎": "<",
    "≈": "~",
    "×": "x",
    "÷": "/",
    "°": "o",
    "±": "~",
    "¬": "-",
    "§": "S",
    "¡": "!",
    "¿": "?",
    # Letters that have no accent to lose.
    "ß": "s",
    "ø": "o",
    "Ø": "O",
    "æ": "a",
    "Æ": "A",
    "œ": "o",
    "Œ": "O",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "Ð": "D",
    "þ": "t",
    "Þ": "T",
    "ı": "i",
    "€": "E",
    "£": "L",
    "¥": "Y",
    # Blocks: what is filled is dark, halves and edges are drawn as the edge that they touch.
    "█": "#",
    "▓": "%",
    "▒": ":",
    "░": ".",
    "▀": '"',
    "▔": "-",
    "▄": "_",
    "▁": "_",
    "▂": "_",
    "▃": "_",
    "▅": "=",
    "▆": "=",
    "▇": "#",
    **dict.fromkeys("▉▊▋▌▍▎▏▐▕", "|"),
    **dict.fromkeys("▖▗", "."),
    **dict.fromkeys("▘▝", "'"),
    **dict.fromkeys("▙▛▜▟▚▞", "#"),
}
