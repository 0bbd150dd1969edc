"""Where a test's stores are: files, or databases of a real PostgreSQL; the same tests run on both."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg

from tests.postgres import Postgres
from tests.soaking import SOAKING
from wedtui.store.kind import Kind
from wedtui.store.postgres.writing import turn

SQLITE, POSTGRESQL = "sqlite", "postgresql"
SYSTEMS = (SQLITE, POSTGRESQL)


class Places:
    """Turns the paths that tests name into stores of the system under test."""

    def __init__(self) -> None:
        self._server: Postgres | None = None
        self._databases: dict[Path, str] = {}
        self._gone: set[Path] = set()

    def use(self, server: Postgres | None) -> None:
        """From now on each new path is a database of this server; with None it is a file.

        In a soak the databases of the paths before go: there are thousands, of ten megabytes each.
        """
        if SOAKING and self._server is not None:
            for path in self._databases.keys() - self._gone:
                self._server.drop(self._databases[path])
            self._databases, self._gone = {}, set()
        self._server = server

    @property
    def on_server(self) -> bool:
        """Whether paths stand for databases of a server."""
        return self._server is not None

    def url(self, path: Path) -> str:
        """Return the URL of the place that a path stands for."""
        if self._server is None:
            return f"sqlite:///{path}"
        if path not in self._databases:
            self._databases[path] = self._server.migrated()
        elif path in self._gone:
            self._gone.remove(path)
            self._server.migrated(self._databases[path])
        return self._server.url(self._databases[path])

    def execute(self, path: Path, kind: Kind, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run a statement (`?` for parameters) behind everybody's back, and return what it gives."""
        if self._server is None:
            with closing(sqlite3.connect(path)) as connection, connection:
                return connection.execute(statement, parameters).fetchall()
        self.url(path)
        return self._server.query(self._databases[path], statement.replace("?", "%s"), *parameters, kind=kind)

    @contextmanager
    def held(self, path: Path, kind: Kind) -> Iterator[None]:
        """Be in the middle of writing, as another process would."""
        if self._server is None:
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                yield
                other.execute("ROLLBACK")
            return
        self.url(path)
        with psycopg.connect(self._server.dsn(self._databases[path])) as session:
            session.execute("SELECT pg_advisory_xact_lock(%s)", (turn(kind),))
            yield
            session.rollback()

    def copy(self, source: Path, target: Path) -> None:
        """Make a place what another is, which nobody uses."""
        if self._server is None:
            target.parent.mkdir(exist_ok=True)
            shutil.copy(source, target)
        else:
            self.url(target)
            self._server.drop(self._databases[target])
            self._server.database(self._databases[source], self._databases[target])

    def remove(self, path: Path) -> None:
        """Take a place away with everything in it."""
        if self._server is None:
            for part in path.parent.glob(f"{path.name}*"):
                part.unlink()
        elif path in self._databases:
            self._gone.add(path)
            self._server.drop(self._databases[path])

    def put(self, source: Path, target: Path) -> None:
        """Put one place where another is."""
        if self._server is None:
            source.replace(target)
        else:
            self._server.drop(self._databases[target])
            self._server.rename(self._databases.pop(source), self._databases[target])


PLACES = Places()


class Watchful(Protocol):
    """A reader of either kind."""

    def changed(self) -> bool:
        """Say whether anything was committed."""
        ...


def hears(reader: Watchful) -> bool:
    """Whether a reader is told of a commit; word of it takes a moment on its way from a server."""
    for _ in range(6000):
        if reader.changed():
            return True
        time.sleep(0.005)
    return False
