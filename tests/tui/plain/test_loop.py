"""The loop at real descriptors, with a source in memory: input that ends, lines that are too long, no Textual."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from tests.pictures import WELL, MovableClock, source_of
from wedtui.tui.plain.loop import LONGEST_TYPED, PlainLoop, Streams


def run(typed: bytes, *, utf8: bool = True) -> tuple[int, str]:
    """Feed a session from a pipe that ends; return its code and what it wrote."""
    reading, feeding = os.pipe()
    heard, writing = os.pipe()
    out: list[bytes] = []

    def hear() -> None:
        while chunk := os.read(heard, 65536):
            out.append(chunk)

    def feed() -> None:
        with os.fdopen(feeding, "wb") as pipe:
            pipe.write(typed)

    threads = [threading.Thread(target=work) for work in (hear, feed)]
    for thread in threads:
        thread.start()
    try:
        loop = PlainLoop(lambda: source_of(WELL), MovableClock(), Streams(reading, writing), utf8=utf8)
        code = loop.run()
    finally:
        os.close(writing)
        for thread in threads:
            thread.join()
        os.close(reading)
        os.close(heard)
    return code, b"".join(out).decode()


def test_a_pipe_of_commands_is_answered_and_then_it_ends() -> None:
    code, out = run(b"status\nquit\n")
    assert code == 0
    assert "all 4 providers OK".casefold() in out.casefold()
    assert out.endswith("The service goes on watching.\n")


def test_the_end_of_input_ends_it_after_the_last_answer_even_without_a_newline() -> None:
    code, out = run(b"signal aws cpu\nprovider gcp")
    assert code == 0
    assert out.index("Over the last 15 minutes: lowest") < out.index("gcp is OK: score")


def test_no_input_at_all_ends_it() -> None:
    assert run(b"")[0] == 0


def test_a_line_without_end_is_thrown_away_and_said() -> None:
    code, out = run(b"x" * 9000 + b"\nhelp quit\n")
    assert code == 0
    assert f"That line is longer than {LONGEST_TYPED} bytes and was thrown away." in out
    assert out.endswith("quit: leave; the service goes on, a demo ends.\n")


@pytest.mark.parametrize("utf8", [True, False])
def test_what_is_typed_is_never_echoed_as_an_escape(utf8: bool) -> None:
    _, out = run("\x1b[2J\x9bevil é\xff\n".encode("latin-1") + "ßtatus\n".encode(), utf8=utf8)
    assert all(c == "\n" or c.isprintable() for c in out)
    assert utf8 or out.isascii()


def test_a_terminal_that_is_gone_ends_it_quietly() -> None:
    reading, feeding = os.pipe()
    master, terminal = os.openpty()
    os.close(master)
    try:
        assert (
            PlainLoop(lambda: source_of(WELL), MovableClock(), Streams(reading, terminal)).run() == 128 + signal.SIGHUP
        )
    finally:
        for descriptor in (reading, feeding, terminal):
            os.close(descriptor)


def test_it_brings_no_textual_along() -> None:
    code = (
        "import sys, wedtui.tui.plain.loop, wedtui.tui.draw.everything, wedtui.cli.plain; "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'textual', 'typer', 'sqlmodel', 'pydantic', 'httpx'}))"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert out.strip() == "[]"
