"""Textual's private parts are what the boundary takes them for; where they are not, its own drawing is used."""

from __future__ import annotations

import hashlib
import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.command import CommandPalette
from textual.drivers.linux_driver import LinuxDriver

import wedtui
from tests.pictures import MovableClock, source_of
from wedtui.tui.app import WedtuiApp
from wedtui.tui.terminal import framework
from wedtui.tui.terminal.driver import TerminalDriver

ROOM = Path(wedtui.__file__).parent

# The text of each part, as it was when it was last read against `wedtui.tui.terminal`. Where one of these fails with
# a new version of Textual: read what changed, see whether `framework` and `drawn` still do right, then set it anew.
READ: list[tuple[Callable[..., object], str]] = [
    (App._display, "4b78dff6669a455c"),
    (LayoutUpdate.render_segments, "ff329c722506c983"),
    (ChopsUpdate.render_segments, "4c1cdb567e0b8354"),
    (XTermParser.parse, "a5834ad1def86544"),
    (CommandPalette._action_command_list, "48813d9c9f89934c"),
    (XTermParser._sequence_to_key_events, "00dfe99846edc6be"),
]


@pytest.mark.parametrize(("part", "digest"), READ, ids=lambda v: getattr(v, "__qualname__", ""))
def test_what_we_reach_into_is_what_was_read(part: Callable[..., object], digest: str) -> None:
    assert hashlib.sha256(inspect.getsource(part).encode()).hexdigest()[:16] == digest


def test_there_is_no_trouble_with_this_version() -> None:
    assert framework.trouble() is None


class _Other:
    def _display(self, screen: object, renderable: object, when: object) -> None:
        """Take one argument more than we know of."""


@pytest.mark.parametrize(
    ("name", "said"), [("_display", "takes self, screen, renderable, when"), ("_shown", "_Other has no _shown")]
)
def test_a_part_that_changed_is_said_and_the_stock_driver_is_used(
    monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.setattr(framework, "PARTS", ((_Other, name, ("self", "screen", "renderable")),))
    app = WedtuiApp(source_of, MovableClock(), theme="midnight")
    assert app.driver_class is LinuxDriver
    (finding,) = app.board.findings
    assert said in finding.text


def test_parts_that_moved_are_no_reason_to_fall_over() -> None:
    code = (
        "import sys; sys.modules['textual._xterm_parser'] = None\n"
        "from wedtui.tui.terminal import framework; print(framework.trouble())"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "textual._xterm_parser" in done.stdout


def test_ours_is_used_otherwise() -> None:
    app = WedtuiApp(source_of, MovableClock(), theme="midnight")
    assert issubclass(app.driver_class, TerminalDriver)


def test_no_other_module_imports_private_parts() -> None:
    private = re.compile(r"from textual\.?[a-z_.]*\._|from textual import _|import textual\._|from rich\._")
    found = {p.relative_to(ROOM) for p in ROOM.rglob("*.py") if private.search(p.read_text(encoding="utf-8"))}
    assert found == {Path("tui/terminal/framework.py")}
