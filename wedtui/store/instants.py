"""Instants as stores keep them: whole microseconds since 1970 in UTC, which compare and sort in every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(at: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970 in UTC.

    Raises:
        ValueError: it is naive, which is a mistake of ours.
    """
    if at.tzinfo is None:
        raise ValueError(f"an instant without a zone cannot be stored: {at}")
    return (at - _EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """Return the aware instant, in UTC, that so many microseconds since 1970 stand for."""
    return _EPOCH + timedelta(0, 0, value)  # positional: thousands a reading
