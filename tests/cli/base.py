"""Running the command line within a state directory of its own."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.places import PLACES
from wedtui.cache.writer import CacheWriter
from wedtui.cli.app import run
from wedtui.config import Configuration
from wedtui.core.freeze import Origin, Period
from wedtui.core.observation import FeedObservation

# For a test, or all of a module: what a person reads and writes is the same on each system.
on_both = pytest.mark.usefixtures("places")

# A Wednesday: the default window has been over for two days and is two days away.
WEDNESDAY = datetime(2026, 7, 22, 12, tzinfo=UTC)
SATURDAY = datetime(2026, 7, 25, 12, tzinfo=UTC)
WINDOW = """\
[[freeze.windows]]
name = "wedding weekend"
start = "fri 18:00"
end = "mon 06:00"
timezones = ["Europe/London"]
"""
FEED = '[[freeze.feeds]]\nname = "venues"\nurl = "https://calendar.example.com/freeze.ics"\n'


@dataclass
class Answer:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Machine:
    """One user's machine: a configuration, a state directory, and a clock that the test sets."""

    folder: Path
    captured: pytest.CaptureFixture[str]
    now: datetime = WEDNESDAY

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def cache_url(self) -> str:
        return PLACES.url(self.place("cache"))

    @property
    def ledger_url(self) -> str:
        return PLACES.url(self.place("ledger"))

    def place(self, store: str) -> Path:
        """Return what a store's place is called: files are two, on a server both are in one database."""
        return self.state / ("database" if PLACES.on_server else f"{store}.db")

    def configure(self, text: str) -> None:
        self.config.write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> Answer:
        self.captured.readouterr()
        with time_machine.travel(self.now, tick=False):
            code = run(arguments)
        out, err = self.captured.readouterr()
        return Answer(code, out, err)

    @contextmanager
    def cache(self) -> Iterator[CacheWriter]:
        """Write the cache, as the service of another user would."""
        writer = CacheWriter(self.cache_url)
        try:
            yield writer
        finally:
            writer.close(clean=True)

    def read_feed(self, *periods: Period) -> None:
        """Have the service read the feed of `FEED` now."""
        section = tomllib.loads(self.config.read_text(encoding="utf-8"))
        minute = timedelta(minutes=1)
        with self.cache() as cache:
            cache.configure(Configuration.model_validate(section), probe_interval=minute, query_interval=minute)
            cache.record([FeedObservation("venues", self.now, periods)])

    def forbid(self, name: str) -> None:
        """Put something into the place of a file that nobody can read as one."""
        path = self.state / name
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        path.mkdir()

    def damage(self, name: str) -> None:
        self.state.mkdir(exist_ok=True)
        (self.state / name).write_bytes(b"not a database, but long enough to be looked at " * 100)


def period(name: str, start: datetime, hours: float) -> Period:
    return Period(name, start, start + timedelta(hours=hours), Origin.PERSON)


@pytest.fixture
def machine(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> Iterator[Machine]:
    if "places" in request.fixturenames:
        # Before anything has a place; what a class uses by itself comes before what its tests are marked with.
        request.getfixturevalue("places")
    for variable in [v for v in os.environ if v.startswith("WEDTUI_")]:
        monkeypatch.delenv(variable)
    made = Machine(tmp_path, capsys)
    made.configure(WINDOW)
    monkeypatch.setenv("WEDTUI_STATE_DIR", str(made.state))
    monkeypatch.setenv("WEDTUI_CONFIG", str(made.config))
    if PLACES.on_server:
        monkeypatch.setenv("WEDTUI_CACHE__URL", made.cache_url)
        monkeypatch.setenv("WEDTUI_LEDGER__URL", made.ledger_url)
    yield made
    if PLACES.on_server:
        PLACES.remove(made.place("cache"))
