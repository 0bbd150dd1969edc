"""How durations are read aloud, and what may leave for the terminal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pictures import NOW, SECOND
from wedtui.tui.plain.words import listed, old, printable, skeleton, spoken


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (59.9, "59 seconds"),
        (60, "1 minute"),
        (125, "2 minutes 5 seconds"),
        (3600, "1 hour"),
        (3661, "1 hour 1 minute"),
        (86400 + 22 * 3600 + 59, "1 day 22 hours"),
        (-5, "5 seconds"),
    ],
)
def test_durations_are_whole_words(seconds: float, words: str) -> None:
    assert spoken(timedelta(seconds=seconds)) == words


def test_an_age_says_when_there_is_none() -> None:
    assert old(None, NOW) == "never measured"
    assert old(NOW + 60 * SECOND, NOW) == "dated in the future"
    assert old(NOW + SECOND, NOW) == "0 seconds old"


def test_lists_are_cut_with_a_number() -> None:
    assert (listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])) == (
        "",
        "a",
        "a and b",
        "a, b and c",
    )
    assert listed([str(n) for n in range(9)], most=2) == "0, 1 and 7 more"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("latency p95 1240 ms", "latency p95 1310.5 ms", True),
        ("last read 59 m 05 s ago", "last read 1 h 00 m ago", True),
        ("target down: job/a1:9100", "target down: job/a2:9100", False),
        ("feed venues fails", "feed halls fails", False),
    ],
)
def test_a_finding_is_the_same_when_only_its_numbers_moved(one: str, other: str, same: bool) -> None:
    assert (skeleton(one) == skeleton(other)) is same


@given(st.text(), st.booleans())
def test_no_text_from_outside_is_ever_obeyed_by_a_terminal(text: str, utf8: bool) -> None:
    shown = printable(text, utf8=utf8)
    assert shown == "" or shown.isprintable()
    assert shown.encode("utf-8" if utf8 else "ascii").decode() == shown


def test_ascii_keeps_what_can_be_read() -> None:
    assert printable("Schloß Schönbrunn – `start`…", utf8=False) == 'Schlo? Schonbrunn - "start"...'
    assert printable("Schönbrunn\x1b[31m\nx", utf8=True) == "Schönbrunn [31m x"
