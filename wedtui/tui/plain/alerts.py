"""Alerts in sentences: what fires, since when and who has it; and what became of each between two boards.

An alert that is gone because nobody judges any more, or its rule does not, is not said to be over.
"""

from __future__ import annotations

from wedtui.core.alerts.attention import Doubt, has_somebody, identity, lapses_at, loudest, silenced
from wedtui.core.alerts.memory import Phase, Reason
from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.standing import AlertIs, source_words
from wedtui.core.wording import counted
from wedtui.tui.board import Board
from wedtui.tui.draw.alerts import (
    matching,
    measured_words,
    named,
    nothing_words,
    rules_words,
    unknown_count,
    unknown_names,
)
from wedtui.tui.draw.on_call import on_call_words
from wedtui.tui.plain.words import ago, clock_words, sentence, spoken
from wedtui.tui.spans import clean

NAMED = 3
"""How many of those that fire one sentence names."""


def alerts(board: Board, words: str = "") -> tuple[str, ...]:
    """Return how it stands with alerts, worst first; or those of which the words are a part."""
    known, who = board.alerts, on_call(board)
    if known is None:
        return (standing(board), *who)
    shown = matching(board, words)
    if words and not shown:
        return (standing(board), *who, f'No alert matches "{words}".')
    suppressed = known.suppressed.words if known.suppressed is not None else ""
    foot = (sentence(f"N{suppressed[1:]}"),) if suppressed else ()
    return (standing(board), *who, *_sources(board), *(told(board, alert) for alert in shown), *foot)


def on_call(board: Board) -> tuple[str, ...]:
    """Return who is on call in one sentence; nothing where no roster is configured."""
    return tuple(sentence(f"O{clean(words)[1:]}") for words in on_call_words(board)[:1])


def _sources(board: Board) -> tuple[str, ...]:
    """Return how it stands with the systems whose alerts are taken in."""
    found = board.alerts.sources if board.alerts is not None else ()
    return tuple(sentence(f"{each.name}, {each.kind}: {source_words(each, board.now)}") for each in found)


def standing(board: Board) -> str:
    """Return what fires in one sentence; UNKNOWN where nobody judged, or long ago."""
    known = board.alerts
    doubt = board.doubt
    if known is None or doubt in {Doubt.NEVER, Doubt.FUTURE}:
        return f"ALERTS UNKNOWN: {doubt or Doubt.NEVER}."
    judged = f"judged {ago(known.judged_at, board.now)}"
    firing = loudest(known.alerts, board.now)
    names = ", ".join(named(alert) for alert in firing[:NAMED])
    more = f" and {len(firing) - NAMED} more" if len(firing) > NAMED else ""
    if doubt is not None:
        why = "" if doubt is Doubt.OLD else f", {doubt}"
        then = f"{len(firing)} fired then: {names}{more}" if firing else "nothing fired then"
        return f"ALERTS UNKNOWN: {judged}{why}; {then}."
    if not firing and not known.knows:
        return f"ALERTS UNKNOWN: {nothing_words(known)}, {judged}."
    unknown = f" UNKNOWN: {unknown_count(known)}: {unknown_names(known)}." if known.unknown else ""
    unsure = ", ".join(clean(each.name) for each in known.unsure)
    unknown += f" UNKNOWN what fires in {unsure}." if unsure else ""
    if not firing:
        return f"No rule fires, {judged}, of {rules_words(known)}.{unknown}"
    fire = f"{counted(len(firing), 'alert')} {'fires' if len(firing) == 1 else 'fire'}"
    return f"{fire}: {names}{more}; {judged}.{unknown}"


def told(board: Board, alert: AlertIs) -> str:
    """Return one alert in a sentence."""
    now = board.now
    if alert.phase is Phase.PENDING:
        return sentence(f"Pending: {named(alert)}, for {spoken(now - alert.since)}, {measured_words(alert, now)}")
    if alert.phase is not Phase.FIRING:
        return f"Over: {named(alert)}, {ago(alert.resolved_at, now)}."
    parts = [f"{alert.severity.upper()}: {named(alert)} fires for {spoken(now - alert.since)}", _who(board, alert)]
    parts += ["because nothing is known"] if alert.reason is Reason.NO_DATA else [measured_words(alert, now)]
    parts += [f"began again {counted(alert.flaps, 'time')} within the hour"] if alert.flaps else []
    parts += [clean(alert.said)] if alert.said else []
    if alert.source and alert.unknown_since is not None:
        parts.append(f"UNKNOWN for {spoken(now - alert.unknown_since)} whether it still does")
    if board.doubt is not None:
        parts.append("that is old, and not known now")
    return sentence("; ".join(parts))


def _who(board: Board, alert: AlertIs) -> str:
    now = board.now
    if has_somebody(alert, now):
        lapses = lapses_at(alert)
        return f"{alert.acknowledged_by} has it" + (f" for {spoken(lapses - now)} more" if lapses else "")
    if silenced(alert, now):
        until = f" for {spoken(alert.silenced_until - now)} more" if alert.silenced_until else ""
        return f"silenced by {alert.silenced_by}{until}"
    if alert.inhibited_by:
        return f"hidden by {alert.inhibited_by}"
    if alert.escalates_at is None:
        return "NOBODY HAS IT, and nobody was told yet" if alert.told_at is None else "NOBODY HAS IT"
    if board.doubt is not None:
        return "NOBODY HAD IT, whether anybody else is called is not sure"
    left = alert.escalates_at - now
    return f"NOBODY HAS IT, the next call is {'in ' + spoken(left) if left.total_seconds() > 0 else 'due'}"


def became(before: Board, after: Board) -> list[tuple[AlertIs | None, str]]:
    """Return what became of alerts, each with the sentence for it; None: of all of them together."""
    was, known = before.alerts, after.alerts
    trusted = before.doubt is None
    if known is None or after.doubt is not None:
        return [(None, standing(after))] if trusted else []
    found: list[tuple[AlertIs | None, str]] = []
    if not trusted:
        found.append((None, f"Alerts are judged again, at {clock_words(after.now)}. {standing(after)}"))
    then = {alert.key: alert for alert in was.firing} if was is not None else {}
    firing = {alert.key: alert for alert in known.firing}
    for key, alert in firing.items():
        text = told(after, alert) if key not in then else _changed(before, after, then[key], alert)
        if text:
            found.append((alert, text))
    there = {identity(alert): alert for alert in known.alerts}
    for key, alert in then.items():
        now_is = there.get(identity(alert))
        if key not in firing and (now_is is None or now_is.phase is not Phase.FIRING):
            found.append((None, _ended(after, alert, now_is)))
    return found


def _ended(after: Board, was: AlertIs, now_is: AlertIs | None) -> str:
    """Return what became of what fires no more: only what was judged to be over is said to be."""
    if now_is is None:
        fired = f"it fired for {spoken(after.now - was.since)}"
        return f"Withdrawn: {named(was)}, {fired}; it is not judged any more, and nobody knows whether it is over."
    if now_is.phase is not Phase.RESOLVED:
        return told(after, now_is)
    ended = now_is.resolved_at or after.now
    return f"Over: {named(was)}, it fired for {spoken(ended - was.since)}, at {clock_words(ended)}."


def _changed(before: Board, after: Board, was: AlertIs, alert: AlertIs) -> str:
    """Return what is another with an alert that goes on; nothing where only time went by."""
    had, has = has_somebody(was, before.now), has_somebody(alert, after.now)
    if has and (not had or was.acknowledged_by != alert.acknowledged_by):
        return f"{alert.acknowledged_by} has {named(alert)}, at {clock_words(after.now)}."
    if had and not has:
        return f"NOBODY has {named(alert)} any more: {was.acknowledged_by} had it, and it still fires."
    if alert.severity is Severity.CRITICAL and was.severity is not Severity.CRITICAL:
        return f"Worse: {told(after, alert)}"
    if silenced(alert, after.now) is not silenced(was, before.now) or alert.inhibited_by != was.inhibited_by:
        return told(after, alert)
    return ""
