"""A terminal that gets only the cells that differ shows what one shows that gets everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyte
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tests.examples import examples
from wedtui.tui.terminal.abilities import Depth
from wedtui.tui.terminal.cells import Cutter
from wedtui.tui.terminal.frontbuffer import FrontBuffer, Repertoire

GRAPHEMES = [
    *"abcXYZ 0189-%",
    " " * 3,
    " " * 15,
    "─",
    "█",
    "⠿",
    "⡇",
    "é",
    "…",
    "●",
    "▲",
    "日",
    "本",
    "語",
    "é",
    "ä́",
    "한",
]
STYLES = [
    Style(),
    Style(color="#d6dce8", bgcolor="#10151f"),
    Style(color="#f4f7fc", bgcolor="#10151f", bold=True),
    Style(color="#98a5bd", bgcolor="#10151f", italic=True),
    Style(color="#ffffff", bgcolor="#b3261e", bold=True),
    Style(color="#d6dce8", bgcolor="#263757", underline=True),
    Style(reverse=True, bold=True),
    Style(color="red"),
    Style(bgcolor="blue", strike=True),
]
SYSTEMS = {
    Depth.TRUE: ColorSystem.TRUECOLOR,
    Depth.INDEXED: ColorSystem.EIGHT_BIT,
    Depth.ANSI: ColorSystem.STANDARD,
}


@dataclass
class Put:
    x: int
    y: int
    segments: list[Segment]


@dataclass
class Resize:
    columns: int
    rows: int


@dataclass
class Foreign:
    """Another program writes, and a key redraws everything."""

    words: str


@dataclass
class Other:
    """A bell, or a text for the clipboard: it moves nothing that we rely on."""


def shown(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    """Return what a person sees: of a blank only its ground, and no halves of wide signs."""
    lines = []
    for y in range(screen.lines):
        row = [screen.buffer[y][x] for x in range(screen.columns)]
        line: list[tuple[object, ...]] = []
        for x, cell in enumerate(row):
            text = cell.data
            wide = text != "" and cell_len(text) > 1
            follows = x > 0 and row[x - 1].data != "" and cell_len(row[x - 1].data) > 1
            if (wide and (x + 1 == screen.columns or row[x + 1].data != "")) or (text == "" and not follows):
                text = " "
            ground = (cell.bg, cell.reverse, cell.underscore, cell.strikethrough)
            line.append((" ", *ground) if text == " " else (text, cell.fg, cell.bold, cell.italics, *ground))
        lines.append(line)
    return lines


def fresh(style: Style | None) -> Style | None:
    """Return the style anew: rich remembers in it the sequence of the first colour system that asks."""
    if style is None:
        return None
    copied = style.copy()
    copied._ansi = None
    return copied


class Screen(pyte.Screen):
    """Erases as terminals do: with the background alone, or without even that."""

    with_background = True

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        with self._erasing():
            super().erase_in_line(how, private)

    def erase_characters(self, count: int | None = None) -> None:
        with self._erasing():
            super().erase_characters(count)

    @contextmanager
    def _erasing(self) -> Iterator[None]:
        pen = self.cursor.attrs
        self.cursor.attrs = self.default_char._replace(bg=pen.bg if self.with_background else "default")
        try:
            yield
        finally:
            self.cursor.attrs = pen


class Both:
    """One terminal behind the front buffer, one that gets what the framework would send."""

    def __init__(self, colours: Depth, repertoire: Repertoire) -> None:
        self.repertoire = repertoire
        self.buffer = FrontBuffer(repertoire)
        self.cutter = Cutter(colours)
        self.system = SYSTEMS[colours]
        self.resize(20, 5)

    def resize(self, columns: int, rows: int) -> None:
        self.ours, self.stock = Screen(columns, rows), Screen(columns, rows)
        self.ours.with_background = self.repertoire.with_background
        self.feed = pyte.Stream(self.ours).feed
        self.feed_stock = pyte.Stream(self.stock).feed
        for feed in (self.feed, self.feed_stock):
            feed("\x1b[?7l")
        self.buffer.resize(columns, rows)
        # After a resize the framework draws everything.
        for y in range(rows):
            self.put(Put(0, y, [Segment(" " * columns, STYLES[1])]))

    def put(self, put: Put) -> None:
        columns, rows = self.buffer.size
        if put.y >= rows or put.x >= columns:
            return
        strip = Strip(put.segments).crop(0, columns - put.x)
        self.buffer.put(put.x, put.y, self.cutter.cells(strip))
        self.feed_stock(f"\x1b[{put.y + 1};{put.x + 1}H" + self.stock_drawing(strip))

    def stock_drawing(self, strip: Strip) -> str:
        return "".join((fresh(style) or Style()).render(text, color_system=self.system) for text, style, _ in strip)

    def send(self, room: int | None, newest_first: bool) -> None:
        self.feed(self.buffer.changes(room, newest_first=newest_first))

    def agree(self) -> None:
        while self.buffer.pending:
            self.send(None, newest_first=False)
        for y, (ours, stock) in enumerate(zip(shown(self.ours), shown(self.stock), strict=True)):
            differ = [(x, y, a, b) for x, (a, b) in enumerate(zip(ours, stock, strict=True)) if a != b]
            assert not differ
        assert self.buffer.changes() == ""


@st.composite
def puts(draw: st.DrawFn) -> Put:
    texts = st.lists(st.sampled_from(GRAPHEMES), min_size=1, max_size=12).map("".join)
    pieces = st.lists(st.tuples(texts, st.sampled_from(STYLES)), min_size=1, max_size=4)
    segments = [Segment(text, style) for text, style in draw(pieces)]
    return Put(draw(st.integers(0, 29)), draw(st.integers(0, 7)), segments)


STEPS = st.lists(
    st.one_of(
        puts(),
        puts(),
        puts(),
        st.builds(Resize, st.integers(1, 40), st.integers(1, 9)),
        st.builds(Foreign, st.sampled_from(["rubbish\r\n", "\x1b[2J", "\x1b[31;1mBroadcast message\x1b[3;3Hx"])),
        st.builds(Other),
    ),
    max_size=60,
)


@given(
    steps=STEPS,
    rooms=st.lists(st.one_of(st.none(), st.integers(0, 200)), min_size=1, max_size=8),
    colours=st.sampled_from(list(SYSTEMS)),
    repertoire=st.builds(Repertoire, st.booleans(), st.booleans()),
)
@example(
    # Underlined blanks cannot be erased instead.
    steps=[Put(2, 0, [Segment("a" + " " * 15 + "b", STYLES[5])])],
    rooms=[None],
    colours=Depth.TRUE,
    repertoire=Repertoire(with_background=True, characters=True),
)
@examples(400)
def test_both_terminals_show_the_same(
    steps: list[Put | Resize | Foreign | Other], rooms: list[int | None], colours: Depth, repertoire: Repertoire
) -> None:
    both = Both(colours, repertoire)
    for number, step in enumerate(steps):
        match step:
            case Put():
                both.put(step)
            case Resize(columns, rows):
                both.resize(columns, rows)
            case Foreign(words):
                both.feed(words)
                both.buffer.forget()
            case Other():
                both.buffer.lose_cursor()
                both.feed("\x07\x1b[2;2H\x1b[7m")
        room = rooms[number % len(rooms)]
        if room != 0:
            both.send(room, newest_first=bool(number % 2))
        if number % 7 == 6:
            both.agree()
    both.agree()


def plain(*words: str) -> FrontBuffer:
    """Return a buffer of 20x3 that shows `words`, a line each."""
    buffer = FrontBuffer()
    buffer.resize(20, 3)
    for y in range(3):
        text = words[y] if y < len(words) else ""
        buffer.put(0, y, Cutter(Depth.NONE).cells([Segment(text.ljust(20))]))
    buffer.changes()
    return buffer


def write(buffer: FrontBuffer, x: int, y: int, text: str, style: Style | None = None) -> str:
    buffer.put(x, y, Cutter(Depth.TRUE).cells([Segment(text, style)]))
    return buffer.changes()


@pytest.mark.parametrize(
    ("x", "text", "sent"),
    [
        (0, "hello", ""),
        (4, "p", "\x1b[1;5Hp"),
        (0, "jello", "\x1b[Hj"),
        # Two changes with one cell between them: writing it again is shorter than jumping over it.
        (0, "Hexlo", "\x1b[HHex"),
        # Four equal cells and more are jumped over.
        (0, "Hello      x", "\x1b[HH\x1b[12Gx"),
        (0, "     ", "\x1b[H     "),
        (0, " " * 20, "\x1b[H     "),
    ],
)
def test_what_is_sent(x: int, text: str, sent: str) -> None:
    assert write(plain("hello", "below"), x, 0, text) == sent


def test_a_colour_is_sent_once_and_kept_from_frame_to_frame() -> None:
    buffer = plain("hello")
    red = Style(color="#ff0000")
    assert write(buffer, 0, 0, "H", red) == "\x1b[H\x1b[38;2;255;0;0mH"
    assert write(buffer, 1, 0, "E", red) == "E"
    assert write(buffer, 2, 0, "L") == "\x1b[mL"


def test_controls_never_reach_the_terminal() -> None:
    assert "\x1b[31m" not in write(plain(), 0, 0, "\x1b[31m\x07é\x9b")
    assert "\x9b" not in write(plain(), 0, 0, "é\x9b31m")


def test_what_waits_for_room_is_sent_later_and_only_the_newest_of_it() -> None:
    buffer = plain("aaa", "bbb", "ccc")
    for y, text in enumerate(("xxx", "yyy", "zzz")):
        buffer.put(0, y, Cutter(Depth.NONE).cells([Segment(text)]))
    assert buffer.changes(1) == "\x1b[Hxxx"
    assert buffer.pending
    buffer.put(0, 1, Cutter(Depth.NONE).cells([Segment("bbb")]))
    assert buffer.changes().removeprefix("\x1b[3H").strip() == "zzz"
    assert not buffer.pending


def test_the_answer_to_a_key_goes_first() -> None:
    buffer = plain("aaa", "bbb", "ccc")
    for y, text in enumerate(("xxx", "yyy", "zzz")):
        buffer.put(0, y, Cutter(Depth.NONE).cells([Segment(text)]))
    # The cursor stands behind the last line that was drawn, which is this one.
    assert buffer.changes(1, newest_first=True) == "\rzzz"


def test_a_sign_of_doubtful_width_does_not_shift_what_follows() -> None:
    # Some terminals draw the bullet in two cells: what follows is addressed by its column.
    assert write(plain(), 0, 0, "●ab") == "\x1b[H●\x1b[2Gab"


@pytest.mark.parametrize(("x", "sent"), [(4, "\x1b[1;5Hx "), (5, "\x1b[1;5H x")])
def test_half_of_a_wide_sign_does_not_stay(x: int, sent: str) -> None:
    buffer = plain("abcd日efg")
    assert write(buffer, x, 0, "x") == sent
