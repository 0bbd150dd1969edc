"""What people were to be told and no service tells them: there is none that runs. Pure.

While one runs it says itself what waits for too long (`notify.running`): a channel may be slow. Where none runs nobody
is told anything, and that is so at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from wedtui.core.finding import Finding, Severity
from wedtui.core.services import SeenService, ServiceCondition, leading
from wedtui.core.wording import utc_words


class Unsent(NamedTuple):
    """What waits to be told."""

    waiting: int = 0
    """How many notifications."""
    oldest: datetime | None = None
    """When the oldest of them was written."""


_NOBODY = frozenset({ServiceCondition.STOPPED, ServiceCondition.DEAD, ServiceCondition.NEVER})


def unsent_words(unsent: Unsent, services: tuple[SeenService, ...]) -> str:
    """Say what waits while no service runs; nothing where one does, or where that is not known."""
    first = leading(services)
    if not unsent.waiting or (first is not None and first.condition not in _NOBODY):
        return ""
    since = "" if unsent.oldest is None else f" since {utc_words(unsent.oldest)}"
    waits = "1 notification waits" if unsent.waiting == 1 else f"{unsent.waiting:,} notifications wait, the oldest"
    return f"{waits}{since}, and NOBODY IS TOLD, because no service runs: `wedtui notify list` says what"


def unsent_findings(unsent: Unsent, services: tuple[SeenService, ...]) -> tuple[Finding, ...]:
    """Return the finding that people are not told what they were to be told."""
    words = unsent_words(unsent, services)
    return (Finding(Severity.CRITICAL, "notify", words, unsent.oldest),) if words else ()
