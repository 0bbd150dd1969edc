"""A screen as a picture: SVG and text, with time and environment in them and without what must not leave. Pure."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from rich.cells import cell_len

from wedtui.core.redact import masked
from wedtui.errors import WedtuiError
from wedtui.tui.spans import clean

# Rich draws a cell 20 high and 0.61 times that wide, and gives every stretch of text an element with its line's number.
_CELL_WIDTH = 20 * 0.61
_STRETCH = re.compile(
    r'(?P<head><text class="[^"]*" x="(?P<x>[0-9.e+]+)" [^>]*clip-path="url\(#[\w-]+-line-(?P<line>\d+)\)">)'
    r"(?P<text>[^<]*)(?P<tail></text>)"
)
_FONTS = re.compile(r"@font-face\s*\{[^}]*\}\s*")
_COMMENTS = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_ELSEWHERE = re.compile(r"url\(\s*[\"']?(?!#)|@import|(?:href|src)\s*=", re.IGNORECASE)
_ID = re.compile(r"terminal-\d+")
_OPENING = re.compile(r"<svg [^>]*>")


class Caption(NamedTuple):
    """What a picture says of itself."""

    version: str
    environment: str
    at: datetime
    screen: str
    """Which screen it shows, in a word or two."""
    demo: bool

    def title(self) -> str:
        """Return it in one line."""
        parts = [f"wedtui {self.version}", *(["DEMO"] if self.demo else []), self.environment, self.screen]
        return clean(" · ".join([*parts, f"{self.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"]))


class Picture(NamedTuple):
    """The same screen twice."""

    svg: str
    text: str


def picture_of(exported: str, caption: Caption, names: Iterable[str] = ()) -> Picture:
    """Make a picture that can be handed on.

    What looks like a secret becomes `*`, cell by cell, so that everything else stays in its place. Fonts from the
    network and comments go: a picture asks nobody for anything.

    Args:
        exported: what Textual's `App.export_screenshot` returns for `caption.title()`.
        caption: what it says of itself.
        names: words that are as private as a secret: the user's, the machine's.

    Raises:
        WedtuiError: the export is not of the shape that is known here, so that nothing could be masked in it.
    """
    svg = _COMMENTS.sub("", _FONTS.sub("", exported))
    # The id that Rich gives is a checksum of the screen, secrets and all.
    svg = _ID.sub(f"wedtui-{caption.at.astimezone(UTC):%Y%m%dT%H%M%SZ}", svg)
    stretches = [_Stretch.of(match) for match in _STRETCH.finditer(svg)]
    if not stretches or _ELSEWHERE.search(svg):
        raise WedtuiError("this version of Textual draws pictures in a way that is not known here: none was saved")
    lines = _lines(stretches)
    names = tuple(names)
    clear = masked("\n".join(lines), names).split("\n")
    svg = _STRETCH.sub(lambda match: _redrawn(match, clear), svg)
    title = html.escape(masked(caption.title(), names))
    svg = _OPENING.sub(lambda match: f"{match.group()}\n    <title>{title}</title>", svg, count=1)
    rows = [line.replace(_FILLER, "").rstrip() for line in clear]
    head = f"{masked(caption.title(), names)}\nWhat looks like a secret is masked with *.\n"
    return Picture(svg, head + "\n" + "\n".join(rows) + "\n")


# Stands in a line for the second cell of a wide character, so that cells can be counted.
_FILLER = "\ue000"


class _Stretch(NamedTuple):
    line: int
    cell: int
    text: str

    @classmethod
    def of(cls, match: re.Match[str]) -> _Stretch:
        """Read one element."""
        # The ends of lines are stretches as well.
        text = html.unescape(match["text"]).replace("\xa0", " ").replace("\n", "")
        return cls(int(match["line"]), round(float(match["x"]) / _CELL_WIDTH), text)


def _cells(text: str) -> str:
    """Return a text with one character for each cell; what cannot be composed with the character before it is lost."""
    chars = unicodedata.normalize("NFC", text)
    return "".join(char + _FILLER * (width - 1) for char in chars if (width := cell_len(char)))


def _lines(stretches: list[_Stretch]) -> list[str]:
    """Return the screen's lines, a character for each cell."""
    lines = [""] * (max(s.line for s in stretches) + 1)
    for stretch in stretches:
        line = lines[stretch.line].ljust(stretch.cell)
        lines[stretch.line] = line + _cells(stretch.text)
    return lines


def _redrawn(match: re.Match[str], clear: list[str]) -> str:
    stretch = _Stretch.of(match)
    before = _cells(stretch.text)
    cells = clear[stretch.line][stretch.cell : stretch.cell + len(before)]
    if cells == before:
        return match.group()
    words = html.escape(cells.replace(_FILLER, "")).replace(" ", "&#160;")
    return f"{match['head']}{words}{match['tail']}"
