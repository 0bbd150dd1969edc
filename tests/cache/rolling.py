"""Made-up samples, stored and rolled up."""

from __future__ import annotations

import itertools
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.cache.base import signal
from tests.places import PLACES
from wedtui.cache.kind import CACHE
from wedtui.cache.writer import CacheWriter

DAY = timedelta(days=1)
Samples = dict[datetime, float]


def roll_all(writer: CacheWriter, now: datetime) -> int:
    return next(n for n in itertools.count(1) if not writer.roll(now).more)


def rows(path: Path, statement: str) -> list[tuple[Any, ...]]:
    return PLACES.execute(path, CACHE, statement)


def walk(since: datetime, until: datetime, every: timedelta, seed: int = 1) -> Samples:
    """Make up values that are whole numbers: every sum of them is exact."""
    chance = random.Random(seed)
    return {since + n * every: float(chance.randint(-50, 1000)) for n in range((until - since) // every)}


def store(writer: CacheWriter, samples: Samples, name: str = "cpu") -> None:
    seen = [signal(at, value, name=name) for at, value in samples.items()]
    for start in range(0, len(seen), 2000):
        assert writer.record(seen[start : start + 2000]) == 0
