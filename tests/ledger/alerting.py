"""A ledger in which something fires."""

from __future__ import annotations

import uuid
from contextlib import closing
from datetime import datetime

from wedtui.core.alerts.memory import AlertState, Episode, Memory, Phase, Reason
from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.track import labels_of
from wedtui.ledger.alerts import AlertKeeper, Known, Turn


def firing(url: str, at: datetime, holder: str = "one") -> str:
    """Have a round find that a probe is down; return the key of the episode."""
    key = f"alert/down/{uuid.uuid4().hex[:24]}"
    labels = labels_of({"provider": "aws", "probe": key})
    memory = Memory(Phase.FIRING, at, episode=Episode(key, at, Severity.CRITICAL, Reason.CONDITION))

    def work(known: Known) -> Turn:
        memories = {**known.state.memories}
        memories["down"] = {**memories.get("down", {}), labels: memory}
        return Turn(AlertState(at, memories), known.telling)

    with closing(AlertKeeper(url, holder, clock=lambda _connection: at)) as keeper:
        assert keeper.turn(work) is not None
    return key
