"""Durations, ages and lists as they are read aloud, and what of a text may leave for the terminal."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from wedtui.core.evidence import FUTURE_TOLERANCE
from wedtui.core.text import single_line
from wedtui.core.wording import counted
from wedtui.tui.values import reading

LONGEST_LINE = 2000
NAMES_SAID = 12
"""How many names one sentence holds; the rest is a number."""

_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
# What is beyond ASCII in the project's own texts, and the punctuation that people paste.
_ASCII = str.maketrans(
    {"–": "-", "—": "-", "…": "...", "·": ",", "→": "->", "›": ">", "×": "x", "‘": "'", "’": "'", "“": '"', "”": '"'}
)
# A number that stands alone, with the units of a duration behind it: what differs between two tellings of one fact.
_NUMBER = re.compile(r"(?<![\w.:/-])\d(?:[\d.]|,(?=\d))*(?: [dhms]\b)?(?: \d+ [dhms]\b)?(?![\w:/-])")


def spoken(span: timedelta) -> str:
    """Return a length of time in one or two whole words: `4 seconds`, `2 minutes 5 seconds`, `1 day 22 hours`."""
    left = int(abs(span.total_seconds()))
    for (unit, size), (smaller, part) in zip(_UNITS, (*_UNITS[1:], ("", 0)), strict=True):
        if left >= size and part:
            rest = left % size // part
            return counted(left // size, unit) + (f" {counted(rest, smaller)}" if rest else "")
    return counted(left, "second")


def old(measured_at: datetime | None, now: datetime) -> str:
    """Return how old a value is: `12 seconds old`, `never measured`, `dated in the future`."""
    if measured_at is None:
        return "never measured"
    if measured_at - now > FUTURE_TOLERANCE:
        return "dated in the future"
    return f"{spoken(max(now - measured_at, timedelta()))} old"


def ago(at: datetime | None, now: datetime) -> str:
    """Return how long ago an instant was: `12 seconds ago`, `never`, `in the future`."""
    if at is None:
        return "never"
    if at - now > FUTURE_TOLERANCE:
        return "in the future"
    return f"{spoken(max(now - at, timedelta()))} ago"


def clock_words(now: datetime) -> str:
    """Return an instant as `12:00:05 UTC`."""
    return f"{now.astimezone(UTC):%H:%M:%S} UTC"


def listed(names: Sequence[str], *, most: int = NAMES_SAID) -> str:
    """Return `a, b and c`; of more than `most` names the first, and how many more there are."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def value_words(signal: str, value: float | None) -> str:
    """Return a signal's value with its unit, or `no value`."""
    return "no value" if value is None or not math.isfinite(value) else reading(signal, value)


def sentence(text: str) -> str:
    """Return a text with one full stop at its end."""
    text = text.strip()
    return text if text.endswith((".", "?", "!")) else f"{text}."


def skeleton(text: str) -> str:
    """Return a text without its numbers, so that the same finding a second later is the same."""
    return _NUMBER.sub("#", text)


def printable(text: str, *, utf8: bool) -> str:
    """Return one line that a terminal of that encoding can show and that it obeys in nothing.

    Backticks become quotes, which a speech synthesiser does not spell out. Without UTF-8 accents are dropped and what
    has no likeness in ASCII becomes a question mark.
    """
    line = single_line(text, LONGEST_LINE).replace("`", '"')
    if utf8 or line.isascii():
        # A lone surrogate (undecodable input) cannot be encoded.
        return line.encode("utf-8", "replace").decode("utf-8")
    folded = unicodedata.normalize("NFKD", line.translate(_ASCII))
    return "".join(c for c in folded if not unicodedata.combining(c)).encode("ascii", "replace").decode("ascii")
