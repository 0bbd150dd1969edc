"""What was measured, as the rules of alerts are judged by it: series of samples, fed from the cache as they arrive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from wedtui.cache.configured import configured_signals
from wedtui.cache.reader import CacheReader
from wedtui.cache.samples import Newest, SampleReader
from wedtui.config import Configuration
from wedtui.core.alerts.condition import FAILING, UP, Comparison, leaves_of
from wedtui.core.alerts.evaluation import LOOKED_BACK
from wedtui.core.alerts.rule import Rule, RuleBook, windows_of
from wedtui.core.alerts.track import Labels, Track, Usual, labels_of, usual_of
from wedtui.core.evidence import ProbeEvidence, ProbeRound, fresh_for
from wedtui.core.season import NORMAL_PACE
from wedtui.providers.alert_sources import guest_facing_services

USUAL_WEEKS = 4
"""So many weeks are looked at for what is usual: three, and one in which nothing may have been measured."""
USUAL_AT_ONCE = 10
"""Of so many series it is read in one round: each takes its time, and nobody waits for all of them."""
UNMEASURED = timedelta(minutes=1)
"""How often what is configured, and of which nothing is known, is supposed to be measured."""
FILLED_AT_ONCE = 2
"""Of so many probes the rounds of before this life of the service are read in one round: there may be many."""
_BEGINNING, _END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_FORGET_EVERY = timedelta(minutes=5)
_HOUR = timedelta(hours=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(slots=True)
class _Probe:
    """One probe, from wherever it is asked."""

    up: Track
    failing: Track
    newest: dict[str, ProbeRound] = field(default_factory=dict)
    """By vantage."""
    filled: bool = False
    """Whether windows hold what was stored before it was first looked at here."""

    @property
    def tracks(self) -> tuple[Track, Track]:
        return self.up, self.failing

    def take(self, at: datetime, *, fails: bool) -> None:
        """Add what a round came to."""
        self.up.append(at, 0.0 if fails else 1.0)
        self.failing.append(at, 1.0 if fails else 0.0)


@dataclass(slots=True)
class _Signal:
    """One signal of one provider."""

    provider: str
    signal: str
    track: Track
    fed: datetime | None = None
    """The instant of the newest sample that was taken."""
    usual_for: datetime | None = None
    """The hour for which it was looked up what is usual."""


class Measured:
    """Feeds series. Used by one thread; what it gives out is fed on by the next call."""

    def __init__(self, configuration: Configuration, cache_url: str) -> None:
        """Remember what is configured; nothing is opened yet.

        Args:
            configuration: its probes and queries say to which service each belongs.
            cache_url: where it is kept what was measured.
        """
        self._cache, self._samples = CacheReader(cache_url), SampleReader(cache_url)
        self._probes, self._configured = _labels_of_probes(configuration), _labels_of_signals(configuration)
        self._paces = {probe.name: probe.interval or NORMAL_PACE.probe for probe in configuration.probes}
        self._book = RuleBook()
        self._up: dict[str, _Probe] = {}
        self._signals: dict[tuple[str, str], _Signal] = {}
        self._forgot: datetime | None = None
        self._old_until: datetime | None = None
        """Until then stamps are of before the clock leapt forward."""

    def leap(self, by: timedelta, now: datetime) -> None:
        """Take all that was taken for as old as it is: the clock has leapt forward by so much, and reads `now`."""
        self._old_until = now - by
        for track in (
            *(t for probe in self._up.values() for t in probe.tracks),
            *(s.track for s in self._signals.values()),
        ):
            track.shift(by)

    def set_back(self) -> None:
        """Take every stamp for what it says: the clock was set back, and reads again what it read before."""
        self._old_until = None

    def read(self, book: RuleBook, now: datetime) -> dict[str, dict[Labels, Track]]:
        """Take what was measured since the last call; return every configured series, by signal and labels.

        Raises:
            StoreError: the cache cannot be read.
        """
        if book != self._book:
            # Other rules may look further back: all is read again.
            self._book, self._up, self._signals = book, {}, {}
        wanted = {signal for rule in book.rules for signal in rule.signals}
        # What is configured is there whatever the cache says: one that was begun anew withdraws nothing.
        evidence: dict[str, dict[Labels, Track]] = {}
        self._fill()
        for name, labels in self._probes.items():
            probe = self._up.setdefault(name, _Probe(Track(UNMEASURED), Track(UNMEASURED)))
            evidence.setdefault(UP, {})[labels] = probe.up
            if FAILING in wanted:
                evidence.setdefault(FAILING, {})[labels] = probe.failing
        for key, labels in self._configured.items():
            if key[1] in wanted:
                evidence.setdefault(key[1], {})[labels] = self._known(*key, UNMEASURED).track
        providers, _ = self._cache.probing(now)
        for each in _by_probe(probe for provider in providers for probe in provider.probes):
            if each[0].name in self._probes:
                self._probe(each, now)
        for newest in self._samples.newest():
            if newest.signal in wanted and (newest.provider, newest.signal) in self._configured:
                self._signal(newest)
        self._look_up_usual(now)
        self._forget(now)
        return evidence

    def close(self) -> None:
        """Let go of the cache."""
        self._cache.close()
        self._samples.close()

    def _known(self, provider: str, signal: str, interval: timedelta) -> _Signal:
        return self._signals.setdefault((provider, signal), _Signal(provider, signal, Track(interval)))

    def _probe(self, seen: list[ProbeEvidence], now: datetime) -> None:
        interval = seen[0].interval
        probe = self._up[seen[0].name]
        if not probe.newest:
            for track in probe.tracks:
                track.interval, track.fresh = interval, fresh_for(interval)
        new = [
            (each, vantage.vantage)
            for vantage in seen
            for each in _new(vantage, probe, now)
            if not (probe.newest and self._is_old(each.at))
        ]
        if len(seen) > 1:
            new.sort(key=lambda found: found[0].at)
        for each, vantage in new:
            before = probe.newest.get(vantage)
            probe.newest[vantage] = each
            went_back = before is not None and each.at <= before.at
            at = each.at if went_back or len(seen) == 1 else _after(probe.up, each.at)
            probe.take(at, fails=_fails(probe.newest.values(), at, interval))
        for track in probe.tracks:
            _pace(track, interval, fed=bool(new))

    def _fill(self) -> None:
        """Read the rounds of before this life of the service, as far as rules look back, of a few probes.

        What is new is judged without waiting for that.
        """
        # What was silent for so long that all of it is forgotten has to be heard of again first.
        due = [name for name, probe in self._up.items() if not (probe.filled or probe.up.is_empty)]
        if not due:
            return
        reach = max(_reach(self._book, signal) for signal in (UP, FAILING))
        for name in due[:FILLED_AT_ONCE]:
            probe = self._up[name]
            first = probe.up.instant(0)
            rounds = self._samples.rounds(name, first - reach, first - _INSTANT)
            # One that looks alone has no name. Whoever says nothing now, because its clock is wrong, said nothing then.
            counted = [each for each in rounds if "" in probe.newest or each[0] in probe.newest]
            self._up[name] = _filled(probe, counted, max(self._paces[name], probe.up.interval))

    def _signal(self, newest: Newest) -> None:
        known = self._known(newest.provider, newest.signal, newest.interval)
        if newest.at is None or newest.value is None or newest.at == known.fed:
            return
        if known.fed is not None and self._is_old(newest.at):
            return
        if known.fed is None:
            known.track.interval, known.track.fresh = newest.interval, fresh_for(newest.interval)
        # What came between two looks, and of a series that is new all that rules look back at.
        after = newest.at - _reach(self._book, newest.signal) if known.fed is None else known.fed
        if after < newest.at:
            for at, value in self._samples.between(newest.provider, newest.signal, after, newest.at - _INSTANT):
                if known.fed is None or not self._is_old(at):
                    known.track.append(at, value)
        known.track.append(newest.at, newest.value)
        known.fed = newest.at
        _pace(known.track, newest.interval, fed=True)

    def _is_old(self, at: datetime) -> bool:
        """Whether a stamp is of before the clock leapt: beside what was moved it would stand too far back."""
        return self._old_until is not None and at <= self._old_until

    def _look_up_usual(self, now: datetime) -> None:
        """Look up what is usual, where a rule asks for it: an hour at a time, of a few series in each round."""
        asked = {signal for rule in self._book.rules for signal in _compared_with_usual(rule)}
        hour = now.replace(minute=0, second=0, microsecond=0)
        due = [each for each in self._signals.values() if each.signal in asked and each.usual_for != hour]
        for each in due[:USUAL_AT_ONCE]:
            each.track.usual = self._usual(each, hour)
            each.usual_for = hour

    def _usual(self, signal: _Signal, hour: datetime) -> Usual:
        start = hour - timedelta(weeks=USUAL_WEEKS)
        return usual_of(self._samples.hours(signal.provider, signal.signal, start, hour))

    def _forget(self, now: datetime) -> None:
        """Let go of what no window reaches any more."""
        if self._forgot is not None and timedelta() <= now - self._forgot < _FORGET_EVERY:
            return
        self._forgot = now
        for probe in self._up.values():
            probe.up.forget(now - _reach(self._book, UP))
            probe.failing.forget(now - _reach(self._book, FAILING))
        for signal in self._signals.values():
            signal.track.forget(now - _reach(self._book, signal.signal))


def configured_series(configuration: Configuration) -> dict[str, set[Labels]]:
    """Return the labels of every series that a configuration has, by signal, whatever was measured of them."""
    probes = set(_labels_of_probes(configuration).values())
    found = {UP: probes, FAILING: set(probes)} if probes else {}
    for (_, signal), labels in _labels_of_signals(configuration).items():
        found.setdefault(signal, set()).add(labels)
    return found


def _labels_of_probes(configuration: Configuration) -> dict[str, Labels]:
    """Return the labels of each probe, by its name."""
    guests = guest_facing_services(configuration)
    return {
        probe.name: _labels(
            probe.provider, probe.service, probe.guest_facing or probe.service in guests, probe=probe.name
        )
        for probe in configuration.probes
    }


def _labels_of_signals(configuration: Configuration) -> dict[tuple[str, str], Labels]:
    """Return the labels of each signal, by provider and name."""
    queries = [query for server in configuration.prometheus for query in server.queries]
    guests = guest_facing_services(configuration)
    named = {
        (q.provider, q.signal): _labels(q.provider, q.service, q.guest_facing or q.service in guests) for q in queries
    }
    signals = [(each["provider"], each["signal"]) for each in configured_signals(configuration, UNMEASURED)]
    return {key: named.get(key) or _labels(key[0]) for key in signals}


def _labels(provider: str, service: str | None = None, guest_facing: bool = False, *, probe: str = "") -> Labels:
    named = {"provider": provider, "probe": probe, "service": service, "guest_facing": "true" if guest_facing else ""}
    return labels_of({name: value for name, value in named.items() if value})


def _by_probe(seen: Iterable[ProbeEvidence]) -> Iterator[list[ProbeEvidence]]:
    """Yield what was seen of each probe, from everywhere."""
    found: dict[str, list[ProbeEvidence]] = {}
    for each in seen:
        found.setdefault(each.name, []).append(each)
    yield from found.values()


def _new(seen: ProbeEvidence, probe: _Probe, now: datetime) -> list[ProbeRound]:
    """Return the rounds of a vantage that were not taken yet, in the order in which they were made."""
    last = probe.newest.get(seen.vantage)
    rounds = list(reversed(seen.rounds))
    if last is None:
        return rounds
    for place in range(len(rounds) - 1, -1, -1):
        if (rounds[place].at, rounds[place].passed) == (last.at, last.passed):
            return rounds[place + 1 :]
    if last.at > now:
        return rounds  # its clock was set back, and what is here was measured since
    return [each for each in rounds if each.at > last.at]


def _after(track: Track, at: datetime) -> datetime:
    """Return an instant, or that after all that a track holds: of two services each has its own clock, and what one
    stamped before the other was not measured before it.
    """
    last = track.place(_END)
    return at if last < 0 else max(at, track.instant(last) + _INSTANT)


def _fails(newest: Iterable[ProbeRound], at: datetime, interval: timedelta) -> bool:
    """Whether at least half of those who look at present see it fail."""
    fresh = [each for each in newest if abs(at - each.at) <= fresh_for(interval)]
    return 2 * sum(not each.passed for each in fresh) >= len(fresh)


def _filled(probe: _Probe, rounds: Iterable[tuple[str, ProbeRound]], slowest: timedelta) -> _Probe:
    """Return a probe whose windows also hold what was stored before.

    Args:
        probe: as it was fed since.
        rounds: of before, each with its vantage, in the order in which they were made.
        slowest: how far apart they may have been: in which rhythm it was asked then nobody wrote down.
    """
    found = _Probe(Track(slowest), Track(slowest), dict(probe.newest), filled=True)
    newest: dict[str, ProbeRound] = {}
    for vantage, each in rounds:
        newest[vantage] = each
        at = _after(found.up, each.at)
        found.take(at, fails=_fails(newest.values(), at, slowest))
    for before, track in zip(probe.tracks, found.tracks, strict=True):
        for at in before.instants(_BEGINNING, _END):
            track.append(at, before.value(before.place(at)))
        track.interval, track.fresh = before.interval, before.fresh
    return found


def _pace(track: Track, interval: timedelta, *, fed: bool) -> None:
    """Expect samples in another rhythm; in a faster one only once it has begun: nothing grows old by a change alone."""
    if interval > track.interval or (fed and interval < track.interval):
        track.interval, track.fresh = interval, fresh_for(interval)


def _reach(book: RuleBook, signal: str) -> timedelta:
    """Return how far back rules look at a signal."""
    asking = [rule for rule in book.rules if signal in rule.signals]
    windows = [each for rule in asking for each in (rule.duration, rule.clear.duration, *windows_of(rule))]
    return max(windows, default=timedelta()) + LOOKED_BACK


def _compared_with_usual(rule: Rule) -> Iterator[str]:
    for condition in (rule.condition, rule.clear.condition):
        for leaf in () if condition is None else leaves_of(condition):
            if isinstance(leaf, Comparison) and leaf.limit.normal:
                yield leaf.term.signal
