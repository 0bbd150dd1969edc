"""A world in the test's own loop, whose time the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from wedtui.demo.scenario import SCENARIOS
from wedtui.demo.world import Addresses, World

BEGAN = datetime(2026, 6, 20, 12, 30, tzinfo=UTC)


@dataclass
class FakeClock:
    """A clock that stands still until the test moves it; `jump` moves the time of day alone."""

    elapsed: float = 0.0
    jump: timedelta = timedelta()

    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self.elapsed) + self.jump

    def monotonic(self) -> float:
        return 5000.0 + self.elapsed


@dataclass
class Running:
    """A world with its servers open, and a client for them."""

    world: World
    clock: FakeClock
    addresses: Addresses
    client: httpx.AsyncClient
    slept: list[float] = field(default_factory=list)
    """Every wait before an answer, in seconds; none of them was really waited."""

    async def at(self, seconds: float) -> None:
        """Move the world's time and let its ports and alerts follow."""
        self.clock.elapsed = seconds
        await self.world.step()

    async def probe(self, provider: str, page: str = "/healthz") -> httpx.Response:
        return await self.client.get(self.addresses.providers[provider] + page)

    async def query(self, text: str, **more: str) -> httpx.Response:
        return await self.client.get(f"{self.addresses.prometheus}/api/v1/query", params={"query": text, **more})

    async def value(self, text: str) -> str | None:
        """The value of the only series that a query selects, or None of none."""
        answer = (await self.query(text)).json()
        result = answer["data"]["result"]
        assert len(result) <= 1
        return str(result[0]["value"][1]) if result else None


@asynccontextmanager
async def running(scenario: str, *, patience: float = 30.0) -> AsyncIterator[Running]:
    """Open the world of a scenario, at its beginning."""
    clock = FakeClock()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    world = World(SCENARIOS[scenario], clock, sleep)
    try:
        addresses = await world.open()
        async with httpx.AsyncClient(timeout=httpx.Timeout(10.0, read=patience), trust_env=False) as client:
            yield Running(world, clock, addresses, client, slept)
    finally:
        await world.close()
