"""One alert in full: what changed before it began comes first, then how it stands and who has it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import datetime, timedelta

from wedtui.core.alerts.attention import has_somebody, lapses_at
from wedtui.core.alerts.memory import Phase
from wedtui.core.alerts.silences import label_word
from wedtui.core.alerts.standing import AlertIs
from wedtui.core.changes import BEFORE_AN_ALERT, Change, Timeline, beforehand
from wedtui.core.wording import age, counted, duration, wall_clock
from wedtui.tui.board import Board, ChangesTold
from wedtui.tui.clipboard import Subject
from wedtui.tui.draw.alerts import measured_words, named, remarks, state_span, unknown_words, who_has
from wedtui.tui.rows import Row
from wedtui.tui.spans import Role, clean, crop, fit, rule, wrap

FEWEST_CHANGES = 5
"""So many lines what changed before has on a low screen: with them the facts below still stand there."""
_LONGEST_CHANGE = 3
_LABEL = 13
_READ_FRESH = timedelta(seconds=15)
_BLANK = Row(())


def alert_facts(
    board: Board, alert: AlertIs, width: int, *, offer: str, before: ChangesTold | None, most: int = FEWEST_CHANGES
) -> tuple[Row, ...]:
    """Return one alert in full.

    Args:
        board: what is known.
        alert: which one.
        width: cells of a line.
        offer: how it is taken from here, or why not.
        before: the newest answer what changed in the half hour before it began; None: it is not there yet.
        most: lines for that; what has no room is counted.
    """
    known, now = board.alerts, board.now
    fresh = board.doubt is None
    state, role = state_span(alert, fresh=fresh)
    rows = [Row(crop(((f" {state}", role), (f"  {alert.rule}", Role.STRONG), (f"  {alert.about}", Role.TEXT)), width))]
    if not fresh:
        rows += _fact("UNKNOWN", unknown_words(board, known), width, Role.UNKNOWN)
    rows.append(Row(rule(f"what changed in the {BEFORE_AN_ALERT // timedelta(minutes=1)} minutes before", width)))
    rows += [*_changed(board, alert, before, width, most), Row(rule("how it stands", width))]
    for label, text in (
        *_course(board, alert),
        ("condition", alert.condition or "not known"),
        *((("it says", alert.said),) if alert.said else ()),
        ("source" if alert.source or alert.is_page else "measured", measured_words(alert, now)),
        *_people(board, alert, offer),
        *(("note", text) for text in remarks(board, alert)),
        *((("look there", alert.link),) if alert.link else ()),
        ("runbook", alert.runbook or "none"),
    ):
        rows += _fact(label, text, width)
    rows += [_BLANK, Row(rule("by hand", width))]
    commands = [f"show {alert.key}", f"ack {alert.key}"] if alert.key else ["list"]
    if alert.phase is not Phase.RESOLVED:
        commands.append(_silencing(alert))
    for command in commands:
        rows += [Row(line) for line in wrap(f"`wedtui alerts {command}`", width, indent=" ")]
    return tuple(rows)


def _fact(label: str, text: str, width: int, role: Role = Role.TEXT) -> list[Row]:
    lines = wrap(text, max(width - _LABEL - 1, 20), role)
    heads = [f" {label:<{_LABEL - 1}}", *([" " * _LABEL] * len(lines))]
    return [Row(((head, Role.MUTED), *line)) for head, line in zip(heads, lines, strict=False)]


def _when(board: Board, at: datetime) -> str:
    return f"{wall_clock(at, board.zone, board.now)}, {age(at, board.now)} ago"


def _course(board: Board, alert: AlertIs) -> list[tuple[str, str]]:
    """Return since when it is so."""
    if alert.phase is Phase.PENDING:
        return [("pending", f"since {_when(board, alert.since)}: it does not fire yet")]
    fires = "fires" if board.doubt is None else "fired then"
    found = [(fires if alert.phase is Phase.FIRING else "fired", f"since {_when(board, alert.since)}")]
    if alert.phase is Phase.RESOLVED and alert.resolved_at is not None:
        lasted = duration(alert.resolved_at - alert.since)
        found.append(("over", f"since {_when(board, alert.resolved_at)}; it fired for {lasted}"))
    return found


def _people(board: Board, alert: AlertIs, offer: str) -> list[tuple[str, str]]:
    """Return who was told, who has it and until when, and when the next one is told."""
    if alert.phase is Phase.PENDING:
        return []
    found = [("told", _told(board, alert))]
    if alert.phase is not Phase.FIRING:
        return found
    if has_somebody(alert, board.now):
        since = f" since {_when(board, alert.acknowledged_at)}" if alert.acknowledged_at else ""
        lapses = lapses_at(alert)
        until = f"; lapses {wall_clock(lapses, board.zone, board.now)} if it still fires" if lapses else ""
        return [*found, ("who has it", f"{alert.acknowledged_by}{since}{until}")]
    found.append(("who has it", f"NOBODY; {offer}"))
    at = alert.escalates_at
    if at is None:
        then = "nobody else is called by itself"
    elif board.doubt is not None:
        # Whoever judges calls: of what nobody judges nobody may be called, whatever was planned.
        then = f"NOT SURE: {board.doubt}; it was to come at {wall_clock(at, board.zone, board.now)}"
    elif at <= board.now:
        then = f"due since {_when(board, at)}"
    else:
        then = f"in {duration(at - board.now)}, at {wall_clock(at, board.zone, board.now)}"
    if at is not None and alert.escalates_to:
        then += f": {clean(alert.escalates_to)}"
    return [*found, ("next call", then)]


def _told(board: Board, alert: AlertIs) -> str:
    if alert.told_at is not None:
        return f"accepted by a channel {_when(board, alert.told_at)}"
    if alert.phase is Phase.FIRING and has_somebody(alert, board.now):
        return f"nobody is told while {clean(alert.acknowledged_by)} has it"
    if alert.phase is Phase.RESOLVED:
        return "not known of what is over: `wedtui notify list` says it"
    return "nobody was told yet"


def _silencing(alert: AlertIs) -> str:
    """Return how exactly this alert is not told of for a while, or how its silences are listed."""
    if alert.silenced_by and alert.silenced_by != alert.source:
        return "silences"
    labels = " ".join(f"--label {shlex.quote(label_word(name, value))}" for name, value in alert.labels)
    rule_named = f"silence --rule {shlex.quote(alert.rule)}"
    return " ".join(filter(None, (rule_named, labels, "--for 1h --reason WHY --preview")))


def _changed(board: Board, alert: AlertIs, told: ChangesTold | None, width: int, most: int) -> list[Row]:
    """Return what changed before it began, the newest first, and of what nothing is known."""
    if told is None:
        return [Row(((" reading what changed…", Role.MUTED),))]
    if told.timeline is None:
        text = f"not known here: {told.problem}; `wedtui changes --since {_since(alert)}` lists it"
        return [Row(line) for line in wrap(text, width, Role.DEGRADED, indent=" ")]
    found = beforehand(told.timeline, alert.since)
    parts = [*_parts(alert, found, width)]
    rows = [row for part in parts[: _fitting(parts, most)] for row in part]
    if not found.changes:
        rows.append(Row(((" nothing that is on record", Role.MUTED),)))
    notes = []
    if left := _left(found, parts, most):
        notes.append(f"and {left}: `wedtui changes --since {_since(alert)}`")
    elif found.earlier:
        notes.append(f"there are more than are read at once: `wedtui changes --since {_since(alert)}`")
    if board.now - told.at > _READ_FRESH:
        notes.append(f"that was read {age(told.at, board.now)} ago")
    return [*rows, *(Row(line) for text in notes for line in wrap(text, width, Role.MUTED, indent=" "))]


def _parts(alert: AlertIs, found: Timeline, width: int) -> Iterator[list[Row]]:
    """Yield the lines of each source that cannot be read, of each change, and of each time nobody looked."""
    for gap in found.gaps:
        if gap.problem:
            yield [Row(line) for line in wrap(gap.words, width, Role.DEGRADED, indent=" ")]
    for change in found.changes:
        yield _change(alert, change, width)
    for gap in found.gaps:
        if not gap.problem:
            yield [Row(line) for line in wrap(f"not known: {gap.words}", width, Role.MUTED, indent=" ")]


def _fitting(parts: list[list[Row]], most: int) -> int:
    """Return how many of the parts have room; the first one has in any case."""
    taken = 0
    for number, part in enumerate(parts):
        taken += len(part)
        if taken > most and number:
            return number
    return len(parts)


def _left(found: Timeline, parts: list[list[Row]], most: int) -> str:
    """Return how much has no room, in words; nothing where all has."""
    shown, problems = _fitting(parts, most), sum(gap.problem for gap in found.gaps)
    if shown == len(parts):
        return ""
    changes = len(found.changes) - min(max(shown - problems, 0), len(found.changes))
    gaps = len(parts) - shown - changes
    more = "" if not found.earlier else "at least "
    said = [f"{more}{counted(changes, 'more change')}"] if changes else []
    return ", ".join([*said, *([f"{gaps} more of which nothing is known"] if gaps else [])])


def _change(alert: AlertIs, change: Change, width: int) -> list[Row]:
    """Return one change: how long before, or between which instants it was, what, and who did it."""
    off = duration(abs(change.at - alert.since))
    # What was seen only after it began stands here because it may have been before.
    after = change.at > alert.since
    head = f" {fit('maybe' if after else off, 10, right=True)} before  "
    by = "" if change.who is None else f" by {change.who}"
    seen = f" (seen {off} after it began)" if after else ""
    if change.not_before is not None:
        first = duration(max(alert.since - change.not_before, timedelta()))
        then = f"seen {off} after it began" if after else "seen then"
        seen = f" ({then}; it was as before until {first} before)"
    text = f"{change.kind} {change.object}{by}: {change.sentence}{seen}"
    room = max(width - len(head), 20)
    lines = wrap(text, room)
    if len(lines) > _LONGEST_CHANGE:
        last = lines[_LONGEST_CHANGE - 1]
        lines = [*lines[: _LONGEST_CHANGE - 1], crop((*last, (" " * room, Role.TEXT)), room)]
    return [Row(((head if i == 0 else " " * len(head), Role.MUTED), *line)) for i, line in enumerate(lines)]


def _since(alert: AlertIs) -> str:
    return f"{alert.since - BEFORE_AN_ALERT:%Y-%m-%dT%H:%M:%SZ}"


def alert_subject(board: Board, alert: AlertIs) -> Subject:
    """Return an alert as a sentence that stands by itself."""
    known = board.alerts
    state = state_span(alert, fresh=board.doubt is None)[0]
    who, _ = who_has(board, alert) if alert.phase is Phase.FIRING else ("", Role.TEXT)
    what = clean(alert.said) or alert.condition
    parts = [f"{named(alert)} {state.lstrip('■▲· ')} since {alert.since:%Y-%m-%d %H:%M:%S} UTC", what]
    parts += [measured_words(alert, board.now), who, *remarks(board, alert), alert.runbook]
    judged = f"judged {known.judged_at:%Y-%m-%d %H:%M:%S} UTC" if known else ""
    world = "DEMO, a made-up world" if board.demo else ""
    return Subject(named(alert), "; ".join(part for part in (*parts, judged, world) if part))
