"""What fires: the dashboard's lines, the list, and one alert in full. What nobody judged, or long ago, is UNKNOWN."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from wedtui.core.alerts.attention import (
    Doubt,
    can_be_taken,
    has_somebody,
    identity,
    lapses_at,
    loudest,
    silenced,
    waiting,
    waits,
)
from wedtui.core.alerts.memory import Phase, Reason
from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.standing import AlertIs, AlertsNow
from wedtui.core.changes import BEFORE_AN_ALERT, Change, Gap, Timeline
from wedtui.core.changes import before as before_it
from wedtui.core.state import State, glyph
from wedtui.core.wording import age, counted, duration, short_age, wall_clock
from wedtui.tui.board import Board, ChangesTold
from wedtui.tui.clipboard import Subject
from wedtui.tui.rows import Row
from wedtui.tui.spans import Line, Role, Span, clean, crop, fit, length, rule, wrap
from wedtui.tui.values import reading, signal_title

_LOOKS: dict[Severity, tuple[str, Role]] = {
    Severity.CRITICAL: (glyph(State.CRITICAL), Role.CRITICAL),
    Severity.WARNING: (glyph(State.DEGRADED), Role.DEGRADED),
}
_UNKNOWN = glyph(State.UNKNOWN)
_LABEL = 13
_READ_FRESH = timedelta(seconds=15)
# Cells that the name of an alert keeps on its line, whatever else there is to say.
_LEAST_NAME = 12
_BLANK = Row(())


class Keys(NamedTuple):
    """The keys that lead on from an alert, as they stand on the keyboard; empty where there is none."""

    opens: str = ""
    """What lists all."""
    takes: str = ""
    """What acknowledges; empty where nothing can be taken from here."""


def named(alert: AlertIs) -> str:
    """Return an alert in so few words that nobody takes it for another: `errors provider=aws`."""
    return clean(f"{alert.rule} {alert.about}")


def alerts_lines(board: Board, width: int, count: int, keys: Keys) -> tuple[Line, ...]:
    """Return how it stands with alerts, at most `count` lines: what fires, worst first, or that nothing does.

    Args:
        board: what is known.
        width: cells of a line.
        count: lines that there is room for.
        keys: what they say of how to go on.
    """
    known, now = board.alerts, board.now
    if board.picture is None:
        return ((),)
    if known is None or board.doubt is not None:
        return (_unknown(board, known, width, keys),)
    firing = loudest(known.alerts, now)
    if not firing:
        return (_calm(board, known, width, keys), *_lately(board, known, width))[:count]
    shown = firing[:count]
    takes = next(iter(waiting(firing, now)), None)
    lines = []
    for number, alert in enumerate(shown):
        more = len(firing) - len(shown) if number == len(shown) - 1 else 0
        head = _counted(firing, now) if number == 0 else ""
        tail = _tail(keys, takes if number == 0 else None, alert, more)
        lines.append(_firing(board, known, alert, (head, tail), width))
    return tuple(lines)


def _counted(firing: Sequence[AlertIs], now: datetime) -> str:
    """Return how many fire; of those whose message is hidden how many that are."""
    hidden = sum(bool(alert.inhibited_by) or silenced(alert, now) for alert in firing)
    words = "FIRES" if len(firing) == 1 else f"{len(firing)} FIRE"
    return f"{words}, {hidden} hidden" if 0 < hidden < len(firing) else words


def _tail(keys: Keys, takes: AlertIs | None, shown: AlertIs, more: int) -> str:
    """Return what stands at the end of a line: by which key to go on."""
    opens = f"{keys.opens}: {f'+{more}' if more else 'all'} " if keys.opens else f"+{more} " if more else ""
    if takes is None or not keys.takes:
        return opens
    what = "take" if takes is shown else f"take {_briefly(takes)}"
    return f"{keys.takes}: {what}  {opens}"


def _firing(board: Board, known: AlertsNow, alert: AlertIs, around: tuple[str, str], width: int) -> Line:
    """Return one alert on a line: for how long, who has it, when the next one is told, how old that is."""
    head, tail = around
    sign, role = _LOOKS[alert.severity]
    judged, fires = age(known.judged_at, board.now), board.now - alert.since
    who, loud = _who(board, alert)
    short = who.partition(" HAS IT")[0].partition(" until ")[0]
    then, soon = _then(board, alert)
    end: Line = ((f"  {tail}" if tail else "  ", Role.ACCENT),)
    name, brief, few = named(alert), _briefly(alert), head.partition(",")[0]
    forms: tuple[tuple[str, str, str, str, str], ...] = (
        (head, name, f"for {duration(fires)}", who, f"{then}  judged {judged} ago"),
        (head, name, f"for {duration(fires)}", who, f"{then}  {judged} old"),
        (head, name, f"for {left(fires)}", short, f"{soon}  {judged} old"),
        (head, brief, f"for {left(fires)}", short, f"{soon}  {judged} old"),
        (few, brief, left(fires), short, f"{soon}  {judged} old"),
        (few, brief, left(fires), short, f"  {judged} old"),
        (few, brief, left(fires), short, ""),
    )
    for counts, called, since, has, rest in forms:
        first: Line = ((f" {sign} {counts}  " if counts else f" {sign} ", role), (called, Role.STRONG))
        told: Line = ((f"  {since}", Role.TEXT), (f"  {has}", loud), (rest, Role.MUTED), *end)
        if length((*first, *told)) <= width:
            break
    return (*crop(first, max(width - length(told), _LEAST_NAME)), *told)


def _briefly(alert: AlertIs) -> str:
    """Return an alert without the names of its labels, where there is no room for them: `errors aws`."""
    return clean(" ".join((alert.rule, *(value for _, value in alert.labels))))


def _who(board: Board, alert: AlertIs) -> tuple[str, Role]:
    """Return who has it, or what hides it, and how loud that is to be said."""
    now = board.now
    if has_somebody(alert, now):
        lapses = lapses_at(alert)
        until = f" until {wall_clock(lapses, board.zone, now)}" if lapses is not None else ""
        return f"{clean(alert.acknowledged_by)} has it{until}", Role.TEXT
    if silenced(alert, now):
        until = f" until {wall_clock(alert.silenced_until, board.zone, now)}" if alert.silenced_until else ""
        return f"silenced by {clean(alert.silenced_by)}{until}", Role.TEXT
    if alert.inhibited_by:
        return f"hidden by {clean(alert.inhibited_by)}", Role.TEXT
    return "NOBODY HAS IT", Role.CRITICAL if alert.severity is Severity.CRITICAL else Role.DEGRADED


def _then(board: Board, alert: AlertIs) -> tuple[str, str]:
    """Return when the next one is told, in full and shortly; nothing where somebody has it, or it is hidden."""
    now = board.now
    if not waits(alert, now):
        return "", ""
    if alert.escalates_at is None:
        if alert.told_at is None:
            return ", nobody was told yet", ", not told"
        return ", nobody else is called", ""
    if alert.escalates_at <= now:
        return ", the next call is due", ", call due"
    then = left(alert.escalates_at - now)
    return f", next call in {then}", f", next {then}"


def left(span: timedelta) -> str:
    """Return how long is left, without spaces: `45s`, `1m30s`, `12m`, `3h05m`."""
    seconds = max(int(span.total_seconds()), 0)
    minutes, hours = seconds // 60, seconds // 3600
    if seconds < 60:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60:02d}s"
    return f"{minutes}m" if hours < 1 else f"{hours}h{minutes % 60:02d}m"


def _calm(board: Board, known: AlertsNow, width: int, keys: Keys) -> Line:
    """Say that nothing fires, how new that is and of how much; of what nothing is known, that is no good news."""
    judged = age(known.judged_at, board.now)
    tail: Line = ((f"  {keys.opens}: alerts " if keys.opens else " ", Role.ACCENT),)
    if not known.knows:
        words = f" {_UNKNOWN} ALERTS UNKNOWN: {nothing_words(known)}, judged {judged} ago"
        return (*crop(((words, Role.UNKNOWN),), width - length(tail)), *tail)
    pending = sum(alert.phase is Phase.PENDING for alert in known.alerts)
    head = (f" {glyph(State.OK)} no rule fires", Role.OK)
    if known.unknown:
        head = (f" {_UNKNOWN} no rule fires, {unknown_count(known)}", Role.UNKNOWN)
    said: Line = (
        head,
        (f", {pending} pending" if pending else "", Role.DEGRADED),
        (f", judged {judged} ago · {rules_words(known)}", Role.MUTED),
    )
    return (*crop(said, width - length(tail)), *tail)


def rules_words(known: AlertsNow) -> str:
    """Return how many rules are judged: `8 rules`; of how many, where some are not set."""
    judged = counted(known.rules, "rule")
    return judged if known.judged == known.rules else f"{known.judged} of {judged}"


def unknown_count(known: AlertsNow) -> str:
    """Return of how many series nothing is known: `2 of 9 series unknown`."""
    return f"{known.unknown} of {known.series} series unknown"


def unknown_names(known: AlertsNow) -> str:
    """Return which these are, the first few by name; empty where there is none."""
    more = known.unknown - len(known.unknown_named)
    return clean(", ".join(known.unknown_named) + (f" and {more} more" if known.unknown_named and more > 0 else ""))


def nothing_words(known: AlertsNow) -> str:
    """Say why it is not known of anything how it stands."""
    if not known.rules:
        return "no rule counts, so nothing can fire"
    if not known.judged:
        return f"nothing is measured by which a rule could be judged ({counted(known.rules, 'rule')} not set)"
    return unknown_count(known)


def _lately(board: Board, known: AlertsNow, width: int) -> tuple[Line, ...]:
    """Say of the next line what is about to fire, else what was over last."""
    about = [alert for alert in known.alerts if alert.phase is Phase.PENDING]
    if about:
        text = f"   pending: {named(about[0])} for {duration(board.now - about[0].since)}"
        return (crop(((text, Role.MUTED),), width),)
    over = [(alert.resolved_at, alert) for alert in known.alerts if alert.phase is Phase.RESOLVED and alert.resolved_at]
    if not over:
        return ()
    at, newest = max(over, key=lambda each: each[0])
    text = f"   over since {age(at, board.now)}: {named(newest)}, it fired for {duration(at - newest.since)}"
    return (crop(((text, Role.MUTED),), width),)


def unknown_words(board: Board, known: AlertsNow | None) -> str:
    """Say why nobody knows what fires, and what fired when somebody last looked."""
    doubt = board.doubt or Doubt.OLD
    if known is None or doubt in {Doubt.NEVER, Doubt.FUTURE}:
        return doubt.value
    fired = loudest(known.alerts, board.now)
    then = f"{len(fired)} fired then, worst {named(fired[0])}" if fired else "nothing fired then"
    why = "" if doubt is Doubt.OLD else f", {doubt}"
    return f"judged {age(known.judged_at, board.now)} ago{why}; {then}"


def _unknown(board: Board, known: AlertsNow | None, width: int, keys: Keys) -> Line:
    tail: Line = ((f"  {keys.opens}: alerts " if keys.opens and known is not None else " ", Role.ACCENT),)
    said: Line = (
        (f" {_UNKNOWN} ALERTS UNKNOWN", Role.UNKNOWN),
        (f": {unknown_words(board, known)}", Role.TEXT),
    )
    return (*crop(said, width - length(tail)), *tail)


# -- the list ------------------------------------------------------------------------------------------------------

_STATE, _RULE, _FOR, _WHO, _NEXT = 11, 14, 5, 13, 8


def alerts_note(board: Board) -> Line:
    """Return how old the judgement is, for the title of the list."""
    known = board.alerts
    if known is None:
        return ()
    judged = age(known.judged_at, board.now)
    if board.doubt is None:
        unknown = f" · {unknown_count(known)}" if known.unknown else ""
        return ((f"judged {judged} ago · {rules_words(known)}", Role.MUTED), (unknown, Role.UNKNOWN))
    return ((f"judged {judged} ago: UNKNOWN what fires now", Role.UNKNOWN),)


def matching(alerts: Sequence[AlertIs], words: str, now: datetime) -> tuple[AlertIs, ...]:
    """Return those of which every word of a filter is a part: of its name, labels, severity, state or who has it."""
    wanted = words.casefold().split()

    def fits(alert: AlertIs) -> bool:
        hidden = "silenced" if silenced(alert, now) else "inhibited" if alert.inhibited_by else ""
        parts = (alert.rule, alert.about, alert.severity, alert.phase, alert.acknowledged_by, hidden)
        text = " ".join(parts).casefold()
        return all(word in text for word in wanted)

    return tuple(alert for alert in alerts if fits(alert))


def alerts_header(width: int) -> Line:
    """Return the titles of the columns."""
    about = _about(width)
    words = (
        f" {fit('STATE', _STATE)} {fit('RULE', _RULE)} {fit('OF', about)} {fit('FOR', _FOR, right=True)}  "
        f"{fit('WHO HAS IT', _WHO)} {fit('NEXT IN', _NEXT, right=True)}"
    )
    return crop(((words, Role.MUTED),), width)


def _about(width: int) -> int:
    return max(width - (_STATE + _RULE + _FOR + _WHO + _NEXT) - 7, 8)


def alert_rows(board: Board, words: str, width: int) -> tuple[Row, ...]:
    """Return every alert that matches, by urgency; each can be selected, what hides it stands under it."""
    known = board.alerts
    fresh = board.doubt is None
    reason = "reading the cache" if board.picture is None else unknown_words(board, known)
    doubt = wrap(f"{_UNKNOWN} what fires is UNKNOWN: {reason}", width, Role.UNKNOWN, indent=" ")
    rows: list[Row] = [] if fresh else [Row(line) for line in doubt]
    if known is None:
        return tuple(rows)
    if fresh and known.unknown:
        text = f"{_UNKNOWN} {unknown_count(known)}: {unknown_names(known)}"
        rows += [Row(line) for line in wrap(text, width, Role.UNKNOWN, indent=" ")]
    shown = matching(known.alerts, words, board.now)
    if not shown:
        good = fresh and known.knows and not known.unknown and not words
        return (*rows, Row(((f" {_none(known, words)}", Role.OK if good else Role.MUTED),)))
    for alert in shown:
        rows.append(Row(_cells(board, alert, width, fresh=fresh), identity(alert)))
        rows += [Row(line) for text in remarks(board, alert) for line in wrap(text, width, Role.MUTED, indent="     ")]
    return tuple(rows)


def _none(known: AlertsNow, words: str) -> str:
    """Say why there is no row."""
    if words and known.alerts:
        return f'nothing matches "{words}"'
    if not known.knows:
        return f"UNKNOWN what fires: {nothing_words(known)}; see `wedtui rules check`"
    return "no rule fires, is pending or was over lately"


def _state(alert: AlertIs, *, fresh: bool) -> Span:
    """Return how it stands, as a sign, a word and a colour; of an old judgement in brackets, without a colour."""
    sign, role = _LOOKS[alert.severity]
    if alert.phase is not Phase.FIRING:
        word = "pending" if alert.phase is Phase.PENDING else "over"
        return (
            (f"· {word}", Role.TEXT if alert.phase is Phase.PENDING else Role.MUTED)
            if fresh
            else (f"({word})", Role.STALE)
        )
    word = alert.severity.upper()
    return (f"{sign} {word}", role) if fresh else (f"({word})", Role.STALE)


def _cells(board: Board, alert: AlertIs, width: int, *, fresh: bool) -> Line:
    state, role = _state(alert, fresh=fresh)
    who, loud = _has(board, alert)
    next_words = ""
    if waits(alert, board.now) and alert.escalates_at is not None:
        next_words = left(alert.escalates_at - board.now) if alert.escalates_at > board.now else "DUE"
    return (
        (" ", Role.TEXT),
        (state, role if fresh else Role.STALE),
        (" " * (_STATE - len(state) + 1), Role.TEXT),
        (f"{fit(alert.rule, _RULE)} ", Role.STRONG),
        (f"{fit(alert.about, _about(width))} ", Role.TEXT),
        (f"{fit(_lasting(board, alert), _FOR, right=True)}  ", Role.TEXT),
        (fit(who, _WHO), loud),
        (f" {fit(next_words, _NEXT, right=True)}", Role.TEXT),
    )


def _lasting(board: Board, alert: AlertIs) -> str:
    """Return for how long it has been so; of what is over, for how long it is."""
    over = alert.phase is Phase.RESOLVED and alert.resolved_at is not None
    return short_age(alert.resolved_at if over else alert.since, board.now)


def _has(board: Board, alert: AlertIs) -> tuple[str, Role]:
    """Return who has it in one column."""
    if alert.phase is not Phase.FIRING:
        return "", Role.TEXT
    if has_somebody(alert, board.now):
        return alert.acknowledged_by, Role.TEXT
    if silenced(alert, board.now):
        return "silenced", Role.MUTED
    if alert.inhibited_by:
        return "hidden", Role.MUTED
    return "NOBODY", Role.CRITICAL if alert.severity is Severity.CRITICAL else Role.DEGRADED


def remarks(board: Board, alert: AlertIs) -> tuple[str, ...]:
    """Return what has to be said beside the columns: what hides its messages, that it flaps or nothing is known."""
    found = []
    now, zone = board.now, board.zone
    if silenced(alert, now):
        until = f" until {wall_clock(alert.silenced_until, zone, now)}" if alert.silenced_until else " without an end"
        found.append(f"silenced by {alert.silenced_by}{until}: it fires all the same, nobody is told")
    if alert.inhibited_by and alert.phase is Phase.FIRING:
        found.append(f"hidden by {alert.inhibited_by}: while that fires, nobody is told of this")
    if alert.reason is Reason.NO_DATA and alert.phase is Phase.FIRING:
        found.append("it fires because nothing is known")
    if alert.phase is Phase.FIRING and alert.acknowledged_by and not has_somebody(alert, now):
        found.append(f"{alert.acknowledged_by} had it; that lapsed")
    if alert.flaps:
        found.append(f"flaps: began again {counted(alert.flaps, 'time')} within the hour")
    return tuple(found)


# -- one alert -----------------------------------------------------------------------------------------------------


def found_alert(board: Board, wanted: str | None) -> AlertIs | None:
    """Return the alert of an identity; None where it is none any more."""
    known = board.alerts
    return next((each for each in known.alerts if identity(each) == wanted), None) if known and wanted else None


def measured_words(alert: AlertIs, now: datetime) -> str:
    """Say what was measured last, with its unit and its age; no value where it is too old to be one."""
    if alert.measured_at is None:
        return "never measured"
    old = age(alert.measured_at, now)
    if alert.value is None:
        return f"nothing new enough: last measured {old} ago"
    signal = alert.condition.split(" ", 1)[0]
    plain_signal = signal.replace("_", "").isalnum()
    words = f"{signal_title(signal)} {reading(signal, alert.value)}" if plain_signal else f"{alert.value:.4g}"
    return f"{words}, {old} old"


def alert_facts(board: Board, alert: AlertIs, width: int, *, offer: str, before: ChangesTold | None) -> tuple[Row, ...]:
    """Return one alert in full.

    Args:
        board: what is known.
        alert: which one.
        width: cells of a line.
        offer: how it is taken from here, or why not.
        before: the newest answer what changed in the half hour before it began; None: it is not there yet.
    """
    known, now = board.alerts, board.now
    fresh = board.doubt is None
    state, role = _state(alert, fresh=fresh)
    rows = [Row(crop(((f" {state}", role), (f"  {alert.rule}", Role.STRONG), (f"  {alert.about}", Role.TEXT)), width))]
    if not fresh:
        rows += _fact("UNKNOWN", unknown_words(board, known), width, Role.UNKNOWN)
    rows.append(_BLANK)
    for label, text in (
        *_course(board, alert),
        ("condition", alert.condition or "not known"),
        ("measured", measured_words(alert, now)),
        *_people(board, alert, offer),
        *(("note", text) for text in remarks(board, alert)),
        ("runbook", alert.runbook or "none"),
    ):
        rows += _fact(label, text, width)
    rows += [_BLANK, Row(rule(f"what changed in the {BEFORE_AN_ALERT // timedelta(minutes=1)} minutes before", width))]
    rows += _changed(board, alert, before, width)
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
    told = "nobody was told yet" if alert.told_at is None else f"accepted by a channel {_when(board, alert.told_at)}"
    found = [("told", told)]
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


def _silencing(alert: AlertIs) -> str:
    """Return how exactly this alert is not told of for a while, or how its silences are listed."""
    if alert.silenced_by:
        return "silences"
    labels = " ".join(f"--label {shlex.quote(f'{name}={value}')}" for name, value in alert.labels)
    return " ".join(filter(None, (f"silence --rule {alert.rule}", labels, "--for 1h --reason WHY --preview")))


def _changed(board: Board, alert: AlertIs, told: ChangesTold | None, width: int) -> list[Row]:
    """Return what changed before it began, the newest first, and of what nothing is known."""
    if told is None:
        return [Row(((" reading what changed…", Role.MUTED),))]
    if told.timeline is None:
        text = f"not known here: {told.problem}; `wedtui changes --since {_since(alert)}` lists it"
        return [Row(line) for line in wrap(text, width, Role.DEGRADED, indent=" ")]
    timeline, rows = told.timeline, list[Row]()
    for gap in (each for each in _gaps(timeline) if each.problem):
        rows += [Row(line) for line in wrap(gap.words, width, Role.DEGRADED, indent=" ")]
    found = before_it(timeline.changes, alert.since)
    for change in found:
        rows += _change(alert, change, width)
    if not found:
        rows.append(Row(((" nothing that is on record", Role.MUTED),)))
    notes = [f"not known: {gap.words}" for gap in _gaps(timeline) if not gap.problem]
    if timeline.earlier:
        notes.append(f"there are more than are read at once: `wedtui changes --since {_since(alert)}`")
    if board.now - told.at > _READ_FRESH:
        notes.append(f"that was read {age(told.at, board.now)} ago")
    return [*rows, *(Row(line) for text in notes for line in wrap(text, width, Role.MUTED, indent=" "))]


def _gaps(timeline: Timeline) -> tuple[Gap, ...]:
    """Return what is not known of the time before the alert, and not what is not known of that after it."""
    first = timeline.query.since
    return tuple(gap for gap in timeline.gaps if gap.touches(first, first + BEFORE_AN_ALERT))


def _change(alert: AlertIs, change: Change, width: int) -> list[Row]:
    """Return one change: how long before, or between which instants it was, what, and who did it."""
    after = change.at > alert.since
    head = f" {fit(duration(abs(change.at - alert.since)), 10, right=True)} {'after ' if after else 'before'}  "
    by = "" if change.who is None else f" by {change.who}"
    seen = ""
    if change.not_before is not None:
        first = duration(max(alert.since - change.not_before, timedelta()))
        seen = f" (seen then; it was as before until {first} before)"
    text = f"{change.kind} {change.object}{by}: {change.sentence}{seen}"
    lines = wrap(text, max(width - len(head), 20))
    return [Row(((head if i == 0 else " " * len(head), Role.MUTED), *line)) for i, line in enumerate(lines)]


def _since(alert: AlertIs) -> str:
    return f"{alert.since - BEFORE_AN_ALERT:%Y-%m-%dT%H:%M:%SZ}"


def alert_subject(board: Board, alert: AlertIs) -> Subject:
    """Return an alert as a sentence that stands by itself."""
    known = board.alerts
    state = _state(alert, fresh=board.doubt is None)[0]
    who, _ = _who(board, alert) if alert.phase is Phase.FIRING else ("", Role.TEXT)
    parts = [f"{named(alert)} {state.lstrip('■▲· ')} since {alert.since:%Y-%m-%d %H:%M:%S} UTC", alert.condition]
    parts += [measured_words(alert, board.now), who, *remarks(board, alert), alert.runbook]
    judged = f"judged {known.judged_at:%Y-%m-%d %H:%M:%S} UTC" if known else ""
    return Subject(named(alert), "; ".join(part for part in (*parts, judged) if part))


def cannot_words(board: Board, alert: AlertIs) -> str | None:
    """Return why an alert cannot be taken by anybody now; None where it can."""
    if can_be_taken(alert, board.now):
        return None
    if alert.phase is not Phase.FIRING:
        return "it does not fire yet" if alert.phase is Phase.PENDING else "it is over"
    return _who(board, alert)[0] if has_somebody(alert, board.now) else "its episode is not known"


def lapse_words(board: Board, alert: AlertIs, at: datetime) -> str:
    """Return when an alert that is acknowledged at an instant lapses."""
    return wall_clock(at + timedelta(seconds=alert.lapse_s), board.zone, board.now)
