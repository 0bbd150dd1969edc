"""What became of everything between two boards, as sentences: worst first, and never better than it is.

A signal that was lost is said as UNKNOWN. A finding that is gone because nobody looks any more is not said to be over.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from enum import IntEnum
from typing import NamedTuple

from wedtui.core.alerts.attention import identity, waits
from wedtui.core.alerts.rule import Severity as Grave
from wedtui.core.evidence import Freshness, freshness
from wedtui.core.picture import (
    Finding,
    Picture,
    PrometheusFacts,
    ProviderPicture,
    ServiceCondition,
    Severity,
    signal_findings,
)
from wedtui.core.protection import ProtectionVerdict
from wedtui.core.state import State, badness
from wedtui.core.wording import counted
from wedtui.tui.board import Board
from wedtui.tui.draw.providers import health_finding, why
from wedtui.tui.plain.alerts import became, on_call, standing
from wedtui.tui.plain.describe import (
    counts,
    distrust,
    finding_sentence,
    freeze_sentence,
    judged_state,
    mode_sentence,
    protection_sentence,
    provider_words,
    reasons,
    service_sentence,
    weddings_sentence,
)
from wedtui.tui.plain.words import ago, clock_words, listed, old, sentence, skeleton
from wedtui.tui.values import signal_title

MOST_AT_ONCE = 8
"""How many sentences are said of one change; the rest is a number."""

SIGNALS = "signals "
"""How the keys of changes of single signals begin."""
MOVED = timedelta(minutes=15)
"""From this much on, another end of the protection is announced."""
SHORT = 100
"""How many characters of a finding that was replaced are worth hearing again."""


class Rank(IntEnum):
    """In which order changes are said."""

    BLIND = 0
    """Nothing that was said can be relied on any more."""
    CRITICAL = 1
    UNKNOWN = 2
    WORSE = 3
    FREEZE = 4
    WARNING = 5
    NOTE = 6
    BETTER = 7


class Change(NamedTuple):
    """One change, in one sentence."""

    rank: Rank
    key: str
    """What changed; the same for every change of the same thing."""
    text: str
    badness: int = 0
    """How bad it is now: 0 to 3, as `core.state.badness` has it."""


_SEVERITY_RANKS = {
    Severity.CRITICAL: Rank.CRITICAL,
    Severity.UNKNOWN: Rank.UNKNOWN,
    Severity.WARNING: Rank.WARNING,
    Severity.NOTE: Rank.NOTE,
}
_STATE_RANKS = {State.CRITICAL: Rank.CRITICAL, State.UNKNOWN: Rank.UNKNOWN}


def announce(before: Board, after: Board, *, most: int = MOST_AT_ONCE) -> tuple[str, ...]:
    """Return the sentences for what changed between two boards, worst first, at most `most` and one for the rest."""
    return bounded(changes(before, after), most)


def bounded(found: tuple[Change, ...], most: int = MOST_AT_ONCE) -> tuple[str, ...]:
    """Return the first `most` sentences of changes, worst first; a last one says how many there are beside them."""
    texts = [c.text for c in found]
    left = len(texts) - most
    if left <= 0:
        return tuple(texts)
    rest = f'And {counted(left, "more change")}, none worse than these; type "findings" or "providers" for what is so.'
    return (*texts[:most], rest)


def changes(before: Board, after: Board) -> tuple[Change, ...]:
    """Return everything that changed, worst first; nothing where only time went by."""
    found = _reading(before, after)
    old_picture, picture = before.picture, after.picture
    if picture is not None and old_picture is None:
        found += _opening(after, picture)
    elif picture is not None and old_picture is not None:
        found += _service(old_picture, picture, after)
        found += _providers(before, after, old_picture, picture)
        found += _freeze(old_picture, picture, after)
        found += _findings(old_picture, picture, after)
        found += _alerts(before, after)
        found += _on_call(old_picture, picture, after)
    return tuple(sorted(found, key=lambda c: c.rank))


def _reading(before: Board, after: Board) -> list[Change]:
    """Return what became of the reading itself: a cache that fails, a reader that hangs."""
    found: list[Change] = []
    if after.problem is not None and skeleton(after.problem) != skeleton(before.problem or ""):
        text = distrust(after) if not after.lag else None
        found.append(Change(Rank.BLIND, "cache", text or sentence(f"CACHE UNREADABLE: {after.problem}"), 3))
    if before.problem is not None and after.problem is None:
        found.append(Change(Rank.BETTER, "cache", f"The cache can be read again, at {clock_words(after.now)}."))
    if after.lag and not before.lag:
        found.append(Change(Rank.BLIND, "reader", distrust(after) or "", 3))
    if before.lag and not after.lag:
        found.append(Change(Rank.BETTER, "reader", f"What is said is new again, at {clock_words(after.now)}."))
    if after.frozen_picture and not before.frozen_picture and after.picture and before.picture:
        was = listed([f"{p.name} {judged_state(before, p)}" for p in after.picture.providers])
        text = f"UNKNOWN: every provider, last judged {ago(after.picture.at, after.now)}; was: {was or 'none'}."
        found.append(Change(Rank.BLIND, "reader", text, 3))
    return found


def _opening(board: Board, picture: Picture) -> list[Change]:
    """Say how it stands when the first picture comes; what is well is summed up."""
    running = picture.condition is ServiceCondition.RUNNING
    shown = counts(board, picture.providers)
    found = [
        Change(Rank.BLIND, "providers", f"{shown[0].upper()}{shown[1:]}, at {clock_words(board.now)}."),
        Change(Rank.BLIND, "service", service_sentence(picture, board.now), 0 if running else 3),
        Change(Rank.BLIND, "environment", freeze_sentence(picture, board.now)),
        Change(Rank.BLIND, "protection", protection_sentence(picture, board.now)),
        Change(Rank.BLIND, "weddings", weddings_sentence(board, picture)),
    ]
    found.append(Change(Rank.BLIND, "alerts", standing(board)))
    for provider in picture.providers:
        if judged_state(board, provider) is not State.OK:
            found.append(_provider(board, provider, ""))
    # Nothing was said yet of signals that were lost before.
    found += [_found(f, board) for f in _others(picture, lost=True)]
    return found


def _alerts(before: Board, after: Board) -> list[Change]:
    """Return what became of alerts: what nobody judges any more is not over."""
    found = []
    for alert, text in became(before, after):
        if alert is None:
            lost = text.startswith("ALERTS UNKNOWN")
            found.append(Change(Rank.UNKNOWN if lost else Rank.BETTER, "alerts", text, 2 if lost else 0))
            continue
        critical = alert.severity is Grave.CRITICAL
        waits_now = waits(alert, after.now)
        rank = (Rank.CRITICAL if critical else Rank.WARNING) if waits_now else Rank.NOTE
        found.append(Change(rank, f"alert {identity(alert)}", text, (3 if critical else 1) if waits_now else 0))
    return found


def _on_call(old_picture: Picture, picture: Picture, after: Board) -> list[Change]:
    """Return that another one has a roster now, nobody does, or it is not known who; when that ends is no change."""
    if _who_has_it(old_picture) == _who_has_it(picture):
        return []
    text = " ".join(on_call(after)) or "No roster says any more who is on call."
    if picture.oncall_problem:
        return [Change(Rank.UNKNOWN, "on call", text, 2)]
    doubtful = any(each.is_hole or each.doubted for each in picture.oncall)
    return [Change(Rank.WARNING if doubtful else Rank.NOTE, "on call", text, 1 if doubtful else 0)]


def _who_has_it(picture: Picture) -> tuple[str, tuple[tuple[str, tuple[str, ...], bool], ...]]:
    return picture.oncall_problem, tuple((each.roster, each.contacts, each.doubted) for each in picture.oncall)


def _service(old_picture: Picture, picture: Picture, after: Board) -> list[Change]:
    running = picture.condition is ServiceCondition.RUNNING
    if picture.condition is not old_picture.condition:
        if not running:
            return [Change(Rank.BLIND, "service", service_sentence(picture, after.now), 3)]
        text = f"{service_sentence(picture, after.now)} It was {old_picture.condition}."
        return [Change(Rank.BETTER, "service", text)]
    before = {seen.facts.vantage: seen.facts.instance for seen in old_picture.services}
    anew = [s.facts for s in picture.services if s.facts.instance != before.get(s.facts.vantage, s.facts.instance)]
    several = len(picture.services) > 1
    return [
        Change(
            Rank.NOTE,
            f"service {facts.vantage}" if several else "service",
            f"Service{f' {facts.vantage}' if several else ''} restarted {ago(facts.started_at, after.now)}.",
        )
        for facts in anew
        if running
    ]


def _providers(before: Board, after: Board, old_picture: Picture, picture: Picture) -> list[Change]:
    found: list[Change] = []
    for gone in (p for p in old_picture.providers if picture.provider(p.name) is None):
        text = f"{gone.name} is UNKNOWN from now on: it is no longer configured; was {judged_state(before, gone)}, "
        found.append(Change(Rank.UNKNOWN, f"provider {gone.name}", text + f"{_aged(gone, after)}.", 2))
    for provider in picture.providers:
        was = old_picture.provider(provider.name)
        if was is None:
            found.append(_provider(after, provider, ", watched from now on"))
        elif not after.frozen_picture:
            found += _one_provider(before, after, was, provider)
    return found


def _aged(provider: ProviderPicture, board: Board) -> str:
    return (
        f"evidence {old(provider.health.measured_at, board.now)}" if provider.health.measured_at else "never measured"
    )


def _one_provider(before: Board, after: Board, was: ProviderPicture, provider: ProviderPicture) -> list[Change]:
    found: list[Change] = []
    then, now = judged_state(before, was), judged_state(after, provider)
    if then is not now:
        better = badness(now) < badness(then)
        found.append(_provider(after, provider, f", was {then}", Rank.BETTER if better else None))
    old_share, share = before.share(was), after.share(provider)
    if (old_share.configured, old_share.live) != (share.configured, share.live):
        text = f"{provider.name} has {share.words(after.now)}, was {old_share.figure}, "
        found.append(Change(Rank.NOTE, f"weight {provider.name}", f"{text}at {clock_words(after.now)}."))
    if before.picture is not None and after.picture is not None:
        # A provider that is UNKNOWN now is so because its probes were lost; that need not be said twice.
        told = now is State.UNKNOWN and then is not now
        signals = _signals(was, provider, before.picture, after.picture, after, probes=not told)
        causes = then is now and _causes(before.picture, was) != _causes(after.picture, provider)
        # What was lost or came back is the cause that nothing is known, and says so itself.
        if causes and not (now is State.UNKNOWN and signals):
            found.append(_provider(after, provider, " as before, its causes changed"))
        found += signals
    return found


def _causes(picture: Picture, provider: ProviderPicture) -> frozenset[str]:
    """Return what drags a provider down, without the figures, which differ with every round."""
    # What it lacks is told of the signals and of the account themselves.
    causes = why(picture, provider).split("; ")
    return frozenset(skeleton(cause) for cause in causes if cause not in provider.lacks)


def _provider(board: Board, provider: ProviderPicture, was: str, rank: Rank | None = None) -> Change:
    """Return a provider's state with its reason, score and age."""
    state = judged_state(board, provider)
    place = rank if rank is not None else _STATE_RANKS.get(state, Rank.NOTE if state is State.OK else Rank.WORSE)
    text = f"{provider.name} is {state}{was}: {provider_words(board, provider)}."
    return Change(place, f"provider {provider.name}", text, badness(state))


def _signals(
    was: ProviderPicture,
    provider: ProviderPicture,
    old_picture: Picture,
    picture: Picture,
    after: Board,
    *,
    probes: bool,
) -> list[Change]:
    """Return which measurements of a provider were lost or came back, whatever its state does about it."""
    then, now = _heard(was, old_picture), _heard(provider, picture)
    fresh, unfit = Freshness.FRESH, {Freshness.STALE, Freshness.FUTURE}
    lost = [name for name, word in now.items() if word is not fresh and then.get(name) is fresh]
    lost = [name for name in lost if probes or not name.startswith("probe ")]
    # The first value of all is no news: its provider says so already.
    back = [name for name, word in now.items() if word is fresh and then.get(name) in unfit]
    missing = [name for name, word in then.items() if word is fresh and name not in now]
    key, at = f"{SIGNALS}{provider.name}", clock_words(after.now)
    found = []
    if lost:
        text = f"{provider.name}: {listed(lost)} UNKNOWN since {at}, {_last_heard(provider, lost, after)}"
        found.append(Change(Rank.WARNING, key, text, 2))
    if missing:
        text = f"{provider.name}: {listed(missing)} UNKNOWN from now on, at {at}: no longer configured."
        found.append(Change(Rank.WARNING, key, text, 2))
    if back:
        found.append(Change(Rank.BETTER, key, f"{provider.name}: {listed(back)} known again, at {at}."))
    return found


def _heard(provider: ProviderPicture, picture: Picture) -> dict[str, Freshness]:
    """Return for everything that is measured of a provider whether it is fresh."""
    evidence = provider.evidence
    times = [(signal_title(s.signal), s.measured_at, s.interval) for s in evidence.signals]
    times += [(f"probe {p.label}", p.rounds[0].at if p.rounds else None, p.interval) for p in evidence.probes]
    if evidence.vendor is not None:
        times.append(("vendor status", evidence.vendor.measured_at, evidence.vendor.interval))
    return {name: freshness(at, interval, picture.at) for name, at, interval in times}


def _last_heard(provider: ProviderPicture, lost: list[str], board: Board) -> str:
    """Return how old the newest of the lost values is, and why there is no newer one where that is known."""
    evidence = provider.evidence
    signals = [s for s in evidence.signals if signal_title(s.signal) in lost]
    heard = [s.measured_at for s in signals if s.measured_at]
    heard += [p.rounds[0].at for p in evidence.probes if f"probe {p.label}" in lost and p.rounds]
    if evidence.vendor is not None and "vendor status" in lost:
        heard.append(evidence.vendor.measured_at)
    problem = next((s.problem for s in signals if s.problem), None)
    return sentence(f"last heard {ago(max(heard, default=None), board.now)}" + (f": {problem}" if problem else ""))


def _freeze(old_picture: Picture, picture: Picture, after: Board) -> list[Change]:
    found: list[Change] = []
    if old_picture.environment != picture.environment:
        text = f"ENVIRONMENT {picture.environment}, was {old_picture.environment}, at {clock_words(after.now)}."
        found.append(Change(Rank.BLIND, "environment", text))
    was, now = old_picture.freeze, picture.freeze
    told = freeze_sentence(picture, after.now)
    if now.frozen is not was.frozen:
        words = "Freeze began" if now.frozen else "Freeze ended"
        found.append(Change(Rank.FREEZE, "freeze", f"{words}: {told}", int(now.frozen)))
    elif (now.until, now.clock, now.next_start, bool(now.unreadable)) != (
        was.until,
        was.clock,
        was.next_start,
        bool(was.unreadable),
    ) or reasons(now) != reasons(was):
        found.append(Change(Rank.FREEZE, "freeze", f"Freeze changed: {told}", int(now.frozen)))
    return [*found, *_protection(old_picture, picture, after)]


def _protection(old_picture: Picture, picture: Picture, after: Board) -> list[Change]:
    """Return what became of the protection: another level, or on a wedding day another end."""
    was, now = old_picture.protection, picture.protection
    told = protection_sentence(picture, after.now)
    if now.level is not was.level:
        text = f"{told} It was {was.level} until {clock_words(after.now)}."
        if now.level.wedding_day is not was.level.wedding_day:
            text += f" {mode_sentence(picture)}"
        return [Change(Rank.FREEZE, "protection", f"{text} {weddings_sentence(after, picture)}", now.level.rank)]
    if now.level.wedding_day and _moved(was, now):
        return [Change(Rank.FREEZE, "protection", f"Protection changed its end: {told}", now.level.rank)]
    return []


def _moved(was: ProtectionVerdict, now: ProtectionVerdict) -> bool:
    """Whether a level ends at another time than was said; a few minutes are no news."""
    if was.until is None or now.until is None:
        return was.until is not now.until
    return abs(now.until - was.until) >= MOVED


def _others(picture: Picture, *, lost: bool = False) -> list[Finding]:
    """Return the findings that nothing else tells.

    Those of a provider's health, of the service's condition and, unless `lost`, of signals that were lost have
    sentences of their own.
    """
    told = {id(f) for p in picture.providers if (f := health_finding(picture, p)) is not None}
    if not lost:
        # Of a signal that never had a value nothing was lost.
        signals = {f for p in picture.providers for f in signal_findings(_once_measured(p), picture.at)}
        told.update(id(f) for f in picture.findings if f in signals)
    if picture.condition is not ServiceCondition.RUNNING:
        # `assemble` puts the condition behind everything that the reader found, and the order is kept.
        ours = [f for f in picture.findings if f.subject == "service" and f.severity is Severity.CRITICAL]
        told.update(id(f) for f in ours[-1:])
    return [f for f in picture.findings if id(f) not in told]


def _once_measured(provider: ProviderPicture) -> ProviderPicture:
    """Return a provider with those of its signals alone that ever had a value."""
    signals = tuple(s for s in provider.evidence.signals if s.measured_at is not None)
    return replace(provider, evidence=replace(provider.evidence, signals=signals))


def _name(finding: Finding) -> tuple[Severity, str, str]:
    return finding.severity, finding.subject, skeleton(finding.text)


def _findings(old_picture: Picture, picture: Picture, after: Board) -> list[Change]:
    then, now = _others(old_picture), _others(picture)
    came = Counter(map(_name, now)) - Counter(map(_name, then))
    went = Counter(map(_name, then)) - Counter(map(_name, now))
    gone = _taken(then, went)
    found: list[Change] = []
    for finding in _taken(now, came):
        # One that took the place of another says so, instead of two sentences of which one sounds like good news.
        place = next((g for g in gone if (g.severity, g.subject) == (finding.severity, finding.subject)), None)
        change = _found(finding, after)
        if place is not None:
            gone.remove(place)
            was = (
                sentence(f"Before it was: {place.text}")
                if len(place.text) <= SHORT
                else "It takes the place of another."
            )
            change = change._replace(text=f"{change.text} {was}")
        found.append(change)
    return [*found, *(_gone(finding, old_picture, picture, after) for finding in gone)]


def _taken(findings: list[Finding], wanted: Counter[tuple[Severity, str, str]]) -> list[Finding]:
    """Return as many findings of each name as are wanted, in their order."""
    taken = []
    for finding in findings:
        if wanted[_name(finding)] > 0:
            wanted[_name(finding)] -= 1
            taken.append(finding)
    return taken


def _found(finding: Finding, board: Board) -> Change:
    bad = {Severity.CRITICAL: 3, Severity.UNKNOWN: 2, Severity.WARNING: 1, Severity.NOTE: 0}[finding.severity]
    # A cache that cannot be read takes the ground from under everything else.
    rank = Rank.BLIND if finding.subject == "cache" else _SEVERITY_RANKS[finding.severity]
    return Change(rank, f"finding {finding.subject}", finding_sentence(finding, board.now), bad)


def _gone(finding: Finding, old_picture: Picture, picture: Picture, after: Board) -> Change:
    """Say that a finding is over; or that nobody knows, where whoever found it cannot look any more."""
    key, what = f"finding {finding.subject}", f"{finding.subject}: {finding.text.rstrip('.')}"
    if _can_tell(finding, old_picture, picture, after):
        return Change(Rank.BETTER, key, f"Over at {clock_words(after.now)}: {what}.")
    text = f"UNKNOWN whether still so: {what}; it was, {ago(finding.measured_at or old_picture.at, after.now)}."
    return Change(Rank.WARNING, key, text, 2)


def _can_tell(finding: Finding, old_picture: Picture, picture: Picture, after: Board) -> bool:
    if after.problem is not None or after.lag or picture.condition is not ServiceCondition.RUNNING:
        return False
    servers = {s.name: s for s in picture.prometheus}
    for server in old_picture.prometheus:
        if _told_by(server, finding):
            now = servers.get(server.name)
            return now is not None and _answers(now, picture)
    return True


def _answers(server: PrometheusFacts, picture: Picture) -> bool:
    fresh = freshness(server.measured_at, server.interval, picture.at) is Freshness.FRESH
    return fresh and server.problem is None


def _told_by(server: PrometheusFacts, finding: Finding) -> bool:
    """Whether a finding rests on what a Prometheus server said of others, rather than on how it answers itself."""
    if finding.measured_at != server.measured_at or server.problem is not None:
        return False
    alerts = any(
        finding.subject in {server.name, a.provider} and finding.text.startswith(f"{a.name} is ") for a in server.alerts
    )
    targets = finding.subject == server.name and finding.text.removeprefix("target down: ") in server.targets_down
    return alerts or targets
