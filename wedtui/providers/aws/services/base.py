"""What every service has, and what their answers have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from wedtui.core.observation import Observation
from wedtui.core.resource import Reach
from wedtui.providers.aws.calls import Calls, Found
from wedtui.providers.aws.faults import CallError


class Scope(StrEnum):
    """Where a service is asked."""

    REGION = "each region"
    HOME = "the profile's region, for the whole account"
    PARTITION = "one region for everybody"
    CHOSEN = "the regions that the service names"


class Pace(StrEnum):
    """How often a service is asked."""

    STATUS = "status"
    INVENTORY = "inventory"
    METRICS = "metrics"
    COST = "cost"
    RESOURCE_COST = "resource cost"


class Service(ABC):
    """One service: what is asked, and what it means."""

    name: ClassVar[str]
    """As it is shown."""
    client: ClassVar[str]
    """The SDK's name."""
    scope: ClassVar[Scope]
    pace: ClassVar[Pace]
    chain: ClassVar[int] = 1
    """How many calls of a round depend on each other: what others wait for is read first."""

    @property
    def chosen(self) -> tuple[str | None, ...]:
        """The regions to ask where the scope is `CHOSEN`; None for the profile's."""
        return ()

    @abstractmethod
    async def read(self, calls: Calls) -> Found:
        """Ask one round in one region.

        Raises:
            CallError: nothing of use was answered.
        """

    def lost(self, provider: str, region: str, home: str | None, why: str, at: datetime) -> list[Observation]:
        """Return what else is to be recorded of a round that gave nothing."""
        return []


def tags_of(entry: Mapping[str, Any], key: str = "Tags") -> tuple[tuple[str, str], ...]:
    """Return the tags of an entry, sorted."""
    return tuple(sorted((str(t["Key"]), str(t.get("Value", ""))) for t in entry.get(key) or () if "Key" in t))


def instant(value: object) -> datetime | None:
    """Return an instant that the SDK parsed, in UTC; None for anything else."""
    if not isinstance(value, datetime):
        return None
    if value.tzinfo is UTC:
        return value
    # What comes as a number the SDK gives in the zone of the machine.
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def newest(*instants: datetime | None) -> datetime | None:
    """Return the latest of several instants."""
    return max((i for i in instants if i is not None), default=None)


def text(entry: Mapping[str, Any], key: str) -> str:
    """Return a value without which an entry cannot be told from others.

    Raises:
        CallError: it is not there.
    """
    value = entry.get(key)
    if not isinstance(value, str) or not value:
        raise CallError(Reach.GARBLED, f"an entry of a list has no {key}")
    return value


def in_batches(entries: Sequence[str], most: int) -> list[list[str]]:
    """Cut a list into pieces of at most so many."""
    return [list(entries[i : i + most]) for i in range(0, len(entries), most)]
