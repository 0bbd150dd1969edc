"""Files that only their owner may read: reading, replacing and adding them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700


def read_own(path: Path, most: int) -> bytes | None:
    """Return a file's first `most` + 1 bytes, or None where there is none.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not a regular file of this user's.
    """
    try:
        # A pipe in its place must not hold us up.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid():
            raise ValueError("it is not a file of yours")
        return file.read(most + 1)


def make_own(directory: Path) -> None:
    """Make a directory that is private where it is new, and so the one around it.

    Raises:
        OSError: it cannot be made.
    """
    directory.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    directory.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)


def replace_own(path: Path, data: bytes) -> None:
    """Put `data` in the place of a file, wholly or not at all, readable for its owner alone.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
    make_own(path.parent)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)  # of a process of that number, which died while it wrote
    try:
        add_own(new, data)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def add_own(path: Path, data: bytes) -> None:
    """Make a file that was not there, readable for its owner alone; of one that does not fit nothing is left.

    Raises:
        FileExistsError: there is one.
        OSError: it cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except OSError:
        path.unlink(missing_ok=True)
        raise
