"""How a command that fails says so: sentences on standard error, and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from wedtui.errors import WedtuiError

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
    return code or _flushed()


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
        print(f"wedtui: {line}", file=sys.stderr)
    return error.exit_code
