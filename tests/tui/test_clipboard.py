"""What leaves for a clipboard: bounded, harmless, and wrapped as whatever stands between wants it."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.tui import tmux
from wedtui.tui.clipboard import LONGEST_BYTES, Subject, Way, bounded, remark, sequence, way_of

TEXTS = st.text(max_size=300) | st.text(st.sampled_from("aé💍\x1b\x07\n]"), min_size=1500, max_size=5000)


def payload(written: str, way: Way) -> str:
    """Undo the wrapping as the programs between do, and return what the terminal puts into its clipboard."""
    if way is Way.SCREEN:
        written = "".join(re.findall(r"\x1bP(.*?)\x1b\\", written, re.DOTALL))
    if way in {Way.TMUX, Way.OUTER_TMUX}:
        *plain, wrapped = written.split("\x1bPtmux;")
        assert wrapped.endswith("\x1b\\")
        wrapped = wrapped.removesuffix("\x1b\\")
        assert "\x1b" not in wrapped.replace("\x1b\x1b", "")
        inner = wrapped.replace("\x1b\x1b", "\x1b")
        assert plain == ([""] if way is Way.TMUX else [inner])
        written = inner
    match = re.fullmatch(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", written)
    assert match
    return base64.b64decode(match[1], validate=True).decode()


@pytest.mark.parametrize(
    ("environ", "way"),
    [
        ({}, Way.DIRECT),
        ({"TERM": "xterm-256color"}, Way.DIRECT),
        ({"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"}, Way.TMUX),
        ({"TERM": "tmux-256color"}, Way.OUTER_TMUX),
        ({"TERM": "screen", "STY": "1.pts"}, Way.SCREEN),
        ({"TERM": "tmux-256color", "TMUX": "x", "STY": "1.pts"}, Way.TMUX),
        ({"TERM": "screen.xterm"}, Way.DIRECT),
        ({"TMUX": ""}, Way.DIRECT),
    ],
)
def test_what_stands_between(environ: dict[str, str], way: Way) -> None:
    assert way_of(environ) is way


@pytest.mark.parametrize(
    ("text", "copied", "cut"),
    [
        ("azure CRITICAL", "azure CRITICAL", False),
        ("two\nlines \t here ", "two lines here", False),
        ("down\x1b]52;c;aGk=\x07\x1b[2J", "down]52;c;aGk=[2J", False),
        ("a" * LONGEST_BYTES, "a" * LONGEST_BYTES, False),
        ("a" * LONGEST_BYTES + "b", "a" * LONGEST_BYTES, True),
        ("a" * (LONGEST_BYTES - 1) + "é", "a" * (LONGEST_BYTES - 1), True),
        ("", "", False),
    ],
)
def test_what_is_copied_is_one_harmless_line_of_bounded_length(text: str, copied: str, cut: bool) -> None:
    assert bounded(text) == (copied, cut)


@given(TEXTS, st.sampled_from(Way))
def test_it_is_a_prefix_within_the_bound_and_comes_out_as_it_went_in(text: str, way: Way) -> None:
    whole, copy = bounded(text, 10**9), bounded(text)
    assert whole.text.startswith(copy.text)
    assert copy.cut == (copy.text != whole.text)
    assert len(copy.text.encode()) <= LONGEST_BYTES
    assert not copy.cut or len(copy.text.encode()) > LONGEST_BYTES - 4
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", copy.text)
    assert payload(sequence(copy.text, way), way) == copy.text


@given(st.text(min_size=200, max_size=400))
def test_no_piece_is_longer_than_gnu_screen_takes(text: str) -> None:
    pieces = sequence(bounded(text).text, Way.SCREEN).split("\x1b\\")
    assert all(len(piece) <= 78 for piece in pieces)


def test_the_remark_says_what_how_many_and_where_to_and_that_it_was_cut() -> None:
    aws = Subject("aws", "x")
    assert remark(aws, bounded("abc"), buffered=False) == "aws: 3 characters sent to the terminal's clipboard"
    assert "tmux's buffer and the terminal's clipboard" in remark(aws, bounded("abc"), buffered=True)
    assert "4096 characters, cut at 4096 bytes, sent" in remark(aws, bounded("a" * 5000), buffered=False)


def fake_tmux(folder: Path, script: str) -> dict[str, str]:
    program = folder / "tmux"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "TMUX": "x", "OUT": str(folder / "out")}


@pytest.mark.parametrize(
    ("script", "took"),
    [
        ('echo "$@" > "$OUT"; cat >> "$OUT"', True),
        ("echo 'unknown option -- w' >&2; exit 1", False),  # an old one, which reads nothing
        ("exec sleep 1000", False),
    ],
)
def test_tmux_is_asked_with_arguments_and_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, took: bool
) -> None:
    environ = fake_tmux(tmp_path, script)
    monkeypatch.setattr(tmux, "ANSWERS_WITHIN_S", 20.0 if took else 0.2)
    text = "aws; $(touch x) `y` #{pane_id}"
    assert asyncio.run(tmux.take(text, environ)) is took
    if took:
        assert (tmp_path / "out").read_text() == f"load-buffer -w -\n{text}"


def test_without_tmux_there_is_no_tmux(tmp_path: Path) -> None:
    assert not asyncio.run(tmux.take("x", {"PATH": str(tmp_path)}))
