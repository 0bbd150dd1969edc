"""Worlds for the wall's tests: providers in any state, and boards that something is wrong with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.pictures import FROZEN, NOW, OPEN, SERVICE, picture, probe, provider
from wedtui.core.evidence import ProviderEvidence
from wedtui.core.freeze import Verdict
from wedtui.core.picture import Picture, ServiceFacts
from wedtui.core.state import State
from wedtui.tui.board import Board

DEAD = replace(SERVICE, heartbeat_at=NOW - timedelta(minutes=4, seconds=12))
STOPPED = replace(SERVICE, stopped_at=NOW - timedelta(hours=2))
UNREADABLE = Verdict(frozen=True, at=NOW, reasons=("a feed",), unreadable=("a feed cannot be read: repair it",))


def in_state(name: str, state: State, weight: int = 10) -> ProviderEvidence:
    """Make a provider that is judged to be in a state."""
    match state:
        case State.OK:
            return provider(name, weight)
        case State.DEGRADED:
            return provider(name, weight, p95=1240, errors=0.021)
        case State.CRITICAL:
            return provider(name, weight, (probe(f"rsvp-{name}", "xxx................."),), p95=2400, errors=0.12)
        case State.UNKNOWN:
            return provider(name, weight, (probe(f"rsvp-{name}", age=95),), age=140)


def board_of(
    *states: State, freeze: Verdict = OPEN, service: ServiceFacts | None = SERVICE, names: tuple[str, ...] = ()
) -> Board:
    """Make a board with one provider in each of the states, named p00, p01 and so on."""
    named = names or tuple(f"p{i:02d}" for i in range(len(states)))
    providers = tuple(in_state(name, state) for name, state in zip(named, states, strict=True))
    return Board(NOW, picture(providers, freeze=freeze, service=service))


def known(board: Board) -> Picture:
    """Return the board's picture, which is there."""
    assert board.picture is not None
    return board.picture


__all__ = ["DEAD", "FROZEN", "NOW", "OPEN", "STOPPED", "UNREADABLE", "board_of", "in_state", "known"]
