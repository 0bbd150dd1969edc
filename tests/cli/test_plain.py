"""`wedtui --plain` as a process: on a pseudo-terminal with the real service, on pipes, and however it is ended."""

from __future__ import annotations

import errno
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.poller.service_process import Place, eventually, http_server, make_place

COMMAND = [sys.executable, "-m", "wedtui", "--plain"]


class Terminal:
    """A pseudo-terminal of the test's own, and the program that has it as its controlling terminal."""

    def __init__(self, place: Place, command: list[str]) -> None:
        pid, self.master = pty.fork()
        if pid == 0:
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            os.execve(command[0], command, {**place.environ, "LC_ALL": "C.UTF-8", "TERM": "dumb"})
        self.pid = pid
        self.seen = b""

    def hear(self) -> bool:
        """Take what was written; return whether the terminal still has anybody on it."""
        ready, _, _ = select.select([self.master], [], [], 0.05)
        try:
            chunk = os.read(self.master, 65536) if ready else None
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return False
        self.seen += chunk or b""
        return chunk != b""

    def shows(self, *words: str) -> None:
        def there() -> bool:
            self.hear()
            return all(word.encode() in self.seen for word in words)

        try:
            eventually(there)
        except AssertionError:
            raise AssertionError(f"{words} did not appear:\n{self.seen.decode()}") from None

    def type(self, line: str) -> None:
        os.write(self.master, line.encode() + b"\n")

    def hang_up(self) -> None:
        os.close(self.master)
        self.master = -1

    def code(self) -> int:
        """Wait for the end; return the exit code, or the negative number of the signal that killed it."""
        ended: list[int] = []

        def over() -> bool:
            if self.master >= 0:
                self.hear()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            ended.append(os.waitstatus_to_exitcode(status) if pid else 0)
            return bool(pid)

        eventually(over)
        self.pid = 0
        return ended[-1]

    def end(self) -> None:
        if self.master >= 0:
            os.close(self.master)
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with http_server() as url:
        made = make_place(tmp_path, url, probes=2)
        yield made
        made.wedtui("service", "stop")


@contextmanager
def terminal(place: Place, *command: str) -> Iterator[Terminal]:
    made = Terminal(place, list(command or COMMAND))
    try:
        yield made
    finally:
        made.end()


def test_it_starts_the_service_announces_answers_and_leaves(place: Place) -> None:
    with terminal(place) as line:
        line.shows("Service running, heard", "here is OK")
        line.type("stauts")
        line.shows('Unknown command "stauts"; did you mean status?')

        def asked() -> bool:
            line.type("provider he")
            line.shows("every 500 milliseconds")
            return b"Probe p1: passed" in line.seen

        # It may be OK by its first probe before anything is heard of the second.
        eventually(asked)
        line.type("signal here p0")
        line.shows("Over the last 15 minutes: lowest")
        assert "stopped" in place.wedtui("service", "stop").stdout
        line.shows("Service STOPPED", "ago: nothing is being watched")
        line.type("quit")
        assert line.code() == 0
        assert b"\x1b" not in line.seen
        text = line.seen.decode()
        assert text.isascii()
        assert all(c.isprintable() or c in "\r\n" for c in text)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_its_code_and_without_a_traceback(place: Place, number: signal.Signals) -> None:
    with terminal(place) as line:
        line.shows("roviders are known")
        os.kill(line.pid, number)
        assert line.code() == 128 + number
        assert b"Traceback" not in line.seen


def test_a_signal_ends_it_while_its_output_is_stalled(place: Place) -> None:
    with terminal(place) as line:
        line.shows("roviders are known")
        # Nobody reads any more: a pseudo-terminal holds a few kilobytes.
        for _ in range(200):
            line.type("help")
            if not select.select([], [line.master], [], 0.02)[1]:
                break
        os.kill(line.pid, signal.SIGTERM)

        def over() -> bool:
            return os.waitid(os.P_PID, line.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

        eventually(over)
        assert line.code() == 128 + signal.SIGTERM


def test_a_terminal_that_hangs_up_ends_it(place: Place) -> None:
    with terminal(place) as line:
        line.shows("roviders are known")
        line.hang_up()
        assert line.code() == 128 + signal.SIGHUP


def test_a_terminal_that_hangs_up_ends_it_even_where_the_signal_is_ignored(place: Place) -> None:
    with terminal(place, "/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh", *COMMAND) as line:
        line.shows("roviders are known")
        line.hang_up()
        assert line.code() in {0, 128 + signal.SIGHUP}


def test_the_end_of_input_on_a_terminal_ends_it(place: Place) -> None:
    with terminal(place) as line:
        line.shows("roviders are known")
        os.write(line.master, b"\x04")
        assert line.code() == 0


def piped(place: Place, typed: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        COMMAND, env={**place.environ, **environ}, input=typed, capture_output=True, text=True, check=False, timeout=300
    )


def test_commands_from_a_pipe_are_answered(place: Place) -> None:
    with place.service() as service:
        eventually(lambda: len(place.rounds()) > 4)
        done = piped(place, "status\nfindings\n", LC_ALL="C")
        service.terminate()
    assert (done.returncode, done.stderr) == (0, "")
    assert "All 1 provider" not in done.stdout
    assert "1 OK, of 1 provider" in done.stdout
    assert "Mode personal." in done.stdout
    assert done.stdout.isascii()


def test_a_reader_of_its_output_that_leaves_ends_it_quietly(place: Place) -> None:
    child = subprocess.Popen(
        COMMAND, env=place.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    # It may have noticed already, by what it had to say itself, and be gone.
    with suppress(BrokenPipeError):
        child.stdin.write(b"help\n" * 50)
        child.stdin.flush()
    assert child.wait(300) == 1
    assert child.stderr.read() == b""
    with suppress(BrokenPipeError):
        child.stdin.close()
    child.stderr.close()


def test_a_configuration_that_cannot_be_used_ends_it_with_its_lines(place: Place) -> None:
    place.config.write_text("environment = 7\n")
    done = piped(place, "status\n")
    assert done.returncode == 2
    assert "environment: expected text" in done.stderr
    assert "CACHE" not in done.stdout


def test_the_demo_is_told_in_lines_and_leaves_nothing(tmp_path: Path) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "wedtui", "demo", "--plain", "--scenario", "calm"]
    done = subprocess.run(
        command, env=environ, input="status\n", capture_output=True, text=True, check=False, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("DEMO, a made-up world.")
    assert "4 providers" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_it_stands_alone(place: Place) -> None:
    done = place.wedtui("--plain", "status")
    assert done.returncode == 2
    assert "behind" in done.stderr
