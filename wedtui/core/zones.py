"""Whether a zone's name means anything on this machine."""

from __future__ import annotations

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
