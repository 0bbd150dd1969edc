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
_OF_PROBE = "SELECT id, at, passed, failure, latency_ms FROM probe_round WHERE probe = ? ORDER BY id DESC LIMIT ?"
# What is remembered of each probe, beside what the store holds now: one statement for all probes, because a server
# is a way off.
_KNOWN = "WITH known (probe, oldest, newest) AS (VALUES {places}) "
_PLACES = "(CAST(? AS text), CAST(? AS bigint), CAST(? AS bigint))"
_STANDS = """
SELECT probe,
    (SELECT count(*) FROM probe_round r WHERE r.probe = known.probe AND r.id BETWEEN oldest AND newest),
    (SELECT count(*) FROM probe_round r WHERE r.probe = known.probe AND r.id > newest)
FROM known
"""
_ADDED = """
SELECT r.probe, r.id, r.at, r.passed, r.failure, r.latency_ms
FROM known JOIN probe_round r ON r.probe = known.probe AND r.id >= newest
ORDER BY r.id DESC
"""
_PROBES_AT_ONCE = 500
_WINDOW = AVAILABILITY_WINDOW // timedelta(microseconds=1)


class _Stored(NamedTuple):
    id: int
    at: int
    round: ProbeRound


class _Known(NamedTuple):
    """What was read of one probe: every stored round from the oldest here to the newest, newest first."""

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
        self._known: dict[str, _Known] = {}

    def rounds(self, snapshot: Snapshot, probes: Sequence[str], present: int) -> dict[str, tuple[ProbeRound, ...]]:
        """Return the rounds of some probes, newest first; every other probe is forgotten.

        Args:
            snapshot: of the same store each time.
            probes: their names.
            present: the instant of the question, in microseconds since 1970. What is returned begins five minutes
                before the newest round that is not after it, with at least the three newest.
        """
        before = {name: known for name in probes if (known := self._known.get(name)) is not None and known.stored}
        added = _added(snapshot, before)
        found: dict[str, _Known] = {}
        for name in probes:
            grown = _grown(before[name], added[name], present) if name in added else None
            found[name] = grown or _kept(_stored(snapshot.values(_OF_PROBE, name, MOST_ROUNDS)), present)
        self._known = found
        return {name: known.rounds for name, known in found.items()}

    def forget(self) -> None:
        """Forget everything: the store is another."""
        self._known.clear()


def _stored(rows: Iterable[tuple[Any, ...]]) -> Iterator[_Stored]:
    for number, at, passed, failure, latency_ms in rows:
        yield _Stored(number, at, ProbeRound(from_microseconds(at), bool(passed), failure, latency_ms))


def _added(snapshot: Snapshot, before: Mapping[str, _Known]) -> dict[str, list[_Stored]]:
    """Return what stands from the newest known round on, newest first, of each probe that can be built upon."""
    sound: dict[str, _Known] = {}
    for probe, held, more in _ask(snapshot, _STANDS, before):
        if held == len(before[probe].stored) and more < MOST_ROUNDS:
            sound[probe] = before[probe]
    added: dict[str, list[_Stored]] = {probe: [] for probe in sound}
    for probe, *row in _ask(snapshot, _ADDED, sound):
        added[probe] += _stored([tuple(row)])
    return added


def _ask(snapshot: Snapshot, statement: str, known: Mapping[str, _Known]) -> Iterator[tuple[Any, ...]]:
    """Run a statement beside what is known of some probes, in pieces that every system takes."""
    names = list(known)
    for first in range(0, len(names), _PROBES_AT_ONCE):
        some = names[first : first + _PROBES_AT_ONCE]
        parameters = [value for n in some for value in (n, known[n].stored[-1].id, known[n].stored[0].id)]
        yield from snapshot.values(_KNOWN.format(places=", ".join([_PLACES] * len(some))) + statement, *parameters)


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
