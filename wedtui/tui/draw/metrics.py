"""The metrics pane: one signal of the selected provider, as a small chart in one colour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from wedtui.core.evidence import Freshness, ProbeEvidence, fresh_for, freshness
from wedtui.core.picture import ProviderPicture, signal_freshness
from wedtui.core.series import probe_of, probe_signal
from wedtui.core.wording import age, short_age
from wedtui.tui.board import SPANS, Board, History, SeriesKey
from wedtui.tui.braille import chart, finite, scale_of
from wedtui.tui.spans import Line, Role, Span, crop, fit, length, rule, wrap
from wedtui.tui.terminal.link import Drawing
from wedtui.tui.values import MISSING, reading, signal_title

_NEVER = datetime.min.replace(tzinfo=UTC)


def signals_of(provider: ProviderPicture) -> tuple[str, ...]:
    """Return what can be charted of a provider: its configured signals, then its probes, from each vantage."""
    evidence = provider.evidence
    return (*(s.signal for s in evidence.signals), *(probe_signal(p.label) for p in evidence.probes))


def charted_first(provider: ProviderPicture) -> str:
    """Return what is charted of a provider while nobody has chosen: the first that ever had a value; empty: nothing.

    Where none has one yet it is the first, which then says so.
    """
    signals = signals_of(provider)
    return next((signal for signal in signals if newest(provider, signal)[0] is not None), next(iter(signals), ""))


def probe_evidence(provider: ProviderPicture, signal: str) -> ProbeEvidence | None:
    """Return what the probe saw that a signal is about; from where it was asked last, unless the signal says."""
    name = probe_of(signal)
    found = [p for p in provider.evidence.probes if name in {p.name, p.label}]
    return max(found, key=lambda p: p.rounds[0].at if p.rounds else _NEVER, default=None)


def newest(provider: ProviderPicture, signal: str) -> tuple[float | None, datetime | None]:
    """Return the newest value of a signal or probe and when it was measured."""
    probe = probe_evidence(provider, signal)
    if probe is not None:
        answered = next((r for r in probe.rounds if r.latency_ms is not None and r.passed), None)
        return (answered.latency_ms, answered.at) if answered else (None, None)
    found = provider.evidence.signal(signal)
    return (found.value, found.measured_at) if found else (None, None)


def is_fresh(board: Board, provider: ProviderPicture, signal: str) -> bool:
    """Whether the newest value of a signal or probe may still be relied on."""
    if board.frozen_picture:
        return False
    found = provider.evidence.signal(signal)
    if found is not None:
        return signal_freshness(found, board.now) is Freshness.FRESH
    _value, at = newest(provider, signal)
    return freshness(at, interval_of(provider, signal), board.now) is Freshness.FRESH


def interval_of(provider: ProviderPicture, signal: str) -> timedelta:
    """Return how often a signal or probe is asked; neighbours much further apart are a gap."""
    probe = probe_evidence(provider, signal)
    found = probe or provider.evidence.signal(signal)
    return found.interval if found else timedelta(seconds=60)


def problem_of(provider: ProviderPicture, signal: str) -> str | None:
    """Return why the newest attempt gave no value; None where it gave one."""
    probe = probe_evidence(provider, signal)
    if probe is not None:
        failed = probe.rounds[0] if probe.rounds and not probe.rounds[0].passed else None
        return (failed.failure or "the last round failed") if failed else None
    found = provider.evidence.signal(signal)
    return found.problem if found else "it is no longer configured"


def span_title(span: timedelta) -> str:
    """Return a range's short name: `15 m`."""
    return next(title for title, length in SPANS if length == span)


def value_line(board: Board, provider: ProviderPicture, signal: str, width: int) -> Line:
    """Return a signal's name, its newest value, how old that is, and what is wrong with it.

    Of a value that is old the age is told in any case: the name is cut before it is.
    """
    value, at = newest(provider, signal)
    title = (f" {signal_title(signal)}  ", Role.TEXT)
    problem = problem_of(provider, signal)
    trouble: Line = ((f"  {problem}", Role.DEGRADED),) if problem else ()
    if value is None:
        return (title, (f"{MISSING} no value yet", Role.MUTED), *trouble)
    if is_fresh(board, provider, signal):
        return (title, (reading(signal, value), Role.STRONG), (f"  {age(at, board.now)} old", Role.MUTED), *trouble)
    old: Span = (f"({reading(signal, value)})  STALE, {age(at, board.now)} old", Role.STALE)
    if length((title, old)) > width:
        old = (f"({reading(signal, value)})  STALE {short_age(at, board.now)}", Role.STALE)
        title = (fit(title[0], max(min(length((title,)), width - length((old,))), 1)), Role.TEXT)
    return (title, old, *trouble)


def metrics_lines(board: Board, key: SeriesKey | None, size: tuple[int, int]) -> tuple[Line, ...]:
    """Return the pane's lines for a selection; `size` is its cells (width, height)."""
    width, height = size
    provider = board.picture.provider(key.provider) if board.picture and key else None
    if key is None or provider is None:
        return (rule("metrics", width), ((" select a provider to see its signals", Role.MUTED),))
    note: Line = ((span_title(key.span), Role.ACCENT),)
    head = rule(f"metrics · {key.provider}", width, note)
    if not key.signal:
        return (head, *wrap(f"nothing is measured of {key.provider}: give it probes or queries", width, indent=" "))
    body = _chart(board, key, provider, (width, height - 2))
    return (head, crop(value_line(board, provider, key.signal, width), width), *body)


def _chart(board: Board, key: SeriesKey, provider: ProviderPicture, size: tuple[int, int]) -> tuple[Line, ...]:
    """Return the chart's lines: dots beside their scale, and the times of both edges under them."""
    width, height = size
    history = board.history
    if board.drawing is not Drawing.FULL:
        return (((" the chart is left out while the line is slow", Role.MUTED),),)
    if history is None or history.key != key:
        return (((" reading its history…", Role.MUTED),),)
    if history.series is None:
        return tuple(wrap(history.problem or "no history", width, Role.DEGRADED, indent=" "))
    points = finite(history.series.points, history.series.since, history.series.until)
    scale = scale_of(points)
    if scale is None:
        return (((f" no data in the last {span_title(key.span)}", Role.MUTED),),)
    high, low = reading(key.signal, scale.high), reading(key.signal, scale.low)
    margin = max(len(high), len(low)) + 2
    rows = max(height - 1, 1)
    series = history.series
    gap = max(fresh_for(interval_of(provider, key.signal)), timedelta(seconds=1))
    drawn = chart(points, series.since, series.until, (max(width - margin - 1, 4), rows), scale=scale, gap=gap)
    labels = [high if i == 0 else low if i == rows - 1 else "" for i in range(rows)]
    lines: list[Line] = [
        ((fit(label, margin - 1, right=True) + " ", Role.MUTED), (dots, Role.CHART))
        for label, dots in zip(labels, drawn, strict=True)
    ]
    return (*lines, _axis(history, board.zone, width, margin))


def _axis(history: History, zone: str, width: int, margin: int) -> Line:
    assert history.series is not None
    place = ZoneInfo(zone)
    since, until = history.series.since.astimezone(place), history.series.until.astimezone(place)
    right = f"{until:%H:%M} {zone.rsplit('/', 1)[-1].replace('_', ' ')}"
    left = f"{since:%H:%M}" if since.date() == until.date() else f"{since:%a %H:%M}"
    room = max(width - margin - 1 - len(left) - len(right), 1)
    return ((" " * margin + left + " " * room + right, Role.MUTED),)
