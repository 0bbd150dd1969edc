"""What is really sent to each kind of terminal: the dashboard, the wall and the line mode on a pseudo-terminal."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import psutil
import pytest

from tests.poller.service_process import Place, http_server, make_place
from tests.terminals import AT_START, Terminal

# ECMA-48 8.3: control sequences, then the two-character escapes; operating-system commands end with BEL or ST.
_CONTROL = re.compile(rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]")
_SGR = re.compile(rb"\x1b\[([\d;:]*)m")
_COLOURS = re.compile(r"(?:3|4|9|10)\d")
_BRAILLE = re.compile("[\u2800-\u28ff]")
REASON = "Zürich 東京"
UTF8, C, LATIN1 = "C.UTF-8", "C", "en_GB.ISO-8859-1"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A cache with one provider, and a freeze whose reason three character sets write in three ways."""
    with http_server() as url:
        made = make_place(tmp_path_factory.mktemp("kinds"), url, probes=2)
        made.config.write_text(made.config.read_text() + "[service]\nautostart = false\n")
        until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
        assert made.wedtui("freeze", "add", "--from", "now", "--to", until, "--reason", REASON).returncode == 0
        assert made.wedtui("poll", "--once").returncode == 0
        yield made


@dataclass(frozen=True)
class Sent:
    """Everything that a program sent to a terminal, from its beginning to its end."""

    raw: bytes

    @property
    def beside_escapes(self) -> bytes:
        """What is left when escapes are taken away."""
        return _CONTROL.sub(b"", self.raw)

    @property
    def colours(self) -> set[str]:
        """Every parameter of SGR that asks for a colour."""
        parameters = {p for found in _SGR.findall(self.raw) for p in re.split("[;:]", found.decode())}
        return {p for p in parameters if _COLOURS.fullmatch(p)}


def environ_of(place: Place, **own: str) -> dict[str, str]:
    taken = {"NO_COLOR", "COLORTERM", "LANG", "TMUX", "STY", "TERM"}
    kept = {k: v for k, v in place.environ.items() if k not in taken and not k.startswith(("LC_", "SSH_"))}
    return {**kept, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm-256color", "LC_ALL": UTF8, **own}


def sent_to(place: Place, program: str, **environ: str) -> Sent:
    """Run a program through much of what it can show, leave it, and return what it sent."""
    words = {"dashboard": (), "wall": ("wall",), "plain": ("--plain",)}[program]
    # What the last run left open would come back.
    (place.state / "dashboard.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "wedtui", *words]
    with Terminal(command, environ_of(place, **environ)) as terminal:
        terminal.until(lambda: b"here" in terminal.sent)
        if program == "dashboard":
            _walk(terminal)
        terminal.type("quit\r" if program == "plain" else "q")
        terminal.until(lambda: psutil.Process(terminal.pid).status() == psutil.STATUS_ZOMBIE)
        _until_silent(terminal)
        _, status = os.waitpid(terminal.pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert terminal.modes == AT_START
        return Sent(bytes(terminal.sent))


def _walk(terminal: Terminal) -> None:
    terminal.shows("here", "deployments")
    for keys, words in (
        ("\r", "COMPONENT"),
        ("\r", "longer"),
        ("\x1b", "COMPONENT"),
        ("w", "what is wrong"),
        ("f", "- freeze -"),
        ("?", "help"),
        ("\x1b", "- freeze -"),
        ("\x1b", "what is wrong"),
        ("\x1b", "COMPONENT"),
        ("\x1b", "deployments"),
        ("t", "deployments"),
        (":hel", "List every key"),
        ("\x1b", "deployments"),
        ("'", "1 providers"),
        ("1", "q quit"),
    ):
        terminal.type(keys)
        terminal.until(partial(_stands, terminal, words))
        _until_silent(terminal)


def _stands(terminal: Terminal, words: str) -> bool:
    return words in terminal.text.replace("─", "-")


def _until_silent(terminal: Terminal, seconds: float = 0.2) -> None:
    """Read for as long as anything comes: an Escape is one only where nothing follows it at once."""
    while terminal.read(seconds):
        pass


PROGRAMS = ("dashboard", "wall", "plain")


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_color_sends_no_colour(place: Place, program: str) -> None:
    assert sent_to(place, program, NO_COLOR="1", COLORTERM="truecolor").colours == set()


def test_with_colours_there_are_some(place: Place) -> None:
    assert {"38", "48"} <= sent_to(place, "dashboard").colours
    assert "38" not in sent_to(place, "dashboard", TERM="xterm").colours


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("kind", ["vt100", "linux"])
def test_old_terminals_get_no_dots_and_no_question_that_they_would_print(place: Place, kind: str, program: str) -> None:
    sent = sent_to(place, program, TERM=kind)
    assert not _BRAILLE.search(sent.beside_escapes.decode("utf-8"))
    # What is neither a plain control sequence nor the question for its status, they would print in part.
    assert not re.search(rb"\x1b\[[^@-~]*\$|\x1b\[[>=<]|\x1b[P_^\]X]", sent.raw)
    assert set(re.findall(rb"\x1b\[[\d;]*[nc]", sent.raw)) <= {b"\x1b[5n"}
    for mode in (b"?1049", b"?2004", b"?2026", b"?2048"):
        assert mode not in sent.raw
    if kind == "vt100":
        assert sent.colours == set()
        assert {p for found in _SGR.findall(sent.raw) for p in found.split(b";")} <= {b"", b"0", b"1", b"4", b"5", b"7"}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_c_locale_gets_ascii(place: Place, program: str) -> None:
    sent = sent_to(place, program, LC_ALL=C)
    assert sent.beside_escapes.isascii()
    assert sent.raw.isascii()


@pytest.mark.parametrize("program", PROGRAMS)
def test_latin_1_gets_latin_1(place: Place, program: str) -> None:
    sent = sent_to(place, program, LC_ALL=LATIN1)
    shown = sent.beside_escapes
    # No C1 control, which a terminal of eight bits obeys, and so no continuation byte of UTF-8 but by a real letter.
    assert not re.search(rb"[\x80-\x9f]", shown)
    assert not re.search(rb"[\xc2-\xf4][\x80-\xbf]", shown)
    if program == "dashboard":
        assert re.search(rb"Z\xfcrich", shown), "its own letters are its own"
