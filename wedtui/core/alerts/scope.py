"""What rules are about at present: which can be judged at all, and what is not configured any more. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from wedtui.core.alerts.evaluation import Event, Evidence, Kind
from wedtui.core.alerts.judging import HOLDS_FROM
from wedtui.core.alerts.memory import AlertState, Memory, Phase
from wedtui.core.alerts.rule import Elevation, Rule, RuleBook, windows_of
from wedtui.core.alerts.track import Labels
from wedtui.core.wording import listed

_NOTHING: Labels = ()


def judgeable(book: RuleBook, shipped: Collection[str], evidence: Evidence) -> tuple[RuleBook, tuple[str, ...]]:
    """Return the rules that can be judged, and the names of the shipped ones that cannot.

    A shipped rule whose signals are not configured for anything is not judged: nobody asked for it, and its silence
    says nothing. It is not well either, and is shown as not set. A rule that somebody wrote is judged whatever there
    is: of a signal that never existed its `nodata` says what that means.

    Args:
        book: the rules that count.
        shipped: the names of those that nobody wrote here.
        evidence: by signal the series that are configured, whether or not anything was measured of them.
    """

    def is_set(name: str, signals: tuple[str, ...]) -> bool:
        return name not in shipped or any(evidence.get(signal) for signal in signals)

    kept = tuple(rule for rule in book.rules if is_set(rule.name, rule.signals))
    missing = tuple(rule.name for rule in book.rules if not is_set(rule.name, rule.signals))
    return replace(book, rules=kept), missing


def unmeasured(book: RuleBook, series: Mapping[str, Collection[Labels]], *, elsewhere: bool = False) -> dict[str, str]:
    """Return the rules that nothing which is configured can make fire, by name, each with why in words.

    Args:
        book: the rules that count.
        series: by signal the labels of the series that are configured.
        elsewhere: whether alerts of other systems are taken in: what raises those may be about any label.
    """
    every = [labels for some in series.values() for labels in some]
    found = {rule.name: _why_unmeasured(rule, rule.signals, series) for rule in book.rules}
    found |= {} if elsewhere else {each.name: _why_of_none(each, every) for each in book.elevations}
    return {name: why for name, why in found.items() if why}


def outlasting(book: RuleBook, kept: timedelta) -> dict[str, timedelta]:
    """Return the rules with a window half of which is longer than anything is kept, by name, each with the longest.

    Of such a window nothing is known for so long after each start of the service, and so nothing fires by it.
    """
    longest = {rule.name: max(windows_of(rule), default=timedelta()) for rule in book.rules}
    return {name: window for name, window in longest.items() if window * HOLDS_FROM > kept}


def _why_unmeasured(rule: Rule, signals: tuple[str, ...], series: Mapping[str, Collection[Labels]]) -> str:
    missing = tuple(signal for signal in signals if not series.get(signal))
    if missing:
        return f"nothing that is configured measures {listed(missing)}"
    return _why_of_none(rule, [labels for signal in signals for labels in series[signal]])


def _why_of_none(rule: Rule | Elevation, every: Collection[Labels]) -> str:
    if any(rule.where.fits(labels) for labels in every):
        return ""
    return f"nothing that is configured has what it is about: {rule.where}" if rule.where.wanted else ""


def withdrawn(
    state: AlertState, book: RuleBook, evidence: Evidence, now: datetime
) -> tuple[AlertState, tuple[Event, ...]]:
    """Return the state without what is not configured any more, and the events of what fired of that.

    Nobody measures it any more, so nobody knows whether it is over: it is withdrawn, and never resolved.

    Args:
        state: as the last round left it.
        book: the rules that are judged; what belongs to another one is left to the round.
        evidence: by signal the series that are configured.
        now: an aware instant.
    """
    gone = list(_gone(state, book, evidence))
    if not gone:
        return state, ()
    memories = {rule: dict(series) for rule, series in state.memories.items()}
    events: list[Event] = []
    for rule, labels, memory in gone:
        del memories[rule][labels]
        episode = memory.episode
        if memory.phase is Phase.FIRING and episode is not None:
            events.append(Event(Kind.WITHDRAWN, rule, labels, now, episode.severity, episode.reason, episode.key))
    return replace(state, memories=memories), tuple(events)


def _gone(state: AlertState, book: RuleBook, evidence: Evidence) -> Iterator[tuple[str, Labels, Memory]]:
    for rule in book.rules:
        configured = {labels for signal in rule.signals for labels in evidence.get(signal, {})}
        for labels, memory in state.memories.get(rule.name, {}).items():
            # What is remembered of nothing in particular is of no series, and the round's.
            if labels != _NOTHING and not (labels in configured and rule.where.fits(labels)):
                yield rule.name, labels, memory
