"""How a cell is coloured, in the parameters that a terminal understands, and the shortest way from one to another."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rich.color import Color, ColorSystem
from rich.style import Style

from wedtui.tui.terminal.abilities import Depth

# Attribute, the parameter that switches it on, the one that switches it off (ECMA-48, 8.3.117).
_BOLD, _DIM, _ITALIC, _UNDERLINE, _BLINK, _REVERSE, _STRIKE = (1 << i for i in range(7))
_ON = {_BOLD: "1", _DIM: "2", _ITALIC: "3", _UNDERLINE: "4", _BLINK: "5", _REVERSE: "7", _STRIKE: "9"}
_OFF = {_BOLD: "22", _DIM: "22", _ITALIC: "23", _UNDERLINE: "24", _BLINK: "25", _REVERSE: "27", _STRIKE: "29"}
_MARKS_BLANKS = _UNDERLINE | _REVERSE | _STRIKE | _BLINK
# What a DEC VT100 knows; it cannot switch off one attribute alone either.
_VT100 = _BOLD | _UNDERLINE | _BLINK | _REVERSE
_SYSTEMS = {
    Depth.TRUE: ColorSystem.TRUECOLOR,
    Depth.INDEXED: ColorSystem.EIGHT_BIT,
    Depth.ANSI: ColorSystem.STANDARD,
}


class Pen(NamedTuple):
    """The colours and attributes of a cell."""

    foreground: str = "39"
    background: str = "49"
    attributes: int = 0

    @property
    def plain_ground(self) -> bool:
        """Whether an erased cell looks like a blank of this pen, on a terminal that erases with the background."""
        return not self.attributes & _MARKS_BLANKS


PLAIN = Pen()


@lru_cache(maxsize=4096)
def pen_of(style: Style | None, colours: Depth) -> Pen:
    """Return the pen of a style, in as many colours as the terminal has."""
    if style is None:
        return PLAIN
    bits = (
        _BOLD * bool(style.bold)
        | _DIM * bool(style.dim)
        | _ITALIC * bool(style.italic)
        | _UNDERLINE * bool(style.underline or style.underline2)
        | _BLINK * bool(style.blink or style.blink2)
        | _REVERSE * bool(style.reverse)
        | _STRIKE * bool(style.strike)
    )
    if colours is Depth.NONE:
        return Pen(attributes=bits & _VT100)
    return Pen(_parameters(style.color, colours, "39"), _parameters(style.bgcolor, colours, "49"), bits)


def _parameters(colour: Color | None, colours: Depth, default: str) -> str:
    if colour is None or colour.is_default:
        return default
    return ";".join(colour.downgrade(_SYSTEMS[colours]).get_ansi_codes(foreground=default == "39"))


@lru_cache(maxsize=4096)
def change(before: Pen | None, after: Pen) -> str:
    """Return the shortest sequence that turns one pen into another; from None, whatever it was before.

    A terminal without colours gets only what a VT100 knows: a reset, and attributes.
    """
    if before == after:
        return ""
    reset = "\x1b[" + ";".join(["0", *_from_plain(after)]) + "m" if after != PLAIN else "\x1b[m"
    if before is None or (after[:2] == PLAIN[:2] and before[:2] == PLAIN[:2]):
        return reset
    gone, come = before.attributes & ~after.attributes, after.attributes & ~before.attributes
    off = {_OFF[bit] for bit in _ON if gone & bit}
    # Bold and dim are switched off together, so the one that stays is switched on again.
    come |= after.attributes & (_BOLD | _DIM) if "22" in off else 0
    parts = [*sorted(off), *(_ON[bit] for bit in _ON if come & bit)]
    parts += [after.foreground] if after.foreground != before.foreground else []
    parts += [after.background] if after.background != before.background else []
    step = "\x1b[" + ";".join(parts) + "m"
    return step if len(step) <= len(reset) else reset


def _from_plain(pen: Pen) -> list[str]:
    parts = [_ON[bit] for bit in _ON if pen.attributes & bit]
    parts += [pen.foreground] if pen.foreground != PLAIN.foreground else []
    return parts + ([pen.background] if pen.background != PLAIN.background else [])
