"""Store and roll up in a process of one's own, and print what was loaded while all others had to wait to write."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from sqlalchemy import Connection

from tests.cache.base import NOW, SECOND, configure, probe, service, signal
from wedtui.cache.writer import CacheWriter
from wedtui.store.postgres.writing import WritableSchema


class Witness(MetaPathFinder):
    """Finds nothing, and remembers what was looked for while a turn was held."""

    def __init__(self) -> None:
        self.held = False
        self.loaded: list[str] = []

    def find_spec(self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None) -> ModuleSpec | None:
        if self.held:
            self.loaded.append(name)
        return None


def main(url: str) -> None:
    """Write all that a service writes of what it measures."""
    witness, writing = Witness(), WritableSchema.writing

    @contextmanager
    def watched(self: WritableSchema) -> Iterator[Connection]:
        with writing(self) as connection:
            witness.held = True
            try:
                yield connection
            finally:
                witness.held = False

    WritableSchema.writing = watched  # type: ignore[method-assign]
    sys.meta_path.insert(0, witness)
    cache = CacheWriter(url)
    cache.begin(service())
    configure(cache)
    cache.record([signal(NOW - n * 30 * SECOND) for n in range(240)])
    cache.record([probe(NOW)])
    while cache.roll(NOW + timedelta(hours=3)).more:
        pass
    cache.close()
    print(*witness.loaded)


if __name__ == "__main__":
    main(sys.argv[1])
