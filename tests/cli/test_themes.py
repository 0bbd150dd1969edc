"""What the command line says of themes and terminals, and what the dashboard peeks at before its first paint."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.base import Machine, machine
from wedtui.cli.looks import Looks, looks_of, peek
from wedtui.paths import theme_folders
from wedtui.tui.theme import theme_folder

__all__ = ["machine"]


@pytest.fixture
def theme(machine: Machine) -> Path:
    """Make a user's theme `mine` that is right."""
    folder = machine.folder / "themes"
    folder.mkdir()
    mine = folder / "mine.toml"
    mine.write_text((theme_folder() / "midnight.toml").read_text(encoding="utf-8"), encoding="utf-8")
    return mine


def test_a_theme_of_ones_own_can_be_chosen(machine: Machine, theme: Path) -> None:
    machine.configure('[dashboard]\ntheme = "mine"\n')
    answer = machine.run("config", "check")
    assert (answer.code, answer.err) == (0, "")
    assert "contrast" not in answer.out
    assert "terminal: " in answer.out


def test_a_theme_that_is_not_there_is_said_with_its_line_and_those_that_are(machine: Machine, theme: Path) -> None:
    machine.configure('[dashboard]\ntheme = "midnite"\n')
    answer = machine.run("config", "check")
    assert answer.code == 2
    assert f"{machine.config}:2: dashboard.theme: expected one of ansi-dark," in answer.err
    assert 'mine, war-room, got "midnite"' in answer.err


def test_what_is_wrong_with_a_theme_is_said_with_file_and_key(machine: Machine, theme: Path) -> None:
    theme.write_text(theme.read_text().replace('"#6fd49a"', '"green!"').replace("[surface]", "[surface]\nfloor = 1"))
    answer = machine.run("config", "check")
    assert answer.code == 2
    assert f"{theme}: surface.floor: expected one of background, panel, cursor" in answer.err
    assert (
        f'{theme}: roles.ok.fg: expected a colour such as "#10151f", "bright-red" or "default", got "green!"'
        in answer.err
    )


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("midnight", "a theme that is shipped has this name"), ("two words", "expected a name of letters, digits")],
)
def test_a_name_that_cannot_be_used_is_a_mistake(machine: Machine, theme: Path, name: str, sentence: str) -> None:
    theme.rename(theme.with_stem(name))
    answer = machine.run("config", "check")
    assert answer.code == 2
    assert sentence in answer.err


def test_what_is_hard_to_read_is_a_note_with_role_and_ratio(machine: Machine, theme: Path) -> None:
    theme.write_text(theme.read_text().replace('ok = { fg = "#6fd49a" }', 'ok = { fg = "#3a7a55" }'))
    answer = machine.run("config", "check")
    assert answer.code == 0
    assert "note: theme mine: ok on cursor has a contrast of 2." in answer.out


def test_themes_lie_beside_the_configuration_and_in_the_users_own_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    own = tmp_path / "home" / "wedtui"
    assert theme_folders(None) == (own / "themes",)
    assert theme_folders(own / "config.toml") == (own / "themes",)
    assert theme_folders(tmp_path / "x.toml") == (tmp_path / "themes", own / "themes")


@pytest.mark.parametrize(
    ("text", "environ", "expected"),
    [
        ("", {}, Looks("midnight", theme_fixed=False, colours="auto", charset="auto", mouse="auto")),
        (
            '[dashboard]\ntheme = "mine"\ncolours = "16"',
            {},
            Looks("mine", theme_fixed=False, colours="16", charset="auto", mouse="auto"),
        ),
        (
            '[dashboard]\ncharset = "ascii"',
            {"CHARSET": "latin-1"},
            Looks("midnight", theme_fixed=False, colours="auto", charset="latin-1", mouse="auto"),
        ),
        (
            "dashboard = 7",
            {"THEME": ""},
            Looks("midnight", theme_fixed=False, colours="auto", charset="auto", mouse="auto"),
        ),
        (
            "[dashboard]\ntheme = 7",
            {},
            Looks("midnight", theme_fixed=False, colours="auto", charset="auto", mouse="auto"),
        ),
        (
            "[dashboard",
            {"COLOURS": "none"},
            Looks("midnight", theme_fixed=False, colours="none", charset="auto", mouse="auto"),
        ),
    ],
)
def test_what_is_peeked_at(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, text: str, environ: dict[str, str], expected: Looks
) -> None:
    machine.configure(text)
    for key, value in environ.items():
        monkeypatch.setitem(os.environ, f"WEDTUI_DASHBOARD__{key}", value)
    assert looks_of(peek(machine.config)) == expected


def test_a_choice_that_is_none_is_refused(machine: Machine) -> None:
    machine.configure('[dashboard]\ncolours = "many"\ncharset = "ebcdic"\n')
    answer = machine.run("config", "check")
    assert answer.code == 2
    assert ":2: dashboard.colours: expected 'auto', '16m'" in answer.err
    assert ":3: dashboard.charset: expected 'auto', 'utf-8'" in answer.err


def test_the_doctor_says_what_a_theme_lacks(machine: Machine, theme: Path) -> None:
    theme.write_text("title = 7")
    answer = machine.run("doctor")
    assert answer.code == 2
    assert f"problem  themes: {theme}: title: expected text" in answer.out
