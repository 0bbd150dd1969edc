"""Series as promtool writes them: `0+10x5 _x3`.

a         a value, or `_` for a sample that is missing
a+bxn     a, then n further ones, each larger by b: n+1 samples; a-bxn: each smaller
axn       a, then n further ones that are the same: n+1 samples
_xn       n missing samples
"""

from __future__ import annotations

import math
import re

MOST_SAMPLES = 100_000
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+|inf|nan)"
_VALUE = re.compile(_NUMBER, re.IGNORECASE)
_RUN = re.compile(rf"({_NUMBER})(?:([+-])((?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?))?x(\d+)", re.IGNORECASE)
_MISSING = re.compile(r"_(?:x(\d+))?")


def parse_series(text: str) -> tuple[float | None, ...]:
    """Return the samples of a series, None where one is missing.

    Raises:
        ValueError: it is none; says which part, and what was expected.
    """
    found: list[float | None] = []
    for word in text.split():
        run = _samples(word, MOST_SAMPLES - len(found))
        if run is None:
            raise ValueError(f'expected at most {MOST_SAMPLES:,} samples, got more by "{word[:40]}"')
        found += run
    if not found:
        raise ValueError('expected samples such as "0x5 0.06x10 _x3"')
    return tuple(found)


def _samples(word: str, room: int) -> list[float | None] | None:
    """Return what one word stands for; None where that is more than there is room for."""
    if (missing := _MISSING.fullmatch(word)) is not None:
        count = _count(missing[1] or "1")
        return None if count > room else [None] * count
    if _VALUE.fullmatch(word) is not None:
        return [_value(word, word)] if room else None
    run = _RUN.fullmatch(word)
    if run is None:
        raise ValueError(
            'expected a value, "_" or a run such as "0+10x5", "0.06x10" or "_x3" (the notation of promtool), '
            f'got "{word[:40]}"'
        )
    first, sign, step, times = run.groups()
    count = _count(times)
    if count + 1 > room:
        return None
    begin = _value(first, word)
    each = (-1.0 if sign == "-" else 1.0) * _value(step or "0", word)
    return [begin + number * each for number in range(count + 1)]


def _value(text: str, word: str) -> float:
    value = float(text)
    if math.isinf(value) and "inf" not in text.lower():
        raise ValueError(f'expected a number that a float can hold, got "{word[:40]}"')
    return value


def _count(digits: str) -> int:
    # No text of digits may take long to be a number.
    return int(digits[:12])
