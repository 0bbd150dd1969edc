"""The rounds of probes, as far back as they are evidence; of a cache that grew only what is new is read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import chain, islice
from typing import NamedTuple

from wedtui.core.evidence import ProbeRound
from wedtui.core.health import AVAILABILITY_WINDOW, FAILED_ROUNDS_CRITICAL
from wedtui.store.instants import from_microseconds
from wedtui.store.reading import Snapshot

# Five minutes of the shortest interval that can be configured, and some: a bound, whatever the clock did.
MOST_ROUNDS = 700

# Newest first by insertion: a clock that jumped cannot reorder them.
_FROM = (
    "SELECT id, at, passed, failure, latency_ms FROM probe_round WHERE probe = ? AND id >= ? ORDER BY id DESC LIMIT ?"
)
_HOW_MANY = "SELECT count(*) FROM probe_round WHERE probe = ? AND id BETWEEN ? AND ?"
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
    deleted, and then the newest is another; a stored round is never changed.) Otherwise everything is read again.
    """

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def rounds(self, snapshot: Snapshot, probe: str, present: int) -> tuple[ProbeRound, ...]:
        """Return the rounds of a probe, newest first.

        Args:
            snapshot: of the same store each time.
            probe: its name.
            present: the instant of the question, in microseconds since 1970. What is returned begins five minutes
                before the newest round that is not after it, with at least the three newest.
        """
        before = self._known.get(probe)
        found = None if before is None else _grown(snapshot, probe, present, before)
        if found is None:
            found = _kept(_read(snapshot, probe, 0), present)
        self._known[probe] = found
        return found.rounds

    def keep_only(self, probes: Iterable[str]) -> None:
        """Forget every other probe."""
        wanted = set(probes)
        self._known = {name: known for name, known in self._known.items() if name in wanted}

    def forget(self) -> None:
        """Forget everything: the store is another."""
        self._known.clear()


def _read(snapshot: Snapshot, probe: str, first: int) -> Iterable[_Stored]:
    for number, at, passed, failure, latency_ms in snapshot.values(_FROM, probe, first, MOST_ROUNDS):
        yield _Stored(number, at, ProbeRound(from_microseconds(at), bool(passed), failure, latency_ms))


def _grown(snapshot: Snapshot, probe: str, present: int, before: _Known) -> _Known | None:
    """Return what was known with what is new; None where it cannot be built upon."""
    if not before.stored:
        return None
    newest, oldest = before.stored[0], before.stored[-1]
    if snapshot.scalar(_HOW_MANY, probe, oldest.id, newest.id) != len(before.stored):
        return None
    *added, last = _read(snapshot, probe, newest.id)
    if last != newest:
        return None
    if not added and newest.at <= present and before.since == newest.at - _WINDOW:
        return before
    found = _kept(chain(added, before.stored), present)
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
