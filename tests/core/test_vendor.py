"""What is made of a vendor's own words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wedtui.core.evidence import ProviderEvidence, VendorEvent, VendorEvidence, VendorStatus
from wedtui.core.finding import Severity
from wedtui.core.text import abridged
from wedtui.core.vendor import NAMED, SAID, event_texts, event_words, vendor_findings

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SLOW = VendorEvent("EC2", "eu-west-1", "issue", "AWS_EC2_ISSUE", NOW - 50 * MINUTE, NOW - MINUTE, "API calls fail.")


def provider(*events: VendorEvent, measured_at: datetime = NOW, **more: Any) -> ProviderEvidence:
    vendor = VendorEvidence(VendorStatus.INCIDENT, "aws health", MINUTE, measured_at, events, **more)
    return ProviderEvidence("prod", "aws", 60, vendor=vendor)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (SLOW, "EC2 in eu-west-1: issue since 2026-06-20 11:10 UTC, updated 2026-06-20 11:59 UTC: API calls fail."),
        (
            VendorEvent("IAM", "global", "issue", "AWS_IAM_ISSUE", ours=True),
            "IAM everywhere: issue of this account: AWS_IAM_ISSUE, no description is known",
        ),
    ],
)
def test_an_event_in_one_sentence(event: VendorEvent, words: str) -> None:
    assert event_words(event) == words


def test_each_event_is_a_finding_as_old_as_the_answer() -> None:
    (finding,) = vendor_findings(provider(SLOW), NOW)
    assert (finding.severity, finding.subject, finding.measured_at) == (Severity.WARNING, "prod", NOW)
    assert finding.text == f"aws health says {event_words(SLOW)}"


def test_what_is_old_is_only_what_was_last_known() -> None:
    (finding,) = vendor_findings(provider(SLOW, measured_at=NOW - 10 * MINUTE), NOW)
    assert finding.text.startswith("last known: aws health says EC2 in eu-west-1")


def test_many_events_are_few_findings_and_none_is_left_out_of_the_count() -> None:
    found = list(vendor_findings(provider(*[SLOW] * (NAMED + 2), more=4), NOW))
    assert len(found) == NAMED + 1
    assert found[-1].text == "aws health has 6 more open events"
    vendor = provider(SLOW, more=4).vendor
    assert vendor is not None
    assert event_texts(vendor) == (event_words(SLOW), "and 4 more, which were not read")


def test_a_vendor_that_says_nothing_is_no_finding() -> None:
    assert not list(vendor_findings(provider(), NOW))
    assert not list(vendor_findings(ProviderEvidence("prod", "aws", 60), NOW))


@pytest.mark.parametrize("text", ["word " * 200, "x" * 1000, f"{'x' * 500} end"])
def test_a_long_report_keeps_its_beginning_and_its_end(text: str) -> None:
    short = abridged(text, SAID)
    assert len(short) <= SAID
    assert " … " in short
    assert text.startswith(short[:4])
    assert text.endswith(short[-4:])
    assert abridged("short", SAID) == "short"
