"""What each vantage says of a provider at present, in words.

Whatever is said of now rests on newest rounds that are fresh: from where none is, what was seen last is said as that,
with its time. How what several see is judged is in `health`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from wedtui.core.evidence import FUTURE_TOLERANCE, Freshness, ProbeEvidence, ProbeRound, freshness
from wedtui.core.wording import listed, utc_words


def vantage_words(probes: Iterable[ProbeEvidence], now: datetime) -> str | None:
    """Say from where a provider fails and from where it passes, or that no vantage has seen anything of late.

    Args:
        probes: of one provider, from every vantage.
        now: an aware instant.

    Returns:
        None where there is one vantage, where all that is fresh agrees, and where no round was ever seen.
    """
    sights = _sights(probes, now)
    if len(sights) < 2:
        return None
    failing = tuple([s.vantage for s in sights if s.fails])
    passing = tuple([s.vantage for s in sights if s.passes])
    if failing and passing:
        return f"fails from {listed(failing)}, passes from {listed(passing)}{_unseen(sights)}"
    if any(s.fresh for s in sights) or not any(s.newest for s in sights):
        return None
    return f"no fresh round: {_last_words(sights, now)}"


@dataclass(frozen=True, slots=True)
class _Sight:
    """What is seen from one vantage: the newest round of each probe, apart by whether it says anything about now."""

    vantage: str
    fresh: tuple[ProbeRound, ...]
    old: tuple[tuple[str, ProbeRound | None], ...]
    """By probe; None: none that was before now."""

    @property
    def fails(self) -> bool:
        """Whether a probe fails there now."""
        return any(not r.passed for r in self.fresh)

    @property
    def passes(self) -> bool:
        """Whether every probe passes there now: one of which nothing is known may as well fail."""
        return bool(self.fresh) and not self.old and not self.fails

    @property
    def newest(self) -> ProbeRound | None:
        """The round to be told of where none is fresh: one that failed before one that passed."""
        rounds = [found for _, found in self.old if found is not None]
        return max(rounds, key=lambda r: (not r.passed, r.at), default=None)


def _sights(probes: Iterable[ProbeEvidence], now: datetime) -> list[_Sight]:
    of: dict[str, list[ProbeEvidence]] = {}
    for probe in probes:
        of.setdefault(probe.vantage, []).append(probe)
    return [_sight(vantage, seen, now) for vantage, seen in of.items()]


def _sight(vantage: str, probes: Iterable[ProbeEvidence], now: datetime) -> _Sight:
    fresh: list[ProbeRound] = []
    old: list[tuple[str, ProbeRound | None]] = []
    for probe in probes:
        past = [r for r in probe.rounds if r.at <= now + FUTURE_TOLERANCE]
        newest = max(past, key=lambda r: r.at, default=None)
        if newest is not None and freshness(newest.at, probe.interval, now) is Freshness.FRESH:
            fresh.append(newest)
        else:
            old.append((probe.name, newest))
    return _Sight(vantage, tuple(fresh), tuple(old))


def _unseen(sights: Sequence[_Sight]) -> str:
    """Name the vantages whose word is missing beside those that do not agree."""
    missing = [f"of {listed(tuple(n for n, _ in s.old))} from {s.vantage}" for s in sights if s.old and s.fresh]
    missing += [f"from {s.vantage}" for s in sights if not s.fresh]
    return f", no fresh round {listed(tuple(missing))}" if missing else ""


def _last_words(sights: Sequence[_Sight], now: datetime) -> str:
    """Say what each vantage saw last.

    Instants and no ages: a sentence that says another thing every second would be announced every second.
    """
    parts = []
    for passed in (False, True):
        told = [(s.vantage, s.newest.at) for s in sights if s.newest is not None and s.newest.passed is passed]
        where = listed(tuple(f"from {vantage} at {_instant(at, now)}" for vantage, at in told))
        parts += [f"last {'passed' if passed else 'failed'} {where}"] if told else []
    unknown = tuple(s.vantage for s in sights if s.newest is None)
    parts += [f"none that counts from {listed(unknown)}"] if unknown else []
    return ", ".join(parts)


def _instant(at: datetime, now: datetime) -> str:
    same_day = at.astimezone(UTC).date() == now.astimezone(UTC).date()
    return f"{at.astimezone(UTC):%H:%M:%S} UTC" if same_day else utc_words(at)
