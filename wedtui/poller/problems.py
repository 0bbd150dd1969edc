"""What is wrong with the service, in sentences for people; each part has at most one."""

from __future__ import annotations

from collections.abc import Callable


class Problems:
    """The problems of now, by the part that has them. May be used from any thread."""

    def __init__(self, *asked: Callable[[], str | None]) -> None:
        """Begin with none.

        Args:
            asked: parts that know themselves what is wrong with them, or None; they are asked whenever all are told.
        """
        self._asked = asked
        self._told: dict[str, str] = {}

    def take(self, part: str, problem: str | None) -> bool:
        """Take a problem of a part, or that it has none any more; return whether it is one that was not known."""
        if problem is None:
            self._told.pop(part, None)
            return False
        new = self._told.get(part) != problem
        self._told[part] = problem
        return new

    def told(self) -> frozenset[str]:
        """Return what parts told, and nobody was asked for."""
        return frozenset(self._told.values())

    def all(self) -> tuple[str, ...]:
        """Return every sentence once, in an order that does not change."""
        return tuple(sorted(self.told().union(filter(None, (ask() for ask in self._asked)))))
