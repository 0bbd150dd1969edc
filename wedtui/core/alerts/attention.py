"""Which alerts wait for somebody, whether what is known can be believed, how long an answer holds. Pure.

Source: DESIGN, laws 3 and 8 and "Alerts".
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from wedtui.core.alerts.memory import Phase
from wedtui.core.alerts.standing import AlertIs, AlertsNow
from wedtui.core.evidence import FUTURE_TOLERANCE
from wedtui.core.services import ServiceCondition

Identity = str
"""Which rule and series an alert is of: the same while it is pending, fires and is over."""


def identity(alert: AlertIs) -> Identity:
    """Return what an alert is told apart by, whatever becomes of it."""
    labels = ", ".join(f"{_escaped(name)}={_escaped(value)}" for name, value in alert.labels)
    return f"{alert.rule} {labels}"


def _escaped(text: str) -> str:
    """Return a part of a label as it is where nothing in it may be taken for the end of it."""
    return json.dumps(text) if any(sign in text for sign in ',="\\') else text


class Doubt(StrEnum):
    """Why what was judged does not say what fires now, in words."""

    NEVER = "no service has judged the rules"
    FUTURE = "judged in the future: a clock is wrong"
    STOPPED = "the service was stopped"
    DEAD = "the service is dead"
    STUCK = "the service stores nothing"
    UNSEEN = "whether the service runs is not known"
    NONE = "no service runs"
    OLD = "nobody judges the rules"


_DOUBTS = {
    ServiceCondition.STOPPED: Doubt.STOPPED,
    ServiceCondition.DEAD: Doubt.DEAD,
    ServiceCondition.STUCK: Doubt.STUCK,
    ServiceCondition.UNSEEN: Doubt.UNSEEN,
    ServiceCondition.NEVER: Doubt.NONE,
}


def doubt(known: AlertsNow | None, condition: ServiceCondition, now: datetime) -> Doubt | None:
    """Return why what was judged does not say what fires at an aware instant; None where it does.

    No judgement, an old one and one of the future never do. Nor does a new one while no service runs: what has begun
    to fire since cannot have been stored.

    Args:
        known: the newest judgement; None where there is none.
        condition: of the service that is heard best.
        now: an aware instant.
    """
    if known is None:
        return Doubt.NEVER
    if known.judged_at - now > FUTURE_TOLERANCE:
        return Doubt.FUTURE
    return _DOUBTS.get(condition) or (None if known.is_fresh(now) else Doubt.OLD)


def silenced(alert: AlertIs, now: datetime) -> bool:
    """Whether somebody silenced its messages, and that is not over."""
    return bool(alert.silenced_by) and (alert.silenced_until is None or alert.silenced_until > now)


def lapses_at(alert: AlertIs) -> datetime | None:
    """Return when nobody has it any more, if it still fires then; None where nobody has it."""
    if not alert.acknowledged_by or alert.acknowledged_at is None:
        return None
    return alert.acknowledged_at + timedelta(seconds=alert.lapse_s)


def has_somebody(alert: AlertIs, now: datetime) -> bool:
    """Whether somebody has it: acknowledged, and that has not lapsed."""
    lapses = lapses_at(alert)
    return bool(alert.acknowledged_by) and (lapses is None or lapses > now)


def can_be_taken(alert: AlertIs, now: datetime) -> bool:
    """Whether it fires and nobody has it, hidden or not."""
    return alert.phase is Phase.FIRING and bool(alert.key) and not has_somebody(alert, now)


def waits(alert: AlertIs, now: datetime) -> bool:
    """Whether it waits for somebody: it fires, nobody has it, and nothing hides its message."""
    return can_be_taken(alert, now) and not alert.inhibited_by and not silenced(alert, now)


def waiting(alerts: Iterable[AlertIs], now: datetime) -> tuple[AlertIs, ...]:
    """Return those that wait for somebody, in the order in which they were given."""
    return tuple(alert for alert in alerts if waits(alert, now))


def loudest(alerts: Iterable[AlertIs], now: datetime) -> tuple[AlertIs, ...]:
    """Return what fires as a screen with room for little says it: the graver first, of these what waits for somebody.

    What is hidden comes last: it is counted, and what hides it stands before it.
    """
    firing = [alert for alert in alerts if alert.phase is Phase.FIRING]

    def place(alert: AlertIs) -> tuple[bool, str, bool]:
        hidden = bool(alert.inhibited_by) or silenced(alert, now)
        # "critical" sorts before "warning".
        return hidden, alert.severity.value, has_somebody(alert, now)

    return tuple(sorted(firing, key=place))
