"""A freeze that a manager overrides for one object, for a while: for what it counts, and for how long.

It ends by itself, and a lockdown that comes after it ends it. What may be overridden is whatever asks by its name here.
Source: DESIGN, "Freeze" ("one object, with a reason, the person, an expiry of at most 4 h").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from wedtui.core.text import single_line
from wedtui.core.wording import duration, listed

OVERRIDDEN_AT_MOST = timedelta(hours=4)
TRAFFIC = "traffic"
OBJECTS: Mapping[str, str] = MappingProxyType({TRAFFIC: "a failback"})
"""Object -> what a freeze then no longer stops; a further one is an entry here, and whoever asks for it."""
_RELEASE = re.compile(r"release/([1-9][0-9]{0,8})")
NAMES = listed((*OBJECTS, "release/ID"))
"""What an object can be, as a sentence says it."""


def release_of(name: str) -> int | None:
    """Return the number of the release that an object is; None where it is none."""
    found = _RELEASE.fullmatch(name)
    return None if found is None else int(found[1])


def object_words(name: str) -> str | None:
    """Return what a freeze no longer stops while it is overridden for an object; None where there is no such one."""
    number = release_of(name)
    return OBJECTS.get(name) if number is None else f"the start of release {number}"


@dataclass(frozen=True, slots=True)
class Override:
    """A freeze that does not count for one object over [at, expires_at)."""

    object: str
    person: str
    reason: str
    at: datetime
    expires_at: datetime
    """When it ends by itself, or was ended."""
    id: int = 0
    """Its number in the ledger, by which it is ended early; 0 where it is in none."""

    def holds(self, now: datetime) -> bool:
        """Whether it counts now: it has not expired, and was given for no longer than is allowed."""
        return self.at <= now < self.expires_at and self.expires_at - self.at <= OVERRIDDEN_AT_MOST


def override_of(overrides: Iterable[Override], name: str, now: datetime) -> Override | None:
    """Return the override that counts for an object now, of several the one that ends last; None: it is as frozen."""
    holding = [each for each in overrides if each.object == name and each.holds(now)]
    return max(holding, key=lambda each: each.expires_at, default=None)


def override_words(override: Override, now: datetime) -> str:
    """Say for what, by whom, until when and why: `traffic by mo until 14:02:00 UTC, 1 h 58 m more: why`."""
    until = f"{override.expires_at.astimezone(UTC):%H:%M:%S} UTC, {duration(override.expires_at - now)} more"
    return f"{override.object} by {override.person} until {until}: {single_line(override.reason)}"
