"""The themes that are shipped: complete, readable (WCAG AA), and refused with a sentence where they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from wedtui.errors import ConfigurationError
from wedtui.tui.spans import Role
from wedtui.tui.theme import load_theme, theme_folder, theme_names

AA = 4.5


def luminance(colour: str) -> float:
    """Return the relative luminance as WCAG 2.1 defines it."""

    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[i : i + 2], 16)) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio as WCAG 2.1 defines it."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_ratio_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_dark_and_high_contrast_are_there() -> None:
    assert {"midnight", "war-room"} <= set(theme_names())


@pytest.mark.parametrize("name", theme_names())
@pytest.mark.parametrize("role", list(Role))
def test_every_role_is_readable_wherever_it_stands(name: str, role: Role) -> None:
    theme = load_theme(name)
    colours = theme.roles[role]
    grounds = [colours.bg] if colours.bg else [theme.surface[s] for s in ("background", "panel", "cursor")]
    for ground in grounds:
        assert contrast(colours.fg, ground) >= AA, (role, colours.fg, ground)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r'no theme "midnite": use one of .*midnight'):
        load_theme("midnite")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("[roles]", "[roles", "cannot be read"),
        ('ok = { fg = "#6fd49a" }\n', "", "roles.ok is missing"),
        ('background = "#10151f"', 'background = "black"', "surface.background as a colour"),
        ("dark = true", 'dark = "yes"', "dark as true or false"),
        ("[roles]", "[roles]\nsparkle = { fg = '#ffffff' }", "roles.sparkle is unknown"),
        ('fg = "#6fd49a"', 'fg = "#6fd49a", blink = true', "roles.ok with fg"),
        ("dark = true", "dark = true\nfont = 'x'", "font is not a key"),
    ],
)
def test_a_malformed_file_is_one_sentence(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    text = (theme_folder() / "midnight.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "mine.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match='the theme "mine"') as caught:
        load_theme("mine", tmp_path)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
