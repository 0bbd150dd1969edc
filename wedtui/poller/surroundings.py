"""What a service is put into: its stores, which one of several it is, and who is told how it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stores:
    """Where a service reads and writes."""

    cache_url: str
    ledger_url: str
    former_ledger: Path | None = None
    """Where a ledger may stand that was in use before."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which service of several it is."""

    vantage: str
    """From where it watches."""
    place: str
    """Its machine and state directory, whose lock it holds."""
    boot: str
    """Of its machine: changes whenever that starts."""
    digest: str
    """Of what it watches: readers can tell when theirs is another, and only services of one can share."""


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told how the service is; by default nobody."""

    ready: Callable[[], None] = lambda: None
    """Once, when readers can find this service in the cache."""
    alive: Callable[[], None] = lambda: None
    """Each time that it got round to a heartbeat, whether or not that could be stored."""
    stopping: Callable[[], None] = lambda: None
    """Once, when it begins to end."""


NOBODY = Told()
