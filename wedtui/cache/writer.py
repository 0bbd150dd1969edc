"""The one writer of the cache: the service, or a round in the foreground."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, select, true, tuple_, update

from wedtui.cache import changing, leases
from wedtui.cache.configured import names_account, unlike, write_configured
from wedtui.cache.dropped import drop, forget_dropped
from wedtui.cache.inventory import prune_inventory
from wedtui.cache.kind import CACHE
from wedtui.cache.mirror import write_mirror
from wedtui.cache.recording import Recording
from wedtui.cache.roller import move_on, note_kept, prunable, roll_due
from wedtui.cache.rows import HEALTH_SCORE
from wedtui.cache.sketches import prepare
from wedtui.cache.tables import METADATA
from wedtui.cache.wedding_sources import configure_sources
from wedtui.cache.wedding_writer import WeddingWriter
from wedtui.config import Configuration
from wedtui.core.freeze import Period
from wedtui.core.observation import (
    ApiObservation,
    Claim,
    Claimed,
    Observation,
)
from wedtui.core.override import Override
from wedtui.core.picture import ServiceFacts
from wedtui.core.protection import Raise
from wedtui.core.rollup import SAMPLES, SETTLES
from wedtui.core.services import right_time
from wedtui.core.sharing import HOUSE, Member, Takeover, vantage_lease, whole_digest
from wedtui.errors import NotFoundError, VantageTakenError
from wedtui.store import clock
from wedtui.store.instants import from_microseconds, to_microseconds
from wedtui.store.opening import WRITER_WAITS, writable
from wedtui.store.upsert import upsert

_T = METADATA.tables
_SERVICE, _PROVIDER, _FEED = (_T[name] for name in ("service", "provider", "feed"))
_ROUND, _SEEN, _SAMPLE, _ROLLUP = (_T[name] for name in ("probe_round", "probe_seen", "sample", "rollup"))

# Of whom nobody asked where they are: a round in the foreground.
SOLE_VANTAGE = "here"


class Beat(NamedTuple):
    """What came of a heartbeat."""

    held: Mapping[str, int] | None
    """The fencing number of each lease that the service holds; None where it stood still for so long that others took
    what it held: nothing was stored, and it has to `begin` again."""
    database_at: datetime
    """By the database's clock."""
    alone: bool = True
    """Whether no other service lives."""
    takeovers: tuple[Takeover, ...] = ()
    """Whom it took for dead."""


class Stored(NamedTuple):
    """What became of a batch that was not simply stored."""

    ignored: int = 0
    """Of a target that is not configured, or no number."""
    refused: int = 0
    """Made by a right that another service has taken over."""


class Pruned(NamedTuple):
    """What a piece of pruning came to; the rest is for the next call, because heartbeats have to come in between."""

    rows: int
    """How many were deleted."""
    more: bool
    """Whether there may be more to delete already."""


class Rolled(NamedTuple):
    """What a call of `CacheWriter.roll` came to."""

    more: bool
    """Whether there may be more to do already."""
    damaged: int
    """Buckets whose sketch could not be read."""


class CacheWriter:
    """Stores what was observed. Used by one thread at a time; every method is one transaction unless it says else.

    Every method raises a StoreError when it cannot store; what was stored before stays.
    """

    def __init__(self, url: str, *, vantage: str = SOLE_VANTAGE, waits: timedelta = WRITER_WAITS) -> None:
        """Open the cache, make it where there is none, and bring it up to date.

        Args:
            url: where it is.
            vantage: from where rounds of probes are seen.
            waits: how long to wait for another process that holds it.

        Raises:
            ConfigurationError: the URL is not supported.
            StoreError: it cannot be opened.
        """
        self._store = writable(url, CACHE, waits=waits)
        self._recording = Recording(vantage)
        self._instance = ""
        self.weddings = WeddingWriter(self._store.writing, self._store.asking, self._holds)
        """Writes the calendar of weddings."""

    def database_now(self) -> datetime:
        """Return the instant by the database's own clock, which is that of all who share it."""
        with self._store.writing() as connection:
            return clock.database_now(connection)

    def configure(
        self,
        configuration: Configuration,
        *,
        probe_interval: timedelta,
        query_interval: timedelta,
        claim: Claim | None = None,
    ) -> None:
        """Make the rows of what is watched those of the configuration; by a right that is lost nothing is changed.

        What stays keeps its newest values; what is gone goes, and so do values of what is now somewhere else. What
        freezes or protects (feeds, sources of weddings) is kept as dropped, and goes with `forget_dropped`; of probes
        stays what they saw last, which counts no more but is said.

        Args:
            configuration: what is watched.
            probe_interval: for probes that name none.
            query_interval: for queries and servers that name none.
            claim: by which right; None: a person's.
        """
        with self._store.writing() as connection:
            if not self._holds(connection, claim):
                return
            now = clock.database_now(connection)
            intervals = {"probe_interval": probe_interval, "query_interval": query_interval}
            write_configured(connection, configuration, now, **intervals)
            configure_sources(connection, configuration.weddings.sources, now)
        self._recording.configured(query_interval)

    def unlike(self, configuration: Configuration) -> str | None:
        """Return in what a configuration is unlike the one that counts; None where what is watched is the same."""
        with self._store.writing() as connection:
            mine, keepers = leases.digest_of(connection, self._instance), leases.digest_of_keeper(connection)
            found = unlike(connection, configuration, keepers or "")
            differs = mine and keepers and whole_digest(mine) != whole_digest(keepers)
            if found is None and differs:
                # The text of a query and the columns of a source are in no row.
                found = "something that is not stored by name, such as the text of a query or the columns of a source"
            return found

    def follow(self, query_interval: timedelta) -> None:
        """Expect that another service configured anew; what names no interval is asked every `query_interval`."""
        self._recording.configured(query_interval)

    def begin(self, service: ServiceFacts) -> None:
        """Say that a service fills the cache from now on, and take the lease of its vantage.

        Raises:
            VantageTakenError: another service watches from there, and may be alive.
        """
        with self._store.writing() as connection:
            now = clock.database_now(connection)
            held = vantage_lease(service.vantage) in leases.fences(connection, service.instance)
            others = leases.alive(connection, now) - {service.vantage}
            former = changing.former_of(connection, service.vantage)
            other = leases.begin(connection, _member(service), (service.place, service.boot), now)
            if other is not None:
                raise VantageTakenError(
                    f'a service on {other} watches as "{service.vantage}" already: give each its own service.vantage'
                )
            _forget_former(connection, service)
            # One that begins anew after a standstill goes on counting, and is none that was configured anew.
            before = select(_SERVICE.c.stored, _SERVICE.c.began_at).where(_SERVICE.c.instance == service.instance)
            stored, began_at = connection.execute(before).one_or_none() or (0, None)
            values = {**_row(service), "stored": stored, "began_at": began_at or now}
            statement = upsert(connection, _SERVICE).values(values)
            connection.execute(statement.on_conflict_do_update(index_elements=["vantage"], set_=values))
            changing.note_begin(connection, former, values, alone=not others, held=held, at=now)
        self._instance = service.instance

    def heartbeat(self, service: ServiceFacts, targets: Mapping[str, bool]) -> Beat:
        """Say that a service lives, and how well; renew its leases, take what is its own, give back what is another's.

        Args:
            service: what it says of itself now.
            targets: the keys of what it is configured to ask once, and whether it is asking it at this moment.
        """
        with self._store.writing() as connection:
            now = clock.database_now(connection)
            shared = leases.share(connection, _member(service), targets, now)
            if shared is not None:
                values = {**_row(service), "shares": len(shared.fences) - 1}
                connection.execute(update(_SERVICE).where(_SERVICE.c.instance == service.instance).values(values))
                changing.note_takeovers(connection, shared.takeovers, service.vantage)
            alone = leases.alive(connection, now) <= {service.vantage}
        return Beat(None, now, alone) if shared is None else Beat(shared.fences, now, alone, shared.takeovers)

    def end(self, at: datetime) -> None:
        """Say that the service that began was stopped, and did not die; give back what it held."""
        with self._store.writing() as connection:
            own = (_SERVICE.c.instance == self._instance, _SERVICE.c.stopped_at.is_(None))
            vantage = connection.execute(select(_SERVICE.c.vantage).where(*own)).scalar()
            connection.execute(update(_SERVICE).where(own[0]).values(stopped_at=at))
            if vantage is not None:
                changing.note_end(connection, vantage, clock.database_now(connection))
            leases.end(connection, self._instance)

    def forget_services(self, before: datetime, claim: Claim | None = None) -> int:
        """Forget services last heard before an instant, unless they live, and what they saw; return how many.

        Their rounds are seen by nobody any more, and go when they are old: there may be millions.
        By a right that is lost nothing is deleted.
        """
        with self._store.writing() as connection:
            if not self._holds(connection, claim):
                return 0
            known = connection.execute(select(_SERVICE.c.vantage, _SERVICE.c.heartbeat_at, _SERVICE.c.clock_ahead_s))
            alive = leases.alive(connection, clock.database_now(connection))
            gone = [v for v, at, ahead_s in known.all() if v not in alive and right_time(at, ahead_s) < before]
            for table in (_SERVICE, _SEEN) if gone else ():
                connection.execute(delete(table).where(table.c.vantage.in_(gone)))
            return len(gone)

    def record(self, observations: Sequence[Observation]) -> int:
        """Store a batch in one transaction, made by a person's right.

        Returns:
            How many observations could not be placed: of a target that is not configured, or a value that is
            not a number.
        """
        with self._store.writing() as connection:
            return self._recording.record(connection, observations)

    def record_claimed(self, batch: Sequence[Claimed]) -> Stored:
        """Store a batch in one transaction, without what was observed by a right that is lost.

        What this service stored before, as its number tells, is passed over: a connection that broke while it was
        committed leaves nobody knowing.
        """
        with self._store.writing() as connection:
            held = leases.fences(connection, self._instance) if self._instance else {}
            before = _stored(connection, self._instance)
            new = [c for c in batch if not c.number or c.number > before]
            kept = [c.observation for c in new if c.claim is None or held.get(c.claim.lease) == c.claim.fence]
            ignored = self._recording.record(connection, self._as_counts(connection, kept, HOUSE in held))
            last = max((c.number for c in new), default=0)
            if last:
                connection.execute(update(_SERVICE).where(_SERVICE.c.instance == self._instance).values(stored=last))
            return Stored(ignored, len(new) - len(kept))

    def _as_counts(self, connection: Connection, seen: list[Observation], keeper: bool) -> list[Observation]:
        """Let what was seen put another account in the place of a stored one only where what counts names that.

        Two services that name different ones would otherwise forget each other's resources in every round.

        Args:
            connection: in a transaction.
            seen: what this service saw.
            keeper: whether its own configuration is the one that counts.
        """
        if keeper or not any(isinstance(each, ApiObservation) and each.account_wanted for each in seen):
            return seen
        counts = leases.digest_of_keeper(connection) or ""

        def wanted(each: ApiObservation) -> bool:
            return each.account is not None and names_account(counts, each.provider, each.account)

        return [replace(e, account_wanted=wanted(e)) if isinstance(e, ApiObservation) else e for e in seen]

    def record_scores(self, at: datetime, scores: Mapping[str, float], claim: Claim | None = None) -> None:
        """Store the score (0..100) of each provider at an instant, as the series `health_score`.

        By a right that is lost nothing is stored.
        """
        with self._store.writing() as connection:
            if not self._holds(connection, claim):
                return
            known = set(connection.execute(select(_PROVIDER.c.name)).scalars())
            instant = to_microseconds(at)
            samples = {(p, HEALTH_SCORE): {instant: s} for p, s in scores.items() if p in known and math.isfinite(s)}
            self._recording.store_samples(connection, samples)

    def mirror_decisions(
        self,
        periods: Iterable[Period],
        raises: Iterable[Raise],
        at: datetime,
        claim: Claim | None = None,
        *,
        overrides: Iterable[Override] = (),
    ) -> None:
        """Replace the copy of what persons froze, raised and overrode, for readers who may not read the ledger.

        By a right that is lost nothing is stored.
        """
        with self._store.writing() as connection:
            if self._holds(connection, claim):
                write_mirror(connection, periods, raises, at, overrides)

    def accept_feed(self, name: str, record: Callable[[], None]) -> None:
        """Take the next good reading of a feed as it is: a person has looked at what was questioned.

        Args:
            name: its name.
            record: puts it on record; nothing is done where that fails.

        Raises:
            NotFoundError: no feed of that name is configured.
        """
        with self._store.writing() as connection:
            done = connection.execute(update(_FEED).where(_FEED.c.name == name).values(accept_next=True))
            if not done.rowcount:
                raise NotFoundError(f'there is no freeze feed "{name}": name one from the configuration')
            record()

    def drop_feed(self, name: str, record: Callable[[], None]) -> None:
        """Forget a feed that is no longer configured now, and not only when it was kept for its time.

        Args:
            name: its name.
            record: puts it on record; nothing is done where that fails.

        Raises:
            NotFoundError: there is no feed of that name.
            ConflictError: it is configured.
        """
        with self._store.writing() as connection:
            drop(connection, _FEED, f'freeze feed "{name}"', name)
            record()

    def note_level(
        self, level: str, why: str, since: datetime | None, at: datetime, claim: Claim | None = None
    ) -> None:
        """Record which protection level holds, if it is another than when that was last recorded.

        By a right that is lost nothing is stored.
        """
        with self._store.writing() as connection:
            if self._holds(connection, claim):
                changing.note_level(connection, level, why, since, at)

    def prune_changes(self, now: datetime, claim: Claim | None = None) -> int:
        """Delete what changed longer ago than is kept; return how many. By a right that is lost nothing is deleted."""
        with self._store.writing() as connection:
            return changing.prune_changes(connection, now) if self._holds(connection, claim) else 0

    def forget_dropped(self, claim: Claim | None = None) -> int:
        """Forget feeds and sources of weddings that have not been configured for `DROPPED_KEPT`; return how many.

        The weddings of those go with `weddings.prune`. By a right that is lost nothing is deleted.
        """
        with self._store.writing() as connection:
            if not self._holds(connection, claim):
                return 0
            return forget_dropped(connection, clock.database_now(connection))

    def prune(self, before: datetime, limit: int = 5000, claim: Claim | None = None) -> Pruned:
        """Delete rounds and samples from before an instant, at most `limit` of each, in two transactions.

        The rest is left for the next call. Readers are never stopped. Samples that are not rolled up yet stay.
        By a right that is lost nothing is deleted, here and below.
        """
        return _pruned([self._prune_level(step, before, limit, claim) for step in (None, SAMPLES)], limit)

    def prune_rollups(self, before: Mapping[int, datetime], limit: int = 5000, claim: Claim | None = None) -> Pruned:
        """Delete roll-ups as `prune` does samples; buckets that the coarser step is not rolled from yet stay.

        Args:
            before: step in seconds -> the instant; buckets that begin before it go.
            limit: how many of each step to delete, each in a transaction.
            claim: by which right; None: a person's.
        """
        return _pruned([self._prune_level(step, at, limit, claim) for step, at in before.items()], limit)

    def roll(self, now: datetime, claim: Claim | None = None) -> Rolled:
        """Roll up what is complete and what came late: one bounded piece of work, in two transactions.

        Args:
            now: an aware instant; what is younger than `core.rollup.SETTLES` is left for later.
            claim: by which right; None: a person's. By one that is lost nothing is done.
        """
        prepare()
        with self._store.writing() as connection:
            if not self._holds(connection, claim):
                return Rolled(False, 0)
            more = move_on(connection, to_microseconds(now - SETTLES))
        with self._store.writing() as connection:
            if not self._holds(connection, claim):
                return Rolled(False, 0)
            work = roll_due(connection)
        # What was rolled may be what a coarser step waits for.
        return Rolled(more or work.buckets > 0, work.damaged)

    def prune_inventory(self, before: datetime, limit: int = 5000, claim: Claim | None = None) -> Pruned:
        """Delete resources that vanished before an instant, at most `limit`, and old askings."""
        with self._store.writing() as connection:
            return _pruned(
                [prune_inventory(connection, before, limit)] if self._holds(connection, claim) else [], limit
            )

    def size(self) -> int:
        """Return how many bytes the cache takes on the disk of its system."""
        return self._store.size()

    def empty_log(self) -> bool:
        """Have what was erased gone from the log beside the file as well.

        Returns:
            Whether nothing of it is left there: not while somebody still reads what was before.
        """
        return self._store.empty_log()

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

    def _holds(self, connection: Connection, claim: Claim | None) -> bool:
        """Whether a right is still this service's; a person has every right."""
        return claim is None or leases.fences(connection, self._instance).get(claim.lease) == claim.fence

    def _prune_level(self, step: int | None, before: datetime, limit: int, claim: Claim | None) -> int:
        """Delete what is old of one level (None: of the rounds of probes), as far as one call should."""
        with self._store.writing() as connection:
            if not self._holds(connection, claim):
                return 0
            return _prune_chunk(connection, step, to_microseconds(before), limit)


def _pruned(deleted: list[int], limit: int) -> Pruned:
    return Pruned(sum(deleted), max(deleted, default=0) >= limit)


def _stored(connection: Connection, instance: str) -> int:
    """Return the number of the last observation of a service that needs not be stored any more."""
    found: int | None = connection.execute(select(_SERVICE.c.stored).where(_SERVICE.c.instance == instance)).scalar()
    return found or 0


def _forget_former(connection: Connection, service: ServiceFacts) -> None:
    """Forget whoever watched from this place under another name: it is dead, because this service has its lock."""
    former = select(_SERVICE.c.vantage, _SERVICE.c.instance).where(
        _SERVICE.c.place == service.place, _SERVICE.c.boot == service.boot
    )
    for vantage, instance in connection.execute(former.where(_SERVICE.c.vantage != service.vantage)).all():
        leases.end(connection, instance)
        # Its rounds are seen by nobody any more, and go when they are old: there may be millions.
        for table in (_SERVICE, _SEEN):
            connection.execute(delete(table).where(table.c.vantage == vantage))


def _row(service: ServiceFacts) -> dict[str, Any]:
    """Return what a service says of itself, and what of the cache its program knows."""
    return {**asdict(service), "problems": list(service.problems), "revision": CACHE.head}


def _member(service: ServiceFacts) -> Member:
    return leases.member_of(service.vantage, service.instance, service.configuration_digest, service.version)


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
