"""Colour themes: data files that give each role its colours, and the two shapes that the screen needs of them.

A colour is `#rrggbb`, or the name of one of the terminal's own sixteen, or `default` for what the terminal has itself.
One file holds colours of one sort: a palette that is half the user's own cannot be judged by anybody.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wedtui.core.text import single_line
from wedtui.errors import ConfigurationError
from wedtui.tui.spans import Role

if TYPE_CHECKING:
    from textual.theme import Theme

DEFAULT = "default"
ANSI_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
"""The first eight colours of a terminal, in their order; the other eight are `bright-` and the same name."""
SURFACES = ("background", "panel", "cursor")
_ANSI = frozenset({DEFAULT, *ANSI_NAMES, *(f"bright-{name}" for name in ANSI_NAMES)})
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_PACKAGE = Path(__file__).resolve().parents[1]
_EXPECTED_COLOUR = 'expected a colour such as "#10151f", "bright-red" or "default"'


class RoleColours(NamedTuple):
    """How one role looks; colours are as the file writes them."""

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

    @property
    def ansi(self) -> bool:
        """Whether it keeps the terminal's own palette."""
        return not self.surface["background"].startswith("#")

    def textual(self, name: str | None = None) -> Theme:
        """Return what Textual's own widgets (inputs, the palette) are coloured from.

        Args:
            name: what it is called among Textual's themes; by default as the file.
        """
        from textual.theme import Theme  # noqa: PLC0415 - tests and commands read themes without Textual

        fg = {role: _css(colours.fg) for role, colours in self.roles.items()}
        background, panel, cursor = (_css(self.surface[key]) for key in SURFACES)
        # Textual leaves these out of a theme that keeps the terminal's palette, or makes them half transparent.
        own = {"ansi-background": background, "ansi-foreground": fg[Role.TEXT], "text-disabled": fg[Role.MUTED]}
        own.update(dict.fromkeys(("surface", "panel", "panel-darken-1"), panel))
        return Theme(
            name=name or self.name,
            primary=fg[Role.ACCENT],
            secondary=fg[Role.CHART],
            accent=fg[Role.ACCENT],
            success=fg[Role.OK],
            warning=fg[Role.DEGRADED],
            error=fg[Role.CRITICAL],
            foreground=fg[Role.TEXT],
            background=background,
            surface=panel,
            panel=panel,
            dark=self.dark,
            ansi=self.ansi,
            variables={
                **(own if self.ansi else {}),
                "muted": fg[Role.MUTED],
                "block-cursor-background": cursor,
                "block-cursor-foreground": fg[Role.STRONG],
                "block-cursor-blurred-background": cursor,
                "block-cursor-blurred-foreground": fg[Role.STRONG],
                "border": fg[Role.ACCENT],
                "border-blurred": fg[Role.MUTED],
                "scrollbar": cursor,
                "scrollbar-hover": cursor,
                "scrollbar-active": fg[Role.MUTED],
                "scrollbar-background": background,
                "scrollbar-background-hover": background,
                "scrollbar-background-active": background,
                "scrollbar-corner-color": background,
            },
        )


def _css(colour: str) -> str:
    """Return a colour as Textual's style sheets write it."""
    return colour if colour.startswith("#") else f"ansi_{colour.replace('-', '_')}"


def theme_folder() -> Path:
    """Return where the shipped themes are: inside the installed package, or beside it in a checkout."""
    inside = _PACKAGE / "themes"
    return inside if inside.is_dir() else _PACKAGE.parent / "themes"


def theme_files(folders: Iterable[Path] = ()) -> dict[str, Path]:
    """Return the themes that there are, by name, in their order.

    Args:
        folders: where users keep theirs, the first that counts first. A shipped theme is never replaced: who reads
            `midnight` in a report of somebody else's must know what they saw.
    """
    found: dict[str, Path] = {}
    for folder in (theme_folder(), *folders):
        for path in sorted(folder.glob("*.toml")):
            if _NAME.fullmatch(path.stem):
                found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def theme_names(folders: Iterable[Path] = ()) -> tuple[str, ...]:
    """Return the names of the themes that there are, sorted."""
    return tuple(theme_files(folders))


def load_theme(name: str, folders: Sequence[Path] = ()) -> ThemeFile:
    """Read one theme.

    Args:
        name: its file's name without the ending.
        folders: where users keep theirs; not looked into where the name is that of a shipped one.

    Raises:
        ConfigurationError: there is none of that name, or its file is not a theme: a line for each thing that is wrong.
    """
    shipped = theme_folder() / f"{name}.toml"
    if _NAME.fullmatch(name) and shipped.is_file():
        return read_theme(shipped)
    files = theme_files(folders)
    if name not in files:
        raise ConfigurationError(f'there is no theme "{name}": use one of {", ".join(files) or "none"}')
    return read_theme(files[name])


def read_theme(path: Path) -> ThemeFile:
    """Read the theme of one file.

    Raises:
        ConfigurationError: it is none; a line for each thing that is wrong: file, key, what was expected.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror}): give yourself the right to") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: expected UTF-8 text: save the file as UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: expected TOML: {single_line(str(error))}") from None
    reading = _Reading([])
    theme = reading.theme(path.stem, data)
    if reading.problems:
        raise ConfigurationError("\n".join(f"{path}: {problem}" for problem in reading.problems))
    return theme


class _Reading(NamedTuple):
    """Reads a theme's data and notes what is wrong with it: `key: expected ...`."""

    problems: list[str]

    def theme(self, name: str, data: Mapping[str, object]) -> ThemeFile:
        """Return the theme; it is usable where nothing was noted."""
        for key in sorted(set(data) - {"title", "dark", "surface", "roles"}):
            self._note(key, "expected only title, dark, [surface] and [roles]")
        title, dark = data.get("title", name), data.get("dark", True)
        if not isinstance(title, str):
            self._note("title", "expected text")
        if not isinstance(dark, bool):
            self._note("dark", "expected true or false")
        surface = {key: self._colour(v, f"surface.{key}") for key, v in self._table(data, "surface", SURFACES).items()}
        roles = {Role(key): self._role(v, f"roles.{key}") for key, v in self._table(data, "roles", tuple(Role)).items()}
        theme = ThemeFile(name, str(title), bool(dark), surface, roles)
        if not self.problems:
            self._check_sort(theme)
        return theme

    def _note(self, key: str, text: str) -> None:
        self.problems.append(f"{single_line(key, 80)}: {text}")

    def _table(self, data: Mapping[str, object], key: str, names: tuple[str, ...]) -> dict[str, object]:
        """Return the known keys of a table that must have all of them and no others."""
        table = data.get(key)
        if not isinstance(table, dict):
            self._note(key, f"expected a table [{key}]")
            return {}
        for wrong in sorted(set(table) - set(names)):
            self._note(f"{key}.{wrong}", f"expected one of {', '.join(names)}")
        for missing in (n for n in names if n not in table):
            self._note(f"{key}.{missing}", "expected this key, which has no default")
        return {name: table[name] for name in names if name in table}

    def _colour(self, value: object, where: str) -> str:
        if isinstance(value, str) and (value in _ANSI or _COLOUR.fullmatch(value)):
            return value
        got = f'"{single_line(value, 40)}"' if isinstance(value, str) else "something else"
        self._note(where, f"{_EXPECTED_COLOUR}, got {got}")
        return DEFAULT

    def _role(self, value: object, where: str) -> RoleColours:
        if not isinstance(value, dict) or "fg" not in value:
            self._note(where, "expected a table with fg and, where wanted, bg, bold and italic")
            return RoleColours(DEFAULT)
        for key in sorted(set(value) - {"fg", "bg", "bold", "italic"}):
            self._note(f"{where}.{key}", "expected only fg, bg, bold and italic")
        for key in ("bold", "italic"):
            if not isinstance(value.get(key, False), bool):
                self._note(f"{where}.{key}", "expected true or false")
        bg = self._colour(value["bg"], f"{where}.bg") if "bg" in value else None
        fg = self._colour(value["fg"], f"{where}.fg")
        return RoleColours(fg, bg, value.get("bold") is True, value.get("italic") is True)

    def _check_sort(self, theme: ThemeFile) -> None:
        """Note every colour that is of another sort than the background."""
        written = [(f"surface.{key}", colour) for key, colour in theme.surface.items()]
        for role, colours in theme.roles.items():
            written += [(f"roles.{role}.fg", colours.fg)]
            written += [(f"roles.{role}.bg", colours.bg)] if colours.bg else []
        for where, colour in written:
            if colour.startswith("#") is theme.ansi:
                wanted = "the name of a colour" if theme.ansi else "#rrggbb"
                self._note(where, f"expected {wanted}, as surface.background has, got {colour}")
