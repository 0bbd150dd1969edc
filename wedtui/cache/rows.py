"""Facts as the cache's JSON columns hold them, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from wedtui.core.alerts.outside import Reported
from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.track import labels_of
from wedtui.core.evidence import VendorEvent
from wedtui.core.freeze import Origin, Period
from wedtui.core.picture import AlertFacts

HEALTH_SCORE = "health_score"
"""The name of the series of a provider's score, beside those of its signals."""


def elsewhere(read: str, configured: str) -> bool:
    """Whether what was read is known to be of another address than the one that is configured."""
    return bool(read and configured) and read != configured


def period_to_json(period: Period) -> dict[str, str | list[str]]:
    """Return a period as JSON; its origin is known from where it stands."""
    return {
        "name": period.name,
        "start": period.start.isoformat(),
        "end": period.end.isoformat(),
        "environments": sorted(period.environments),
        "services": sorted(period.services),
    }


def periods_from_json(rows: Iterable[Mapping[str, Any]], origin: Origin) -> tuple[Period, ...]:
    """Return what `period_to_json` made.

    Raises:
        ValueError, KeyError, TypeError: it did not make this.
    """
    return tuple(
        Period(
            name=str(row["name"]),
            start=_aware(row["start"]),
            end=_aware(row["end"]),
            origin=origin,
            environments=frozenset(row["environments"]),
            services=frozenset(row["services"]),
        )
        for row in rows
    )


def alert_to_json(alert: AlertFacts) -> dict[str, str | None]:
    """Return an alert as JSON."""
    return {
        "name": alert.name,
        "state": alert.state,
        "severity": alert.severity,
        "active_at": alert.active_at.isoformat() if alert.active_at else None,
        "summary": alert.summary,
        "provider": alert.provider,
    }


def alerts_from_json(rows: Sequence[Mapping[str, Any]]) -> tuple[AlertFacts, ...]:
    """Return what `alert_to_json` made.

    Raises:
        ValueError, KeyError, TypeError: it did not make this.
    """
    return tuple(
        AlertFacts(
            name=row["name"],
            state=row["state"],
            severity=row["severity"],
            active_at=_aware(row["active_at"]) if row["active_at"] else None,
            summary=row["summary"],
            provider=row["provider"],
        )
        for row in rows
    )


def reported_to_json(alert: Reported) -> dict[str, object]:
    """Return an alert that another system judges as JSON."""
    return {
        **alert._asdict(),
        "labels": dict(alert.labels),
        "severity": alert.severity.value,
        "since": alert.since.isoformat() if alert.since else None,
    }


def reported_from_json(rows: Sequence[Mapping[str, Any]]) -> tuple[Reported, ...]:
    """Return what `reported_to_json` made; what a newer version says beside that is passed over.

    Raises:
        ValueError, KeyError, TypeError: it did not make this.
    """
    return tuple(
        Reported(
            **{
                **{name: value for name, value in row.items() if name in Reported._fields},
                "labels": labels_of(row["labels"]),
                "severity": Severity(row["severity"]),
                "since": _aware(row["since"]) if row["since"] else None,
            }
        )
        for row in rows
    )


def event_to_json(event: VendorEvent) -> dict[str, object]:
    """Return an event of a vendor as JSON."""
    return {
        "service": event.service,
        "region": event.region,
        "category": event.category,
        "code": event.code,
        "begun_at": event.begun_at.isoformat() if event.begun_at else None,
        "updated_at": event.updated_at.isoformat() if event.updated_at else None,
        "text": event.text,
        "ours": event.ours,
        "id": event.id,
    }


def event_from_json(row: Mapping[str, Any]) -> VendorEvent:
    """Return what `event_to_json` made.

    Raises:
        ValueError, KeyError, TypeError: it did not make this.
    """
    return VendorEvent(
        service=row["service"],
        region=row["region"],
        category=row["category"],
        code=row["code"],
        begun_at=_aware(row["begun_at"]) if row["begun_at"] else None,
        updated_at=_aware(row["updated_at"]) if row["updated_at"] else None,
        text=row["text"],
        ours=row["ours"],
        id=row.get("id", ""),
    )


def _aware(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"an instant without a zone: {text}")
    return at
