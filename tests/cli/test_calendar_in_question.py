"""While a reading of weddings is in question every command says so, which weddings it is about, and what settles it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.cli.base import WEDNESDAY, Machine, machine, on_both
from tests.tui.calendars import HOUR
from wedtui.cli.wedding_words import source_lines
from wedtui.core.calendar import CalendarFacts, SourceFacts
from wedtui.core.calendar_query import SourceDetails
from wedtui.core.freeze import FreezeFacts, Scope, verdict

__all__ = ["machine"]

HEADER = "reference,venue,venue_kind,zone,start,end,culture,guests\n"
KEPT = "w0,Hall,barn,Europe/London,2026-07-25T12:00,2026-07-25T20:00,british,150\n"
MOVED = "w1,Hall,barn,Europe/London,2026-07-26T12:00,2026-07-26T20:00,british,150\n"
IN_QUESTION = 'the wedding source "import" is IN QUESTION since 2026-07-22 12:00 UTC: it lost '
ACCEPTS = "`wedtui weddings accept import`"


def write(machine: Machine, *lines: str) -> str:
    path = machine.folder / "w.csv"
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return str(path)


@pytest.fixture
def doubted(machine: Machine) -> Machine:
    """Of 14 weddings that were imported by hand two are left, and one of them is on another day."""
    every = [KEPT.replace("w0", f"w{number}") for number in range(14)]
    machine.now = WEDNESDAY - timedelta(hours=1)
    assert machine.run("weddings", "import", write(machine, *every)).code == 0
    machine.now = WEDNESDAY
    answer = machine.run("weddings", "import", write(machine, KEPT, MOVED))
    assert answer.code == 1
    assert "a person decides: `wedtui weddings sources` says which" in answer.out
    return machine


@on_both
def test_every_command_says_that_a_reading_is_in_question_and_what_settles_it(doubted: Machine) -> None:
    gate = doubted.run("gate")
    assert (gate.code, gate.out.startswith("allowed: production is open")) == (0, True)
    said = [
        ("gate",),
        ("freeze", "status"),
        ("freeze", "calendar"),
        ("weddings", "list"),
        ("weddings", "upcoming"),
        ("weddings", "load", "--to", "+7d"),
        ("doctor",),
        ("protection",),
    ]
    for command in said:
        answer = doubted.run(*command)
        assert IN_QUESTION in answer.out, command
        assert ACCEPTS in answer.out, command
    # A program reads it as well, and what it lists stays a list.
    for command in (("gate",), ("freeze", "status")):
        (doubt,) = doubted.run(*command, "--json").json["doubts"]
        assert doubt.startswith(IN_QUESTION)
    stretches = doubted.run("freeze", "calendar", "--format", "json")
    assert isinstance(stretches.json, list)
    assert IN_QUESTION in stretches.err
    for command in (("weddings", "list"), ("weddings", "upcoming"), ("weddings", "load")):
        found = doubted.run(*command, "--json").json
        assert (found["calendar"], len(found["doubts"])) == ("questioned", 1)
        assert "the calendar is IN QUESTION, last read well 1 h 00 m ago" in doubted.run(*command).out
    assert doubted.run("protection", "--json").json["weddings"]["calendar"] == "questioned"
    # Once it is taken nothing is in question any more.
    assert doubted.run("weddings", "accept", "import", "--yes").code == 0
    for command in said:
        out = doubted.run(*command).out
        assert IN_QUESTION in out, command
        assert "it was accepted: import the file again, and it is taken if it loses no more" in out, command
        assert "weddings accept" not in out, command
    assert doubted.run("weddings", "import", write(doubted, KEPT, MOVED)).code == 0
    for command in said:
        assert "IN QUESTION" not in doubted.run(*command).out, command
    assert doubted.run("weddings", "load", "--json").json["calendar"] == "fresh"


@on_both
def test_the_sources_name_the_weddings_that_a_reading_in_question_loses_or_moves(doubted: Machine) -> None:
    lines = doubted.run("weddings", "sources").out.splitlines()
    assert "  it would lose, move or make lighter 13 rows, the soonest first:" in lines
    named = [line.strip() for line in lines if line.startswith("    w")]
    assert len(named) == 10
    was = "Sat 2026-07-25 12:00 to 20:00 London, load 1"
    assert named[0] == f"w1  {was}: NOW Sun 2026-07-26 12:00 to 20:00 London"
    assert named[1] == f"w10  {was}: NOT NAMED any more"
    assert "    and 3 more: `wedtui weddings sources --all` lists them" in lines
    every = doubted.run("weddings", "sources", "--all").out
    assert every.count("NOT NAMED any more") == 12
    assert "more:" not in every
    (found,) = doubted.run("weddings", "sources", "--json").json
    assert (len(found["missing"]), found["missing_in_all"]) == (10, 13)
    assert found["questioned_at"] == "2026-07-22T12:00:00Z"
    assert found["missing"][0]["instead"]["start"] == "2026-07-26T11:00:00Z"
    assert found["missing"][1] == {
        "reference": "w10",
        "zone": "Europe/London",
        "start": "2026-07-25T11:00:00Z",
        "end": "2026-07-25T19:00:00Z",
        "load": 1,
        "instead": None,
    }
    (whole,) = doubted.run("weddings", "sources", "--all", "--json").json
    assert len(whole["missing"]) == 13


@pytest.mark.parametrize(("attended", "typed", "code"), [(False, True, 3), (True, False, 3), (True, True, 0)])
def test_who_accepts_a_reading_sees_what_is_lost_and_types_the_word(
    doubted: Machine, monkeypatch: pytest.MonkeyPatch, attended: bool, typed: bool, code: int
) -> None:
    asked: list[str] = []

    def type_it(word: str) -> bool:
        asked.append(word)
        return typed

    monkeypatch.setattr("wedtui.cli.typing_in.attended", lambda: attended)
    monkeypatch.setattr("wedtui.cli.typing_in.typed", type_it)
    answer = doubted.run("weddings", "accept", "import")
    assert answer.code == code
    assert "w10  Sat 2026-07-25 12:00 to 20:00 London, load 1: NOT NAMED any more" in answer.out
    assert asked == (["accept"] if attended else [])
    assert ("accepted: " in answer.out) is (code == 0)
    (found,) = doubted.run("weddings", "sources", "--json").json
    assert found["accept_next"] is (code == 0)


@on_both
def test_what_was_accepted_is_not_accepted_again(doubted: Machine) -> None:
    assert doubted.run("weddings", "accept", "import", "--yes").code == 0
    for options in ((), ("--yes",)):
        again = doubted.run("weddings", "accept", "import", *options)
        assert (again.code, again.out) == (18, ""), options
        assert 'the wedding source "import" was accepted already: import the file again' in again.err, options
    sources = doubted.run("weddings", "sources").out
    assert sources.count("it was accepted: import the file again, and it is taken if it loses no more") == 1
    assert "weddings accept" not in sources
    # What is questioned anew, because it loses more, is to be accepted anew.
    assert doubted.run("weddings", "import", write(doubted)).code == 1
    assert "weddings accept import" in doubted.run("gate").out
    assert doubted.run("weddings", "accept", "import", "--yes").code == 0


def test_what_is_read_by_itself_says_which_reading_an_acceptance_waits_for() -> None:
    source = SourceFacts("main", "csv", WEDNESDAY - HOUR, WEDNESDAY, "it lost", questioned=True, interval=HOUR)
    accepted = replace(source, accepted=True)
    (said,) = verdict(FreezeFacts(calendar=CalendarFacts((accepted,))), WEDNESDAY).doubts
    assert "it was accepted: its next good reading is taken if it loses no more (it is read every 1 h 00 m)" in said
    assert "weddings accept" not in said
    # Also where nothing of it counts any more, so that it freezes.
    (frozen,) = verdict(FreezeFacts(calendar=CalendarFacts((replace(accepted, read_at=None),))), WEDNESDAY).unreadable
    assert frozen.endswith(
        "which means frozen; it was accepted: its next good reading is taken if it loses no more "
        "(it is read every 1 h 00 m)"
    )


def test_nothing_is_shown_to_accept_where_nothing_is_in_question(machine: Machine) -> None:
    assert machine.run("weddings", "import", write(machine, KEPT)).code == 0
    unknown, calm = (machine.run("weddings", "accept", name) for name in ("gone", "import"))
    assert (unknown.code, calm.code) == (17, 18)
    assert 'there is no wedding source "gone": known are import' in unknown.err
    assert "nothing to accept" in calm.err


def test_weddings_that_cannot_freeze_a_scope_leave_no_doubt_about_it() -> None:
    source = SourceFacts("main", "csv", WEDNESDAY - HOUR, WEDNESDAY, "it lost", questioned=True, interval=HOUR)
    facts = FreezeFacts(calendar=CalendarFacts((source,)))
    assert len(verdict(facts, WEDNESDAY).doubts) == 1
    assert verdict(facts, WEDNESDAY, Scope("staging")).doubts == ()


def test_a_newest_reading_that_failed_is_a_doubt_too() -> None:
    source = SourceFacts("main", "csv", WEDNESDAY - HOUR, WEDNESDAY, "it cannot be reached", interval=HOUR)
    (said,) = verdict(FreezeFacts(calendar=CalendarFacts((source,))), WEDNESDAY).doubts
    assert said.startswith('the wedding source "main": it cannot be reached; its reading of 1 h 00 m ago still counts')


@on_both
def test_a_list_says_how_many_rows_were_unusable_and_where_they_are_shown(machine: Machine) -> None:
    bad = KEPT.replace("w0", "bad").replace("2026-07-25T20:00", "2026-07-25T10:00")
    assert machine.run("weddings", "import", write(machine, KEPT, bad)).code == 0
    for command in ("list", "upcoming"):
        said = machine.run("weddings", command).out
        assert 'note: 1 row of the wedding source "import" cannot be used' in said
        assert "`wedtui weddings sources`" in said
        assert machine.run("weddings", command, "--json").json["rejected"] == 1


def test_the_doctor_warns_of_rows_that_cannot_be_used(machine: Machine) -> None:
    bad = KEPT.replace("w0", "bad").replace("2026-07-25T20:00", "2026-07-25T10:00")
    assert machine.run("weddings", "import", write(machine, KEPT, bad)).code == 0
    said = " ".join(machine.run("doctor").out.split())
    assert 'warning weddings: 1 row of the wedding source "import" cannot be used, the first in line 3: end: ' in said
    assert "-> `wedtui weddings sources` shows them" in said
    assert machine.run("weddings", "import", write(machine, KEPT)).code == 0
    assert "cannot be used" not in machine.run("doctor").out


def test_a_source_whose_newest_attempt_failed_is_not_called_fresh_alone() -> None:
    source = SourceFacts("main", "json", WEDNESDAY - HOUR, WEDNESDAY, "answered with 404", weddings=5, interval=HOUR)
    head, *_ = source_lines(SourceDetails(source, "at a place", 0, 0, 0, 0, accept_next=False), WEDNESDAY + HOUR)
    assert head == (
        "main (json): fresh, but the newest attempt FAILED 1 h 00 m ago, 5 rows, read 2 h 00 m ago, "
        "stale from 2026-07-23 11:00 UTC"
    )
    well = replace(source, problem=None)
    head, *_ = source_lines(SourceDetails(well, "at a place", 0, 0, 0, 0, accept_next=False), WEDNESDAY + HOUR)
    assert head == "main (json): fresh, 5 rows, read 2 h 00 m ago"
    # What is stale is not fresh at all, and has been since then.
    head, *_ = source_lines(SourceDetails(source, "at a place", 0, 0, 0, 0, accept_next=False), WEDNESDAY + 30 * HOUR)
    assert head == "main (json): STALE, 5 rows, read 1 d 7 h ago"


@on_both
def test_lines_of_the_last_good_file_are_said_to_be_of_that(machine: Machine) -> None:
    bad = KEPT.replace("w0", "bad").replace("2026-07-25T20:00", "2026-07-25T10:00")
    many = KEPT.replace("w0", "many").replace(",150", ",20000")
    every = [KEPT.replace("w0", f"w{number}") for number in range(14)]
    assert machine.run("weddings", "import", write(machine, bad, many, *every)).code == 0
    here = "1 row cannot be used\n", "rows that count as other than they say, such as:\n"
    said = machine.run("weddings", "sources").out
    assert all(f"  {words}" in said for words in here)
    assert "last good reading" not in said
    assert machine.run("weddings", "import", write(machine, KEPT)).code == 1
    said = machine.run("weddings", "sources").out
    then = "in its last good reading (2026-07-22 12:00 UTC)"
    assert f"  1 row cannot be used {then}\n    line 2: end: " in said
    assert f"  rows that count as other than they say, such as, {then}:\n    line 3: guests: " in said
    for command in (("weddings", "list"), ("protection",)):
        found = machine.run(*command).out
        assert f'1 row of the wedding source "import" cannot be used {then}' in found, command
