"""Two users of one machine: the second is in the service's group and may only read."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tests.cache.base import NOW, SECOND, configure, probe, reading
from tests.needs import need
from tests.store.processes import SHARED_GROUP, as_other_user, kill_after
from wedtui.cache.writer import CacheWriter
from wedtui.ledger.ledger import Ledger

REFUSED = {"write": "StoreUnreadableError", "ledger": "StoreUnreadableError"}


@pytest.fixture
def state() -> Iterator[Path]:
    """Return a state directory of root's, open to a group; pytest's own is closed to everybody else."""
    need(os.geteuid() == 0, "needs root, to become another user")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        state = Path(folder) / "state"
        state.mkdir()
        os.chown(state, -1, SHARED_GROUP)
        state.chmod(0o2750)
        Ledger(f"sqlite:///{state}/ledger.db").close()
        yield state


def other(state: Path) -> dict[str, str]:
    return as_other_user(f"sqlite:///{state}/cache.db", f"sqlite:///{state}/ledger.db")


def files(state: Path) -> dict[str, tuple[int, int, int]]:
    found = {p.name: p.stat() for p in state.glob("cache.db*")}
    return {name: (stat.S_IMODE(s.st_mode), s.st_gid, s.st_uid) for name, s in found.items()}


def write_forever(pipe: Connection[int, int], url: str) -> None:
    writer = CacheWriter(url)
    configure(writer)
    number = 0
    while True:
        number += 1
        writer.record([probe(NOW - 50 * SECOND + number * SECOND / 1000)])
        pipe.send(number)


def test_before_and_after_a_clean_stop(state: Path) -> None:
    writer = CacheWriter(f"sqlite:///{state}/cache.db")
    configure(writer)
    writer.record([probe()])
    assert files(state) == dict.fromkeys(["cache.db", "cache.db-wal", "cache.db-shm"], (0o640, SHARED_GROUP, 0))
    assert other(state) == {"rounds": "1", **REFUSED}
    writer.record([probe(NOW + SECOND)])
    assert other(state) == {"rounds": "2", **REFUSED}
    assert writer.close() is True
    assert list(files(state)) == ["cache.db"]
    assert other(state) == {"rounds": "2", **REFUSED}
    assert list(files(state)) == ["cache.db"]


def test_after_a_stop_while_somebody_else_reads(state: Path) -> None:
    writer = CacheWriter(f"sqlite:///{state}/cache.db")
    configure(writer)
    writer.record([probe()])
    with reading(state / "cache.db") as reader:
        reader.facts(NOW)
        assert writer.close() is False
        assert len(files(state)) == 3
        assert other(state) == {"rounds": "1", **REFUSED}
    assert len(files(state)) == 3
    assert other(state) == {"rounds": "1", **REFUSED}


def test_after_a_stop_that_was_not_clean(state: Path) -> None:
    writer = CacheWriter(f"sqlite:///{state}/cache.db")
    configure(writer)
    writer.record([probe()])
    assert writer.close(clean=False) is False
    assert len(files(state)) == 3
    assert other(state) == {"rounds": "1", **REFUSED}


def test_after_a_crash(state: Path) -> None:
    sent = kill_after(7, write_forever, f"sqlite:///{state}/cache.db")
    answer = other(state)
    assert int(answer.pop("rounds")) in {sent[-1], sent[-1] + 1}
    assert answer == REFUSED
    with closing(CacheWriter(f"sqlite:///{state}/cache.db")):
        assert int(other(state)["rounds"]) >= sent[-1]


def test_a_user_outside_the_group_is_refused(state: Path) -> None:
    with closing(CacheWriter(f"sqlite:///{state}/cache.db")):
        state.chmod(0o755)
        for path in state.glob("cache.db*"):
            os.chown(path, -1, 0)
        assert other(state)["rounds"] == "StoreUnreadableError"
