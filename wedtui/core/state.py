"""The four states that anything wedtui watches can be in, their order, and their words."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class State(StrEnum):
    """What is known of a thing. No data, old data and unreadable data are UNKNOWN, never OK."""

    OK = "OK"
    DEGRADED = "DEGRADED"
    CRITICAL = "CRITICAL"
    UNKNOWN = "UNKNOWN"


# UNKNOWN stands above DEGRADED: not knowing hides anything up to an outage.
_BADNESS = {State.OK: 0, State.DEGRADED: 1, State.UNKNOWN: 2, State.CRITICAL: 3}

# The exit codes of the monitoring-plugins guidelines, so that any monitoring system can call `wedtui status`.
_EXIT_CODES = {State.OK: 0, State.DEGRADED: 1, State.CRITICAL: 2, State.UNKNOWN: 3}

# Shape differs as well as colour, so that a state can be read without any colour at all.
_GLYPHS = {State.OK: "●", State.DEGRADED: "▲", State.CRITICAL: "■", State.UNKNOWN: "?"}


def badness(state: State) -> int:
    """Return the rank of a state: 0 for OK up to 3 for CRITICAL."""
    return _BADNESS[state]


def worst(states: Iterable[State]) -> State:
    """Return the worst of several states; of none at all, UNKNOWN."""
    return max(states, key=badness, default=State.UNKNOWN)


def exit_code(state: State) -> int:
    """Return the monitoring-plugin exit code: 0 OK, 1 DEGRADED, 2 CRITICAL, 3 UNKNOWN."""
    return _EXIT_CODES[state]


def glyph(state: State) -> str:
    """Return the one-cell sign that stands beside the state's word."""
    return _GLYPHS[state]
