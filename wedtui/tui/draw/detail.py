"""One provider in full: what its score is made of, what limits it, its probes and its signals."""

from __future__ import annotations

from datetime import datetime, timedelta

from wedtui.core.evidence import Freshness, ProbeEvidence, SignalEvidence, freshness
from wedtui.core.health import VENDOR, Component
from wedtui.core.picture import ProbeDetails, ProviderPicture, signal_freshness
from wedtui.core.series import probe_signal
from wedtui.core.state import State, glyph
from wedtui.core.vendor import event_texts
from wedtui.core.wording import age, duration, short_age
from wedtui.tui.board import Board
from wedtui.tui.draw.inventory import inventory_rows
from wedtui.tui.draw.providers import state_cell
from wedtui.tui.rows import Row
from wedtui.tui.spans import Line, Role, Span, fit, rule, wrap
from wedtui.tui.values import MISSING, measure, milliseconds, reading

ROUNDS_SHOWN = 20
PASSED, FAILED = "·", "x"

_BLANK = Row(())


def detail_rows(board: Board, name: str, width: int) -> tuple[Row, ...]:
    """Return the rows of the provider screen; probes and signals can be selected."""
    provider = board.picture.provider(name) if board.picture else None
    if provider is None:
        text = f"{name} is no longer configured, or has not been read yet; Escape goes back"
        return tuple(Row(line) for line in wrap(text, width, Role.DEGRADED, indent=" "))
    inventory = inventory_rows(board, name, width)
    return (
        *_summary(board, provider, width),
        _BLANK,
        *_components(board, provider, width),
        _BLANK,
        *_probes(board, provider, width),
        _BLANK,
        *_signals(board, provider, width),
        *((_BLANK, *inventory) if inventory else ()),
    )


def freshness_span(word: Freshness) -> Span:
    """Return how much a value can be relied on, as a word."""
    if word is Freshness.FRESH:
        return word, Role.MUTED
    return (word, Role.MUTED) if word is Freshness.MISSING else (word, Role.STALE)


def _believed(board: Board, word: Freshness) -> Freshness:
    return Freshness.STALE if board.frozen_picture and word is Freshness.FRESH else word


def _value_span(words: str, word: Freshness) -> Span:
    if words == MISSING:
        return words, Role.MUTED
    return (words, Role.TEXT) if word is Freshness.FRESH else (f"({words})", Role.STALE)


def _cells(*cells: tuple[Span, int]) -> Line:
    """Return cells in columns; a negative width aligns to the right."""
    line: list[Span] = [(" ", Role.TEXT)]
    for (words, role), width in cells:
        line += [(fit(words, abs(width), right=width < 0), role), ("  ", Role.TEXT)]
    return tuple(line[:-1])


def _heading(*titles: tuple[str, int]) -> Row:
    *others, (last, _) = titles
    # Nothing follows the last one: blanks behind it would be cut, and look like a cut word.
    return Row(_cells(*(((title, Role.MUTED), width) for title, width in [*others, (last, len(last))])))


def _summary(board: Board, provider: ProviderPicture, width: int) -> list[Row]:
    health, evidence = provider.health, provider.evidence
    score: Span = (f"score {provider.score_words}", Role.STRONG) if provider.score_words else ("no score", Role.MUTED)
    if health.score is not None and (board.unwatched or health.state is State.UNKNOWN):
        score = (f"score ({provider.score_words})", Role.STALE)
    capacity = f" · capacity {evidence.capacity:g}/s" if evidence.capacity else ""
    line: Line = (
        (" ", Role.TEXT),
        state_cell(board, health.state),
        ("   ", Role.TEXT),
        score,
        (f"   {age(health.measured_at, board.now)} old", Role.MUTED),
    )
    rest = f"   {evidence.kind} · {board.share(provider).words(board.now)}{capacity}"
    # Of a share nothing may be cut: that it is another than configured stands at its end.
    fits = sum(len(text) for text, _ in line) + len(rest) <= width
    line = (*line, (rest, Role.TEXT)) if fits else line
    below = [] if fits else [Row(each) for each in wrap(rest.strip(), width, indent="   ")]
    ceilings = [
        Row(line) for text in health.ceilings for line in wrap(f"limited: {text}", width, Role.DEGRADED, indent="   ")
    ]
    lacks = [Row(line) for text in provider.lacks for line in wrap(text, width, Role.DEGRADED, indent="   ")]
    return [Row(line), *below, *lacks, *ceilings]


_COMPONENT = (("COMPONENT", 12), ("VALUE", -6), ("WEIGHT", -6), ("MEASURE", -10), ("AGE", -6), ("", 7))


def _components(board: Board, provider: ProviderPicture, width: int) -> list[Row]:
    rows = [Row(rule("score", width)), _heading(*_COMPONENT, ("FROM", 20))]
    for component in provider.health.components:
        rows.append(Row(_component(board, component, width)))
        if component.problem and component.expected:
            rows += [Row(line) for line in text_lines((component.problem, Role.DEGRADED), width)]
        if component.name == VENDOR and provider.evidence.vendor is not None:
            said = event_texts(provider.evidence.vendor)
            rows += [Row(line) for text in said for line in text_lines((text, Role.DEGRADED), width)]
    return rows


def _component(board: Board, c: Component, width: int) -> Line:
    fresh = _believed(board, c.freshness)
    value = MISSING if c.value is None else f"{c.value:.2f}"
    # Beside "not set" what is not there says enough.
    source = (c.source if c.expected else (c.problem or "").removesuffix(" is configured")) or ""
    name = (c.name, Role.TEXT if c.expected else Role.MUTED)
    room = max(width - sum(abs(size) + 2 for _, size in _COMPONENT) - 2, 8)
    return _cells(
        (name, 12),
        (_value_span(value, fresh), -6),
        ((f"{c.weight:.2f}", Role.MUTED), -6),
        (_value_span(measure(c.name, c.measure), fresh), -10),
        ((short_age(c.measured_at, board.now) if c.measured_at else MISSING, Role.MUTED), -6),
        (freshness_span(fresh) if c.expected else ("not set", Role.MUTED), 7),
        ((_shortened(source, room), Role.MUTED), room),
    )


def _shortened(source: str, room: int) -> str:
    """Return who measured something without what was asked, where both do not fit: that stands among the signals."""
    return source if len(source) <= room else source.rpartition(" from ")[2]


def _probes(board: Board, provider: ProviderPicture, width: int) -> list[Row]:
    probes = provider.evidence.probes
    if not probes:
        return [Row(rule("probes", width)), Row(((" no probe is configured for it", Role.MUTED),))]
    details = {(d.name, d.vantage): d for d in (board.picture.probes if board.picture else ())}
    titles = (("PROBE", 18), ("ROUNDS, newest last", ROUNDS_SHOWN), ("HTTP", -5), ("TOTAL", -9), ("AGE", -6), ("", 7))
    rows = [Row(rule("probes", width, (("Enter: chart", Role.MUTED),))), _heading(*titles)]
    named = ""
    for probe in probes:
        if probe.vantage and probe.name != named:
            rows.append(Row(((f" {probe.name}", Role.STRONG),)))
        named = probe.name
        rows += _probe(board, probe, details.get((probe.name, probe.vantage)), width)
    return rows


def _probe(board: Board, probe: ProbeEvidence, details: ProbeDetails | None, width: int) -> list[Row]:
    newest = probe.rounds[0] if probe.rounds else None
    at = newest.at if newest else None
    fresh = _believed(board, freshness(at, probe.interval, board.now))
    passed = newest is not None and newest.passed
    word: Span = ("passed", Role.OK) if passed else ("FAILED", Role.CRITICAL)
    if fresh is not Freshness.FRESH:
        word = freshness_span(fresh)
    status = str(details.status) if details and details.status is not None else MISSING
    total = milliseconds(details.total_ms) if details else MISSING
    first = (
        *_cells(((f"  from {probe.vantage}" if probe.vantage else probe.name, Role.STRONG), 18)),
        ("  ", Role.TEXT),
        *_rounds(probe),
    )
    rest = _cells(
        (_value_span(status, fresh), -5),
        (_value_span(total, fresh), -9),
        ((short_age(at, board.now), Role.MUTED), -6),
        (word, 7),
    )
    rows = [Row((*first, (" ", Role.TEXT), *rest), probe_signal(probe.label))]
    rows += [Row(line) for text in _probe_remarks(board, probe, details) for line in text_lines(text, width)]
    return rows


def _rounds(probe: ProbeEvidence) -> Line:
    """Return a glyph for each of the newest rounds, the newest last."""
    rounds = probe.rounds[:ROUNDS_SHOWN]
    glyphs = tuple((PASSED, Role.TEXT) if r.passed else (FAILED, Role.CRITICAL) for r in reversed(rounds))
    return ((" " * (ROUNDS_SHOWN - len(rounds)), Role.TEXT), *glyphs)


def text_lines(span: Span, width: int) -> list[Line]:
    """Return a remark under a row, wrapped."""
    return wrap(span[0], width, span[1], indent="   ")


def _probe_remarks(board: Board, probe: ProbeEvidence, details: ProbeDetails | None) -> list[Span]:
    remarks: list[Span] = []
    failed = next((r for r in probe.rounds if not r.passed), None)
    if failed is not None:
        role = Role.CRITICAL if failed is probe.rounds[0] else Role.MUTED
        remarks.append((f"last failure {age(failed.at, board.now)} ago: {failed.failure or 'no reason given'}", role))
    if details is None:
        return remarks
    parts = [
        f"{name} {milliseconds(value)}"
        for name, value in (
            ("connect", details.connect_ms),
            ("TLS", details.tls_ms),
            ("first byte", details.first_byte_ms),
        )
        if value is not None
    ]
    every = f"every {_pace(probe.interval)}, timeout {_pace(details.timeout)}"
    remarks.append((f"{' · '.join([*parts, every])} · {details.url}", Role.MUTED))
    if details.certificate_expires_at is not None:
        remarks.append(_certificate(details.certificate_expires_at, board.now))
    return remarks


def _pace(span: timedelta) -> str:
    """Return a span of a configuration: one of less than a second is not `0 s`."""
    return duration(span) if span >= timedelta(seconds=1) else f"{span // timedelta(milliseconds=1)} ms"


def _certificate(expires: datetime, now: datetime) -> Span:
    if expires <= now:
        return f"{glyph(State.CRITICAL)} certificate expired {duration(now - expires)} ago", Role.CRITICAL
    return f"certificate good for {duration(expires - now)}, until {expires:%Y-%m-%d %H:%M} UTC", Role.MUTED


def _signals(board: Board, provider: ProviderPicture, width: int) -> list[Row]:
    signals = provider.evidence.signals
    if not signals:
        return [Row(rule("signals", width)), Row(((" no query is configured for it", Role.MUTED),))]
    titles = (("SIGNAL", 18), ("VALUE", -12), ("AGE", -6), ("", 7), ("FROM", 20))
    rows = [Row(rule("signals", width, (("Enter: chart", Role.MUTED),))), _heading(*titles)]
    room = max(width - sum(abs(size) + 2 for _, size in titles[:-1]) - 2, 8)
    for signal in signals:
        rows.append(Row(_signal(board, signal, room), signal.signal))
        if signal.problem:
            rows += [Row(line) for line in text_lines((signal.problem, Role.DEGRADED), width)]
    return rows


def _signal(board: Board, signal: SignalEvidence, room: int) -> Line:
    fresh = _believed(board, signal_freshness(signal, board.now))
    return _cells(
        ((signal.signal, Role.STRONG), 18),
        (_value_span(reading(signal.signal, signal.value), fresh), -12),
        ((short_age(signal.measured_at, board.now), Role.MUTED), -6),
        (freshness_span(fresh), 7),
        ((signal.source, Role.MUTED), room),
    )
