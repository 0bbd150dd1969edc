"""What fires: the dashboard's lines and the list; `alert_page` has one in full. What nobody judged is UNKNOWN."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from wedtui.core.alerts.attention import (
    Doubt,
    has_somebody,
    identity,
    lapses_at,
    loudest,
    silenced,
    waiting,
    waits,
)
from wedtui.core.alerts.memory import Phase, Reason
from wedtui.core.alerts.names import own_name
from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.standing import AlertIs, AlertsNow, source_words
from wedtui.core.state import State, glyph
from wedtui.core.wording import age, counted, duration, short_age, wall_clock
from wedtui.tui.board import Board
from wedtui.tui.rows import Row
from wedtui.tui.spans import Line, Role, Span, clean, crop, fit, length, wrap
from wedtui.tui.values import reading, signal_title

_LOOKS: dict[Severity, tuple[str, Role]] = {
    Severity.CRITICAL: (glyph(State.CRITICAL), Role.CRITICAL),
    Severity.WARNING: (glyph(State.DEGRADED), Role.DEGRADED),
}
_UNKNOWN = glyph(State.UNKNOWN)
_TAKES_TO_TELL = timedelta(seconds=10)
# Cells that the name of an alert keeps on its line, whatever else there is to say.
_LEAST_NAME = 12


class Keys(NamedTuple):
    """The keys that lead on from an alert, as they stand on the keyboard; empty where there is none."""

    opens: str = ""
    """What lists all."""
    takes: str = ""
    """What acknowledges; empty where nothing can be taken from here."""


def named(alert: AlertIs) -> str:
    """Return an alert in so few words that nobody takes it for another: `errors provider=aws`."""
    return clean(f"{alert.rule} {alert.about}")


def own_name_first(alert: AlertIs) -> str:
    """Return the same where the end may be cut: the source of what others judge comes last."""
    return clean(f"{own_name(alert.rule)} {alert.about}{_in_source(alert)}")


def _in_source(alert: AlertIs) -> str:
    return f" in {alert.source}" if alert.source else ""


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
    what = "take" if takes is shown else f"take {briefly(takes)}"
    return f"{keys.takes}: {what}  {opens}"


def _firing(board: Board, known: AlertsNow, alert: AlertIs, around: tuple[str, str], width: int) -> Line:
    """Return one alert on a line: for how long, who has it, when the next one is told, how old that is."""
    head, tail = around
    sign, role = _LOOKS[alert.severity]
    judged, fires = age(known.judged_at, board.now), board.now - alert.since
    who, loud = who_has(board, alert)
    short = who.partition(" HAS IT")[0].partition(" until ")[0]
    then, soon = _then(board, known, alert)
    end: Line = ((f"  {tail}" if tail else "  ", Role.ACCENT),)
    name, brief, few = own_name_first(alert), briefly(alert), head.partition(",")[0]
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


def briefly(alert: AlertIs) -> str:
    """Return an alert without names of labels and of its source, where there is no room for them: `errors aws`."""
    return clean(" ".join((own_name(alert.rule), *(value for _, value in alert.labels))))


def who_has(board: Board, alert: AlertIs) -> tuple[str, Role]:
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


def _then(board: Board, known: AlertsNow, alert: AlertIs) -> tuple[str, str]:
    """Return when the next one is told, in full and shortly; nothing where somebody has it, or it is hidden."""
    now = board.now
    if not waits(alert, now):
        return "", ""
    if alert.escalates_at is None:
        if alert.told_at is None and _joins(known, alert, now):
            return ", told soon: who joins others waits for more", ", told soon"
        if alert.told_at is None:
            return ", nobody was told yet", ", not told"
        return ", nobody else is called", ""
    if alert.escalates_at <= now:
        return ", the next call is due", ", call due"
    then = left(alert.escalates_at - now)
    return f", next call in {then}", f", next {then}"


def _joins(known: AlertsNow, alert: AlertIs, now: datetime) -> bool:
    """Whether others of its rule were told just now, so that it waits for still more before it is told."""
    from wedtui.core.alerts.telling import GROUP_WAIT  # noqa: PLC0415 - while it is so

    latest = now - GROUP_WAIT - _TAKES_TO_TELL
    others = (each for each in known.firing if each.rule == alert.rule and each.told_at is not None)
    return any(each.told_at is not None and each.told_at > latest for each in others)


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
    if doubtful(known):
        head = (f" {_UNKNOWN} no rule fires, {doubtful(known)}", Role.UNKNOWN)
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


def doubtful(known: AlertsNow) -> str:
    """Return why that nothing fires is no good news: `2 of 9 series unknown, central unknown`; empty where it is."""
    names = ", ".join(clean(each.name) for each in known.unsure)
    said = [unknown_count(known)] if known.unknown else []
    return ", ".join([*said, *([f"{names} unknown"] if names else [])])


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
        text = f"   pending: {own_name_first(about[0])} for {duration(board.now - about[0].since)}"
        return (crop(((text, Role.MUTED),), width),)
    over = [(alert.resolved_at, alert) for alert in known.alerts if alert.phase is Phase.RESOLVED and alert.resolved_at]
    if not over:
        return ()
    at, newest = max(over, key=lambda each: each[0])
    text = f"   over since {age(at, board.now)}: {own_name_first(newest)}, it fired for {duration(at - newest.since)}"
    return (crop(((text, Role.MUTED),), width),)


def unknown_words(board: Board, known: AlertsNow | None) -> str:
    """Say why nobody knows what fires, and what fired when somebody last looked."""
    doubt = board.doubt or Doubt.OLD
    if known is None or doubt in {Doubt.NEVER, Doubt.FUTURE}:
        return doubt.value
    fired = loudest(known.alerts, board.now)
    then = f"{len(fired)} fired then, worst {own_name_first(fired[0])}" if fired else "nothing fired then"
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
# So wide the column RULE gets for names of other systems at most, and so wide the one beside it stays at least.
_LONGEST_RULE, _LEAST_ABOUT = 40, 12


def alerts_note(board: Board) -> Line:
    """Return how old the judgement is, for the title of the list."""
    known = board.alerts
    if known is None:
        return ()
    judged = age(known.judged_at, board.now)
    if board.doubt is None:
        unknown = f" · {doubtful(known)}" if doubtful(known) else ""
        return ((f"judged {judged} ago · {rules_words(known)}", Role.MUTED), (unknown, Role.UNKNOWN))
    return ((f"judged {judged} ago: UNKNOWN what fires now", Role.UNKNOWN),)


def firing_count(board: Board) -> str:
    """Return how many fire, for the title of the list; of what nobody judges, or knows anything of, `?`."""
    known = board.alerts
    if board.picture is None:
        return ""
    if known is None or board.doubt is not None or not (known.knows or known.firing):
        return " · ? firing"
    return f" · {len(known.firing)} firing"


def matching(board: Board, words: str) -> tuple[AlertIs, ...]:
    """Return those of which every word of a filter is a part: of what its row says, who had it, and what hides it."""
    known, wanted = board.alerts, words.casefold().split()

    def fits(alert: AlertIs) -> bool:
        (state, _), (who, _) = state_span(alert, fresh=True), _has(board, alert)
        which = (alert.rule, alert.about, alert.source, alert.said, alert.severity, alert.phase, state)
        people = (who, alert.acknowledged_by, alert.inhibited_by, alert.silenced_by)
        # No remarks: these say of what somebody has that nobody is told of it.
        hidden = ("silenced" if silenced(alert, board.now) else "", "inhibited" if _is_inhibited_there(alert) else "")
        text = clean(" ".join((*which, *people, *hidden))).casefold()
        return all(word in text for word in wanted)

    return tuple(alert for alert in known.alerts if not wanted or fits(alert)) if known is not None else ()


def _is_inhibited_there(alert: AlertIs) -> bool:
    """Whether the system that judges it hides its message."""
    return bool(alert.source) and alert.inhibited_by == alert.source


def alerts_header(board: Board, width: int) -> Line:
    """Return the titles of the columns."""
    rule, about = _columns(board, width)
    words = (
        f" {fit('STATE', _STATE)} {fit('RULE', rule)} {fit('OF', about)} {fit('FOR', _FOR, right=True)}  "
        f"{fit('WHO HAS IT', _WHO)} {fit('NEXT IN', _NEXT, right=True)}"
    )
    return crop(((words, Role.MUTED),), width)


def _columns(board: Board, width: int) -> tuple[int, int]:
    """Return how wide RULE and OF are: the names of other systems' alerts are longer than those of rules."""
    both = max(width - (_STATE + _FOR + _WHO + _NEXT) - 7, _RULE + 8)
    there = board.alerts.alerts if board.alerts is not None else ()
    longest = max((length(((own_name(each.rule), Role.TEXT),)) for each in there if each.source), default=0)
    rule = max(min(longest, _LONGEST_RULE, both - _LEAST_ABOUT), _RULE)
    return rule, both - rule


def alert_rows(board: Board, words: str, width: int) -> tuple[Row, ...]:
    """Return every alert that matches, by urgency; each can be selected, what hides it stands under it."""
    known = board.alerts
    fresh = board.doubt is None
    reason = "reading the cache" if board.picture is None else unknown_words(board, known)
    doubt = wrap(f"{_UNKNOWN} what fires is UNKNOWN: {reason}", width, Role.UNKNOWN, indent=" ")
    rows: list[Row] = [] if fresh else [Row(line) for line in doubt]
    if known is None:
        return tuple(rows)
    unknown: list[Row] = []
    if fresh and known.unknown:
        text = f"{_UNKNOWN} {unknown_count(known)}: {unknown_names(known)}"
        unknown = [Row(line) for line in wrap(text, width, Role.UNKNOWN, indent=" ")]
    for source in known.sources if fresh else ():
        if not source.fresh or source.problem or source.lacks:
            sign, role = _LOOKS[Severity.WARNING] if source.is_known else (_UNKNOWN, Role.UNKNOWN)
            text = f"{sign} {source.name} ({source.kind}): {source_words(source, board.now)}"
            unknown += [Row(line) for line in wrap(text, width, role, indent=" ")]
    shown = matching(board, words)
    suppressed = known.suppressed.words if known.suppressed is not None else ""
    foot = [Row(line) for line in wrap(suppressed, width, Role.MUTED, indent=" ")] if suppressed else []
    if not shown:
        good = fresh and known.knows and not doubtful(known) and not words
        return (*rows, *unknown, Row(((f" {_none(known, words)}", Role.OK if good else Role.MUTED),)), *foot)
    # What fires comes before what is not known, and that before what may fire or did.
    firing, columns = [alert for alert in shown if alert.phase is Phase.FIRING], _columns(board, width)
    others = [alert for alert in shown if alert not in firing]
    first, last = (
        [row for alert in some for row in _rows_of(board, alert, width, columns, fresh=fresh)]
        for some in (firing, others)
    )
    return (*rows, *first, *unknown, *last, *foot)


def _rows_of(board: Board, alert: AlertIs, width: int, columns: tuple[int, int], *, fresh: bool) -> Iterator[Row]:
    """Yield an alert, and under it what has to be said beside its columns."""
    yield Row(_cells(board, alert, columns, fresh=fresh), identity(alert))
    words = (clean(alert.said),) if alert.is_page and alert.said and alert.phase is not Phase.RESOLVED else ()
    for text in (*words, *remarks(board, alert)):
        yield from (Row(line) for line in wrap(text, width, Role.MUTED, indent="     "))


def _none(known: AlertsNow, words: str) -> str:
    """Say why there is no row."""
    if words and known.alerts:
        return f'nothing matches "{words}"'
    if not known.knows:
        return f"UNKNOWN what fires: {nothing_words(known)}; see `wedtui rules check`"
    return "no rule fires, is pending or was over lately"


def state_span(alert: AlertIs, *, fresh: bool) -> Span:
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


def _cells(board: Board, alert: AlertIs, columns: tuple[int, int], *, fresh: bool) -> Line:
    state, role = state_span(alert, fresh=fresh)
    (rule, about), (who, loud) = columns, _has(board, alert)
    next_words = ""
    if not fresh and waits(alert, board.now) and alert.escalates_at is not None:
        next_words = "not sure"  # whoever judges calls, and nobody does
    elif waits(alert, board.now) and alert.escalates_at is not None:
        next_words = left(alert.escalates_at - board.now) if alert.escalates_at > board.now else "DUE"
    return (
        (" ", Role.TEXT),
        (state, role if fresh else Role.STALE),
        (" " * (_STATE - len(state) + 1), Role.TEXT),
        (f"{fit(own_name(alert.rule), rule)} ", Role.STRONG),
        (f"{fit(_series(alert, about), about)} ", Role.TEXT),
        (f"{fit(_lasting(board, alert), _FOR, right=True)}  ", Role.TEXT),
        (fit(who, _WHO), loud if fresh else Role.STALE),
        (f" {fit(next_words, _NEXT, right=True)}", Role.TEXT),
    )


def _series(alert: AlertIs, width: int) -> str:
    """Return what an alert is about in a column: where names of labels have no room, whose it is comes first."""
    whole = clean(f"{alert.about}{_in_source(alert)}")
    if length(((whole, Role.TEXT),)) <= width:
        return whole
    first = sorted(alert.labels, key=lambda label: label[0] != "provider")
    return clean(" ".join((*(value for _, value in first), alert.source)).rstrip())


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
    if silenced(alert, now) and alert.phase is not Phase.RESOLVED:
        # Who silences elsewhere does not say until when.
        until = f" until {wall_clock(alert.silenced_until, zone, now)}" if alert.silenced_until else ", no end is known"
        found.append(f"silenced by {alert.silenced_by}{until}: it fires all the same, nobody is told")
    if _is_inhibited_there(alert):
        found.append(f"inhibited in {alert.source}: it fires all the same, nobody is told")
    elif alert.inhibited_by and alert.phase is Phase.FIRING:
        found.append(f"hidden by {alert.inhibited_by}: while that fires, nobody is told of this")
    if alert.reason is Reason.NO_DATA and alert.phase is Phase.FIRING:
        found.append("it fires because nothing is known")
    if alert.phase is Phase.FIRING and alert.acknowledged_by and not has_somebody(alert, now):
        found.append(f"{alert.acknowledged_by} had it; that lapsed")
    if alert.source and alert.unknown_since is not None and alert.phase is not Phase.RESOLVED:
        found.append(f"UNKNOWN for {age(alert.unknown_since, now)} how it stands: nothing newer from {alert.source}")
    if alert.flaps:
        found.append(f"flaps: began again {counted(alert.flaps, 'time')} within the hour")
    return tuple(found)


def found_alert(board: Board, wanted: str | None) -> AlertIs | None:
    """Return the alert of an identity; None where it is none any more."""
    known = board.alerts
    return next((each for each in known.alerts if identity(each) == wanted), None) if known and wanted else None


def measured_words(alert: AlertIs, now: datetime) -> str:
    """Say what was measured last, with its unit and its age; no value where it is too old to be one."""
    if alert.measured_at is None:
        return "never measured"
    old = age(alert.measured_at, now)
    if alert.is_page:
        return f"the service said so {old} ago"
    if alert.source:
        return f"{alert.source} answered last {old} ago"
    if alert.value is None:
        return f"nothing new enough: last measured {old} ago"
    signal = alert.condition.split(" ", 1)[0]
    plain_signal = signal.replace("_", "").isalnum()
    words = f"{signal_title(signal)} {reading(signal, alert.value)}" if plain_signal else f"{alert.value:.4g}"
    return f"{words}, {old} old"
