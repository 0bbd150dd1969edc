"""A pseudo-terminal, taken over and given back."""

from __future__ import annotations

import os
import pty
import termios
import tty
from collections.abc import Iterator

import pytest

from wedtui.tui.terminal.device import Device


@pytest.fixture
def descriptor() -> Iterator[int]:
    master, slave = pty.openpty()
    yield slave
    os.close(slave)
    os.close(master)


def test_the_line_discipline_is_given_back_as_it_was_found(descriptor: int) -> None:
    # Control characters are numbers only where lines are not edited: somebody else's program left it so.
    mode = termios.tcgetattr(descriptor)
    mode[tty.LFLAG] &= ~termios.ICANON
    mode[tty.CC][termios.VMIN], mode[tty.CC][termios.VTIME] = 4, 7
    termios.tcsetattr(descriptor, termios.TCSANOW, mode)
    found = termios.tcgetattr(descriptor)
    device = Device(descriptor, descriptor)
    device.take()
    taken = termios.tcgetattr(descriptor)
    assert not taken[tty.LFLAG] & (termios.ICANON | termios.ECHO)
    assert (taken[tty.CC][termios.VMIN], taken[tty.CC][termios.VTIME]) == (1, 0)
    # Taken once more, as after a stop: what was found is not what is given back by ourselves.
    device.take()
    device.give_back()
    assert termios.tcgetattr(descriptor) == found


def test_a_terminal_that_edits_lines_is_given_back_as_it_was_found(descriptor: int) -> None:
    found = termios.tcgetattr(descriptor)
    assert found[tty.LFLAG] & termios.ICANON
    device = Device(descriptor, descriptor)
    device.take()
    device.give_back()
    assert termios.tcgetattr(descriptor) == found


def test_nobody_waits_for_a_key_that_somebody_else_has_read(descriptor: int) -> None:
    device = Device(descriptor, descriptor)
    device.take()
    # The one that is shared with the shell stays as it was found.
    assert (os.get_blocking(device.keys_fd), os.get_blocking(descriptor)) == (False, True)
    assert device.read() == b""
    device.give_back()
    assert device.keys_fd == descriptor
