"""Importing a calendar of a million weddings from a CSV, beside Python's csv module alone; and doing it once more.

Each import runs in a process of its own, whose peak memory is the kernel's figure. An hour later the same file with one
row in a thousand changed is read again: what did not change is not written.
"""

from __future__ import annotations

import asyncio
import csv
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from bench.figures import Figure
from bench.history_places import databases, files
from wedtui.cache.writer import CacheWriter
from wedtui.clock import SystemClock
from wedtui.config import Configuration
from wedtui.poller.weddings import Rules, Taking, store_now
from wedtui.providers.weddings.target import WeddingTarget

ROWS = 1_000_000
FEW = 100_000
"""Rows of a small file, beside whose peak that of the large one is put."""
CHANGED_EACH = 1_000
FIRST = datetime(2026, 6, 1, 10, tzinfo=UTC)
CULTURES = ("indian", "nigerian", "chinese", "greek", "jewish", "british", "italian")
ZONES = ("Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Sydney", "Africa/Lagos")
KINDS = ("hotel", "church", "beach", "barn")
# Reading a row is splitting it; an import also judges it, converts two local times and writes it into two B-trees.
# Measured were 68 on files and 83 on PostgreSQL; what is a half more than the one and a fifth more than the other is no
# chance of a shared machine any more.
LIMIT = 100.0
MEMORY_LIMIT = 2.0


class Run(NamedTuple):
    """What one import took."""

    seconds: float
    peak_mb: float
    """More than the process had before."""
    written: int


def figures() -> Iterator[Figure]:
    """Import on each system and measure."""
    with tempfile.TemporaryDirectory(prefix="wedtui-bench-") as folder:
        whole, few, again = (Path(folder) / name for name in ("whole.csv", "few.csv", "again.csv"))
        write(whole, ROWS)
        write(few, FEW)
        write(again, ROWS, changed=True)
        alone = min(split(whole) for _ in range(3))
        for place in (files, databases):
            with place() as system:
                first, small = apart(system.url("whole"), whole), apart(system.url("few"), few)
                second = apart(system.url("whole"), again)
                assert (first.written, second.written) == (ROWS, ROWS // CHANGED_EACH)
                rate = f"{ROWS / first.seconds:,.0f} rows/s; csv alone {ROWS / alone:,.0f}; {ROWS:,} rows"
                rest = f"{ROWS / second.seconds:,.0f} rows/s where 1 in {CHANGED_EACH:,} changed"
                peak = f"{first.peak_mb:.0f} MB beside {small.peak_mb:.0f} MB for {FEW:,} rows"
                for figure in (
                    Figure("import of weddings beside csv alone", first.seconds / alone, LIMIT, "x", rate),
                    Figure("import again beside csv alone", second.seconds / alone, LIMIT, "x", rest),
                    Figure("peak of a large file", first.peak_mb / small.peak_mb, MEMORY_LIMIT, "x", peak),
                ):
                    yield replace(figure, name=f"{system.name}: {figure.name}")


def write(path: Path, rows: int, *, changed: bool = False) -> None:
    """Write a calendar; the names of its rows are in no order."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(("reference", "venue", "venue_kind", "zone", "start", "end", "culture", "guests"))
        for n in range(rows):
            at = FIRST + timedelta(minutes=30 * (n * 7 % 40_000))
            guests = 40 + n % 500 + (changed and n % CHANGED_EACH == 0)
            out.writerow(
                (
                    f"w-{n * 7919 % rows:07}",
                    f"Venue {n % 5000}",
                    KINDS[n % len(KINDS)],
                    ZONES[n % len(ZONES)],
                    f"{at:%Y-%m-%dT%H:%M}",
                    f"{at + timedelta(hours=9):%Y-%m-%dT%H:%M}",
                    CULTURES[n % len(CULTURES)],
                    guests,
                )
            )


def split(path: Path) -> float:
    """Return how long Python's csv module takes to split every row."""
    began = time.perf_counter()
    with path.open(newline="", encoding="utf-8") as file:
        for _ in csv.reader(file):
            pass
    return time.perf_counter() - began


def apart(url: str, path: Path) -> Run:
    """Import in a process of its own."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=run, args=(there, url, str(path)))
    process.start()
    there.close()
    result: Run = here.recv()
    process.join()
    return result


def run(pipe: Connection[Run, Run], url: str, path: str) -> None:
    """Import as the service does, and say what it took."""
    source = {"name": "main", "kind": "csv", "url": path, "deadline": "1h"}
    configuration = Configuration.model_validate({"weddings": {"sources": [source]}})
    (section,) = configuration.weddings.sources
    target = WeddingTarget(section, configuration.weddings, SystemClock())
    with closing(CacheWriter(url)) as writer:
        minute = timedelta(minutes=1)
        writer.configure(configuration, probe_interval=minute, query_interval=minute)
        before = peak_kb()
        began = time.perf_counter()
        (observation,) = asyncio.run(target.observe())
        assert observation.rows is not None, observation.problem
        work = Taking(
            writer, Rules("sqlite:////nonexistent/ledger.db", ledger_must_exist=False, reject_at_most=0), observation
        )
        store_now(work)
        observation.rows.close()
        took = time.perf_counter() - began
        assert work.outcome is not None, observation.problem
        peak = peak_kb() - before
    pipe.send(Run(took, peak / 1024, work.written))


if __name__ == "__main__":
    for each in figures():
        print(each.line(), flush=True)


def peak_kb() -> int:
    """Return the most memory that this program has had, in kB; `ru_maxrss` would be that of whoever started it, too."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
