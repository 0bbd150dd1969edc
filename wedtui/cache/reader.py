"""Reading the cache: frozen facts, each from one consistent snapshot that is let go at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from wedtui.cache.changes import read_seen
from wedtui.cache.copied import read_actions, read_alerts
from wedtui.cache.gone import asks_of_gone, read_gone
from wedtui.cache.history import SERIES_NUMBER, by_minute, drawn
from wedtui.cache.kind import CACHE
from wedtui.cache.resources import asks_of_inventory, find, read_inventory, read_page, read_vendors, read_view
from wedtui.cache.rounds import RoundMemory, Sight
from wedtui.cache.rows import HEALTH_SCORE, alerts_from_json, periods_from_json
from wedtui.cache.shapes import (
    ACTION_COPY,
    ALERT_COPY,
    FEED,
    FREEZE_OVERRIDE,
    FREEZE_PERIOD,
    PROBE,
    PROMETHEUS,
    PROTECTION_RAISE,
    PROVIDER,
    SEEN,
    SERVICE,
    SIGNAL,
    TRAFFIC,
)
from wedtui.cache.traffic import read_traffic
from wedtui.cache.weddings import (
    CalendarMemory,
    read_conflicts,
    read_live,
    read_load,
    read_sources,
    read_venue_kinds,
    read_wedding,
    read_weddings,
)
from wedtui.core.action_document import CopiedActions
from wedtui.core.alerts.standing import AlertsNow
from wedtui.core.calendar import CalendarFacts
from wedtui.core.calendar_query import Conflicts, ListedWedding, LiveBreakdown, SourceDetails, WeddingPage, WeddingQuery
from wedtui.core.changes import ChangeQuery, Told
from wedtui.core.evidence import ProbeEvidence, ProviderEvidence, SignalEvidence, VendorEvidence, righted
from wedtui.core.freeze import Feed, Origin, Period
from wedtui.core.inventory import KnownResource, ResourcePage, ResourceQuery, ResourceView
from wedtui.core.load import Steps
from wedtui.core.override import Override
from wedtui.core.picture import CacheFacts, ProbeDetails, PrometheusFacts, ServiceFacts
from wedtui.core.protection import Raise
from wedtui.core.rollup import extremes
from wedtui.core.season import Protection
from wedtui.core.series import Point, Series, probe_signal, vantages_of
from wedtui.core.services import right_time
from wedtui.core.sharing import HOUSE, whole_digest
from wedtui.core.traffic_facts import TrafficFacts
from wedtui.store.instants import from_microseconds, to_microseconds
from wedtui.store.opening import READER_WAITS, readable
from wedtui.store.shape import Asked
from wedtui.store.snapshot import Snapshot

_POINTS = "SELECT at, value FROM sample WHERE series = ? AND at BETWEEN ? AND ? ORDER BY at LIMIT ?"
# Of several services one writes what is configured.
_KEEPER = "SELECT vantage FROM service WHERE instance = (SELECT holder FROM lease WHERE name = ?)"
_SAMPLES_KEPT_FROM = "SELECT kept_from FROM rollup_mark WHERE step = 0"
# Of each bucket of time the lowest and the highest value, at their own instants.
_EXTREMES = """
WITH ranked AS (
    SELECT at, value,
        row_number() OVER (PARTITION BY (at - :first) / :width ORDER BY value, at) AS lowest,
        row_number() OVER (PARTITION BY (at - :first) / :width ORDER BY value DESC, at) AS highest
    FROM sample WHERE series = :series AND at BETWEEN :first AND :last
)
SELECT at, value FROM ranked WHERE lowest = 1 OR highest = 1 ORDER BY at
"""
# What is asked whatever the answers to the rest are: all of it on one way to a server and back.
_IN_ORDER, _BY_VANTAGE, _BY_NAME = "ORDER BY position", "ORDER BY vantage", "ORDER BY name"
_SEEING = (PROBE.asked(_IN_ORDER), SERVICE.asked(_BY_VANTAGE), SEEN.asked(_BY_VANTAGE))
_SHARES = (PROVIDER.asked(_IN_ORDER), TRAFFIC.asked(_BY_NAME))
_PICTURE = (
    *_SHARES,
    SIGNAL.asked(_IN_ORDER),
    PROMETHEUS.asked(_IN_ORDER),
    ACTION_COPY.asked(_BY_NAME),
    ALERT_COPY.asked(_BY_NAME),
    Asked(_KEEPER, (HOUSE,)),
)


class _Seeing(NamedTuple):
    """What probes saw, in one snapshot."""

    probes: list[Any]
    services: list[Any]
    seen: dict[str, dict[Sight, Any]]
    sights: dict[str, list[Sight]]
    several: bool
    """Whether there is more than one vantage."""
    evidence: dict[str, list[ProbeEvidence]]
    """By provider."""


class CacheReader:
    """Reads the cache through restarts of the service, replaced files and migrations. Used by one thread.

    Every reading raises a StoreError when the cache cannot be read, and opens it anew the next time.
    """

    def __init__(self, url: str, *, waits: timedelta = READER_WAITS) -> None:
        """Remember where the cache is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._store = readable(url, CACHE, waits=waits)
        self._rounds = RoundMemory()
        self._calendar = CalendarMemory()
        self._opened = 0

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
        with self._store.reading() as snapshot:
            self._ahead(snapshot, [*_PICTURE, *asks_of_inventory(now), asks_of_gone(now)])
            seeing = self._seeing(snapshot, present)
            probes, services, seen, sights = seeing.probes, seeing.services, seeing.seen, seeing.sights
            several, evidence = seeing.several, seeing.evidence
            signals: dict[str, list[SignalEvidence]] = defaultdict(list)
            for row in snapshot.rows(SIGNAL, _IN_ORDER):
                signals[row.provider].append(_signal(row))
            servers = snapshot.rows(PROMETHEUS, _IN_ORDER)
            vendors = read_vendors(snapshot)
            return CacheFacts(
                providers=tuple(
                    _provider(row, evidence[row.name], signals[row.name], vendors.get(row.name))
                    for row in snapshot.rows(PROVIDER, _IN_ORDER)
                ),
                traffic=read_traffic(snapshot),
                actions=read_actions(snapshot),
                alerts=read_alerts(snapshot),
                probes=tuple(
                    _details(row, seen[row.name].get(sight), sight.vantage if several else "")
                    for row in probes
                    for sight in sights[row.name]
                ),
                prometheus=tuple(_server(row) for row in servers),
                services=tuple(_service(row) for row in services),
                inventory=read_inventory(snapshot, now),
                keeper=snapshot.scalar(_KEEPER, HOUSE) or "",
                gone=read_gone(snapshot, [sight for name in sorted({*seen} - {*sights}) for sight in seen[name]], now),
            )

    def probing(self, now: datetime) -> tuple[tuple[ProviderEvidence, ...], TrafficFacts | None]:
        """Return what probes saw of each provider, as `facts` does, and the shares: what is looked at every second."""
        with self._store.reading() as snapshot:
            self._ahead(snapshot, _SHARES)
            evidence = self._seeing(snapshot, to_microseconds(now)).evidence
            rows = snapshot.rows(PROVIDER, _IN_ORDER)
            providers = (
                ProviderEvidence(row.name, row.kind, row.weight, row.capacity, tuple(evidence[row.name]))
                for row in rows
            )
            return tuple(providers), read_traffic(snapshot)

    def _ahead(self, snapshot: Snapshot, asked: Sequence[Asked]) -> None:
        """Ask for what is going to be asked beside what probes saw, and for that."""
        if self._store.opened != self._opened:
            self._rounds.forget()
            self._opened = self._store.opened
        snapshot.ahead([*_SEEING, *asked, *self._rounds.asks()])

    def _seeing(self, snapshot: Snapshot, present: int) -> _Seeing:
        """Return what probes saw, up to an instant in microseconds since 1970."""
        probes = snapshot.rows(PROBE, _IN_ORDER)
        services = snapshot.rows(SERVICE, _BY_VANTAGE)
        seen = _seen(snapshot)
        sights = {row.name: list(seen[row.name]) or [Sight(row.name, "")] for row in probes}
        rounds = self._rounds.rounds(snapshot, [sight for some in sights.values() for sight in some], present)
        wrong = {row.vantage: timedelta(seconds=row.clock_ahead_s) for row in services if _service(row).has_wrong_clock}
        several = len(services) > 1 or len({sight.vantage for some in sights.values() for sight in some}) > 1
        evidence: dict[str, list[ProbeEvidence]] = defaultdict(list)
        for row in probes:
            interval = timedelta(seconds=row.interval_s)
            for sight in sights[row.name]:
                found = ProbeEvidence(row.name, interval, rounds[sight], sight.vantage if several else "")
                if sight.vantage in wrong:
                    # Instants of a wrong clock would make what is old look like now.
                    doubted = righted(found.rounds, wrong[sight.vantage], from_microseconds(present))
                    found = replace(found, rounds=(), doubted=doubted, clock_ahead=wrong[sight.vantage])
                evidence[row.provider].append(found)
        return _Seeing(probes, services, seen, sights, several, evidence)

    def resources(self, query: ResourceQuery, now: datetime) -> ResourcePage:
        """Return one page of the resources that a question asks for.

        Raises:
            ConfigurationError: its `after` is not what a page of this order gave as `next`.
        """
        with self._store.reading() as snapshot:
            return read_page(snapshot, query, now)

    def find_resources(self, text: str, query: ResourceQuery) -> tuple[KnownResource, ...]:
        """Return the resource that a text names by id, by name or by the beginning of either; several where unclear.

        Args:
            text: what a person typed.
            query: its provider, kind and region narrow the search.
        """
        with self._store.reading() as snapshot:
            return find(snapshot, text, query)

    def resource(self, provider: str, kind: str, region: str, number: str) -> ResourceView | None:
        """Return one resource, by its id, with what it rests on and what rests on it; None where there is none."""
        with self._store.reading() as snapshot:
            return read_view(snapshot, (provider, kind, region, number))

    def calendar(self, start: datetime, end: datetime | None = None) -> CalendarFacts:
        """Return the calendar of weddings as it is known: its sources, and load and number around a time.

        The steps are made anew only where the calendar, or the day that is asked about, changed since the last call.

        Args:
            start: the first aware instant that is asked about.
            end: the last one; `start` without it.
        """
        with self._store.reading() as snapshot:
            return self._calendar.read(snapshot, self._store.opened, start, start if end is None else end)

    def load(
        self, start: datetime, end: datetime, *, by: str, zone: str | None = None, culture: str | None = None
    ) -> tuple[Steps, dict[str, Steps]]:
        """Return load and number of the weddings that touch [start, end): of all, and of each part.

        Args:
            start: an aware instant.
            end: an aware instant.
            by: what the parts are: `zone` or `culture`.
            zone: only of venues in this one.
            culture: only of this one.
        """
        with self._store.reading() as snapshot:
            return read_load(snapshot, start, end, by=by, zone=zone, culture=culture)

    def weddings(self, query: WeddingQuery) -> WeddingPage:
        """Return one page of weddings by start; one that several sources name has a row of each.

        Raises:
            ConfigurationError: its `after` is not what a page gave as `next`.
        """
        with self._store.reading() as snapshot:
            return read_weddings(snapshot, query)

    def venue_kinds(self) -> tuple[str, ...]:
        """Return the kinds of venues that weddings have, by name; every wedding is looked at."""
        with self._store.reading() as snapshot:
            return read_venue_kinds(snapshot)

    def wedding(self, reference: str) -> tuple[ListedWedding, ...]:
        """Return every row of a reference, by start; none where no source names it."""
        with self._store.reading() as snapshot:
            return read_wedding(snapshot, reference)

    def live(self, now: datetime) -> LiveBreakdown:
        """Return which weddings are live at an aware instant, by culture, kind of venue and zone."""
        with self._store.reading() as snapshot:
            return read_live(snapshot, now)

    def wedding_sources(self) -> tuple[SourceDetails, ...]:
        """Return every source of weddings and how its newest reading went."""
        with self._store.reading() as snapshot:
            return read_sources(snapshot)

    def wedding_conflicts(self) -> dict[str, Conflicts]:
        """Return source -> its weddings that have, there or elsewhere, times that overlap and differ."""
        with self._store.reading() as snapshot:
            return read_conflicts(snapshot)

    def near_conflicts(self, now: datetime) -> dict[str, Conflicts]:
        """Return the same of what is live or begins soon."""
        with self._store.reading() as snapshot:
            return self._calendar.conflicts(snapshot, self._store.opened, now)

    def freeze_feeds(self) -> tuple[Feed, ...]:
        """Return the last good reading of every configured feed, by name."""
        with self._store.reading() as snapshot:
            return tuple(
                Feed(
                    name=row.name,
                    periods=periods_from_json(row.periods, Origin.FEED),
                    last_good_at=row.last_good_at,
                    problem=row.problem,
                    questioned=row.questioned,
                    environments=frozenset(row.environments),
                    services=frozenset(row.services),
                    dropped_at=row.dropped_at,
                )
                for row in snapshot.rows(FEED, "ORDER BY name")
            )

    def traffic(self) -> TrafficFacts | None:
        """Return what is known of the record that shares traffic out; None where none is configured."""
        with self._store.reading() as snapshot:
            return read_traffic(snapshot)

    def actions(self) -> CopiedActions | None:
        """Return the copy of what was under way at the newest move of any action; None where there is none."""
        with self._store.reading() as snapshot:
            return read_actions(snapshot)

    def changes(self, query: ChangeQuery, now: datetime) -> Told:
        """Return what was seen to have changed, and of what nobody looked."""
        with self._store.reading() as snapshot:
            return read_seen(snapshot, query, now)

    def alerts(self) -> AlertsNow | None:
        """Return the copy of how it stood with alerts at the last round; None where there is none."""
        with self._store.reading() as snapshot:
            return read_alerts(snapshot)

    def services(self) -> tuple[ServiceFacts, ...]:
        """Return what every service that is not forgotten last wrote about itself."""
        with self._store.reading() as snapshot:
            return tuple(_service(row) for row in snapshot.rows(SERVICE, _BY_VANTAGE))

    def mirrored_freeze_periods(self) -> tuple[tuple[Period, ...], datetime | None]:
        """Return the copy of what persons froze, and when it was made (None: never)."""
        with self._store.reading() as snapshot:
            copied = snapshot.scalar("SELECT copied_at FROM mirror")
            copied_at = None if copied is None else from_microseconds(copied)
            periods = tuple(
                Period(
                    name=row.name,
                    start=row.start,
                    end=row.end,
                    origin=Origin.PERSON,
                    environments=frozenset(row.environments),
                    services=frozenset(row.services),
                    why=row.why or "",
                    number=row.id if row.why else 0,
                )
                for row in snapshot.rows(FREEZE_PERIOD, "ORDER BY id")
            )
            return periods, copied_at

    def mirrored_raises(self) -> tuple[tuple[Raise, ...], datetime | None]:
        """Return the copy of how far persons raised protection, and when it was made (None: never)."""
        with self._store.reading() as snapshot:
            copied = snapshot.scalar("SELECT copied_at FROM mirror")
            raises = tuple(
                Raise(Protection(row.level), row.reason, row.person, row.at, row.expires_at, row.id)
                for row in snapshot.rows(PROTECTION_RAISE, "ORDER BY id")
            )
            return raises, None if copied is None else from_microseconds(copied)

    def mirrored_overrides(self) -> tuple[tuple[Override, ...], datetime | None]:
        """Return the copy of what managers override of a freeze, and when it was made (None: never)."""
        with self._store.reading() as snapshot:
            copied = snapshot.scalar("SELECT copied_at FROM mirror")
            overrides = tuple(
                Override(row.object, row.person, row.reason, row.at, row.expires_at, row.id)
                for row in snapshot.rows(FREEZE_OVERRIDE, "ORDER BY id")
            )
            return overrides, None if copied is None else from_microseconds(copied)

    def signals(self, provider: str) -> tuple[str, ...]:
        """Return the series of a provider that can be charted: its signals, its score, its probes' latencies.

        Those of a probe that several services ask are by vantage.
        """
        with self._store.reading() as snapshot:
            of_provider = "WHERE provider = ? ORDER BY position"
            signals = [row.signal for row in snapshot.rows(SIGNAL, of_provider, provider)]
            stored = {name for (name,) in snapshot.values("SELECT signal FROM series WHERE provider = ?", provider)}
            probes = [
                name
                for row in snapshot.rows(PROBE, of_provider, provider)
                for name in (probe_signal(row.name), *vantages_of(probe_signal(row.name), stored))
            ]
            wanted = [*signals, HEALTH_SCORE, *probes]
            return tuple(name for name in dict.fromkeys(wanted) if name in stored)

    def series(self, provider: str, signal: str, since: datetime, until: datetime, *, most: int = 600) -> Series:
        """Return the history of one series from `since` to `until`, both included.

        Where there are more than `most` values, time is cut into equal buckets and of each the lowest and the
        highest value stay, at their own instants: every peak and every trough is on the chart, and every point is a
        value that was measured. Longer stretches are read from roll-ups, which know their extremes.

        Args:
            provider: a provider's name.
            signal: a name that `signals` returned.
            since: an aware instant.
            until: an aware instant.
            most: how many points to return at most; at least 2.
        """
        first, last = to_microseconds(since), to_microseconds(until)
        with self._store.reading() as snapshot:
            number = snapshot.scalar(SERIES_NUMBER, provider, signal)
            points = () if number is None else _points(snapshot, number, first, last, max(most, 2))
            return Series(provider, signal, since, until, points)

    def by_minute(self, provider: str, signal: str, since: datetime, until: datetime) -> dict[int, float]:
        """Return the average of a series in each minute of [since, until) that has a value: `history.by_minute`."""
        with self._store.reading() as snapshot:
            return by_minute(snapshot, provider, signal, (to_microseconds(since), to_microseconds(until)))

    def close(self) -> None:
        """Let go of every file."""
        self._store.close()


def _points(snapshot: Snapshot, number: int, first: int, last: int, most: int) -> tuple[Point, ...]:
    rows = list(snapshot.values(_POINTS, number, first, last, most + 1))
    if len(rows) > most or (snapshot.scalar(_SAMPLES_KEPT_FROM) or 0) > first:
        found = drawn(snapshot, number, (first, last + 1), most // 2)
        if found is not None:
            rows = extremes(found.points, found.width)
        elif len(rows) > most:
            width = (last - first) // (most // 2) + 1
            rows = snapshot.named(_EXTREMES, {"series": number, "first": first, "last": last, "width": width})
    return tuple(Point(from_microseconds(at), value) for at, value in rows)


def _provider(
    row: Any, probes: list[ProbeEvidence], signals: list[SignalEvidence], vendor: VendorEvidence | None
) -> ProviderEvidence:
    return ProviderEvidence(
        name=row.name,
        kind=row.kind,
        weight=row.weight,
        capacity=row.capacity,
        probes=tuple(probes),
        signals=tuple(signals),
        vendor=vendor,
    )


def _signal(row: Any) -> SignalEvidence:
    return SignalEvidence(
        signal=row.signal,
        source=row.source,
        interval=timedelta(seconds=row.interval_s),
        value=row.value,
        measured_at=row.measured_at,
        problem=row.problem,
        attempted_at=row.attempted_at,
    )


def _seen(snapshot: Snapshot) -> dict[str, dict[Sight, Any]]:
    """Return of each probe what its newest round measured, by vantage."""
    found: dict[str, dict[Sight, Any]] = defaultdict(dict)
    for row in snapshot.rows(SEEN, _BY_VANTAGE):
        found[row.probe][Sight(row.probe, row.vantage)] = row
    return found


def _details(row: Any, seen: Any | None, vantage: str) -> ProbeDetails:
    about = {"name": row.name, "url": row.url, "timeout": timedelta(seconds=row.timeout_s), "vantage": vantage}
    if seen is None:
        return ProbeDetails(**about)
    return ProbeDetails(
        **about,
        status=seen.status,
        connect_ms=seen.connect_ms,
        tls_ms=seen.tls_ms,
        first_byte_ms=seen.first_byte_ms,
        total_ms=seen.total_ms,
        certificate_expires_at=seen.certificate_expires_at,
        measured_at=seen.measured_at,
    )


def _server(row: Any) -> PrometheusFacts:
    return PrometheusFacts(
        name=row.name,
        url=row.url,
        interval=timedelta(seconds=row.interval_s),
        measured_at=row.measured_at,
        attempted_at=row.attempted_at,
        ready=row.ready,
        targets_up=row.targets_up,
        targets_down=tuple(row.targets_down),
        alerts=alerts_from_json(row.alerts),
        problem=row.problem,
    )


def _service(row: Any) -> ServiceFacts:
    """Return what a service wrote of itself, its instants by the database's clock and not by its own."""
    stopped_at = row.stopped_at
    return ServiceFacts(
        instance=row.instance,
        pid=row.pid,
        mode=row.mode,
        version=row.version,
        environment=row.environment,
        started_at=right_time(row.started_at, row.clock_ahead_s),
        heartbeat_at=right_time(row.heartbeat_at, row.clock_ahead_s),
        stopped_at=None if stopped_at is None else right_time(stopped_at, row.clock_ahead_s),
        vantage=row.vantage,
        place=row.place,
        configuration_digest=whole_digest(row.configuration_digest),
        skipped=row.skipped,
        dropped=row.dropped,
        refused=row.refused,
        shares=row.shares,
        clock_ahead_s=row.clock_ahead_s,
        late_ms_p99=row.late_ms_p99,
        problems=(*row.problems, *_outdated(row)),
        left_behind=row.left_behind,
    )


def _outdated(row: Any) -> tuple[str, ...]:
    """Say of a service that its program may not write this cache any more."""
    if row.revision == CACHE.head or row.stopped_at is not None:
        return ()
    return (
        f"it is of an older wedtui ({row.version}) than the cache and may not write it any more: "
        "start it again with the newer one",
    )
