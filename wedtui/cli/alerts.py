"""`wedtui alerts`: what fires, what became of it, and that you look at it; `silencing` has what is not told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wedtui.cli import silencing
from wedtui.cli.actions import plain_json
from wedtui.cli.asking import deciding
from wedtui.cli.common import Session, person, print_json, session_of, writable_ledger
from wedtui.cli.failover import AS_JSON
from wedtui.cli.metrics import moment
from wedtui.errors import NotFoundError, StoreMissingError, WedtuiError

if TYPE_CHECKING:
    from wedtui.control.answers import AlertEventIs
    from wedtui.core.alerts.attention import Doubt
    from wedtui.core.alerts.standing import AlertIs, AlertsNow
    from wedtui.core.services import ServiceFacts

app = typer.Typer(no_args_is_help=True, help="Alerts: what fires, what became of it, who has it, what is silenced.")

silencing.register(app)

KEY = Annotated[str, typer.Argument(metavar="KEY", help="As `wedtui alerts list` says it, or how it begins.")]
SHOWN = 12
"""So much of a key is shown in a list: enough to tell one from another."""
UNKNOWN = 3


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
        found, why = _believed(session, now)
    except WedtuiError as error:
        report(error)
        raise typer.Exit(UNKNOWN) from None
    if as_json:
        print_json(_json(found, why, now, show_all=show_all))
    else:
        for line in _lines(found, why, now, show_all=show_all):
            typer.echo(line)
    raise typer.Exit(_exit_code(found, why))


@app.command("show")
def show_command(context: typer.Context, key: KEY, as_json: AS_JSON = False) -> None:
    """Show one alert and what became of it. Exit code: 17 where there is none of that key."""
    from wedtui.core.alerts.standing_document import alert_document

    session = session_of(context)
    now = session.clock.now()
    alerts, why = _believed(session, now)
    alert = _one(alerts, key)
    events = [each for each in _events(session, alert.since - timedelta(hours=1)) if each.key == alert.key]
    if as_json:
        print_json({**alert_document(alert), "history": [plain_json(asdict(each)) for each in events]})
        return
    if alerts is not None and why is not None:
        typer.echo(_not_known(alerts, why, now))
    for line in [*_details(alert, now, why), *map(_event_line, reversed(events))]:
        typer.echo(line)


@app.command("history")
def history_command(
    context: typer.Context,
    since: Annotated[str, typer.Option("--since", metavar="T", help="An instant, or so long ago: -2d.")] = "-1d",
    as_json: AS_JSON = False,
) -> None:
    """List what became of alerts, newest first."""
    session = session_of(context)
    found = _events(session, moment(since, session.clock.now()))
    if as_json:
        print_json([plain_json(asdict(each)) for each in found])
        return
    for each in found:
        typer.echo(_event_line(each))
    if not found:
        typer.echo("nothing fired in that time, as far as is on record")


@app.command("ack")
def ack_command(
    context: typer.Context,
    key: KEY,
    reason: Annotated[str, typer.Option("--reason", metavar="R", help="What you do about it.")] = "",
) -> None:
    """Say that you look at it. It lapses after a while (`lapse` of [oncall]) if it still fires; no freeze stops it."""
    from wedtui.core.alerts.condition import span_words

    session = session_of(context)
    alert = _one(_now(session), key)
    client = deciding(session)
    if client is not None:
        client.acknowledge(alert.key, reason)
    else:
        ledger = writable_ledger(session)
        try:
            ledger.acknowledge_alert(alert.key, by=person(), at=session.clock.now(), reason=reason)
        finally:
            ledger.close()
    lapse = span_words(timedelta(seconds=alert.lapse_s))
    typer.echo(f"you have {alert.rule}: {alert.about}; it lapses in {lapse} if it still fires")


def _now(session: Session) -> AlertsNow | None:
    return _read(session)[0]


def _read(session: Session) -> tuple[AlertsNow | None, tuple[ServiceFacts, ...]]:
    from wedtui.cache.reader import CacheReader

    reader = CacheReader(session.cache_url)
    try:
        return reader.alerts(), reader.services()
    except StoreMissingError:
        return None, ()
    finally:
        reader.close()


def _believed(session: Session, now: datetime) -> tuple[AlertsNow | None, Doubt | None]:
    """Return how it stands, and why that says nothing of now; None where it does."""
    from wedtui.core.alerts.attention import doubt
    from wedtui.core.services import ServiceCondition, leading, see_services
    from wedtui.poller.lock import holder

    found, services = _read(session)
    first = leading(see_services(services, now, process=holder(session.paths.lock), place=session.place))
    return found, doubt(found, ServiceCondition.NEVER if first is None else first.condition, now)


def _one(alerts: AlertsNow | None, key: str) -> AlertIs:
    """Return the alert of a key, or of how a key begins after its rule.

    Raises:
        NotFoundError: there is none, or more than one.
    """
    known = [] if alerts is None else [each for each in alerts.alerts if each.key]
    found = [each for each in known if key == each.key] or [
        each for each in known if key and each.key.rsplit("/", 1)[-1].startswith(key)
    ]
    if len(found) == 1:
        return found[0]
    how = "there is no alert" if not found else "there is more than one alert"
    raise NotFoundError(f'{how} "{key}" now: `wedtui alerts list --all` says which there are')


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
        return 0 if found.knows else UNKNOWN
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
    lines += [_line(each, now) for each in shown]
    if not found.firing and why is None:
        rules = counted(found.judged, "rule")
        lines.append(f"nothing fires of {rules}" if found.knows else "NOT KNOWN: no rule knows how anything stands")
    if found.unknown:
        more = found.unknown - len(found.unknown_named)
        names = (*map(single_line, found.unknown_named), *([f"{more} more"] if more > 0 else []))
        lines.append(f"not known of {found.unknown} of {found.series} series: {listed(names)}")
    if found.not_set:
        lines.append(f"not set, because nothing of theirs is measured: {listed(found.not_set)}")
    return lines


def _line(alert: AlertIs, now: datetime) -> str:
    from wedtui.core.text import single_line
    from wedtui.core.wording import age

    key = alert.key.rsplit("/", 1)[-1][:SHOWN]
    notes = "; ".join(_notes(alert))
    what = f"{alert.rule}: {single_line(alert.about)}"
    since = age(alert.since, now)
    return f"{key:<{SHOWN}}  {alert.phase:<8}  {alert.severity:<8}  {since:>7}  {what}" + (
        f" ({notes})" if notes else ""
    )


def _notes(alert: AlertIs) -> list[str]:
    from wedtui.core.alerts.memory import Phase, Reason
    from wedtui.core.text import single_line

    found = [] if alert.reason is Reason.CONDITION else ["nothing is known of it"]
    if alert.acknowledged_by:
        found.append(f"{single_line(alert.acknowledged_by, 80)} has it")
    elif alert.phase is Phase.FIRING:
        found.append("nobody has it")
    if alert.phase is Phase.FIRING and alert.told_at is None:
        found.append("nobody was told yet")
    if alert.inhibited_by:
        found.append(f"its message is hidden by {alert.inhibited_by}")
    if alert.silenced_by and alert.silenced_until is not None:
        found.append(f"silenced by {single_line(alert.silenced_by, 80)} until {_at(alert.silenced_until)}")
    if alert.flaps:
        found.append(f"began again {alert.flaps} x within the hour")
    return found


def _not_known(found: AlertsNow, why: Doubt, now: datetime) -> str:
    from wedtui.core.wording import age

    when = age(found.judged_at, now)
    return f"NOT KNOWN: {why}; alerts were judged last {when} ago; what stands here is as of then"


def _details(alert: AlertIs, now: datetime, why: Doubt | None) -> list[str]:
    from wedtui.core.text import single_line
    from wedtui.core.wording import age

    value = "not known" if alert.value is None else f"{alert.value:g}"
    measured = "never" if alert.measured_at is None else f"{age(alert.measured_at, now)} ago"
    had = alert.acknowledged_at
    lines = [
        f"{alert.rule}: {single_line(alert.about)}",
        f"key         {alert.key}",
        f"is          {alert.phase}, {alert.severity}, since {_at(alert.since)} ({age(alert.since, now)})",
        f"condition   {alert.condition}",
        f"measured    {value}, {measured}",
        f"told        {'nobody yet' if alert.told_at is None else _at(alert.told_at)}",
        f"has it      {'nobody' if had is None else f'{single_line(alert.acknowledged_by, 80)} since {_at(had)}'}",
    ]
    if alert.escalates_at is not None:
        sure = "" if why is None else "NOT SURE, as nobody may judge: it was to come "
        lines.append(f"next call   {sure}{_at(alert.escalates_at)}: {single_line(alert.escalates_to)}")
    lines += [f"note        {note}" for note in _notes(alert) if "has it" not in note and "told yet" not in note]
    return [*lines, *([f"runbook     {single_line(alert.runbook)}"] if alert.runbook else [])]


def _event_line(event: AlertEventIs) -> str:
    from wedtui.core.alerts.track import labels_of, labels_words
    from wedtui.core.text import single_line

    who = f" by {single_line(event.person, 80)}" if event.person else ""
    why = f": {single_line(event.said)}" if event.said else ""
    value = "" if event.value is None else f", at {event.value:g}"
    about = single_line(labels_words(labels_of(event.labels)))
    silent = "" if event.reason == "condition" else f", {event.reason}"
    what = f"{single_line(event.kind, 20)}{who}"
    return f"{_at(event.at)}  {what:<24}  {single_line(event.rule, 80)}: {about} ({event.severity}{silent}{value}){why}"


def _at(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
