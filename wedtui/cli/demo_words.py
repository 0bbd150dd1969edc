"""Commands in what is printed under `--demo`: each is said as it is typed there, for it would act elsewhere without.

They are changed where they leave for the terminal. What is stored does not know of it, and records in JSON stay as
they are: their hashes are of every letter.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any, TextIO, cast

from wedtui.core.wording import asked_of_demo

if TYPE_CHECKING:
    from typing import Protocol

    class _Writable(Protocol):
        def write(self, text: str, /) -> int: ...


class _DemoStream:
    """A stream of text as it is, but for the commands in it."""

    def __init__(self, stream: _Writable) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text; JSON, which begins with a bracket of its own, as it is."""
        self._stream.write(text if text.startswith(("{", "[")) else asked_of_demo(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def saying_demo() -> Iterator[None]:
    """Have every command that is printed within said as one of the demo; where there is no stream there is none."""
    with ExitStack() as streams:
        if sys.stdout is not None:
            streams.enter_context(redirect_stdout(cast("TextIO", _DemoStream(sys.stdout))))
        if sys.stderr is not None:
            streams.enter_context(redirect_stderr(cast("TextIO", _DemoStream(sys.stderr))))
        yield
