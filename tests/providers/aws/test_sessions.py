"""What credentials that are dropped leave behind: no connection, no client."""

from __future__ import annotations

import asyncio
import gc
import weakref
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.providers.aws.base import Asked, MovedClock, api, provider
from tests.providers.aws.strict_server import error, running
from tests.providers.aws.strict_world import World
from wedtui.core.resource import Reach
from wedtui.providers.aws.account import Account

ROUNDS = 12
ROLE = "arn:aws:iam::123456789012:role/wedtui"


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("more", [{}, {"role_arn": ROLE}], ids=["own", "role"])
def test_credentials_that_expire_again_and_again_leave_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
) -> None:
    made: list[weakref.ref[object]] = []
    make = Account._make_client

    def noted(self: Account, *place: Any) -> Any:
        client = make(self, *place)
        made.append(weakref.ref(client))
        return client

    monkeypatch.setattr(Account, "_make_client", noted)
    with running(World()) as server:
        server.fail("DescribeAutoScalingGroups", error("ExpiredToken", 403))

        async def ask() -> list[int]:
            clock = MovedClock()
            asked = Asked(provider(server.url, **more), clock)
            used = []
            for _ in range(ROUNDS):
                assert api(await asked["autoscaling"].observe()).reach is Reach.EXPIRED
                clock.move(timedelta(minutes=1))
                await asyncio.sleep(0.02)  # the server's end of a connection is a descriptor of this process too
                used.append(descriptors())
            gc.collect()
            assert sum(ref() is not None for ref in made) <= 4, "two clients a session, and a session that is dropped"
            await asked.account.close()
            return used

        used = asyncio.run(ask())
    assert len(made) > ROUNDS // 2, "every other round had credentials of its own"
    assert max(used) - used[2] <= 4, "the connections of one session that was dropped, at both ends"


def test_a_call_that_is_under_way_keeps_its_connection() -> None:
    """Others hear of the expiry first; what is being answered is answered."""
    with running(World(), latency_s=0.3) as server:
        server.fail("DescribeAutoScalingGroups", error("ExpiredToken", 403))

        async def ask() -> tuple[Reach, Reach]:
            clock = MovedClock()
            asked = Asked(provider(server.url), clock)
            await asked["sts"].observe()
            clock.move(timedelta(minutes=1))
            refused = asyncio.create_task(asked["autoscaling"].observe())
            await asyncio.sleep(0.15)
            good = asyncio.create_task(asked["sts"].observe())
            found = api(await refused).reach, api(await good).reach
            await asked.account.close()
            return found

        assert asyncio.run(ask()) == (Reach.EXPIRED, Reach.ANSWERED)
