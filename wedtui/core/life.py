"""Which life of a service holds something, and whether that life is surely over.

A lease that runs out tells that its holder was not heard of. That it is dead tells the kernel: it gives the lock of a
state directory to one process at a time, and takes it back with the process, however that ends; one that only stands
still keeps it. So whoever holds the lock now knows that all who held it before are gone, and need not wait.
"""

from __future__ import annotations

from typing import NamedTuple


class Life(NamedTuple):
    """One life of a service, as it names itself where it holds something."""

    instance: str
    """Changes at every start."""
    lock: str = ""
    """Which lock of which start of which machine it holds as long as it lives; empty where that cannot be told."""
    since: int = 0
    """When it took that, by a clock that only goes on while the machine runs."""

    @property
    def name(self) -> str:
        """The text by which it holds something."""
        return f"{self.instance} {self.lock} {self.since}" if self.lock else self.instance


def life_of(name: str) -> Life:
    """Return the life of a name; of one that says nothing of a lock nothing can be told but its instance."""
    instance, *rest = name.split(" ")
    if len(rest) != 2 or not rest[0] or not rest[1].isdecimal():
        return Life(name)
    return Life(instance, rest[0], int(rest[1]))


def is_over(holder: str | None, by: str) -> bool:
    """Whether who holds something is surely dead, as far as the one who asks can know.

    Args:
        holder: the name of the life that holds it; None where none does.
        by: the name of the life that asks, which lives.
    """
    if holder is None:
        return False
    theirs, mine = life_of(holder), life_of(by)
    return bool(mine.lock) and theirs.lock == mine.lock and theirs.since < mine.since
