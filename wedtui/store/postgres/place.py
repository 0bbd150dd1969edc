"""Which database and schema a URL names, and connecting to it with libpq's own ways of proving who one is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, NamedTuple

import psycopg
from psycopg import conninfo

from wedtui.errors import ConfigurationError
from wedtui.store.kind import Kind
from wedtui.store.postgres.arrays import take_packed

# What a URL may say beside user, host, port and database: how to reach the server and how to trust it.
_ALLOWED = frozenset(
    {"host", "hostaddr", "port", "user", "dbname", "passfile", "service", "sslmode", "sslrootcert", "sslcert", "sslkey"}
    | {"channel_binding", "require_auth", "target_session_attrs", "gssencmode", "krbsrvname"}
)
# libpq knows no shorter one.
_CONNECT_WITHIN_S = 2
SILENT_FOR_S = 5.0
"""Readers do not ask again, within this, a server that said nothing; one that refuses costs no time."""
_SILENT_AFTER_S = 1.0


class _Silent(NamedTuple):
    """That a server did not answer."""

    until: float
    """Monotonic."""
    said: str


_silent: dict[tuple[object, ...], _Silent] = {}
"""Of this process, by server; each entry is replaced whole, by any thread."""


@dataclass(frozen=True, slots=True)
class Server:
    """A schema of a database."""

    parameters: dict[str, Any]
    """What libpq connects with; no password is among them."""
    schema: str
    channel: str
    """Where commits are announced."""

    @property
    def where(self) -> tuple[object, ...]:
        """Which server it is on."""
        return tuple(self.parameters.get(name) for name in ("host", "hostaddr", "port", "service"))

    def __str__(self) -> str:
        """Name it in a sentence."""
        host = self.parameters.get("host") or self.parameters.get("hostaddr") or "the local socket"
        port = f":{self.parameters['port']}" if self.parameters.get("port") else ""
        return f"schema {self.schema} of database {self.parameters['dbname']} on {host}{port}"


def server_of(url: str, kind: Kind) -> Server:
    """Return the schema that a database URL names: `wedtui_cache` or `wedtui_ledger` of its database.

    Raises:
        ConfigurationError: libpq does not understand it, it names no database, or it holds a password.
    """
    key = f"{kind.name}.url"
    example = "postgresql://user@host:5432/database"
    scheme, _, rest = url.partition("://")
    if scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise ConfigurationError(f"{key} names a driver that is not supported: write {example}")
    try:
        parameters = conninfo.conninfo_to_dict(f"postgresql://{rest}")
    except psycopg.Error:
        # libpq's sentence may quote a password.
        raise ConfigurationError(f"{key} is not a URL that PostgreSQL understands: write {example}") from None
    if parameters.get("password"):
        raise ConfigurationError(
            f"{key} holds a password: put it into a file that libpq reads (~/.pgpass, or passfile=)"
        )
    if unknown := sorted(parameters.keys() - _ALLOWED):
        raise ConfigurationError(f"{key} has {', '.join(unknown)}, which wedtui sets itself: leave it out")
    if not parameters.get("dbname"):
        raise ConfigurationError(f"{key} names no database: write {example}")
    schema = f"wedtui_{kind.name}"
    return Server(dict(parameters), schema, schema)


def connect_to_read(server: Server, kind: Kind, settings: dict[str, str]) -> psycopg.Connection:
    """Connect as `connect` does, but for some seconds not to a server that was silent: each attempt takes seconds.

    Who writes tries all the same: so it is known again once it answers.
    """
    silent = _silent.get(server.where)
    if silent is not None and monotonic() < silent.until:
        raise psycopg.OperationalError(silent.said)
    return connect(server, kind, settings, autocommit=True)


def connect(server: Server, kind: Kind, settings: dict[str, str], *, autocommit: bool) -> psycopg.Connection:
    """Connect; every table is looked for in the one schema.

    Args:
        server: where.
        kind: what is stored there; the server's list of sessions shows it.
        settings: run-time settings of the session beside that.
        autocommit: whether statements outside a transaction stand for themselves.

    Raises:
        psycopg.Error: it did not work.
    """
    wanted = {"search_path": server.schema, "timezone": "UTC", "client_encoding": "UTF8", **settings}
    began = monotonic()
    try:
        connection = _connected(server, kind, wanted, autocommit=autocommit)
    except psycopg.OperationalError as error:
        if monotonic() - began >= _SILENT_AFTER_S:
            _silent[server.where] = _Silent(monotonic() + SILENT_FOR_S, str(error))
        raise
    _silent.pop(server.where, None)
    take_packed(connection)
    return connection


def _connected(server: Server, kind: Kind, wanted: dict[str, str], *, autocommit: bool) -> psycopg.Connection:
    return psycopg.connect(
        **server.parameters,
        connect_timeout=_CONNECT_WITHIN_S,
        application_name=f"wedtui {kind.name}",
        options=" ".join(f"-c {name}={value}" for name, value in wanted.items()),
        autocommit=autocommit,
        # A server that vanished without a word is noticed within seconds, not within hours.
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        tcp_user_timeout=10_000,
    )


def milliseconds(waits: timedelta) -> str:
    """Return a duration as the server's settings take it."""
    return str(max(1, waits // timedelta(milliseconds=1)))


def turn(kind: Kind) -> int:
    """Return the number of the lock that a writer of this kind holds while it writes (64 bits, the same everywhere)."""
    return int.from_bytes(f"wed{kind.name}".encode()[:7], "big")
