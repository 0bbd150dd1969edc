"""The whole picture: what is wrong, worst first, and never better than it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wedtui.core.evidence import ProbeEvidence, ProbeRound, ProviderEvidence
from wedtui.core.freeze import Verdict
from wedtui.core.picture import (
    AlertFacts,
    CacheFacts,
    Finding,
    Picture,
    ProbeDetails,
    PrometheusFacts,
    ServiceCondition,
    ServiceFacts,
    Severity,
    assemble,
    condition_of,
)
from wedtui.core.protection import ProtectionVerdict
from wedtui.core.season import Protection
from wedtui.core.state import State

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SERVICE = ServiceFacts("i", 7, "personal", "0", "production", NOW - timedelta(hours=1), NOW - SECOND)
PASSED = ProbeRound(NOW - SECOND, passed=True, latency_ms=80)
FAILED = ProbeRound(NOW - SECOND, passed=False, failure="status 503, expected 200")


def provider(name: str, newest: ProbeRound = PASSED) -> ProviderEvidence:
    return ProviderEvidence(name, "probed", 50, probes=(ProbeEvidence(f"rsvp-{name}", 3 * SECOND, (newest,)),))


def picture(facts: CacheFacts, *, at: datetime = NOW, frozen: tuple[str, ...] = ()) -> Picture:
    verdict = Verdict(bool(frozen), at, unreadable=frozen, reasons=frozen)
    protection = ProtectionVerdict(Protection.NORMAL, ("by the date",))
    return assemble(facts, verdict, protection, environment="production", now=at)


@pytest.mark.parametrize(
    ("service", "condition"),
    [
        (None, ServiceCondition.NEVER),
        (SERVICE, ServiceCondition.RUNNING),
        (replace(SERVICE, heartbeat_at=NOW - 6 * SECOND), ServiceCondition.RUNNING),
        (replace(SERVICE, heartbeat_at=NOW - 7 * SECOND), ServiceCondition.DEAD),
        (replace(SERVICE, heartbeat_at=NOW + 60 * SECOND), ServiceCondition.DEAD),
        (replace(SERVICE, stopped_at=NOW), ServiceCondition.STOPPED),
    ],
)
def test_a_service_is_believed_while_its_heart_beats(service: ServiceFacts | None, condition: ServiceCondition) -> None:
    assert condition_of(service, NOW) is condition


def test_a_service_that_is_there_but_stores_nothing_is_not_called_dead() -> None:
    silent = replace(SERVICE, heartbeat_at=NOW - 60 * SECOND)
    assert condition_of(silent, NOW, process=7) is ServiceCondition.STUCK
    assert condition_of(SERVICE, NOW, process=7) is ServiceCondition.RUNNING
    verdict, protection = Verdict(False, NOW), ProtectionVerdict(Protection.NORMAL, ("by the date",))
    facts = CacheFacts((provider("aws"),), services=(silent,))
    found = assemble(facts, verdict, protection, environment="production", now=NOW, process=7)
    assert found.state is State.UNKNOWN
    assert "stores nothing" in found.findings[0].text


def test_all_well_is_ok_and_finds_nothing() -> None:
    found = picture(CacheFacts((provider("aws"), provider("gcp")), services=(SERVICE,)))
    assert (found.state, found.findings) == (State.OK, ())


@pytest.mark.parametrize(
    "service", [None, replace(SERVICE, stopped_at=NOW), replace(SERVICE, heartbeat_at=NOW - 60 * SECOND)]
)
def test_without_a_running_service_nothing_is_ok(service: ServiceFacts | None) -> None:
    found = picture(CacheFacts((provider("aws"),), services=(service,) if service else ()))
    assert found.state is State.UNKNOWN
    assert found.findings[0].severity is Severity.CRITICAL
    assert found.findings[0].subject == "service"


def test_no_provider_at_all_is_unknown() -> None:
    assert picture(CacheFacts(services=(SERVICE,))).state is State.UNKNOWN


def test_a_failing_provider_is_named_with_its_reason_and_age() -> None:
    found = picture(CacheFacts((provider("aws", FAILED), provider("gcp")), services=(SERVICE,)))
    (finding,) = found.findings
    assert finding.subject == "aws"
    assert finding.measured_at == NOW - SECOND
    assert "0 % of probe rounds passed" in finding.text
    assert "rsvp-aws status 503, expected 200" in finding.text


def test_a_provider_that_is_not_known_is_called_unknown_and_is_as_urgent_as_a_critical_one() -> None:
    unknown, sick = provider("aws", replace(FAILED, at=NOW - timedelta(hours=1))), provider("gcp", FAILED)
    found = picture(CacheFacts((unknown, sick), services=(SERVICE,))).findings
    assert [(f.severity, f.subject) for f in found] == [(Severity.UNKNOWN, "aws"), (Severity.CRITICAL, "gcp")]
    assert not any(word in found[0].text for word in ("CRITICAL", "UNKNOWN"))
    assert found[0].measured_at is not None
    turned = picture(CacheFacts((sick, unknown), services=(SERVICE,))).findings
    assert [f.subject for f in turned] == ["gcp", "aws"]


@pytest.mark.parametrize(
    ("left", "severity"),
    [
        (timedelta(days=22), None),
        (timedelta(days=21), Severity.WARNING),
        (timedelta(days=7), Severity.CRITICAL),
        (-SECOND, Severity.CRITICAL),
    ],
)
def test_a_certificate_that_ends_is_found_in_time(left: timedelta, severity: Severity | None) -> None:
    details = ProbeDetails("rsvp", "https://h/", SECOND, certificate_expires_at=NOW + left, measured_at=NOW)
    found = picture(CacheFacts((provider("aws"),), (details,), services=(SERVICE,))).findings
    assert [f.severity for f in found] == ([severity] if severity else [])


def test_what_prometheus_reports_is_found_and_its_silence_too() -> None:
    alert = AlertFacts("RsvpDown", "firing", "critical", NOW, "nobody can answer", "aws")
    server = PrometheusFacts("main", "http://h", 30 * SECOND, NOW - SECOND, True, 3, ("node/a: refused",), (alert,))
    facts = CacheFacts((provider("aws"),), prometheus=(server,), services=(SERVICE,))
    assert [(f.severity, f.subject) for f in picture(facts).findings] == [
        (Severity.CRITICAL, "aws"),
        (Severity.WARNING, "main"),
    ]
    silent = replace(facts, prometheus=(replace(server, measured_at=NOW - timedelta(hours=1)),))
    assert (
        Finding(Severity.WARNING, "main", "its answers are stale", NOW - timedelta(hours=1)) in picture(silent).findings
    )


def test_the_same_facts_grow_old() -> None:
    facts = CacheFacts((provider("aws"),), services=(SERVICE,))
    assert picture(facts).provider("aws").health.state is not State.UNKNOWN  # type: ignore[union-attr]
    later = picture(facts, at=NOW + timedelta(minutes=1))
    assert later.provider("aws").health.state is State.UNKNOWN  # type: ignore[union-attr]
    assert later.condition is ServiceCondition.DEAD


def test_a_source_of_freezes_that_cannot_be_read_is_found() -> None:
    found = picture(CacheFacts((provider("aws"),), services=(SERVICE,)), frozen=("the ledger is damaged",))
    assert [f.text for f in found.findings] == ["the ledger is damaged"]
