"""What is under the cursor as a sentence that stands by itself: what it is, its value, when it was measured, where."""

from __future__ import annotations

from datetime import UTC, datetime

from wedtui.core.evidence import Freshness, ProbeEvidence, freshness
from wedtui.core.freeze_words import bounded, coming_words, holding_words, with_persons
from wedtui.core.override import override_words
from wedtui.core.picture import Finding, Picture, ProviderPicture
from wedtui.core.state import State
from wedtui.core.wording import age
from wedtui.tui.board import Board
from wedtui.tui.clipboard import Subject
from wedtui.tui.draw.metrics import is_fresh, newest, probe_evidence, problem_of
from wedtui.tui.draw.providers import probes_passed, why
from wedtui.tui.draw.status import freeze_words
from wedtui.tui.values import milliseconds, reading, signal_title


def instant(at: datetime | None) -> str:
    """Return an instant in UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "never measured"


def provider_subject(board: Board, provider: ProviderPicture) -> Subject:
    """Return a provider's state, score, probes and the reason: `azure CRITICAL score 41.2, probes 0/2, …`."""
    health = provider.health
    old = board.unwatched or health.state is State.UNKNOWN
    state = State.UNKNOWN if old else health.state
    parts = [f"{provider.name} {state} {_score(provider, old=old)}"]
    passed = probes_passed(board, provider)
    if passed is not None:
        parts.append(f"probes {'' if passed.fresh and not old else 'last '}{passed.words}")
    reason = why(board.picture, provider) if board.picture else ""
    if reason and not board.frozen_picture:
        parts.append(reason)
    return Subject(provider.name, _sentence(board, parts, health.measured_at, old=old))


def signal_subject(board: Board, name: str, signal: str) -> Subject | None:
    """Return the newest value of a provider's signal or probe; nothing where either is gone."""
    provider = board.picture.provider(name) if board.picture else None
    if provider is None:
        return None
    probe = probe_evidence(provider, signal)
    if probe is not None:
        return _probe(board, provider, probe)
    if provider.evidence.signal(signal) is None:
        return None
    value, at = newest(provider, signal)
    title, old = signal_title(signal), not is_fresh(board, provider, signal)
    words = "no value" if value is None else f"{'last ' if old else ''}{reading(signal, value)}"
    problem = problem_of(provider, signal)
    parts = [f"{name} {title} {words}", *([problem] if problem else [])]
    return Subject(f"{name} {title}", _sentence(board, parts, at, old=old and value is not None))


def finding_subject(board: Board, finding: Finding) -> Subject:
    """Return a finding's whole sentence."""
    parts = [f"{finding.severity.upper()} {finding.subject}: {finding.text}"]
    at = finding.measured_at
    return Subject(f"finding about {finding.subject}", _sentence(board, parts, at, old=False))


def freeze_subject(board: Board, picture: Picture) -> Subject:
    """Return the verdict about the freeze with its end, its reasons and what cannot be read."""
    verdict = picture.freeze
    parts = [f"{picture.environment}: {freeze_words(verdict, board.now)}"]
    end = verdict.until if verdict.frozen else verdict.next_start
    if end is not None:
        parts[0] += f" ({instant(end)})"
    timed = {reason.name for reason in verdict.holding}
    untimed = [name for name in verdict.reasons or verdict.next_reasons if name not in timed]
    untimed = [name for name in untimed if name not in verdict.later and name not in verdict.unreadable]
    reasons = [*holding_words(verdict, board.now), *with_persons(untimed, verdict.persons)]
    if verdict.frozen:
        reasons += [f"then {words}" for words in bounded(coming_words(verdict, board.now))]
    parts += [*reasons, *(f"unreadable: {text}" for text in verdict.unreadable), *verdict.runs_out_besides]
    parts += [f"overridden for {override_words(each, board.now)}" for each in verdict.overrides]
    return Subject("freeze", _sentence(board, parts, picture.at, old=board.frozen_picture))


def _probe(board: Board, provider: ProviderPicture, probe: ProbeEvidence) -> Subject:
    newest_round = probe.rounds[0] if probe.rounds else None
    name = f"{provider.name} probe {probe.label}"
    if newest_round is None:
        return Subject(name, _sentence(board, [f"{name}: no round yet"], None, old=False))
    fresh = freshness(newest_round.at, probe.interval, board.now) is Freshness.FRESH and not board.frozen_picture
    failure = f"FAILED: {newest_round.failure or 'no reason given'}"
    word = f"passed in {milliseconds(newest_round.latency_ms)}" if newest_round.passed else failure
    known = board.picture.probes if board.picture else ()
    details = next((d for d in known if (d.name, d.vantage) == (probe.name, probe.vantage)), None)
    parts = [f"{name} {'' if fresh else 'last '}{word}", *([details.url] if details else [])]
    return Subject(name, _sentence(board, parts, newest_round.at, old=not fresh))


def _score(provider: ProviderPicture, *, old: bool) -> str:
    words = provider.score_words
    return "without a score" if words is None else f"{'last ' if old else ''}score {words}"


def _sentence(board: Board, parts: list[str], at: datetime | None, *, old: bool) -> str:
    """Put together what, when and where; of a made-up world it says so, wherever it is pasted."""
    when = instant(at)
    if old and at is not None:
        when += f" (STALE, {age(at, board.now)} old)"
    where = [board.picture.environment] if board.picture else []
    return ", ".join([*parts, when, *where, *(["DEMO, a made-up world"] if board.demo else [])])
