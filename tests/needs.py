"""What a test needs from the machine: skipped with the package's name, or failed where skips are forbidden."""

from __future__ import annotations

import os
import shutil

import pytest

NO_SKIPS = "WEDTUI_NO_SKIPS"


def need(present: bool, why: str) -> None:
    """Skip the test with `why` unless `present`; under WEDTUI_NO_SKIPS fail it instead."""
    if present:
        return
    if os.environ.get(NO_SKIPS):
        pytest.fail(f"{why} (skips are forbidden by {NO_SKIPS})")
    pytest.skip(why)


def require_program(name: str, *, package: str) -> str:
    """Return the path of a program, or skip saying which Debian package has it."""
    # Debian keeps servers in sbin, which is not on every user's path.
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/lib/postgresql/15/bin")
    need(path is not None, f"needs {name}, from the Debian package {package}")
    assert path is not None
    return path
