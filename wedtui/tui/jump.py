"""Jump mode's places: a digit for each pane and for what the first and the last line say in short."""

from __future__ import annotations

from wedtui.tui.spans import Line, Role, Span, crop, length

PLACES = ("providers", "metrics", "deployments", "emergency", "findings", "freeze", "weddings")
"""In the order of their digits, which begin at 1; no configuration changes these."""
DIGITS = {place: str(number) for number, place in enumerate(PLACES, 1)}
_PLACE_OF = {digit: place for place, digit in DIGITS.items()}


def place_of(key: str) -> str | None:
    """Return the place that a key jumps to; none for every key that means leaving."""
    return _PLACE_OF.get(key)


def jump_line(width: int) -> Line:
    """Return what stands in the last line while a digit is waited for, as much as there is room for."""
    line: list[Span] = []
    for place, digit in DIGITS.items():
        line += [(f" {digit}", Role.KEY), (f" {place} ", Role.TEXT)]
    if length(line) > width:
        line = [(text.removesuffix(" "), role) for text, role in line]
    rest: Line = ((" any other key leaves", Role.MUTED),)
    return crop((*line, *(rest if length((*line, *rest)) <= width else ())), width)
