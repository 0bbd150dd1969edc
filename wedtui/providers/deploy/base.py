"""What every way of putting a version in place can be asked: look, start, find again, observe, abort.

Nothing here decides whether it may be done, or whether it did well. A start is made once: whoever made it and died is
followed by somebody who finds it again, or who can tell that it was not made.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Protocol


class Try(StrEnum):
    """For what a version is put in place."""

    RELEASE = "release"
    ROLLBACK = "rollback"


class Placing(NamedTuple):
    """Which version is to be put in place, where; every word of it was parsed where it came in."""

    release: int
    service: str
    environment: str
    version: str
    previous: str
    """Which one was there before; empty where that is not known."""
    tries: Try = Try.RELEASE
    mark: str = ""
    """Tells it from one of the same number in another ledger: one that was restored counts anew."""
    begun_on: str = ""
    """The machine on which it was begun; empty where that was not said."""

    @property
    def name(self) -> str:
        """The name of the try, the same whoever makes it: of one name only one is ever made."""
        return "-".join(filter(None, (str(self.release), self.mark, self.tries.value)))


class Progress(StrEnum):
    """How far a start is."""

    GOING = "going"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """What became of it cannot be known any more: a person has to look."""


class Seen(NamedTuple):
    """What was seen of a start."""

    progress: Progress
    said: str
    """In a sentence, for a person."""


class Trace(StrEnum):
    """What is found of a start of which nobody knows whether it was made."""

    MADE = "made"
    NOT_MADE = "not made"
    """And it will not be: it may be made now."""
    UNKNOWABLE = "unknowable"


class Found(NamedTuple):
    """What is found of it."""

    trace: Trace
    said: str


class Deployer(Protocol):
    """One way of putting versions in place."""

    async def prepare(self, what: Placing) -> str:
        """Look whether it can be done, without changing anything; return the version in place, empty where none is.

        Raises:
            ConflictError: it cannot be, or the version is in place already.
            ProviderUnavailableError: that cannot be known at the moment.
        """
        ...

    async def start(self, what: Placing) -> str:
        """Start it; return what was started, in a sentence.

        Raises:
            NotNowError: it was not started, and may be tried again.
            ConflictError, ProviderUnavailableError: it was refused: nothing was changed.
            Exception: anything else leaves open whether it was started.
        """
        ...

    async def find(self, what: Placing) -> Found:
        """Say whether a start was made of which nobody knows that."""
        ...

    async def observe(self, what: Placing) -> Seen:
        """Say how far a start is that was made.

        Raises:
            ProviderUnavailableError: that cannot be seen at the moment.
        """
        ...

    async def abort(self, what: Placing) -> None:
        """Have a start that goes on end, as soon as that can be; nothing where it ended."""
        ...
