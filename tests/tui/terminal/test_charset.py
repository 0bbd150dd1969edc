"""Signs for terminals that lack ours: always as wide, always showable, and the four states always four."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import wedtui
from wedtui.tui.terminal.abilities import Charset
from wedtui.tui.terminal.charset import translate

STATES = "●▲■?"
PLACES = [(Charset.ASCII, "vt100"), (Charset.LATIN1, "xterm"), (Charset.UTF8, "linux"), (Charset.UTF8, "xterm")]
# What the kernel's own font and console-setup's Lat15 fonts both have beyond Latin-1 and that is sent to the console.
CONSOLE = set("─│┌┐└┘├┤┬┴┼═║╔╗╚╝╠╣╦╩╬█░▒■▲▼•↑↓←→≈≤≥∞♦")


def shown(text: str, charset: Charset, kind: str = "xterm", *, braille: bool = False) -> str:
    return "".join(translate(c, cell_len(c), charset, braille, kind) for c in text)


@pytest.mark.parametrize(
    ("text", "charset", "kind", "expected"),
    [
        ("● OK ▲ ■ ? ◆ ◇", Charset.ASCII, "vt100", "o OK ^ # ? * -"),
        ("● OK ▲ ■ ? ◆", Charset.UTF8, "linux", "• OK ▲ ■ ? ♦"),
        ("● OK ▲ ■ ? ◆", Charset.UTF8, "xterm", "● OK ▲ ■ ? ◆"),
        ("─ metrics · aws ──", Charset.ASCII, "vt100", "- metrics - aws --"),
        ("─ metrics · aws ──", Charset.LATIN1, "vt220", "- metrics · aws --"),
        ("┌─┬┐│└┴┘╔═╗╭╮━┃", Charset.ASCII, "vt100", "+-++|++++-+++-|"),
        ("┌─┐╔═╗╭╮━┃┏", Charset.UTF8, "linux", "┌─┐╔═╗┌┐─│┌"),
        ("providers › aws–1…", Charset.ASCII, "vt100", "providers > aws-1~"),
        ("Café Zoë Łódź straße", Charset.ASCII, "vt100", "Cafe Zoe Lodz strase"),
        ("Café Zoë Łódź straße", Charset.LATIN1, "xterm", "Café Zoë Lódz straße"),
        ("婚礼 x", Charset.LATIN1, "xterm", "???? x"),
        ("Ａ1", Charset.ASCII, "xterm", "A 1"),
        ("ﬁ", Charset.ASCII, "xterm", "?"),
        ("⠉⠒⠤⣀⢸⡠⠢ ⠀", Charset.ASCII, "xterm", "'-._|.-  "),
        ("⡰⢆⢸", Charset.ASCII, "xterm", "/\\|"),
        ("█▀▄░", Charset.ASCII, "xterm", '#"_.'),
    ],
)
def test_text(text: str, charset: Charset, kind: str, expected: str) -> None:
    assert shown(text, charset, kind) == expected


def test_a_letter_and_its_accent_are_one_sign() -> None:
    assert translate("e\u0301", 1, Charset.LATIN1, False, "xterm") == "é"
    assert translate("e\u0301", 1, Charset.ASCII, False, "xterm") == "e"


def test_dots_stay_dots_where_there_are_some() -> None:
    assert shown("⠉⣀", Charset.UTF8, braille=True) == "⠉⣀"
    assert shown("⠉⣀", Charset.UTF8, "vt220") == "'_"


@pytest.mark.parametrize(("charset", "kind"), PLACES)
def test_the_four_states_stay_four(charset: Charset, kind: str) -> None:
    assert len(set(shown(STATES, charset, kind))) == 4


@pytest.mark.parametrize(("charset", "kind"), PLACES)
def test_every_sign_of_ours_has_a_likeness(charset: Charset, kind: str) -> None:
    package = Path(wedtui.__file__).parent
    ours = {c for p in package.rglob("*.py") if "terminal" not in p.parts for c in p.read_text("utf-8") if ord(c) > 126}
    ours -= {"�"}
    assert ours >= set("●▲■◆…")
    assert "?" not in shown("".join(sorted(ours)), charset, kind)


@given(st.characters(exclude_categories=("Cc", "Cs")), st.sampled_from(PLACES[:3]))
def test_what_comes_out_is_as_wide_and_can_be_shown(char: str, place: tuple[Charset, str]) -> None:
    charset, kind = place
    cells = cell_len(char)
    out = translate(char, cells, charset, False, kind)
    assert cell_len(out) == cells == len(out)
    assert re.fullmatch(r"[\x20-\x7e]*", "".join(c for c in out if c not in _beyond_ascii(charset)))


def _beyond_ascii(charset: Charset) -> set[str]:
    latin = {chr(code) for code in range(0xA1, 0x100)} - {"\xad"}
    return {Charset.ASCII: set(), Charset.LATIN1: latin, Charset.UTF8: latin | CONSOLE}[charset]
