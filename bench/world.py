"""Twenty providers in a cache that a process of its own changes every second, as a busy service would."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from wedtui.cache.writer import CacheWriter
from wedtui.clock import SystemClock
from wedtui.config_file import load
from wedtui.core.evidence import CPU_SIGNAL, ERRORS_SIGNAL, LATENCY_SIGNAL
from wedtui.core.observation import Observation, ProbeObservation, SignalObservation
from wedtui.core.picture import ServiceFacts
from wedtui.ledger.ledger import Ledger

PROVIDERS = tuple(f"cloud-{number:02}" for number in range(1, 21))
HISTORY = timedelta(minutes=15)
# The pace of a wedding day; queries come more often than there, so that enough changes.
PROBE_EVERY = timedelta(seconds=3)
QUERY_EVERY = timedelta(seconds=5)
_SIGNALS = (LATENCY_SIGNAL, ERRORS_SIGNAL, CPU_SIGNAL)


def config_text() -> str:
    """Return a configuration with a probe and three queries for each provider."""
    parts = ["[service]\nautostart = false\n"]
    for name in PROVIDERS:
        parts.append(f'[[providers]]\nname = "{name}"\nweight = {100 // len(PROVIDERS)}\n')
        parts.append(f'[[probes]]\nname = "rsvp-{name}"\nprovider = "{name}"\nurl = "http://127.0.0.1:1/"\n')
        parts.append(f'interval = "{PROBE_EVERY.seconds}s"\n')
    parts.append('[[prometheus]]\nname = "engine"\nurl = "http://127.0.0.1:1/"\n')
    for name in PROVIDERS:
        for signal in _SIGNALS:
            parts.append(f'[[prometheus.queries]]\nprovider = "{name}"\nsignal = "{signal}"\nquery = "x"\n')
            parts.append(f'interval = "{QUERY_EVERY.seconds}s"\n')
    return "".join(parts)


class World:
    """What is made up about the providers: each second a third of the probes and a fifth of the queries answer anew.

    Args:
        url: the cache.
        seed: of the chance.
    """

    def __init__(self, url: str, seed: int = 7) -> None:
        self._writer = CacheWriter(url)
        self._chance = random.Random(seed)
        self._base = {name: self._chance.uniform(60, 700) for name in PROVIDERS}
        self._step = 0

    def begin(self, config: Path) -> None:
        """Configure the cache and fill it with a history."""
        loaded = load(config, {})
        now = SystemClock().now()
        self._writer.configure(loaded.configuration, probe_interval=PROBE_EVERY, query_interval=QUERY_EVERY)
        self._facts = ServiceFacts(
            "bench", os.getpid(), "personal", "bench", "production", now, now, None, loaded.digest
        )
        self._writer.begin(self._facts)
        rounds = HISTORY // PROBE_EVERY
        self._writer.record([self._round(n, now - PROBE_EVERY * i) for i in range(rounds, 0, -1) for n in PROVIDERS])
        self._writer.record([seen for name in PROVIDERS for seen in self._signals(name, now)])

    def change(self) -> None:
        """Store what one second brings."""
        now = SystemClock().now()
        self._step += 1
        seen: list[Observation] = [self._round(name, now) for name in PROVIDERS[self._step % 3 :: 3]]
        for name in PROVIDERS[self._step % 5 :: 5]:
            seen += self._signals(name, now)
        self._writer.record(seen)
        self._writer.heartbeat(replace(self._facts, heartbeat_at=now), {})

    def close(self) -> None:
        """Let go of the cache."""
        self._writer.close(clean=False)

    def _round(self, name: str, at: datetime) -> ProbeObservation:
        passed = self._chance.random() > 0.02
        total = max(self._chance.gauss(self._base[name], 40), 5.0)
        failure = None if passed else "HTTP 503"
        return ProbeObservation(f"rsvp-{name}", at, passed, failure, 200 if passed else 503, total_ms=total)

    def _signals(self, name: str, at: datetime) -> list[Observation]:
        chance = self._chance
        self._base[name] = min(max(self._base[name] + chance.gauss(0, 20), 20), 1900)
        values = (self._base[name] * chance.uniform(1, 1.3), abs(chance.gauss(0.004, 0.008)), chance.uniform(0.2, 0.9))
        return [
            SignalObservation(name, signal, "prometheus engine", at, value)
            for signal, value in zip(_SIGNALS, values, strict=True)
        ]


def _keep_changing(url: str, config: str, told: Connection) -> None:
    world = World(url)
    world.begin(Path(config))
    told.send(None)
    due = time.monotonic()
    # Whoever started us closes its end when it has seen enough.
    while not told.poll(max(due - time.monotonic(), 0.0)):
        world.change()
        due += 1.0
    world.close()


@contextmanager
def changing_world(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Give the configuration and the state directory of a world that changes every second while it is used."""
    state, config = folder / "busy", folder / "busy.toml"
    state.mkdir()
    config.write_text(config_text())
    Ledger(f"sqlite:///{state}/ledger.db").close()
    here, there = multiprocessing.Pipe()
    arguments = (f"sqlite:///{state}/cache.db", str(config), there)
    process = multiprocessing.get_context("spawn").Process(target=_keep_changing, args=arguments, daemon=True)
    process.start()
    here.recv()
    try:
        yield config, state
    finally:
        here.send(None)
        process.join()
