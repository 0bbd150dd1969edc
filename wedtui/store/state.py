"""What a store is at present, asked without changing it."""

from __future__ import annotations

from dataclasses import dataclass

from wedtui.errors import StoreError, StoreMissingError
from wedtui.store.kind import Kind
from wedtui.store.opening import file_of, is_postgresql, readable


@dataclass(frozen=True, slots=True)
class State:
    """One store, as whoever may read it finds it."""

    kind: str
    place: str
    system: str
    """`SQLite` or `PostgreSQL`."""
    exists: bool
    problem: StoreError | None
    """Why it cannot be read; None where it is up to date and readable."""


def state_of(url: str, kind: Kind) -> State:
    """Look at a store.

    Raises:
        ConfigurationError: the URL is not supported.
    """
    system = "PostgreSQL" if is_postgresql(url) else "SQLite"
    place = str(file_of(url, kind) or _server(url, kind))
    reader = readable(url, kind)
    try:
        with reader.reading() as snapshot:
            snapshot.scalar("SELECT 1")
    except StoreError as error:
        return State(kind.name, place, system, not isinstance(error, StoreMissingError), error)
    finally:
        reader.close()
    return State(kind.name, place, system, True, None)


def _server(url: str, kind: Kind) -> object:
    from wedtui.store.postgres.place import server_of  # noqa: PLC0415 - only where it is named

    return server_of(url, kind)
