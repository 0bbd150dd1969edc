"""Large letters and coarse ages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.pictures import NOW
from wedtui.tui.wall.blocks import within
from wedtui.tui.wall.letters import BLOCKS, FACES, SMALLEST, Face, big, drawable, largest

WORDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 :.-", max_size=12)


@given(text=WORDS, face=st.sampled_from(FACES))
def test_letters_take_exactly_what_they_say(text: str, face: Face) -> None:
    rows = big(text, face)
    assert len(rows) == face.rows
    assert {cell_len(row) for row in rows} == {face.width(text)}
    assert set("".join(rows)) <= set(BLOCKS)


@pytest.mark.parametrize("face", FACES)
def test_every_sign_has_its_own_shape_and_digits_are_equally_wide(face: Face) -> None:
    shapes = {big(char, face) for char in "ABCDEFGHIJKLMNPQRSTUVWXYZ0123456789:"}
    # The smallest font draws M as H, and zero as a rounder O.
    assert len(shapes) >= 33
    assert len({face.width(digit) for digit in "0123456789"}) == 1


def test_letters_look_as_they_should() -> None:
    assert big("OK", SMALLEST) == ("▄▀▄ █ █", "█ █ █▀▄", " ▀  ▀ ▀")


def test_the_largest_that_fits() -> None:
    assert largest(("OK",), 7, 3) == SMALLEST
    assert largest(("OK",), 6, 3) is None
    face = largest(("CRITICAL",), 300, 60)
    assert face is not None
    assert face.rows == 35
    assert not drawable("結婚")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "< 10 s"), (9.9, "< 10 s"), (10, "< 20 s"), (49, "< 50 s"), (50, "< 1 m"), (60, "< 2 m"),
        (3539, "< 59 m"), (3540, "< 1 h"), (3600, "< 2 h"), (86399, "< 1 d"), (86400, "< 2 d"), (-1, "< 10 s"),
        (-60, "in the future"),
    ],
)  # fmt: skip
def test_an_age_is_never_told_better_than_it_is(seconds: float, words: str) -> None:
    assert within(NOW - timedelta(seconds=seconds), NOW) == words
    assert within(None, NOW) == "never"
