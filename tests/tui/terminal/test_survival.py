"""What a terminal does to a program, done to the dashboard over a real sshd: it ends, and leaves nothing behind."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.poller.service_process import eventually
from tests.sshd import ssh_command
from tests.terminals import AT_START, Terminal

CONFIG = """
environment = "production"

[service]
autostart = false

[[providers]]
name = "here"
weight = 100
"""

DISCARD = "\x15"
"""Empties the shell's line: who is stopped from outside cannot take what the terminal was about to answer."""


class Line:
    """A person at a shell behind sshd, whose dashboard is `python -m wedtui`."""

    def __init__(self, folder: Path, ssh: list[str]) -> None:
        self._folder = folder
        self._ssh = ssh
        (folder / "config.toml").write_text(CONFIG)
        (folder / "state").mkdir()
        # The shell's own mode for pastes would hide ours.
        (folder / "inputrc").write_text("set enable-bracketed-paste off\n")
        settings = {
            "WEDTUI_CONFIG": folder / "config.toml",
            "WEDTUI_STATE_DIR": folder / "state",
            "INPUTRC": folder / "inputrc",
            "PS1": "prompt> ",
        }
        assigned = " ".join(f"{name}={shlex.quote(str(value))}" for name, value in settings.items())
        path = os.pathsep.join(p for p in sys.path if p)
        self._shell = (
            f"cd {shlex.quote(str(Path.cwd()))}; {assigned} PYTHONPATH={shlex.quote(path)} exec bash --norc -i"
        )

    @contextmanager
    def shell(self, *, answers_after: float | None = 0.0, size: tuple[int, int] = (80, 24)) -> Iterator[Terminal]:
        """Log in."""
        environ = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        columns, rows = size
        command = [*self._ssh, self._shell]
        with Terminal(command, environ, columns=columns, rows=rows, answers_after=answers_after) as terminal:
            terminal.shows("prompt>")
            yield terminal

    def dashboards(self) -> list[psutil.Process]:
        """Return the dashboards that run on this test's state."""
        found = []
        for process in psutil.process_iter():
            try:
                mine = process.environ().get("WEDTUI_STATE_DIR") == str(self._folder / "state")
                if mine and "wedtui" in process.cmdline():
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found

    def open(self, terminal: Terminal, *, before: str = "", behind: str = "") -> psutil.Process:
        """Open the dashboard, with something before and behind it in its command; return its process."""
        terminal.type(f"{before}{shlex.quote(sys.executable)} -m wedtui {behind}; echo code $?\n")
        terminal.shows("PRODUCTION", "here", "q quit")
        (process,) = self.dashboards()
        return process

    def gone(self) -> bool:
        """Whether no dashboard is left."""
        return not self.dashboards()


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    with ssh_command(tmp_path_factory.mktemp("sshd")) as command:
        yield command


@pytest.fixture
def line(tmp_path: Path, ssh: list[str]) -> Line:
    return Line(tmp_path, ssh)


def rested(process: psutil.Process) -> bool:
    """Whether a process spins no longer: under a tenth of a core for half a second."""
    return process.cpu_percent(interval=0.5) < 10


def restored(terminal: Terminal) -> bool:
    """Whether every mode is as it was at the start."""
    return terminal.modes == AT_START


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_and_the_terminal_is_as_it_was(line: Line, number: signal.Signals) -> None:
    with line.shell() as terminal:
        process = line.open(terminal)
        process.send_signal(number)
        terminal.shows(f"code {128 + number}", "prompt>")
        assert restored(terminal)
        # The shell's own line editing works: what is typed is seen, and a line is a line.
        terminal.type("stty -a | tr ';' '\\n' | grep -wo -e '[-]*echo' -e '[-]*icanon'; echo do''ne\n")
        terminal.shows("\necho", "\nicanon", "\ndone")
    assert line.gone()


@pytest.mark.parametrize("key", ["q", "\x03", "\x11"])
def test_it_is_left_by_key(line: Line, key: str) -> None:
    with line.shell() as terminal:
        line.open(terminal)
        terminal.type(key)
        terminal.shows("code 0", "prompt>")
        assert restored(terminal)


@pytest.mark.parametrize("before", ["", "trap '' HUP; "])
def test_no_process_stays_where_the_line_is_cut(line: Line, before: str) -> None:
    with line.shell() as terminal:
        line.open(terminal, before=before)
        terminal.vanish()
        eventually(line.gone)


def test_no_process_stays_where_the_client_is_killed(line: Line) -> None:
    with line.shell() as terminal:
        line.open(terminal)
        os.kill(terminal.pid, signal.SIGKILL)
        eventually(line.gone)


def test_the_end_of_input_ends_it(line: Line) -> None:
    """Keys and pictures on two terminals, of which the first one's window is closed."""
    with line.shell() as keys:
        keys.type("tty; exec sleep 1000\n")
        keys.until(lambda: "/dev/pts/" in keys.text)
        name = next(word for word in keys.text.split() if word.startswith("/dev/pts/"))
        with line.shell() as terminal:
            line.open(terminal, behind=f"<{name}")
            keys.vanish()
            terminal.shows("code 129")
            assert restored(terminal)
    assert line.gone()


def test_a_reader_that_has_stopped_holds_up_nothing(line: Line) -> None:
    with line.shell() as terminal:
        process = line.open(terminal)
        # Nobody reads what is drawn anew, until no buffer between here and there has room.
        for _ in range(500):
            terminal.type("\x0c")
        eventually(lambda: rested(process))
        process.send_signal(signal.SIGTERM)
        eventually(line.gone)
        terminal.shows("143", "prompt>")
        assert restored(terminal)


def test_late_answers_do_not_stand_at_the_prompt(line: Line) -> None:
    with line.shell(answers_after=0.4) as terminal:
        line.open(terminal)
        terminal.type("\x0cq")
        terminal.shows("code 0", "prompt>")
        terminal.type("echo a''fter\n")
        terminal.shows("\nafter")
        # Nor in the part of the command's line that is a path.
        assert "0n" not in terminal.text.replace("\n", "").replace(sys.executable, "")


def test_control_z_and_fg(line: Line) -> None:
    with line.shell() as terminal:
        line.open(terminal)
        terminal.type("\x1a")
        terminal.shows("Stopped", "prompt>")
        assert restored(terminal)
        terminal.type("clear; echo meanwhile; fg\n")
        terminal.shows("PRODUCTION", "here", "q quit")
        assert "meanwhile" not in terminal.text
        terminal.type("?")
        terminal.shows("help › dashboard")
        terminal.type("q")
        terminal.until(lambda: line.gone() and restored(terminal))
        terminal.type("echo a''fter\n")
        terminal.shows("\nafter")


def test_stopped_and_continued_from_outside(line: Line) -> None:
    with line.shell() as terminal:
        process = line.open(terminal)
        process.send_signal(signal.SIGSTOP)
        terminal.shows("Stopped", "prompt>")
        terminal.type(f"{DISCARD}clear; fg\n")
        terminal.shows("PRODUCTION", "here", "q quit")
        assert "prompt>" not in terminal.text


def test_a_key_redraws_what_another_program_wrote_over(line: Line) -> None:
    with line.shell() as terminal:
        line.open(terminal)
        terminal.shows("the service does not answer")  # the last thing that it learns here
        before = terminal.text.splitlines()[2:]
        terminal.write_over("\x1b[3;1HBroadcast message from root\x1b[2J")
        assert "here" not in terminal.text
        terminal.type("\x0c")
        terminal.shows("here", "q quit")
        terminal.until(lambda: terminal.text.splitlines()[2:] == before)


def test_another_size_draws_everything_anew(line: Line) -> None:
    with line.shell() as terminal:
        line.open(terminal)
        for columns, rows in ((120, 40), (80, 24), (200, 50), (60, 15)):
            terminal.resize(columns, rows)
            terminal.until(lambda: terminal.line(0).startswith(" PRODUCTION") and "q quit" in terminal.line(-1))


@pytest.mark.parametrize("stop", ["key", "signal"])
def test_back_from_the_background(line: Line, stop: str, tmp_path: Path) -> None:
    with line.shell() as terminal:
        process = line.open(terminal)
        if stop == "key":
            terminal.type("\x1a")
        else:
            process.send_signal(signal.SIGSTOP)
        terminal.shows("Stopped", "prompt>")
        # In the background it finds that something was typed, which is the shell's, and is stopped as it takes the
        # terminal. When it goes on, the shell has read what was typed.
        before, behind = (shlex.quote(str(tmp_path / name)) for name in ("before", "behind"))
        terminal.type(f"{DISCARD}clear; mkfifo {before} {behind}; echo 'it' waits; cat {before}; bg; cat {behind}\n")
        terminal.shows("it waits")
        terminal.type("clear; fg\n")
        terminal.shows("clear; fg")
        (tmp_path / "before").write_text("it goes on")
        terminal.shows("it goes on", "wedtui &")
        terminal.until(lambda: process.status() == psutil.STATUS_STOPPED)
        (tmp_path / "behind").write_text("")
        terminal.shows("PRODUCTION", "here", "q quit")
        terminal.type("?")
        terminal.shows("help › dashboard")
        terminal.type("q")
        terminal.until(lambda: line.gone() and restored(terminal))


@pytest.mark.parametrize("size", [(0, 0), (1, 1), (5, 2)])
def test_a_terminal_without_a_size_can_be_left(line: Line, size: tuple[int, int]) -> None:
    with line.shell() as terminal:
        terminal.shrink(*size)
        terminal.type(f"{shlex.quote(sys.executable)} -m wedtui; echo code $?\n")
        terminal.until(lambda: 1049 in terminal.modes or line.dashboards())
        terminal.until(lambda: b"\x1b[?2004h" in terminal.sent)
        terminal.type("q")
        terminal.until(lambda: b"code 0" in terminal.sent)
        assert restored(terminal)


def test_keys_that_come_while_the_line_hangs_are_marked(line: Line) -> None:
    with line.shell() as terminal:
        line.open(terminal)
        terminal.answers_after = None
        terminal.shows("LINE HANGS")
        terminal.type("j")
        terminal.shows("1 key came while the line hung")
        terminal.answers_after = 0.0
        terminal.type("q")
        # Where the shell goes on from depends on what was drawn last.
        terminal.until(lambda: b"code 0" in terminal.sent)
