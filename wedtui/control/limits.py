"""How often and how much one user may ask, so that nobody keeps others from being heard."""

from __future__ import annotations

import math
from collections import Counter
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
        self._inside: Counter[int] = Counter()

    def enter(self, uid: int) -> bool:
        """Let a connection of a user in; return whether there was room."""
        if self._inside[uid] >= self._of_one or self._inside.total() >= self._of_all:
            return False
        self._inside[uid] += 1
        return True

    def leave(self, uid: int) -> None:
        """Note that a connection that was let in has ended."""
        self._inside[uid] -= 1
        if not self._inside[uid]:
            del self._inside[uid]
