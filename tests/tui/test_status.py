"""The lines on top: what goes first where there is little room."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pictures import NOW, SERVICE, picture, source_of
from tests.tui.driving import driven, make_app, run, screen_text
from wedtui.core.picture import ServiceFacts
from wedtui.tui.board import Board
from wedtui.tui.draw.findings import finding_rows, worst_lines
from wedtui.tui.draw.status import status_lines
from wedtui.tui.spans import Role, length, plain
from wedtui.tui.terminal.link import Drawing, LinkReport
from wedtui.tui.wall.strip import bottom, top

SLOW = LinkReport(delay=2.5, queued=40_000, drawing=Drawing.LEAN)
SERVICES = (SERVICE, None, replace(SERVICE, heartbeat_at=NOW - timedelta(minutes=9)), replace(SERVICE, stopped_at=NOW))


@given(
    width=st.integers(8, 200),
    service=st.sampled_from(SERVICES),
    link=st.sampled_from((None, SLOW)),
    lag=st.sampled_from((0, 900)),
    problem=st.sampled_from((None, "locked")),
)
def test_that_data_are_not_real_is_the_last_to_go(
    width: int, service: ServiceFacts | None, link: LinkReport | None, lag: int, problem: str | None
) -> None:
    shown = picture(service=service)
    board = Board(NOW + timedelta(seconds=lag), shown, problem, NOW if problem else None, demo=True, link=link)
    for line in status_lines(board, width):
        assert length(line) == width
    assert "DEMO" in plain(status_lines(board, width)[-1])


@pytest.mark.parametrize("width", [60, 64, 70])
def test_whose_data_they_are_is_told_before_the_clock_is(width: int) -> None:
    board = Board(NOW, picture(service=replace(SERVICE, mode="personal")), link=SLOW)
    assert " PERSONAL " in plain(status_lines(board, width)[-1])


@pytest.mark.parametrize("width", range(20, 120, 4))
@pytest.mark.parametrize("height", [6, 24, 50])
def test_the_wall_of_a_made_up_world_says_so_at_any_width(width: int, height: int) -> None:
    for lines in (
        top(Board(NOW, picture(), demo=True), width, height, old=False),
        top(Board(NOW, demo=True), width, height, old=False),
    ):
        assert any("DEMO" in plain(each) for each in lines)


LONDON, OREGON, TOKYO = (replace(SERVICE, instance=name, vantage=name) for name in ("london", "oregon", "tokyo"))


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(
    ("services", "words"),
    [
        ((LONDON, OREGON), " ● 2 services running 1 s ago  "),
        # Somebody stopped it: no outage, but said for as long as it is so.
        (
            (LONDON, replace(OREGON, stopped_at=NOW - timedelta(minutes=2))),
            " ● service running 1 s ago · oregon stopped 11:58 UTC  ",
        ),
        (
            (LONDON, TOKYO, replace(OREGON, stopped_at=NOW - timedelta(hours=13))),
            " ● 2 services running 1 s ago · oregon stopped Fri 23:00 UTC  ",
        ),
        (
            (
                LONDON,
                replace(TOKYO, stopped_at=NOW - timedelta(minutes=1)),
                replace(OREGON, stopped_at=NOW - timedelta(hours=1)),
            ),
            " ● service running 1 s ago · 2 others stopped, last 11:59 UTC",
        ),
        (
            (LONDON, replace(OREGON, stopped_at=NOW - timedelta(days=7))),
            " ● service running 1 s ago · oregon stopped 13 Jun 12:00 UTC  ",
        ),
        # One that died is an outage of it, and not a stop.
        (
            (LONDON, replace(OREGON, heartbeat_at=NOW - timedelta(minutes=2))),
            " ▲ 1 of 2 services running  1 s ago  ",
        ),
    ],
)
def test_one_of_several_services_that_was_stopped_is_said_and_is_no_outage(
    services: tuple[ServiceFacts, ...], words: str, width: int
) -> None:
    services = tuple(
        replace(s, heartbeat_at=NOW - timedelta(seconds=1)) if s.heartbeat_at == SERVICE.heartbeat_at else s
        for s in services
    )
    line = status_lines(Board(NOW, picture(services=services)), width)[-1]
    assert plain(line).startswith(words.rstrip())
    assert "UTC" in plain(line).removeprefix(words)
    alarm = any(role is Role.ALARM for _, role in line)
    assert not alarm


def test_where_no_service_ever_stored_anything_nothing_is_said_to_be_configured() -> None:
    shown = replace(picture((), service=None), findings=())
    (line,) = worst_lines(Board(NOW, shown), 80, 3)
    assert plain(line) == " nothing is known yet: no service has stored anything here"
    (row,) = finding_rows(Board(NOW, shown), 80)
    assert plain(row.line) == plain(line)
    (other,) = worst_lines(Board(NOW, replace(picture(()), findings=())), 80, 3)
    assert "no providers configured" in plain(other)


def test_while_the_cache_cannot_be_read_nothing_is_said_to_be_configured() -> None:
    unread = picture((), service=None, unread=True)
    (line,) = worst_lines(Board(NOW, replace(unread, findings=())), 80, 3)
    assert plain(line) == " nothing can be said of any provider: the cache cannot be read"
    assert "no providers are configured" not in "\n".join(map(plain, bottom(Board(NOW, unread), 80, 8, "")))

    async def walk() -> None:
        source = source_of((), service=None)
        source.make = lambda now: picture((), service=None, unread=True, now=now)
        app = make_app(source)
        async with driven(app):
            text = screen_text(app)
            assert "nothing can be said of any provider: the cache cannot be read" in text
            assert "no providers configured" not in text

    run(walk())


def test_the_dashboard_of_a_service_that_never_ran_says_so() -> None:
    async def walk() -> None:
        app = make_app(source_of((), service=None))
        async with driven(app):
            text = screen_text(app)
            assert "SERVICE NEVER STARTED" in text
            assert "nothing is known yet: no service has stored anything here" in text
            assert "no providers configured" not in text

    run(walk())
