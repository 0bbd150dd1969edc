"""How it stands with alerts as commands read it, and whether anybody goes by what they store: a service that runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from wedtui.cli.common import Session, starting
from wedtui.core.wording import utc_words
from wedtui.errors import StoreError, StoreMissingError

if TYPE_CHECKING:
    from wedtui.control.answers import AlertEventIs
    from wedtui.core.alerts.attention import Doubt
    from wedtui.core.alerts.standing import AlertIs, AlertsNow
    from wedtui.core.services import SeenService, ServiceFacts

UNSERVED = 5
"""The exit code of what is stored, and by which nobody goes at present."""


def believed(session: Session, now: datetime) -> tuple[AlertsNow | None, Doubt | None]:
    """Return how it stands with alerts, and why that says nothing of now; None where it does.

    Raises:
        StoreError: the cache cannot be read.
    """
    found, first = _read(session, now)
    return found, _doubt(found, first, now)


def unserved(session: Session, now: datetime, *, judging: bool = True) -> str | None:
    """Return why nobody goes by what was stored, and since when; None where a service does.

    Args:
        session: this run.
        now: an aware instant.
        judging: whether somebody has to judge alerts for that; else it is enough that a service runs, which tells.
    """
    from wedtui.core.alerts.attention import Doubt

    try:
        found, first = _read(session, now)
    except StoreError as error:
        # What was stored is stored, whatever the cache says.
        return f"whether a service runs is not known ({error})"
    if first is None:
        return "no service has run yet"
    if not first.runs:
        return _not_running(first)
    why = _doubt(found, first, now) if judging else None
    if why is Doubt.OLD and found is not None:
        return f"{why} since {utc_words(found.judged_at)}"
    return None if why is None else str(why)


def start_words(session: Session) -> str:
    """Say how a service is started here."""
    return f"start one with `{starting(session)}`"


def as_in_ledger(alert: AlertIs, events: Iterable[AlertEventIs], judged_at: datetime | None) -> AlertIs:
    """Return an alert as somebody has it who took it since it was judged last.

    Args:
        alert: as it was judged.
        events: what became of alerts, newest first.
        judged_at: when it was judged; what is older is in it.
    """
    newest = next((each for each in events if each.key == alert.key and each.kind in _TAKEN), None)
    if newest is None or judged_at is None or newest.at <= judged_at:
        return alert
    if newest.kind == "lapsed":
        return replace(alert, acknowledged_by="", acknowledged_at=None)
    # Who is told next was found while it was nobody's, or another's.
    return replace(alert, acknowledged_by=newest.person, acknowledged_at=newest.at, escalates_at=None, escalates_to="")


_TAKEN = frozenset({"acknowledged", "lapsed"})


def _read(session: Session, now: datetime) -> tuple[AlertsNow | None, SeenService | None]:
    """Return what was judged last, and the service that is heard best."""
    from wedtui.core.services import leading, see_services
    from wedtui.poller.lock import holder

    found, services = _stored(session)
    return found, leading(see_services(services, now, process=holder(session.paths.lock), place=session.place))


def _stored(session: Session) -> tuple[AlertsNow | None, tuple[ServiceFacts, ...]]:
    from wedtui.cache.reader import CacheReader

    reader = CacheReader(session.cache_url)
    try:
        return reader.alerts(), reader.services()
    except StoreMissingError:
        return None, ()
    finally:
        reader.close()


def _doubt(found: AlertsNow | None, first: SeenService | None, now: datetime) -> Doubt | None:
    from wedtui.core.alerts.attention import doubt
    from wedtui.core.services import ServiceCondition

    return doubt(found, ServiceCondition.NEVER if first is None else first.condition, now)


def _not_running(seen: SeenService) -> str:
    from wedtui.core.services import ServiceCondition

    facts = seen.facts
    heard = utc_words(facts.heartbeat_at)
    if seen.condition is ServiceCondition.STOPPED:
        return f"the service was stopped at {utc_words(facts.stopped_at or facts.heartbeat_at)}"
    if seen.condition is ServiceCondition.STUCK:
        return f"the service has stored nothing since {heard}"
    return f"the service is dead, and was heard last at {heard}"
