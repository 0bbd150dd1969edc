"""Lines keep their width whatever they hold, and hold nothing that a terminal would obey."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from wedtui.tui.spans import Role, clean, crop, fit, length, of_demo, plain, rule, spread, wrap

WORDS = st.text(max_size=60)


@given(WORDS)
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs"} for c in clean(text))


def test_an_escape_in_a_message_is_disarmed() -> None:
    assert clean("down\x1b]52;c;aGk=\x07 \x1b[2J\u202efdp") == "down]52;c;aGk= [2Jfdp"
    assert clean("two\nlines") == "two lines"


@given(WORDS, st.integers(0, 40), st.booleans())
def test_fit_gives_exactly_the_width(text: str, width: int, right: bool) -> None:
    assert cell_len(fit(text, width, right=right)) == width


@given(WORDS, st.integers(1, 40))
def test_crop_never_exceeds_the_width(text: str, width: int) -> None:
    line = ((clean(text), Role.TEXT), (clean(text), Role.MUTED))
    assert length(crop(line, width)) <= width


@given(WORDS, WORDS, st.integers(2, 80))
def test_spread_gives_exactly_the_width(left: str, right: str, width: int) -> None:
    line = spread(((clean(left), Role.TEXT),), ((clean(right), Role.TEXT),), width)
    assert length(line) == width


def test_spread_cuts_the_left_first() -> None:
    assert plain(spread((("a long sentence", Role.TEXT),), (("12:00", Role.TEXT),), 14)) == "a long … 12:00"


def test_rule_fills_its_width() -> None:
    assert plain(rule("metrics", 20, (("15 m", Role.ACCENT),))) == "─ metrics ──── 15 m "
    assert length(rule("a title that is much too long", 10)) == 10


@given(st.text(alphabet="ab ", max_size=80), st.integers(4, 30))
def test_wrap_keeps_every_word(text: str, width: int) -> None:
    lines = [plain(line) for line in wrap(text, width, indent=" ")]
    assert "".join("".join(lines).split()) == "".join(text.split())
    short = max((len(word) for word in text.split()), default=0) < width
    assert not short or " ".join(" ".join(lines).split()) == " ".join(text.split())


@given(st.text(alphabet="ab 漢", max_size=80), st.integers(4, 30))
def test_a_word_that_is_longer_than_a_line_goes_on_in_the_next(text: str, width: int) -> None:
    """The end of an id that was cut off without a word about it could be any other."""
    lines = wrap(text, width, indent=" ")
    assert all(length(line) <= width for line in lines)
    assert "".join("".join(map(plain, lines)).split()) == "".join(text.split())


def test_a_command_on_the_screen_of_a_demo_loses_nothing_for_being_longer() -> None:
    line = ((" undo     ", Role.MUTED), ("`wedtui failback run --to before` by a manager", Role.TEXT))
    assert [plain(each) for each in of_demo(line, 60)] == [
        " undo     `wedtui --demo failback run --to before` by a",
        "          manager",
    ]
    assert of_demo(line[:1], 60) == [line[:1]]
