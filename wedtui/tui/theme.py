"""Colour themes: data files that give each role its colours, and the two shapes that the screen needs of them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wedtui.errors import ConfigurationError
from wedtui.tui.spans import Role

if TYPE_CHECKING:
    from textual.theme import Theme

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_PACKAGE = Path(__file__).resolve().parents[1]
SURFACES = ("background", "panel", "cursor")


class RoleColours(NamedTuple):
    """How one role looks; colours are `#rrggbb`."""

    fg: str
    bg: str | None = None
    """None: the background that it stands on."""
    bold: bool = False
    italic: bool = False


class ThemeFile(NamedTuple):
    """One theme, as its file says."""

    name: str
    title: str
    dark: bool
    surface: Mapping[str, str]
    roles: Mapping[Role, RoleColours]

    def textual(self) -> Theme:
        """Return what Textual's own widgets (inputs, the palette) are coloured from."""
        from textual.theme import Theme  # noqa: PLC0415 - tests and commands read themes without Textual

        fg = {role: colours.fg for role, colours in self.roles.items()}
        return Theme(
            name=self.name,
            primary=fg[Role.ACCENT],
            secondary=fg[Role.CHART],
            accent=fg[Role.ACCENT],
            success=fg[Role.OK],
            warning=fg[Role.DEGRADED],
            error=fg[Role.CRITICAL],
            foreground=fg[Role.TEXT],
            background=self.surface["background"],
            surface=self.surface["panel"],
            panel=self.surface["panel"],
            dark=self.dark,
            variables={
                "muted": fg[Role.MUTED],
                "block-cursor-background": self.surface["cursor"],
                "block-cursor-foreground": fg[Role.STRONG],
                "scrollbar": self.surface["cursor"],
                "scrollbar-hover": self.surface["cursor"],
                "scrollbar-active": fg[Role.MUTED],
                "scrollbar-background": self.surface["background"],
                "scrollbar-background-hover": self.surface["background"],
                "scrollbar-background-active": self.surface["background"],
                "scrollbar-corner-color": self.surface["background"],
            },
        )


def theme_folder() -> Path:
    """Return where the themes are: inside the installed package, or beside it in a checkout."""
    inside = _PACKAGE / "themes"
    return inside if inside.is_dir() else _PACKAGE.parent / "themes"


def theme_names(folder: Path | None = None) -> tuple[str, ...]:
    """Return the names of the themes that there are, sorted."""
    return tuple(sorted(path.stem for path in (folder or theme_folder()).glob("*.toml")))


def load_theme(name: str, folder: Path | None = None) -> ThemeFile:
    """Read one theme.

    Raises:
        ConfigurationError: there is none of that name, or its file is not a theme.
    """
    folder = folder or theme_folder()
    known = theme_names(folder)
    if name not in known:
        raise ConfigurationError(f'there is no theme "{name}": use one of {", ".join(known) or "none"}')
    try:
        data = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f'the theme "{name}" cannot be read: {error}') from error
    try:
        return _parse(name, data)
    except ValueError as error:
        raise ConfigurationError(f'the theme "{name}" is not complete: {error}') from error


def _parse(name: str, data: Mapping[str, object]) -> ThemeFile:
    unknown = set(data) - {"title", "dark", "surface", "roles"}
    if unknown:
        raise ValueError(f"{sorted(unknown)[0]} is not a key of a theme")
    title, dark = data.get("title", name), data.get("dark", True)
    if not isinstance(title, str) or not isinstance(dark, bool):
        raise ValueError("expected title as text and dark as true or false")
    surface = _table(data, "surface", SURFACES)
    roles = _table(data, "roles", tuple(Role))
    return ThemeFile(
        name,
        title,
        dark,
        {key: _colour(value, f"surface.{key}") for key, value in surface.items()},
        {Role(key): _role(value, f"roles.{key}") for key, value in roles.items()},
    )


def _table(data: Mapping[str, object], key: str, names: tuple[str, ...]) -> dict[str, object]:
    """Return a table that has exactly the keys `names`."""
    table = data.get(key)
    if not isinstance(table, dict):
        raise ValueError(f"expected a table [{key}]")
    wrong = sorted(set(table) ^ set(names))
    if wrong:
        raise ValueError(f"{key}.{wrong[0]} is {'unknown' if wrong[0] in table else 'missing'}")
    return table


def _colour(value: object, where: str) -> str:
    if not isinstance(value, str) or not _COLOUR.fullmatch(value):
        raise ValueError(f"expected {where} as a colour such as #10151f")
    return value


def _role(value: object, where: str) -> RoleColours:
    if not isinstance(value, dict) or set(value) - {"fg", "bg", "bold", "italic"} or "fg" not in value:
        raise ValueError(f"expected {where} with fg and, where wanted, bg, bold and italic")
    bold, italic = value.get("bold", False), value.get("italic", False)
    if not isinstance(bold, bool) or not isinstance(italic, bool):
        raise ValueError(f"expected bold and italic of {where} as true or false")
    bg = _colour(value["bg"], f"{where}.bg") if "bg" in value else None
    return RoleColours(_colour(value["fg"], f"{where}.fg"), bg, bold, italic)
