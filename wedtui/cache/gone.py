"""What was measured lately of probes and signals that are not configured any more.

A probe leaves its newest rounds, a signal its samples; neither has a row of its own any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from wedtui.cache.rounds import Sight
from wedtui.core.evidence import ProbeRound
from wedtui.core.gone import JUDGED, SAID_FOR, Gone, GoneProbe, GoneSignal
from wedtui.store.instants import from_microseconds, to_microseconds
from wedtui.store.shape import Asked
from wedtui.store.snapshot import Snapshot

# Each by the index; joined with them, a server that guesses how many there are reads all of a long history.
_NEWEST = """
WITH gone (probe, vantage) AS (VALUES {places})
SELECT probe, vantage,
    (SELECT max(r.id) FROM probe_round r WHERE r.probe = gone.probe AND r.vantage = gone.vantage)
FROM gone
"""
_PLACES = "(CAST(? AS text), CAST(? AS text))"
_ROUNDS = "SELECT probe, vantage, at, passed, failure, latency_ms FROM probe_round WHERE id IN ({places})"
# Of what one statement names; every system takes so many.
_AT_ONCE = 200
# By the index of each table; of a long history nothing else is read.
_SIGNALS = f"""
SELECT provider, signal, value, at FROM (
    SELECT provider, signal, id, (SELECT max(at) FROM sample WHERE series = id AND at <= ?) AS newest FROM series
    WHERE signal IN ({", ".join("?" * len(JUDGED))}) AND NOT EXISTS (
        SELECT 1 FROM signal WHERE signal.provider = series.provider AND signal.signal = series.signal)
) AS unnamed JOIN sample ON series = id AND at = newest WHERE newest > ? ORDER BY provider, signal
"""  # noqa: S608 - every word is a constant of ours


def asks_of_gone(now: datetime) -> Asked:
    """Return what `read_gone` asks in any case."""
    return Asked(_SIGNALS, (to_microseconds(now), *JUDGED, to_microseconds(now - SAID_FOR)))


def read_gone(snapshot: Snapshot, seen: Iterable[Sight], now: datetime) -> Gone:
    """Return what was measured last of each.

    Args:
        snapshot: one consistent reading.
        seen: the probes that are not configured, and the vantages from which they were seen.
        now: an aware instant.
    """
    probes = _newest(snapshot, list(seen))
    signals = snapshot.all(asks_of_gone(now))
    newest = (GoneSignal(provider, name, value, from_microseconds(at)) for provider, name, value, at in signals)
    return Gone(tuple(probes), tuple(newest))


def _newest(snapshot: Snapshot, seen: Sequence[Sight]) -> Iterator[GoneProbe]:
    """Yield the newest round of each sight, in few statements: hundreds of probes may be gone at once."""
    for first in range(0, len(seen), _AT_ONCE):
        some = seen[first : first + _AT_ONCE]
        places = ", ".join([_PLACES] * len(some))
        sights = snapshot.values(_NEWEST.format(places=places), *(value for sight in some for value in sight))
        newest = [number for _, _, number in sights if number is not None]
        if not newest:
            continue
        for probe, vantage, at, passed, failure, latency in snapshot.values(
            _ROUNDS.format(places=", ".join("?" * len(newest))), *newest
        ):
            yield GoneProbe(probe, ProbeRound(from_microseconds(at), bool(passed), failure, latency), vantage)
