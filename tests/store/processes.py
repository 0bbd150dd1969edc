"""Processes of their own for tests: ones that are killed, limited, or belong to another user."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

OTHER_USER = 65534  # "nobody" everywhere
SHARED_GROUP = 54321  # any number does: the kernel compares it, nobody looks it up
ROOT = Path(__file__).parents[2]

Body = Callable[..., None]


def kill_after(count: int, body: Body, *arguments: object) -> list[int]:
    """Run `body(pipe, *arguments)` in a process, kill -9 it after `count` numbers, and return all that it sent.

    It comes from a server process that has everything loaded and no database open.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([body.__module__])
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=body, args=(sending, *arguments))
    process.start()
    sending.close()
    sent = [receiving.recv() for _ in range(count)]
    process.kill()
    process.join()
    sent += _rest(receiving)
    return sent


def in_process(body: Body, *arguments: object) -> list[int]:
    """Run `body(pipe, *arguments)` in a process to its end, and return all that it sent."""
    context = multiprocessing.get_context("forkserver")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=body, args=(sending, *arguments))
    process.start()
    sending.close()
    sent = _rest(receiving)
    process.join()
    assert process.exitcode == 0
    return sent


def _rest(receiving: Connection[int, int]) -> list[int]:
    sent: list[int] = []
    while True:
        try:
            sent.append(receiving.recv())
        except (EOFError, OSError):
            return sent


def as_other_user(*arguments: str) -> dict[str, str]:
    """Run `tests.store.other_user` as somebody else who is in the shared group, and return what it answered."""
    command = [sys.executable, "-m", "tests.store.other_user", str(OTHER_USER), str(SHARED_GROUP), *arguments]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, "HOME": "/"}
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, str] = json.loads(done.stdout)
    return answer
