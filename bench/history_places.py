"""Where the long history of `bench.history` is: files, and databases of a real PostgreSQL."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg

from tests.postgres import Postgres, running_postgres

Sample = tuple[int, int, float]
"""Series, instant in microseconds, value."""
Round = tuple[str, str, int, bool, float]
"""Probe, vantage, instant in microseconds, passed, latency in milliseconds."""
_ROUND = "probe_round (probe, vantage, at, passed, latency_ms)"
_INSERT = "INSERT INTO sample (series, at, value) VALUES (?, ?, ?)"
_COPY = "COPY sample (series, at, value) FROM STDIN"
_TYPES = ("int4", "int8", "float8")


class System(Protocol):
    """A database system with room for caches."""

    name: str
    settings: str
    """What was set for the figures' sake, in a few words."""
    ways: tuple[str, ...]
    """How the driver alone stores rows; the first is what we are measured beside."""
    as_they_come: bool
    """Whether rows lie in the order in which they came: from a service by time, of all series together."""

    def url(self, name: str) -> str:
        """Return the URL of a cache; the same for the same name."""
        ...

    def fill_rounds(self, name: str, rows: Iterable[Round]) -> None:
        """Store rounds."""
        ...

    def fill_samples(self, name: str, rows: Iterable[Sample]) -> None:
        """Store samples as the system takes them best, indexes last."""
        ...

    def run(self, name: str, statements: Sequence[str]) -> None:
        """Run statements in one transaction."""
        ...

    def tidy(self, name: str) -> None:
        """Do what the system does by itself within a minute: not while it is measured."""
        ...

    def raw(self, name: str, way: str, batches: Sequence[Sequence[Sample]]) -> float:
        """Store samples by the driver alone, a transaction for each batch; return the seconds."""
        ...


class Files:
    """Files of SQLite."""

    name = "SQLite"
    settings = "WAL, synchronous = NORMAL"
    ways: tuple[str, ...] = ("executemany",)
    as_they_come = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def url(self, name: str) -> str:
        return f"sqlite:///{self._path(name)}"

    def fill_rounds(self, name: str, rows: Iterable[Round]) -> None:
        with self._careless(name) as connection:
            connection.executemany(f"INSERT INTO {_ROUND} VALUES (?, ?, ?, ?, ?)", rows)

    def fill_samples(self, name: str, rows: Iterable[Sample]) -> None:
        with self._careless(name) as connection:
            connection.execute("DROP INDEX sample_by_time")
            connection.executemany(_INSERT, rows)
            connection.execute("CREATE INDEX sample_by_time ON sample (at)")

    def run(self, name: str, statements: Sequence[str]) -> None:
        with self._careless(name) as connection:
            for statement in statements:
                connection.execute(statement)

    def tidy(self, name: str) -> None:
        pass

    @contextmanager
    def _careless(self, name: str) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path(name), isolation_level=None)) as connection:
            for pragma in ("journal_mode = DELETE", "synchronous = OFF", "cache_size = -200000"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")

    def raw(self, name: str, way: str, batches: Sequence[Sequence[Sample]]) -> float:
        with closing(sqlite3.connect(self._path(name), isolation_level=None)) as connection:
            for pragma in ("journal_mode = WAL", "synchronous = NORMAL"):
                connection.execute(f"PRAGMA {pragma}")
            began = time.perf_counter()
            for batch in batches:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(_INSERT, batch)
                connection.execute("COMMIT")
            return time.perf_counter() - began

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.db"


class Databases:
    """Databases of a server as it is installed."""

    name = "PostgreSQL"
    settings = "fsync and all else as installed, synchronous_commit off as for every cache"
    ways: tuple[str, ...] = ("COPY", "COPY in binary")
    as_they_come = True

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._made: set[str] = set()

    def url(self, name: str) -> str:
        if name not in self._made:
            self._made.add(self._server.database(name=name))
        return self._server.url(name)

    def fill_rounds(self, name: str, rows: Iterable[Round]) -> None:
        with self._session(name) as connection, connection.cursor().copy(f"COPY {_ROUND} FROM STDIN") as writing:
            for row in rows:
                writing.write_row(row)

    def fill_samples(self, name: str, rows: Iterable[Sample]) -> None:
        with self._session(name) as connection:
            connection.execute("SET maintenance_work_mem = '256MB'")
            connection.execute("ALTER TABLE sample DROP CONSTRAINT sample_pkey")
            connection.execute("DROP INDEX sample_by_time")
            with connection.cursor().copy(f"{_COPY} (FORMAT BINARY)") as writing:
                writing.set_types(_TYPES)
                for row in rows:
                    writing.write_row(row)
            connection.execute("ALTER TABLE sample ADD PRIMARY KEY (series, at)")
            connection.execute("CREATE INDEX sample_by_time ON sample (at)")

    def run(self, name: str, statements: Sequence[str]) -> None:
        with self._session(name) as connection, connection.transaction():
            for statement in statements:
                connection.execute(statement.encode())

    def tidy(self, name: str) -> None:
        with self._session(name) as connection:
            connection.execute("VACUUM (ANALYZE)")
            connection.execute("CHECKPOINT")

    def raw(self, name: str, way: str, batches: Sequence[Sequence[Sample]]) -> float:
        binary = way == self.ways[1]
        statement = f"{_COPY} (FORMAT BINARY)" if binary else _COPY
        with self._session(name) as connection:
            began = time.perf_counter()
            for batch in batches:
                with connection.transaction(), connection.cursor().copy(statement) as writing:
                    if binary:
                        writing.set_types(_TYPES)
                    for row in batch:
                        writing.write_row(row)
            return time.perf_counter() - began

    def _session(self, name: str) -> psycopg.Connection:
        options = "-c search_path=wedtui_cache -c synchronous_commit=off"
        return psycopg.connect(self._server.dsn(name), options=options, autocommit=True)


@contextmanager
def files() -> Iterator[System]:
    """Give a folder for files, and take it away at the end."""
    with tempfile.TemporaryDirectory(prefix="wedtui-history-") as name:
        yield Files(Path(name))


@contextmanager
def databases() -> Iterator[System]:
    """Start a server, and take it away at the end."""
    with running_postgres(settings=()) as server:
        yield Databases(server)
