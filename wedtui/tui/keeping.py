"""Keeps a session in its file: read once at the start, written by a thread of its own whenever it changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from wedtui.tui.private_files import read_own, replace_own
from wedtui.tui.session import MOST_BYTES, Session, dump, parse

_STOP_WAIT_S = 1.0


class Keeper:
    """One session's file.

    Args:
        path: the file; its directory is made where it is missing.
        complain: called once, on the thread, with a sentence when it cannot be written.
    """

    def __init__(self, path: Path, complain: Callable[[str], object]) -> None:
        self._path = path
        self._complain = complain
        self._complained = False
        self._known: Session | None = None
        self._next: Session | None = None
        self._changed = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="wedtui-keeper", daemon=True)

    def read(self) -> tuple[Session, str | None]:
        """Return what was kept, and a sentence where it had to be ignored; never raises."""
        try:
            data = read_own(self._path, MOST_BYTES)
            if data is None:
                return Session(), None
            self._known = parse(data)
            return self._known, None
        except (OSError, ValueError) as error:
            why = error.strerror or "" if isinstance(error, OSError) else str(error)
            return Session(), f"what was open last time is not known ({why}): {self._path.name} is ignored"

    def keep(self, session: Session) -> None:
        """Write a session soon, unless it is what the file says; the newest wins."""
        with self._changed:
            if session == (self._next or self._known):
                return
            self._next = session
            self._changed.notify()
        if not self._thread.is_alive() and not self._stopped:
            self._thread.start()

    def stop(self) -> None:
        """Write what is not yet written, without waiting for a disk that hangs."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(_STOP_WAIT_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                while self._next is None and not self._stopped:
                    self._changed.wait()
                session, self._next = self._next, None
                if session is None:
                    return
                self._known = session
            self._write(session)

    def _write(self, session: Session) -> None:
        try:
            replace_own(self._path, dump(session))
        except OSError as error:
            if not self._complained:
                self._complained = True
                self._complain(f"what is open will not come back ({error.strerror}): cannot write {self._path}")
