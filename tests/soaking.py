"""How much is tried of what can be tried without end: what `make test` can afford, or what `make soak` asks for."""

from __future__ import annotations

import math
import os
import sys
import threading

import pytest

PROFILE = "WEDTUI_HYPOTHESIS"
KILLS = "WEDTUI_SOAK_KILLS"
HANDS = "WEDTUI_SOAK_HANDS"

_TELLING = threading.Lock()

SOAKING = os.environ.get(PROFILE) == "soak"


def kills(usual: int) -> int:
    """Return how often a real service is killed, on both systems together."""
    return int(os.environ.get(KILLS, "1000")) if SOAKING else usual


def hands(usual: int) -> int:
    """Return how many random sequences of keys go through a pseudo-terminal."""
    return int(os.environ.get(HANDS, "10000")) if SOAKING else usual


def weeks(usual: int) -> int:
    """Return through how many weeks of alerts a service lives, each with other outages and deaths."""
    return 24 if SOAKING else usual


def parts(count: int, each: int) -> list[range]:
    """Share numbers out, evenly: a part is a test of its own, and processes take them one after another."""
    number = math.ceil(count / each)
    return [range(count * part // number, count * (part + 1) // number) for part in range(number)]


def tell(capsys: pytest.CaptureFixture[str], words: str) -> None:
    """Say how far a soak has come: it takes hours, and may be stopped before its end."""
    if SOAKING:
        with _TELLING, capsys.disabled():
            # What a process of several says on its standard output is heard by nobody.
            print(f"\n{words}", file=sys.stderr, flush=True)


def of_two(usual: int) -> int:
    """Return how often one of two services dies, and as often stands still: each time a lease has to run out."""
    return max(usual, kills(usual) // 10)


def away_s(usual: int) -> int:
    """Return for how long what a service needs goes away, in real time."""
    return 60 if SOAKING else usual
