"""A seventh action, which this version does not have."""

from __future__ import annotations

from wedtui.core.emergency import Emergency, Target
from wedtui.core.roles import Permission

RESTART = Emergency(
    "restart",
    "H",
    "restart hosts",
    "Restart what is ill at a provider",
    Permission.RESTART,
    Target.PROVIDER,
    "whose?",
    "hosts restart",
    "no host restarts",
    rescue=True,
)
