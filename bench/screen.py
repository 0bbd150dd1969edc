"""Start and commit-to-screen of the real dashboard on a real terminal, beside the smallest Textual app."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from bench.figures import Figure, median, quantile
from bench.terminal import Terminal
from wedtui.cache.writer import CacheWriter
from wedtui.clock import SystemClock
from wedtui.config import Configuration, ProbeSection, ProviderSection, ServiceSection
from wedtui.core.observation import ProbeObservation
from wedtui.core.picture import ServiceFacts
from wedtui.ledger.ledger import Ledger

STARTS = 9
COMMITS = 40
PROVIDERS = ("aws", "azure", "gcp", "digitalocean")
CONFIG = """
[service]
autostart = false
""" + "".join(
    f"""
[[providers]]
name = "{name}"
weight = 25
[[probes]]
name = "rsvp-{name}"
provider = "{name}"
url = "http://127.0.0.1:1/"
"""
    for name in PROVIDERS
)


def environment(state: Path) -> dict[str, str]:
    """Return what a person's terminal would say, with a state directory of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    return {**kept, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "WEDTUI_STATE_DIR": str(state)}


def configuration(weights: dict[str, int]) -> Configuration:
    """Return the configuration whose weights a commit changes."""
    return Configuration(
        service=ServiceSection(autostart=False),
        providers=tuple(ProviderSection(name=n, weight=weights.get(n, 25)) for n in PROVIDERS),
        probes=tuple(ProbeSection(name=f"rsvp-{n}", provider=n, url="http://127.0.0.1:1/") for n in PROVIDERS),
    )


def service_at(now: datetime) -> ServiceFacts:
    """Return what a service says of itself whose heart beats now."""
    return ServiceFacts("bench", os.getpid(), "personal", "bench", "production", now, now)


def fill(state: Path) -> CacheWriter:
    """Make a cache as a service would, with an hour of probe rounds."""
    clock = SystemClock()
    now = clock.now()
    Ledger(f"sqlite:///{state}/ledger.db").close()
    writer = CacheWriter(f"sqlite:///{state}/cache.db")
    writer.configure(configuration({}), probe_interval=timedelta(seconds=10), query_interval=timedelta(seconds=60))
    writer.begin(service_at(now))
    writer.record(
        [
            ProbeObservation(
                f"rsvp-{n}", now - timedelta(seconds=10 * i), passed=True, status=200, total_ms=80.0 + i % 7
            )
            for n in PROVIDERS
            for i in range(360, -1, -1)
        ]
    )
    return writer


def dashboard(config: Path, state: Path) -> Terminal:
    """Open the real dashboard."""
    return Terminal([sys.executable, "-m", "wedtui", "--config", str(config)], environ=environment(state))


def figures() -> list[Figure]:
    """Measure starts interleaved, then commits on one open dashboard."""
    clock, painted, populated = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        state, config = Path(folder) / "state", Path(folder) / "config.toml"
        state.mkdir()
        config.write_text(CONFIG)
        writer = fill(state)
        for _ in range(STARTS):
            writer.heartbeat(service_at(SystemClock().now()), {})
            with Terminal([sys.executable, "-m", "bench.clock_app"], environ=environment(state)) as terminal:
                clock.append(terminal.until("CLOCK"))
            with dashboard(config, state) as terminal:
                painted.append(terminal.until("wedtui"))
                populated.append(terminal.until("digitalocean"))
        seen = [s * 1000 for s in commits(writer, config, state)]
        writer.close(clean=True)
    base = median(clock)
    beside = f"smallest Textual app {base * 1000:.0f} ms"
    return [
        Figure("start: first paint", median(painted) / base, 1.3, "x", f"{median(painted) * 1000:.0f} ms; {beside}"),
        Figure(
            "start: populated from the cache",
            median(populated) / base,
            2.5,
            "x",
            f"{median(populated) * 1000:.0f} ms; {beside}",
        ),
        Figure(
            "commit to screen: p95",
            quantile(seen, 0.95),
            500.0,
            "ms",
            f"{COMMITS} commits, median {median(seen):.0f} ms",
        ),
    ]


def commits(writer: CacheWriter, config: Path, state: Path) -> list[float]:
    """Change a weight again and again; return how long each took from its commit to the screen (s)."""
    taken = []
    with dashboard(config, state) as terminal:
        terminal.until("digitalocean")
        for number in range(COMMITS):
            weight = 26 + number % 70
            changed = configuration({"aws": weight})
            writer.configure(changed, probe_interval=timedelta(seconds=10), query_interval=timedelta(seconds=60))
            committed = time.perf_counter()
            terminal.until(f"{weight} %")
            taken.append(time.perf_counter() - committed)
    return taken
