"""A release that waits for nothing, and others like it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from wedtui.core.deployments.release import Release, ReleaseState, Source, SourceKind

NOW = datetime(2026, 6, 3, 9, tzinfo=UTC)
"""A Wednesday."""
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
RSVP = Release(
    service="rsvp",
    environment="production",
    version="1.4.2",
    template="command",
    source=Source(SourceKind.PERSON, "ada"),
    submitted_by="ada",
    submitted_at=NOW,
    within=10 * MINUTE,
    soak=20 * MINUTE,
    state=ReleaseState.WAITING,
    id=1,
)


def release(number: int = 1, **other: Any) -> Release:
    """Return a release that is in line; numbers are given in the order of submission."""
    return replace(RSVP, id=number, submitted_at=NOW + number * timedelta(seconds=1), **other)
