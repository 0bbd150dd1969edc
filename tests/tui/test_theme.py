"""The themes that are shipped, and users' own: complete, readable (WCAG AA), and refused with a sentence each."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from tests.tui.colour_vision import VISIONS, distance
from wedtui.errors import ConfigurationError
from wedtui.tui.contrast import failures, ratio, reduced, rgb
from wedtui.tui.spans import Role
from wedtui.tui.theme import load_theme, read_theme, theme_folder, theme_names

SHIPPED = ("ansi-dark", "ansi-light", "colour-blind", "daylight", "midnight", "war-room")
STATES = (Role.OK, Role.DEGRADED, Role.CRITICAL, Role.UNKNOWN)
APART = 20
"""Several times what is just noticeable (2.3), for single glyphs on a dark ground."""


def written(folder: Path, text: str, name: str = "mine") -> Path:
    file = folder / f"{name}.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture
def midnight() -> str:
    return (theme_folder() / "midnight.toml").read_text(encoding="utf-8")


def test_the_ratio_is_that_of_the_standard() -> None:
    assert ratio((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert ratio(rgb("#777777"), rgb("#ffffff")) == pytest.approx(4.48, abs=0.01)


def test_all_are_there() -> None:
    assert theme_names() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_every_role_is_readable_wherever_it_stands_and_with_fewer_colours(name: str) -> None:
    assert list(failures(load_theme(name))) == []


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        # Readable as it is, and not in the nearest of 256 colours: there the cursor's ground is #005f5f.
        ('cursor = "#323843"', 'cursor = "#263757"', {"256 colours"}),
        ('ok = { fg = "#6fd49a" }', 'ok = { fg = "#404040" }', {"256 colours", "16 million colours"}),
    ],
)
def test_what_cannot_be_read_is_found(tmp_path: Path, midnight: str, old: str, new: str, where: set[str]) -> None:
    assert old in midnight
    found = list(failures(read_theme(written(tmp_path, midnight.replace(old, new)))))
    assert {f.where for f in found} == where


@pytest.mark.parametrize(
    ("ok", "where"),
    [
        ('{ fg = "yellow" }', {"the 16 colours of the Linux console"}),
        ('{ fg = "red" }', {"the 16 colours of xterm", "the 16 colours of the Linux console"}),
        # Bold red is bright red in many terminals; on the cursor's blue neither can be read.
        ('{ fg = "white", bold = true }', set()),
    ],
)
def test_the_terminals_own_colours_are_those_of_xterm_and_of_the_console(
    tmp_path: Path, ok: str, where: set[str]
) -> None:
    text = (theme_folder() / "ansi-dark.toml").read_text(encoding="utf-8")
    changed = text.replace('ok = { fg = "bright-green" }', f"ok = {ok}")
    assert changed != text
    assert {f.where for f in failures(read_theme(written(tmp_path, changed)))} == where


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("see", [rgb, reduced], ids=["16m", "256"])
def test_states_stay_apart_for_colour_blind_eyes(vision: str, see: object) -> None:
    assert callable(see)
    roles = load_theme("colour-blind").roles
    for one, other in combinations([*STATES, Role.TEXT], 2):
        assert distance(see(roles[one].fg), see(roles[other].fg), vision) >= APART, (one, other)


def test_the_simulation_confuses_what_such_eyes_confuse() -> None:
    red, green = (200, 60, 60), (110, 120, 40)
    assert distance(red, green, "all cones") > 60
    assert distance(red, green, "deuteranopia") < distance(red, green, "all cones") / 2
    assert distance((255, 255, 255), (0, 0, 0), "tritanopia") == pytest.approx(100, abs=0.5)
    # A grey is a grey for everybody: each row of each matrix makes one.
    assert all(sum(row) == pytest.approx(1, abs=1e-5) for matrix in VISIONS.values() for row in matrix)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r'no theme "midnite": use one of .*midnight'):
        load_theme("midnite")


def test_users_add_theirs_and_never_replace_a_shipped_one(tmp_path: Path, midnight: str) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, title in ((first, "First"), (second, "Second")):
        folder.mkdir()
        for name in ("mine", "midnight"):
            written(folder, midnight.replace('"Midnight"', f'"{title}"'), name)
    written(second, midnight, "not a name")
    folders = (first, tmp_path / "missing", second)
    assert theme_names(folders) == tuple(sorted({*SHIPPED, "mine"}))
    assert load_theme("mine", folders).title == "First"
    assert load_theme("midnight", folders).title == "Midnight"


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        ("[roles]", "[roles", ["expected TOML"]),
        ('ok = { fg = "#6fd49a" }\n', "", ["roles.ok: expected this key"]),
        ('background = "#10151f"', 'background = "noir"', ['surface.background: expected a colour such as "#10151f"']),
        ('background = "#10151f"', "background = 7", ["surface.background: expected a colour"]),
        ('"#6fd49a"', '"bright-green"', ["roles.ok.fg: expected #rrggbb, as surface.background has, got bright-green"]),
        ("dark = true", 'dark = "yes"', ["dark: expected true or false"]),
        ("[roles]", "[roles]\nsparkle = { fg = '#ffffff' }", ["roles.sparkle: expected one of text, strong"]),
        ('fg = "#6fd49a"', 'fg = "#6fd49a", blink = true', ["roles.ok.blink: expected only fg, bg, bold and italic"]),
        ('fg = "#6fd49a"', 'bg = "#6fd49a"', ["roles.ok: expected a table with fg"]),
        ("dark = true", "dark = 1\nfont = 'x'", ["font: expected only title", "dark: expected true or false"]),
    ],
)
def test_a_malformed_file_is_a_sentence_for_each_mistake(
    tmp_path: Path, midnight: str, old: str, new: str, sentences: list[str]
) -> None:
    assert old in midnight
    file = written(tmp_path, midnight.replace(old, new, 1))
    with pytest.raises(ConfigurationError) as caught:
        load_theme("mine", (tmp_path,))
    lines = str(caught.value).splitlines()
    assert len(lines) == len(sentences)
    for line, sentence in zip(lines, sentences, strict=True):
        assert line.startswith(f"{file}: {sentence}")


def test_a_file_that_is_no_text_is_refused_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"mine\.toml: expected UTF-8 text"):
        load_theme("mine", (tmp_path,))
