"""How often and how much one user may ask, so that nobody keeps others from being heard."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

CONNECTIONS_OF_ONE = 16
CONNECTIONS = 128
"""Of all together: each takes a file descriptor of the service."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Limits:
    """Two buckets of requests a user, which fill again over a minute. Used by one thread.

    Dashboards look every second while something is wrong. What a person does then has room of its own, which no looking
    uses up; nor does what is done keep anybody from looking.
    """

    def __init__(self, requests_per_minute: int, actions_per_minute: int) -> None:
        self._most = {False: requests_per_minute, True: actions_per_minute}
        self._buckets: dict[tuple[int, bool], _Bucket] = {}

    def take(self, uid: int, now: float, *, acts: bool) -> int | None:
        """Take a request out of one of a user's buckets.

        Args:
            uid: whose.
            now: seconds that only grow.
            acts: whether it is to do something; else it only looks.

        Returns:
            None where there was one, else in how many whole seconds there will be.
        """
        bucket = self._filled((uid, acts), now)
        if bucket.left < 1:
            return math.ceil((1 - bucket.left) * 60 / self._most[acts])
        bucket.left -= 1
        return None

    def _filled(self, key: tuple[int, bool], now: float) -> _Bucket:
        most = self._most[key[1]]
        bucket = self._buckets.setdefault(key, _Bucket(float(most), now))
        bucket.left = min(float(most), bucket.left + (now - bucket.at) * most / 60)
        bucket.at = now
        return bucket


class Door:
    """Counts who is inside. Used by one thread."""

    def __init__(self, of_one: int = CONNECTIONS_OF_ONE, of_all: int = CONNECTIONS) -> None:
        self._of_one, self._of_all = of_one, of_all
        self._inside: Counter[Hashable] = Counter()

    def enter(self, who: Hashable) -> bool:
        """Let a connection of somebody in; return whether there was room."""
        if self._inside[who] >= self._of_one or self._inside.total() >= self._of_all:
            return False
        self._inside[who] += 1
        return True

    def leave(self, who: Hashable) -> None:
        """Note that a connection that was let in has ended."""
        self._inside[who] -= 1
        if not self._inside[who]:
            del self._inside[who]


FAILURES_PER_MINUTE = 30
"""Of one address; who tries more is not heard before some of them are so long ago."""
ADDRESSES = 4096
"""So many addresses are remembered, those that failed last."""


@dataclass(slots=True)
class _Failed:
    load: float = 0.0
    at: float = 0.0
    times: int = 0


class Failures:
    """Counts what was tried in vain from each address. Used by one thread."""

    def __init__(self, per_minute: int = FAILURES_PER_MINUTE, addresses: int = ADDRESSES) -> None:
        self._most, self._addresses = per_minute, addresses
        self._failed: OrderedDict[str, _Failed] = OrderedDict()

    def wait(self, address: str, now: float) -> int | None:
        """Return in how many whole seconds an address is heard again; None where it is now."""
        failed = self._failed.get(address)
        if failed is None:
            return None
        over = self._left(failed, now) + 1 - self._most
        return math.ceil(over * 60 / self._most) if over > 0 else None

    def add(self, address: str, now: float) -> int:
        """Count one more; return how often an address failed while it is remembered."""
        failed = self._failed.setdefault(address, _Failed(at=now))
        failed.load, failed.at = self._left(failed, now) + 1, now
        failed.times += 1
        self._failed.move_to_end(address)
        if len(self._failed) > self._addresses:
            self._failed.popitem(last=False)
        return failed.times

    def _left(self, failed: _Failed, now: float) -> float:
        return max(0.0, failed.load - (now - failed.at) * self._most / 60)
