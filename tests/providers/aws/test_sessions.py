"""What credentials that are dropped leave behind: no connection, no client."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.providers.aws.base import Asked, MovedClock, api, provider
from tests.providers.aws.strict_server import error, held, running, well
from tests.providers.aws.strict_world import World
from wedtui.core.resource import Reach
from wedtui.providers.aws.account import Account

ROUNDS, LEARNT = 12, 3
AT_BOTH_ENDS = 4
"""The connections of one session that was dropped."""
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
            used: list[int] = []
            for _ in range(ROUNDS):
                assert api(await asked["autoscaling"].observe()).reach is Reach.EXPIRED
                clock.move(timedelta(minutes=1))
                # The server's end of a connection is a descriptor of this process too, and is closed a moment later.
                for _ in range(3_000):
                    if len(used) < LEARNT or descriptors() - used[LEARNT - 1] <= AT_BOTH_ENDS:
                        break
                    await asyncio.sleep(0.01)
                used.append(descriptors())
            gc.collect()
            assert sum(ref() is not None for ref in made) <= 4, "two clients a session, and a session that is dropped"
            await asked.account.close()
            return used

        used = asyncio.run(ask())
    assert len(made) > ROUNDS // 2, "every other round had credentials of its own"
    # What tests before this one left open may still be closed in its first rounds.
    assert max(used[LEARNT - 1 :]) - used[LEARNT - 1] <= AT_BOTH_ENDS


def test_a_call_that_is_under_way_keeps_its_connection() -> None:
    """Others hear of the expiry first; what is being answered is answered."""
    begun, heard = threading.Event(), threading.Event()
    with running(World()) as server:
        server.fail("DescribeAutoScalingGroups", held(error("ExpiredToken", 403), begun))
        server.fail("GetCallerIdentity", None, held(well, heard))

        async def arrived(action: str, times: int) -> None:
            while server.counted()[action] < times:  # noqa: ASYNC110 (seen in the server's thread)
                await asyncio.sleep(0.01)

        async def ask() -> tuple[Reach, Reach]:
            clock = MovedClock()
            asked = Asked(provider(server.url), clock)
            await asked["sts"].observe()
            clock.move(timedelta(minutes=1))
            refused = asyncio.create_task(asked["autoscaling"].observe())
            await arrived("DescribeAutoScalingGroups", 1)
            good = asyncio.create_task(asked["sts"].observe())
            await arrived("GetCallerIdentity", 2)
            begun.set()
            expired = api(await refused).reach
            heard.set()
            found = expired, api(await good).reach
            await asked.account.close()
            return found

        assert asyncio.run(ask()) == (Reach.EXPIRED, Reach.ANSWERED)


def test_keys_that_are_renewed_in_their_file_are_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service runs for months; nobody restarts it because somebody rotated a key."""
    file = tmp_path / "credentials"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))

    def write(key: str) -> None:
        file.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = not-a-secret\n")

    world = World(keys=frozenset({"OLD"}))
    write("OLD")
    with running(world) as server:

        async def ask() -> list[tuple[Reach, str]]:
            clock = MovedClock()
            asked = Asked(provider(server.url), clock)

            async def once() -> tuple[Reach, str]:
                seen = api(await asked["autoscaling"].observe())
                clock.move(timedelta(minutes=1))
                return seen.reach, server.asked[-1].key

            found = [await once()]
            world.keys = frozenset({"NEW"})
            found += [await once(), await once()]
            write("NEW")
            found += [await once(), await once()]
            await asked.account.close()
            return found

        found = asyncio.run(ask())
    answered, refused = (Reach.ANSWERED, Reach.REJECTED)
    assert found[:3] == [(answered, "OLD"), (refused, "OLD"), (refused, "OLD")]
    assert found[-1] == (answered, "NEW")
