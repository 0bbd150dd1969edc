"""An Alertmanager, or a Prometheus, of which a test says what it answers; what is answered goes through the adapter."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import httpx

from tests.cache.base import configuration
from tests.poller.test_alerts import CHANNEL, MONDAY, Watch
from wedtui.config import Configuration
from wedtui.core.alerts.standing import AlertIs
from wedtui.core.observation import AlertsObservation
from wedtui.providers.alert_answers import parse
from wedtui.providers.alert_sources import guest_facing_services
from wedtui.providers.web import Answer

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
SOURCE = {"name": "central", "kind": "alertmanager", "url": "http://127.0.0.1:1", "interval": "10s", "clear": "1m"}


def elsewhere(notify: Any = None, **source: Any) -> Configuration:
    probes: list[Any] = [
        {"name": "p", "provider": "aws", "url": "http://127.0.0.1:1/", "service": "rsvp", "guest_facing": True}
    ]
    tells = CHANNEL if notify is None else notify
    return configuration(probes=probes, prometheus=[], freeze={}, alert_sources=[{**SOURCE, **source}], notify=tells)


def alert(
    name: str | None = "Errors",
    severity: str | None = "critical",
    *,
    since: datetime = MONDAY - 5 * MINUTE,
    status: dict[str, Any] | None = None,
    summary: str = "requests fail",
    **labels: str,
) -> dict[str, Any]:
    """Return an alert as an Alertmanager has it."""
    named = {"alertname": name, "severity": severity, **labels}
    return {
        "labels": {key: value for key, value in named.items() if value is not None},
        "annotations": {"summary": summary, "runbook_url": "https://wiki.example.com/errors"},
        "startsAt": f"{since:%Y-%m-%dT%H:%M:%S}.123456789Z",
        "endsAt": f"{since + timedelta(hours=9):%Y-%m-%dT%H:%M:%S}.000Z",
        "updatedAt": f"{since:%Y-%m-%dT%H:%M:%S}.000Z",
        "fingerprint": "0123456789abcdef",
        "receivers": [{"name": "default"}],
        "generatorURL": "http://prometheus:9090/graph",
        "status": status or {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []},
    }


SILENCED = {"state": "suppressed", "silencedBy": ["7e2b"], "inhibitedBy": [], "mutedBy": []}
INHIBITED = {"state": "suppressed", "silencedBy": [], "inhibitedBy": ["0123"], "mutedBy": []}


class Elsewhere(Watch):
    """A place where the alerts of one source are taken in."""

    def look(self) -> None:
        """Judge; what is watched here is well."""
        self.probes(True, name="p")
        super().look()

    def answers(self, *alerts: dict[str, Any]) -> None:
        """Store what the source answers now."""
        self.body(json.dumps(alerts).encode())

    def body(self, body: bytes) -> None:
        section = self.configuration.alert_sources[0]
        services = guest_facing_services(self.configuration)
        told = parse(section, services, Answer(200, httpx.Headers(), body))
        seen = AlertsObservation(
            section.name,
            self.clock.now(),
            alerts=told.alerts,
            problem=told.problem,
            expected=told.expected,
            ignored=told.ignored,
        )
        self.cache().record([seen])

    def fails(self, why: str = "timed out after 5 s") -> None:
        """Store that it did not answer."""
        name = self.configuration.alert_sources[0].name
        self.cache().record([AlertsObservation(name, self.clock.now(), problem=why)])

    def for_answers(self, span: timedelta, *alerts: dict[str, Any]) -> None:
        """Let time pass in which it answers every ten seconds."""
        self.for_(span, lambda: self.answers(*alerts))

    def outside(self) -> list[AlertIs]:
        """Return what is shown of the source's alerts."""
        return [each for each in self.now().alerts if each.source]

    def one(self) -> AlertIs:
        (found,) = self.outside()
        return found

    def of_source(self) -> list[AlertIs]:
        """Return what is shown of the source itself."""
        return [each for each in self.now().alerts if each.rule == "sources/central"]
