"""How `wedtui doctor` says what it found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a check came out."""

    OK = "ok"
    NOTE = "note"
    """Neither well nor wrong: something that is not there, which nobody has to have."""
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    level: Level
    name: str
    text: str
    remedy: str = ""

    def line(self) -> str:
        """Return it as one line."""
        return f"{self.level.value:<7}  {self.name}: {self.text}{f' -> {self.remedy}' if self.remedy else ''}"
