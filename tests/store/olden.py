"""Stores as the first wedtui made them, with rows in every table of theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, inspect, text

from wedtui.cache.kind import CACHE
from wedtui.ledger.kind import LEDGER
from wedtui.store.history import upgrade
from wedtui.store.kind import Kind
from wedtui.store.opening import is_postgresql

Rows = Mapping[str, list[tuple[Any, ...]]]

AT = 1_780_747_200_000_000
"""An instant, in microseconds since 1970."""

_OLD: Mapping[str, Mapping[str, list[dict[str, Any]]]] = {
    CACHE.name: {
        "service": [
            {
                "id": 1,
                "instance": "one",
                "pid": 7,
                "mode": "personal",
                "version": "0.0.1",
                "environment": "production",
                "started_at": AT,
                "heartbeat_at": AT,
                "stopped_at": None,
                "configuration_digest": "d",
                "skipped": 0,
                "dropped": 0,
                "late_ms_p99": 1.5,
                "problems": "[]",
            }
        ],
        "provider": [{"name": "aws", "position": 0, "kind": "generic", "weight": 60, "capacity": 1200.0}],
        "probe": [
            {
                "name": "rsvp-aws",
                "position": 0,
                "provider": "aws",
                "url": "https://rsvp.example.com/",
                "interval_s": 3.0,
                "timeout_s": 2.0,
            }
        ],
        "signal": [
            {
                "provider": "aws",
                "signal": "cpu",
                "position": 0,
                "source": "prometheus main",
                "interval_s": 5.0,
                "value": 0.5,
                "measured_at": AT,
                "problem": None,
                "attempted_at": AT,
            }
        ],
        "prometheus": [
            {
                "name": "main",
                "position": 0,
                "url": "http://127.0.0.1:9090",
                "interval_s": 60.0,
                "measured_at": AT,
                "attempted_at": AT,
                "ready": True,
                "targets_up": 3,
                "targets_down": '["a"]',
                "alerts": "[]",
                "problem": None,
            }
        ],
        "probe_round": [
            {"id": n, "probe": "rsvp-aws", "at": AT + n, "passed": True, "failure": None, "latency_ms": 12.5}
            for n in range(1, 51)
        ],
        "series": [{"id": 1, "provider": "aws", "signal": "cpu"}],
        "sample": [{"series": 1, "at": AT + n * 1_000_000, "value": n / 8} for n in range(500)],
        "feed": [
            {
                "name": "venues",
                "url": "https://calendar.example.com/",
                "attempted_at": AT,
                "last_good_at": AT,
                "problem": None,
                "questioned": False,
                "accept_next": True,
                "periods": "[]",
            }
        ],
        "freeze_period": [
            {
                "id": 1,
                "name": "fair",
                "start": AT,
                "end": AT + 3_600_000_000,
                "environments": '["production"]',
                "services": "[]",
            }
        ],
        "mirror": [{"name": "ledger", "copied_at": AT}],
    },
    LEDGER.name: {
        "freeze_period": [
            {
                "id": n,
                "name": f"fair {n}",
                "start": AT + n,
                "end": AT + n + 3_600_000_000,
                "environments": '["production"]',
                "services": '["rsvp"]',
                "reason": "asked by the venue",
                "added_by": "ada",
                "added_at": AT,
                "lifted_at": AT + n if n % 2 else None,
                "lifted_by": "bob" if n % 2 else None,
                "lift_reason": "it rained" if n % 2 else None,
            }
            for n in range(1, 41)
        ],
        "configuration_change": [
            {"id": n, "at": AT + n, "digest": f"d{n}", "seen_by": "ada", "changes": '["first seen"]'}
            for n in range(1, 21)
        ],
    },
}
MADE_ANEW = frozenset({"service", "probe", "probe_round"})
"""Of the cache: nobody can say from where the old ones were seen."""


@contextmanager
def engine_of(url: str, kind: Kind) -> Iterator[Engine]:
    """Reach a store without any of our own code."""
    if is_postgresql(url):
        driver = url.replace("postgresql://", "postgresql+psycopg://", 1)
        engine = create_engine(driver, connect_args={"options": f"-c search_path=wedtui_{kind.name}"})
    else:
        engine = create_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def make_first(url: str, kind: Kind) -> None:
    """Make a store of the first revision, filled."""
    with engine_of(url, kind) as engine, engine.begin() as connection:
        if is_postgresql(url):
            connection.execute(text(f"CREATE SCHEMA wedtui_{kind.name}"))
        upgrade(connection, kind, kind.revisions[0])
        for table, rows in _OLD[kind.name].items():
            names = list(rows[0])
            quoted = ", ".join(f'"{name}"' for name in names)
            values = ", ".join(f":{name}" for name in names)
            connection.execute(text(f'INSERT INTO "{table}" ({quoted}) VALUES ({values})'), rows)
        if is_postgresql(url):
            _go_on_counting(connection, kind)


def _go_on_counting(connection: Connection, kind: Kind) -> None:
    for table, rows in _OLD[kind.name].items():
        if "id" in rows[0]:
            connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {len(rows)})"))


def revision_of(url: str, kind: Kind) -> str:
    """Return what the store says of itself."""
    with engine_of(url, kind) as engine, engine.connect() as connection:
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def tables_of(url: str, kind: Kind) -> set[str]:
    """Return the names of all tables."""
    with engine_of(url, kind) as engine:
        return {*inspect(engine).get_table_names()}


def kept_rows(url: str, kind: Kind, *, made_anew: bool = False) -> Rows:
    """Return the rows of the first revision's tables, in its columns; those that are made anew where wanted."""
    wanted = {t: rows for t, rows in _OLD[kind.name].items() if made_anew or kind is LEDGER or t not in MADE_ANEW}
    found = {}
    with engine_of(url, kind) as engine, engine.connect() as connection:
        for table, rows in wanted.items():
            names = ", ".join(f'"{name}"' for name in rows[0])
            statement = text(f'SELECT {names} FROM "{table}" ORDER BY 1, 2')
            found[table] = [tuple(row) for row in connection.execute(statement)]
    return found
