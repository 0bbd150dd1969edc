"""One service a state directory: a lock that the kernel releases with the process, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from wedtui.core.life import Life
from wedtui.errors import AlreadyRunningError, ServiceError

TRIES, TRY_AGAIN_S = 10, 0.02


class ServiceLock:
    """Holds the lock file while it is entered; the file says which process that is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._since = 0

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            AlreadyRunningError: another process has it.
            ServiceError: the file cannot be made.
        """
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise ServiceError(
                f"cannot make the lock file {self._path} ({error.strerror}): is the state directory yours to write?"
            ) from None
        for _ in range(TRIES):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # It may be somebody who only looks who holds it, for as long as that takes.
                time.sleep(TRY_AGAIN_S)
        else:
            running = _read_pid(descriptor)
            os.close(descriptor)
            who = f" (process {running})" if running else ""
            raise AlreadyRunningError(
                f"a service already runs on {self._path.parent}{who}: stop it with `wedtui service stop` first"
            )
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor, self._since = descriptor, time.monotonic_ns()
        return self

    def life(self, instance: str, boot: str) -> Life:
        """Return the life that holds this lock: those that held it before, since the machine started, are over.

        Args:
            instance: of the service; changes at every start.
            boot: of the machine; empty where that is not known, and then nobody can tell whose life came first.
        """
        assert self._descriptor is not None, "it is entered"
        # The file itself, not its name: another one there is another lock, whoever holds the old one.
        file = os.fstat(self._descriptor)
        return Life(instance, f"{boot}:{file.st_dev}:{file.st_ino}", self._since) if boot else Life(instance)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the lock; the file stays, empty, so that nobody locks a file that is being unlinked."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def holder(path: Path) -> int | None:
    """Return the process that holds the lock, or None where nobody does.

    Only a held lock makes the number in the file believable: after a crash it may belong to anybody.

    Raises:
        ServiceError: the file is there but not ours to read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ServiceError(f"cannot read the lock file {path} ({error.strerror}): ask its owner") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_pid(descriptor)
    finally:
        os.close(descriptor)
    return None


def _read_pid(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else None
