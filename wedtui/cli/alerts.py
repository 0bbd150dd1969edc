"""`wedtui alerts`: what fires, what became of it, and that you look at it; `silencing` has what is not told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from wedtui.cli import silencing
from wedtui.cli.actions import plain_json
from wedtui.cli.asking import deciding
from wedtui.cli.common import Session, parse_past, person, print_json, session_of, writable_ledger
from wedtui.cli.failover import AS_JSON
from wedtui.cli.judged import UNSERVED, as_in_ledger, believed, start_words, unserved
from wedtui.cli.saying import say
from wedtui.errors import ConfigurationError, NotFoundError, StoreMissingError, WedtuiError

if TYPE_CHECKING:
    from wedtui.control.answers import AlertEventIs
    from wedtui.core.alerts.attention import Doubt
    from wedtui.core.alerts.standing import AlertIs, AlertsNow, SourceIs

app = typer.Typer(no_args_is_help=True, help="Alerts: what fires, what became of it, who has it, what is silenced.")

silencing.register(app)

KEY = Annotated[str, typer.Argument(metavar="KEY", help="As `wedtui alerts list` says it, or how it begins.")]
KEYS = Annotated[
    list[str], typer.Argument(metavar="KEY...", help="As `wedtui alerts list` says them, or how they begin.")
]
LEAST = 4
"""With fewer characters of a key nobody can have meant one alert; the next one may begin alike."""
UNKNOWN = 3
_INDENT = " " * 4
_DEEP = " " * 14
_LISTED = "`wedtui alerts list --all` says which there are"


@app.command("list")
def list_command(
    context: typer.Context,
    as_json: AS_JSON = False,
    show_all: Annotated[
        bool, typer.Option("--all", help="What is pending, and what was resolved within the hour, too.")
    ] = False,
) -> None:
    """List what fires, the graver first.

    Exit code: 0 nothing fires, 1 a warning does, 2 something critical does, 3 nobody knows.
    """
    from wedtui.cli.failure import report

    session = session_of(context)
    try:
        now = session.clock.now()
        found, why = believed(session, now)
        found = _as_taken_since(session, found, why)
    except WedtuiError as error:
        report(error)
        raise typer.Exit(UNKNOWN) from None
    if as_json:
        print_json(_json(found, why, now, show_all=show_all))
    else:
        for line in _lines(found, why, now, show_all=show_all):
            say(line, indent=_INDENT)
    raise typer.Exit(_exit_code(found, why))


@app.command("show")
def show_command(context: typer.Context, key: KEY, as_json: AS_JSON = False) -> None:
    """Show one alert: what changed in the half hour before, how it stands, and what became of it.

    Exit code: 17 where there is none of that key.
    """
    from wedtui.cli.alert_changes import changed_before, changed_json, changed_lines
    from wedtui.core.alerts.standing_document import alert_document

    session = session_of(context)
    now = session.clock.now()
    alerts, why = believed(session, now)
    alert = _one(alerts, key)
    events = [each for each in _events(session, alert.since - timedelta(hours=1)) if each.key == alert.key]
    alert = as_in_ledger(alert, events, None if alerts is None else alerts.judged_at)
    told, changed = _told_by(session, alert), changed_before(session, alert)
    if as_json:
        history = [plain_json(asdict(each)) for each in events]
        document = {**alert_document(alert), "told_by": [*told.accepted], "changed_before": changed_json(changed)}
        print_json({**document, "history": history})
        return
    if alerts is not None and why is not None:
        say(_not_known(alerts, why, now))
    headline, *facts = _details(alert, now, why, told)
    say(headline, indent=_INDENT)
    for number, line in enumerate(changed_lines(changed, alert)):
        say(f"{'' if number else 'changed':<12}{line}", indent=_DEEP)
    for line in facts:
        say(line, indent=_INDENT)
    for event in reversed(events):
        say(_event_line(event), indent=_INDENT)


@app.command("history")
def history_command(
    context: typer.Context,
    since: Annotated[
        str, typer.Option("--since", metavar="T", help="So long ago (-2d, 30m), or an instant with its offset.")
    ] = "-1d",
    as_json: AS_JSON = False,
) -> None:
    """List what became of alerts, newest first."""
    session = session_of(context)
    found = _events(session, _begins(since, session.clock.now()))
    if as_json:
        print_json([plain_json(asdict(each)) for each in found])
        return
    for each in found:
        say(_event_line(each), indent=_INDENT)
    if not found:
        typer.echo("nothing fired in that time, as far as is on record")


@app.command("ack")
def ack_command(
    context: typer.Context,
    keys: KEYS,
    reason: Annotated[str, typer.Option("--reason", metavar="R", help="What you do about it.")] = "",
    as_json: AS_JSON = False,
) -> None:
    """Say that you look at it, or at several. It lapses after a while (`lapse` of [oncall]) if it still fires.

    No freeze stops it. Where one of several keys means no alert that fires, none is taken; with --json several are a
    list. What was taken before an error is said before that.

    Exit code: 0 it is yours; 5 it is on record, and nobody goes by it, because no service judges alerts at present.
    """
    session = session_of(context)
    wanted = _that_fire(_unsettled(session), keys)
    why, found = unserved(session, session.clock.now()), []
    try:
        for alert in wanted:
            had = _taken(session, alert.key, reason)
            found.append(_taken_json(alert, had, reason, judged=why is None))
            if not as_json:
                say(_taken_words(alert, had, session.clock.now(), reason, judged=why is None))
    finally:
        # What was taken is taken, whatever ends the command before the rest is.
        if found and as_json:
            print_json(found if len(keys) > 1 else found[0])
        if found and why is not None:
            say(
                f"NOBODY JUDGES ALERTS: {why}; until one does, it does not lapse, nobody else is called, and nobody is "
                f"told that you have it: {start_words(session)}",
                err=as_json,
            )
    if why is not None:
        raise typer.Exit(UNSERVED)


def _begins(since: str, now: datetime) -> datetime:
    """Return from when on it is asked; raises a ConfigurationError where that is none, or is still to come."""
    at = parse_past(since, now)
    if at > now:
        raise ConfigurationError(f'--since: expected a time that is past, such as -2d, got "{since}"')
    return at


class _Had(NamedTuple):
    """An alert in somebody's hands."""

    since: datetime
    again: bool
    """Whether they had it already, since then."""


def _taken(session: Session, key: str, reason: str) -> _Had:
    """Have it on record that whoever asks looks at an alert."""
    client = deciding(session)
    if client is not None:
        answer = client.acknowledge(key, reason)
        return _Had(answer.acknowledged_at, answer.again)
    ledger = writable_ledger(session)
    try:
        had = ledger.acknowledge_alert(key, by=person(), at=session.clock.now(), reason=reason)
        return _Had(had.at, had.again)
    finally:
        ledger.close()


def _taken_words(alert: AlertIs, had: _Had, now: datetime, reason: str, *, judged: bool) -> str:
    """Say who has it since when, and until when where somebody judges that."""
    from wedtui.core.alerts.pages import next_words
    from wedtui.core.text import single_line
    from wedtui.core.wording import duration

    about = f"{alert.rule}: {single_line(alert.about)}"
    said = [f"you have had {about} since {_at(had.since)}" if had.again else f"you have {about}"]
    if had.again and reason:
        said.append("what you say now is in its history")
    if judged:
        lapses = had.since + timedelta(seconds=alert.lapse_s)
        left = f"in {duration(lapses - now)}" if lapses > now else "now"
        said.append(f"it lapses at {_at(lapses)} ({left}) if it still fires")
    if alert.is_page:
        said += filter(None, [next_words(alert.labels)])
    return "; ".join(said)


def _taken_json(alert: AlertIs, had: _Had, reason: str, *, judged: bool) -> dict[str, Any]:
    """Return the same for a program; it lapses at no instant while nobody judges."""
    lapses = had.since + timedelta(seconds=alert.lapse_s)
    return {
        "key": alert.key,
        "rule": alert.rule,
        "labels": dict(alert.labels),
        "by": person(),
        "acknowledged_at": had.since.isoformat(),
        "again": had.again,
        "reason": reason,
        "lapses_at": lapses.isoformat() if judged else None,
        "judged": judged,
    }


def _unsettled(session: Session) -> AlertsNow | None:
    return believed(session, session.clock.now())[0]


def _as_taken_since(session: Session, found: AlertsNow | None, why: Doubt | None) -> AlertsNow | None:
    """Return alerts as persons took them after the last judgement, where none followed and the ledger may be read."""
    if found is None or why is None:
        return found
    try:
        events = _events(session, found.judged_at)
    except WedtuiError:
        return found
    return replace(found, alerts=tuple(as_in_ledger(each, events, found.judged_at) for each in found.alerts))


class _ToldBy(NamedTuple):
    """By which channels an alert was told, as far as is known."""

    accepted: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()


def _told_by(session: Session, alert: AlertIs) -> _ToldBy:
    """Return who was told of an alert; of one that was told together with others that is not known by its key."""
    from wedtui.cli.notify import notifications
    from wedtui.core.alerts.pages import first_key, page_of

    try:
        found = notifications(session) if alert.key else []
    except WedtuiError:
        return _ToldBy()
    first = first_key(alert.labels) if alert.is_page else alert.key
    page = page_of(first)
    own = [
        n
        for n in found
        if n.event == "trigger" and ((n.key, n.id) == page or n.key == first or n.key.startswith(f"{first}/"))
    ]
    made = [each for notice in reversed(own) for each in notice.deliveries]
    accepted = dict.fromkeys(each.channel for each in made if each.state == "accepted")
    waits = dict.fromkeys(each.channel for each in made if each.state == "waiting" and each.channel not in accepted)
    return _ToldBy(tuple(accepted), tuple(waits))


def _one(alerts: AlertsNow | None, key: str) -> AlertIs:
    """Return the alert of a key, or of how a key begins after its rule.

    Raises:
        NotFoundError: there is none, or more than one, or too little of a key was given to mean one.
    """
    known = [] if alerts is None else [each for each in alerts.alerts if each.key]
    if len(key) < LEAST:
        raise NotFoundError(f'expected a key, or at least its first {LEAST} characters, got "{key}": {_LISTED}')
    found = [each for each in known if key == each.key] or [
        each for each in known if key and each.key.rsplit("/", 1)[-1].startswith(key)
    ]
    if len(found) == 1:
        return found[0]
    how = "there is no alert" if not found else "there is more than one alert"
    raise NotFoundError(f'{how} "{key}" now: {_LISTED}')


def _that_fire(alerts: AlertsNow | None, keys: Sequence[str]) -> tuple[AlertIs, ...]:
    """Return the alerts of some keys, each once.

    Raises:
        NotFoundError: one of them means none, or one that does not fire.
    """
    from wedtui.core.alerts.memory import Phase

    found = {alert.key: alert for alert in (_one(alerts, key) for key in keys)}
    for alert in found.values():
        if alert.phase is not Phase.FIRING:
            raise NotFoundError(f'no alert "{alert.key}" fires: `wedtui alerts list` says what does')
    return tuple(found.values())


def _events(session: Session, since: datetime) -> Sequence[AlertEventIs]:
    """Return what happened, from the service where it runs, else from the ledger."""
    client = deciding(session)
    if client is not None:
        hours = max(math.ceil((session.clock.now() - since) / timedelta(hours=1)), 1)
        return [each for each in client.alert_events(hours=hours) if each.at >= since]
    from wedtui.control.answers import AlertEventIs
    from wedtui.ledger.alert_history import AlertHistory

    history = AlertHistory(session.ledger_url)
    try:
        return [AlertEventIs(**asdict(each)) for each in history.events(since)]
    except StoreMissingError:
        return []
    finally:
        history.close()


def _exit_code(found: AlertsNow | None, why: Doubt | None) -> int:
    from wedtui.core.alerts.rule import Severity

    if found is None or why is not None:
        return UNKNOWN
    if not found.firing:
        return 0 if found.knows and not found.unsure else UNKNOWN
    return 2 if any(each.severity is Severity.CRITICAL for each in found.firing) else 1


def _json(found: AlertsNow | None, why: Doubt | None, now: datetime, *, show_all: bool) -> dict[str, Any]:
    from wedtui.core.alerts.standing import AlertsNow
    from wedtui.core.alerts.standing_document import alert_document, looked_at_document

    if found is None:
        nothing = AlertsNow(now)
        return {"judged_at": None, "fresh": False, "rules": 0, **looked_at_document(nothing), "alerts": []}
    shown = found.alerts if show_all else found.firing
    return {
        "judged_at": found.judged_at.isoformat(),
        "fresh": why is None,
        "rules": found.rules,
        **looked_at_document(found),
        "alerts": [alert_document(each) for each in shown],
    }


def _lines(found: AlertsNow | None, why: Doubt | None, now: datetime, *, show_all: bool) -> list[str]:
    from wedtui.core.text import single_line
    from wedtui.core.wording import counted, listed

    if found is None:
        return ["NOT KNOWN: no service has judged any alert; `wedtui service start` begins one"]
    lines = []
    if why is not None:
        lines.append(_not_known(found, why, now))
    shown = found.alerts if show_all else found.firing
    lines += [_line(each, now, why) for each in shown]
    if not found.firing and why is None:
        rules = counted(found.judged, "rule")
        lines.append(f"nothing fires of {rules}" if found.knows else "NOT KNOWN: no rule knows how anything stands")
    if found.unknown:
        more = found.unknown - len(found.unknown_named)
        names = (*map(single_line, found.unknown_named), *([f"{more} more"] if more > 0 else []))
        lines.append(f"not known of {found.unknown} of {found.series} series: {listed(names)}")
    lines += map(_source_line, found.sources, repeat(now))
    if found.suppressed is not None and found.suppressed.words:
        lines.append(found.suppressed.words)
    if found.not_set:
        lines.append(f"not set, because nothing of theirs is measured: {listed(found.not_set)}")
    return lines


def _source_line(source: SourceIs, now: datetime) -> str:
    """Say how it stands with another system whose alerts are taken in."""
    from wedtui.core.alerts.standing import source_words

    return f"{source.name} ({source.kind}): {source_words(source, now)}"


def _line(alert: AlertIs, now: datetime, why: Doubt | None) -> str:
    from wedtui.core.alerts.memory import KEY_SHOWN, short_key
    from wedtui.core.text import single_line
    from wedtui.core.wording import age

    key = short_key(alert.key)
    notes = "; ".join([*_notes(alert, why), *([_next_words(alert)] if _next_is_sure(alert, why) else [])])
    what = f"{single_line(alert.rule)}: {single_line(alert.said if alert.is_page and alert.said else alert.about)}"
    since = age(alert.resolved_at or alert.since, now)
    return f"{key:<{KEY_SHOWN}}  {alert.phase:<8}  {alert.severity:<8}  {since:>7}  {what}" + (
        f" ({notes})" if notes else ""
    )


def _next_is_sure(alert: AlertIs, why: Doubt | None) -> bool:
    return alert.escalates_at is not None and why is None


def _next_words(alert: AlertIs) -> str:
    from wedtui.core.text import single_line

    at = alert.escalates_at
    return "" if at is None else f"next call {_at(at)}: {single_line(alert.escalates_to)}"


def _notes(alert: AlertIs, why: Doubt | None) -> list[str]:
    from wedtui.core.alerts.attention import lapses_at
    from wedtui.core.alerts.memory import Phase, Reason
    from wedtui.core.text import single_line
    from wedtui.core.wording import duration

    if alert.phase is Phase.RESOLVED:
        return [] if alert.resolved_at is None else [f"over; it fired for {duration(alert.resolved_at - alert.since)}"]
    found = [] if alert.reason is Reason.CONDITION else ["nothing is known of it"]
    if has := single_line(alert.acknowledged_by, 80):
        lapses = lapses_at(alert)
        until = "" if lapses is None or why is not None else f" until {_at(lapses)}"
        found.append(f"{has} has it{until}")
    elif alert.phase is Phase.FIRING:
        found.append("nobody has it")
    if alert.phase is Phase.FIRING and alert.told_at is None:
        found.append(f"nobody is told while {has} has it" if has else "nobody was told yet")
    if alert.inhibited_by:
        found.append(f"its message is hidden by {alert.inhibited_by}")
    if alert.silenced_by:
        until = "" if alert.silenced_until is None else f" until {_at(alert.silenced_until)}"
        found.append(f"silenced by {single_line(alert.silenced_by, 80)}{until}")
    if alert.source and alert.unknown_since is not None:
        found.append(f"not known since {_at(alert.unknown_since)} whether it still is")
    if alert.flaps:
        found.append(f"began again {alert.flaps} x within the hour")
    return found


def _not_known(found: AlertsNow, why: Doubt, now: datetime) -> str:
    from wedtui.core.wording import age

    when = age(found.judged_at, now)
    return f"NOT KNOWN: {why}; alerts were judged last {when} ago; what stands here is as of then"


def _details(alert: AlertIs, now: datetime, why: Doubt | None, told: _ToldBy) -> list[str]:
    from wedtui.core.text import single_line
    from wedtui.core.wording import age

    value = "not known" if alert.value is None else f"{alert.value:g}"
    measured = "never" if alert.measured_at is None else f"{age(alert.measured_at, now)} ago"
    whose = "the service itself" if alert.is_page else alert.source
    since = alert.resolved_at or alert.since
    lines = [
        f"{alert.rule}: {single_line(alert.about)}",
        f"key         {alert.key}",
        f"is          {alert.phase}, {alert.severity}, since {_at(since)} ({age(since, now)})",
        f"condition   {alert.condition}",
        f"answered    {whose}, {measured}" if whose else f"measured    {value}, {measured}",
        f"told        {_told_words(alert, told)}",
        f"has it      {_had_words(alert, why)}",
    ]
    lines += [f"says        {single_line(alert.said)}"] if alert.said else []
    if alert.escalates_at is not None:
        sure = "" if why is None else "NOT SURE, as nobody may judge: it was to come "
        lines.append(f"next call   {sure}{_at(alert.escalates_at)}: {single_line(alert.escalates_to)}")
    lines += [f"note        {note}" for note in _notes(alert, why) if "has it" not in note and "told yet" not in note]
    lines += [f"look there  {single_line(alert.link)}"] if alert.link else []
    return [*lines, *([f"runbook     {single_line(alert.runbook)}"] if alert.runbook else [])]


def _told_words(alert: AlertIs, told: _ToldBy) -> str:
    from wedtui.core.alerts.memory import Phase
    from wedtui.core.text import single_line
    from wedtui.core.wording import listed

    accepted, waits = (listed(tuple(single_line(name, 80) for name in some)) for some in told)
    when = "nobody yet" if alert.told_at is None else _at(alert.told_at)
    if alert.told_at is None and alert.phase is Phase.RESOLVED:
        when = "of what is over that is not known here: `wedtui notify list` says what was told"
    if alert.told_at is None and alert.acknowledged_by and alert.phase is Phase.FIRING and not waits:
        when = f"nobody while {single_line(alert.acknowledged_by, 80)} has it"
    return f"{when}{f' by {accepted}' if accepted else ''}{f'; {waits} did not accept it yet' if waits else ''}"


def _had_words(alert: AlertIs, why: Doubt | None) -> str:
    from wedtui.core.alerts.attention import lapses_at
    from wedtui.core.alerts.memory import Phase
    from wedtui.core.text import single_line

    lapses = lapses_at(alert)
    if alert.acknowledged_at is None or lapses is None:
        return "nobody"
    if alert.phase is Phase.RESOLVED:
        return f"nobody has to: it is over; {single_line(alert.acknowledged_by, 80)} had it"
    until = f"until {_at(lapses)} if it still fires" if why is None else "and while nobody judges that does not lapse"
    return f"{single_line(alert.acknowledged_by, 80)} since {_at(alert.acknowledged_at)}, {until}"


def _event_line(event: AlertEventIs) -> str:
    from wedtui.core.alerts.track import labels_of, labels_words
    from wedtui.core.text import single_line

    who = f" by {single_line(event.person, 80)}" if event.person else ""
    if event.kind == "lapsed" and event.person:
        # Nobody did that.
        who = f": {single_line(event.person, 80)} had it"
    why = f": {single_line(event.said)}" if event.said else ""
    value = "" if event.value is None else f", at {event.value:g}"
    about = single_line(labels_words(labels_of(event.labels)))
    silent = "" if event.reason == "condition" else f", {event.reason}"
    what = f"{single_line(event.kind, 20)}{who}"
    return f"{_at(event.at)}  {what:<24}  {single_line(event.rule, 80)}: {about} ({event.severity}{silent}{value}){why}"


def _at(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
