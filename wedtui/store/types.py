"""Column types that behave alike in every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Dialect
from sqlalchemy.types import TypeDecorator

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


class UtcMicroseconds(TypeDecorator[datetime]):
    """An aware instant, stored as whole microseconds since 1970 in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Turn an aware datetime into microseconds; a naive one is a mistake of ours."""
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Turn microseconds into an aware datetime in UTC."""
        return None if value is None else from_microseconds(value)
