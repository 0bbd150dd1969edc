"""A real PostgreSQL on a socket of its own, started once; each place that a test names is a database of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from wedtui.cache.kind import CACHE
from wedtui.ledger.kind import LEDGER
from wedtui.store.kind import Kind
from wedtui.store.opening import writable

STARTS_WITHIN_S = 60.0
# What a test stores need not outlive the machine.
QUICK = ("fsync=off",)
_TEMPLATE = "wedtui_template"
_OURS = "C.UTF-8"


def programs() -> Path:
    """Return where Debian keeps the server's programs, which are not on the path; of several the one that we name."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[4] == "15")
    if not found:
        raise FileNotFoundError("no PostgreSQL server: install the package postgresql-15")
    return found[-1].parent


class Postgres:
    """A running cluster.

    Args:
        folder: where its data and its socket are; everybody may enter it.
        settings: `name=value`, where the server's own defaults will not do.
    """

    def __init__(self, folder: Path, settings: Sequence[str] = QUICK) -> None:
        self.folder = folder
        self._settings = settings
        self._count = 0
        # The server refuses to run as root.
        self.as_user: dict[str, Any] = {}
        if os.getuid() == 0:
            self.as_user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        self._process: subprocess.Popen[Any] | None = None
        self.admin = "postgres" if self.as_user else pwd.getpwuid(os.getuid()).pw_name

    def make(self) -> None:
        """Make the cluster."""
        self._run("initdb", "-D", self._data, "-U", self.admin, "-A", "trust", "-E", "UTF8", f"--locale={_OURS}", "-N")

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = ("listen_addresses=", "unix_socket_permissions=0777", "max_connections=200", *self._settings)
        words = [word for setting in settings for word in ("-c", setting)]
        command: list[str | Path] = [programs() / "postgres", "-D", self._data, "-k", self.folder]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*command, *words], stdout=log, stderr=log, **self._how())
        ends = time.monotonic() + STARTS_WITHIN_S
        while True:
            try:
                psycopg.connect(self.dsn("postgres")).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > ends:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.01)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT ends every session at once, SIGKILL is a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None
            (self._data / "postmaster.pid").unlink(missing_ok=True)

    def dsn(self, database: str, user: str | None = None) -> str:
        """Return how libpq reaches a database."""
        return f"host={self.folder} dbname={database} user={user or self.admin}"

    def url(self, database: str, user: str | None = None) -> str:
        """Return how wedtui reaches a database."""
        return f"postgresql://{user or self.admin}@/{database}?host={quote(str(self.folder))}"

    def database(self, template: str | None = None, name: str | None = None) -> str:
        """Make a database, empty or as another is, and return its name."""
        self._count += 1
        name = name or f"d{self._count}"
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self.command(made.format(sql.Identifier(name), sql.Identifier(template or "template0")))
        return name

    def migrated(self, name: str | None = None) -> str:
        """Return a new database with an empty cache and an empty ledger in it."""
        if not self.query("postgres", "SELECT 1 FROM pg_database WHERE datname = %s", _TEMPLATE):
            self.command(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_TEMPLATE)))
            for kind in (CACHE, LEDGER):
                writable(self.url(_TEMPLATE), kind).close()
        return self.database(_TEMPLATE, name)

    def drop(self, database: str) -> None:
        """Take a database away, whoever uses it."""
        self.command(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def rename(self, database: str, name: str) -> None:
        """Give a database that nobody uses another name."""
        self.command(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(database), sql.Identifier(name)))

    def command(self, statement: sql.Composed) -> None:
        """Run what no transaction can hold."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def query(self, database: str, statement: str, *parameters: object, kind: Kind = CACHE) -> list[tuple[Any, ...]]:
        """Run a statement in a store's schema and return what it gives."""
        with psycopg.connect(self.dsn(database), options=f"-c search_path=wedtui_{kind.name}") as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _how(self) -> dict[str, Any]:
        return {"cwd": "/", "env": {"PATH": "/usr/bin:/bin", "LC_ALL": _OURS}, **self.as_user}

    def _run(self, program: str, *arguments: object) -> None:
        words: list[str | Path] = [programs() / program, *map(str, arguments)]
        done = subprocess.run(words, capture_output=True, text=True, check=False, **self._how())
        assert done.returncode == 0, done.stderr


@contextmanager
def running_postgres(settings: Sequence[str] = QUICK) -> Iterator[Postgres]:
    """Make a cluster, start it, and take it away at the end."""
    # A socket's path has to be short, and its folder one that another user may enter.
    folder = Path(tempfile.mkdtemp(prefix="wedtui-pg-", dir="/tmp"))
    cluster = Postgres(folder, settings)
    try:
        folder.chmod(0o755)
        if cluster.as_user:
            shutil.chown(folder, "postgres", "postgres")
        cluster.make()
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder)
