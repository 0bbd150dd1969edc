"""Whether text can be read on its ground: the rule of WCAG 2.1, at each depth of colours. Pure.

The ratio: https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio, success criterion 1.4.3 (AA, 4.5 to 1 for normal text).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rich.color import Color, ColorSystem

from wedtui.tui.theme import ANSI_NAMES, DEFAULT, RoleColours, ThemeFile

AA = 4.5
"""The least contrast of text of normal size."""

Rgb = tuple[int, int, int]


class Finding(NamedTuple):
    """A pair of colours that cannot be read well enough."""

    role: str
    ground: str
    """`background`, `panel`, `cursor`, or `its own bg`."""
    ratio: float
    where: str
    """With which colours: `16 million colours`, `256 colours`, or whose 16."""


def luminance(colour: Rgb) -> float:
    """Return the relative luminance of an sRGB colour, 0..1 (WCAG 2.1, relative luminance)."""
    red, green, blue = (linear(channel) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(channel: int) -> float:
    """Return the linear share of light, 0..1, of a channel 0..255 (IEC 61966-2-1)."""
    share = channel / 255
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)


def ratio(one: Rgb, other: Rgb) -> float:
    """Return the contrast of two colours, 1..21; their order does not matter."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def rgb(colour: str) -> Rgb:
    """Return the channels of `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def reduced(colour: str) -> Rgb:
    """Return what a terminal of 256 colours shows for `#rrggbb`, by the reduction that is used for drawing."""
    red, green, blue = Color.parse(colour).downgrade(ColorSystem.EIGHT_BIT).get_truecolor()
    return red, green, blue


def failures(theme: ThemeFile, least: float = AA) -> Iterator[Finding]:
    """Yield every pair of a role's text and a ground that it may stand on whose contrast is less than `least`.

    A theme of `#rrggbb` is judged as it is and reduced to 256 colours; one that keeps the terminal's own palette on
    the defaults of xterm and of the Linux console.
    """
    if theme.ansi:
        for where, palette in _SIXTEEN.items():
            yield from _failures(theme, where, _with_default(palette, dark=theme.dark), least)
        return
    colours = {*theme.surface.values(), *(c for r in theme.roles.values() for c in (r.fg, r.bg) if c)}
    yield from _failures(theme, "16 million colours", {c: rgb(c) for c in colours}, least)
    yield from _failures(theme, "256 colours", {c: reduced(c) for c in colours}, least)


def _failures(theme: ThemeFile, where: str, seen: Mapping[str, Rgb], least: float) -> Iterator[Finding]:
    for role, colours in theme.roles.items():
        for ground, colour in grounds(theme, colours):
            below = seen[_GROUND if colour == DEFAULT else colour]
            worst = min(ratio(seen[fg], below) for fg in _as_drawn(colours))
            if worst < least:
                yield Finding(role.value, ground, worst, where)


def grounds(theme: ThemeFile, colours: RoleColours) -> list[tuple[str, str]]:
    """Return what a role's text may stand on, as (name, colour)."""
    return [("its own bg", colours.bg)] if colours.bg else list(theme.surface.items())


def _as_drawn(colours: RoleColours) -> list[str]:
    """Return the colours that the text may have: many terminals show bold red as bright red, and so on."""
    return [colours.fg, f"bright-{colours.fg}"] if colours.bold and colours.fg in ANSI_NAMES else [colours.fg]


def _sixteen(*colours: str) -> dict[str, Rgb]:
    return dict(zip((*ANSI_NAMES, *(f"bright-{name}" for name in ANSI_NAMES)), map(rgb, colours), strict=True))


def _with_default(palette: Mapping[str, Rgb], *, dark: bool) -> dict[str, Rgb]:
    """Add what `default` is, as text and as a ground. A light terminal is black on white."""
    text, ground = (palette["white"], palette["black"]) if dark else ((0, 0, 0), (255, 255, 255))
    return {**palette, DEFAULT: text, _GROUND: ground}


_GROUND = "the ground of the terminal"

_SIXTEEN = {
    # XTerm-col.ad and main.h of xterm.
    "the 16 colours of xterm": _sixteen(
        *("#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5"),
        *("#7f7f7f", "#ff0000", "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff"),
    ),
    # drivers/tty/vt/vt.c of Linux: default_red, default_grn, default_blu.
    "the 16 colours of the Linux console": _sixteen(
        *("#000000", "#aa0000", "#00aa00", "#aa5500", "#0000aa", "#aa00aa", "#00aaaa", "#aaaaaa"),
        *("#555555", "#ff5555", "#55ff55", "#ffff55", "#5555ff", "#ff55ff", "#55ffff", "#ffffff"),
    ),
}
