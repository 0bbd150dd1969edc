"""A long line is broken between its words at a terminal, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.cli import saying
from wedtui.cli.demo_words import saying_demo
from wedtui.cli.saying import columns_of, folded, say

LONG = "silence 1: alerts of down until 2026-07-22 13:00:00 UTC, by ada: `wedtui alerts silences` says which"


def test_elsewhere_than_at_a_terminal_it_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say(LONG)
    say(LONG, err=True)
    assert capsys.readouterr() == (f"{LONG}\n", f"{LONG}\n")
    assert columns_of(None) is None


def test_at_a_terminal_it_is_broken_between_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(saying, "columns_of", lambda _stream: 40)
    with saying_demo():
        say(LONG, indent="    ")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 40
    assert " ".join(line.strip() for line in lines) == LONG.replace("wedtui", "wedtui --demo")
    assert all(line.startswith("    ") for line in lines[1:])
    assert sum("`wedtui --demo alerts silences`" in line for line in lines) == 1, "a command is copied whole"


@given(st.lists(st.text("abc-/", min_size=1, max_size=30), min_size=1, max_size=20), st.integers(20, 60))
def test_no_word_is_broken_and_none_is_lost(words: list[str], columns: int) -> None:
    lines = folded(" ".join(words), columns, "  ")
    assert [word for line in lines for word in line.split()] == words
    assert all(len(line) <= columns or len(line.split()) == 1 for line in lines)
