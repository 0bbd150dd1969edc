"""What is said of weddings, without a screen: no number that looks fresh and is not, no 0 where nothing is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pictures import NOW, SECOND, picture
from tests.tui.calendars import (
    BOOKING,
    HOUR,
    NEVER,
    QUESTIONED,
    SATURDAY,
    STALE,
    SUMMER,
    VENUES,
    board,
    booked,
    calendar,
    day_of,
    shown,
    wedding,
)
from wedtui.core.calendar import CalendarFacts, SourceFacts
from wedtui.core.calendar_query import (
    CONFLICT_HINT,
    CONFLICT_NOTE,
    Conflicts,
    ListedWedding,
    WeddingPage,
    WeddingQuery,
)
from wedtui.core.freeze import FreezeFacts, verdict
from wedtui.core.load import NO_STEPS
from wedtui.core.protection import Raise
from wedtui.core.season import Protection
from wedtui.core.services import ServiceCondition
from wedtui.core.wedding import UNITS, Assumed, standard
from wedtui.core.wording import duration
from wedtui.tui.board import Board, Overview, WeddingsTold
from wedtui.tui.draw.freeze import freeze_rows
from wedtui.tui.draw.status import status_lines
from wedtui.tui.draw.wedding_day import axis_line, bar_line, local_days, peak_within, strip_lines
from wedtui.tui.draw.wedding_day import day_of as laid_out
from wedtui.tui.draw.wedding_list import one_rows, page_rows, wedding_subject
from wedtui.tui.draw.wedding_words import belief, compact
from wedtui.tui.draw.weddings import source_rows, wedding_rows, weddings_note
from wedtui.tui.plain.changes import announce
from wedtui.tui.plain.describe import mode_sentence
from wedtui.tui.plain.weddings import protection, weddings
from wedtui.tui.screens.wedding_list import Window, reopened
from wedtui.tui.session import View
from wedtui.tui.spans import length, plain
from wedtui.tui.terminal.abilities import Charset
from wedtui.tui.terminal.charset import translate
from wedtui.tui.wall.weddings import has_page, wedding_strip

LONDON = "Europe/London"
DAY = timedelta(days=1)
FRIDAY = SATURDAY - DAY
FRESH = board(calendar(SUMMER, BOOKING, VENUES))


RISING = board(
    calendar(
        [
            *(
                ListedWedding("booking", wedding(f"A{n}", "UTC", "british", datetime.combine(SATURDAY, time(10)), 15))
                for n in range(5)
            ),
            *(
                ListedWedding(
                    "booking",
                    wedding(f"B{n}", "UTC", "british", datetime.combine(SATURDAY + timedelta(days=1), time(1, 59)), 6),
                )
                for n in range(8)
            ),
        ],
        BOOKING,
    )
)
"""A load of 5, and from 01:59 UTC on of 8: HIGH from four hours before."""


OLD = board(calendar(SUMMER, BOOKING, STALE))


UNREAD = board(calendar((), NEVER))


NONE = board(calendar(()))


HUNG = replace(FRESH, now=NOW + 60 * SECOND)


def line(shown: Board, width: int) -> str:
    return plain(status_lines(shown, width)[1])


def text(shown: Board, width: int = 79) -> str:
    return "\n".join(plain(row.line).rstrip() for row in wedding_rows(shown, None, (width, 60), all_zones=True))


@pytest.mark.parametrize(
    ("shown", "width", "words"),
    [
        (FRESH, 80, " 41 weddings live, MAXIMUM until 23:00 BST  · 4 h peak 62.8 "),
        (FRESH, 80, " WEDDING DAY "),
        (FRESH, 120, " 41 weddings live, MAXIMUM until 23:00 BST  then HIGH · 4 h peak 62.8 "),
        (FRESH, 120, "WEDDING DAY: probes 3 s"),
        (FRESH, 200, "load 57.4 now, 4 h peak 62.8 at 14:00 BST · calendar read 3 h 00 m ago"),
        (FRESH, 200, "WEDDING-DAY MODE: probes 3 s, availability weighs 0.45, else 0.35"),
        (FRESH, 60, " 41 weddings live, MAXIMUM until 23:00 BST "),
        (OLD, 80, " (41 live) STALE 1d, MAXIMUM until Sun 08:00 BST "),
        (OLD, 120, " (41 weddings live) as known 1 d 6 h ago, MAXIMUM until Sun 08:00 BST "),
        (UNREAD, 80, " live weddings unknown, MAXIMUM until Sun 00:00 BST "),
        (NONE, 80, " no wedding calendar, MAXIMUM until Sun 00:00 BST "),
        (HUNG, 120, " (41 weddings live) as known 3 h 01 m ago, MAXIMUM until 23:00 BST "),
        (board(calendar((), BOOKING)), 80, " 0 weddings live, NORMAL until Sat 27 Jun 2026 00:00 BST, then MAXIMUM "),
        (RISING, 80, " 5 weddings live, NORMAL until 22:59 BST, then HIGH "),
        (RISING, 53, " 5 weddings live, NORMAL until 22:59 BST, then HIGH "),
        (RISING, 45, " 5 live, NORMAL until 22:59 BST, then HIGH "),
        (RISING, 30, " 5 live, NORMAL, then HIGH "),
        (RISING, 21, " NORMAL, then HIGH "),
    ],
)
def test_the_line_on_top_says_who_is_live_and_until_when(shown: Board, width: int, words: str) -> None:
    assert words in line(shown, width)


@pytest.mark.parametrize("condition", [ServiceCondition.DEAD, ServiceCondition.STOPPED, ServiceCondition.STUCK])
def test_while_no_service_watches_it_is_not_said_that_anything_probes(condition: ServiceCondition) -> None:
    assert FRESH.picture is not None
    dead = replace(FRESH, picture=replace(FRESH.picture, condition=condition))
    assert "WEDDING DAY: NOTHING PROBES" in line(dead, 80)
    assert "probes 3 s" not in "".join((line(dead, 80), line(dead, 200), text(dead)))
    assert mode_sentence(replace(FRESH.picture, condition=condition)).startswith(
        "Wedding-day mode is on, NOTHING PROBES"
    )


@given(st.integers(8, 220), st.sampled_from((FRESH, OLD, UNREAD, NONE, HUNG)))
def test_the_line_on_top_fills_every_width_and_never_looks_fresher_than_it_is(width: int, shown: Board) -> None:
    said = line(shown, width)
    assert length(status_lines(shown, width)[1]) == width
    if shown is not FRESH:
        assert " 41 weddings live," not in said
        assert " 41 live," not in said
        assert " 0 " not in said
    if width >= 12:
        assert "MAXIMUM" in said


@pytest.mark.parametrize("shown", [UNREAD, NONE])
def test_where_nothing_is_known_there_is_no_number(shown: Board) -> None:
    words = text(shown)
    assert "load" not in words
    assert "today, " not in words
    assert "next 14 days" not in words
    assert not has_page(shown)


def test_what_is_stale_stands_in_brackets() -> None:
    words = text(OLD)
    assert "(41 weddings live) as known 1 d 6 h ago" in words
    assert "(63) at 14:00" in words
    assert "62.8 at 14:00 Africa" not in words
    assert "calendar STALE" not in text(FRESH)
    strip = [plain(each) for each in strip_lines(OLD, calendar(SUMMER).steps, 79, stale=True)]
    assert strip[2].startswith(" (63) (24) (5)  (0)")


def test_a_calendar_that_cannot_be_read_says_how_old_what_is_known_of_it_is() -> None:
    locked = replace(calendar(SUMMER, BOOKING, VENUES), problem="the cache is locked")
    assert plain(weddings_note(board(locked))) == "calendar cannot be read, as known 3 h 00 m ago"
    assert "next 14 days" in text(board(locked))
    assert plain(weddings_note(board(CalendarFacts(problem="the cache is locked")))) == "calendar cannot be read"


def test_a_picture_that_nobody_judges_is_not_believed() -> None:
    assert belief(FRESH).value == "fresh"
    assert belief(HUNG).value == "stale"
    assert "(63) at 14:00" in text(HUNG)


def test_a_day_has_numbers_and_words_beside_its_shade() -> None:
    days = [plain(each) for each in strip_lines(FRESH, calendar(SUMMER).steps, 79, stale=False)]
    assert days[0].startswith(" Sa20 Su21 Mo22")
    assert days[1].startswith(" ████ ▒▒▒▒ ░░░░ ····")
    assert days[2].startswith(" 62.8 24.9 4.6  0")
    assert days[3].startswith(" MAX  HIGH NORM none")
    wide = [plain(each) for each in strip_lines(FRESH, calendar(SUMMER).steps, 199, stale=False)]
    assert "MAXIMUM" in wide[3]


@pytest.mark.parametrize(
    ("units", "room", "words"),
    [
        (0, 3, "0"),
        (1, 4, "<0.1"),
        (1, 3, "<.1"),
        (UNITS * 769 // 10, 4, "76.9"),
        (UNITS * 769 // 10, 3, "77"),
        (UNITS * 6 // 10, 3, "0.6"),
        (UNITS * 25 - 1, 3, "24"),
        (UNITS * 25 - 1, 4, "24.9"),
        (UNITS * 412, 3, "412"),
        (UNITS * 12_345, 4, "12k"),
        (UNITS * 12_345_678, 4, "12M"),
    ],
)
def test_a_load_is_written_as_near_as_its_cells_allow_and_never_as_nothing(units: int, room: int, words: str) -> None:
    assert compact(units, room) == words


def test_loads_that_are_only_remembered_do_not_run_into_each_other() -> None:
    for width in (80, 199):
        old = [plain(each) for each in strip_lines(FRESH, calendar(SUMMER).steps, width, stale=True)]
        assert ")(" not in old[2]


@given(st.integers(1, 10**12), st.integers(3, 9))
def test_a_load_keeps_to_its_cells(units: int, room: int) -> None:
    assert len(compact(units, room)) <= room
    assert compact(units, room) != "0"


@pytest.mark.parametrize(
    ("zone", "now", "hours"),
    [
        ("Europe/London", datetime(2026, 3, 29, 12, tzinfo=UTC), 23),
        ("Europe/London", datetime(2026, 10, 25, 12, tzinfo=UTC), 25),
        ("Australia/Lord_Howe", datetime(2026, 4, 5, 3, tzinfo=UTC), 25),
        ("Asia/Kolkata", NOW, 24),
    ],
)
@pytest.mark.parametrize("width", [60, 79, 119, 199])
def test_a_day_with_a_clock_change_has_all_of_its_hours(zone: str, now: datetime, hours: int, width: int) -> None:
    day = laid_out(now, zone, width)
    assert len(day.hours) == hours
    ((_, start, end),) = local_days(now, zone, 1)
    assert (day.start, day.end) == (start, end)
    assert all(a[1] == b[0] for a, b in zip(day.hours, day.hours[1:], strict=False))
    assert day.place(now) is not None
    assert day.place(end) is None
    assert day.name + hours * day.cells + day.clock + 17 <= max(width, day.name + hours + 17)


@pytest.mark.parametrize("of", [("NEVER",), ("TODAY", "bride", "x")])
def test_a_list_that_never_was_does_not_come_back(of: tuple[str, ...]) -> None:
    assert reopened(View("weddings-list" if len(of) == 1 else "weddings-part", of)) is None


def test_the_line_mode_tells_it_in_sentences() -> None:
    said = weddings(FRESH)
    assert said[0] == "41 weddings live; load 57.4 now, 4 h peak 62.8 at 14:00 BST; calendar 3 hours old."
    assert "Asia/Kolkata: 10 weddings live, load 20, peak of today 20 at 07:30 Europe/London." in said
    assert any(
        each.startswith("Peak load of the next 14 days: Sat 20 Jun 62.8 MAXIMUM, Sun 21 Jun 24.9 HIGH") for each in said
    )
    assert said[-1] == "Source venues: read 3 hours ago, 11 rows."
    assert weddings(FRESH, "london")[1].startswith("Europe/London: 20 weddings live")
    assert weddings(FRESH, "mars")[0].startswith('No wedding is known in a zone that has "mars" in its name; there are')
    assert weddings(OLD)[0].startswith("Live weddings UNKNOWN, last known 41; load 57.4")
    assert all("as last known" in each for each in weddings(OLD)[1:9])
    assert weddings(UNREAD)[0] == "Live weddings UNKNOWN: no source of weddings was ever read."
    assert weddings(NONE) == ("No wedding calendar: it is not known who gets married.",)
    assert weddings(replace(FRESH, picture=None)) == ("UNKNOWN at 12:00:05 UTC: nothing has been read yet.",)


def test_the_line_mode_tells_the_protection_and_what_it_changes() -> None:
    said = protection(FRESH)
    assert said[0].startswith(
        "Protection MAXIMUM until 23:00 BST, then HIGH: by the calendar the load of the next 4 h gets to 62.8"
    )
    assert "Wedding-day mode is on, probes every 3 seconds, availability weighs 0.45 instead of 0.35." in said
    assert any(each.startswith("Until Sat 23:00 Europe/London, Sat 22:00 UTC, in 9 hours 59 minutes") for each in said)


def test_another_level_and_another_end_are_announced() -> None:
    calm = board(calendar(day_of(SATURDAY + timedelta(days=5), 7), BOOKING))
    (rose,) = [each for each in announce(calm, FRESH) if each.startswith("Protection")]
    assert rose.startswith("Protection MAXIMUM until 23:00 BST, then HIGH: ")
    assert "It was NORMAL until 12:00:05 UTC. Wedding-day mode is on, probes every 3 seconds" in rose
    assert "41 weddings live" in rose
    (fell,) = [each for each in announce(FRESH, calm) if each.startswith("Protection")]
    assert "Wedding-day mode is off." in fell
    longer = [
        *SUMMER,
        *(
            ListedWedding(
                "booking", wedding(f"X{n}", "Europe/London", "indian", datetime.combine(SATURDAY, time(18)), 7)
            )
            for n in range(20)
        ),
    ]
    moved = board(calendar(longer, BOOKING, VENUES))
    assert any(
        each.startswith("Protection changed its end: Protection MAXIMUM until") for each in announce(FRESH, moved)
    )
    assert not [each for each in announce(FRESH, FRESH) if "Protection" in each]


@pytest.mark.parametrize(("width", "height"), [(60, 16), (80, 24), (120, 40), (200, 50), (300, 100)])
@pytest.mark.parametrize("shown", [FRESH, OLD, UNREAD, NONE])
def test_the_wall_s_strip_fills_its_width_and_says_the_level(shown: Board, width: int, height: int) -> None:
    lines = wedding_strip(shown, width, height, old=False)
    assert {length(each) for each in lines} == {width}
    said = "\n".join(map(plain, lines))
    assert "MAXIMUM" in said
    assert ("41 weddings live," in said) == (shown is FRESH) or width == 60
    old = wedding_strip(shown, width, height, old=True)
    assert "was MAXIMUM" in plain(old[0])


def test_a_raise_is_shown_with_the_number_that_ends_it_whether_it_decides_or_not() -> None:
    raises = (
        Raise(Protection.MAXIMUM, "royal wedding", "alice", NOW - HOUR, NOW + 2 * HOUR, 12),
        Raise(Protection.HIGH, "a choir", "bob", NOW - HOUR, NOW + 9 * HOUR, 4),
        Raise(Protection.HIGH, "was yesterday", "carol", NOW - 9 * HOUR, NOW, 3),
    )
    words = text(Board(NOW, booked((), (BOOKING,), raises=raises).make(NOW)), 120)
    assert "   raise 12 to MAXIMUM by alice until 15:00 BST: royal wedding\n" in words
    assert "   beside that: raise 4 to HIGH by bob until 22:00 BST: a choir\n" in words
    assert "   a raise is ended early by `wedtui protection lower ID --reason WHY`\n" in words
    assert "carol" not in words
    assert "raise" not in text(FRESH, 120)


def test_every_sentence_goes_by_one_clock_and_what_is_drawn_by_the_first_configured() -> None:
    feast = [
        wedding(f"T-{n}", "Asia/Tokyo", "indian", datetime.combine(SATURDAY, time(22)), 3, guests=3000)
        for n in range(2)
    ]
    early = wedding("L", "Europe/London", "british", datetime.combine(SATURDAY, time(14, 30)), 1)
    picture = booked([ListedWedding("booking", each) for each in (*feast, early)], (BOOKING,)).make(NOW)
    # The freeze has another zone, which changes hands; nothing here goes by it.
    shown = Board(NOW, replace(picture, freeze=replace(picture.freeze, zone="Pacific/Auckland")))
    for width in (79, 119):
        words = text(shown, width)
        (summary, drawn) = words.split("today, Sat 20 Jun, 13:00 by the clock of Europe/London")
        assert "at 14:30 BST" in summary.splitlines()[0], "the bars say 14:30 of the same moment"
        assert "the load of the next 4 h gets to 21 at 14:30 BST" in summary
        assert "HIGH until 17:00 BST" in summary
        assert "(Sun 01:00 Tokyo)" in summary.replace("JST", "Tokyo"), "where the weddings are that decide it"
        assert "21 at 14:30" in drawn
        assert "TWO CLOCKS" not in summary
        ruler = drawn.splitlines()[1].split()
        assert (ruler[0], ruler[-2:]) == ("BST", ["peak,", "BST"])
        assert "next 14 days by the clock of London" in drawn


def test_the_next_wedding_is_said_on_the_clock_of_every_sentence() -> None:
    feast = [
        wedding(f"T-{n}", "Asia/Tokyo", "indian", datetime.combine(SATURDAY, time(22)), 3, guests=3000)
        for n in range(2)
    ]
    shown = board(calendar([ListedWedding("booking", each) for each in feast], BOOKING))
    assert "the next begins 14:00 BST, in 59 m 55 s" in text(shown)


@pytest.mark.parametrize(
    ("zone", "now", "clock"),
    [
        (LONDON, NOW, "BST"),
        (LONDON, datetime(2026, 3, 29, 12, tzinfo=UTC), "GMT/BST"),
        (LONDON, datetime(2026, 10, 25, 12, tzinfo=UTC), "BST/GMT"),
        ("Asia/Kolkata", NOW, "Kolkata"),
        ("America/Argentina/Buenos_Aires", NOW, "Buenos Aires"),
        ("UTC", NOW, "UTC"),
    ],
)
@pytest.mark.parametrize("width", [79, 119])
def test_the_ruler_over_the_bars_says_of_which_clock_its_hours_are(
    zone: str, now: datetime, clock: str, width: int
) -> None:
    day = laid_out(now, zone, width)
    ruler, bars = axis_line(day, now), bar_line(FRESH, day, "all", NO_STEPS, 0, stale=False)
    assert length(ruler) == length(bars)
    assert plain(ruler).startswith(f" {clock} ")
    assert f" peak, {clock}"[:14] in plain(ruler)
    assert (" now " in plain(ruler)) == (width > 100), "over the hour at each place"


@pytest.mark.parametrize(
    ("zone", "begins", "hours", "starts", "ends"),
    [
        # On one day, of which nothing is said twice; also where that is another day than in UTC.
        (
            LONDON,
            datetime.combine(FRIDAY, time(14)),
            9,
            "Fri 2026-06-19 14:00 BST (13:00 UTC)",
            "23:00 BST (22:00 UTC)",
        ),
        (
            "Australia/Sydney",
            datetime.combine(SATURDAY, time(8)),
            4,
            "Sat 2026-06-20 08:00 AEST (Fri 22:00 UTC)",
            "12:00 AEST (02:00 UTC)",
        ),
        # Of more than one both days are said, and each once.
        (
            LONDON,
            datetime.combine(FRIDAY, time(14)),
            34,
            "Fri 2026-06-19 14:00 BST (13:00 UTC)",
            "Sun 2026-06-21 00:00 BST (Sat 23:00 UTC)",
        ),
    ],
)
def test_a_day_is_said_once(zone: str, begins: datetime, hours: int, starts: str, ends: str) -> None:
    listed = ListedWedding("booking", wedding("W", zone, "british", begins, hours))
    rows = [plain(row.line).rstrip() for row in one_rows(FRESH, None, (listed,), 79)]
    assert f" starts       {starts}" in rows
    assert f" ends         {ends}, after {duration(hours * HOUR)}" in rows


def test_an_hour_that_comes_twice_says_which_it_is() -> None:
    night = ListedWedding("booking", wedding("W", LONDON, "british", datetime(2026, 10, 24, 20), 9))  # noqa: DTZ001
    for hour, clock in ((0, "01:45 BST"), (1, "01:45 GMT"), (2, "02:45")):
        shown = board(calendar([night], BOOKING), datetime(2026, 10, 25, hour, 45, tzinfo=UTC))
        assert f"today, Sun 25 Oct, {clock} by the clock of Europe/London" in text(shown)
        rows = [plain(row.line).rstrip() for row in one_rows(shown, None, (night,), 79)]
        assert f" zone         Europe/London, now Sun {clock}" in rows


def test_a_source_that_contradicts_itself_is_said_with_what_to_do() -> None:
    conflicts = {"booking": Conflicts(7, ("A-1", "A-2", "A-3", "A-4", "A-5"))}
    told = Overview(None, (), NOW, conflicts=conflicts)
    rows = [plain(row.line).rstrip() for row in wedding_rows(FRESH, told, (79, 60), all_zones=True)]
    words = " ".join(" ".join(rows).split())
    assert "7 weddings at times that overlap and differ, CONFLICT: each counts in load, the wedding once" in words
    assert "A-1, A-2, A-3, A-4, A-5 and 2 more: look with `wedtui weddings show REF`, and correct the source" in words
    assert "CONFLICT" not in text(FRESH)
    begins = datetime.combine(SATURDAY, time(11))
    one, other = (wedding("A-1", LONDON, "british", begins, hours) for hours in (3, 5))
    both = tuple(ListedWedding("booking", each) for each in (one, other))
    shown = "\n".join(plain(row.line).rstrip() for row in one_rows(FRESH, None, both, 120))
    assert "CONFLICT: booking says times that overlap: each counts in load, the wedding once" in shown
    assert "CONFLICT" not in "\n".join(plain(row.line) for row in one_rows(FRESH, None, both[:1], 120))


@pytest.mark.parametrize("width", [79, 119])
def test_a_list_marks_what_conflicts_in_front_of_its_times_and_says_the_year(width: int) -> None:
    begins = datetime.combine(SATURDAY, time(11))
    found = wedding("LON-0620-000", LONDON, "british", begins, 3)
    odd = ListedWedding("booking", found, ("booking", "venues"))
    far = ListedWedding("booking", replace(found, start=found.start + 365 * DAY, end=found.end + 365 * DAY))
    told = WeddingsTold(WeddingQuery(), WeddingPage((odd, far, replace(odd, conflict=())), None, 3), NOW)
    first, second, third, *notes = [plain(row.line) for row in page_rows(FRESH, told, width)]
    starts = {79: ("Sat 20 11:00", "20 Jun 2027 "), 119: ("Sat 06-20 11:00", "2027-06-20 11:00")}[width]
    assert first.startswith(f" ● 59m left   !{starts[0]} ")
    assert second.startswith(f" in 364d       {starts[1]} ")
    assert third == first.replace("!", " ")
    assert all("LON-0620-000" in each for each in (first, second, third))
    assert " ".join(" ".join(notes).split()) == f"{CONFLICT_NOTE}: {CONFLICT_HINT}"
    subject = wedding_subject(FRESH, odd).text
    assert "CONFLICT: booking and venues say other times: each counts in load, the wedding once" in subject
    assert "CONFLICT" not in wedding_subject(FRESH, far).text


def test_what_is_assumed_is_said_on_the_screen() -> None:
    begins = datetime.combine(SATURDAY, time(11))
    assumed = (Assumed.CULTURE_UNKNOWN, Assumed.GUESTS_NOT_SAID)
    guessed = ListedWedding("booking", wedding("A-1", LONDON, "other", begins, 3, assumed=assumed))
    said = ListedWedding("booking", wedding("A-2", LONDON, "other", begins, 3))
    told = WeddingsTold(WeddingQuery(), WeddingPage((guessed, said), None, 2), NOW)
    first, second, note = [plain(row.line) for row in page_rows(FRESH, told, 100)]
    assert ("?other" in first, "?150" in first, "?1.0" in first) == (True, True, True)
    assert "?" not in second
    assert note.startswith(" ? assumed: ")
    rows = [plain(row.line).rstrip() for row in one_rows(FRESH, None, (guessed,), 100)]
    assert " culture      other (assumed: the source names one that the table of weights does not)" in rows
    assert " guests       150 (assumed: the source does not say)" in rows


def test_windows_are_local_days() -> None:
    assert Window.TODAY.bounds(NOW, "Europe/London") == (
        datetime(2026, 6, 19, 23, tzinfo=UTC),
        datetime(2026, 6, 20, 23, tzinfo=UTC),
    )
    assert Window.ALL.bounds(NOW, "UTC") == (None, None)
    later = Window.AHEAD.bounds(NOW + 54 * SECOND, "UTC")
    assert later == Window.AHEAD.bounds(NOW, "UTC")
    assert later[1] == datetime.combine(date(2026, 7, 4), time(), UTC)


def test_without_weddings_a_world_is_as_it_was() -> None:
    assert "no wedding calendar" in line(Board(NOW, picture()), 80)
    assert NO_STEPS.peak(NOW, NOW + HOUR).load == 0


@pytest.mark.parametrize("sign", "·░▒▓█▁▂▃▄▅▆▇│●")
def test_every_sign_has_a_likeness_in_ascii(sign: str) -> None:
    assert translate(sign, 1, Charset.ASCII, False, "vt100") not in {"?", " "}


def test_the_shades_are_told_apart_in_ascii() -> None:
    assert len({translate(sign, 1, Charset.ASCII, False, "vt100") for sign in "·░▒▓█"}) == 5


def test_what_begins_at_the_end_of_an_hour_belongs_to_the_next() -> None:
    begins = datetime.combine(SATURDAY, time(15))
    steps = calendar([ListedWedding("b", wedding("A", "UTC", "british", begins, 2))], BOOKING).steps
    hours = [
        peak_within(steps, begins.replace(tzinfo=UTC) + n * HOUR, begins.replace(tzinfo=UTC) + (n + 1) * HOUR).load
        for n in (-1, 0, 1, 2)
    ]
    assert hours == [0, UNITS, UNITS, 0]


def test_the_line_of_now_leaves_no_half_of_an_hour() -> None:
    for minutes in range(0, 24 * 60, 10):
        now = datetime(2026, 6, 20, tzinfo=UTC) + timedelta(minutes=minutes)
        for width in (79, 119):
            drawn = plain(axis_line(laid_out(now, "UTC", width), now))
            hours = drawn.replace("│", " ").removeprefix(" UTC").partition(" peak, UTC")[0].split()
            assert all(len(each) == 2 for each in hours if each != "now"), drawn


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_line_on_top_says_that_the_calendar_is_in_question(width: int) -> None:
    shown = board(calendar(SUMMER, QUESTIONED))
    assert " CALENDAR IN QUESTION " in line(shown, width)
    assert "MAXIMUM" in line(shown, width)
    assert "IN QUESTION" not in line(FRESH, width)
    # Nobody else has to look once somebody has.
    accepted = line(board(calendar(SUMMER, replace(QUESTIONED, accepted=True))), width)
    assert " CALENDAR ACCEPTED " in accepted
    assert "IN QUESTION" not in accepted


@pytest.mark.parametrize("width", [80, 120, 160])
@pytest.mark.parametrize("source", [BOOKING, STALE, QUESTIONED], ids=["fresh", "stale", "questioned"])
def test_the_status_line_says_how_high_the_load_gets_from_80_columns_on(width: int, source: SourceFacts) -> None:
    shown = board(calendar(SUMMER, source))
    assert shown.picture is not None
    verdict = shown.picture.protection
    assert verdict.peak is not None
    second = plain(status_lines(shown, width)[1])
    assert length(status_lines(shown, width)[1]) <= width
    if width == 80 and source is not BOOKING:
        # That it may not be so comes before how high it is.
        assert "STALE" in second or "QUESTION" in second or "as known" in second
        return
    peak = f"4 h peak {standard(verdict.peak.load)}"
    assert peak in second or "no higher in the next 4 h" in second
    # A number that is old stands in brackets, wherever it is.
    assert (f"({peak}" in second or "(load " in second) is (source is STALE)


def test_the_screen_of_the_freeze_says_that_a_reading_is_in_question() -> None:
    made = calendar(SUMMER, replace(QUESTIONED, questioned_at=NOW - timedelta(minutes=5)))
    freeze = verdict(FreezeFacts(calendar=made), NOW)
    rows = " ".join(plain(row.line).strip() for row in freeze_rows(Board(NOW, shown(made, freeze=freeze)), 100))
    assert 'the wedding source "venues" is IN QUESTION since 2026-06-20' in rows
    assert "`wedtui weddings accept venues`" in rows
    accepted = calendar(SUMMER, replace(QUESTIONED, accepted=True))
    freeze = verdict(FreezeFacts(calendar=accepted), NOW)
    rows = " ".join(plain(row.line).strip() for row in freeze_rows(Board(NOW, shown(accepted, freeze=freeze)), 100))
    assert "it was accepted: its next good reading is taken" in rows
    assert "weddings accept" not in rows
    calm = verdict(FreezeFacts(calendar=calendar(SUMMER, BOOKING)), NOW)
    assert "QUESTION" not in " ".join(plain(row.line) for row in freeze_rows(Board(NOW, picture(freeze=calm)), 100))


def source_page(source: SourceFacts) -> str:
    return " ".join(
        plain(row.line).strip() for row in source_rows(board(calendar(SUMMER, source)), "venues", None, 100)
    )


def test_the_page_of_a_source_says_what_was_accepted_and_of_which_reading_its_lines_are() -> None:
    bad = replace(QUESTIONED, rejected=2, examples=("line 2: start: expected a time",))
    asks, accepted = source_page(bad), source_page(replace(bad, accepted=True))
    assert "`wedtui weddings accept venues` takes its next reading" in asks
    assert "it was accepted: its next good reading is taken if it loses no more" in accepted
    assert "weddings accept" not in accepted
    assert bad.read_at is not None
    then = f"in its last good reading ({bad.read_at:%Y-%m-%d %H:%M} UTC)"
    assert then in accepted
    assert then not in source_page(replace(bad, questioned=False, problem=None))
