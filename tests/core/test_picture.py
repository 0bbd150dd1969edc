"""The whole picture: what is wrong, worst first, and never better than it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wedtui.cli.render import picture_json, picture_text
from wedtui.core.evidence import ProbeEvidence, ProbeRound, ProviderEvidence, SignalEvidence
from wedtui.core.freeze import Verdict
from wedtui.core.inventory import ApiFacts, InventoryFacts
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
from wedtui.core.resource import Reach
from wedtui.core.season import Protection
from wedtui.core.state import State
from wedtui.tui.board import Board
from wedtui.tui.draw.detail import detail_rows
from wedtui.tui.draw.findings import finding_rows, worst_lines
from wedtui.tui.draw.providers import provider_row
from wedtui.tui.spans import plain

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


def test_a_provider_that_is_not_known_is_called_unknown_below_a_critical_one_and_above_a_warning() -> None:
    unknown, sick = provider("aws", replace(FAILED, at=NOW - timedelta(hours=1))), provider("gcp", FAILED)
    low = replace(provider("azure"), signals=(replace(signal("cpu", SECOND), value=1.0),))
    found = picture(CacheFacts((low, unknown, sick), services=(SERVICE,))).findings
    severities = [(f.severity, f.subject) for f in found]
    assert severities == [(Severity.CRITICAL, "gcp"), (Severity.UNKNOWN, "aws"), (Severity.WARNING, "azure")]
    assert not any(word in found[1].text for word in ("CRITICAL", "UNKNOWN"))
    assert found[1].measured_at is not None


def test_a_provider_without_probes_and_signals_says_that_its_health_is_not_judged() -> None:
    account = replace(provider("aws"), kind="aws", probes=())
    found = picture(CacheFacts((account,), services=(SERVICE,)))
    assert found.state is State.UNKNOWN
    (finding,) = found.findings
    assert finding.text == "no probe and no signal of health is configured: its health is not judged"


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


MINUTE = timedelta(minutes=1)


def signal(name: str, age: timedelta | None, problem: str | None = None, source: str = "main") -> SignalEvidence:
    """Make a signal that is asked for every 30 s, whose last good value is that old; None: there never was one."""
    at, value = (None, None) if age is None else (NOW - age, 0.001)
    return SignalEvidence(name, f"prometheus {source}", 30 * SECOND, value, at, problem)


@pytest.mark.parametrize(
    ("signals", "found"),
    [
        ((signal("latency_p95_ms", 60 * SECOND),), ()),
        # One attempt that failed is no loss while the last value is fresh.
        ((signal("latency_p95_ms", 60 * SECOND, "no answer"),), ()),
        (
            (signal("latency_p95_ms", 61 * SECOND),),
            (
                (
                    61 * SECOND,
                    "latency_p95_ms from prometheus main is UNKNOWN: no new value came, the last one is too old",
                ),
            ),
        ),
        # What no score is made from as well.
        (
            (signal("requests", 5 * MINUTE, "the query gave no value"),),
            ((5 * MINUTE, "requests from prometheus main is UNKNOWN: the query gave no value"),),
        ),
        (
            (signal("latency_p95_ms", None),),
            ((None, "latency_p95_ms from prometheus main is UNKNOWN: no value ever came"),),
        ),
        # Without an age it says why it has none.
        (
            (signal("cpu", None, "the query was refused"),),
            ((None, "cpu from prometheus main is UNKNOWN: the query was refused; no value ever came"),),
        ),
        (
            (signal("cpu", -3 * SECOND),),
            (
                (
                    -3 * SECOND,
                    "cpu from prometheus main is UNKNOWN: its last value is of a time that is yet to come",
                ),
            ),
        ),
        # Those of one source together, as old as the oldest; another source apart.
        (
            (
                signal("latency_p95_ms", 2 * MINUTE),
                signal("error_rate", 3 * MINUTE, "refused"),
                signal("cpu", 4 * MINUTE, source="other"),
                signal("memory", SECOND),
            ),
            (
                (3 * MINUTE, "latency_p95_ms and error_rate from prometheus main are UNKNOWN: refused"),
                (
                    4 * MINUTE,
                    "cpu from prometheus other is UNKNOWN: no new value came, the last one is too old",
                ),
            ),
        ),
    ],
)
def test_a_configured_signal_without_a_fresh_value_is_found_with_its_age(
    signals: tuple[SignalEvidence, ...], found: tuple[tuple[timedelta | None, str], ...]
) -> None:
    facts = CacheFacts((replace(provider("aws"), signals=signals),), services=(SERVICE,))
    seen = [f for f in picture(facts).findings if "UNKNOWN" in f.text]
    assert {(f.severity, f.subject) for f in seen} <= {(Severity.WARNING, "aws")}
    assert [(None if f.measured_at is None else NOW - f.measured_at, f.text) for f in seen] == list(found)


def test_of_a_provider_of_which_nothing_is_known_its_signals_are_not_said_as_well() -> None:
    facts = CacheFacts((replace(provider("aws"), signals=(signal("cpu", MINUTE),)),), services=(SERVICE,))
    (finding,) = picture(facts, at=NOW + 60 * MINUTE).findings[1:]
    assert (finding.severity, finding.subject) == (Severity.UNKNOWN, "aws")


def test_the_same_facts_grow_old() -> None:
    facts = CacheFacts((provider("aws"),), services=(SERVICE,))
    assert picture(facts).provider("aws").health.state is not State.UNKNOWN  # type: ignore[union-attr]
    later = picture(facts, at=NOW + timedelta(minutes=1))
    assert later.provider("aws").health.state is State.UNKNOWN  # type: ignore[union-attr]
    assert later.condition is ServiceCondition.DEAD


def test_a_source_of_freezes_that_cannot_be_read_is_found() -> None:
    found = picture(CacheFacts((provider("aws"),), services=(SERVICE,)), frozen=("the ledger is damaged",))
    assert [f.text for f in found.findings] == ["the ledger is damaged"]


def test_what_a_score_lacks_stands_beside_it_and_nothing_looks_better_than_it_is() -> None:
    asked = ApiFacts("aws", "eu-west-1", "ec2", 60 * SECOND, NOW - SECOND, None, Reach.DENIED)
    shown = picture(CacheFacts((provider("aws"),), services=(SERVICE,), inventory=InventoryFacts((asked,))))
    (aws,) = shown.providers
    assert (aws.health.score, aws.score_words) == (100.0, "100.0?")
    assert aws.lacks == ("its account does not answer: denied",)
    board = Board(NOW, shown)
    assert "100.0?" in plain(provider_row(board, aws, 160).line)
    assert "its account does not answer: denied" in plain(provider_row(board, aws, 160).line)
    assert "score 100.0?" in plain(detail_rows(board, "aws", 100)[0].line)
    assert "  100?" in picture_text(shown)
    told = picture_json(shown)["providers"][0]
    assert (told["account"], told["missing"], told["known_weight"]) == (aws.account, [], 0.75)


def test_every_finding_has_an_age_or_says_that_nothing_was_ever_measured() -> None:
    tried = NOW - 4 * SECOND
    server = PrometheusFacts("main", "http://h", 30 * SECOND, problem="connection refused", attempted_at=tried)
    signal = SignalEvidence("cpu", "prometheus main", 30 * SECOND, problem="connection refused", attempted_at=tried)
    lost = provider("aws")
    shown = picture(
        CacheFacts(
            (
                replace(lost, signals=(signal,)),
                ProviderEvidence("gcp", "probed", 50, probes=(ProbeEvidence("rsvp-gcp", 3 * SECOND, ()),)),
            ),
            prometheus=(server,),
        )
    )
    ages = {(f.subject, f.text): f.age_words(NOW) for f in shown.findings}
    assert ages["main", "connection refused; it never answered"] == "4 s old"
    assert ages["aws", "cpu from prometheus main is UNKNOWN: connection refused; no value ever came"] == "4 s old"
    assert {words for (subject, _), words in ages.items() if subject == "gcp"} == {"never measured"}
    assert {words for (subject, _), words in ages.items() if subject == "service"} == {"0 s old"}
    board = Board(NOW, shown)
    bottom = [plain(line) for line in worst_lines(board, 120, 20)]
    listed = [plain(row.line) for row in finding_rows(board, 120) if row.key]
    status = picture_text(shown).partition("findings\n")[2].splitlines()
    for lines in (bottom, listed):
        assert len(lines) == len(shown.findings)
        assert all(" old" in line or "never measured" in line for line in lines)
    assert len(status) == len(shown.findings)
    assert all(line.endswith((" ago)", "(never measured)")) for line in status)
