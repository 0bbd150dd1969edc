"""Shares that somebody else changed are said, with what was written here, what is configured, and since when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.core.emergency import NOW, SECOND, places, reading
from tests.core.test_picture import picture
from wedtui.core.evidence import ProviderEvidence
from wedtui.core.finding import Finding, Severity
from wedtui.core.picture import CacheFacts
from wedtui.core.share_findings import share_findings
from wedtui.core.traffic_facts import TrafficFacts, Written

WEIGHTS = {"aws": 60, "gcp": 40}
CONFIGURED, MOVED, OTHER = WEIGHTS, {"aws": 0, "gcp": 100}, {"aws": 30, "gcp": 70}
WRITTEN = Written(places(MOVED), 8, NOW - timedelta(minutes=5), 6, "failover aws by ada")


def facts(shares: dict[str, int], written: Written | None, *, generation: int = 8, age: int = 4) -> TrafficFacts:
    read = reading(shares, at=NOW - age * SECOND, generation=generation)
    since = NOW - timedelta(minutes=2)
    return TrafficFacts("www.example.com.", "route53", 30 * SECOND, read, read.read_at, None, since, written)


def one(known: TrafficFacts) -> Finding:
    (found,) = share_findings(known, WEIGHTS, NOW)
    assert found.measured_at == known.reading.read_at if known.reading else False
    return found


def test_what_somebody_else_changed_is_a_warning() -> None:
    found = one(facts(CONFIGURED, WRITTEN))
    assert found.severity is Severity.WARNING
    assert "differ from what wedtui wrote last (action 6, failover aws by ada, 2026-06-20 13:57:00 UTC)" in found.text
    assert "aws 60 % instead of 0 %, gcp 40 % instead of 100 %; they are as configured" in found.text
    assert "somebody else changed them, seen since 2026-06-20 14:00:00 UTC" in found.text
    assert "`wedtui traffic show --sample 100`" in found.text
    assert "`wedtui failback run --to configured --reason WHY`" in found.text
    found = one(facts(OTHER, WRITTEN, generation=9))
    assert "gcp 70 % instead of 100 % (generation 9, here it is 8); of the configured ones aws 30 %" in found.text
    assert "aws OFF instead of 60 %" in one(facts({"gcp": 100}, None)).text


def test_what_was_written_here_and_is_not_as_configured_is_a_note() -> None:
    found = one(facts(MOVED, WRITTEN))
    assert found.severity is Severity.NOTE
    assert "differ from the configured ones, as wedtui wrote them (action 6" in found.text
    assert "aws 0 % instead of 60 %" in found.text


def test_where_nothing_was_ever_written_here_it_is_a_warning() -> None:
    found = one(facts(MOVED, None))
    assert found.severity is Severity.WARNING
    assert "no change of wedtui is on record" in found.text


@pytest.mark.parametrize(
    "known",
    [
        None,
        facts(CONFIGURED, None),
        facts(MOVED, replace(WRITTEN, shares=places(CONFIGURED)), age=400),
        facts(CONFIGURED, replace(WRITTEN, shares=places(CONFIGURED))),
        facts(CONFIGURED, replace(WRITTEN, at=None)),
        facts(CONFIGURED, replace(WRITTEN, at=NOW)),
        facts(CONFIGURED, replace(WRITTEN, at=NOW - 9 * SECOND), generation=7),
    ],
)
def test_nothing_is_said_of_what_is_as_it_should_be_unknown_or_under_way(known: TrafficFacts | None) -> None:
    assert share_findings(known, WEIGHTS, NOW) == ()


def test_an_old_generation_is_not_excused_for_long() -> None:
    assert share_findings(facts(CONFIGURED, replace(WRITTEN, at=NOW - 20 * SECOND), generation=7), WEIGHTS, NOW)


def test_it_stands_among_the_findings() -> None:
    evidence = tuple(ProviderEvidence(name, "probed", weight) for name, weight in WEIGHTS.items())
    seen = picture(CacheFacts(evidence, traffic=facts(CONFIGURED, WRITTEN)), at=NOW)
    assert [f.severity for f in seen.findings if f.subject == "traffic"] == [Severity.WARNING]


def test_weights_that_do_not_make_the_whole_are_no_shares_to_differ_from() -> None:
    assert share_findings(facts(MOVED, None), {"aws": 0, "gcp": 0}, NOW) == ()
    (found,) = share_findings(facts(CONFIGURED, WRITTEN), {"aws": 0, "gcp": 0}, NOW)
    assert "configured;" not in found.text
