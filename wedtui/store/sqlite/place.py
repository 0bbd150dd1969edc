"""Which file a URL names, and opening that file with SQLite's own driver."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, unquote

from wedtui.errors import ConfigurationError
from wedtui.store.kind import Kind

HAS_VERSION = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"


def database_path(url: str, kind: Kind) -> Path:
    """Return the file that a database URL names.

    Raises:
        ConfigurationError: it names no file, or another database system.
    """
    key = f"{kind.name}.url"
    example = f"sqlite:////absolute/path/{kind.name}.db"
    scheme, colon, _ = url.partition("://")
    system = scheme.partition("+")[0]
    if not colon or not system.isalnum():
        raise ConfigurationError(f"{key} is not a database URL: write {example}")
    if system != "sqlite":
        raise ConfigurationError(
            f"{key} names {system}, which is not supported: use {example} or postgresql://user@host/database"
        )
    name = url.partition(":///")[2]
    path = Path(unquote(name))
    if not path.is_absolute() or "?" in name:
        raise ConfigurationError(f"{key} does not name one file for every process: write {example}")
    return path


def url_of(path: Path) -> str:
    """Return the URL of a file, whatever signs are in its name: what `database_path` turns back."""
    return f"sqlite:///{quote(str(path))}"


def connect(path: Path, mode: str, waits: timedelta) -> sqlite3.Connection:
    """Open a file without any transaction of the driver's own; it is never made.

    Args:
        path: an absolute path.
        mode: `ro` or `rw`.
        waits: how long a statement waits for another process that holds the file.
    """
    name = f"file:{quote(str(path))}?mode={mode}"
    return sqlite3.connect(name, uri=True, timeout=waits.total_seconds(), isolation_level=None, check_same_thread=False)


def identity(path: Path) -> tuple[int, int]:
    """Return what tells a file from another of the same name.

    Raises:
        OSError: there is none.
    """
    found = path.stat()
    return found.st_dev, found.st_ino
