"""How it stands with alerts, as JSON: of the copy that readers read, and of what commands print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from wedtui.core.alerts.memory import Phase, Reason
from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.standing import AlertIs, AlertsNow, SourceIs, Suppressed
from wedtui.core.alerts.track import labels_of

_INSTANTS = (
    "since",
    "measured_at",
    "resolved_at",
    "told_at",
    "acknowledged_at",
    "silenced_until",
    "escalates_at",
    "unknown_since",
)


def alert_document(alert: AlertIs) -> dict[str, Any]:
    """Return an alert as JSON can hold it."""
    found = {field.name: getattr(alert, field.name) for field in fields(alert)}
    instants = {name: None if found[name] is None else found[name].isoformat() for name in _INSTANTS}
    return {**found, **instants, "labels": dict(alert.labels)}


def alert_of(document: Mapping[str, Any]) -> AlertIs:
    """Return the alert that `alert_document` wrote; what a newer version says beside that is passed over.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    known = {field.name for field in fields(AlertIs)}
    read = {name: value for name, value in document.items() if name in known}
    for name in _INSTANTS:
        if read.get(name) is not None:
            read[name] = datetime.fromisoformat(read[name])
    kinds = {"phase": Phase(read["phase"]), "severity": Severity(read["severity"]), "reason": Reason(read["reason"])}
    return AlertIs(**{**read, **kinds, "labels": labels_of(read["labels"])})


def looked_at_document(now: AlertsNow) -> dict[str, Any]:
    """Return by what it was judged, and of how much nothing is known, as JSON can hold it."""
    return {
        "not_set": [*now.not_set],
        "judged": now.judged,
        "series": now.series,
        "unknown": now.unknown,
        "unknown_named": [*now.unknown_named],
        "sources": [_source_document(each) for each in now.sources],
        "suppressed": None if now.suppressed is None else asdict(now.suppressed),
    }


def looked_at_of(document: Mapping[str, Any] | Sequence[str]) -> dict[str, Any]:
    """Return the fields of `AlertsNow` that `looked_at_document` wrote.

    An older version named only what is not set: of how much something is known it did not say, so nothing is.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    if not isinstance(document, Mapping):
        return {"not_set": tuple(map(str, document))}
    return {
        "not_set": tuple(map(str, document["not_set"])),
        "judged": int(document["judged"]),
        "series": int(document["series"]),
        "unknown": int(document["unknown"]),
        "unknown_named": tuple(map(str, document["unknown_named"])),
        "sources": tuple(map(_source_of, document.get("sources", ()))),
        "suppressed": _suppressed_of(document.get("suppressed")),
    }


def _suppressed_of(document: Mapping[str, Any] | None) -> Suppressed | None:
    if document is None:
        return None
    # An older version did not count all of them.
    return Suppressed(**{field.name: int(document.get(field.name, 0)) for field in fields(Suppressed)})


def _source_document(source: SourceIs) -> dict[str, Any]:
    found = {field.name: getattr(source, field.name) for field in fields(source)}
    return {**found, "answered_at": None if source.answered_at is None else source.answered_at.isoformat()}


def _source_of(document: Mapping[str, Any]) -> SourceIs:
    known = {field.name for field in fields(SourceIs)}
    at = document["answered_at"]
    read = {name: value for name, value in document.items() if name in known}
    return SourceIs(**{**read, "answered_at": None if at is None else datetime.fromisoformat(at)})
