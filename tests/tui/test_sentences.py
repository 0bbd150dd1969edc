"""What is copied stands by itself: value, instant in UTC, environment, and whether it may be believed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.pictures import FROZEN, NOW, OPEN, SATURDAY, TROUBLED, picture, probe, provider, signal
from wedtui.core.evidence import ProviderEvidence
from wedtui.core.picture import CacheFacts, assemble
from wedtui.core.series import probe_signal
from wedtui.tui.board import Board
from wedtui.tui.draw.findings import keyed_findings
from wedtui.tui.draw.sentences import finding_subject, freeze_subject, provider_subject, signal_subject

LATER = NOW + timedelta(seconds=60)
SICK = provider("azure", 15, (probe("a", "x..."), probe("b", "x...")), p95=1240)


def board_of(providers: tuple[ProviderEvidence, ...] = TROUBLED, **more: object) -> Board:
    return Board(NOW, picture(providers), **more)  # type: ignore[arg-type]


def provider_text(board: Board, name: str) -> str:
    assert board.picture
    found = board.picture.provider(name)
    assert found
    return provider_subject(board, found).text


def test_a_provider() -> None:
    text = provider_text(board_of((SICK,)), "azure")
    assert text.startswith("azure DEGRADED score ")
    assert "probes 0/2, " in text
    assert "latency p95 1240 ms" in text
    assert text.endswith(", 2026-06-20 11:59:53 UTC, production")


def test_one_that_is_not_known_any_more_is_not_said_to_be_well() -> None:
    text = provider_text(board_of(), "hetzner")
    assert text.startswith("hetzner UNKNOWN without a score, probes last 1/1, ")
    assert text.endswith("2026-06-20 11:58:30 UTC (STALE, 1 m 35 s old), production")


def test_in_a_picture_that_nobody_judges_any_more_everything_is_old() -> None:
    board = Board(LATER, picture(TROUBLED))
    text = provider_text(board, "azure")
    assert text.startswith("azure UNKNOWN last score 100.0, probes last 1/1, 2026-")
    assert "STALE" in text


def test_a_made_up_world_says_so_wherever_it_is_pasted() -> None:
    assert provider_text(board_of(demo=True), "aws").endswith("production, DEMO, a made-up world")


@pytest.mark.parametrize(
    ("name", "key", "text"),
    [
        ("aws", "latency_p95_ms", "aws latency p95 2400 ms, 2026-06-20 11:59:53 UTC, production"),
        (
            "hetzner",
            "cpu",
            "hetzner cpu last 41.0 %, 2026-06-20 11:57:45 UTC (STALE, 2 m 20 s old), production",
        ),
        (
            "aws",
            probe_signal("rsvp-aws"),
            "aws probe rsvp-aws FAILED: status 503, expected 200, https://rsvp-aws.example.com/healthz, "
            "2026-06-20 12:00:04 UTC, production",
        ),
        (
            "gcp",
            probe_signal("rsvp-gcp"),
            "gcp probe rsvp-gcp passed in 120 ms, https://rsvp-gcp.example.com/healthz, "
            "2026-06-20 12:00:04 UTC, production",
        ),
        (
            "hetzner",
            probe_signal("rsvp-hetzner"),
            "hetzner probe rsvp-hetzner last passed in 120 ms, https://rsvp-hetzner.example.com/healthz, "
            "2026-06-20 11:58:30 UTC (STALE, 1 m 35 s old), production",
        ),
    ],
)
def test_a_signal_or_probe(name: str, key: str, text: str) -> None:
    subject = signal_subject(board_of(), name, key)
    assert subject
    assert subject.text == text


def test_a_signal_without_a_value_says_why() -> None:
    evidence = ProviderEvidence("aws", "probed", 1, signals=(signal("cpu", None, problem="connection refused"),))
    subject = signal_subject(board_of((evidence,)), "aws", "cpu")
    assert subject
    assert subject.text == "aws cpu no value, connection refused, never measured, production"


def test_a_probe_without_a_round() -> None:
    evidence = ProviderEvidence("aws", "probed", 1, probes=(probe("p", ""),))
    world = assemble(CacheFacts((evidence,)), FROZEN, SATURDAY, environment="staging", now=NOW)
    subject = signal_subject(Board(NOW, world), "aws", probe_signal("p"))
    assert subject
    assert subject.text == "aws probe p: no round yet, never measured, staging"


def test_before_the_first_picture_there_is_nothing() -> None:
    assert signal_subject(Board(NOW, None), "aws", "cpu") is None


def test_what_is_gone_gives_nothing() -> None:
    assert signal_subject(board_of(), "nobody", "cpu") is None
    assert signal_subject(board_of(), "aws", "probe gone") is None


def test_a_finding_is_copied_whole() -> None:
    board = board_of()
    key, worst = next(keyed_findings(board))
    assert key == "1 aws"
    text = finding_subject(board, worst).text
    assert text.startswith(f"CRITICAL aws: {worst.text}, 2026-06-20 ")
    assert text.endswith(" UTC, production")


def test_the_freeze_says_its_end_in_utc_and_its_reasons() -> None:
    world = picture(TROUBLED)
    assert freeze_subject(Board(NOW, world), world).text == (
        "production: FROZEN until Mon 06:00 America/New_York (2026-06-22 10:00:00 UTC), "
        "wedding weekend, until Mon 22 Jun 06:00, 2026-06-20 12:00:05 UTC, production"
    )
    world = picture(TROUBLED, freeze=OPEN)
    assert "open until Sat 16:10 Europe/London, freeze in 3 h 10 m (2026-06-20 15:10:05 UTC), wedding weekend, " in (
        freeze_subject(Board(NOW, world), world).text
    )
