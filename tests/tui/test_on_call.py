"""Who is on call: on the dashboard, over the list of alerts, on the wall and in lines; a hole and UNKNOWN marked."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.pictures import NOW, FakeSource
from tests.tui.alerting import ADA, HOLE, MANY, MO, alarmed
from tests.tui.driving import driven, make_app, press, run, screen_text, settled
from wedtui.core.oncall.standing import OnCallNow
from wedtui.tui.board import Board
from wedtui.tui.draw.on_call import on_call_line
from wedtui.tui.plain.alerts import alerts as spoken_alerts
from wedtui.tui.plain.answers import status as spoken_status
from wedtui.tui.plain.changes import Rank, changes
from wedtui.tui.spans import Role, plain
from wedtui.tui.wall.pages import wall_lines
from wedtui.tui.wall.strip import top

SIZES = [(80, 24), (120, 40)]
UNREAD = "rosters/a.toml:1: expected a table"


def board(source: FakeSource, later: timedelta = timedelta()) -> Board:
    return Board(NOW + later, source.picture(NOW))


def titles(source: FakeSource, size: tuple[int, int]) -> tuple[str, list[str]]:
    """Return the title of the dashboard's table, and the screen of alerts."""
    found: list[str] = []

    async def look() -> None:
        app = make_app(source)
        async with driven(app, size) as pilot:
            await settled(pilot)
            found.append(screen_text(app))
            await press(pilot, "exclamation_mark")
            await settled(pilot)
            found.append(screen_text(app))

    run(look())
    first = next(line for line in found[0].splitlines() if "providers ─" in line)
    return first, found[1].splitlines()


@pytest.mark.parametrize("size", SIZES)
def test_the_dashboard_and_the_list_say_who_has_it_until_when_and_who_follows(size: tuple[int, int]) -> None:
    title, listed = titles(alarmed(*MANY, oncall=(ADA,)), size)
    assert "─ on call ada until Sun 05:00 EDT, then grace" in title
    assert re.search(r"^ on call ada until Sun 05:00 EDT, then grace · read \d s ago", listed[4])
    assert "STATE" in listed[5]


@pytest.mark.parametrize("size", SIZES)
def test_a_hole_is_marked_and_comes_first(size: tuple[int, int]) -> None:
    title, listed = titles(alarmed(*MANY, oncall=(ADA, HOLE)), size)
    assert "─ ▲ on call " in title
    assert (
        title.index("NOBODY") < title.index("ada")
        if "ada" in title
        else "NOBODY until 09:00 EDT, then grace +1" in title
    )
    assert listed[4].startswith(" ▲ on call ")


@pytest.mark.parametrize("size", SIZES)
def test_rosters_that_cannot_be_read_are_unknown(size: tuple[int, int]) -> None:
    title, listed = titles(alarmed(*MANY, oncall=(ADA,), unread=UNREAD), size)
    assert "─ ? on call UNKNOWN, ada as of 5 m 0" in title
    assert listed[4].startswith(" ? on call UNKNOWN, ada as of 5 m 0")


def test_without_a_roster_the_list_keeps_its_line() -> None:
    title, listed = titles(alarmed(*MANY), (80, 24))
    assert "on call" not in title
    assert "STATE" in listed[4]


def test_a_picture_that_nobody_judges_any_more_says_nothing_of_now() -> None:
    known = board(alarmed(oncall=(ADA,)))
    ((words, role),) = on_call_line(known, 40)
    assert (words, role) == ("on call ada until Sun 05:00 EDT", Role.TEXT)
    old = board(alarmed(oncall=(ADA,)), timedelta(seconds=10))
    assert on_call_line(old, 60) == (("? on call UNKNOWN, ada as of 14 s ago", Role.UNKNOWN),)


@pytest.mark.parametrize(("room", "words"), [(60, "on call mo · read 4 s ago"), (12, "on call mo"), (9, "")])
def test_it_takes_only_the_room_that_there_is(room: int, words: str) -> None:
    assert plain(on_call_line(board(alarmed(oncall=(MO,))), room)) == words


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40), (200, 50)])
@pytest.mark.parametrize("rosters", [(ADA,), (ADA, HOLE)])
def test_the_wall_says_it_once_and_keeps_its_width(size: tuple[int, int], rosters: tuple[OnCallNow, ...]) -> None:
    here = board(alarmed(*MANY, oncall=rosters))
    shown = [plain(line) for line in top(here, *size, old=False)]
    (said,) = [line for line in shown if "on call" in line]
    assert f"on call {'ada' if len(rosters) == 1 else 'NOBODY'}" in said or "secondary NOBODY" in said
    assert {len(line) for line in shown} == {size[0]}
    assert len(wall_lines(here, *size, started=NOW)) == size[1]


def test_the_lines_say_it_in_a_sentence() -> None:
    here = board(alarmed(*MANY, oncall=(ADA, HOLE)))
    said = "On call secondary NOBODY until 09:00 EDT, then grace; primary ada until Sun 05:00 EDT, then grace"
    said += " · read 4 s ago."
    assert said in spoken_alerts(here)
    assert said in spoken_status(here)
    assert not any("n call" in line for line in spoken_status(board(alarmed(*MANY))))


def said(before: FakeSource, after: FakeSource) -> list[tuple[Rank, str]]:
    """Return what lines say of who is on call between two pictures."""
    return [(each.rank, each.text) for each in changes(board(before), board(after)) if each.key == "on call"]


def test_a_hand_over_is_said_in_lines_and_that_its_end_moved_is_not() -> None:
    before, grace = alarmed(oncall=(ADA,)), replace(ADA, contacts=("grace",), next_contacts=("ada",))
    ((rank, text),) = said(before, alarmed(oncall=(grace,)))
    assert rank is Rank.NOTE
    assert text.startswith("On call grace until")
    assert said(before, alarmed(oncall=(replace(ADA, until=None),))) == []


def test_that_nobody_has_it_is_a_warning_in_lines_and_that_it_is_not_known_is_unknown() -> None:
    ((rank, text),) = said(alarmed(oncall=(ADA,)), alarmed(oncall=(HOLE,)))
    assert rank is Rank.WARNING
    assert "NOBODY" in text
    ((rank, text),) = said(alarmed(oncall=(ADA,)), alarmed(oncall=(ADA,), unread=UNREAD))
    assert rank is Rank.UNKNOWN
    assert "UNKNOWN" in text
    assert said(alarmed(oncall=(ADA,)), alarmed()) == [(Rank.NOTE, "No roster says any more who is on call.")]
