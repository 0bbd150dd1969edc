"""Copying, what was open and pictures, with a real terminal, real files and the user's real directories."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_dashboard import Tmux
from tests.poller.service_process import Place, eventually, http_server, make_place
from wedtui.cli.dashboard import own_names
from wedtui.paths import StatePaths, own_directory


class TmuxWithBuffer(Tmux):
    @property
    def buffer(self) -> str:
        done = subprocess.run([*self._command, "show-buffer"], capture_output=True, text=True, check=False)
        return done.stdout

    def hang_up(self) -> None:
        """Take the terminal away, as a line that drops does."""
        subprocess.run([*self._command, "respawn-pane", "-k", "/bin/sh"], check=True)
        eventually(lambda: bool(self.screen.strip()))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with http_server() as url:
        yield make_place(tmp_path, url, probes=2)


@pytest.fixture
def tmux(tmp_path: Path, place: Place) -> Iterator[TmuxWithBuffer]:
    made = TmuxWithBuffer(tmp_path, place)
    try:
        eventually(lambda: bool(made.screen.strip()))
        yield made
    finally:
        made.end()
        place.wedtui("service", "stop")


def test_a_row_is_copied_through_tmux_and_what_was_open_outlives_the_terminal(
    tmux: TmuxWithBuffer, place: Place
) -> None:
    tmux.type(f"{sys.executable} -m wedtui", "Enter")
    tmux.shows("● OK", "here")

    def copied() -> str:
        tmux.type("y")
        tmux.shows("sent to tmux's buffer and the terminal's clipboard")
        return tmux.buffer

    # It may be OK by its first probe before anything is heard of the second.
    eventually(lambda: "probes 2/2" in copied())
    assert tmux.buffer.startswith("here OK score ")
    assert tmux.buffer.endswith(" UTC, production")
    tmux.type("Enter")
    tmux.shows("providers › here", "p0")
    tmux.type("f")
    tmux.shows("─ freeze ─")
    file = place.state / "dashboard.json"
    eventually(lambda: file.exists() and '"freeze"' in file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    tmux.hang_up()
    tmux.type(f"{sys.executable} -m wedtui", "Enter")
    tmux.shows("─ freeze ─")
    tmux.type("Escape")
    tmux.shows("providers › here", "p0")


def test_a_picture_is_saved_without_the_names_of_user_and_machine(tmux: TmuxWithBuffer, place: Place) -> None:
    tmux.type(f"{sys.executable} -m wedtui", "Enter")
    tmux.shows("● OK", "here")
    tmux.type("'")
    tmux.shows(" 1 ─ providers", " 6 ")
    tmux.type("z")
    tmux.type("S")
    tmux.shows(" saved ")
    folder = place.state / "pictures"
    files = sorted(folder.iterdir())
    assert [path.suffix for path in files] == [".svg", ".txt"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    text = files[1].read_text()
    assert "● OK" in text
    assert " · production · dashboard · " in text.splitlines()[0]
    for name in own_names():
        assert name not in text


def test_what_is_a_persons_own_is_in_the_state_directory_that_is_hers(tmp_path: Path) -> None:
    assert own_directory(StatePaths(tmp_path)) == tmp_path
    assert own_directory(StatePaths(tmp_path / "not" / "yet")) == tmp_path / "not" / "yet"


def test_in_a_shared_services_directory_nothing_of_a_persons_own_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "mine"))
    shared = StatePaths(tmp_path)
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    assert own_directory(shared) == tmp_path / "mine" / "wedtui"
    assert own_directory(StatePaths(tmp_path / "not" / "yet")) == tmp_path / "mine" / "wedtui"


def test_the_names_that_no_picture_may_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    alice = pwd.struct_passwd(("alice", "x", os.getuid(), 1, "", "/home/alice", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: alice)
    assert {"alice", os.uname().nodename} <= own_names()
    root = pwd.struct_passwd(("root", "x", os.getuid(), 1, "", "/root", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: root)
    assert "root" not in own_names()  # everybody's name
