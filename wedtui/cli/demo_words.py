"""Commands in what is printed under `--demo` or `--config FILE`: each is said as it is typed there.

Without these words it would act elsewhere.

They are changed where they leave for the terminal, in JSON too. What is stored does not know of it, and the records of
the audit chain stay as they are: their hashes are of every letter.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO, cast

from wedtui.core.wording import asked_of_demo, asked_with

if TYPE_CHECKING:
    from typing import Protocol

    class _Writable(Protocol):
        def write(self, text: str, /) -> int: ...


class _Typed(NamedTuple):
    """What commands are typed with here."""

    demo: bool = False
    config: str | None = None

    def of(self, text: str) -> str:
        """Return words with the commands in them as they are typed."""
        said = asked_of_demo(text) if self.demo else text
        return said if self.config is None else asked_with(said, self.config)


_TYPED: ContextVar[_Typed | None] = ContextVar("typed", default=None)
COMMAND = "command"
"""The key in JSON whose value is a command and nothing else."""


class _DemoStream:
    """A stream of text as it is, but for the commands in it."""

    def __init__(self, stream: _Writable, typed: _Typed) -> None:
        self._stream, self._typed = stream, typed

    def write(self, text: str) -> int:
        """Write text; JSON, which begins with a bracket of its own, as it is."""
        self._stream.write(text if text.startswith(("{", "[")) else self._typed.of(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def saying_demo() -> Iterator[None]:
    """Have every command that is printed within said as one of the demo; where there is no stream there is none."""
    with saying(demo=True):
        yield


@contextmanager
def saying(*, demo: bool = False, config: str | None = None) -> Iterator[None]:
    """Have every command that is printed within said as it is typed here; where there is no stream there is none.

    Args:
        demo: whether with `--demo`.
        config: the file that was named with `--config`; None: none was.
    """
    typed = _Typed(demo, config)
    with ExitStack() as streams:
        streams.callback(_TYPED.reset, _TYPED.set(typed))
        if sys.stdout is not None:
            streams.enter_context(redirect_stdout(cast("TextIO", _DemoStream(sys.stdout, typed))))
        if sys.stderr is not None:
            streams.enter_context(redirect_stderr(cast("TextIO", _DemoStream(sys.stderr, typed))))
        yield


def typed_here(value: Any) -> Any:
    """Return a JSON value with every command in it as it is typed here: within `saying` with what is typed there."""
    typed = _TYPED.get()
    return value if typed is None else _typed(value, typed)


def command_here(command: str) -> str:
    """Return a command that stands alone in its line as it is typed here."""
    typed = _TYPED.get()
    return command if typed is None else str(_command(command, typed))


def _typed(value: Any, typed: _Typed) -> Any:
    if isinstance(value, str):
        return typed.of(value)
    if isinstance(value, Mapping):
        return {key: _command(each, typed) if key == COMMAND else _typed(each, typed) for key, each in value.items()}
    return [_typed(each, typed) for each in value] if isinstance(value, list | tuple) else value


def _command(value: Any, typed: _Typed) -> Any:
    return typed.of(f"`{value}`")[1:-1] if isinstance(value, str) else _typed(value, typed)
