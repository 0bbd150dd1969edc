"""How much is tried of what can be tried without end: what `make test` can afford, or what `make soak` asks for."""

from __future__ import annotations

import os

PROFILE = "WEDTUI_HYPOTHESIS"
KILLS = "WEDTUI_SOAK_KILLS"
HANDS = "WEDTUI_SOAK_HANDS"

SOAKING = os.environ.get(PROFILE) == "soak"


def kills(usual: int) -> int:
    """Return how often a real service is killed, on both systems together."""
    return int(os.environ.get(KILLS, "1000")) if SOAKING else usual


def hands(usual: int) -> int:
    """Return how many random sequences of keys go through a pseudo-terminal."""
    return int(os.environ.get(HANDS, "10000")) if SOAKING else usual


def of_two(usual: int) -> int:
    """Return how often one of two services dies, and as often stands still: each time a lease has to run out."""
    return max(usual, kills(usual) // 10)


def away_s(usual: int) -> int:
    """Return for how long what a service needs goes away, in real time."""
    return 60 if SOAKING else usual
