"""A message as people read it, where a channel is read by people: its first word, and its details line by line."""

from __future__ import annotations

from collections.abc import Iterator

from wedtui.core.notify import Event, Message
from wedtui.core.text import single_line


def headline(message: Message) -> str:
    """Return what it says, behind the word that says how grave it is, that somebody has it, or that it is over."""
    words = {Event.TRIGGER: message.severity.value.upper(), Event.ACKNOWLEDGE: "TAKEN", Event.RESOLVE: "OVER"}
    return f"{words[message.event]}: {single_line(message.sentence, len(message.sentence) + 1)}"


def detail_lines(message: Message) -> Iterator[tuple[str, str]]:
    """Yield the details that say something, each on one line."""
    for name, value in message.details.items():
        if value is None:
            continue
        text = ("yes" if value else "no") if isinstance(value, bool) else f"{value}"
        yield single_line(name, 80), single_line(text, len(text) + 1)
