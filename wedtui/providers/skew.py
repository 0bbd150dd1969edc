"""How far this machine's clock is from others': by the Date header of an HTTP answer (RFC 9110, 6.6.1)."""

from __future__ import annotations

from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

import httpx

from wedtui.clock import Clock

# The header has whole seconds; half of one is added to its middle, and the other half is what is left to doubt.
DATE_RESOLUTION = timedelta(seconds=1)


async def clock_skew(url: str, clock: Clock, *, within: timedelta, verify: str | bool = True) -> timedelta | None:
    """Ask a server for the time.

    Args:
        url: any page of it; what it answers does not matter.
        clock: ours.
        within: how long the asking may take.
        verify: a file of certificates to trust, or True for the system's.

    Returns:
        How far its clock is ahead of ours, give or take a second and half the round trip; None where the
        server does not answer, or says no time.
    """
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=within.total_seconds(), verify=verify) as client:
            asked = clock.now()
            async with client.stream("GET", url) as answer:
                answered = clock.now()
                header = answer.headers.get("date")
        theirs = parsedate_to_datetime(header or "")
    except (httpx.HTTPError, OSError, ValueError):
        return None
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    return theirs + DATE_RESOLUTION / 2 - (asked + (answered - asked) / 2)
