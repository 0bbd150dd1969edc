"""How a command that fails says so: sentences on standard error, and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable

from wedtui.core.text import single_line
from wedtui.errors import DiskFullError, WedtuiError

INTERRUPTED = 130


def guarded(work: Callable[[], int]) -> int:
    """Run a command; turn what it refuses into sentences and an exit code."""
    try:
        code = work()
    except WedtuiError as error:
        return report(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        drop_output()
        return 1
    except OSError as error:
        return report(_of_system(error))
    return code or _flushed()


def _of_system(error: OSError) -> WedtuiError:
    """Say what the operating system refused, and of which file."""
    what = f"{error.filename}: " if error.filename else ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFullError(f"{what}the disk is full: make room and try again")
    reason = (error.strerror or type(error).__name__).lower()
    return WedtuiError(f"{what}the system refused it ({reason}): check the path, its owner and its disk")


def drop_output() -> None:
    """Send what is still buffered nowhere: whoever read our output has gone, and it must not raise again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _flushed() -> int:
    """Write out what is buffered; return 1 where that cannot be done."""
    if sys.stdout is None:  # closed by whoever started us
        return 1
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        drop_output()
    except OSError as error:
        drop_output()
        print(f"wedtui: cannot write the answer ({error.strerror})", file=sys.stderr)
    else:
        return 0
    return 1


def report(error: WedtuiError) -> int:
    """Say on standard error what went wrong; return the exit code of its kind."""
    for line in str(error).splitlines():
        # A value that is quoted comes from outside; its escapes must not reach the terminal.
        print(f"wedtui: {single_line(line, 2000)}", file=sys.stderr)
    return error.exit_code
