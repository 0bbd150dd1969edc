"""The arguments of a command of the configuration, and the words in braces that stand for what was submitted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from wedtui.core.text import single_line

WORDS = ("version", "previous", "service", "environment", "release")
"""What `{version}` and the others in an argument stand for."""


def filled(word: str, values: Mapping[str, str]) -> str:
    """Return an argument with what was submitted in it; `values` has each of `WORDS`."""
    for name in WORDS:
        word = word.replace(f"{{{name}}}", values[name])
    return word


def arguments(words: Sequence[str]) -> tuple[str, ...]:
    """Return the arguments of a command, from the configuration.

    Raises:
        ValueError: it names no program, or a word in braces that stands for nothing.
    """
    if not words or not words[0].startswith("/"):
        raise ValueError("expected the arguments of a command, the first of them a program by its whole path")
    return tuple(worded(word) for word in words)


def worded(text: str, words: Collection[str] = WORDS) -> str:
    """Return a text of the configuration in which words in braces stand for what is submitted.

    Raises:
        ValueError: it has a word in braces that stands for nothing, or is none of `words`.
    """
    rest = filled(text, {name: "" if name in words else "{" for name in WORDS})
    if "{" in rest or "}" in rest or "\0" in text:
        raise ValueError(f'"{single_line(text, 60)}" has a word in braces that stands for nothing')
    return text
