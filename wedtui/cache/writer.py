"""The one writer of the cache: the service, or a round in the foreground."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, true, tuple_, update

from wedtui.cache.configured import write_configured
from wedtui.cache.inventory import prune_inventory, record_api, record_vendor
from wedtui.cache.kind import CACHE
from wedtui.cache.roller import move_on, note_kept, note_late, prunable, roll_due
from wedtui.cache.rows import HEALTH_SCORE, alert_to_json, period_to_json, periods_from_json
from wedtui.cache.tables import METADATA
from wedtui.config import Configuration
from wedtui.core.freeze import Origin, Period, lost_too_much
from wedtui.core.observation import (
    ApiObservation,
    FeedObservation,
    Observation,
    ProbeObservation,
    PrometheusObservation,
    SignalObservation,
    VendorObservation,
)
from wedtui.core.picture import ServiceFacts
from wedtui.core.rollup import SAMPLES, SETTLES
from wedtui.core.series import probe_signal
from wedtui.errors import NotFoundError
from wedtui.store.instants import from_microseconds, to_microseconds
from wedtui.store.opening import WRITER_WAITS, writable
from wedtui.store.types import UtcMicroseconds
from wedtui.store.upsert import upsert

_T = METADATA.tables
_SERVICE, _PROVIDER, _PROBE, _SIGNAL = _T["service"], _T["provider"], _T["probe"], _T["signal"]
_PROMETHEUS, _FEED, _ROUND = _T["prometheus"], _T["feed"], _T["probe_round"]
_SERIES, _SAMPLE, _PERIOD, _MIRROR = _T["series"], _T["sample"], _T["freeze_period"], _T["mirror"]
_ROLLUP = _T["rollup"]

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

# Thousands of rows at a time: given to the driver as they are, with `?` in its own style.
_STORE_SAMPLE = (
    "INSERT INTO sample (series, at, value) VALUES (?, ?, ?)"
    " ON CONFLICT (series, at) DO UPDATE SET value = excluded.value"
)
_NEWEST_ATTEMPT = "UPDATE signal SET attempted_at = ?, problem = ? WHERE provider = ? AND signal = ?"
_NEWEST_VALUE = "UPDATE signal SET value = ?, measured_at = ?, source = ? WHERE provider = ? AND signal = ?"
_NEWEST_OF_SIGNAL = (
    "UPDATE signal SET attempted_at = ?, problem = NULL, value = ?, measured_at = ?, source = ?"
    " WHERE provider = ? AND signal = ?"
)
_NOT_A_NUMBER = "its value is not a number"


class Rolled(NamedTuple):
    """What a call of `CacheWriter.roll` came to."""

    more: bool
    """Whether there may be more to do already."""
    damaged: int
    """Buckets whose sketch could not be read."""


@dataclass(slots=True)
class _Batch:
    """What one transaction is going to store."""

    rounds: list[dict[str, Any]] = field(default_factory=list)
    newest: dict[str, dict[str, Any]] = field(default_factory=dict)
    attempts: dict[tuple[str, str], SignalObservation] = field(default_factory=dict)
    """The newest of each signal, and the newest that has a value."""
    values: dict[tuple[str, str], SignalObservation] = field(default_factory=dict)
    samples: dict[tuple[str, str], dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    """(Provider, signal) -> instant in microseconds -> value."""
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
        self._store = writable(url, CACHE, waits=waits)
        self._probes: dict[str, str] = {}
        self._signals: set[tuple[str, str]] = set()
        self._series: dict[tuple[str, str], int] = {}
        self._interval = timedelta(minutes=1)

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
        self._probes, self._signals = {}, set()
        self._interval = query_interval

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
            statement = upsert(connection, _SERVICE).values(values)
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))

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
            self._load_configured(connection)
            for observation in observations:
                match observation:
                    case ProbeObservation():
                        self._record_probe(batch, observation)
                    case SignalObservation():
                        self._record_signal(batch, observation)
                    case PrometheusObservation():
                        _record_prometheus(connection, batch, observation)
                    case FeedObservation():
                        _record_feed(connection, batch, observation)
                    case ApiObservation():
                        batch.ignored += not record_api(connection, observation, self._interval)
                    case VendorObservation():
                        batch.ignored += not record_vendor(connection, observation, self._interval)
            if batch.rounds:
                connection.execute(insert(_ROUND), batch.rounds)
                connection.execute(_NEWEST_OF_PROBE, list(batch.newest.values()))
            _store_newest(connection, batch)
            self._store_samples(connection, batch.samples)
        return batch.ignored

    def record_scores(self, at: datetime, scores: Mapping[str, float]) -> None:
        """Store the score (0..100) of each provider at an instant, as the series `health_score`."""
        with self._store.writing() as connection:
            known = set(connection.execute(select(_PROVIDER.c.name)).scalars())
            instant = to_microseconds(at)
            samples = {(p, HEALTH_SCORE): {instant: s} for p, s in scores.items() if p in known and math.isfinite(s)}
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
            statement = upsert(connection, _MIRROR).values(mirror)
            connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=mirror))

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

        A long backlog is left for the next call. Readers are never stopped. Samples that are not rolled up yet stay.

        Returns:
            How many rows were deleted.
        """
        return sum(self._prune_level(step, before, limit) for step in (None, SAMPLES))

    def prune_rollups(self, before: Mapping[int, datetime], limit: int = 5000) -> int:
        """Delete roll-ups as `prune` does samples; buckets that the coarser step is not rolled from yet stay.

        Args:
            before: step in seconds -> the instant; buckets that begin before it go.
            limit: how many of each step to delete in a transaction.

        Returns:
            How many rows were deleted.
        """
        return sum(self._prune_level(step, at, limit) for step, at in before.items())

    def roll(self, now: datetime) -> Rolled:
        """Roll up what is complete and what came late: one bounded piece of work, in two transactions.

        Args:
            now: an aware instant; what is younger than `core.rollup.SETTLES` is left for later.
        """
        with self._store.writing() as connection:
            more = move_on(connection, to_microseconds(now - SETTLES))
        with self._store.writing() as connection:
            work = roll_due(connection)
        # What was rolled may be what a coarser step waits for.
        return Rolled(more or work.buckets > 0, work.damaged)

    def prune_inventory(self, before: datetime, limit: int = 5000) -> int:
        """Delete resources that vanished before an instant, at most `limit` in a transaction, and old askings.

        A long backlog is left for the next call.

        Returns:
            How many resources were deleted.
        """
        deleted = 0
        for _ in range(CHUNKS_AT_ONCE):
            with self._store.writing() as connection:
                gone = prune_inventory(connection, before, limit)
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
            return self._store.settle() if clean else False
        finally:
            self._store.close()

    def _update_service(self, **values: Any) -> None:
        with self._store.writing() as connection:
            connection.execute(update(_SERVICE).where(_SERVICE.c.id == 1).values(values))

    def _prune_level(self, step: int | None, before: datetime, limit: int) -> int:
        """Delete what is old of one level (None: of the rounds of probes), as far as one call should."""
        deleted = 0
        for _ in range(CHUNKS_AT_ONCE):
            with self._store.writing() as connection:
                gone = _prune_chunk(connection, step, to_microseconds(before), limit)
            deleted += gone
            if gone < limit:
                break
        return deleted

    def _load_configured(self, connection: Connection) -> None:
        if not self._probes:
            found = connection.execute(select(_PROBE.c.name, _PROBE.c.provider))
            self._probes = {row.name: row.provider for row in found}
        if not self._signals:
            self._signals = {(p, s) for p, s in connection.execute(select(_SIGNAL.c.provider, _SIGNAL.c.signal))}

    def _record_signal(self, batch: _Batch, seen: SignalObservation) -> None:
        key = (seen.provider, seen.signal)
        if key not in self._signals:
            batch.ignored += 1
            return
        batch.attempts[key] = seen
        value = seen.value
        if value is None or seen.problem is not None:
            return
        if math.isfinite(value):
            batch.values[key] = seen
            batch.samples[key][to_microseconds(seen.at)] = value
        else:
            batch.ignored += 1

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
            batch.samples[provider, probe_signal(seen.probe)][to_microseconds(seen.at)] = seen.total_ms
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

    def _store_samples(self, connection: Connection, samples: Mapping[tuple[str, str], Mapping[int, float]]) -> None:
        """Store values; a second one of a series for the same instant replaces the first."""
        if not samples:
            return
        numbers = self._numbers(connection, set(samples))
        rows = [(numbers[key], at, value) for key, values in samples.items() for at, value in values.items()]
        _driven(connection, _STORE_SAMPLE, rows)
        note_late(connection, rows)

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


def _driven(connection: Connection, statement: str, rows: list[tuple[Any, ...]]) -> None:
    """Run a statement for every row, without what SQLAlchemy does for each."""
    if rows:
        own = statement if connection.dialect.paramstyle == "qmark" else statement.replace("?", "%s")
        connection.exec_driver_sql(own, rows)


def _store_newest(connection: Connection, batch: _Batch) -> None:
    """Make what the signals say of themselves that of the newest observations."""
    attempts, values, both = [], [], []
    for key, seen in batch.attempts.items():
        valued = batch.values.get(key)
        if valued is seen:
            at = to_microseconds(seen.at)
            both.append((at, seen.value, at, seen.source, *key))
            continue
        problem = _NOT_A_NUMBER if seen.problem is None and seen.value is not None else seen.problem
        attempts.append((to_microseconds(seen.at), problem, *key))
        if valued is not None:
            values.append((valued.value, to_microseconds(valued.at), valued.source, *key))
    _driven(connection, _NEWEST_ATTEMPT, attempts)
    _driven(connection, _NEWEST_VALUE, values)
    _driven(connection, _NEWEST_OF_SIGNAL, both)


def _prune_chunk(connection: Connection, step: int | None, before: int, limit: int) -> int:
    table, at = _ROUND, _ROUND.c.at
    here: ColumnElement[bool] = true()
    if step is not None:
        before = prunable(connection, step, before)
        note_kept(connection, step, before)
        table, at = (_SAMPLE, _SAMPLE.c.at) if step == SAMPLES else (_ROLLUP, _ROLLUP.c.start)
        if step != SAMPLES:
            here = _ROLLUP.c.step == step
    key = list(table.primary_key)
    old = select(*key).where(here, at < from_microseconds(before)).limit(limit)
    return connection.execute(delete(table).where(tuple_(*key).in_(old))).rowcount


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
