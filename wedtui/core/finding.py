"""One thing that is wrong, and how much it matters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wedtui.core.wording import age


class Severity(StrEnum):
    """How much a finding matters."""

    CRITICAL = "critical"
    UNKNOWN = "unknown"
    """Next to CRITICAL: not knowing hides anything up to an outage."""
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, in one sentence, with the instant of its evidence."""

    severity: Severity
    subject: str
    """What it is about: a provider, a probe, `service`, `cache`."""
    text: str
    measured_at: datetime | None = None
    """Of the evidence; where there never was any, of the attempt to get it; None: nobody has tried yet."""

    def age_words(self, now: datetime) -> str:
        """Return how old its evidence is: `12 s old`, `never measured`, `in the future`."""
        if self.measured_at is None:
            return "never measured"
        words = age(self.measured_at, now)
        return words if words == "in the future" else f"{words} old"
