"""Alerts and who is on call in `wedtui status`: a line and an object of each, judged as the dashboard judges them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wedtui.core.alerts.attention import Doubt, doubt, has_somebody, loudest, silenced, waiting
from wedtui.core.alerts.rule import Severity
from wedtui.core.oncall.words import on_call_forms
from wedtui.core.text import single_line
from wedtui.core.wording import age, counted, duration, listed

if TYPE_CHECKING:
    from wedtui.core.alerts.standing import AlertIs
    from wedtui.core.oncall.standing import OnCallNow
    from wedtui.core.picture import Picture


def alerts_line(picture: Picture) -> str:
    """Return what fires, the worst of it and who has it; NOT KNOWN where nobody judges."""
    return f"alerts      {_words(picture)}: `wedtui alerts list`"


def alerts_json(picture: Picture) -> dict[str, Any]:
    """Return the same for a program; `known` says whether the rest is of now."""
    known, now = picture.alerts, picture.at
    why = doubt(known, picture.condition, now)
    firing = () if known is None else loudest(known.alerts, now)
    return {
        "known": why is None and known is not None and (bool(firing) or (known.knows and not known.unsure)),
        "why": None if why is None else why.value,
        "judged_age_s": None if known is None else round((now - known.judged_at).total_seconds(), 1),
        "firing": len(firing),
        "critical": _critical(firing),
        "nobody_has": len(waiting(firing, now)),
        "worst": _worst_json(firing[0]) if firing else None,
        "unknown": 0 if known is None else known.unknown,
        "series": 0 if known is None else known.series,
        "counts_in_state": False,
    }


def on_call_lines(picture: Picture) -> list[str]:
    """Return who is on call; no line where no roster is configured."""
    if not picture.oncall and not picture.oncall_problem:
        return []
    known = not picture.oncall_problem
    zone, now, looked_at = picture.freeze.clock, picture.at, picture.oncall_at
    words = on_call_forms(picture.oncall, zone=zone, now=now, looked_at=looked_at, known=known)[0]
    return [f"on call     {single_line(words.removeprefix('on call '))}: `wedtui oncall now`"]


def on_call_json(picture: Picture) -> dict[str, Any]:
    """Return the same for a program; where `known` is false it is who had it by what could be read last."""
    looked_at = picture.oncall_at
    return {
        "known": not picture.oncall_problem,
        "why": picture.oncall_problem or None,
        "read_age_s": None if looked_at is None else round((picture.at - looked_at).total_seconds(), 1),
        "rosters": [_roster_json(each) for each in picture.oncall],
        "counts_in_state": False,
    }


def _roster_json(now: OnCallNow) -> dict[str, Any]:
    return {
        "roster": now.roster,
        "contacts": [*now.contacts],
        "until": None if now.until is None else now.until.isoformat(),
        "next": [*now.next_contacts],
        "standing_in": now.overridden,
        "told": [*now.told],
        "doubted": now.doubted,
        "problem": now.problem or None,
    }


def _worst_json(alert: AlertIs) -> dict[str, Any]:
    return {
        "key": alert.key,
        "rule": alert.rule,
        "labels": dict(alert.labels),
        "severity": alert.severity.value,
        "since": alert.since.isoformat(),
        "acknowledged_by": alert.acknowledged_by or None,
    }


def _words(picture: Picture) -> str:
    known, now = picture.alerts, picture.at
    why = doubt(known, picture.condition, now)
    if known is None:
        return f"NOT KNOWN, {why or Doubt.NEVER}"
    judged = f"judged {age(known.judged_at, now)} ago"
    firing = loudest(known.alerts, now)
    if why is not None:
        then = f"{len(firing):,} fired then, worst {_named(firing[0])}" if firing else "nothing fired then"
        return f"NOT KNOWN, {why}, {judged}; {then}"
    unknown = f"; not known of {known.unknown:,} of {known.series:,} series" if known.unknown else ""
    unknown += f"; NOT KNOWN what fires in {listed(tuple(each.name for each in known.unsure))}" if known.unsure else ""
    if firing:
        return f"{_firing(picture, firing)}; {judged}{unknown}"
    if not known.knows:
        return f"NOT KNOWN, no rule knows how anything stands; {judged}"
    return f"nothing fires of {counted(known.judged, 'rule')}; {judged}{unknown}"


def _firing(picture: Picture, firing: tuple[AlertIs, ...]) -> str:
    worst, now = firing[0], picture.at
    fire = "1 fires" if len(firing) == 1 else f"{len(firing):,} fire, {_critical(firing):,} of them critical"
    alone = len(waiting(firing, now))
    left = f", {alone:,} that nobody has" if alone and len(firing) > 1 else ""
    since = duration(now - worst.since)
    return f"{fire}{left}; worst {worst.severity} {_named(worst)} for {since}, {_who(picture, worst)}"


def _who(picture: Picture, alert: AlertIs) -> str:
    if has_somebody(alert, picture.at):
        return f"{single_line(alert.acknowledged_by, 80)} has it"
    if silenced(alert, picture.at):
        return f"silenced by {single_line(alert.silenced_by, 80)}"
    return f"hidden by {alert.inhibited_by}" if alert.inhibited_by else "NOBODY has it"


def _critical(firing: tuple[AlertIs, ...]) -> int:
    return sum(each.severity is Severity.CRITICAL for each in firing)


def _named(alert: AlertIs) -> str:
    return single_line(f"{alert.rule} ({alert.about})")
