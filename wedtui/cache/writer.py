"""The one writer of the cache: the service, or a round in the foreground."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert as upsert

from wedtui.cache.configured import write_configured
from wedtui.cache.kind import CACHE
from wedtui.cache.rows import HEALTH_SCORE, alert_to_json, period_to_json, periods_from_json
from wedtui.cache.tables import METADATA
from wedtui.config import Configuration
from wedtui.core.freeze import Origin, Period, lost_too_much
from wedtui.core.observation import (
    FeedObservation,
    Observation,
    ProbeObservation,
    PrometheusObservation,
    SignalObservation,
)
from wedtui.core.picture import ServiceFacts
from wedtui.core.series import probe_signal
from wedtui.errors import NotFoundError
from wedtui.store.place import WRITER_WAITS
from wedtui.store.types import UtcMicroseconds
from wedtui.store.writing import WritableStore

_T = METADATA.tables
_SERVICE, _PROVIDER, _PROBE, _SIGNAL = _T["service"], _T["provider"], _T["probe"], _T["signal"]
_PROMETHEUS, _FEED, _ROUND = _T["prometheus"], _T["feed"], _T["probe_round"]
_SERIES, _SAMPLE, _PERIOD, _MIRROR = _T["series"], _T["sample"], _T["freeze_period"], _T["mirror"]

LEDGER_MIRROR = "ledger"
# A backlog (`keep_samples` made shorter) is worked off over several calls: heartbeats have to come in between.
CHUNKS_AT_ONCE = 20

_NEWEST_OF_PROBE = (
    update(_PROBE)
    .where(_PROBE.c.name == bindparam("this_probe"))
    .values(
        {
            name: bindparam(name)
            for name in ("status", "connect_ms", "tls_ms", "first_byte_ms", "total_ms", "measured_at")
        }
        # A round that failed before it saw a certificate does not unsee the last one.
        | {
            "certificate_expires_at": func.coalesce(
                bindparam("certificate", type_=UtcMicroseconds), _PROBE.c.certificate_expires_at
            )
        }
    )
)


@dataclass(slots=True)
class _Batch:
    """What one transaction is going to store."""

    rounds: list[dict[str, Any]] = field(default_factory=list)
    newest: dict[str, dict[str, Any]] = field(default_factory=dict)
    samples: dict[tuple[str, str, datetime], float] = field(default_factory=dict)
    ignored: int = 0


class CacheWriter:
    """Stores what was observed. Used by one thread at a time; every method is one transaction unless it says else.

    Every method raises a StoreError when it cannot store; what was stored before stays.
    """

    def __init__(self, url: str, *, waits: timedelta = WRITER_WAITS) -> None:
        """Open the cache, make it where there is none, and bring it up to date.

        Raises:
            ConfigurationError: the URL is not supported.
            StoreError: it cannot be opened.
        """
        self._store = WritableStore(url, CACHE, waits=waits)
        self._probes: dict[str, str] = {}
        self._series: dict[tuple[str, str], int] = {}

    def configure(self, configuration: Configuration, *, probe_interval: timedelta, query_interval: timedelta) -> None:
        """Make the rows of what is watched those of the configuration.

        What stays keeps its newest values; what is gone goes, and so do values of what is now somewhere else.

        Args:
            configuration: what is watched.
            probe_interval: for probes that name none.
            query_interval: for queries and servers that name none.
        """
        with self._store.writing() as connection:
            write_configured(connection, configuration, probe_interval=probe_interval, query_interval=query_interval)
        self._probes = {}

    def begin(self, service: ServiceFacts) -> None:
        """Say who fills the cache from now on."""
        values = {
            "id": 1,
            "instance": service.instance,
            "pid": service.pid,
            "mode": service.mode,
            "version": service.version,
            "environment": service.environment,
            "started_at": service.started_at,
            "heartbeat_at": service.heartbeat_at,
            "stopped_at": service.stopped_at,
            "configuration_digest": service.configuration_digest,
            "skipped": service.skipped,
            "dropped": service.dropped,
            "late_ms_p99": service.late_ms_p99,
            "problems": list(service.problems),
        }
        with self._store.writing() as connection:
            connection.execute(upsert(_SERVICE).values(values).on_conflict_do_update(["id"], set_=values))

    def heartbeat(
        self, at: datetime, *, skipped: int, dropped: int, late_ms_p99: float | None, problems: Sequence[str]
    ) -> None:
        """Say that the service lives, and how well (see `ServiceFacts`)."""
        self._update_service(
            heartbeat_at=at, skipped=skipped, dropped=dropped, late_ms_p99=late_ms_p99, problems=list(problems)
        )

    def end(self, at: datetime) -> None:
        """Say that the service was stopped, and did not die."""
        self._update_service(stopped_at=at)

    def record(self, observations: Sequence[Observation]) -> int:
        """Store a batch in one transaction.

        Returns:
            How many observations could not be placed: of a target that is not configured, or a value that is
            not a number.
        """
        batch = _Batch()
        with self._store.writing() as connection:
            self._load_probes(connection)
            for observation in observations:
                match observation:
                    case ProbeObservation():
                        self._record_probe(batch, observation)
                    case SignalObservation():
                        _record_signal(connection, batch, observation)
                    case PrometheusObservation():
                        _record_prometheus(connection, batch, observation)
                    case FeedObservation():
                        _record_feed(connection, batch, observation)
            if batch.rounds:
                connection.execute(insert(_ROUND), batch.rounds)
                connection.execute(_NEWEST_OF_PROBE, list(batch.newest.values()))
            self._store_samples(connection, batch.samples)
        return batch.ignored

    def record_scores(self, at: datetime, scores: Mapping[str, float]) -> None:
        """Store the score (0..100) of each provider at an instant, as the series `health_score`."""
        with self._store.writing() as connection:
            known = set(connection.execute(select(_PROVIDER.c.name)).scalars())
            samples = {(p, HEALTH_SCORE, at): s for p, s in scores.items() if p in known and math.isfinite(s)}
            self._store_samples(connection, samples)

    def mirror_freeze_periods(self, periods: Iterable[Period], at: datetime) -> None:
        """Replace the copy of what persons froze, for readers who may not read the ledger."""
        rows = [
            {
                "id": number,
                "name": period.name,
                "start": period.start,
                "end": period.end,
                "environments": sorted(period.environments),
                "services": sorted(period.services),
            }
            for number, period in enumerate(periods, start=1)
        ]
        with self._store.writing() as connection:
            connection.execute(delete(_PERIOD))
            if rows:
                connection.execute(insert(_PERIOD), rows)
            mirror = {"name": LEDGER_MIRROR, "copied_at": at}
            connection.execute(upsert(_MIRROR).values(mirror).on_conflict_do_update(["name"], set_=mirror))

    def accept_feed(self, name: str) -> None:
        """Take the next good reading of a feed as it is: a person has looked at what was questioned.

        Raises:
            NotFoundError: no feed of that name is configured.
        """
        with self._store.writing() as connection:
            done = connection.execute(update(_FEED).where(_FEED.c.name == name).values(accept_next=True))
            if not done.rowcount:
                raise NotFoundError(f'there is no freeze feed "{name}": name one from the configuration')

    def prune(self, before: datetime, limit: int = 5000) -> int:
        """Delete rounds and samples from before an instant, at most `limit` of each in a transaction.

        A long backlog is left for the next call. Readers are never stopped.

        Returns:
            How many rows were deleted.
        """
        deleted = 0
        for table in (_ROUND, _SAMPLE):
            for _ in range(CHUNKS_AT_ONCE):
                gone = self._prune_chunk(table, before, limit)
                deleted += gone
                if gone < limit:
                    break
        return deleted

    def close(self, *, clean: bool = True) -> bool:
        """Let go of the file.

        Args:
            clean: put everything into the one file first, so that users who may only read it still can. Without
                it, where readers have the file open, or on a full disk, its -wal and -shm stay beside it and serve
                the same end.

        Returns:
            Whether the file stands alone.
        """
        try:
            return self._store.leave_wal() if clean else False
        finally:
            self._store.close()

    def _update_service(self, **values: Any) -> None:
        with self._store.writing() as connection:
            connection.execute(update(_SERVICE).where(_SERVICE.c.id == 1).values(values))

    def _prune_chunk(self, table: Table, before: datetime, limit: int) -> int:
        key = list(table.primary_key)
        old = select(*key).where(table.c.at < before).limit(limit)
        with self._store.writing() as connection:
            return connection.execute(delete(table).where(tuple_(*key).in_(old))).rowcount

    def _load_probes(self, connection: Connection) -> None:
        if not self._probes:
            found = connection.execute(select(_PROBE.c.name, _PROBE.c.provider))
            self._probes = {row.name: row.provider for row in found}

    def _record_probe(self, batch: _Batch, seen: ProbeObservation) -> None:
        provider = self._probes.get(seen.probe)
        if provider is None:
            batch.ignored += 1
            return
        batch.rounds.append(
            {
                "probe": seen.probe,
                "at": seen.at,
                "passed": seen.passed,
                "failure": seen.failure,
                "latency_ms": seen.total_ms,
            }
        )
        if seen.passed and seen.total_ms is not None:
            batch.samples[provider, probe_signal(seen.probe), seen.at] = seen.total_ms
        batch.newest[seen.probe] = {
            "this_probe": seen.probe,
            "status": seen.status,
            "connect_ms": seen.connect_ms,
            "tls_ms": seen.tls_ms,
            "first_byte_ms": seen.first_byte_ms,
            "total_ms": seen.total_ms,
            "certificate": seen.certificate_expires_at,
            "measured_at": seen.at,
        }

    def _store_samples(self, connection: Connection, samples: Mapping[tuple[str, str, datetime], float]) -> None:
        """Store values; a second one of a series for the same instant replaces the first."""
        if not samples:
            return
        numbers = self._numbers(connection, {(provider, signal) for provider, signal, _at in samples})
        rows = [
            {"series": numbers[provider, signal], "at": at, "value": value}
            for (provider, signal, at), value in samples.items()
        ]
        statement = upsert(_SAMPLE)
        replacing = statement.on_conflict_do_update(["series", "at"], set_={"value": statement.excluded.value})
        connection.execute(replacing, rows)

    def _numbers(self, connection: Connection, names: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """Return the number of each series, giving one to those that have none."""
        if names - self._series.keys():
            # Only committed numbers are remembered: those given now are gone if this transaction fails.
            self._series = _all_numbers(connection)
        new = names - self._series.keys()
        if not new:
            return self._series
        connection.execute(insert(_SERIES), [{"provider": p, "signal": s} for p, s in sorted(new)])
        return _all_numbers(connection)


def _all_numbers(connection: Connection) -> dict[tuple[str, str], int]:
    found = connection.execute(select(_SERIES.c.provider, _SERIES.c.signal, _SERIES.c.id))
    return {(provider, signal): number for provider, signal, number in found}


def _record_signal(connection: Connection, batch: _Batch, seen: SignalObservation) -> None:
    here = (_SIGNAL.c.provider == seen.provider, _SIGNAL.c.signal == seen.signal)
    values: dict[str, Any] = {"attempted_at": seen.at, "problem": seen.problem}
    value = seen.value if seen.problem is None else None
    if value is not None and not math.isfinite(value):
        values["problem"] = "its value is not a number"
        batch.ignored += 1
        value = None
    if value is not None:
        values |= {"value": value, "measured_at": seen.at, "source": seen.source}
    if not connection.execute(update(_SIGNAL).where(*here).values(values)).rowcount:
        batch.ignored += 1
    elif value is not None:
        batch.samples[seen.provider, seen.signal, seen.at] = value


def _record_prometheus(connection: Connection, batch: _Batch, seen: PrometheusObservation) -> None:
    values: dict[str, Any] = {"attempted_at": seen.at, "problem": seen.problem}
    if seen.problem is None:
        values |= {
            "measured_at": seen.at,
            "ready": seen.ready,
            "targets_up": seen.targets_up,
            "targets_down": list(seen.targets_down),
            "alerts": [alert_to_json(alert) for alert in seen.alerts],
        }
    done = connection.execute(update(_PROMETHEUS).where(_PROMETHEUS.c.name == seen.name).values(values))
    batch.ignored += not done.rowcount


def _record_feed(connection: Connection, batch: _Batch, seen: FeedObservation) -> None:
    """Take a good reading unless it lost too many of the events that are still to come."""
    here = _FEED.c.name == seen.name
    before = connection.execute(select(_FEED.c.periods, _FEED.c.accept_next).where(here)).one_or_none()
    if before is None:
        batch.ignored += 1
        return
    values: dict[str, Any] = {"attempted_at": seen.at, "questioned": False}
    if seen.periods is None:
        values["problem"] = seen.problem or "it could not be read"
    elif not before.accept_next and lost_too_much(
        previous := periods_from_json(before.periods, Origin.FEED), seen.periods, seen.at
    ):
        coming = sum(period.end > seen.at for period in previous)
        values["questioned"] = True
        values["problem"] = (
            f'the feed "{seen.name}" lost more than half of its {coming} coming events: the last good reading stays; '
            f"look at the calendar, then run `wedtui freeze accept {seen.name}`"
        )
    else:
        values |= {
            "periods": [period_to_json(period) for period in seen.periods],
            "last_good_at": seen.at,
            "problem": None,
            "accept_next": False,
        }
    connection.execute(update(_FEED).where(here).values(values))
