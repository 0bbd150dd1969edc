"""`wedtui --plain`: what the dashboard shows, told line by line, for screen readers and terrible lines."""

from __future__ import annotations

import sys
from pathlib import Path

from wedtui.cli.failure import guarded, report
from wedtui.cli.looks import abilities_of, looks_of, peek
from wedtui.cli.opening import Opening
from wedtui.clock import Clock, SystemClock
from wedtui.tui.terminal.abilities import Charset


def run(config_path: Path | None, *, clock: Clock | None = None, demo: bool = False) -> int:
    """Run the line mode on standard input and output until it is left; return the exit code.

    Args:
        config_path: the configuration that the command line names, or None.
        clock: the world's clock; by default the machine's.
        demo: whether the world is made up.
    """
    return guarded(lambda: _show(config_path, clock or SystemClock(), demo=demo))


def _show(config_path: Path | None, clock: Clock, *, demo: bool) -> int:
    from wedtui.tui.plain.loop import PlainLoop, Streams

    if sys.stdout is None:
        return 1
    opening = Opening(config_path)
    # A stream that whoever started us had closed is None; its number may be another file's by now.
    streams = Streams(reading=None if sys.stdin is None else sys.stdin.fileno(), writing=sys.stdout.fileno())
    loop = PlainLoop(
        opening.open, clock, streams, utf8=abilities_of(looks_of(peek(config_path))).charset is Charset.UTF8, demo=demo
    )
    opening.leave = loop.leave
    code = loop.run()
    return code if opening.refused is None else report(opening.refused)
