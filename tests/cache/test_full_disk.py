"""No room: one sentence, nothing lost, and it goes on when there is room again."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tests.cache.base import NOW, SECOND, configure, probe, reading, signal
from tests.needs import need
from tests.places import SQLITE
from tests.store.processes import in_process
from wedtui.cache.writer import CacheWriter
from wedtui.errors import DiskFullError

# What happens to a file, its locks and its log.
ONLY_ON = SQLITE


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    need(os.geteuid() == 0, "needs root, to mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    need(mounted, "needs the right to mount a small disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(writer: CacheWriter, first: int = 0) -> tuple[int, DiskFullError]:
    """Store one batch after another until there is no room; return how many were acknowledged."""
    for number in range(first, first + 10_000):
        try:
            batch = [probe(NOW, failure="x" * 200) for _ in range(10)]
            writer.record([*batch, signal(NOW + number * SECOND, float(number))])
        except DiskFullError as error:
            return number - first, error
    raise AssertionError("the disk never filled")


def stored(path: Path) -> int:
    with reading(path) as reader:
        return len(reader.series("aws", "cpu", NOW, NOW + 99_999 * SECOND, most=99_999).points)


def test_a_full_disk_loses_nothing_and_goes_on_when_there_is_room(small_disk: Path) -> None:
    path, ballast = small_disk / "c.db", small_disk / "ballast"
    writer = CacheWriter(f"sqlite:///{path}")
    configure(writer)
    ballast.write_bytes(b"x" * 300_000)
    count, error = fill(writer)
    assert str(error).startswith(f"there is no room to write {path}: make room")
    assert count > 0
    assert stored(path) == count
    ballast.unlink()
    more, _ = fill(writer, count)
    assert more > 0
    assert stored(path) == count + more
    # Readers see the last picture; a stop does not fail for want of room either.
    with reading(path) as reader:
        assert reader.facts(NOW).providers[0].probes[0].rounds
    writer.close()
    assert stored(path) == count + more


def test_a_disk_without_any_room_is_said_when_a_cache_is_made(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"x" * (1 << 20))
    with pytest.raises(DiskFullError, match="there is no room to write"):
        CacheWriter(f"sqlite:///{small_disk}/state/c.db")


def write_until_limited(pipe: Connection[int, int], path: str) -> None:
    writer = CacheWriter(f"sqlite:///{path}")
    configure(writer)
    # A quota or a limit does not look like a full disk to SQLite, but to people it is one.
    largest = max(each.stat().st_size for each in Path(path).parent.glob("c.db*"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 100_000, resource.RLIM_INFINITY))
    count, _error = fill(writer)
    pipe.send(count)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    writer.record([signal(NOW + 50_000 * SECOND)])
    writer.close()


def test_a_limit_on_the_size_of_files_is_a_full_disk(tmp_path: Path) -> None:
    (count,) = in_process(write_until_limited, str(tmp_path / "c.db"))
    assert count > 0
    assert stored(tmp_path / "c.db") == count + 1
