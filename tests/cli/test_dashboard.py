"""`wedtui` on a real terminal: it opens, starts the service in personal mode, leaves the terminal as it was."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.needs import require_program
from tests.poller.service_process import Place, eventually, http_server, make_place


class Tmux:
    """A tmux server of the test's own with one window of 80x24."""

    def __init__(self, folder: Path, place: Place) -> None:
        self._command = [require_program("tmux", package="tmux"), "-S", str(folder / "tmux.socket"), "-f", "/dev/null"]
        environ = {**place.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        size = ["-x", "80", "-y", "24"]
        subprocess.run([*self._command, "new-session", "-d", *size, "/bin/sh"], env=environ, check=True)

    def type(self, *keys: str) -> None:
        subprocess.run([*self._command, "send-keys", *keys], check=True)

    @property
    def screen(self) -> str:
        return subprocess.run([*self._command, "capture-pane", "-p"], capture_output=True, text=True, check=True).stdout

    def shows(self, *words: str) -> None:
        try:
            eventually(lambda: all(word in self.screen for word in words))
        except AssertionError:
            raise AssertionError(f"{words} did not appear:\n{self.screen}") from None

    def end(self) -> None:
        subprocess.run([*self._command, "kill-server"], check=False)


@contextmanager
def terminal(folder: Path, place: Place) -> Iterator[Tmux]:
    tmux = Tmux(folder, place)
    try:
        eventually(lambda: bool(tmux.screen.strip()))  # the shell's prompt
        yield tmux
    finally:
        tmux.end()
        place.wedtui("service", "stop")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with http_server() as url:
        yield make_place(tmp_path, url, probes=2)


def test_it_opens_starts_the_service_drills_down_and_leaves_the_prompt(tmp_path: Path, place: Place) -> None:
    with terminal(tmp_path, place) as tmux:
        tmux.type(f"{sys.executable} -m wedtui; echo code $?", "Enter")
        tmux.shows("service running", "PERSONAL", "● OK", "here")
        tmux.type("x", "9", "Enter")
        tmux.shows("providers › here", "availability", "p0")
        tmux.type("Escape")
        tmux.shows("deployments", "emergency actions")
        tmux.type("q")
        tmux.shows("code 0")
        assert "service running" not in tmux.screen
    # The dashboard's end is not the service's: it was still there to be stopped.
    assert "stopped" in place.wedtui("service", "status").stdout


def test_a_configuration_that_cannot_be_used_is_said_on_a_restored_terminal(tmp_path: Path, place: Place) -> None:
    place.config.write_text("environment = 7\n")
    with terminal(tmp_path, place) as tmux:
        tmux.type(f"{sys.executable} -m wedtui; echo code $?", "Enter")
        tmux.shows("environment: expected text", "code 2")


def test_keys_of_one_s_own_apply_at_the_start_and_when_the_file_changes(tmp_path: Path, place: Place) -> None:
    text = place.config.read_text()
    place.config.write_text(text + '[dashboard.keys]\nmain.open = "o"\nscreen.back = "b"\n')
    with terminal(tmp_path, place) as tmux:
        tmux.type(f"{sys.executable} -m wedtui; echo code $?", "Enter")
        tmux.shows("● OK", " o open")
        tmux.type("Enter", "o")
        tmux.shows("providers › here", " b back")
        place.config.write_text(text + '[dashboard.keys]\nscreen.back = "F5"\n')
        tmux.shows(" F5 back")
        tmux.type("b", "F5")
        tmux.shows("emergency actions", " Enter open")
        place.config.write_text(text + '[dashboard.keys]\nmain.open = "w"\n')
        tmux.shows("it keeps its old keys: dashboard.keys.main.open: expec", "● OK")
        tmux.type("q")
        tmux.shows("code 0")


def test_keys_that_cannot_be_used_are_said_on_a_restored_terminal(tmp_path: Path, place: Place) -> None:
    place.config.write_text('[dashboard.keys]\n"app.quit" = []\n"list.down" = "f"\n')
    expected = place.wedtui("config", "check")
    assert expected.returncode == 2
    with terminal(tmp_path, place) as tmux:
        tmux.type(f"{sys.executable} -m wedtui; echo code $?", "Enter")
        tmux.shows("code 2")
        # Where a line is wrapped at a space, the screen has it no more.
        shown = "".join(tmux.screen.split())
        assert [line for line in expected.stderr.splitlines() if "".join(line.split()) not in shown] == []


SSH = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}


@pytest.mark.parametrize(
    ("session", "setting", "listens"),
    [
        ({}, "auto", True),
        (SSH, "auto", False),
        ({"SSH_TTY": "/dev/pts/1"}, "auto", False),
        (SSH, "on", True),
        ({}, "off", False),
    ],
)
def test_the_mouse_is_left_to_the_terminal_over_ssh(
    place: Place, session: dict[str, str], setting: str, listens: bool
) -> None:
    place.config.write_text(f'[service]\nautostart = false\n[dashboard]\nmouse = "{setting}"\n')
    written = on_a_pseudo_terminal(place, session)
    for mode in (b"?1000h", b"?1002h", b"?1003h", b"?1006h", b"?1015h"):
        assert (mode in written) <= listens, mode
    assert (b"?1000h" in written) == listens


def on_a_pseudo_terminal(place: Place, session: dict[str, str]) -> bytes:
    """Open the dashboard, wait for its first picture, leave it; return everything that it wrote."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    kept = {name: value for name, value in place.environ.items() if not name.startswith("SSH_")}
    environ = {**kept, **session, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    child = subprocess.Popen([sys.executable, "-m", "wedtui"], stdin=its, stdout=its, stderr=its, env=environ)
    os.close(its)
    written = b""
    try:
        while True:
            got = os.read(ours, 65536)
            written += got
            if b"SERVICE NEVER STARTED" in written:
                os.write(ours, b"q")
    except OSError:  # the other end is closed
        assert child.wait(300) == 0
        return written
    finally:
        child.kill()
        child.wait()
        os.close(ours)


def test_a_dumb_terminal_gets_text(tmp_path: Path, place: Place) -> None:
    with terminal(tmp_path, place) as tmux:
        tmux.type(f"TERM=dumb {sys.executable} -m wedtui; echo code $?", "Enter")
        tmux.shows("nothing is known yet", "code 3")


def test_a_pipe_gets_text_without_escapes(place: Place) -> None:
    done = place.wedtui()
    assert done.returncode == 3
    assert done.stdout.startswith("wedtui production at ")
    assert "\x1b" not in done.stdout + done.stderr
