"""Jump mode's places: a digit for each pane and for what the first and the last line say in short."""

from __future__ import annotations

from textual.binding import Binding

from wedtui.tui.bindings import bind

# In the order of their digits, which begin at 1.
PLACES = {
    "providers": "Go to the provider table",
    "metrics": "Open the full-screen chart of the charted signal",
    "deployments": "Go to the deployment queue",
    "emergency": "Go to the emergency actions",
    "findings": "Open the list of findings",
    "freeze": "Open the freeze",
}
DIGITS = {place: str(number) for number, place in enumerate(PLACES, 1)}
_PLACE_OF = {digit: place for place, digit in DIGITS.items()}


def place_of(key: str) -> str | None:
    """Return the place that a key jumps to; none for every key that means leaving."""
    return _PLACE_OF.get(key)


def jump_hints() -> list[Binding]:
    """Return what stands below while a digit is waited for; these are no bindings that could be changed."""
    places = [bind(f"jump.{p}", DIGITS[p], "", p, tooltip) for p, tooltip in PLACES.items()]
    return [*places, bind("jump.leave", "escape", "", "leave", "Leave jump mode, as every other key does")]
