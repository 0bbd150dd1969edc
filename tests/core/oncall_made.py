"""Rosters that tests of who is on call are about."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from wedtui.core.oncall.plan import OnCallPlan
from wedtui.core.oncall.roster import Contact, Layer, Roster, Shift

ADA = Contact("ada", ("pager", "chat"), "Europe/London")
GRACE = Contact("grace", ("chat",), "America/New_York")
MUTE = Contact("mute")


def utc(text: str) -> datetime:
    """Return an instant written as `2026-06-01 08:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def there(text: str, zone: str, fold: int = 0) -> datetime:
    """Return the instant at which a clock of a zone shows what is written."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def daily(zone: str, at: str, since: str = "2026-01-01", *participants: str) -> Roster:
    """Return a roster that is handed over each day."""
    layer = Layer(participants or ("ada", "grace"), zone, date.fromisoformat(since), time.fromisoformat(at), 1)
    return Roster("primary", (layer,))


def weekly() -> Roster:
    """Return a roster that is handed over on Mondays at nine in London, since 2026-06-01."""
    return Roster("primary", (Layer(("ada", "grace"), "Europe/London", date(2026, 6, 1), time(9)),))


def shift(contact: str, start: str, end: str) -> Shift:
    """Return a shift between two instants by UTC."""
    return Shift(contact, utc(start), utc(end))


def plan(*rosters: Roster, default: str = "") -> OnCallPlan:
    """Return a plan over rosters, with three contacts of which one has no channel."""
    return OnCallPlan((ADA, GRACE, MUTE), rosters, default=default, channels=("pager", "chat", "mail"))
