"""Alerts on the wall: on a low screen in the place of the findings, else always beside them."""

from __future__ import annotations

import pytest

from tests.pictures import NOW, FakeSource
from tests.tui.alerting import MINUTE, SILENT, WARNING, alarmed, alert
from wedtui.tui.board import Board
from wedtui.tui.spans import plain
from wedtui.tui.wall.strip import alert_rows, bottom

ERRORS = alert()


def below(source: FakeSource, rows: int) -> list[str]:
    board = Board(NOW, picture=source.make(NOW))
    lines = [plain(line) for line in bottom(board, 120, rows, "1/2")]
    assert len(lines) == rows
    assert all(len(line) == 120 for line in lines)
    assert "1/2" in lines[-1]
    return lines


def test_a_low_screen_says_what_fires_in_place_of_a_finding_and_nothing_of_the_rest() -> None:
    assert "FIRES  errors provider=aws" in below(alarmed(ERRORS), 1)[0]
    for source in (alarmed(), alarmed(WARNING), alarmed(known=False), alarmed(ERRORS, judged=2 * MINUTE)):
        assert below(source, 1)[0].startswith(" ■ aws  rsvp-aws status 503")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (alarmed(), " ● no rule fires, judged 3 s ago"),
        (alarmed(known=False), " ? ALERTS UNKNOWN: no service has judged the rules"),
        (alarmed(ERRORS, judged=2 * MINUTE), " ? ALERTS UNKNOWN: judged 2 m 00 s ago"),
        (alarmed(ERRORS), " ■ FIRES  errors provider=aws"),
    ],
)
def test_a_higher_one_says_how_it_stands_before_the_findings(source: FakeSource, words: str) -> None:
    first, second, _ = below(source, 3)
    assert first.startswith(words)
    assert second.startswith(" ■ aws")


def test_where_there_is_room_two_that_fire_are_said() -> None:
    first, second, third, *_ = below(alarmed(ERRORS, SILENT), 5)
    assert "2 FIRE  down provider=hetzner" in first
    assert second.startswith(" ■ errors provider=aws")
    assert third.startswith(" ■ aws")


def test_nothing_is_said_before_anything_was_read() -> None:
    assert alert_rows(Board(NOW), 3) == 0
