"""Whoever is on call hears once that the calendar of weddings is not known, and once that it is again."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.poller.service_process import eventually
from tests.poller.test_guarding import HOUR, LATER, MINUTE, WEDNESDAY, Hall
from wedtui.clock import SystemClock
from wedtui.config_file import load
from wedtui.core.notify import Answer, Verdict
from wedtui.core.observation import Claim
from wedtui.core.paging import CALENDAR
from wedtui.core.sharing import HOUSE
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.outbox import Outbox
from wedtui.ledger.outbox_reader import OutboxReader
from wedtui.paths import StatePaths
from wedtui.poller.calendar_page import CalendarPage
from wedtui.poller.service import Service
from wedtui.poller.surroundings import Identity, Stores, Told

CLAIM = Claim(HOUSE, 1)
ACCEPTED = Answer(Verdict.ACCEPTED)
LAST = timedelta(hours=23, minutes=59)


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path, WEDNESDAY)
    yield made
    made.guarding.close()
    made.writer.close(clean=False)


class OnCall:
    """Looks at a hall, as services do one after the other, and takes what there is to tell."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        self.begin()

    def begin(self) -> None:
        """Look with another service from now on."""
        self.page = CalendarPage(self.hall.ledger_url, self.hall.guarding, self.hall.clock)

    def look(self, after: timedelta, claim: Claim = CLAIM) -> None:
        self.hall.clock.at += after
        self.hall.guarding.read()
        self.page.look(claim)

    def told(self) -> list[str]:
        """Return the events that were written, oldest first; each is taken by its channel."""
        with closing(Outbox(self.hall.ledger_url)) as outbox, closing(OutboxReader(self.hall.ledger_url)) as reader:
            while attempts := outbox.take("sender", ["chat"]):
                for attempt in attempts:
                    outbox.conclude(attempt, ACCEPTED, ["chat"])
            return [each.event for each in reversed(reader.notifications()) if each.key == CALENDAR]


def test_each_episode_is_told_once_and_its_end_once(hall: Hall) -> None:
    on_call = OnCall(hall)
    hall.read(LATER)
    on_call.look(MINUTE)
    assert on_call.told() == []
    on_call.look(LAST - MINUTE)
    assert on_call.told() == []
    on_call.look(MINUTE)
    assert on_call.told() == ["trigger"]
    on_call.look(HOUR)
    on_call.look(HOUR)
    assert on_call.told() == ["trigger"]
    hall.read(LATER)
    on_call.look(MINUTE)
    on_call.look(MINUTE)
    assert on_call.told() == ["trigger", "resolve"]
    on_call.look(timedelta(days=2))
    assert on_call.told() == ["trigger", "resolve", "trigger"]


def test_another_service_neither_repeats_nor_forgets_it(hall: Hall) -> None:
    on_call = OnCall(hall)
    hall.read(LATER)
    on_call.look(timedelta(days=1))
    assert on_call.told() == ["trigger"]
    on_call.begin()
    on_call.look(HOUR)
    assert on_call.told() == ["trigger"]
    on_call.begin()
    hall.read(LATER)
    on_call.look(MINUTE)
    assert on_call.told() == ["trigger", "resolve"]


def test_who_keeps_house_again_does_not_rely_on_what_it_wrote_before(hall: Hall) -> None:
    first, second = OnCall(hall), OnCall(hall)
    hall.read(LATER)
    first.look(LAST, Claim(HOUSE, 1))
    second.look(MINUTE, Claim(HOUSE, 2))
    assert second.told() == ["trigger"]
    hall.read(LATER)
    first.look(MINUTE, Claim(HOUSE, 3))
    assert first.told() == ["trigger", "resolve"]


def test_a_calendar_that_was_never_read_is_told_when_its_first_readings_failed(hall: Hall) -> None:
    on_call = OnCall(hall)
    on_call.look(MINUTE)
    assert on_call.told() == []
    on_call.look(MINUTE)
    assert on_call.told() == ["trigger"]


CHANNEL = '[notify.chat]\nkind = "webhook"\nurl = "http://127.0.0.1:1/"\n'


@pytest.mark.parametrize("channel", [CHANNEL, ""])
def test_a_service_tells_it_where_there_is_somebody_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    monkeypatch.setattr("wedtui.core.paging.FIRST_READINGS", timedelta(0))
    monkeypatch.setattr("wedtui.poller.service.CALENDAR_PAGE_S", 0.05)
    source = f'[[weddings.sources]]\nname = "platform"\nkind = "csv"\nurl = "{tmp_path / "nowhere.csv"}"\n'
    config = tmp_path / "config.toml"
    config.write_text(source + channel, encoding="utf-8")
    assert asyncio.run(serve(tmp_path, config, bool(channel))) == (["critical"] if channel else [])


async def serve(folder: Path, config: Path, somebody: bool) -> list[str]:
    """Run a service until it wrote a page or, where it is to write none, for some heartbeats; return what it wrote."""
    loaded, paths = load(config, {}), StatePaths(folder)
    stores = Stores(paths.cache_url(loaded.configuration), paths.ledger_url(loaded.configuration))
    Ledger(stores.ledger_url).close()
    identity = Identity("here", paths.place, "boot", loaded.digest)
    service = Service(loaded.configuration, stores, SystemClock(), mode="personal", identity=identity)
    started, beat = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(service.run(Told(started.set, beat.set)))
    await asyncio.wait_for(started.wait(), 120)

    def written() -> list[str]:
        with closing(OutboxReader(stores.ledger_url)) as reader:
            return [each.severity for each in reader.notifications() if each.key == CALENDAR]

    if somebody:
        await asyncio.to_thread(eventually, lambda: bool(written()))
    else:
        for _ in range(3):
            beat.clear()
            await asyncio.wait_for(beat.wait(), 120)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(running, 120)
    return written()
