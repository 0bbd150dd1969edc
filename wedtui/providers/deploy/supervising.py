"""Runs one command to its end, whatever becomes of the service that started it. A program of its own.

It keeps what the command prints, bounded; ends it when its time is up or when it is asked to; ends whatever it left
behind; and writes how it ended, once, where the service finds it. As long as it lives it holds the lock that it was
given. It imports nothing but the standard library: it is started for every command.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

COMMAND, BEGUN, ABORT, RESULT = "command.json", "begun", "abort", "result.json"
OUTPUT, OLDER = "output", "output.older"
SEGMENT = 512 * 1024
"""What is printed is kept in two files of this many bytes at most: the older one is dropped for a newer."""
LOOKS_EVERY_S = 0.2
ENDS_WITHIN_S = 10.0
"""So long a command has to end when it is told to; then it is killed."""
DRAINS_FOR_S = 1.0
_READS = 65536
_SET_CHILD_SUBREAPER = 36
"""Of prctl(2): what a command leaves behind becomes a child of this process, whatever session it made for itself."""


class Output:
    """What a command printed, as far as it is kept."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._size = folder, 0
        self.total = self.lost = 0
        self._file: IO[bytes] = (folder / OUTPUT).open("wb", buffering=0)

    def write(self, data: bytes) -> None:
        """Keep what was printed."""
        self.total += len(data)
        self._size += len(data)
        try:
            self._file.write(data)
            if self._size >= SEGMENT:
                self._file.close()
                (self._folder / OUTPUT).replace(self._folder / OLDER)
                self._file, self._size = (self._folder / OUTPUT).open("wb", buffering=0), 0
        except OSError:
            # A full disk ends no command in its middle: what was lost is counted.
            self.lost += len(data)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def written(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document so that it is there whole or not at all, through a crash of the machine."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(document, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def descendants(pid: int) -> list[int]:
    """Return the processes under one, the nearest first."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(word) for word in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found


class Supervisor:
    """One command in its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._command: dict[str, Any] = json.loads((folder / COMMAND).read_text(encoding="utf-8"))
        # What it finds in its environment is nothing to keep.
        (folder / COMMAND).unlink()
        self._result: dict[str, Any] = {"code": None, "timed_out": False, "aborted": False, "left": 0}
        self._told_at: float | None = None

    def run(self) -> None:
        """Run it; whatever happens, how it ended is written."""
        ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        # From here on it may have been started: whoever finds this and no result knows that they do not know.
        written(self._folder / BEGUN, {"pid": os.getpid()})
        output = Output(self._folder)
        try:
            child = self._started()
        except OSError as error:
            self._result["could_not_start"] = f"{error.strerror or type(error).__name__}"
        else:
            self._follow(child, output)
            self._end_what_is_left()
        finally:
            output.close()
        self._result |= {"printed": output.total, "lost": output.lost}
        written(self._folder / RESULT, self._result)

    def _started(self) -> subprocess.Popen[bytes]:
        command = self._command
        who: dict[str, Any] = {}
        if command["user"] is not None:
            who = {"user": command["user"], "group": command["group"], "extra_groups": command["groups"]}
        return subprocess.Popen(  # noqa: S603 - an argument list from the configuration, and no shell
            command["argv"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=command["environ"],
            cwd=command["cwd"],
            start_new_session=True,
            umask=0o077,
            **who,
        )

    def _follow(self, child: subprocess.Popen[bytes], output: Output) -> None:
        assert child.stdout is not None, "it is piped"
        ends, drained = time.monotonic() + float(self._command["within_s"]), 0.0
        os.set_blocking(child.stdout.fileno(), False)
        with selectors.DefaultSelector() as ready:
            ready.register(child.stdout, selectors.EVENT_READ)
            while True:
                open_still = self._read(ready, child.stdout, output)
                now, code = time.monotonic(), child.poll()
                if code is None:
                    self._mind(child.pid, now, ends)
                    continue
                # What it left behind may hold the pipe open: that is not waited for.
                drained = drained or now + DRAINS_FOR_S
                if not open_still or now >= drained:
                    self._result["code"] = code
                    return

    def _read(self, ready: selectors.BaseSelector, pipe: IO[bytes], output: Output) -> bool:
        """Keep what is printed within a moment; return whether more may come."""
        if not ready.get_map():
            time.sleep(LOOKS_EVERY_S)
            return False
        if ready.select(LOOKS_EVERY_S):
            data = pipe.read(_READS)
            if data:
                output.write(data)
            elif data is not None:
                ready.unregister(pipe)
        return bool(ready.get_map())

    def _mind(self, pid: int, now: float, ends: float) -> None:
        """Tell a command to end whose time is up, or that somebody aborts; one that does not is killed."""
        if self._told_at is None:
            self._result["timed_out"] = now >= ends
            self._result["aborted"] = (self._folder / ABORT).exists()
            if not (self._result["timed_out"] or self._result["aborted"]):
                return
            self._told_at = now
            self._signal(pid, signal.SIGTERM)
        elif now - self._told_at >= ENDS_WITHIN_S:
            self._signal(pid, signal.SIGKILL)

    def _signal(self, pid: int, number: signal.Signals) -> None:
        for each in [*descendants(os.getpid()), pid]:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(each, number)

    def _end_what_is_left(self) -> None:
        """End what the command started and did not wait for: nobody would know what becomes of it."""
        # What ended by itself and is not waited for yet is nothing that was left behind.
        self._reap()
        told, left = False, descendants(os.getpid())
        self._result["left"] = len(left)
        ends = time.monotonic() + ENDS_WITHIN_S
        while left := descendants(os.getpid()):
            late = time.monotonic() >= ends
            for each in left if late or not told else ():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(each, signal.SIGKILL if late else signal.SIGTERM)
            if late and time.monotonic() >= ends + ENDS_WITHIN_S:
                # Somebody else's by now (a command that became another user): who reads this is told that it is there.
                break
            told = True
            self._reap()
            time.sleep(LOOKS_EVERY_S / 4)
        self._reap()

    def _reap(self) -> None:
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return


def main() -> None:
    """Run the command of the folder that is named, with the lock that is handed down."""
    # Whoever ends the service does not end what it started. A handler, and not SIG_IGN: that one the command would
    # inherit, and could neither be told to end nor clean up.
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: None)
    os.umask(0o077)
    Supervisor(Path(sys.argv[1])).run()


if __name__ == "__main__":
    main()
