"""Who computes next: the longest chain first, nobody while he waits, and nobody for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from tests.providers.aws.base import Asked, MovedClock, api, provider
from tests.providers.aws.strict_server import late, running
from tests.providers.aws.strict_world import World
from wedtui.core.resource import Reach
from wedtui.providers.aws import turns as turns_module
from wedtui.providers.aws.turns import Turns

LONG_S = 60.0


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody go on without a turn."""
    monkeypatch.setattr(turns_module, "PATIENCE_S", LONG_S)


class Threads:
    """Threads of a test."""

    def __init__(self) -> None:
        self.started: list[threading.Thread] = []

    def start(self, work: Callable[[], object]) -> None:
        self.started.append(threading.Thread(target=work, daemon=True))
        self.started[-1].start()

    def join(self) -> None:
        for thread in self.started:
            thread.join(LONG_S)
            assert not thread.is_alive()


def holds(begun: threading.Event, go: threading.Event) -> None:
    """Have the turn until a test says so."""
    begun.set()
    assert go.wait(LONG_S)


def waiting(turns: Turns, count: int) -> None:
    """Wait until so many threads want the turn."""
    while len(turns._waiting) < count:
        threading.Event().wait(0.001)


@pytest.mark.usefixtures("patient")
def test_the_longest_chain_comes_first_and_of_one_length_who_came_first() -> None:
    turns, threads, order = Turns(), Threads(), list[str]()
    begun, go = threading.Event(), threading.Event()
    threads.start(lambda: turns.run(1, lambda: holds(begun, go)))
    assert begun.wait(LONG_S)
    for number, (name, chain) in enumerate([("a", 1), ("b", 3), ("c", 2), ("d", 3)], 1):
        threads.start(lambda name=name, chain=chain: turns.run(chain, lambda: order.append(name)))  # type: ignore[misc]
        waiting(turns, number)
    go.set()
    threads.join()
    assert order == ["b", "d", "c", "a"]


@pytest.mark.usefixtures("patient")
def test_whoever_waits_for_the_network_lets_others_compute_and_comes_back_after_them() -> None:
    turns, threads, order = Turns(), Threads(), list[str]()
    sent, answered, busy, go = (threading.Event() for _ in range(4))

    def asks() -> None:
        turns.away()
        sent.set()
        assert answered.wait(LONG_S)
        turns.back()
        order.append("asked")

    def computes() -> None:
        holds(busy, go)
        order.append("computed")

    threads.start(lambda: turns.run(3, asks))
    assert sent.wait(LONG_S)
    threads.start(lambda: turns.run(1, computes))
    assert busy.wait(LONG_S)
    answered.set()
    waiting(turns, 1)
    go.set()
    threads.join()
    assert order == ["computed", "asked"]


@pytest.mark.usefixtures("patient")
def test_work_that_fails_gives_its_turn_back() -> None:
    turns = Turns()

    def fails() -> None:
        raise LookupError("by a test")

    with pytest.raises(LookupError, match="by a test"):
        turns.run(1, fails)
    assert turns.run(1, lambda: "next") == "next"


def test_nobody_waits_for_ever_and_who_went_on_without_a_turn_takes_none_from_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns_module, "PATIENCE_S", 0.0)
    turns, threads = Turns(), Threads()
    begun, go = threading.Event(), threading.Event()
    threads.start(lambda: turns.run(1, lambda: holds(begun, go)))
    assert begun.wait(LONG_S)
    assert turns.run(3, lambda: "went on") == "went on"
    assert turns._taken
    assert not turns._waiting
    go.set()
    threads.join()
    assert not turns._taken


@pytest.mark.usefixtures("patient")
def test_a_call_that_hangs_holds_no_turn() -> None:
    async def ask(url: str, asked_for: Callable[[str], bool]) -> Reach:
        asked = Asked(provider(url, timeout="30s"), MovedClock())
        hanging = asyncio.create_task(asked["alarms"].observe())
        try:
            while not asked_for("DescribeAlarms"):  # noqa: ASYNC110 (seen in the server's thread)
                await asyncio.sleep(0.01)
            reach = api(await asked["autoscaling"].observe()).reach
            assert not hanging.done()
            return reach
        finally:
            hanging.cancel()
            await asked.account.close()

    with running(World()) as server:
        server.fail("DescribeAlarms", late(600.0))
        assert asyncio.run(ask(server.url, lambda action: server.counted()[action] > 0)) is Reach.ANSWERED
