"""What was observed, turned into rows: newest values, rounds and samples, in the transaction of whoever writes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from wedtui.cache.alert_sources import record_alerts
from wedtui.cache.changing import note_shares
from wedtui.cache.inventory import record_api, record_vendor
from wedtui.cache.roller import note_late
from wedtui.cache.rows import alert_to_json, elsewhere, period_to_json, periods_from_json
from wedtui.cache.tables import METADATA
from wedtui.core.freeze import Origin, lost_too_much
from wedtui.core.observation import (
    AlertsObservation,
    ApiObservation,
    FeedObservation,
    Observation,
    ProbeObservation,
    PrometheusObservation,
    SignalObservation,
    TrafficObservation,
    VendorObservation,
)
from wedtui.core.series import probe_signal
from wedtui.store.bulk import store_rows, update_rows
from wedtui.store.instants import to_microseconds
from wedtui.store.upsert import upsert

_T = METADATA.tables
_PROBE, _SIGNAL, _ROUND, _SEEN = _T["probe"], _T["signal"], _T["probe_round"], _T["probe_seen"]
_SERVICE = _T["service"]
_PROMETHEUS, _FEED, _SERIES, _SAMPLE = _T["prometheus"], _T["feed"], _T["series"], _T["sample"]
_TRAFFIC = _T["traffic"]
_MEASURED = ("status", "connect_ms", "tls_ms", "first_byte_ms", "total_ms", "measured_at")
_OF_ATTEMPT = ("attempted_at", "problem")
_OF_VALUE = ("value", "measured_at", "source")
_NOT_A_NUMBER = "its value is not a number"


@dataclass(slots=True)
class _Batch:
    """What one transaction is going to store."""

    rounds: list[dict[str, Any]] = field(default_factory=list)
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The newest of each probe."""
    attempts: dict[tuple[str, str], SignalObservation] = field(default_factory=dict)
    """The newest of each signal, and the newest that has a value."""
    values: dict[tuple[str, str], SignalObservation] = field(default_factory=dict)
    samples: dict[tuple[str, str], dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    """(Provider, signal) -> instant in microseconds -> value."""
    ignored: int = 0
    vantage: str = ""
    """Of the series of latencies: empty where one service alone measures."""


class Recording:
    """Knows what is configured and which number each series has."""

    def __init__(self, vantage: str) -> None:
        """Remember from where rounds of probes are seen."""
        self._vantage = vantage
        self._probes: dict[str, str] = {}
        self._signals: set[tuple[str, str]] = set()
        self._series: dict[tuple[str, str], int] = {}
        self._interval = timedelta(minutes=1)

    def configured(self, interval: timedelta) -> None:
        """Forget what was configured before; what names no interval of its own is asked every `interval`."""
        self._probes, self._signals = {}, set()
        self._interval = interval

    def record(self, connection: Connection, observations: Sequence[Observation]) -> int:
        """Store a batch; return how many observations could not be placed."""
        batch = _Batch()
        self._load_configured(connection)
        if any(isinstance(each, ProbeObservation) for each in observations) and self._is_one_of_several(connection):
            batch.vantage = self._vantage
        self._record_signals(batch, [each for each in observations if isinstance(each, SignalObservation)])
        for observation in observations:
            match observation:
                case SignalObservation():
                    pass  # All at once, above: they are by far the most.
                case ProbeObservation():
                    self._record_probe(batch, observation)
                case PrometheusObservation():
                    _record_prometheus(connection, batch, observation)
                case AlertsObservation():
                    batch.ignored += not record_alerts(connection, observation)
                case FeedObservation():
                    _record_feed(connection, batch, observation)
                case ApiObservation():
                    batch.ignored += not record_api(connection, observation, self._interval)
                case VendorObservation():
                    batch.ignored += not record_vendor(connection, observation, self._interval)
                case TrafficObservation():
                    batch.ignored += not _record_traffic(connection, observation)
        _store_rounds(connection, batch)
        _store_newest(connection, batch)
        self.store_samples(connection, batch.samples)
        return batch.ignored

    def _load_configured(self, connection: Connection) -> None:
        if not self._probes:
            found = connection.execute(select(_PROBE.c.name, _PROBE.c.provider))
            self._probes = {row.name: row.provider for row in found}
        if not self._signals:
            self._signals = {(p, s) for p, s in connection.execute(select(_SIGNAL.c.provider, _SIGNAL.c.signal))}

    def _is_one_of_several(self, connection: Connection) -> bool:
        """Whether others measure too, as readers tell it: what is 20 ms away from here is 180 ms away from there."""
        services = connection.execute(select(func.count()).select_from(_SERVICE)).scalar_one()
        elsewhere = (
            select(_SEEN.c.probe).where(_SEEN.c.vantage != self._vantage, _SEEN.c.probe.in_(self._probes)).limit(1)
        )
        return services > 1 or connection.execute(elsewhere).first() is not None

    def _record_signals(self, batch: _Batch, observations: Sequence[SignalObservation]) -> None:
        instant, at = None, 0
        for seen in observations:
            key = (seen.provider, seen.signal)
            if key not in self._signals:
                batch.ignored += 1
                continue
            batch.attempts[key] = seen
            value = seen.value
            if value is None or seen.problem is not None:
                continue
            if not math.isfinite(value):
                batch.ignored += 1
                continue
            batch.values[key] = seen
            if seen.at != instant:
                # Those of one query have one instant.
                instant, at = seen.at, to_microseconds(seen.at)
            batch.samples[key][at] = value

    def _record_probe(self, batch: _Batch, seen: ProbeObservation) -> None:
        provider = self._probes.get(seen.probe)
        if provider is None:
            batch.ignored += 1
            return
        batch.rounds.append(
            {
                "probe": seen.probe,
                "vantage": self._vantage,
                "at": seen.at,
                "passed": seen.passed,
                "failure": seen.failure,
                "latency_ms": seen.total_ms,
            }
        )
        if seen.passed and seen.total_ms is not None:
            batch.samples[provider, probe_signal(seen.probe, batch.vantage)][to_microseconds(seen.at)] = seen.total_ms
        batch.seen[seen.probe] = {
            "probe": seen.probe,
            "vantage": self._vantage,
            "status": seen.status,
            "connect_ms": seen.connect_ms,
            "tls_ms": seen.tls_ms,
            "first_byte_ms": seen.first_byte_ms,
            "total_ms": seen.total_ms,
            "certificate_expires_at": seen.certificate_expires_at,
            "measured_at": seen.at,
        }

    def store_samples(self, connection: Connection, samples: Mapping[tuple[str, str], Mapping[int, float]]) -> None:
        """Store values; a second one of a series for the same instant replaces the first."""
        if not samples:
            return
        numbers = self._numbers(connection, set(samples))
        rows = [(numbers[key], at, value) for key, values in samples.items() for at, value in values.items()]
        store_rows(connection, _SAMPLE, rows)
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


def _store_rounds(connection: Connection, batch: _Batch) -> None:
    if not batch.rounds:
        return
    connection.execute(insert(_ROUND), batch.rounds)
    statement = upsert(connection, _SEEN)
    new: dict[str, Any] = {column: statement.excluded[column] for column in _MEASURED}
    # A round that failed before it saw a certificate does not unsee the last one.
    expires = _SEEN.c.certificate_expires_at
    new[expires.name] = func.coalesce(statement.excluded[expires.name], expires)
    key = [column.name for column in _SEEN.primary_key]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=new), list(batch.seen.values()))


def _store_newest(connection: Connection, batch: _Batch) -> None:
    """Make what the signals say of themselves that of the newest observations."""
    attempts, values, both = [], [], []
    for key, seen in batch.attempts.items():
        valued = batch.values.get(key)
        if valued is seen:
            at = to_microseconds(seen.at)
            both.append((at, None, seen.value, at, seen.source, *key))
            continue
        problem = _NOT_A_NUMBER if seen.problem is None and seen.value is not None else seen.problem
        attempts.append((to_microseconds(seen.at), problem, *key))
        if valued is not None:
            values.append((valued.value, to_microseconds(valued.at), valued.source, *key))
    update_rows(connection, _SIGNAL, _OF_ATTEMPT, attempts)
    update_rows(connection, _SIGNAL, _OF_VALUE, values)
    update_rows(connection, _SIGNAL, (*_OF_ATTEMPT, *_OF_VALUE), both)


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
    """Take a good reading unless it lost too many of the events that are still to come.

    One of another URL, by a service whose configuration is another, says nothing about the one that counts.
    """
    here = _FEED.c.name == seen.name
    found = select(_FEED.c.periods, _FEED.c.accept_next, _FEED.c.address).where(here)
    before = connection.execute(found).one_or_none()
    if before is None or elsewhere(seen.address, before.address):
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


def _record_traffic(connection: Connection, seen: TrafficObservation) -> bool:
    """Store a look at the records; a bad one leaves the last good reading. Return whether the record is configured."""
    values: dict[str, Any] = {"attempted_at": seen.at, "problem": seen.problem}
    reading, here = seen.reading, _TRAFFIC.c.name == seen.name
    if reading is not None:
        shares = [[place.provider, place.region, share] for place, share in sorted(reading.shares.items())]
        columns = (_TRAFFIC.c.shares, _TRAFFIC.c.shares_since, _TRAFFIC.c.read_at)
        known = connection.execute(select(*columns).where(here)).one_or_none()
        since = known.shares_since if known is not None and known.shares == shares else None
        values |= {
            "shares": shares,
            "shares_since": since or reading.read_at,
            "ttl_s": reading.ttl // timedelta(seconds=1),
            "generation": reading.generation,
            "records": reading.records,
            "submission": reading.submission,
            "read_at": reading.read_at,
        }
        if known is not None:
            before = {"shares": known.shares, "read_at": known.read_at}
            note_shares(connection, seen.name, before, shares, values)
    done = connection.execute(update(_TRAFFIC).where(here).values(values))
    return bool(done.rowcount)
