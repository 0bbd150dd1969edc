"""The wall's pages: nothing beyond the screen, everything seen, what is bad always seen, and never green when dead."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.pictures import WELL, picture
from tests.tui.wall.worlds import DEAD, FROZEN, NOW, OPEN, STOPPED, UNREADABLE, board_of, known
from wedtui.core.freeze import Verdict
from wedtui.core.picture import Finding, ServiceFacts, Severity
from wedtui.core.state import State
from wedtui.tui.board import Board
from wedtui.tui.spans import Line, Role, Tile, length, plain
from wedtui.tui.wall.alarm import alarm_of
from wedtui.tui.wall.letters import CLOCKS, FACES, big, largest
from wedtui.tui.wall.pages import LEAST_COLUMNS, LEAST_LINES, Kind, page_at, pages_of, wall_lines
from wedtui.tui.wall.strip import bottom_rows, top
from wedtui.tui.wall.tiles import ALARMING, alarming, worst_first

SECOND = timedelta(seconds=1)
EVERY = 10.0
STATES = st.lists(st.sampled_from(State), max_size=40).map(tuple)
FREEZES = st.sampled_from((FROZEN, OPEN, UNREADABLE))
SERVICES: st.SearchStrategy[ServiceFacts | None] = st.sampled_from((None, DEAD, STOPPED, known(board_of()).service))
WIDTHS, HEIGHTS = st.integers(20, 300), st.integers(5, 100)
# Names that are wide, long, or not drawable in large letters.
NAMES = st.sampled_from(
    ("aws", "a-provider-with-a-name-of-its-own-length", "結婚式場のクラウド", "über_1", "e\u0301\x1b[31m")
)
LOCKED = "the cache cache.db is locked by another process: wait, or stop that process"


def lines_of(board: Board, width: int, height: int) -> tuple[Line, ...]:
    return wall_lines(board, width, height, started=NOW - 5 * SECOND, every=EVERY)


def text_of(board: Board, width: int = 120, height: int = 40) -> str:
    return "\n".join(plain(line) for line in lines_of(board, width, height))


def later(board: Board, span: timedelta) -> Board:
    """Let time pass while the picture is judged anew, so that it is never old."""
    now = board.now + span
    return replace(board, now=now, picture=replace(known(board), at=now))


def cycle(board: Board, width: int, height: int) -> list[tuple[Line, ...]]:
    """Return what a screen shows from now on, until it begins again."""
    above = top(board, width, height, old=False)
    below = bottom_rows(height)
    count = len(pages_of(board, width, height - len(above) - below, below))
    return [lines_of(later(board, i * EVERY * SECOND), width, height) for i in range(count)]


@examples(300)
@given(
    states=STATES,
    freeze=FREEZES,
    service=SERVICES,
    name=NAMES,
    problem=st.booleans(),
    lag=st.sampled_from((0, 5, 600)),
    known_at_all=st.booleans(),
    page=st.integers(0, 9),
    width=WIDTHS,
    height=HEIGHTS,
)
def test_every_size_is_filled_exactly(
    *,
    states: tuple[State, ...],
    freeze: Verdict,
    service: ServiceFacts | None,
    name: str,
    problem: bool,
    lag: int,
    known_at_all: bool,
    page: int,
    width: int,
    height: int,
) -> None:
    names = tuple(f"{name}{i}" for i in range(len(states)))
    board = board_of(*states, freeze=freeze, service=service, names=names)
    board = later(board, page * EVERY * SECOND)
    board = replace(
        board,
        now=board.now + lag * SECOND,
        picture=board.picture if known_at_all else None,
        problem=LOCKED if problem else None,
        problem_since=NOW if problem else None,
        demo=problem,
    )
    lines = lines_of(board, width, height)
    assert len(lines) == height
    assert {length(line) for line in lines} == {width}


@examples(150)
@given(states=STATES.filter(len), freeze=FREEZES, width=st.integers(LEAST_COLUMNS, 300), height=st.integers(16, 100))
def test_every_provider_is_seen_within_one_cycle(
    states: tuple[State, ...], freeze: Verdict, width: int, height: int
) -> None:
    board = board_of(*states, freeze=freeze)
    above = top(board, width, height, old=False)
    below = bottom_rows(height)
    pages = pages_of(board, width, height - len(above) - below, below)
    tiled = [{p.name for p in page.shown} for page in pages]
    assert set().union(*tiled) == {p.name for p in known(board).providers}
    for i, names in enumerate(tiled):
        number = page_at(later(board, i * EVERY * SECOND).now, EVERY, len(pages))
        shown = "\n".join(plain(line) for line in cycle(board, width, height)[i])
        assert all(p.name in shown for p in pages[number].shown), (number, names)


@examples(150)
@given(
    bad=st.lists(st.sampled_from((State.CRITICAL, State.UNKNOWN)), min_size=1, max_size=4),
    others=st.lists(st.sampled_from((State.OK, State.DEGRADED)), max_size=40),
    freeze=FREEZES,
    width=st.integers(LEAST_COLUMNS, 300),
    height=st.integers(LEAST_LINES, 100),
)
def test_what_is_bad_is_on_every_page_and_comes_first(
    bad: list[State], others: list[State], freeze: Verdict, width: int, height: int
) -> None:
    board = board_of(*others, *bad, freeze=freeze)
    above = top(board, width, height, old=False)
    below = bottom_rows(height)
    worst = {p.name for p in known(board).providers if p.health.state in ALARMING}
    for page in pages_of(board, width, height - len(above) - below, below):
        assert {p.name for p in page.shown[: len(bad)]} == worst, page.kind
    for lines in cycle(board, width, height):
        tiles = {look for line in lines for _, look in line}
        assert Role.ALARM in tiles if State.CRITICAL in bad else Tile.UNKNOWN in tiles


def test_where_too_much_is_bad_for_one_page_the_rest_is_counted_and_takes_its_turn() -> None:
    board = board_of(*[State.CRITICAL] * 60)
    screens = ["\n".join(map(plain, lines)) for lines in cycle(board, 80, 24)]
    assert len(screens) > 1
    assert all(any(f"p{i:02d}" in screen for screen in screens) for i in range(60))
    assert all("+" in screen for screen in screens)


@pytest.mark.parametrize(
    ("states", "worst"),
    [
        ((State.OK, State.CRITICAL, State.UNKNOWN, State.DEGRADED), ["p01", "p02", "p03", "p00"]),
        ((State.OK, State.OK), ["p00", "p01"]),
    ],
)
def test_the_worst_come_first(states: tuple[State, ...], worst: list[str]) -> None:
    board = board_of(*states)
    assert [p.name for p in worst_first(board)] == worst
    assert alarming(board) == sum(s in ALARMING for s in states)


def test_pages_turn_with_the_clock_and_stand_still_in_between() -> None:
    assert [page_at(NOW + i * SECOND, 10, 3) for i in range(-5, 30)] == (
        [page_at(NOW, 10, 3)] * 10
        + [(page_at(NOW, 10, 3) + 1) % 3] * 10
        + [(page_at(NOW, 10, 3) + 2) % 3] * 10
        + [page_at(NOW, 10, 3)] * 5
    )
    assert {page_at(NOW + i * SECOND, 10, 1) for i in range(100)} == {0}


def test_where_all_fits_on_one_page_it_stands_still() -> None:
    well = Board(NOW, picture(WELL, freeze=OPEN))
    for width, height in ((80, 24), (120, 40), (200, 50)):
        assert len(cycle(well, width, height)) == 1


def test_a_freeze_and_findings_that_do_not_fit_get_pages_of_their_own() -> None:
    board = board_of(State.OK, State.CRITICAL, State.DEGRADED, freeze=FROZEN)
    kinds = [page.kind for page in pages_of(board, 80, 19, 1)]
    assert kinds == [Kind.PROVIDERS, Kind.FINDINGS, Kind.FREEZE]
    texts = ["\n".join(map(plain, lines)) for lines in cycle(board, 80, 24)]
    assert any("because of wedding weekend" in text for text in texts)
    assert any("what is wrong" in text for text in texts)


def test_nothing_but_the_clock_moves_from_one_second_to_the_next() -> None:
    board = board_of(State.OK, State.CRITICAL, State.UNKNOWN, State.DEGRADED, freeze=FROZEN)
    for width, height in ((80, 24), (120, 40), (200, 50)):
        one, other = (
            lines_of(later(board, 15 * SECOND), width, height),
            lines_of(later(board, 16 * SECOND), width, height),
        )
        moved = [y for y, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        assert moved
        assert max(moved) < len(top(board, width, height, old=False))


CACHE_FINDING = Finding(Severity.CRITICAL, "cache", LOCKED, NOW)


@pytest.mark.parametrize(
    ("board", "word", "since"),
    [
        (board_of(State.OK), None, None),
        (board_of(State.OK, service=DEAD), "SERVICE DEAD", DEAD.heartbeat_at),
        (board_of(State.OK, service=STOPPED), "SERVICE STOPPED", STOPPED.stopped_at),
        (board_of(State.OK, service=None), "NEVER STARTED", None),
        (Board(NOW, picture(WELL, problems=(CACHE_FINDING,))), "CACHE UNREADABLE", NOW - SECOND),
        (replace(board_of(State.OK), problem=LOCKED, problem_since=NOW), "CACHE UNREADABLE", NOW - SECOND),
        (Board(NOW, None, LOCKED, NOW), "CACHE UNREADABLE", None),
        (replace(board_of(State.OK), now=NOW + 4 * SECOND), "READER HANGS", NOW),
        (Board(NOW), None, None),
        (Board(NOW + 60 * SECOND), "NOTHING READ", NOW - 5 * SECOND),
    ],
)
def test_when_nothing_can_be_believed(board: Board, word: str | None, since: datetime | None) -> None:
    alarm = alarm_of(board, NOW - 5 * SECOND)
    assert (alarm.word if alarm else None) == word
    assert (alarm.since if alarm else None) == since


DEATHS = {
    "dead": board_of(*State, service=DEAD),
    "stopped": board_of(*State, service=STOPPED),
    "never": board_of(*State, service=None),
    "unreadable": replace(board_of(*State), problem=LOCKED, problem_since=NOW),
    "lag": replace(board_of(*State), now=NOW + 4 * SECOND),
    "hanging from the start": Board(NOW + 60 * SECOND),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50), (300, 100), (60, 16)])
@pytest.mark.parametrize("death", DEATHS)
def test_a_death_is_huge_and_nothing_is_green(death: str, size: tuple[int, int]) -> None:
    lines = lines_of(DEATHS[death], *size)
    looks = [(look, length([(text, look)])) for line in lines for text, look in line]
    assert not {look for look, _ in looks} & {Role.OK, Tile.OK}
    alarmed = sum(cells for look, cells in looks if look is Role.ALARM)
    assert alarmed > size[0] * size[1] * 0.4
    text = "\n".join(map(plain, lines))
    assert any(big("UPDATED", face)[0] in text for face in FACES)


def test_a_death_says_for_how_long_since_when_and_marks_what_was_known_as_old() -> None:
    text = text_of(board_of(State.OK, State.CRITICAL, service=DEAD))
    assert "since 12:55:53 Europe/London (11:55:53 UTC)" in text
    assert "OLD, last known: p01 was CRITICAL" in text
    face = largest(("FOR 4 M 12 S", "SERVICE DEAD"), 118, 7)
    assert face is not None
    assert big("FOR 4 M 12 S", face)[0] in text


def test_an_old_freeze_is_not_told_as_one_of_now() -> None:
    text = text_of(replace(board_of(State.OK), now=NOW + timedelta(minutes=5)))
    assert "was open 5 m 00 s ago, not" in text
    assert "open until" not in text


def test_what_always_stands_above() -> None:
    board = replace(board_of(State.OK, freeze=FROZEN), demo=True)
    for width, height in ((80, 24), (120, 40), (200, 50)):
        text = text_of(board, width, height)
        for words in ("PRODUCTION", "DEMO", "protection MAXIMUM", "FROZEN until Mon 06:00", "America/New_York", "UTC"):
            assert words in text, (words, width)
        assert any(all(row in text for row in big("08:00:05", face)) for face in CLOCKS), width
        assert not any(plain(line).endswith("…") for line in top(board, width, height, old=False))
    personal = text_of(board_of(State.OK, service=replace(DEAD, mode="personal", heartbeat_at=NOW)))
    assert "PERSONAL" in personal


def test_a_screen_that_is_too_small_says_so_and_still_says_the_worst() -> None:
    text = text_of(board_of(State.OK, State.CRITICAL), 40, 10)
    assert "too small for the wall: 60x16 at least" in text
    assert "p01 CRITICAL" in text
    assert "NOT UPDATED" in text_of(board_of(State.OK, service=DEAD), 40, 10)


def test_no_providers_is_not_well() -> None:
    assert "no providers are configured" in text_of(board_of())
    assert not {look for line in lines_of(board_of(), 80, 24) for _, look in line} & {Role.OK, Tile.OK}
