"""Reading the cache: frozen facts, each from one consistent snapshot that is let go at once."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, Row, bindparam, cast, func, or_, select, type_coerce

from wedtui.cache.kind import CACHE
from wedtui.cache.rows import HEALTH_SCORE, alerts_from_json, periods_from_json
from wedtui.cache.shapes import (
    FEED,
    FREEZE_PERIOD,
    MIRROR,
    PROBE,
    PROMETHEUS,
    PROVIDER,
    ROUND,
    SAMPLE,
    SERIES,
    SERVICE,
    SIGNAL,
)
from wedtui.core.evidence import ProbeEvidence, ProbeRound, ProviderEvidence, SignalEvidence
from wedtui.core.freeze import Feed, Origin, Period
from wedtui.core.health import AVAILABILITY_WINDOW, FAILED_ROUNDS_CRITICAL
from wedtui.core.picture import CacheFacts, ProbeDetails, PrometheusFacts, ServiceFacts
from wedtui.core.series import Point, Series, probe_signal
from wedtui.store.engine import READER_WAITS
from wedtui.store.opened import ReadableStore
from wedtui.store.types import from_microseconds, to_microseconds

# Five minutes of the shortest interval that can be configured, and some: a bound, whatever the clock did.
MOST_ROUNDS = 700
_ROUNDS_AT_ONCE = 128

# Instants come as plain numbers here: thousands of rows, and the column type costs more than the rest of a row.
_ROUNDS_OF_PROBE = (
    select(type_coerce(ROUND.c.at, BigInteger), ROUND.c.passed, ROUND.c.failure, ROUND.c.latency_ms)
    .where(ROUND.c.probe == bindparam("of_probe"))
    .order_by(ROUND.c.id.desc())
    .limit(MOST_ROUNDS)
)


class CacheReader:
    """Reads the cache through restarts of the service, replaced files and migrations. Used by one thread.

    Every reading raises a StoreError when the cache cannot be read, and opens it anew the next time.
    """

    def __init__(self, url: str, *, waits: timedelta = READER_WAITS) -> None:
        """Remember where the cache is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._store = ReadableStore(url, CACHE, waits=waits)

    def changed(self) -> bool:
        """Say, within microseconds, whether anything was committed since the last call; the first call says yes.

        Never raises: a cache that cannot be asked counts as changed, and the reading that follows says why.
        """
        return self._store.changed()

    def facts(self, now: datetime) -> CacheFacts:
        """Return everything that health is judged by.

        Args:
            now: an aware instant. Of each probe come the rounds of the five minutes before its newest round that is
                not after `now`, in the order in which they were stored, and at least the three newest.
        """
        present = to_microseconds(now)
        with self._store.reading() as connection:
            probes = connection.execute(select(PROBE).order_by(PROBE.c.position)).all()
            evidence: dict[str, list[ProbeEvidence]] = defaultdict(list)
            for row in probes:
                interval = timedelta(seconds=row.interval_s)
                evidence[row.provider].append(ProbeEvidence(row.name, interval, _rounds(connection, row.name, present)))
            signals: dict[str, list[SignalEvidence]] = defaultdict(list)
            for row in connection.execute(select(SIGNAL).order_by(SIGNAL.c.position)):
                signals[row.provider].append(_signal(row))
            providers = connection.execute(select(PROVIDER).order_by(PROVIDER.c.position)).all()
            servers = connection.execute(select(PROMETHEUS).order_by(PROMETHEUS.c.position)).all()
            service = connection.execute(select(SERVICE)).one_or_none()
            return CacheFacts(
                providers=tuple(
                    ProviderEvidence(
                        name=row.name,
                        kind=row.kind,
                        weight=row.weight,
                        capacity=row.capacity,
                        probes=tuple(evidence[row.name]),
                        signals=tuple(signals[row.name]),
                    )
                    for row in providers
                ),
                probes=tuple(_details(row) for row in probes),
                prometheus=tuple(_server(row) for row in servers),
                service=None if service is None else _service(service),
            )

    def freeze_feeds(self) -> tuple[Feed, ...]:
        """Return the last good reading of every configured feed, by name."""
        with self._store.reading() as connection:
            return tuple(
                Feed(
                    name=row.name,
                    periods=periods_from_json(row.periods, Origin.FEED),
                    last_good_at=row.last_good_at,
                    problem=row.problem,
                    questioned=row.questioned,
                )
                for row in connection.execute(select(FEED).order_by(FEED.c.name))
            )

    def mirrored_freeze_periods(self) -> tuple[tuple[Period, ...], datetime | None]:
        """Return the copy of what persons froze, and when it was made (None: never)."""
        with self._store.reading() as connection:
            copied_at: datetime | None = connection.execute(select(MIRROR.c.copied_at)).scalar()
            periods = tuple(
                Period(
                    name=row.name,
                    start=row.start,
                    end=row.end,
                    origin=Origin.PERSON,
                    environments=frozenset(row.environments),
                    services=frozenset(row.services),
                )
                for row in connection.execute(select(FREEZE_PERIOD).order_by(FREEZE_PERIOD.c.id))
            )
            return periods, copied_at

    def signals(self, provider: str) -> tuple[str, ...]:
        """Return the series of a provider that can be charted: its signals, its score, its probes' latencies."""
        with self._store.reading() as connection:
            signals = select(SIGNAL.c.signal).where(SIGNAL.c.provider == provider).order_by(SIGNAL.c.position)
            probes = select(PROBE.c.name).where(PROBE.c.provider == provider).order_by(PROBE.c.position)
            stored = set(connection.execute(select(SERIES.c.signal).where(SERIES.c.provider == provider)).scalars())
            wanted = [
                *connection.execute(signals).scalars(),
                HEALTH_SCORE,
                *map(probe_signal, connection.execute(probes).scalars()),
            ]
            return tuple(name for name in dict.fromkeys(wanted) if name in stored)

    def series(self, provider: str, signal: str, since: datetime, until: datetime, *, most: int = 600) -> Series:
        """Return the history of one series from `since` to `until`, both included.

        Where there are more than `most` values, time is cut into equal buckets and of each the lowest and the
        highest value stay, at their own instants: every peak and every trough is on the chart, and every point is a
        value that was measured.

        Args:
            provider: a provider's name.
            signal: a name that `signals` returned.
            since: an aware instant.
            until: an aware instant.
            most: how many points to return at most; at least 2.
        """
        first, last = to_microseconds(since), to_microseconds(until)
        with self._store.reading() as connection:
            named = select(SERIES.c.id).where(SERIES.c.provider == provider, SERIES.c.signal == signal)
            number = connection.execute(named).scalar()
            points = () if number is None else _points(connection, number, first, last, max(most, 2))
            return Series(provider, signal, since, until, points)

    def close(self) -> None:
        """Let go of every file."""
        self._store.close()


def _rounds(connection: Connection, probe: str, present: int) -> tuple[ProbeRound, ...]:
    """Return the rounds of a probe, newest first by insertion: a clock that jumped cannot reorder them."""
    result = connection.execute(_ROUNDS_OF_PROBE, {"of_probe": probe})
    window = AVAILABILITY_WINDOW // timedelta(microseconds=1)
    rounds: list[ProbeRound] = []
    since: int | None = None
    for rows in result.partitions(_ROUNDS_AT_ONCE):
        for at, passed, failure, latency_ms in rows:
            if since is None and at <= present:
                since = at - window
            if since is not None and at < since and len(rounds) >= FAILED_ROUNDS_CRITICAL:
                result.close()
                return tuple(rounds)
            rounds.append(ProbeRound(from_microseconds(at), passed, failure, latency_ms))
    return tuple(rounds)


def _points(connection: Connection, number: int, first: int, last: int, most: int) -> tuple[Point, ...]:
    at = type_coerce(SAMPLE.c.at, BigInteger)
    here = (SAMPLE.c.series == number, at.between(first, last))
    statement = select(at.label("at"), SAMPLE.c.value).where(*here).order_by(at)
    rows = connection.execute(statement.limit(most + 1)).all()
    if len(rows) > most:
        width = (last - first) // (most // 2) + 1
        bucket = cast(at - first, Integer) // width
        lowest = func.row_number().over(partition_by=bucket, order_by=(SAMPLE.c.value, at))
        highest = func.row_number().over(partition_by=bucket, order_by=(SAMPLE.c.value.desc(), at))
        ranked = (
            select(at.label("at"), SAMPLE.c.value, lowest.label("lowest"), highest.label("highest"))
            .where(*here)
            .subquery()
        )
        extreme = or_(ranked.c.lowest == 1, ranked.c.highest == 1)
        rows = connection.execute(select(ranked.c.at, ranked.c.value).where(extreme).order_by(ranked.c.at)).all()
    return tuple(Point(from_microseconds(at), value) for at, value in rows)


def _signal(row: Row[Any]) -> SignalEvidence:
    return SignalEvidence(
        signal=row.signal,
        source=row.source,
        interval=timedelta(seconds=row.interval_s),
        value=row.value,
        measured_at=row.measured_at,
        problem=row.problem,
    )


def _details(row: Row[Any]) -> ProbeDetails:
    return ProbeDetails(
        name=row.name,
        url=row.url,
        timeout=timedelta(seconds=row.timeout_s),
        status=row.status,
        connect_ms=row.connect_ms,
        tls_ms=row.tls_ms,
        first_byte_ms=row.first_byte_ms,
        total_ms=row.total_ms,
        certificate_expires_at=row.certificate_expires_at,
        measured_at=row.measured_at,
    )


def _server(row: Row[Any]) -> PrometheusFacts:
    return PrometheusFacts(
        name=row.name,
        url=row.url,
        interval=timedelta(seconds=row.interval_s),
        measured_at=row.measured_at,
        ready=row.ready,
        targets_up=row.targets_up,
        targets_down=tuple(row.targets_down),
        alerts=alerts_from_json(row.alerts),
        problem=row.problem,
    )


def _service(row: Row[Any]) -> ServiceFacts:
    return ServiceFacts(
        instance=row.instance,
        pid=row.pid,
        mode=row.mode,
        version=row.version,
        environment=row.environment,
        started_at=row.started_at,
        heartbeat_at=row.heartbeat_at,
        stopped_at=row.stopped_at,
        configuration_digest=row.configuration_digest,
        skipped=row.skipped,
        dropped=row.dropped,
        late_ms_p99=row.late_ms_p99,
        problems=tuple(row.problems),
    )
