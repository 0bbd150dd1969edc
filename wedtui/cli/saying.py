"""Printing lines for people: at a terminal a long one is broken between its words, elsewhere it stays one line."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from typing import TextIO

import typer

_COMMAND = re.compile(r"`wedtui [^`]*`")
_GLUE = "\N{NO-BREAK SPACE}"
_LEAST = 20
"""In a terminal that is narrower nothing is broken: there would be a word a line."""


def say(text: str, *, indent: str = "", err: bool = False) -> None:
    """Print lines.

    Args:
        text: one line, or several.
        indent: of what goes on below the first part of a line.
        err: on standard error.
    """
    from wedtui.cli.demo_words import typed_here

    columns = columns_of(sys.stderr if err else sys.stdout)
    # A command is as long as it is typed here, which in a demo is longer than it is stored.
    for line in str(typed_here(text)).split("\n"):
        for part in folded(line, columns, indent):
            typer.echo(part, err=err)


def columns_of(stream: TextIO | None) -> int | None:
    """Return how wide a terminal is; None where there is none, or none that says it."""
    if stream is None or not stream.isatty():
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return None


def folded(line: str, columns: int | None, indent: str = "") -> list[str]:
    """Return a line in parts that fit a width, broken between words; a word that is longer stays whole.

    So does a command, which is copied.
    """
    if columns is None or columns < _LEAST or len(line) <= columns:
        return [line]
    whole = _COMMAND.sub(lambda found: found[0].replace(" ", _GLUE), line)
    parts = textwrap.wrap(
        whole, columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, expand_tabs=False
    )
    return [part.replace(_GLUE, " ") for part in parts] or [line]
