"""What fires in a real Alertmanager, told by a real Prometheus, and in that itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.providers.alertmanager_server import RunningAlertmanager, running_alertmanager, telling_prometheus
from tests.providers.faults import refusing_port
from wedtui.clock import SystemClock
from wedtui.config import Configuration
from wedtui.core.alerts.outside import Reported
from wedtui.core.alerts.rule import Severity
from wedtui.core.observation import AlertsObservation
from wedtui.providers.registry import build_targets


@dataclass(frozen=True)
class Both:
    """Where they answer."""

    alertmanager: RunningAlertmanager
    prometheus: str


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder: Path = tmp_path_factory.mktemp("alertmanager")
    with running_alertmanager(folder) as alertmanager, telling_prometheus(folder, alertmanager) as prometheus:
        yield Both(alertmanager, prometheus)


def ask(kind: str, url: str, **more: Any) -> AlertsObservation:
    source = {
        "name": "central",
        "kind": kind,
        "url": url,
        "timeout": "20s",
        "provider_label": "cloud",
        "providers": {"amazon": "aws"},
        "service_label": "app",
        **more,
    }
    wanted = Configuration.model_validate({"providers": [{"name": "aws"}], "alert_sources": [source]})

    async def once() -> AlertsObservation:
        targets = build_targets(wanted, SystemClock())
        try:
            (target,) = targets.all
            (seen,) = await target.observe()
        finally:
            await targets.close()
        assert isinstance(seen, AlertsObservation)
        return seen

    return asyncio.run(once())


def named(seen: AlertsObservation) -> dict[str, Reported]:
    assert seen.problem is None
    return {each.name: each for each in seen.alerts or ()}


@pytest.mark.parametrize("kind", ["alertmanager", "prometheus"])
def test_what_fires_is_told_with_its_labels_words_and_beginning(servers: Both, kind: str) -> None:
    url = servers.alertmanager.url if kind == "alertmanager" else servers.prometheus
    seen = ask(kind, url, expects="Watchdog")
    found = named(seen)
    errors = found["Errors"]
    assert (errors.severity, errors.firing, errors.hidden) == (Severity.CRITICAL, True, "")
    assert errors.said == "0.25 of all requests fail"
    assert errors.runbook == "https://wiki.example.com/errors"
    assert errors.value == (None if kind == "alertmanager" else 0.25)
    assert dict(errors.labels) == {
        "severity": "critical",
        "cloud": "amazon",
        "app": "rsvp",
        "provider": "aws",
        "service": "rsvp",
    }
    assert errors.since is not None
    assert timedelta() < seen.at - errors.since < timedelta(hours=1)
    assert seen.expected
    assert "Watchdog" not in found
    # What is pending only the Prometheus itself tells.
    assert {name: each.firing for name, each in found.items() if name == "Slow"} == (
        {} if kind == "alertmanager" else {"Slow": False}
    )


@pytest.mark.parametrize("kind", ["alertmanager", "prometheus"])
def test_what_always_fires_is_missed_where_it_does_not(servers: Both, kind: str) -> None:
    url = servers.alertmanager.url if kind == "alertmanager" else servers.prometheus
    seen = ask(kind, url, expects="NoSuchAlert")
    assert not seen.expected
    # Without a word for it, it is no alert by its severity.
    assert ("Watchdog" in named(seen), seen.ignored) == (False, 1)


def test_what_is_silenced_or_inhibited_there_is_told_as_that(servers: Both) -> None:
    now = SystemClock().now()
    until = now + timedelta(hours=1)
    ours = {"cloud": "azure"}
    servers.alertmanager.tell(
        {"labels": {"alertname": "Down", "severity": "critical", **ours}, "endsAt": until.isoformat()},
        {"labels": {"alertname": "Full", "severity": "warning", **ours}, "endsAt": until.isoformat()},
        {"labels": {"alertname": "Moved", "severity": "critical", "app": "gallery"}, "endsAt": until.isoformat()},
        {"labels": {"severity": "critical", "host": "nameless"}, "endsAt": until.isoformat()},
    )
    servers.alertmanager.silence("app", "gallery", now, until)
    found = named(ask("alertmanager", servers.alertmanager.url))
    assert {name: found[name].hidden for name in ("Down", "Full", "Moved")} == {
        "Down": "",
        "Full": "inhibited",
        "Moved": "silenced",
    }
    assert found["without a name"].labels == (("host", "nameless"), ("severity", "critical"))
    # What is over there is not told any more.
    servers.alertmanager.tell(
        {"labels": {"alertname": "Down", "severity": "critical", **ours}, "endsAt": now.isoformat()}
    )
    found = named(ask("alertmanager", servers.alertmanager.url))
    assert ("Down" in found, found["Full"].hidden) == (False, "")


def test_only_what_filters_match_is_told_and_what_always_fires_is_seen_all_the_same(servers: Both) -> None:
    seen = ask(
        "alertmanager", servers.alertmanager.url, filters=['alertname=~"Err.*|Slow"', "app=rsvp"], expects="Watchdog"
    )
    assert (list(named(seen)), seen.expected, seen.ignored) == (["Errors"], True, 0)
    for expects, expected in (("NoSuchAlert", False), ({"alertname": "Watchdog", "severity": "none"}, True)):
        seen = ask("alertmanager", servers.alertmanager.url, filters=['app="none"'], expects=expects)
        assert (seen.alerts, seen.problem, seen.expected) == ((), None, expected)


def test_of_a_cluster_it_is_the_one_that_answers(servers: Both) -> None:
    with refusing_port() as port:
        seen = ask("alertmanager", f"http://127.0.0.1:{port}", urls=[servers.alertmanager.url], expects="Watchdog")
    assert "Errors" in named(seen)
    assert seen.beside == f"127.0.0.1:{port}: connection refused"


def test_the_wrong_kind_is_said(servers: Both) -> None:
    seen = ask("alertmanager", servers.prometheus)
    assert seen.problem == "has no such API at this address (status 404): check kind, and the path of its url"
    seen = ask("prometheus", servers.alertmanager.url)
    assert seen.alerts is None
    assert seen.problem is not None
