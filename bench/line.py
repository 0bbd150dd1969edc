"""What the dashboard costs a line: bytes, CPU, answers to keys and memory, beside a bare program and a bare app.

All at 120x40 in 256 colours, on a cache in which more than ten values change every second.
"""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from bench.far import FarTerminal, differing
from bench.figures import Figure, quantile
from bench.screen import environment
from bench.world import PROVIDERS, changing_world

LAST_SEEN = PROVIDERS[-2]
"""At 120x40 the last of them lies below the table: alerts have two lines."""
SECONDS = 20
# What other machines on the same host do shows in one stretch of seconds and not in the next: the median counts.
STRETCHES = 3
SETTLED_AFTER_S = 5.0
# Both go to rows that none of the keys before went to; a second round begins where the first one did.
KEYS = (b"j", b"j", b"k", b"G", b"k", b"g")
LOCAL_KEYS = 42
FAR_KEYS = 30
# A key is pressed after this much silence (s): whatever comes now is its answer and not the second's.
SILENCE_S = 0.15
ANSWERED_WITHIN_S = 10.0
MODEM = 56_000 / 8
TRIP_S = 0.14


class Quiet(NamedTuple):
    """What one program cost while nobody touched it."""

    cells: float
    """Changed cells a second."""
    rate: float
    """Bytes a second."""
    cpu: float
    """Percent of a core."""
    memory: float
    """Megabytes."""

    @property
    def each(self) -> float:
        """Bytes for each changed cell."""
        return self.rate / self.cells


class Far(NamedTuple):
    """What one program was like at the end of a slow line (s)."""

    populated: float
    keys: list[float]


def watch(terminal: FarTerminal) -> Quiet:
    """Watch a program that is left alone, second by second."""
    cells, cpu, counted = 0, terminal.cpu, terminal.bytes
    began = time.perf_counter()
    before = terminal.look()
    for second in range(1, SECONDS + 1):
        terminal.watch(began + second - time.perf_counter())
        after = terminal.look()
        cells += differing(before, after)
        before = after
    passed = time.perf_counter() - began
    return Quiet(
        cells / passed,
        (terminal.bytes - counted) / passed,
        (terminal.cpu - cpu) / passed * 100,
        terminal.memory,
    )


def answers(terminal: FarTerminal, count: int, *, silence: float = SILENCE_S) -> list[float]:
    """Press keys that move the cursor; return how long each took until the cursor stood elsewhere (s).

    Args:
        terminal: where the program runs, with its cursor on the first row.
        count: how many keys.
        silence: a key is pressed when nothing has arrived for so long; a line that is never silent is not waited for.

    Raises:
        TimeoutError: a key was not answered.
    """
    taken = []
    for number in range(count):
        # Uneven pauses, so that keys and seconds do not keep step.
        terminal.watch(0.2 + 0.11 * (number % 5))
        patience = time.perf_counter() + 1.0
        while time.perf_counter() < patience and terminal.step(silence):
            pass
        before = terminal.grounds()
        pressed = terminal.press(KEYS[number % len(KEYS)])
        while terminal.grounds() == before:
            terminal.step(0.05)
            if time.perf_counter() - pressed > ANSWERED_WITHIN_S:
                raise TimeoutError(f"key {number} was not answered:\n{terminal.text}")
        taken.append(terminal.arrived - pressed)
    return taken


def at_hand(config: Path, state: Path) -> tuple[list[Quiet], list[float]]:
    """Measure the dashboard on a terminal beside it, over several stretches of time, the least CPU first."""
    with FarTerminal(_dashboard(config), environ=environment(state)) as terminal:
        terminal.until(LAST_SEEN)
        terminal.watch(SETTLED_AFTER_S)
        stretches = sorted((watch(terminal) for _ in range(STRETCHES)), key=lambda quiet: quiet.cpu)
        return stretches, answers(terminal, LOCAL_KEYS)


def limits_at_hand(state: Path) -> tuple[Quiet, list[float], Quiet]:
    """Measure the bare program in the same way, and at the same time the bare app."""

    def board() -> tuple[Quiet, list[float]]:
        with FarTerminal(_module("bench.ansi_board"), environ=environment(state)) as terminal:
            terminal.until(LAST_SEEN)
            terminal.watch(1.0)
            return watch(terminal), answers(terminal, LOCAL_KEYS)

    def clock() -> Quiet:
        with FarTerminal(_module("bench.clock_app"), environ=environment(state)) as terminal:
            terminal.until("CLOCK")
            terminal.watch(2.0)
            return watch(terminal)

    with ThreadPoolExecutor() as pool:
        limit, app = pool.submit(board), pool.submit(clock)
        return *limit.result(), app.result()


def far_away(command: list[str], state: Path, trip: float) -> Far:
    """Start a program behind a line of 56 kbit/s and press keys there."""
    with FarTerminal(command, environ=environment(state), rate=MODEM, trip=trip) as terminal:
        populated = terminal.until(LAST_SEEN)
        terminal.watch(SETTLED_AFTER_S)
        return Far(populated, answers(terminal, FAR_KEYS))


def _dashboard(config: Path) -> list[str]:
    return _module("wedtui", "--config", str(config))


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]


def figures() -> list[Figure]:
    """Measure what is at hand first, one after the other, then what is far away."""
    with tempfile.TemporaryDirectory() as folder, changing_world(Path(folder)) as (config, state):
        quiet, keys = at_hand(config, state)
        limit, limit_keys, clock = limits_at_hand(state)
        ours, board = _dashboard(config), _module("bench.ansi_board")
        far = {}
        for trip in (TRIP_S, 0.0):
            with ThreadPoolExecutor() as pool:
                both = [pool.submit(far_away, command, state, trip) for command in (ours, board)]
                far[trip] = [measured.result() for measured in both]
    return [*_quiet(quiet, limit, clock), *_keys(keys, limit_keys), *_far(far)]


def _quiet(stretches: list[Quiet], limit: Quiet, clock: Quiet) -> list[Figure]:
    ours = stretches[len(stretches) // 2]

    def beside(what: str) -> str:
        return f"bare program {getattr(limit, what):.2f}, smallest Textual app {getattr(clock, what):.2f}"

    cells = f"{ours.cells:.0f} cells/s"
    spread = f"of {len(stretches)} stretches {stretches[0].cpu:.2f} to {stretches[-1].cpu:.2f}"
    return [
        Figure("bytes per changed cell", ours.each, 10.0, "B", f"{cells}; {beside('each')}"),
        Figure("bytes a second, data changing", ours.rate, 1500.0, "B", f"{beside('rate')}"),
        Figure("CPU of a core, data changing", ours.cpu, 1.5, "%", f"{spread}; {beside('cpu')}"),
        Figure("memory", ours.memory, 80.0, "MB", beside("memory")),
    ]


def _keys(keys: list[float], limit: list[float]) -> list[Figure]:
    beside = f"{len(keys)} keys; bare program {quantile(limit, 0.95) * 1000:.1f} ms"
    return [Figure("key to first changed cell: p95", quantile(keys, 0.95) * 1000, 20.0, "ms", beside)]


def _far(far: dict[float, list[Far]]) -> list[Figure]:
    (ours, board), (ours_near, board_near) = far[TRIP_S], far[0.0]
    trip = TRIP_S * 1000

    def beside(limit: Far) -> str:
        return f"{FAR_KEYS} keys; bare program {quantile(limit.keys, 0.95) * 1000:.0f} ms"

    return [
        Figure(
            f"56 kbit/s, {trip:.0f} ms: populated",
            ours.populated,
            3.0,
            "s",
            f"bare program {board.populated:.2f} s; without the {trip:.0f} ms {ours_near.populated:.2f} s",
        ),
        Figure("56 kbit/s: key answered, p95", quantile(ours_near.keys, 0.95) * 1000, 300.0, "ms", beside(board_near)),
        Figure(
            f"56 kbit/s, {trip:.0f} ms: key answered, p95",
            quantile(ours.keys, 0.95) * 1000,
            300.0 + trip,
            "ms",
            beside(board),
        ),
    ]
