"""Commands in what is printed under `--demo`: each is said as it is typed there, for it would act elsewhere without.

They are changed where they leave for the terminal, in JSON too. What is stored does not know of it, and the records of
the audit chain stay as they are: their hashes are of every letter.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TextIO, cast

from wedtui.core.wording import asked_of_demo

if TYPE_CHECKING:
    from typing import Protocol

    class _Writable(Protocol):
        def write(self, text: str, /) -> int: ...


_SAYS_DEMO: ContextVar[bool] = ContextVar("says_demo", default=False)
COMMAND = "command"
"""The key in JSON whose value is a command and nothing else."""


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
        streams.callback(_SAYS_DEMO.reset, _SAYS_DEMO.set(True))
        if sys.stdout is not None:
            streams.enter_context(redirect_stdout(cast("TextIO", _DemoStream(sys.stdout))))
        if sys.stderr is not None:
            streams.enter_context(redirect_stderr(cast("TextIO", _DemoStream(sys.stderr))))
        yield


def typed_here(value: Any) -> Any:
    """Return a JSON value with every command in it as it is typed here: within `saying_demo` as one of the demo."""
    return _of_demo(value) if _SAYS_DEMO.get() else value


def _of_demo(value: Any) -> Any:
    if isinstance(value, str):
        return asked_of_demo(value)
    if isinstance(value, Mapping):
        return {key: _command(each) if key == COMMAND else _of_demo(each) for key, each in value.items()}
    return [_of_demo(each) for each in value] if isinstance(value, list | tuple) else value


def _command(value: Any) -> Any:
    return asked_of_demo(f"`{value}`")[1:-1] if isinstance(value, str) else _of_demo(value)
