"""What the database itself holds releases back by, as it is found there: guards, a clock, what it knows of freezes.

The guards are those that revision `ledger_0016` makes. Whoever may change tables may also take a guard away, or have it
say something else; nobody would notice that by what the queue does, for it asks before the database is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from wedtui.core.deployments.release import BEFORE
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.migrations.versions.ledger_0016 import (
    postgresql_functions,
    postgresql_triggers,
    sqlite_triggers,
)
from wedtui.ledger.shapes import DATABASE_CLOCK, FROZEN_KNOWN
from wedtui.store.clock import CLOCKS
from wedtui.store.instants import from_microseconds
from wedtui.store.opening import READER_WAITS, is_postgresql, readable
from wedtui.store.snapshot import Snapshot

TABLES = ("release", "release_transition", "release_approval")
_NAMED = ", ".join(f"'{table}'" for table in TABLES)
_ON_SQLITE = f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) IN ({_NAMED})"  # noqa: S608
_ON_POSTGRESQL = f"""
SELECT t.tgname, c.relname, t.tgtype, p.proname, t.tgqual IS NULL AND cardinality(CAST(t.tgattr AS smallint[])) = 0,
    CAST(t.tgenabled AS text), l.lanname, p.prosrc, p.pronamespace = c.relnamespace,
    coalesce(array_to_string(p.proconfig, ', '), ''), current_schema()
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_language l ON l.oid = p.prolang JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND n.nspname = current_schema() AND c.relname IN ({_NAMED})
"""  # noqa: S608 - names of ours alone
# How PostgreSQL keeps of a trigger when it is asked: bits of pg_trigger.tgtype.
_BEFORE, _ROW = 2, 1
_VERBS = {"INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}
_FIRES = ("O", "A")


class Known(NamedTuple):
    """Up to when the database knows what freezes a service whose releases wait."""

    environment: str
    service: str
    until: datetime | None
    """None: nothing is stored of it."""


class Guards(NamedTuple):
    """What was found."""

    wrong: tuple[str, ...]
    """A sentence for each guard that is not as it was made."""
    own: datetime
    """The instant by the database's own clock."""
    offset: timedelta
    """How far ahead of it the database judges releases."""
    known: tuple[Known, ...]
    """Of each service a release of which has not started."""

    @property
    def judged(self) -> datetime:
        """The instant by which the database says whether a release may start."""
        return self.own + self.offset


class GuardReader:
    """Looks for them. Used by one thread; every reading raises a StoreError when it cannot."""

    def __init__(self, url: str, *, waits: timedelta = READER_WAITS) -> None:
        """Remember where the ledger is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._store, self._on_server = readable(url, LEDGER, waits=waits), is_postgresql(url)

    def read(self) -> Guards:
        """Look at all of it."""
        with self._store.reading() as snapshot:
            own = from_microseconds(snapshot.scalar(CLOCKS["postgresql" if self._on_server else "sqlite"]))
            clock = snapshot.rows(DATABASE_CLOCK, "WHERE id = 1")
            wrong = _wrong_on_postgresql(snapshot) if self._on_server else _wrong_on_sqlite(snapshot)
            offset = timedelta(microseconds=clock[0].offset_us) if clock else timedelta()
            return Guards(tuple(wrong), own, offset, _known(snapshot))

    def close(self) -> None:
        """Let go of the ledger."""
        self._store.close()


def _known(snapshot: Snapshot) -> tuple[Known, ...]:
    states = [each.value for each in BEFORE]
    marks = ", ".join("?" for _ in states)
    waits = f"SELECT DISTINCT environment, service FROM release WHERE state IN ({marks}) ORDER BY 1, 2"  # noqa: S608
    until = {(row.environment, row.service): row.until for row in snapshot.rows(FROZEN_KNOWN)}
    return tuple(Known(*where, until.get(where)) for where in [(e, s) for e, s in snapshot.values(waits, *states)])


def _wrong_on_sqlite(snapshot: Snapshot) -> Iterator[str]:
    found: dict[str, str] = dict(list(snapshot.values(_ON_SQLITE)))
    wanted = sqlite_triggers()
    yield from _named(wanted, found)
    for name in sorted(wanted.keys() & found.keys()):
        if found[name] != wanted[name]:
            yield f"the trigger {name} of the ledger says something else than wedtui had it say"


def _wrong_on_postgresql(snapshot: Snapshot) -> Iterator[str]:
    found = {row[0]: row[1:] for row in snapshot.values(_ON_POSTGRESQL)}
    wanted, bodies = postgresql_triggers(), postgresql_functions()
    yield from _named(wanted, found)
    said: set[str] = set()
    for name in sorted(wanted.keys() & found.keys()):
        table, verb, level, function = wanted[name]
        *is_so, unconditional, fires, language, body, beside, path, schema = found[name]
        kind = _BEFORE | _VERBS[verb] | (_ROW if level == "ROW" else 0)
        if fires not in _FIRES:
            yield f"the trigger {name} of the ledger is disabled"
        if is_so != [table, kind, function] or not unconditional or not beside:
            yield f"the trigger {name} of the ledger is asked at other times, or about something else, than wedtui said"
        elif (language, body, path) != ("plpgsql", bodies[function], f"search_path={schema}") and function not in said:
            said.add(function)
            yield f"the function {function} of the ledger says something else than wedtui had it say"


def _named(wanted: Mapping[str, object], found: Mapping[str, object]) -> Iterator[str]:
    for name in sorted(wanted.keys() - found.keys()):
        yield f"the trigger {name} of the ledger is missing"
    for name in sorted(found.keys() - wanted.keys()):
        yield f"the trigger {name} of the ledger is none of wedtui's"
