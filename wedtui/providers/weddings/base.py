"""What the sources of weddings have in common: rows come as a stream, and a mark says where the next may begin.

No sentence here quotes what a source sent: it may be the name of a person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from wedtui.core.wedding_rows import RawRow, Unusable
from wedtui.errors import ProviderUnavailableError

MOST_ROWS = 5_000_000
"""Of one reading; a source with more is refused."""

Rows = Iterable[RawRow | Unusable]
Take = Callable[[Rows], Awaitable[None]]
"""Checks and keeps rows, off the event loop and a bounded number at a time."""


class SourceError(ProviderUnavailableError):
    """A source could not be read whole; the sentence says why, without the source's name and without its data."""


@dataclass(frozen=True, slots=True)
class Came:
    """How far a reading came."""

    mark: str | None = None
    """Where the next one may begin; None: it has to be whole."""
    began_at: str | None = None
    """Where this one began; None: it is whole."""
    unchanged: bool = False
    """Whether the source says that nothing changed since `began_at`."""


class RowSource(Protocol):
    """Something that weddings are read from."""

    async def read(self, mark: str | None, take: Take) -> Came:
        """Read once, handing rows on as they come, in bounded memory.

        Args:
            mark: where the last reading came to; None: read everything.
            take: takes the rows.

        Raises:
            SourceError: it could not be read whole; what was handed on is worth nothing.
        """
        ...

    async def close(self) -> None:
        """Close the connections that are kept."""
        ...
