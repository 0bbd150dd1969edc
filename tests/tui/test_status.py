"""The lines on top: what goes first where there is little room."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pictures import FROZEN, NOW, SERVICE, picture, source_of
from tests.tui.driving import driven, make_app, run, screen_text
from wedtui.cli.render import freeze_sentence
from wedtui.core.calendar import CalendarFacts, SourceFacts
from wedtui.core.freeze import (
    DEFAULT_WINDOW,
    LOCKDOWN,
    UNTIL_LIFTED,
    FreezeFacts,
    Origin,
    Period,
    Verdict,
    WallTime,
    verdict,
)
from wedtui.core.override import Override
from wedtui.core.picture import ServiceFacts
from wedtui.core.wording import local_time
from wedtui.tui.board import Board, Stopped
from wedtui.tui.draw.findings import finding_rows, worst_lines
from wedtui.tui.draw.freeze import freeze_rows
from wedtui.tui.draw.sentences import freeze_subject
from wedtui.tui.draw.status import status_lines
from wedtui.tui.plain.describe import freeze_sentence as spoken_freeze
from wedtui.tui.plain.describe import reasons as said_reasons
from wedtui.tui.spans import Role, length, plain
from wedtui.tui.terminal.link import Drawing, LinkReport
from wedtui.tui.wall.strip import bottom, top
from wedtui.tui.wall.strip import freeze_lines as strip_freeze

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


LONG = "Abbey Hall: final guest numbers"
ZONE = "America/Argentina/Buenos_Aires"


@pytest.mark.parametrize(
    ("reasons", "later", "width", "end"),
    [
        ((LONG, "weekend"), (), 120, f"  {LONG}, weekend"),
        ((LONG, "weekend"), (), 97, f"  {LONG} +1 more"),
        # What has room whole stands for the rest; nothing is cut within a word.
        ((LONG, "weekend"), (), 80, "  weekend +1 more"),
        ((LONG,), (), 84, "  Abbey Hall: final guest…"),
        ((LONG,), (), 80, "  Abbey Hall: final…"),
        ((LONG,), (), 62, ""),
        # What begins later is no reason now.
        ((LONG, "weekend"), (LONG,), 80, "  weekend"),
        ((LONG, "weekend"), ("weekend",), 80, "  Abbey Hall: final…"),
        (("wedding weekend", LONG), (), 80, "  wedding weekend +1"),
        ((LONG, "a freeze of everybody"), (), 72, "  2 reasons"),
        ((LONG,), (), 66, "  Abbey…"),
    ],
)
def test_why_it_is_frozen_is_not_cut_within_a_word(
    reasons: tuple[str, ...], later: tuple[str, ...], width: int, end: str
) -> None:
    frozen = replace(FROZEN, reasons=reasons, later=later)
    said = plain(status_lines(Board(NOW, picture(freeze=frozen)), width)[0])
    assert said.rstrip() == f" PRODUCTION  ◆ FROZEN until Mon 06:00 America/New_York {end}".rstrip()


@pytest.mark.parametrize(
    ("reasons", "later", "ended_by", "width", "end"),
    [
        (("a", "b"), (), ("b",), 120, "  b, a"),
        ((LONG, "b"), (), ("b",), 80, "  b +1 more"),
        ((LONG, "b"), (), ("b", LONG), 120, f"  {LONG}, b"),
        # What makes the end begins later: that is said, and it is the last to be cut.
        ((LONG, "weekend"), ("weekend",), ("weekend",), 120, f"  {LONG}, then weekend"),
        (("a sale", LONG, "weekend"), ("weekend",), ("weekend",), 90, "  then weekend +2 more"),
        (("a sale", "weekend"), ("weekend",), ("a sale", "weekend"), 120, "  a sale"),
    ],
)
def test_the_reason_beside_the_end_is_the_one_that_makes_it(
    reasons: tuple[str, ...], later: tuple[str, ...], ended_by: tuple[str, ...], width: int, end: str
) -> None:
    # Where each reason's own times are known, those are said; see `why_words`.
    frozen = replace(FROZEN, reasons=reasons, later=later, ended_by=ended_by, holding=())
    said = plain(status_lines(Board(NOW, picture(freeze=frozen)), width)[0])
    assert said.rstrip() == f" PRODUCTION  ◆ FROZEN until Mon 06:00 America/New_York {end}"


def test_an_end_before_which_weddings_run_out_is_no_end() -> None:
    frozen = replace(FROZEN, reasons=("a",), runs_out=("the weddings in source ...",))
    assert "FROZEN at least until Mon 06:00" in plain(status_lines(Board(NOW, picture(freeze=frozen)), 120)[0])


def test_every_view_is_open_until_weddings_run_out_and_says_so_once() -> None:
    """The weekend that comes a day later is not the next freeze."""
    window = replace(DEFAULT_WINDOW, name="audit", start=WallTime(6, time(13)), zones=("UTC",))
    imported = CalendarFacts((SourceFacts("import", "csv", read_at=NOW - timedelta(hours=22)),))
    found = verdict(FreezeFacts((window,), calendar=imported), NOW)
    [why] = found.next_reasons
    shown = picture(freeze=found)
    board = Board(NOW, shown)
    assert "open until Sat 14:00 UTC, freeze in 2 h 00 m" in plain(status_lines(board, 120)[0])
    assert any("open until Sat 14:00 UTC " in plain(line) for line in top(board, 120, 20, old=False))
    views = (
        [plain(row.line) for row in freeze_rows(board, 70)],
        [plain(line) for line in strip_freeze(board, 70)],
        [freeze_subject(board, shown).text],
        [spoken_freeze(shown, NOW)],
        [freeze_sentence(found)],
    )
    for view in views:
        said = " ".join(" ".join(view).split())
        assert why in said
        assert said.count(why[:30]) == 1
        assert said.count("open until") == 1
        assert "audit" not in said


def test_what_cannot_be_read_is_the_first_reason() -> None:
    silence = 'feed "venue" has never been read, which means frozen'
    frozen = Verdict(True, NOW, reasons=("a", silence), unreadable=(silence,))
    assert silence in plain(status_lines(Board(NOW, picture(freeze=frozen)), 120)[0])
    assert "a +1 more" in plain(status_lines(Board(NOW, picture(freeze=frozen)), 70)[0])


@given(
    width=st.integers(76, 200),
    days=st.integers(1, 40),
    known=st.booleans(),
    reasons=st.lists(st.sampled_from(("weekend", LONG, "weddings: 25 and more")), unique=True),
)
def test_until_when_and_where_are_never_lost(width: int, days: int, known: bool, reasons: list[str]) -> None:
    until = NOW + timedelta(days=days)
    frozen = Verdict(
        True, NOW, NOW, until, ZONE, tuple(sorted(reasons)), known_to=None if known else until - timedelta(hours=1)
    )
    said = plain(status_lines(Board(NOW, picture(freeze=frozen)), width)[0])
    assert f"until {local_time(until, ZONE, NOW).removesuffix(ZONE)}" in said
    assert "Buenos" in said
    assert "Buenos Aires" in said or "Buenos_Aires" in said


LOCKED = Period(
    LOCKDOWN,
    NOW - timedelta(minutes=2),
    UNTIL_LIFTED,
    Origin.PERSON,
    frozenset(),
    frozenset(),
    "by sam: bad release",
    4,
)
ABBEY = Period("Abbey Hall: final guest lists", NOW - timedelta(hours=30), NOW + timedelta(hours=9), Origin.PERSON)


def locked(*, by: str = "sam", silent: tuple[str, ...] = ()) -> Board:
    lockdown = replace(LOCKED, why=f"by {by}: bad release")
    facts = FreezeFacts(periods=(ABBEY, lockdown), unreadable=silent)
    return Board(NOW, picture(freeze=verdict(facts, NOW)))


@pytest.mark.parametrize(
    ("width", "by", "words"),
    [
        (
            120,
            "sam",
            "◆ LOCKDOWN by sam, FROZEN until it is lifted   bad release, Abbey Hall: final guest lists, weekend",
        ),
        (80, "sam", "◆ LOCKDOWN by sam, FROZEN until it is lifted   bad release +2"),
        (60, "sam", "◆ LOCKDOWN by sam, FROZEN until it is lifted"),
        (52, "sam", "◆ LOCKDOWN, FROZEN until it is lifted"),
        (60, "maximiliane.oberhuber", "◆ LOCKDOWN, FROZEN until it is lifted"),
        (34, "sam", "◆ LOCKDOWN by sam"),
        (26, "sam", "◆ LOCKDOWN"),
    ],
)
def test_a_lockdown_is_the_first_word_at_any_width(width: int, by: str, words: str) -> None:
    said = plain(status_lines(locked(by=by), width)[0]).rstrip()
    assert said.startswith(f" PRODUCTION  {words.partition('   ')[0]}")
    assert "bad release" in said or width < 80


def test_what_cannot_be_read_does_not_hide_a_lockdown() -> None:
    board = locked(silent=("what persons froze cannot be known",))
    first = plain(status_lines(board, 80)[0])
    assert first.startswith(" PRODUCTION  ◆ LOCKDOWN by sam, FROZEN until its sources can be read")
    assert board.picture is not None
    said = freeze_sentence(board.picture.freeze)
    assert said.startswith("FROZEN until its sources can be read: LOCKDOWN by sam: bad release; what persons froze")


def test_the_screen_of_the_freeze_says_since_when_it_is_locked_down_by_whom_and_what_ends_it() -> None:
    rows = [plain(row.line) for row in freeze_rows(locked(), 100)]
    at = next(n for n, row in enumerate(rows) if row.startswith("   locked down"))
    assert "Sat 11:58 UTC   2 m 00 s ago" in rows[at]
    assert rows[at + 1].strip() == "by sam: bad release; `wedtui freeze lift 4 --reason WHY` ends it"
    reasons = rows.index(next(row for row in rows if "freezes now" in row))
    assert rows[reasons + 1].strip() == "LOCKDOWN by sam: bad release, until it is lifted (holds longest)"


def test_during_a_lockdown_nothing_that_only_begins_later_is_said_to_freeze_now() -> None:
    far = Period("royal wedding", NOW + timedelta(days=20), NOW + timedelta(days=21), Origin.PERSON)
    found = verdict(FreezeFacts(periods=(far, LOCKED)), NOW)
    assert "royal wedding" in found.reasons
    board = Board(NOW, picture(freeze=found))
    rows = [plain(row.line) for row in freeze_rows(board, 100)]
    assert not any("royal wedding" in row for row in rows)
    assert not any("royal wedding" in plain(line) for line in strip_freeze(board, 100))
    assert said_reasons(found) == ("LOCKDOWN by sam: bad release", "default weekend in every zone")


def test_a_lockdown_is_a_finding() -> None:
    found = [each.text for each in locked().findings]
    end = "`wedtui freeze lift 4 --reason WHY` ends it"
    assert f"LOCKDOWN by sam since Sat 20 Jun 11:58 UTC: bad release; {end}" in found


@pytest.mark.parametrize("width", [80, 120])
def test_the_wall_says_a_lockdown_and_by_whom(width: int) -> None:
    for height in (6, 24, 50):
        said = " ".join(" ".join(plain(line) for line in top(locked(), width, height, old=False)).split())
        assert "LOCKDOWN by sam" in said
    assert any("LOCKDOWN by sam: bad release" in plain(line) for line in strip_freeze(locked(), width))


def test_clocks_go_on_by_the_same_zone_when_a_lockdown_begins() -> None:
    before = FreezeFacts(periods=(ABBEY,), windows=(replace(DEFAULT_WINDOW, zones=("America/New_York",)),))
    boards = [
        Board(NOW, picture(freeze=verdict(facts, NOW))) for facts in (before, replace(before, periods=(ABBEY, LOCKED)))
    ]
    assert [each.zone for each in boards] == ["America/New_York"] * 2
    assert ["New_York" in plain(status_lines(each, 120)[2]) for each in boards] == [True, True]


def test_a_freeze_that_is_only_called_a_lockdown_is_none() -> None:
    called = replace(LOCKED, environments=frozenset({"production"}))
    assert verdict(FreezeFacts(periods=(called,)), NOW).lockdown is None


@pytest.mark.parametrize("width", [80, 100, 120, 200])
@pytest.mark.parametrize("zone", ["Europe/London", ZONE])
def test_an_override_never_reads_as_if_the_whole_freeze_were_off(width: int, zone: str) -> None:
    let = Override("traffic", "mo", "azure is well", NOW, NOW + timedelta(minutes=59, seconds=58))
    frozen = replace(FROZEN, zone=zone, overrides=(let,))
    said = plain(status_lines(Board(NOW, picture(freeze=frozen)), width)[0])
    assert "OVERRIDDEN for traffic" in said or "traffic OVERRIDDEN" in said


LONDON, OREGON, TOKYO = (replace(SERVICE, instance=name, vantage=name) for name in ("london", "oregon", "tokyo"))


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(
    ("services", "words"),
    [
        ((LONDON, OREGON), " ● 2 services running 1 s ago  "),
        # Who was heard longest ago counts: it may have died just now.
        ((LONDON, replace(OREGON, heartbeat_at=NOW - timedelta(seconds=4))), " ● 2 services running 4 s ago  "),
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


@pytest.mark.parametrize("width", [80, 90, 100, 120])
@pytest.mark.parametrize("letters", range(1, 30))
def test_that_automation_is_stopped_is_never_cut(letters: int, width: int) -> None:
    board = Board(NOW, picture(), stopped=Stopped("n" * letters, NOW - timedelta(minutes=12)))
    first = plain(status_lines(board, width)[0])
    assert " AUTOMATION STOPPED " in first
    assert "n…" not in first


def test_every_line_goes_by_the_first_configured_zone_and_the_place_that_ends_it_stands_beside() -> None:
    window = replace(DEFAULT_WINDOW, zones=("Europe/London", "America/New_York"))
    facts = FreezeFacts((window,), (ABBEY,), home="Europe/London")
    shown = Board(NOW, picture(freeze=verdict(facts, NOW)))
    first, _, last = (plain(line) for line in status_lines(shown, 160))
    assert "FROZEN until Mon 11:00 Europe/London" in first
    assert "13:00 Europe/London" in last
    rows = "\n".join(plain(row.line) for row in freeze_rows(shown, 100))
    assert "America/New_York" in rows
    for said in (
        rows,
        "\n".join(plain(line) for line in strip_freeze(shown, 100)),
        freeze_sentence(verdict(facts, NOW)),
    ):
        assert f"{DEFAULT_WINDOW.name}, until Mon 22 Jun 11:00 (06:00 EDT) (holds longest)" in said
        assert f"{ABBEY.name}, until " in said


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_neither_that_nothing_is_automatic_nor_that_it_is_overridden_hides_the_other(width: int) -> None:
    let = Override("traffic", "mo", "azure is well", NOW, NOW + timedelta(minutes=59, seconds=58))
    board = Board(
        NOW, picture(freeze=replace(FROZEN, overrides=(let,))), stopped=Stopped("margaret", NOW - timedelta(minutes=12))
    )
    first = plain(status_lines(board, width)[0])
    assert "AUTOMATION STOPPED" in first
    assert "OVERRIDDEN" in first or "STOPPED, OVERRIDE " in first
