"""Instants of answers are what the SDK's own reader makes of them, in whichever notation they come."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.utils import parse_timestamp

from wedtui.providers.aws.lean import read_instant


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-20T12:30:00.000Z",
        "2026-06-20T12:30:00Z",
        "2026-06-20T14:30:00.123456+02:00",
        "2026-06-20 12:30:00",
        "2026-06-20",
        "Sat, 20 Jun 2026 12:30:00 GMT",
        "1781958600",
        1781958600,
        1781958600.25,
    ],
)
def test_an_instant_is_the_one_that_the_sdk_reads(text: str | float) -> None:
    found = read_instant(text)
    theirs = parse_timestamp(text)  # type: ignore[arg-type] # it takes numbers too
    assert found == (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC))
    assert found.astimezone(UTC).date() == datetime(2026, 6, 20, tzinfo=UTC).date()


def test_what_is_no_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="Invalid timestamp"):
        read_instant("yesterday")
