"""Ports for programs that have to be told theirs."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

HOST = "127.0.0.1"
# Under those that the kernel gives to whoever names none (`ip_local_port_range`): between the moment that one is let go
# and the program's start nobody gets it by accident, neither another worker's server nor a client.
_FIRST, _LAST = 20_000, 32_000
_KINDS = socket.SOCK_STREAM, socket.SOCK_DGRAM


@contextmanager
def free_ports(count: int) -> Iterator[list[int]]:
    """Give different ports that nobody uses, neither for TCP nor for UDP, and hold them until the block ends."""
    dice, found = random.SystemRandom(), list[int]()
    with ExitStack() as held:
        while len(found) < count:
            port = dice.randint(_FIRST, _LAST)
            with ExitStack() as tried, suppress(OSError):
                for kind in _KINDS:
                    tried.enter_context(socket.socket(socket.AF_INET, kind)).bind((HOST, port))
                held.enter_context(tried.pop_all())
                found.append(port)
        yield found
