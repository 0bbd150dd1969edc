"""The service as a process: started in the background, found by its lock, stopped with SIGTERM."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from wedtui.errors import AlreadyRunningError, ServiceError
from wedtui.poller.lock import holder

READY_WITHIN_S = 20.0
STOPPED_WITHIN_S = 20.0
LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class ServiceFiles:
    """The files by which a service is found."""

    lock: Path
    output: Path
    """What it prints before its log is open, and the last words of a crash."""


def start(files: ServiceFiles, arguments: list[str]) -> int:
    """Start a service in the background and wait until it watches.

    It becomes the leader of a session of its own, so that it outlives the terminal.

    Args:
        files: of the state directory.
        arguments: of `wedtui`, up to and without the descriptor by which it says that it is ready.

    Returns:
        Its process number.

    Raises:
        AlreadyRunningError: one runs there already.
        ServiceError: it ended at once, or did not begin to watch in time; with its own words.
    """
    running = holder(files.lock)
    if running is not None:
        raise AlreadyRunningError(f"a service already runs here (process {running})")
    reading, writing = os.pipe()
    try:
        with files.output.open("wb") as output:
            child = subprocess.Popen(
                [sys.executable, "-m", "wedtui", *arguments, "--ready-fd", str(writing)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                pass_fds=(writing,),
                start_new_session=True,
            )
        os.close(writing)
        ready, _, _ = select.select([reading], [], [], READY_WITHIN_S)
        if ready and os.read(reading, 16):
            return child.pid
    finally:
        os.close(reading)
    if not ready:
        child.terminate()
        raise ServiceError(f"the service did not begin to watch within {READY_WITHIN_S:g} s: see {files.output}")
    code = child.wait()
    words = files.output.read_text(errors="replace").strip().splitlines()
    error = ServiceError(words[-1].removeprefix("wedtui: ") if words else f"the service ended at once ({code})")
    error.exit_code = code if code > 0 else ServiceError.exit_code
    raise error


def stop(files: ServiceFiles) -> int | None:
    """Ask the service to end, and wait until it has.

    Returns:
        The process that ended, or None where none ran.

    Raises:
        ServiceError: it is not ours to stop, or did not end in time.
    """
    pid = holder(files.lock)
    if pid is None:
        return None
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return pid
    except PermissionError:
        raise ServiceError(f"the service (process {pid}) belongs to another user: ask its owner to stop it") from None
    for _ in range(int(STOPPED_WITHIN_S / LOOK_EVERY_S)):
        if holder(files.lock) != pid:
            return pid
        time.sleep(LOOK_EVERY_S)
    raise ServiceError(f"the service (process {pid}) did not end within {STOPPED_WITHIN_S:g} s: see its log")
