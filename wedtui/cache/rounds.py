"""The rounds of probes, as far back as they are evidence; of a cache that grew only what is new is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import chain, islice
from typing import Any, NamedTuple

from wedtui.core.evidence import ProbeRound
from wedtui.core.health import AVAILABILITY_WINDOW, FAILED_ROUNDS_CRITICAL
from wedtui.store.instants import from_microseconds
from wedtui.store.snapshot import Snapshot

# Five minutes of the shortest interval that can be configured, and some: a bound, whatever the clock did.
MOST_ROUNDS = 700

# Newest first by insertion: a clock that jumped cannot reorder them.
_OF_SIGHT = (
    "SELECT id, at, passed, failure, latency_ms FROM probe_round WHERE probe = ? AND vantage = ?"
    " ORDER BY id DESC LIMIT ?"
)
# What is remembered of each probe and vantage, beside what the store holds now: one statement for all, because a
# server is a way off.
_KNOWN = "WITH known (probe, vantage, oldest, newest) AS (VALUES {places}) "
_PLACES = "(CAST(? AS text), CAST(? AS text), CAST(? AS bigint), CAST(? AS bigint))"
_STANDS = """
SELECT probe, vantage,
    (SELECT count(*) FROM probe_round r
        WHERE r.probe = known.probe AND r.vantage = known.vantage AND r.id BETWEEN oldest AND newest),
    (SELECT count(*) FROM (SELECT r.id FROM probe_round r
        WHERE r.probe = known.probe AND r.vantage = known.vantage AND r.id > newest
        ORDER BY r.id LIMIT {most}) AS newer)
FROM known
"""
# Not joined with what is known: a server that guesses how many there are reads all of a long history for it.
_NEWEST = "SELECT probe, vantage, id, at, passed, failure, latency_ms FROM probe_round WHERE id IN ({places})"
_NEWER = (
    "SELECT probe, vantage, id, at, passed, failure, latency_ms FROM probe_round"
    " WHERE probe = ? AND vantage = ? AND id > ?"
)
_AT_ONCE = 200
_WINDOW = AVAILABILITY_WINDOW // timedelta(microseconds=1)


class _Stored(NamedTuple):
    id: int
    at: int
    round: ProbeRound


class Sight(NamedTuple):
    """A probe, and from where it is asked."""

    probe: str
    vantage: str


class _Known(NamedTuple):
    """What was read of one sight: every stored round from the oldest here to the newest, newest first."""

    stored: tuple[_Stored, ...]
    since: int | None
    """Where the evidence begins; None where all that there is was read."""
    rounds: tuple[ProbeRound, ...]


class RoundMemory:
    """Reads rounds, and remembers them from one snapshot to the next of the same store.

    What is remembered is used only while the store still holds exactly that: the same number of rounds between the
    oldest and the newest, and the newest unchanged. (SQLite may use the number of a row again after the newest were
    deleted, and then the newest is another; a server may commit a lower number later, and then there are more; a
    stored round is never changed.) Otherwise everything is read again.
    """

    def __init__(self) -> None:
        self._known: dict[Sight, _Known] = {}

    def rounds(self, snapshot: Snapshot, sights: Sequence[Sight], present: int) -> dict[Sight, tuple[ProbeRound, ...]]:
        """Return the rounds of some sights, newest first; every other one is forgotten.

        Args:
            snapshot: of the same store each time.
            sights: each once.
            present: the instant of the question, in microseconds since 1970. What is returned begins five minutes
                before the newest round that is not after it, with at least the three newest.
        """
        before = {sight: known for sight in sights if (known := self._known.get(sight)) is not None and known.stored}
        added = _added(snapshot, before)
        found: dict[Sight, _Known] = {}
        for sight in sights:
            grown = _grown(before[sight], added[sight], present) if sight in added else None
            found[sight] = grown or _kept(_stored(snapshot.values(_OF_SIGHT, *sight, MOST_ROUNDS)), present)
        self._known = found
        return {sight: known.rounds for sight, known in found.items()}

    def forget(self) -> None:
        """Forget everything: the store is another."""
        self._known.clear()


def _stored(rows: Iterable[tuple[Any, ...]]) -> Iterator[_Stored]:
    for number, at, passed, failure, latency_ms in rows:
        yield _Stored(number, at, ProbeRound(from_microseconds(at), bool(passed), failure, latency_ms))


def _added(snapshot: Snapshot, before: Mapping[Sight, _Known]) -> dict[Sight, list[_Stored]]:
    """Return what stands from the newest known round on, newest first, of each sight that can be built upon."""
    sound: dict[Sight, _Known] = {}
    grown: list[Sight] = []
    for probe, vantage, held, more in _stands(snapshot, before):
        sight = Sight(probe, vantage)
        if held == len(before[sight].stored) and more < MOST_ROUNDS:
            sound[sight] = before[sight]
            if more:
                grown.append(sight)
    added: dict[Sight, list[_Stored]] = {sight: [] for sight in sound}
    for some in _pieces(grown):
        arms = " UNION ALL ".join([_NEWER] * len(some))
        parameters = [value for sight in some for value in (*sight, sound[sight].stored[0].id)]
        for probe, vantage, *row in snapshot.values(f"{arms} ORDER BY id DESC", *parameters):
            added[Sight(probe, vantage)] += _stored([tuple(row)])
    for some in _pieces(list(sound)):
        newest = [sound[sight].stored[0].id for sight in some]
        for probe, vantage, *row in snapshot.values(_NEWEST.format(places=", ".join("?" * len(some))), *newest):
            sight = Sight(probe, vantage)
            if sight in sound and sound[sight].stored[0].id == row[0]:
                added[sight] += _stored([tuple(row)])
    return added


def _stands(snapshot: Snapshot, known: Mapping[Sight, _Known]) -> Iterator[tuple[Any, ...]]:
    """Yield of each sight how many rounds stand where some are known, and how many are newer."""
    for some in _pieces(list(known)):
        statement = _KNOWN.format(places=", ".join([_PLACES] * len(some))) + _STANDS.format(most=MOST_ROUNDS)
        parameters = [value for s in some for value in (*s, known[s].stored[-1].id, known[s].stored[0].id)]
        yield from snapshot.values(statement, *parameters)


def _pieces(sights: Sequence[Sight]) -> Iterator[Sequence[Sight]]:
    """Cut into pieces that every system takes in one statement."""
    for first in range(0, len(sights), _AT_ONCE):
        yield sights[first : first + _AT_ONCE]


def _grown(before: _Known, added: list[_Stored], present: int) -> _Known | None:
    """Return what was known with what is new; None where it cannot be built upon."""
    newest = before.stored[0]
    if not added or added[-1] != newest:
        return None
    if len(added) == 1 and newest.at <= present and before.since == newest.at - _WINDOW:
        return before
    found = _kept(chain(added[:-1], before.stored), present)
    if before.since is not None and (found.since is None or found.since < before.since):
        return None
    return found


def _kept(stored: Iterable[_Stored], present: int) -> _Known:
    """Keep what is evidence of rounds that come newest first."""
    kept: list[_Stored] = []
    since: int | None = None
    for each in islice(stored, MOST_ROUNDS):
        if since is None and each.at <= present:
            since = each.at - _WINDOW
        if since is not None and each.at < since and len(kept) >= FAILED_ROUNDS_CRITICAL:
            break
        kept.append(each)
    return _Known(tuple(kept), since, tuple([k.round for k in kept]))
