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
        sys.stdout.flush()
    except WedtuiError as error:
        return report(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; what is still buffered must not raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def report(error: WedtuiError) -> int:
    """Say on standard error what went wrong; return the exit code of its kind."""
    for line in str(error).splitlines():
        print(f"wedtui: {line}", file=sys.stderr)
    return error.exit_code
