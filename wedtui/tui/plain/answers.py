"""What each command answers: sentences about the board, each value with its age."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from wedtui.core.evidence import Freshness, ProbeEvidence, SignalEvidence
from wedtui.core.health import Component
from wedtui.core.picture import ProbeDetails, ProviderPicture, signal_freshness
from wedtui.core.series import probe_of, probe_signal
from wedtui.core.wording import counted, local_time
from wedtui.tui.board import SPANS, Board, History
from wedtui.tui.draw.metrics import is_fresh, newest, problem_of
from wedtui.tui.draw.providers import matching, unwatched_words, why
from wedtui.tui.plain.alerts import on_call
from wedtui.tui.plain.describe import (
    WORST_FIRST,
    clock_sentence,
    counts,
    distrust,
    evidence_words,
    finding_sentence,
    freeze_sentence,
    mode_sentence,
    oldest,
    protection_sentence,
    provider_words,
    pulse,
    service_sentence,
    severity_counts,
    shown_state,
    weddings_sentence,
)
from wedtui.tui.plain.words import ago, listed, old, sentence, spoken, value_words
from wedtui.tui.values import MISSING, measure, milliseconds, signal_title

RESCUE = (
    "A freeze never stops a rescue: failover by a person, rollback within 24 hours of a release, restart of an "
    "unhealthy target, scale-up, lockdown, acknowledgement."
)


def status(board: Board) -> tuple[str, ...]:
    """Answer with the whole in a few sentences, worst first."""
    picture = board.picture
    if picture is None:
        return (pulse(board), clock_sentence(board))
    trouble = distrust(board)
    service = service_sentence(picture, board.now)
    mode = f"Mode {picture.service.mode}." if picture.service else ""
    known = counts(board, picture.providers)
    worst = finding_sentence(picture.findings[0], board.now) if picture.findings else "No findings."
    lines = (
        trouble if trouble and trouble != service else "",
        f"{known[0].upper()}{known[1:]}{oldest(board, picture)}.",
        freeze_sentence(picture, board.now),
        weddings_sentence(board, picture),
        f"{protection_sentence(picture, board.now)} {mode_sentence(picture)}",
        f"{service} {mode}".rstrip(),
        *on_call(board),
        f"{counted(len(picture.findings), 'finding')}, worst: {worst}" if picture.findings else worst,
        "DEMO: a made-up world." if board.demo else "",
        clock_sentence(board),
    )
    return tuple(line for line in lines if line)


def providers(board: Board, words: str = "") -> tuple[str, ...]:
    """Answer with one sentence for each provider that `words` match, worst first."""
    picture = board.picture
    if picture is None:
        return (pulse(board),)
    if not picture.providers:
        return ('No providers are known; is there a service? Else write a configuration with "wedtui config init".',)
    found = matching(board, words)
    if not found:
        return (f'No provider matches "{words}"; there are {listed([p.name for p in picture.providers])}.',)
    order = sorted(found, key=lambda p: WORST_FIRST.index(shown_state(board, p)))
    return tuple(
        f"{p.name} {shown_state(board, p)}, {board.share(p).words(board.now)}: {provider_words(board, p)}."
        for p in order
    )


def findings(board: Board) -> tuple[str, ...]:
    """Answer with everything that is wrong, worst first."""
    found = board.findings
    if board.picture is None and not found:
        return (pulse(board),)
    if not found:
        return ("No findings: nothing is wrong with what is watched.",)
    head = f"{counted(len(found), 'finding')}: {severity_counts(found)}."
    return (head, *(f"{n}. {finding_sentence(f, board.now)}" for n, f in enumerate(found, 1)))


def freeze(board: Board) -> tuple[str, ...]:
    """Answer with the freeze: until when, why, what cannot be read, and what it never stops."""
    picture = board.picture
    if picture is None:
        return (pulse(board),)
    verdict, now = picture.freeze, board.now
    lines = [f"{distrust(board)}" if board.lag else "", freeze_sentence(picture, now)]
    if verdict.lockdown is not None:
        lines.append(sentence(f"Locked down since {_instant(verdict.lockdown.start, verdict.clock, now)}"))
    for title, at in (("Frozen since", verdict.since), ("Frozen until", verdict.until), ("Next", verdict.next_start)):
        if at is not None:
            lines.append(f"{title} {_instant(at, verdict.clock, now)}.")
    lines += [f"Unreadable, therefore frozen: {sentence(text)}" for text in verdict.unreadable]
    lines += [protection_sentence(picture, now), RESCUE, clock_sentence(board)]
    return tuple(line for line in lines if line)


def _instant(at: datetime, zone: str | None, now: datetime) -> str:
    local = f", {local_time(at, zone, now)}" if zone and zone != "UTC" else ""
    away = f"in {spoken(at - now)}" if at > now else f"{spoken(now - at)} ago"
    return f"{local_time(at, 'UTC', now)}{local}, {away}"


def provider(board: Board, found: ProviderPicture) -> tuple[str, ...]:
    """Answer with one provider in full: state, what limits it, what its score is made of, probes, signals."""
    picture = board.picture
    assert picture is not None
    evidence, health = found.evidence, found.health
    capacity = f", capacity {evidence.capacity:g} requests per second" if evidence.capacity else ""
    reason = unwatched_words(board, found) or why(picture, found)
    reason = reason if not board.frozen_picture else "the picture is too old to be relied on"
    lines = [
        f"{found.name} is {shown_state(board, found)}: {evidence_words(board, found)}.",
        sentence(f"Why: {reason}") if reason else "",
        *(sentence(f"Limited: {text}") for text in health.ceilings),
        f"{evidence.kind}, {board.share(found).words(board.now)}{capacity}.",
        *(_component(board, c) for c in health.components if c.expected),
    ]
    unset = [c.name for c in health.components if not c.expected]
    lines.append(f"Not configured: {listed(unset)}." if unset else "")
    details = {(d.name, d.vantage): d for d in picture.probes}
    lines += [_probe(board, p, details.get((p.name, p.vantage))) for p in evidence.probes]
    lines += [_signal(board, s) for s in evidence.signals]
    return tuple(line for line in lines if line)


def _believed(board: Board, word: Freshness) -> Freshness:
    return Freshness.STALE if board.frozen_picture and word is Freshness.FRESH else word


def _component(board: Board, c: Component) -> str:
    fresh = _believed(board, c.freshness)
    made = measure(c.name, c.measure)
    value = "no value" if c.value is None or made == MISSING else f"{made}, counts {c.value:.2f} of 1"
    doubt = "" if fresh is Freshness.FRESH else f"UNKNOWN, {fresh}: last "
    source = f", from {c.source}" if c.source else ""
    problem = f"; {c.problem}" if c.problem else ""
    return sentence(
        f"Score, {c.name}: {doubt}{value}, weight {c.weight:.2f}, {old(c.measured_at, board.now)}{source}{problem}"
    )


def _probe(board: Board, probe: ProbeEvidence, details: ProbeDetails | None) -> str:
    last = probe.rounds[0] if probe.rounds else None
    if last is None:
        return f"Probe {probe.label}: UNKNOWN, never measured."
    key = f"probe {probe.label}"
    owner = next(p for p in (board.picture.providers if board.picture else ()) if probe in p.evidence.probes)
    result = "passed" if last.passed else f"FAILED, {last.failure or 'no reason given'},"
    if not is_fresh(board, owner, key):
        result = f"UNKNOWN, last {result}"
    passed = sum(r.passed for r in probe.rounds)
    total = f", {milliseconds(details.total_ms)}" if details and details.total_ms is not None else ""
    every = f"{passed} of the last {len(probe.rounds)} rounds passed, every {_pace(probe.interval)}"
    failed = next((r for r in probe.rounds if not r.passed), None)
    before = (
        f"; last failure {ago(failed.at, board.now)}: {failed.failure or 'no reason given'}"
        if failed is not None and failed is not last
        else ""
    )
    url = f"; {details.url}" if details else ""
    return f"Probe {probe.label}: {result} {ago(last.at, board.now)}{total}; {every}{before}{url}."


def _pace(interval: timedelta) -> str:
    """Return an interval in whole words, one under a second in milliseconds."""
    short = interval < timedelta(seconds=1)
    return f"{interval // timedelta(milliseconds=1)} milliseconds" if short else spoken(interval)


def _signal(board: Board, signal: SignalEvidence) -> str:
    fresh = _believed(board, signal_freshness(signal, board.now)) is Freshness.FRESH
    problem = f"; {signal.problem}" if signal.problem else ""
    doubt = "" if fresh else "UNKNOWN, last "
    words = f"{value_words(signal.signal, signal.value)}, {old(signal.measured_at, board.now)}"
    return sentence(f"Signal {signal.signal}: {doubt}{words}, from {signal.source}{problem}")


def signals(board: Board, found: ProviderPicture) -> tuple[str, ...]:
    """Answer with the names that `signal` takes for a provider, each with its newest value."""
    lines = [_signal(board, s) for s in found.evidence.signals]
    lines += [_value(board, found, probe_signal(probe.label)) for probe in found.evidence.probes]
    return tuple(lines) or (f"Nothing is measured of {found.name}: give it probes or queries.",)


def history(board: Board, name: str, signal: str, span: timedelta, got: History | None) -> tuple[str, ...]:
    """Answer with a signal's newest value and the lowest and highest over a range."""
    found = board.picture.provider(name) if board.picture else None
    if found is None:
        return (f"{name} is no longer configured.",)
    return (_value(board, found, signal), _range(board, signal, span, got))


def _value(board: Board, found: ProviderPicture, signal: str) -> str:
    value, at = newest(found, signal)
    problem = problem_of(found, signal)
    trouble = f"; {problem}" if problem else ""
    title = signal if probe_of(signal) else signal_title(signal)
    if value is None:
        return sentence(f"{found.name} {title}: UNKNOWN, no value yet{trouble}")
    doubt = "" if is_fresh(board, found, signal) else "UNKNOWN, last "
    return sentence(f"{found.name} {title}: {doubt}{value_words(signal, value)}, {old(at, board.now)}{trouble}")


def _range(board: Board, signal: str, span: timedelta, got: History | None) -> str:
    over = f"last {range_words(span)}"
    if got is None:
        return f"Its {over} could not be read in time; try again."
    if got.series is None:
        return sentence(f"Its {over} could not be read: {got.problem or 'no reason given'}")
    points = got.series.points
    if not points:
        return f"No values in the {over}, up to {old(got.series.until, board.now)}."
    low, high = min(points, key=lambda p: p.value), max(points, key=lambda p: p.value)
    return (
        f"Over the {over}: lowest {value_words(signal, low.value)} {ago(low.at, board.now)}, "
        f"highest {value_words(signal, high.value)} {ago(high.at, board.now)}, "
        f"first {value_words(signal, points[0].value)} {ago(points[0].at, board.now)}."
    )


def range_words(span: timedelta) -> str:
    """Return a range in whole words: `15 minutes`, `1 hour`, `24 hours`."""
    hours = span // timedelta(hours=1)
    return counted(hours, "hour") if hours else counted(span // timedelta(minutes=1), "minute")


def range_of(words: Sequence[str]) -> timedelta | None:
    """Return the range that `15m`, `15 m` or `24 hours` names; None where it is none of those that are kept."""
    name = "".join(words).casefold()
    for title, span in SPANS:
        spellings = {
            title.replace(" ", ""),
            range_words(span).replace(" ", ""),
            range_words(span).replace(" ", "")[:-1],
        }
        if name in spellings:
            return span
    return None
