"""The rounds of probes, as far back as they are evidence; of a cache that grew only what is new is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import chain, islice
from typing import Any, NamedTuple

from wedtui.core.evidence import ProbeRound
from wedtui.core.health import AVAILABILITY_WINDOW, FAILED_ROUNDS_CRITICAL
from wedtui.store.instants import from_microseconds
from wedtui.store.shape import Asked
from wedtui.store.snapshot import Snapshot

# Five minutes of the shortest interval that can be configured, and some: a bound, whatever the clock did.
MOST_ROUNDS = 700

# Newest first by insertion: a clock that jumped cannot reorder them.
_OF_SIGHT = (
    "SELECT id, at, passed, failure, latency_ms FROM probe_round WHERE probe = ? AND vantage = ?"
    " ORDER BY id DESC LIMIT ?"
)
# What is remembered of each probe and vantage, beside what the store holds now: one statement for all, because a
# server is a way off; and none waits for the answer of another.
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
# Neither is joined with what is known: a server that guesses how many there are reads all of a long history for it.
_NEWEST = "SELECT probe, vantage, id, at, passed, failure, latency_ms FROM probe_round WHERE id IN ({places})"
_NEWER = (
    "SELECT probe, vantage, id, at, passed, failure, latency_ms FROM probe_round WHERE id > ? ORDER BY id DESC LIMIT ?"
)
# Of all sights together; who was away for longer reads those anew of which this is not all.
MOST_NEWER = 2_000
_AT_ONCE = 200
# The driver remembers how to write a statement of fifty parameters, and works it out anew for one of more.
_STANDS_AT_ONCE = 12
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
        before = self._built_upon(sights)
        added = _added(snapshot, before)
        found: dict[Sight, _Known] = {}
        for sight in sights:
            grown = _grown(before[sight], added[sight], present) if sight in added else None
            found[sight] = grown or _kept(_stored(snapshot.values(_OF_SIGHT, *sight, MOST_ROUNDS)), present)
        self._known = found
        return {sight: known.rounds for sight, known in found.items()}

    def asks(self) -> list[Asked]:
        """Return what `rounds` is going to ask of the sights of the last time."""
        before = self._built_upon(self._known)
        return [*_stands(before), *_newest(before), *_newer(before)]

    def _built_upon(self, sights: Iterable[Sight]) -> dict[Sight, _Known]:
        return {sight: known for sight in sights if (known := self._known.get(sight)) is not None and known.stored}

    def forget(self) -> None:
        """Forget everything: the store is another."""
        self._known.clear()


def _stored(rows: Iterable[Sequence[Any]]) -> Iterator[_Stored]:
    for number, at, passed, failure, latency_ms in rows:
        yield _Stored(number, at, ProbeRound(from_microseconds(at), bool(passed), failure, latency_ms))


def _added(snapshot: Snapshot, before: Mapping[Sight, _Known]) -> dict[Sight, list[_Stored]]:
    """Return what stands from the newest known round on, newest first, of each sight that can be built upon."""
    added: dict[Sight, list[_Stored]] = {sight: [] for sight in before}
    for asked in (*_newer(before), *_newest(before)):
        for probe, vantage, *row in snapshot.all(asked):
            if (sight := Sight(probe, vantage)) in added:
                added[sight] += _stored([row])
    sound: dict[Sight, list[_Stored]] = {}
    for asked in _stands(before):
        for probe, vantage, held, more in snapshot.all(asked):
            sight = Sight(probe, vantage)
            known, found = before[sight].stored, added[sight]
            # More than were found: a server committed a lower number later, or there is too much of what is new.
            whole = held == len(known) and more == len(found) - 1 < MOST_ROUNDS
            if whole and found[-1].id == known[0].id:
                sound[sight] = found
    return sound


def _stands(known: Mapping[Sight, _Known]) -> Iterator[Asked]:
    """Yield what asks of each sight how many rounds stand where some are known, and how many are newer."""
    for some in _pieces(list(known), _STANDS_AT_ONCE):
        statement = _KNOWN.format(places=", ".join([_PLACES] * len(some))) + _STANDS.format(most=MOST_ROUNDS)
        parameters = (value for s in some for value in (*s, known[s].stored[-1].id, known[s].stored[0].id))
        yield Asked(statement, tuple(parameters))


def _newest(known: Mapping[Sight, _Known]) -> Iterator[Asked]:
    """Yield what asks for the newest known round of each sight."""
    for some in _pieces(list(known)):
        yield Asked(_NEWEST.format(places=", ".join("?" * len(some))), tuple(known[s].stored[0].id for s in some))


def _newer(known: Mapping[Sight, _Known]) -> Iterator[Asked]:
    """Yield what asks for the rounds that are newer than all that is known."""
    if known:
        yield Asked(_NEWER, (max(each.stored[0].id for each in known.values()), MOST_NEWER))


def _pieces(sights: Sequence[Sight], at_once: int = _AT_ONCE) -> Iterator[Sequence[Sight]]:
    """Cut into pieces that every system takes in one statement."""
    for first in range(0, len(sights), at_once):
        yield sights[first : first + at_once]


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
