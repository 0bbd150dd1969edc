"""A server without room: one sentence, nothing that was acknowledged is lost, and it goes on when there is room."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg import sql

from tests.cache.base import NOW, SECOND, configure, probe, signal
from tests.needs import need
from tests.postgres import Postgres, running_postgres
from wedtui.cache.kind import CACHE
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.errors import DiskFullError
from wedtui.store.opening import writable

SIZE_MB, BALLAST_MB = 24, 6


@dataclass
class SmallDatabase:
    """A database whose tables have a small disk to themselves."""

    url: str
    disk: Path

    def fill(self, writer: CacheWriter, first: int = 0) -> tuple[int, DiskFullError]:
        """Store one batch after another until there is no room; return how many were acknowledged."""
        for number in range(first, first + 10_000):
            try:
                # What the server cannot make smaller.
                batch = [probe(NOW, failure=random.Random(k).randbytes(900).hex()) for k in range(50)]
                writer.record([*batch, signal(NOW + number * SECOND, float(number))])
            except DiskFullError as error:
                return number - first, error
        raise AssertionError("the disk never filled")

    def stored(self, reader: CacheReader) -> int:
        return len(reader.series("aws", "cpu", NOW, NOW + 99_999 * SECOND, most=99_999).points)


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server of its own: one whose disk is full is nobody's to share."""
    with running_postgres() as running:
        yield running


@pytest.fixture
def small(server: Postgres) -> Iterator[SmallDatabase]:
    need(os.geteuid() == 0, "needs root, to mount a small disk")
    # One that the server's user may enter.
    disk = Path(tempfile.mkdtemp(prefix="wedtui-small-", dir="/tmp"))
    disk.chmod(0o755)
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(disk)]
    need(subprocess.run(command, capture_output=True, check=False).returncode == 0, "needs the right to mount")
    name = "small"
    try:
        place = disk / "tables"
        place.mkdir()
        shutil.chown(place, server.admin, server.admin)
        place_of = sql.SQL("CREATE TABLESPACE {} LOCATION {}")
        server.command(place_of.format(sql.Identifier(name), sql.Literal(str(place))))
        made = sql.SQL("CREATE DATABASE {} TEMPLATE template0 TABLESPACE {}")
        server.command(made.format(sql.Identifier(name), sql.Identifier(name)))
        url = server.url(name)
        writable(url, CACHE).close()
        yield SmallDatabase(url, disk)
        server.drop(name)
        server.command(sql.SQL("DROP TABLESPACE {}").format(sql.Identifier(name)))
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
        disk.rmdir()


def test_a_server_without_room_loses_nothing_and_goes_on_when_there_is_some(small: SmallDatabase) -> None:
    ballast = small.disk / "ballast"
    ballast.write_bytes(b"x" * (BALLAST_MB << 20))
    # A new session may need a file that the server can no longer write; one that is there goes on.
    with closing(CacheWriter(small.url)) as writer, closing(CacheReader(small.url)) as reader:
        configure(writer)
        assert small.stored(reader) == 0
        count, error = small.fill(writer)
        assert str(error).startswith("the server has no room for schema wedtui_cache of database small on ")
        assert str(error).endswith(": make room on its disk")
        assert count > 0
        assert small.stored(reader) == count
        ballast.unlink()
        more, _ = small.fill(writer, count)
        assert more > 0
        # What cannot be written can still be read.
        assert small.stored(reader) == count + more
