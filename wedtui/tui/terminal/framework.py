"""The only place that reaches into Textual's private parts, and says whether they are still what it takes them for.

What is used: the two kinds of update that the compositor makes and their fields, the method that writes one to the
terminal, the one that asks for a shape of the mouse pointer, the parser of keys and its hook for one sequence, the
way of the command palette to its list and to what was chosen there, and what finds the binding of a key.
`trouble` is asked at start; where it has something to say, the stock driver and the stock drawing are used, and the
dashboard works as any Textual program does.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from rich.segment import Segment
from textual import events
from textual.app import App
from textual.command import CommandPalette
from textual.keys import Keys
from textual.message import Message
from textual.messages import InBandWindowResize, TerminalSupportsSynchronizedOutput

from wedtui.tui.terminal.device import STATUS_ANSWER

if TYPE_CHECKING:
    from textual.widgets import Button, Input

try:
    from textual._compositor import ChopsUpdate, LayoutUpdate
    from textual._xterm_parser import XTermParser

    _missing: str | None = None
except ImportError as error:
    # They have moved: everything here is told by `trouble` that it is not to be used.
    _missing = str(error)
    ChopsUpdate = LayoutUpdate = type("Gone", (), {})  # type: ignore[misc,assignment]
    XTermParser = type("XTermParser", (), {})  # type: ignore[misc,assignment]

__all__ = [
    "PARTS",
    "InBandWindowResize",
    "KeyParser",
    "PatientPalette",
    "TerminalSupportsSynchronizedOutput",
    "do_what_is_bound",
    "fail",
    "pieces",
    "running",
    "trouble",
]

PARTS: tuple[tuple[type, str, tuple[str, ...]], ...] = (
    (LayoutUpdate, "__init__", ("self", "strips", "region")),
    (ChopsUpdate, "__init__", ("self", "chops", "spans", "chop_ends")),
    (App, "_check_bindings", ("self", "key", "priority")),
    (App, "_display", ("self", "screen", "renderable")),
    (App, "_fatal_error", ("self",)),
    (App, "_handle_exception", ("self", "error")),
    (App, "_set_pointer_shape", ("self", "shape")),
    (CommandPalette, "_action_command_list", ("self", "action")),
    (CommandPalette, "_select_or_command", ("self", "event")),
    (XTermParser, "_sequence_to_key_events", ("self", "sequence", "alt")),
    (XTermParser, "parse_mouse_code", ("self", "code")),
    (XTermParser, "feed", ("self", "data")),
    (XTermParser, "tick", ("self",)),
)
"""Owner, method, and the names of its parameters."""


def trouble() -> str | None:
    """Say what is not as expected in this version of Textual; None where everything is."""
    if _missing is not None:
        return _missing
    for owner, name, expected in PARTS:
        part = getattr(owner, name, None)
        if part is None:
            return f"{owner.__name__} has no {name}"
        found = tuple(inspect.signature(part).parameters)
        if found != expected:
            return f"{owner.__name__}.{name} takes {', '.join(found)} instead of {', '.join(expected)}"
    return None


class KeyParser(XTermParser):
    """Turns what a terminal sends into messages; the terminal's answers about its status are not keys."""

    def __init__(self, answered: Callable[[], None]) -> None:
        self._answered = answered
        super().__init__()

    @property
    def waits(self) -> bool:
        """Whether it holds the beginning of a sequence, which only time can tell from an Escape."""
        return self._timeout_time is not None

    def parse_mouse_code(self, code: str) -> Message | None:
        """Read a report of the mouse in cells, the only ones that are asked for.

        A stray report of the window's size would have them read as pixels, and divided by its size in pixels, which
        may be 0.
        """
        self.mouse_pixels = False
        return super().parse_mouse_code(code)

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        if sequence == STATUS_ANSWER:
            self._answered()
            return [events.Key(Keys.Ignore, sequence)]
        return super()._sequence_to_key_events(sequence, alt=alt)


class PatientPalette(CommandPalette):
    """Textual's palette, which falls over a key that comes before its list was laid out, and runs a command twice."""

    chosen = False
    """Whether a command was chosen: of two keys that came at once, the second chooses no other."""

    def _select_or_command(self, event: Input.Submitted | Button.Pressed | None = None) -> None:
        """Choose what is selected, once."""
        if not self.chosen:
            super()._select_or_command(event)

    def _action_command_list(self, action: str) -> None:
        """Move within the list."""
        try:
            super()._action_command_list(action)
        except KeyError:
            return  # it has no lines yet, so there is nowhere to move to


async def do_what_is_bound(app: App[Any], key: str) -> None:
    """Do what a key is bound to where the focus is, without showing it to any widget before."""
    if not await app._check_bindings(key, priority=True):
        await app._check_bindings(key)


def running(app: App[Any]) -> bool:
    """Whether the app wants an update to be drawn now: it is not being started, ended, or in the middle of a batch."""
    return app._running and not app._closed and not app._batch_count and not app.is_headless


def pieces(update: object) -> Iterator[tuple[int, int, Iterable[Segment]]] | None:
    """Return what an update of the compositor draws: column, line, segments; None for any other renderable."""
    if isinstance(update, LayoutUpdate):
        return _layout(update)
    if isinstance(update, ChopsUpdate):
        return _chops(update)
    return None


def _layout(update: LayoutUpdate) -> Iterator[tuple[int, int, Iterable[Segment]]]:
    left = update.region.x
    for y, strips in enumerate(update.strips, update.region.y):
        x = left
        for strip in strips:
            yield x, y, strip
            x += strip.cell_length


def _chops(update: ChopsUpdate) -> Iterator[tuple[int, int, Iterable[Segment]]]:
    for y, first, last in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x <= last and end > first:
                # A piece is drawn whole: the front buffer finds out what of it is new.
                yield x, y, strip


def fail(app: App[Any], error: Exception) -> None:
    """End the app with a mistake of ours, as if one of its own handlers had met it."""
    app._handle_exception(error)
