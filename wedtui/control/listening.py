"""The socket in the file system: made so that at no time anybody may use it who should not, and never another's.

Before it listens nobody can connect, and it listens only once owner, group and mode are right. Two services that are
given one socket are told apart by a lock beside it, which the kernel releases with its process.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from wedtui.control.identity import group_name, user_name
from wedtui.errors import ServiceError

MODE = 0o660
BACKLOG = 64
# sun_path of unix(7), with the zero that ends it.
LONGEST_PATH = 107


class Listening:
    """A socket that listens, until it is closed."""

    def __init__(self, path: Path, gid: int | None = None) -> None:
        """Make the socket.

        Args:
            path: absolute.
            gid: of the group whose members may connect; by default that of this process.

        Raises:
            ServiceError: it cannot be made, or what is in its place is not ours to replace.
        """
        self._path = path
        _refuse_folder(path.parent)
        self._lock = _locked(path)
        try:
            _clear(path)
            self.socket = _bound(path, os.getegid() if gid is None else gid)
            self._made = _identity(path)
        except BaseException:
            os.close(self._lock)
            raise

    def close(self) -> None:
        """Stop listening, and take the socket away if it is still this one."""
        self.socket.close()
        with suppress(FileNotFoundError):
            if _identity(self._path) == self._made:
                self._path.unlink()
        os.close(self._lock)


@contextmanager
def address_of(path: Path) -> Iterator[str]:
    """Give a socket's path as the kernel takes it: by its folder's descriptor where it is too long otherwise."""
    if len(os.fsencode(path)) <= LONGEST_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _refuse_folder(folder: Path) -> None:
    try:
        found = folder.stat()
    except OSError as error:
        raise ServiceError(
            f"the control socket cannot be made in {folder} ({error.strerror}): make it, or name another place with "
            "control.socket"
        ) from None
    if found.st_uid not in {0, os.geteuid()}:
        raise ServiceError(
            f"the control socket is not made in {folder}, which belongs to {user_name(found.st_uid)}: "
            "name another place with control.socket"
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ServiceError(
            f"the control socket is not made in {folder}, where others may replace it "
            f"(mode {stat.S_IMODE(found.st_mode):04o}): chmod go-w {folder}"
        )


def _locked(path: Path) -> int:
    """Return the descriptor of the lock beside a socket."""
    lock = path.with_name(f"{path.name}.lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ServiceError(f"{lock} cannot be made ({error.strerror}): is its folder yours to write?") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ServiceError(
            f"another service listens on {path}: stop it, or give each a control.socket of its own"
        ) from None
    return descriptor


def _clear(path: Path) -> None:
    """Take away what a service that died has left; anything else stays.

    Raises:
        ServiceError: something else is there.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise ServiceError(f"{path} is no socket: move it away, or name another place with control.socket")
    if found.st_uid != os.geteuid():
        raise ServiceError(
            f"the socket {path} belongs to {user_name(found.st_uid)} and is not replaced: find out who made it, and "
            "remove it"
        )
    if _answers(path):
        raise ServiceError(f"another program listens on {path}: end it, or name another place with control.socket")
    path.unlink(missing_ok=True)


def _answers(path: Path) -> bool:
    """Whether anybody listens on a socket; in doubt somebody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knocking, address_of(path) as address:
        knocking.setblocking(False)
        return knocking.connect_ex(address) not in {errno.ECONNREFUSED, errno.ENOENT}


def _bound(path: Path, gid: int) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # The file is made with this mode: the umask of a process is not one thread's to change.
        os.fchmod(made.fileno(), 0o600)
        with address_of(path) as address:
            made.bind(address)
        _open_to(path, gid)
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        raise ServiceError(f"the control socket {path} cannot be made ({error.strerror}): see who holds it") from None
    except ServiceError:
        made.close()
        path.unlink(missing_ok=True)
        raise
    return made


def _open_to(path: Path, gid: int) -> None:
    try:
        # Where it is of that group already nothing is asked of the system, which a service may be kept from asking.
        if path.lstat().st_gid != gid:
            os.chown(path, -1, gid, follow_symlinks=False)
    except PermissionError:
        raise ServiceError(
            f"the control socket cannot be opened to {group_name(gid)}, because {user_name(os.geteuid())} is not in "
            "that group, or may not give files away: see docs/control.md, or correct control.group"
        ) from None
    path.chmod(MODE)


def _identity(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino
