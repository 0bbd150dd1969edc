"""How much is tried of what can be tried without end: what `make test` can afford, or what `make soak` asks for."""

from __future__ import annotations

import os

PROFILE = "WEDTUI_HYPOTHESIS"
KILLS = "WEDTUI_SOAK_KILLS"

SOAKING = os.environ.get(PROFILE) == "soak"


def kills(usual: int) -> int:
    """Return how often a real service is killed, on both systems together."""
    return int(os.environ.get(KILLS, "1000")) if SOAKING else usual
