"""How many colours Textual sends: as many as the terminal was found, or said, to have, whatever Textual would guess."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter, Monochrome, NoColor

from wedtui.tui.terminal.abilities import Abilities, Depth

_SYSTEMS: dict[Depth, Literal["truecolor", "256", "standard"]] = {
    Depth.TRUE: "truecolor",
    Depth.INDEXED: "256",
    Depth.ANSI: "standard",
    Depth.NONE: "standard",
}


def obey(app: App[Any], abilities: Abilities) -> None:
    """Have Textual reduce colours to what there are, by the same judgement as everything else here."""
    app.no_color = abilities.depth is Depth.NONE
    app.console = Console(
        color_system=_SYSTEMS[abilities.depth],
        file=app.console.file,
        markup=True,
        highlight=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
        force_terminal=True,
        safe_box=False,
        soft_wrap=False,
    )


def filters(stock: Sequence[LineFilter], abilities: Abilities, *, native: bool) -> list[LineFilter]:
    """Return what every line passes: Textual's own, but for what it does by itself where NO_COLOR is set (greys).

    Args:
        stock: Textual's own.
        abilities: the terminal's.
        native: whether the theme keeps the terminal's own palette.
    """
    kept = [f for f in stock if not isinstance(f, Monochrome | NoColor)]
    if abilities.depth is Depth.NONE:
        return [*kept, _COLOURLESS[abilities.italic]]
    return [*kept, _NATIVE] if native else kept


class Native(LineFilter):
    """The last gate of a theme that keeps the terminal's palette: a colour that somebody mixed becomes the default."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments in colours of the terminal only."""
        return [Segment(text, style and _native(style), control) for text, style, control in segments]


@lru_cache(1024)
def _native(style: Style) -> Style:
    mixed = [c is not None and not c.is_system_defined for c in (style.color, style.bgcolor)]
    if not any(mixed):
        return style
    return style + Style(color="default" if mixed[0] else None, bgcolor="default" if mixed[1] else None)


class Colourless(LineFilter):
    """Takes every colour away; a ground of its own becomes reverse, so that cursors and selections stay seen."""

    def __init__(self, *, italic: bool) -> None:
        super().__init__()
        self._italic = italic

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments without colours."""
        return [
            Segment(text, style and _plain(style, italic=self._italic), control) for text, style, control in segments
        ]


@lru_cache(1024)
def _plain(style: Style, *, italic: bool) -> Style:
    """Return a style without colours, without dimming, which few old terminals know, and without italics if so."""
    grounded = style.bgcolor is not None and not style.bgcolor.is_default
    slanted = None if italic or not style.italic else False
    return style.without_color + Style(
        reverse=True if grounded else None, dim=False if style.dim else None, italic=slanted
    )


# Always the same: what was drawn through one is not drawn anew.
_NATIVE = Native()
_COLOURLESS = {italic: Colourless(italic=italic) for italic in (False, True)}
