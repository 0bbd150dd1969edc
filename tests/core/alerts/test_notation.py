"""promtool's notation of series."""

from __future__ import annotations

import re

import pytest

from wedtui.core.alerts.notation import MOST_SAMPLES, parse_series


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1", (1,)),
        ("1 2 -3.5", (1, 2, -3.5)),
        ("0+10x5", (0, 10, 20, 30, 40, 50)),
        ("0+10x5 _x3", (0, 10, 20, 30, 40, 50, None, None, None)),
        ("10-2x2", (10, 8, 6)),
        ("-1-1x2", (-1, -2, -3)),
        ("-1+1x1", (-1, 0)),
        ("0.06x2", (0.06, 0.06, 0.06)),
        ("7x0", (7,)),
        ("_ 1 _x0", (None, 1)),
        ("1e3 .5x1", (1000, 0.5, 0.5)),
    ],
)
def test_what_is_written_is_read_as_promtool_reads_it(text: str, meant: tuple[float | None, ...]) -> None:
    assert parse_series(text) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", 'expected samples such as "0x5 0.06x10 _x3"'),
        ("1 two", 'got "two"'),
        ("1+x3", 'got "1+x3"'),
        ("stale", 'got "stale"'),
        ("1x", 'got "1x"'),
        ("1e999", "that a float can hold"),
        (f"1x{MOST_SAMPLES}", "expected at most 100,000 samples"),
        ("_x99999999999999999999999999", "expected at most 100,000 samples"),
        (f"1x{MOST_SAMPLES - 1} 2", "expected at most 100,000 samples"),
    ],
)
def test_what_is_refused_says_what_was_expected(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_series(text)
