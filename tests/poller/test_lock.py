"""One service a state directory, and no belief in a number that a dead process left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from wedtui.core.life import is_over
from wedtui.errors import AlreadyRunningError, ServiceError
from wedtui.poller.lock import ServiceLock, holder

HOLD = """
import sys, pathlib
from wedtui.poller.lock import ServiceLock
with ServiceLock(pathlib.Path(sys.argv[1])) as lock:
    print(lock.life("theirs", "boot").name, flush=True)
    sys.stdin.read()
"""


def hold(path: Path) -> tuple[subprocess.Popen[str], str]:
    """Return a process that holds the lock, and whose life that is."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    return child, child.stdout.readline().rstrip("\n")


def test_a_second_service_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    path = tmp_path / "service.lock"
    child, _life = hold(path)
    with child:
        assert holder(path) == child.pid
        with pytest.raises(AlreadyRunningError, match=str(child.pid)), ServiceLock(path):
            pass
        child.communicate("")
    assert holder(path) is None


def test_a_killed_service_leaves_no_lock_and_its_number_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "service.lock"
    child, _life = hold(path)
    with child:
        os.kill(child.pid, signal.SIGKILL)
    assert path.read_text().strip() == str(child.pid)
    assert holder(path) is None
    with ServiceLock(path):
        assert path.read_text().strip() == str(os.getpid())
    assert path.read_text() == ""


def test_one_that_stands_still_is_not_over_and_one_that_is_killed_is(tmp_path: Path) -> None:
    path = tmp_path / "service.lock"
    child, theirs = hold(path)
    with child:
        os.kill(child.pid, signal.SIGSTOP)
        with pytest.raises(AlreadyRunningError), ServiceLock(path):
            pass
        # Another file of that name is another lock, and says nothing of whoever holds the first.
        path.rename(tmp_path / "moved")
        with ServiceLock(path) as other:
            assert not is_over(theirs, other.life("mine", "boot").name)
        (tmp_path / "moved").replace(path)
        os.kill(child.pid, signal.SIGKILL)
    with ServiceLock(path) as lock:
        mine = lock.life("mine", "boot").name
        assert is_over(theirs, mine)
        assert not is_over(mine, theirs)
        assert not is_over(theirs, lock.life("mine", "another start of the machine").name)
        assert not is_over(lock.life("mine", "").name, mine)


def test_nobody_holds_a_lock_that_was_never_made(tmp_path: Path) -> None:
    assert holder(tmp_path / "service.lock") is None


def test_a_directory_that_is_missing_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="is the state directory yours"), ServiceLock(tmp_path / "no" / "lock"):
        pass
