"""What a person types at a terminal after they were shown something; what they typed before is thrown away."""

from __future__ import annotations

import os
import sys
import termios

TRIES = 3


def attended() -> bool:
    """Whether a person can be shown something here, and type."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def typed(target: str) -> bool:
    """Ask that a name be typed; return whether it was, within `TRIES`.

    Enter alone is no name, and neither is a line that was not ended. The end of input is a no.

    Raises:
        KeyboardInterrupt: the person left it.
    """
    for _ in range(TRIES):
        answer = _answer(f'Type "{target}" and Enter to confirm; Ctrl-C leaves it, and nothing is done.')
        if answer is None:
            return False
        if answer == f"{target}\n":
            return True
        print(f'That is not "{target}": nothing was confirmed.')
    return False


def _answer(question: str) -> str | None:
    """Return the line that is typed after a question was shown, None at the end of input."""
    print(question, flush=True)
    # All of it has left for the terminal; what was typed until now was typed before it could be read.
    termios.tcdrain(sys.stdout.fileno())
    termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    print("> ", end="", flush=True)
    # Not through a buffer of ours: of what is pasted only the first line is taken, and the rest is thrown away above.
    line = os.read(sys.stdin.fileno(), 4096)
    return line.decode("utf-8", "replace") if line else None
