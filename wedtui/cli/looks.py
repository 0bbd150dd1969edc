"""What the first paint needs to know of the configuration, read without checking the rest: that takes too long."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from wedtui.paths import find_configuration
from wedtui.tui.terminal.abilities import AUTO, Abilities, own_abilities

DEFAULT_THEME = "midnight"
_OVERRIDES = "WEDTUI_DASHBOARD__"


class Looks(NamedTuple):
    """What the first paint needs to know of the configuration."""

    theme: str
    theme_fixed: bool
    """Whether the environment names the theme: then it counts, whatever was chosen by key."""
    colours: str
    charset: str
    mouse: str


def looks_of(section: Mapping[str, object]) -> Looks:
    """Return how the dashboard is to look; what is not text counts as not said."""

    def said(key: str, default: str) -> str:
        value = section.get(key, default)
        return value if isinstance(value, str) else default

    fixed = bool(os.environ.get(f"{_OVERRIDES}THEME"))
    return Looks(said("theme", DEFAULT_THEME), fixed, said("colours", AUTO), said("charset", AUTO), said("mouse", AUTO))


def peek(config_path: Path | None) -> dict[str, object]:
    """Return `[dashboard]` as it stands, with the environment over it, without checking anything.

    Checking takes longer than the first paint may; what is wrong with the file is said a moment later.
    """
    file = find_configuration(config_path)
    try:
        section = tomllib.loads(file.read_text(encoding="utf-8")).get("dashboard", {}) if file else {}
    except (OSError, ValueError, RecursionError):
        section = {}
    found: dict[str, object] = dict(section) if isinstance(section, dict) else {}
    for variable, value in os.environ.items():
        key = variable.removeprefix(_OVERRIDES)
        if variable.startswith(_OVERRIDES) and "__" not in key and value:
            found[key.lower()] = value
    return found


def abilities_of(looks: Looks) -> Abilities:
    """Return what this terminal can show, as far as the configuration does not say otherwise."""
    return own_abilities().chosen(charset=looks.charset, colours=looks.colours)
