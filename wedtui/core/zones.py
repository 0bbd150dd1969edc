"""What a zone's name means on this machine, and how it is said in few cells."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ZONE_ERRORS = (ZoneInfoNotFoundError, ValueError, OSError)
"""What reading a zone raises: unknown, not a name at all, or a file that cannot be read."""


def is_readable(zone: str) -> bool:
    """Whether this machine knows a zone."""
    try:
        ZoneInfo(zone)
    except ZONE_ERRORS:
        return False
    return True


def local(at: datetime, zone: str) -> datetime:
    """Return an aware instant on the wall clock of a zone, held within what a datetime can say."""
    there = ZoneInfo(zone)
    try:
        return at.astimezone(there)
    except OverflowError:
        # Only the first and the last day of all time can be over there already, or not have begun.
        if at.astimezone(UTC).year > 1:
            return datetime.max.replace(tzinfo=there)
        return datetime.min.replace(tzinfo=there)


def place_of(zone: str) -> str:
    """Return the place that a zone is called by: `London`, `Buenos Aires`."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def zone_names(zones: Collection[str], room: int) -> dict[str, str]:
    """Return how zones are called in one list: all by name, or by place where one has no room."""
    fits = all(len(zone) <= room for zone in zones)
    return {zone: zone if fits else place_of(zone) for zone in zones}
