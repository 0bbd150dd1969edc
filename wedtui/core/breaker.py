"""A circuit breaker: when to leave one service of one provider in one region alone, and when to try it again.

It opens after a few failed rounds in a row, so that a service that is down is not asked over and over; after a
while one round is let through (half-open). If that succeeds it closes; if not, it stays open for twice as long.
A service that answers, whatever it says, has not failed: a refusal opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from wedtui.core.resource import Reach


class Phase(StrEnum):
    """Whether a service may be asked."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class Rules:
    """When a breaker opens and for how long."""

    failures: int = 3
    """Failed rounds in a row."""
    first: timedelta = timedelta(seconds=30)
    """How long it stays open the first time."""
    most: timedelta = timedelta(minutes=5)
    """How long it stays open at most; each failed trial doubles the time up to here."""

    def span(self, openings: int) -> timedelta:
        """Return how long opening number 1, 2, .. lasts."""
        # The exponent is bounded: after a year of failures the power would no longer fit a length of time.
        return min(self.most, self.first * (1 << min(openings - 1, 20)))


RULES = Rules()


@dataclass(frozen=True, slots=True)
class Breaker:
    """What is remembered of one service; the default is closed."""

    failures: int = 0
    """Failed rounds in a row."""
    openings: int = 0
    """How often it opened since it was last closed."""
    open_until: datetime | None = None


CLOSED = Breaker()

_FAILED = frozenset({Reach.UNREACHABLE, Reach.GARBLED, Reach.THROTTLED})
# Neither good nor bad news of the service: it was not asked, or the account does not have it.
_SAYS_NOTHING = frozenset({Reach.HELD, Reach.SWITCHED_OFF, Reach.NOT_ON_PLAN, Reach.NOT_ENABLED})


def phase(breaker: Breaker, now: datetime, rules: Rules = RULES) -> Phase:
    """Say whether the service may be asked at an instant.

    An end further away than the longest time belongs to a clock that jumped back; it is not waited for.
    """
    if breaker.open_until is None:
        return Phase.CLOSED
    left = breaker.open_until - now
    return Phase.OPEN if timedelta() < left <= rules.most else Phase.HALF_OPEN


def trying(breaker: Breaker, now: datetime, rules: Rules = RULES) -> Breaker:
    """Return the breaker once a round has been let through: half-open, it holds back all others meanwhile.

    A trial that is lost (its process was stopped) frees the way by itself.
    """
    if phase(breaker, now, rules) is not Phase.HALF_OPEN:
        return breaker
    return Breaker(breaker.failures, breaker.openings, now + rules.first)


def after(breaker: Breaker, reach: Reach, now: datetime, rules: Rules = RULES) -> Breaker:
    """Return the breaker after a round that ended at `now`."""
    if reach in _SAYS_NOTHING:
        return breaker
    if reach not in _FAILED:
        return CLOSED
    failures = breaker.failures + 1
    if failures < rules.failures:
        return Breaker(failures)
    openings = breaker.openings + 1
    return Breaker(failures, openings, now + rules.span(openings))
