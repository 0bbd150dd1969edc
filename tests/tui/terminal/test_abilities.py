"""What a terminal can show, by its environment: tables, and real interpreters in the locales that Python bends."""

from __future__ import annotations

import subprocess
import sys

import pytest

from wedtui.tui.terminal.abilities import EVERYTHING, Charset, Depth, Terminfo, abilities

DATABASE = {
    "linux": Terminfo(8, italic=False),
    "screen": Terminfo(8, italic=False),
    "tmux-256color": Terminfo(256, italic=True),
    "vt100": Terminfo(0, italic=False),
    "vt220": Terminfo(0, italic=False),
    "xterm": Terminfo(8, italic=True),
    "xterm-kitty": Terminfo(256, italic=True),
    "xterm-direct": Terminfo(1 << 24, italic=True),
    "xterm-mono": Terminfo(0, italic=False),
}


def depth(environ: dict[str, str], *, known: bool = True) -> Depth:
    return abilities(environ, utf8_mode=False, terminfo=lambda kind: DATABASE.get(kind) if known else None).depth


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm"}, Depth.ANSI),
        ({"TERM": "xterm-256color"}, Depth.INDEXED),
        ({"TERM": "xterm-direct"}, Depth.TRUE),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, Depth.TRUE),
        ({"TERM": "xterm", "COLORTERM": "24bit"}, Depth.TRUE),
        ({"TERM": "xterm", "COLORTERM": "yes"}, Depth.ANSI),
        ({"TERM": "linux"}, Depth.ANSI),
        ({"TERM": "linux", "COLORTERM": "truecolor"}, Depth.ANSI),
        ({"TERM": "vt100"}, Depth.NONE),
        ({"TERM": "vt220"}, Depth.NONE),
        ({"TERM": "vt100", "COLORTERM": "truecolor"}, Depth.NONE),
        ({"TERM": "xterm-mono"}, Depth.NONE),
        ({"TERM": "dumb"}, Depth.NONE),
        ({"TERM": ""}, Depth.NONE),
        ({}, Depth.NONE),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, Depth.NONE),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, Depth.INDEXED),
        ({"TERM": "tmux-256color", "TMUX": "/run/tmux,1,0"}, Depth.INDEXED),
        ({"TERM": "screen", "TMUX": "/run/tmux,1,0", "COLORTERM": "truecolor"}, Depth.TRUE),
        ({"TERM": "screen-256color", "STY": "1.pts", "COLORTERM": "truecolor"}, Depth.INDEXED),
        ({"TERM": "screen", "STY": "1.pts", "COLORTERM": "truecolor"}, Depth.ANSI),
        ({"TERM": "nobody-knows-it"}, Depth.ANSI),
    ],
)
def test_the_depth_of_colours(environ: dict[str, str], expected: Depth, known: bool) -> None:
    assert depth(environ, known=known) is expected


def test_the_database_knows_what_the_name_does_not_say() -> None:
    assert depth({"TERM": "xterm-kitty"}) is Depth.INDEXED


def charset(utf8_mode: bool, **environ: str) -> Charset:
    return abilities(environ, utf8_mode=utf8_mode, terminfo=lambda _: None).charset


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, Charset.ASCII),
        ({"LANG": "C"}, Charset.ASCII),
        ({"LC_ALL": "POSIX", "LANG": "en_GB.UTF-8"}, Charset.ASCII),
        ({"LANG": "en_GB.UTF-8"}, Charset.UTF8),
        ({"LANG": "en_GB.utf8"}, Charset.UTF8),
        ({"LC_CTYPE": "UTF-8"}, Charset.UTF8),
        ({"LANG": "C.UTF-8"}, Charset.UTF8),
        ({"LANG": "en_GB.UTF-8", "LC_CTYPE": "en_GB.ISO-8859-1"}, Charset.LATIN1),
        ({"LANG": "en_GB.ISO-8859-1", "LC_ALL": "en_GB.UTF-8"}, Charset.UTF8),
        ({"LC_ALL": "", "LANG": "de_DE@euro"}, Charset.LATIN1),
        ({"LANG": "en_GB"}, Charset.LATIN1),
        ({"LANG": "de_DE.ISO-8859-15@euro"}, Charset.LATIN1),
        ({"LANG": "pl_PL.ISO-8859-2"}, Charset.ASCII),
        ({"LANG": "ja_JP.eucJP"}, Charset.ASCII),
        ({"LANG": "nonsense"}, Charset.ASCII),
    ],
)
def test_the_characters_of_the_locale(environ: dict[str, str], expected: Charset) -> None:
    assert charset(False, **environ) is expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, Charset.ASCII),
        ({"LANG": "C"}, Charset.ASCII),
        ({"LANG": "en_GB.ISO-8859-1"}, Charset.LATIN1),
        ({"LANG": "en_GB.UTF-8"}, Charset.UTF8),
    ],
)
def test_what_python_made_of_the_c_locale_is_not_believed(environ: dict[str, str], expected: Charset) -> None:
    assert charset(True, LC_CTYPE="C.UTF-8", **environ) is expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ((), "ascii"),
        (("LC_ALL=C",), "ascii"),
        (("LANG=C",), "ascii"),
        (("LANG=en_GB.ISO-8859-1",), "latin-1"),
        (("LANG=en_GB.UTF-8",), "utf-8"),
        (("LC_CTYPE=C.UTF-8",), "utf-8"),
        (("LC_ALL=C.UTF-8",), "utf-8"),
    ],
)
@pytest.mark.parametrize("judge", ["abilities(os.environ)", "own_abilities()"])
def test_a_real_interpreter_in_that_locale(variables: tuple[str, ...], expected: str, judge: str) -> None:
    code = f"import os; from wedtui.tui.terminal.abilities import *; print({judge}.charset)"
    command = ["env", "-i", "TERM=vt100", *variables, sys.executable, "-c", code]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip() == expected


def test_what_a_wish_of_the_shells_own_hides_is_found_in_the_first_environment() -> None:
    # An SSH client on a Mac sends LC_CTYPE=UTF-8; it is no locale here, so Python overwrites it.
    code = "from wedtui.tui.terminal.abilities import *; print(own_abilities().charset)"
    command = ["env", "-i", "TERM=xterm", "LC_CTYPE=UTF-8", sys.executable, "-c", code]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip() == "utf-8"


def test_the_terminal_database_of_this_machine_is_asked() -> None:
    code = "from wedtui.tui.terminal.abilities import look_up; print(look_up('vt100'), look_up('xterm'))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    # One entry a process: what the library cannot tell is not made up.
    assert done.stdout.strip() == (
        "Terminfo(colours=0, italic=False, erases_with_background=False, erases_characters=False, "
        "addresses_columns=False) None"
    )


def test_who_stands_between() -> None:
    plain = abilities({"TERM": "xterm", "LANG": "C.UTF-8"}, utf8_mode=False, terminfo=lambda _: None)
    assert (plain.over_ssh, plain.multiplexed) == (False, False)
    ssh = abilities({"TERM": "tmux", "SSH_CONNECTION": "1 2 3 4"}, utf8_mode=False, terminfo=lambda _: None)
    assert (ssh.over_ssh, ssh.multiplexed) == (True, True)
    assert "over SSH, through tmux or screen" in ssh.words()


@pytest.mark.parametrize(
    ("kind", "language", "expected"),
    [
        ("xterm", "C.UTF-8", True),
        ("linux", "C.UTF-8", False),
        ("vt220", "C.UTF-8", False),
        ("xterm", "C", False),
    ],
)
def test_braille(kind: str, language: str, expected: bool) -> None:
    found = abilities({"TERM": kind, "LANG": language}, utf8_mode=False, terminfo=lambda _: None)
    assert found.braille is expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("xterm-256color", True),
        ("tmux-256color", True),
        ("screen", True),
        ("vte-256color", True),
        ("vt100", False),
        ("vt220", False),
        ("linux", False),
        ("linux-16color", False),
        ("ansi", False),
        ("cons25", False),
        ("", False),
    ],
)
def test_which_terminals_are_modern(kind: str, expected: bool) -> None:
    found = abilities({"TERM": kind}, utf8_mode=False, terminfo=lambda _: None)
    assert found.modern is expected


def test_slanted_text_is_not_sent_to_who_shows_it_as_something_else() -> None:
    for kind, slanted in (("linux", False), ("screen", False), ("vt100", False), ("xterm", True)):
        for lookup in (DATABASE.get, lambda _: None):
            assert abilities({"TERM": kind}, utf8_mode=False, terminfo=lookup).italic is slanted


def test_what_a_person_chose_counts() -> None:
    chosen = EVERYTHING.chosen(charset="latin-1", colours="none")
    assert (chosen.charset, chosen.depth, chosen.braille) == (Charset.LATIN1, Depth.NONE, False)
    assert EVERYTHING.chosen(charset="auto", colours="mauve") == EVERYTHING
