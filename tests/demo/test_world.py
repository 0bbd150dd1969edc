"""The world as a process: it says where it is, and ends with its parent."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import icalendar
import pytest

from tests.demo.base import BEGAN, FakeClock, running
from wedtui.demo.scenario import SCENARIOS
from wedtui.demo.world import FEED_EVENT_NAME, PAGES_KEPT, Addresses, freeze_feed, run_world
from wedtui.errors import ServiceError

CHILD = """
import asyncio, sys
from wedtui.clock import SystemClock
from wedtui.demo.scenario import SCENARIOS
from wedtui.demo.world import announce, run_world
asyncio.run(run_world(SCENARIOS[sys.argv[1]], SystemClock(), announce))
"""


def test_the_feed_has_one_event_in_the_near_future() -> None:
    async def work() -> None:
        async with running("calm") as world:
            answer = await world.client.get(world.addresses.feed)
            assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
            calendar = icalendar.Calendar.from_ical(answer.text)
            events = list(calendar.walk("VEVENT"))
            assert [str(e["SUMMARY"]) for e in events] == [FEED_EVENT_NAME]
            assert events[0].decoded("DTSTART") == datetime(2026, 6, 20, 14, 0, tzinfo=UTC)
            assert events[0].decoded("DTEND") == datetime(2026, 6, 20, 18, 0, tzinfo=UTC)
            world.clock.elapsed = 3600 * 5
            assert (await world.client.get(world.addresses.feed)).text == answer.text
            other = world.addresses.feed.replace("freeze", "other")
            assert (await world.client.get(other)).status_code == 404
            assert (await world.client.put(world.addresses.feed)).status_code == 405

    asyncio.run(work())


def test_the_pager_takes_what_it_is_told_and_shows_the_newest() -> None:
    async def work() -> None:
        async with running("calm") as world:
            pager = world.addresses.pager
            for number in range(PAGES_KEPT + 1):
                assert (await world.client.post(pager, json={"notification": number})).status_code == 202
            told = (await world.client.get(pager)).json()
            assert [page["notification"] for page in told] == list(range(1, PAGES_KEPT + 1))
            assert (await world.client.post(pager, content=b"{")).status_code == 400
            assert (await world.client.delete(pager)).status_code == 405
            assert (await world.client.get(pager.replace("pages", "other"))).status_code == 404

    asyncio.run(work())


def test_the_feed_is_lines_as_the_standard_wants_them() -> None:
    lines = freeze_feed(BEGAN).split("\r\n")
    assert lines[-1] == ""
    assert all("\n" not in line and len(line.encode()) <= 75 for line in lines)


def test_addresses_survive_the_pipe() -> None:
    addresses = Addresses(
        {"aws": "http://127.0.0.1:1"},
        "http://127.0.0.1:2",
        "http://127.0.0.1:3/freeze.ics",
        "http://127.0.0.1:4/weddings",
        "http://127.0.0.1:5",
        "127.0.0.1:6",
        "http://127.0.0.1:7/pages",
        "http://127.0.0.1:8",
    )
    line = addresses.to_json()
    assert "\n" not in line
    assert Addresses.from_json(line) == addresses


@pytest.mark.parametrize(
    "line", ["", "{}", "[]", "null", "Traceback", '{"providers": 1, "prometheus": "", "feed": "", "weddings": ""}']
)
def test_a_line_without_addresses_is_an_error(line: str) -> None:
    with pytest.raises(ServiceError, match="did not say where its servers are"):
        Addresses.from_json(line)


def test_the_world_ends_with_its_leash() -> None:
    seen: list[Addresses] = []
    reading, writing = os.pipe()

    def ready(addresses: Addresses) -> None:
        seen.append(addresses)
        os.close(writing)

    with os.fdopen(reading) as leash:
        asyncio.run(asyncio.wait_for(run_world(SCENARIOS["calm"], FakeClock(), ready, leash=leash), 60))
    (addresses,) = seen
    with pytest.raises(httpx.ConnectError):
        httpx.get(addresses.prometheus, trust_env=False)


def test_a_world_without_a_parent_does_not_start() -> None:
    with open(os.devnull) as leash, pytest.raises(ServiceError, match="no parent to watch"):  # noqa: PTH123
        asyncio.run(run_world(SCENARIOS["calm"], FakeClock(), lambda _: None, leash=leash))


@contextmanager
def child(scenario: str) -> Iterator[tuple[subprocess.Popen[str], Addresses]]:
    """Run a world in a process of its own, as the demo does."""
    command = [sys.executable, "-c", CHILD, scenario]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, Addresses.from_json(process.stdout.readline())
        finally:
            process.kill()


def test_a_child_ends_when_its_parent_lets_go() -> None:
    with child("calm") as (process, addresses):
        answer = httpx.get(addresses.providers["gcp"] + "/healthz", trust_env=False)
        assert answer.json() == {"status": "ok", "provider": "gcp"}
        out, err = process.communicate(timeout=120)  # closes its standard input
        assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_child_ends_cleanly_at_a_signal(number: signal.Signals) -> None:
    with child("calm") as (process, addresses):
        # One that is being answered must not keep it.
        with httpx.stream("GET", addresses.providers["aws"] + "/rsvp", trust_env=False) as answer:
            assert answer.status_code == 200
            process.send_signal(number)
            assert process.wait(timeout=120) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_ports_follow_the_scenario_without_a_request() -> None:
    clock = FakeClock()
    reading, writing = os.pipe()
    refused: list[bool] = []

    async def work() -> None:
        found: asyncio.Future[Addresses] = asyncio.get_running_loop().create_future()
        with os.fdopen(reading) as leash:
            world = asyncio.create_task(run_world(SCENARIOS["dead-aws"], clock, found.set_result, leash=leash))
            addresses = await found
            clock.elapsed = timedelta(minutes=1).total_seconds()
            async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(10):
                while not refused:
                    try:
                        await client.get(addresses.providers["aws"])
                    except httpx.ConnectError:
                        refused.append(True)
                    except httpx.ReadError:
                        pass  # the port is still open, and resets
            os.close(writing)
            await world

    asyncio.run(work())
    assert refused == [True]
