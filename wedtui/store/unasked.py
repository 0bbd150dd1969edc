"""A store that is not asked at the moment: whoever reads it goes on at once with what is known elsewhere."""

from __future__ import annotations

from contextlib import AbstractContextManager

from wedtui.errors import StoreUnreachableError
from wedtui.store.snapshot import Snapshot


class Unasked:
    """Takes the place of a store that can be read, and never can."""

    opened = 0

    def __init__(self, why: str) -> None:
        """Remember why it is not asked, as a sentence."""
        self._why = why

    def reading(self) -> AbstractContextManager[Snapshot]:
        """Raise a StoreUnreachableError."""
        raise StoreUnreachableError(self._why)

    def changed(self) -> bool:
        """Return that nothing did, as far as anybody knows."""
        return False

    def close(self) -> None:
        """Let go of nothing."""
