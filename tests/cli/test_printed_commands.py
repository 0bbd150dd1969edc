"""A command that a screen shows in backticks is one: the program's own parser takes it as it stands there."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from wedtui.cli.app import app
from wedtui.core.emergency import EMERGENCIES, Way, emergency

ROOT = Path(__file__).parents[2] / "wedtui"
SHOWN = ("tui", "core")
"""What screens, panels, pages and findings are made of."""
PRINTED = re.compile(r"`(wedtui [^`]+)`")
STANDS_FOR = {
    "lost": "aws",
    "arming.chosen": "aws",
    "name": "feed",
    "_since(alert)": "24h",
    "each": "",
    "command": None,
}
"""What is put in place of an expression, where it is no number; None: that is asked for elsewhere."""
USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]
"""What the parser raises at words that it does not take."""
IS_A_NUMBER = {"ID": "7", "N": "7"}


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield what may be shown, of a module: its strings, but for what describes the code."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    inside |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr) and (said := filled_in(node)) is not None:
            yield node.lineno, said


def filled_in(node: ast.JoinedStr) -> str | None:
    said = ""
    for part in node.values:
        if isinstance(part, ast.Constant):
            said += str(part.value)
            continue
        assert isinstance(part, ast.FormattedValue)
        inserted = STANDS_FOR.get(ast.unparse(part.value), "7")
        if inserted is None or ast.unparse(part.value) == "entry.command":
            return None
        said += inserted
    return said


def printed() -> dict[str, str]:
    """Return each command with where it is made."""
    found: dict[str, str] = {}
    for path in sorted(each for part in SHOWN for each in (ROOT / part).rglob("*.py")):
        for line, text in texts(path):
            for command in PRINTED.findall(text):
                found.setdefault(" ".join(command.split()), f"{path.relative_to(ROOT)}:{line}")
    return found


def parsed(command: str) -> None:
    """Parse a command as the program does, and run nothing.

    Raises:
        UsageError: it is none.
    """
    found: Any = typer.main.get_command(app)
    words = [IS_A_NUMBER.get(word, word) for word in shlex.split(command)[1:]]
    context = typer.Context(found, info_name="wedtui")
    name = "wedtui"
    while isinstance(found, TyperGroup):
        name = words.pop(0) if words else ""
        found = found.get_command(context, name)
        if found is None:
            raise typer.BadParameter(f"there is no command {name!r}")
    found.make_context(name, words, parent=context)


@pytest.mark.parametrize(("command", "place"), printed().items())
def test_what_a_screen_shows_is_taken_as_it_stands(command: str, place: str) -> None:
    try:
        parsed(command)
    except USAGE_ERROR as error:
        raise AssertionError(f"{place}: `{command}`: {error}") from error


@pytest.mark.parametrize("kind", EMERGENCIES.of(Way.FREEZE))
def test_what_stands_beside_an_action_that_cannot_be_asked_for_is_taken(kind: str) -> None:
    entry = emergency(kind)
    parsed(f"wedtui {entry.command} {entry.arguments}")


@pytest.mark.parametrize("wrong", ["wedtui freeze lift", "wedtui freeze lift 7", "wedtui nothing", "wedtui status --x"])
def test_what_is_no_command_is_found(wrong: str) -> None:
    with pytest.raises(USAGE_ERROR):
        parsed(wrong)


def test_what_is_shown_is_found() -> None:
    found = printed()
    assert len(found) > 25
    assert "wedtui actions show 7" in found
