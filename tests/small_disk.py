"""A small disk: mounted by root, by anybody else in a name space of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.needs import need


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[tuple[str, ...]]:
    """Mount one on a folder; yield the command by which it is seen, empty where everybody sees it.

    Args:
        folder: an empty one.
        megabytes: its size.
    """
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(folder)]
    if os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        try:
            yield ()
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        return
    # It lives as long as a process in there, which ends with its input.
    held = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", '"$@" && echo mounted && exec cat', "sh"]
    with subprocess.Popen([*held, *mount], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        need(holder.stdout.readline() == b"mounted\n", "needs root, or user name spaces, to mount a small disk")
        yield ("nsenter", "--target", str(holder.pid), "--user", "--mount", "--preserve-credentials")
