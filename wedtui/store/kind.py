"""What the room needs to know of a store in order to open it; `cache` and `ledger` each describe themselves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of store."""

    name: str
    """`cache` or `ledger`; every revision of its history begins with it."""
    package: str
    """The package whose `migrations` folder holds its history."""
    revisions: tuple[str, ...]
    """Its history, oldest first; what readers compare with, so that they need not load Alembic."""
    file_mode: int
    """The permissions of a new file."""
    durable: bool
    """Whether a commit must survive a power failure (and a copy is taken before a migration)."""
    if_missing: str
    """What to do where there is no file yet."""
    if_damaged: str
    """What to do with a file that cannot be read."""

    @property
    def head(self) -> str:
        """The revision that this version of wedtui reads and writes."""
        return self.revisions[-1]
