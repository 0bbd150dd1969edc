"""Worlds with alerts in every state, for tests and pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.pictures import NOW, SECOND, FakeSource, picture
from wedtui.core.alerts.memory import Phase, Reason
from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.standing import AlertIs, AlertsNow, SourceIs, Suppressed, by_urgency
from wedtui.core.changes import Change, ChangeKind, Gap, Told
from wedtui.core.oncall.standing import OnCallNow
from wedtui.core.picture import Picture

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ADA = OnCallNow("primary", NOW, ("ada",), NOW + 21 * HOUR, ("grace",), ("ada",))
MO = OnCallNow("secondary", NOW, ("mo",), told=("mo",))
HOLE = OnCallNow("secondary", NOW, (), NOW + HOUR, ("grace",), ("grace",), problem="nobody has it, so grace is told")
RULES = 8


def alert(rule: str = "errors", of: str = "aws", **other: Any) -> AlertIs:
    """Make an alert that fires since 25 minutes, that somebody was told of and nobody has."""
    made: dict[str, Any] = {
        "phase": Phase.FIRING,
        "severity": Severity.CRITICAL,
        "reason": Reason.CONDITION,
        "since": NOW - 25 * MINUTE - 3 * SECOND,
        "key": f"alert/{rule}/{of}",
        "condition": "error_rate > 5%",
        "value": 0.071,
        "measured_at": NOW - 12 * SECOND,
        "told_at": NOW - 25 * MINUTE,
        "escalates_at": NOW + 95 * SECOND,
        "runbook": "https://wiki.example.com/errors",
        **other,
    }
    return AlertIs(rule, (("provider", of),), **made)


PENDING = alert("latency", "gcp", phase=Phase.PENDING, key="", since=NOW - 3 * MINUTE, told_at=None, escalates_at=None)
OVER = alert("errors", "azure", phase=Phase.RESOLVED, resolved_at=NOW - 12 * MINUTE, since=NOW - 40 * MINUTE)
TAKEN = alert(
    "errors-rising", "gcp", acknowledged_by="mo", acknowledged_at=NOW - 4 * MINUTE, since=NOW - 9 * MINUTE, flaps=3
)
SILENCED = alert(
    "cpu",
    "azure",
    severity=Severity.WARNING,
    silenced_by="grace",
    silenced_until=NOW + 2 * timedelta(hours=1),
    condition="cpu > 80%",
    value=0.87,
    escalates_at=None,
)
HIDDEN = alert("memory", "aws", severity=Severity.WARNING, inhibited_by="down", condition="memory > 80%", value=None)
SILENT = alert(
    "down",
    "hetzner",
    condition="up < 1",
    reason=Reason.NO_DATA,
    value=None,
    measured_at=None,
    since=NOW - 20 * SECOND,
    told_at=None,
)
WARNING = alert(
    "cache-hits", "gcp", severity=Severity.WARNING, condition="cache_hit_rate < 85%", value=0.8, since=NOW - MINUTE
)
OUTSIDE = alert(
    "central/High Errors",
    source="central",
    said="5 % of requests fail",
    condition="central says so",
    value=None,
    silenced_by="central",
    unknown_since=NOW - 4 * MINUTE,
    measured_at=NOW - 5 * MINUTE,
)
HANDED_OVER = alert(
    "wedtui/action",
    said="action 12 (failover aws) is handed over to a person: nobody knows what came of it",
    condition="whoever is on call was called for it, and it is not over",
    value=None,
    escalates_to="roster secondary (grace)",
    runbook="",
)
PAGE = replace(HANDED_OVER, labels=(("page", "action/12/handed-over"),))
CENTRAL = SourceIs("central", "alertmanager", NOW - 5 * MINUTE, "timed out after 5 s", alerts=1)
MANY = (alert(), TAKEN, SILENCED, HIDDEN, SILENT, WARNING, PENDING, OVER)


def alarmed(
    *alerts: AlertIs,
    judged: timedelta = 3 * SECOND,
    rules: int = RULES,
    known: bool = True,
    not_set: int = 0,
    unknown: tuple[str, ...] = (),
    series: int = 12,
    sources: tuple[SourceIs, ...] = (),
    oncall: tuple[OnCallNow, ...] = (),
    unread: str = "",
    suppressed: Suppressed | None = None,
    **other: Any,
) -> FakeSource:
    """Make a world in which these alerts are known; `known=False`: nobody has judged any.

    Rosters were read four seconds ago; where they are `unread` for some reason since, five minutes.
    """
    judged_at = NOW - judged

    def made(now: datetime) -> Picture:
        read_at = NOW - (5 * MINUTE if unread else 4 * SECOND)
        drawn = replace(picture(now=now, **other), oncall=oncall, oncall_at=read_at, oncall_problem=unread)
        now_known = AlertsNow(judged_at, by_urgency(alerts), rules, judged=rules - not_set)
        now_known = replace(now_known, series=series, unknown=len(unknown), unknown_named=unknown)
        now_known = replace(now_known, sources=sources, suppressed=suppressed)
        return replace(drawn, alerts=now_known) if known else drawn

    return FakeSource(made)


def _changed() -> FakeSource:
    """Make a world in which much changed before the errors of AWS began, and nobody watched the vendors."""
    source = alarmed(alert(), oncall=(ADA,))
    began = alert().since
    kinds = (ChangeKind.RELEASE, ChangeKind.WEIGHTS, ChangeKind.CONFIGURATION, ChangeKind.FREEZE)
    changes = tuple(
        Change(began - (2 + 3 * n) * MINUTE, kinds[n % 4], f"rsvp-{n}", f"from {n} to {n + 1}", "ledger", f"{n}", "mo")
        for n in range(9)
    )
    unwatched = Gap(
        frozenset({ChangeKind.VENDOR}), "nobody watched", since=began - 9 * MINUTE, until=began - 4 * MINUTE
    )
    source.changed_lately = lambda _now: Told(changes, (unwatched,))
    return source


WORLDS: dict[str, Callable[[], FakeSource]] = {
    "nothing": lambda: alarmed(OVER),
    "pending": lambda: alarmed(PENDING),
    "one": lambda: alarmed(alert()),
    "taken": lambda: alarmed(TAKEN),
    "many": lambda: alarmed(*MANY),
    "on-call": lambda: alarmed(*MANY, oncall=(ADA,)),
    "hole": lambda: alarmed(OVER, oncall=(ADA, HOLE)),
    "changed": _changed,
    "outside": lambda: alarmed(OUTSIDE, sources=(CENTRAL,), suppressed=Suppressed(silenced=3, stormed=40)),
    "page": lambda: alarmed(PAGE, oncall=(ADA,)),
    "old": lambda: alarmed(*MANY, judged=4 * MINUTE),
    "nobody": lambda: alarmed(known=False),
    "no-rules": lambda: alarmed(rules=0),
    "not-set": lambda: alarmed(not_set=RULES, series=0),
    "unknown": lambda: alarmed(OVER, unknown=("cpu provider=aws", "latency provider=azure"), not_set=2),
    "all-unknown": lambda: alarmed(unknown=("cpu provider=aws",), series=1),
}
