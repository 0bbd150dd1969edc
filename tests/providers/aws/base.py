"""Asking an account once, and what came of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.providers.aws.strict_server import StrictAws
from wedtui.cache.remembered import Remembered
from wedtui.clock import Clock
from wedtui.config import ProviderSection
from wedtui.core.observation import ApiObservation, Observation, SignalObservation, VendorObservation
from wedtui.core.resource import Resource
from wedtui.providers.aws.paid import Paying
from wedtui.providers.aws.targets import ServiceTarget, account_targets

AT = datetime(2026, 6, 20, 12, 0, 30, tzinfo=UTC)
CALL_S = 5.0
"""How long a call may take."""


class MovedClock:
    """A clock that a test moves; waiting is real."""

    def __init__(self) -> None:
        self._moved = timedelta()

    def move(self, step: timedelta) -> None:
        self._moved += step

    def now(self) -> datetime:
        return AT + self._moved

    def monotonic(self) -> float:
        return time.monotonic() + self._moved.total_seconds()


class PassingLoop(asyncio.SelectorEventLoop):
    """A loop in which a test lets time pass at once; else its time is real."""

    passed_s = 0.0

    def time(self) -> float:
        return super().time() + self.passed_s


async def _passing(stuck: Callable[[], bool]) -> None:
    """Once everything but what hangs has its answer, let more time pass than a call may take, and less than a round."""
    while not stuck():  # noqa: ASYNC110 (what holds is seen in the server's thread)
        await asyncio.sleep(0.01)
    loop = asyncio.get_running_loop()
    assert isinstance(loop, PassingLoop)
    loop.passed_s += CALL_S + 1.0


def provider(url: str, **more: Any) -> ProviderSection:
    table = {"endpoint_url": url, "regions": ["eu-west-1"], "timeout": f"{CALL_S:g}s", **more}
    return ProviderSection.model_validate({"name": "aws", "kind": "aws", "aws": table})


class Asked:
    """An account in use: its targets by service."""

    def __init__(
        self,
        section: ProviderSection,
        clock: Clock,
        remembered: Remembered | None = None,
        paying: Paying = Paying.DUE,
    ) -> None:
        targets, self.account = account_targets(section, clock, remembered, paying)
        self.targets = {target.key.rpartition(" ")[2]: target for target in targets}

    def __getitem__(self, service: str) -> ServiceTarget:
        return self.targets[service]


def rounds(
    server: StrictAws | str,
    service: str,
    count: int = 1,
    *,
    steps: Sequence[timedelta] = (),
    stuck: Callable[[], bool] | None = None,
    clock: MovedClock | None = None,
    **more: Any,
) -> list[tuple[Observation, ...]]:
    """Ask one service several times; between two askings the clock is moved by a step.

    Args:
        server: whom to ask, or where nobody is.
        service: what to ask for.
        count: how often.
        steps: how far the clock is moved between two askings.
        stuck: when this holds, only that is left which hangs: its time runs out, however slow the machine is.
        clock: one that the server moves too: what takes long takes no time.
        more: keys of the provider's section.
    """
    url = server if isinstance(server, str) else server.url

    async def ask() -> list[tuple[Observation, ...]]:
        moved = clock or MovedClock()
        asked = Asked(provider(url, **more), moved)
        found = []
        passing = asyncio.create_task(_passing(stuck)) if stuck else None
        try:
            for number in range(count):
                if number and steps:
                    moved.move(steps[number - 1])
                found.append(await asked[service].observe())
        finally:
            if passing:
                passing.cancel()
            await asked.account.close()
        return found

    with asyncio.Runner(loop_factory=PassingLoop) as runner:
        return runner.run(ask())


def once(server: StrictAws | str, service: str, **more: Any) -> ApiObservation:
    """Ask one service in one region once."""
    (found,) = rounds(server, service, **more)
    return api(found)


def api(found: Sequence[Observation]) -> ApiObservation:
    (one,) = (o for o in found if isinstance(o, ApiObservation))
    return one


def apis(found: Sequence[Observation]) -> list[ApiObservation]:
    return [o for o in found if isinstance(o, ApiObservation)]


def signals(found: Sequence[Observation]) -> dict[str, SignalObservation]:
    return {o.signal: o for o in found if isinstance(o, SignalObservation)}


def vendors(found: Sequence[Observation]) -> list[VendorObservation]:
    return [o for o in found if isinstance(o, VendorObservation)]


def by_name(observation: ApiObservation) -> dict[str, Resource]:
    return {resource.name: resource for resource in observation.resources}
