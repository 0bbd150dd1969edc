"""`wedtui weddings` as its users type it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.base import SATURDAY, WEDNESDAY, Answer, Machine, machine, on_both
from wedtui.cache.kind import CACHE
from wedtui.cache.wedding_sources import Erased
from wedtui.cache.wedding_writer import WeddingWriter
from wedtui.cli.common import person
from wedtui.cli.wedding_words import source_lines
from wedtui.config import Configuration
from wedtui.core.calendar import SourceFacts
from wedtui.core.calendar_query import SourceDetails
from wedtui.errors import DiskFullError
from wedtui.ledger.ledger import Ledger
from wedtui.store.opening import readable

__all__ = ["machine"]

ME = person()
HEADER = "reference,venue,venue_kind,zone,start,end,culture,guests\n"
SOURCE = '[[weddings.sources]]\nname = "main"\nkind = "csv"\nurl = "/srv/gone.csv"\n'
INDIAN = "big,Palace,hotel,Asia/Kolkata,2026-07-25T17:00,2026-07-25T23:00,indian,600\n"
BRITISH = "small,Hall,barn,Europe/London,2026-07-25T12:00,2026-07-25T20:00,british,150\n"
SMALL_LATER = BRITISH.replace("T12:00", "T13:00").replace("T20:00", "T21:00")
LATER = "later,Hall,barn,Europe/London,2026-08-01T12:00,2026-08-02T02:00,british,\n"
FAR = "far,,,America/Argentina/Buenos_Aires,2026-07-24T16:00,2026-07-24T23:00,british,80\n"


def links(machine: Machine) -> list[tuple[str, str, Any]]:
    """Return what is on the audit chain, by whom and what."""
    found = machine.run("audit", "list", "--json").json
    return [(each["kind"], each["person"], each["body"]) for each in found]


def refuse(*_arguments: object) -> None:
    raise DiskFullError("there is no room")


def write(machine: Machine, *lines: str, name: str = "w.csv") -> str:
    path = machine.folder / name
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return str(path)


@pytest.fixture
def busy(machine: Machine) -> Machine:
    """Weddings that were imported at noon of a Saturday."""
    machine.now = SATURDAY
    assert machine.run("weddings", "import", write(machine, INDIAN, BRITISH, LATER)).code == 0
    return machine


def listed(answer: Answer) -> list[str]:
    assert answer.code == 0
    return [each["reference"] for each in answer.json["weddings"]]


@on_both
def test_import_says_what_came_of_it(machine: Machine) -> None:
    machine.now = SATURDAY
    answer = machine.run("weddings", "import", write(machine, INDIAN, BRITISH, "x,,,Mars,2026-08-01,,,\n"))
    assert answer.code == 0
    assert answer.out.splitlines()[0].endswith("2 rows in source import, 2 new or changed, 0 gone")
    assert "1 of 3 rows cannot be used:\n  line 4: zone: expected an IANA time zone" in answer.out
    again = machine.run("weddings", "import", write(machine, INDIAN, BRITISH), "--json").json
    assert (again["outcome"], again["written"], again["deleted"], again["rejected"]) == ("taken", 0, 0, 0)
    assert (again["rows"], again["rows_in_source"], "weddings" in again) == (2, 2, False)


@on_both
def test_an_import_says_until_when_it_counts_and_the_calendar_which_freeze_begins_then(machine: Machine) -> None:
    machine.now = WEDNESDAY
    answer = machine.run("weddings", "import", write(machine, INDIAN, BRITISH, "x,,,Mars,2026-08-01,,,\n"))
    said = (
        'the weddings in source "import" were imported by hand and count as fresh until Thu 2026-07-23 12:00 UTC: '
        "unless they are imported again by then, production is frozen from then on"
    )
    assert answer.out.splitlines()[-2:] == [
        said,
        "NOT ALL OF IT WAS TAKEN: 1 of 3 rows cannot be used, and weigh nothing",
    ]
    for command in (("freeze", "status"), ("gate",), ("status",)):
        [line] = [line for line in machine.run(*command).out.splitlines() if said in line]
        assert line.endswith(f"open until Thu 2026-07-23 13:00 Europe/London (12:00 UTC), then frozen: {said}")
        assert "note" not in line
    for program in (("freeze", "status", "--json"), ("gate", "--json")):
        told = machine.run(*program).json
        assert (told["next_start"], told["next_reasons"], told["runs_out"]) == ("2026-07-23T12:00:00Z", [said], [said])
    told = machine.run("status", "--json").json["freeze"]
    assert (told["next_start"], told["next_reasons"], told["runs_out"]) == ("2026-07-23T12:00:00Z", [said], [said])
    # Asked about that time, it is frozen then.
    then = machine.run("freeze", "status", "--at", "2026-07-23T12:00Z")
    assert then.out == f"at 2026-07-23 12:00:00 UTC (Thu 13:00 BST):\nFROZEN until its sources can be read: {said}\n"
    assert "FROZEN" not in machine.run("freeze", "status", "--at", "2026-07-23T11:59Z").out
    week = ("freeze", "calendar", "--from", "now", "--to", "2026-07-29T00:00Z")
    # From then on one stretch without an end: several would promise that what is between them is open.
    stretches = [line for line in machine.run(*week).out.splitlines() if not line.startswith(" ")]
    assert len(stretches) == 1
    begins = "Thu 2026-07-23 12:00 to an end that is not known, at least to Wed 2026-07-29 00:00 UTC"
    assert stretches[0].startswith(begins)
    assert said in stretches[0]
    assert "imported by hand" not in machine.run("freeze", "calendar", "--from", "now", "--to", "2026-07-23T11:00Z").out
    assert "imported by hand" not in machine.run(*week, "--environment", "staging").out
    listing = machine.run(*week, "--format", "json")
    (stretch,) = listing.json
    assert said in stretch["reasons"]
    assert (stretch["start"], stretch["end"]) == ("2026-07-23T12:00:00Z", None)
    machine.now = datetime.fromisoformat("2026-07-23T12:00Z")
    assert machine.run("gate").code == 2, "what was said comes true"


def test_import_keeps_rows_that_count_as_other_than_they_say_apart(machine: Machine) -> None:
    machine.now = SATURDAY
    many = write(machine, INDIAN, BRITISH.replace("150", "100000"))
    answer = machine.run("weddings", "import", many)
    assert "cannot be used" not in answer.out
    note = "  line 3: guests: expected at most 10,000, and counts as that many"
    assert f"rows that were used, but count as other than they say:\n{note}" in answer.out
    assert f"rows that count as other than they say, such as:\n  {note}" in machine.run("weddings", "sources").out


def test_one_is_said_as_one(machine: Machine) -> None:
    machine.now = SATURDAY
    elvish = "elf,Hall,glade,Europe/London,2026-07-26T12:00,2026-07-26T20:00,elvish,5\n"
    said = machine.run("weddings", "import", write(machine, elvish, elvish.replace("elvish", "british"))).out
    assert ": 1 row in source import, 1 new or changed, 0 gone\n" in said
    assert "1 row with another's reference and start" in said.splitlines()
    assert "1 row of a culture that is not known, counted as other (1.0/150, at most 2.0)" in said.splitlines()
    assert machine.run("weddings", "import", write(machine, elvish, "x,,,Mars,2026-08-01,,,\n")).code == 0
    out = machine.run("weddings", "sources").out
    assert out.startswith("import (csv): fresh, 1 row, read 0 s ago\n  imported by hand\n  1 row cannot be used\n")
    assert "  1 row of a culture that is not known, counted as other (1.0/150, at most 2.0)\n" in out
    load = machine.run("weddings", "load", "--from", "2026-07-26T12:00Z", "--to", "2026-07-26T13:00Z").out
    assert load.startswith("Sun 2026-07-26 12:00:00Z        <0.1        1 wedding\n")
    assert machine.run("weddings", "forget", "elf").out.startswith("forgotten: 1 row kept as forgotten-")


def test_known_cultures_are_listed_and_others_visible_as_such(machine: Machine) -> None:
    known = "indian 2.0/600, nigerian 1.8/400, chinese 1.5/350, greek 1.4/300, jewish 1.3/250, british 1.0/150"
    told = " ".join(machine.run("weddings", "import", "--help").out.replace("│", " ").split())
    assert f"{known}. Load grows with the guests; any other culture counts as other: 1.0/150, at most 2.0." in told
    guide = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    for each in known.split(", "):
        culture, weight, guests = each.replace("/", " ").split()
        assert f"| `{culture}` | {weight} | {guests} |\n" in guide
    machine.now = SATURDAY
    some = [INDIAN, *(BRITISH.replace("british", "indain").replace("small", f"s{n}") for n in range(9))]
    many = BRITISH.replace("british,150", "indain,20000")
    said = machine.run("weddings", "import", write(machine, *some, many)).out.splitlines()
    assert f"known cultures, with what a typical wedding weighs and its guests: {known}" in said
    assert "10 rows of a culture that is not known, counted as other (1.0/150, at most 2.0)" in said
    expected = "expected one of indian, nigerian, chinese, greek, jewish, british, and counts as other"
    assert f"  line 3: culture: {expected} (1.0/150, at most 2.0)" in said
    assert sum("culture: expected" in line for line in said) == 5
    assert "  line 12: guests: expected at most 10,000, and counts as that many" in said
    shown = machine.run("weddings", "show", "s0").out
    why = "assumed: the source names one that the table of weights does not"
    assert f"  culture  other ({why}) (1.0/150, at most 2.0)\n  guests   150\n" in shown
    assert "indain" not in shown


@on_both
@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        # The night that is an hour short, one that begins in the hour that is not, and the night that is one longer.
        (
            "2027-03-27T20:00",
            "2027-03-28T03:00",
            ("Sat 2027-03-27 20:00 GMT", "Sun 2027-03-28 03:00 BST", "2027-03-28 02:00 UTC), after 6 h 00 m"),
        ),
        (
            "2027-03-28T01:30",
            "2027-03-28T05:00",
            ("Sun 2027-03-28 02:00 BST", "05:00 BST", "2027-03-28 04:00 UTC), after 3 h 00 m"),
        ),
        (
            "2026-10-24T20:00",
            "2026-10-25T01:30",
            ("Sat 2026-10-24 20:00 BST", "Sun 2026-10-25 01:30 GMT", "2026-10-25 01:30 UTC), after 6 h 30 m"),
        ),
    ],
)
def test_a_wedding_through_a_night_with_a_clock_change(
    busy: Machine, start: str, end: str, said: tuple[str, str, str]
) -> None:
    night = f"night,Hall,barn,Europe/London,{start},{end},british,150\n"
    assert busy.run("weddings", "import", write(busy, INDIAN, BRITISH, LATER, night)).code == 0
    out = busy.run("weddings", "show", "night").out
    assert f"  start    {said[0]} in Europe/London" in out
    assert f"  end      {said[1]} in Europe/London ({said[2]}\n" in out
    assert ("moved: the source says a time that the clock there jumps over\n" in out) is ("T01:30" in start)


@pytest.mark.parametrize(
    ("times", "field"),
    [("2027-03-28T01:30,2027-03-28T05:00", "start"), ("2027-03-27T20:00,2027-03-28T01:30", "end")],
)
def test_a_time_that_the_clock_jumps_over_is_not_moved_silently(busy: Machine, times: str, field: str) -> None:
    """The import names row and line, each question about the wedding says it, and its weight is no guess by that."""
    night = f"night,Hall,barn,Europe/London,{times},british,150\n"
    done = busy.run("weddings", "import", write(busy, INDIAN, BRITISH, LATER, night))
    assert (
        f"  line 5: {field}: expected a time that the clock there shows: it jumps over this one, "
        "and the first after the gap counts\n"
    ) in done.out
    (line,) = [each for each in busy.run("weddings", "show", "night").out.splitlines() if "moved: " in each]
    assert line.split()[0] == field
    assert line.endswith("; moved: the source says a time that the clock there jumps over")
    (row,) = busy.run("weddings", "show", "night", "--json").json["rows"]
    assert row["assumed"] == {field: "skipped"}
    assert "assumed" not in busy.run("weddings", "list", "--from", "2027-03-01T00:00Z").out


def test_a_venue_that_moved_to_another_zone_counts_there_alone(busy: Machine) -> None:
    moved = LATER.replace("Europe/London", "Asia/Kolkata")
    assert busy.run("weddings", "import", write(busy, INDIAN, BRITISH, moved)).code == 0
    out = busy.run("weddings", "show", "later").out
    assert (out.count("  start "), "in Asia/Kolkata" in out, "London" in out) == (1, True, False)
    load = busy.run("weddings", "load", "--from", "2026-08-01T00:00Z", "--to", "2026-08-02T00:00Z", "--by", "zone")
    assert "of Asia/Kolkata" in load.out
    assert "1 wedding of Europe/London" not in load.out


def test_what_no_source_says_is_said_to_be_assumed(busy: Machine) -> None:
    nothing = BRITISH.replace("british,150", ",").replace("small", "nothing")
    said_so = BRITISH.replace("british,150", "other,80").replace("small", "other")
    most = BRITISH.replace("british,150", "british,20000").replace("small", "most")
    assert busy.run("weddings", "import", write(busy, INDIAN, BRITISH, LATER, nothing, said_so, most)).code == 0
    shown = {name: busy.run("weddings", "show", name).out for name in ("nothing", "other", "most", "small")}
    why = "(assumed: the source does not say)"
    assert f"  culture  other {why} (1.0/150, at most 2.0)\n  guests   150 {why}\n" in shown["nothing"]
    assert "  culture  other: one that the table of weights does not name (1.0/150" in shown["other"]
    assert "  guests   80\n" in shown["other"]
    assert "  guests   10,000 (assumed: the source says more)\n" in shown["most"]
    assert "  culture  british\n  guests   150\n" in shown["small"]
    found = {row["reference"]: row["assumed"] for row in busy.run("weddings", "list", "--json").json["weddings"]}
    assert found["nothing"] == {"culture": "not said", "guests": "not said"}
    assert (found["most"], found["other"], found["small"]) == ({"guests": "too many"}, {}, {})
    (row,) = busy.run("weddings", "show", "nothing", "--json").json["rows"]
    assert row["assumed"] == found["nothing"]
    listing = busy.run("weddings", "list", "--all").out.splitlines()
    assert ["?other", "?150", "nothing"] in [line.split()[-3:] for line in listing]
    assert listing[-3] == "? assumed: the source does not say it, or not so that it can be counted"
    assert max(map(len, listing)) <= 80


@on_both
def test_import_of_what_lost_more_than_half_asks_and_is_accepted(busy: Machine) -> None:
    empty = write(busy)
    answer = busy.run("weddings", "import", empty)
    assert answer.code == 1
    assert "if it is right `wedtui weddings accept import`" in answer.out
    accepted = busy.run("weddings", "accept", "import", "--yes")
    assert accepted.code == 0
    assert accepted.out.splitlines() == [
        'accepted: the wedding source "import" loses 1 coming wedding, load 1, '
        "14 load x hours of the next 14 days, and names none to come",
        "import the file again, and it is taken if it loses no more",
    ]
    assert busy.run("weddings", "import", empty).code == 0
    assert busy.run("weddings", "accept", "import", "--yes").code == 18
    assert busy.run("weddings", "accept", "gone", "--yes").code == 17
    assert links(busy)[1:] == [
        (
            "weddings.accept",
            ME,
            {
                "source": "import",
                "lost": {
                    "weddings": 1,
                    "load": 1,
                    "load_hours": 14,
                    "load_hours_moved": 0,
                    "none_to_come": True,
                },
            },
        ),
        ("weddings.import", ME, {"source": "import", "kind": "csv", "written": 0, "deleted": 1}),
    ]


def test_an_import_that_is_not_taken_says_what_the_level_would_be_with_it(busy: Machine) -> None:
    """It is read where the level and its reasons are: a person who has to look at it must know that it matters."""
    many = [INDIAN.replace("big", f"in{n}").replace("07-25", "07-26") for n in range(14)]
    bad = [INDIAN.replace("big", f"bad{n}").replace("indian,600", "indian,-1") for n in range(20)]
    would = "with it the level would be MAXIMUM from 2026-07-26 07:30 to 17:30 UTC, by the calendar"
    refused = busy.run("weddings", "import", write(busy, *bad, *many))
    assert refused.code == 1
    assert would in refused.out.splitlines()
    known = busy.run("weddings", "import", write(busy, *bad, *many), "--json").json
    assert known["rise"] == {"level": "MAXIMUM", "from": "2026-07-26T07:30:00Z", "to": "2026-07-26T17:30:00Z"}
    questioned = busy.run("weddings", "import", write(busy, *many))
    assert questioned.code == 1
    assert would in questioned.out
    assert would in busy.run("protection").out
    assert would in busy.run("status").out
    assert would in " ".join(busy.run("protection", "--json").json["problems"])


@on_both
def test_weddings_that_go_to_other_hours_are_accepted_as_such(machine: Machine) -> None:
    machine.now = SATURDAY
    day = [f"w{n},Hall,,Europe/London,2026-07-28T12:00,2026-07-28T18:00,british,150\n" for n in range(9)]
    assert machine.run("weddings", "import", write(machine, *day)).code == 0
    moved = [each.replace("T12", "T00").replace("T18", "T06") for each in day]
    assert machine.run("weddings", "import", write(machine, *moved)).code == 1
    said = machine.run("weddings", "accept", "import", "--yes").out
    assert '"import" loses 54 load x hours of the next 14 days to other hours\n' in said


@on_both
def test_reading_a_file_as_a_source_and_dropping_that_are_on_record(busy: Machine) -> None:
    busy.configure(SOURCE)
    assert busy.run("weddings", "import", write(busy, INDIAN, BRITISH), "--source", "main").code == 0
    assert busy.run("weddings", "drop", "main").code == 18
    with busy.cache() as cache:
        minute = timedelta(minutes=1)
        cache.configure(Configuration(), probe_interval=minute, query_interval=minute)
    busy.configure("")
    assert busy.run("weddings", "drop", "main").out == 'wedding source "main" is forgotten: 2 rows\n'
    assert busy.run("weddings", "drop").out == "what was imported by hand is gone: 3 rows\n"
    assert busy.run("weddings", "drop").code == 17
    assert links(busy) == [
        ("weddings.import", ME, {"source": "import", "kind": "csv", "written": 3, "deleted": 0}),
        ("weddings.import", ME, {"source": "main", "kind": "csv", "written": 2, "deleted": 0}),
        ("weddings.drop", ME, {"source": "main", "rows": 2}),
        ("weddings.drop", ME, {"source": "import", "rows": 3}),
    ]


def test_an_import_that_only_the_cache_knows_is_dropped_on_record(busy: Machine) -> None:
    (busy.state / "ledger.db").unlink()
    assert busy.run("weddings", "drop").code == 0
    assert links(busy) == [("weddings.drop", ME, {"source": "import", "rows": 3})]


def test_what_cannot_be_put_on_record_is_not_decided(busy: Machine) -> None:
    empty = write(busy)
    assert busy.run("weddings", "import", empty).code == 1
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(Ledger, "record", refuse)
        assert busy.run("weddings", "accept", "import", "--yes").code == 13
    assert busy.run("weddings", "import", empty).code == 1, "it was not accepted"
    assert busy.run("weddings", "accept", "import", "--yes").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["/nowhere/w.csv"], 2, "wedtui: /nowhere/w.csv: it cannot be read: no such file"),
        (["."], 2, "expected a file that ends in .csv"),
        (["/nowhere/w.xlsx"], 2, "expected a file that ends in .csv"),
        (["w.csv", "--source", "gone"], 17, 'no wedding source "gone": choose one of main; --source may be left out'),
        (["w.ics", "--source", "main"], 2, "is of the kind csv, not icalendar"),
        (["w.csv", "--zone", "Mars"], 2, "expected an IANA zone"),
    ],
)
def test_imports_that_cannot_be_done(machine: Machine, arguments: list[str], code: int, said: str) -> None:
    machine.configure(SOURCE)
    answer = machine.run("weddings", "import", *arguments)
    assert answer.code == code
    assert said in answer.err


def test_an_import_without_zones_says_how_to_name_one(machine: Machine) -> None:
    machine.now = SATURDAY
    hint = "where rows say no zone, name that of their venues: `--zone Europe/London`"
    lines = (HEADER + BRITISH).replace("zone,", "").replace("Europe/London,", "")
    path = machine.folder / "w.csv"
    path.write_text(lines, encoding="utf-8")
    without = machine.run("weddings", "import", str(path))
    assert without.code == 2
    assert "it has no column zone" in without.err
    assert hint in without.err
    assert machine.run("weddings", "import", str(path), "--zone", "Europe/London").code == 0
    # A column that says nothing is as good as none; in a file that says its zones there is nothing to hint at.
    empty = machine.run("weddings", "import", write(machine, BRITISH.replace("Europe/London", "")))
    assert empty.code == 1
    assert hint in empty.out.splitlines()
    many = machine.run("weddings", "import", write(machine, BRITISH, LATER, BRITISH.replace("150", "-1")))
    assert (many.code, hint in many.out) == (0, False)
    wrong = machine.run("weddings", "import", write(machine).removesuffix(".csv") + ".csv", "--zone", "Mars/Olympus")
    assert wrong.code == 2


def test_an_import_where_no_source_is_configured_offers_none(machine: Machine) -> None:
    machine.configure("")
    answer = machine.run("weddings", "import", "w.csv", "--source", "nope")
    assert answer.code == 17
    assert 'no wedding source "nope": none is configured; --source may be left out' in answer.err


@pytest.mark.parametrize(
    ("text", "said"),
    [("a,b\n1,2\n", "it has no column reference"), ("", "it is empty: expected a header")],
)
def test_a_file_that_is_no_list_of_weddings_is_a_mistake_of_who_named_it(
    machine: Machine, text: str, said: str
) -> None:
    path = machine.folder / "odd.csv"
    path.write_text(text)
    answer = machine.run("weddings", "import", str(path))
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"wedtui: {path}: {said}")
    path.unlink()
    path.mkdir()
    assert machine.run("weddings", "import", str(path)).err == f"wedtui: {path}: it is not a regular file\n"


def test_most_rows_unusable_is_no_import(machine: Machine) -> None:
    answer = machine.run("weddings", "import", write(machine, "a,,,Mars,2026-08-01,,,\n"))
    assert answer.code == 1
    assert "was not taken: 1 of its 1 row cannot be used" in answer.out


def test_a_first_import_that_is_not_taken_leaves_nothing_behind(machine: Machine) -> None:
    assert machine.run("gate").code == 0
    bad = write(machine, "a,,,Mars,2026-08-01,,,\n")
    answer = machine.run("weddings", "import", bad)
    assert "nothing was imported before and nothing is kept of it: mend the file and import it again\n" in answer.out
    assert "weddings sources" not in answer.out
    assert (answer.code, machine.run("gate").code) == (1, 0)
    assert machine.run("weddings", "import", bad, "--json").json["outcome"] == "refused"
    assert machine.run("weddings", "drop").code == 17
    assert machine.run("weddings", "import", write(machine, INDIAN)).code == 0
    again = machine.run("weddings", "import", write(machine, "a,,,Mars,2026-08-01,,,\n"))
    assert (again.code, "nothing is kept" in again.out) == (1, False)
    assert "was not taken: 1 of its 1 row cannot be used\n  line 2: zone: expected" in again.out
    assert "what was imported before counts on" in again.out
    assert "cannot be used (line 2: zone: expected" in machine.run("weddings", "sources").out
    assert machine.run("gate").code == 0
    assert listed(machine.run("weddings", "list", "--json")) == ["big"], "what was known counts on"


@on_both
def test_an_import_says_which_weddings_stay_that_it_does_not_name(machine: Machine) -> None:
    machine.now = SATURDAY
    live = "now,Hall,,Europe/London,2026-07-25T12:00,2026-07-25T14:00,british,150\n"
    assert machine.run("weddings", "import", write(machine, live, INDIAN)).code == 0
    said = machine.run("weddings", "import", write(machine, INDIAN)).out
    assert "1 row kept that it no longer names: live, or the row is unusable" in said.splitlines()


def test_a_first_import_that_is_questioned_waits_and_says_that_it_freezes(machine: Machine) -> None:
    answer = machine.run("weddings", "import", write(machine))
    assert "if it is right `wedtui weddings accept import`" in answer.out
    assert "which means frozen; `wedtui weddings drop` ends that" in answer.out
    assert (answer.code, machine.run("gate").code) == (1, 2)
    assert machine.run("weddings", "accept", "import", "--yes").code == 0
    assert "it was accepted: import the file again" in machine.run("gate").out
    assert machine.run("weddings", "import", write(machine)).code == 0
    assert machine.run("gate").code == 0


def test_a_file_as_a_configured_source_is_read_as_that_one_says(machine: Machine) -> None:
    machine.now = SATURDAY
    machine.configure(SOURCE + 'zone = "Asia/Tokyo"\n[weddings.sources.columns]\nreference = "id"\n')
    path = machine.folder / "w.csv"
    path.write_text("id,start,end\nx,2026-08-01,2026-08-01\n")
    assert machine.run("weddings", "import", str(path), "--source", "main").code == 0
    (found,) = machine.run("weddings", "list", "--json").json["weddings"]
    assert (found["source"], found["zone"], found["guests"]) == ("main", "Asia/Tokyo", 150)


@on_both
def test_json_and_icalendar_files(machine: Machine) -> None:
    machine.now = SATURDAY
    path = machine.folder / "w.json"
    path.write_text(json.dumps([{"reference": "j", "zone": "UTC", "start": "2026-08-01", "end": "2026-08-01"}]))
    assert machine.run("weddings", "import", str(path)).code == 0
    calendar = machine.folder / "w.ics"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:j", "DTSTART;VALUE=DATE:20260801", "END:VEVENT"]
    calendar.write_text("\r\n".join([*lines, "END:VCALENDAR", ""]))
    assert machine.run("weddings", "import", str(calendar), "--zone", "Europe/Paris").code == 0
    (found,) = machine.run("weddings", "list", "--json").json["weddings"]
    assert (found["reference"], found["zone"]) == ("j", "Europe/Paris")


@on_both
def test_list_narrows_and_pages(busy: Machine) -> None:
    assert listed(busy.run("weddings", "list", "--json")) == ["small", "big", "later"]
    assert listed(busy.run("weddings", "list", "--culture", "indian", "--json")) == ["big"]
    assert listed(busy.run("weddings", "list", "--zone", "Europe/London", "--to", "2026-07-30T00:00Z", "--json")) == [
        "small"
    ]
    first = busy.run("weddings", "list", "--limit", "2", "--venue-kind", "barn", "--json")
    assert first.json["total"] == 2
    page = busy.run("weddings", "list", "--limit", "2")
    assert "2 of 3 rows shown" in page.out
    command = page.out.splitlines()[-1].removeprefix("next: wedtui ").split()
    assert "later" in busy.run(*command).out
    assert "1 of 3 rows shown" in busy.run(*command).out
    assert busy.run("weddings", "list", "--after", "x").code == 2


def test_lines_fit_a_terminal_and_tell_the_venues_time_and_who_is_live(busy: Machine) -> None:
    busy.now += timedelta(minutes=90)
    assert busy.run("weddings", "import", write(busy, FAR, INDIAN, BRITISH, LATER)).code == 0
    out = busy.run("weddings", "list", "--all").out
    assert max(map(len, out.splitlines())) <= 80
    assert out.splitlines() == [
        "● LIVE / WHEN STARTS THERE     ENDS    PLACE        CULTURE  GUESTS REFERENCE",
        "over 11h ago  Fri 07-24 16:00  23:00   Buenos Aires british      80 far",
        "● 5h30m left  Sat 07-25 12:00  20:00   London       british     150 small",
        "● 4h00m left  Sat 07-25 17:00  23:00   Kolkata      indian      600 big",
        "in 6d21h      Sat 08-01 12:00  02:00+1 London       british    ?150 later",
        "? assumed: the source does not say it, or not so that it can be counted",
        "4 of 4 rows shown, in the order in which they begin, on the clock of each place",
        "the calendar is fresh, read 0 s ago",
    ]
    busy.now = SATURDAY + timedelta(days=7)
    assert "(13h00m left) Sat 08-01 12:00" in busy.run("weddings", "list", "--all").out, "of a calendar that is stale"


def test_lines_of_several_sources_fit_a_terminal_too(busy: Machine) -> None:
    busy.configure(SOURCE)
    assert busy.run("weddings", "import", write(busy, FAR, LATER), "--source", "main").code == 0
    assert busy.run("weddings", "list", "--all").out.splitlines()[:4] == [
        "● LIVE / WHEN STARTS THERE     ENDS    PLACE        SOURCE   GUESTS REFERENCE",
        "over 10h ago  Fri 07-24 16:00  23:00   Buenos Aires main         80 far",
        "● 7h00m left  Sat 07-25 12:00  20:00   London       import      150 small",
        "● 5h30m left  Sat 07-25 17:00  23:00   Kolkata      import      600 big",
    ]


def test_the_name_of_a_source_is_not_cut_at_80_cells(busy: Machine) -> None:
    busy.configure(SOURCE.replace("main", "reservations-eu"))
    assert busy.run("weddings", "import", write(busy, FAR, LATER), "--source", "reservations-eu").code == 0
    lines = busy.run("weddings", "list", "--all").out.splitlines()
    assert lines[:4] == [
        "● LIVE / WHEN STARTS THERE     ENDS    PLACE        SOURCE          REFERENCE",
        "over 10h ago  Fri 07-24 16:00  23:00   Buenos Aires reservations-eu far",
        "● 7h00m left  Sat 07-25 12:00  20:00   London       import          small",
        "● 5h30m left  Sat 07-25 17:00  23:00   Kolkata      import          big",
    ]
    assert "the guests, which have no column here, are assumed of later" in lines
    assert "? assumed" not in "".join(lines)
    assert max(map(len, lines)) <= 80
    # Where none of the rows is of that source there is room for the guests.
    assert "GUESTS" in busy.run("weddings", "list", "--source", "import").out


def test_rows_that_cannot_be_used_have_an_exit_code_where_it_is_asked_for(busy: Machine) -> None:
    path = write(busy, BRITISH, "x,,,Mars,2026-08-01,,,\n")
    for asked, code in (((), 0), (("--strict",), 23), (("--strict", "--json"), 23)):
        assert busy.run("weddings", "import", path, *asked).code == code
    assert (
        busy.run("weddings", "import", path)
        .out.splitlines()[-1]
        .endswith("1 of 2 rows cannot be used, and stay as they were, where known before")
    )
    assert busy.run("weddings", "import", write(busy, BRITISH, INDIAN), "--strict").code == 0


def test_a_list_begins_with_what_is_live_and_says_what_it_leaves_out(busy: Machine) -> None:
    over = LATER.replace("2026-08", "2026-07").replace("later", "over")
    assert busy.run("weddings", "import", write(busy, over, BRITISH, LATER, INDIAN)).code == 0
    assert [line.split()[-1] for line in busy.run("weddings", "list").out.splitlines()[1:4]] == [
        "small",
        "big",
        "later",
    ]
    said = "1 row of what is over left out: --all lists them too"
    assert said in busy.run("weddings", "list").out
    found = busy.run("weddings", "list", "--json").json
    assert (found["total"], found["over"]) == (3, 1)
    for asked in (("--all",), ("--from", "2026-06-01T00:00Z"), ("--to", "2026-07-25T00:00Z")):
        shown = busy.run("weddings", "list", *asked).out
        assert ("over" in shown, said in shown) == (True, False)
    assert busy.run("weddings", "list", "--all", "--from", "now").code == 2


def test_one_wedding_says_what_it_adds_and_what_it_freezes(busy: Machine) -> None:
    huge = BRITISH.replace("small", "huge").replace("150", "4500")
    assert busy.run("weddings", "import", write(busy, huge, BRITISH, INDIAN)).code == 0
    shown = busy.run("weddings", "show", "huge").out
    assert "  adds     30 to the load of all, which gets to 33 at 12:30 BST: MAXIMUM from 25\n" in shown
    alone = "  freezes  production, from 10:00 BST to 22:00 BST: its own load of 30 suffices (load 33 at"
    assert alone in shown
    assert "together with others" not in shown
    assert "together with others" in busy.run("weddings", "show", "small").out
    (row,) = busy.run("weddings", "show", "huge", "--json").json["rows"]
    assert (row["load"], row["peak_load"], len(row["freezes"])) == (30, 33, 2)


def test_a_wedding_of_another_year_says_its_year(busy: Machine) -> None:
    far = [LATER.replace("2026", "2027"), BRITISH.replace("2026", "2025").replace("small", "before")]
    long = "long,Hall,barn,Europe/London,2026-08-01T12:00,2026-08-12T02:00,british,80\n"
    assert busy.run("weddings", "import", write(busy, INDIAN, BRITISH, long, *far)).code == 0
    lines = busy.run("weddings", "list", "--all").out.splitlines()
    assert lines[1] == "over 364d ago 2025-07-25 12:00 20:00   London       british     150 before"
    assert lines[4] == "in 6d23h      Sat 08-01 12:00 02:00+11 London       british      80 long"
    assert lines[5] == "in 371d       2027-08-01 12:00 02:00+1 London       british    ?150 later"
    assert max(map(len, lines)) <= 80


@on_both
def test_a_wedding_at_two_times_at_once_is_marked_in_lists(busy: Machine) -> None:
    next_day = LATER.replace("later", "small")
    assert busy.run("weddings", "import", write(busy, INDIAN, BRITISH, SMALL_LATER, next_day)).code == 0
    for command in ("list", "upcoming"):
        lines = busy.run("weddings", command).out.splitlines()
        marked = "● 7h00m left !Sat 07-25 12:00  20:00   London       british     150 small"
        assert (lines[1], lines[3].startswith("● 8h00m left !Sat 07-25 13:00")) == (marked, True)
        assert "!" not in lines[2] + lines[4], "another wedding, and another day of that one"
        note = lines.index("! CONFLICT: named at times that overlap and differ; each counts in load")
        assert lines[note + 1] == "  look with `wedtui weddings show REF`, and correct the source that is wrong"
        assert max(map(len, lines)) <= 80
        found = busy.run("weddings", command, "--json").json["weddings"]
        assert [each["conflict"] for each in found] == [["import"], [], ["import"], []]
    # Also where a page ends between the two.
    (first,) = busy.run("weddings", "list", "--limit", "1", "--json").json["weddings"]
    assert first["conflict"] == ["import"]
    assert [row["conflict"] for row in busy.run("weddings", "show", "small", "--json").json["rows"]] == [
        *(["import"], ["import"], []),
    ]


def test_a_culture_that_is_assumed_and_has_no_column_is_said(busy: Machine) -> None:
    busy.configure(SOURCE)
    some = [BRITISH.replace("british", "").replace("small", f"s{n}") for n in range(7)]
    assert busy.run("weddings", "import", write(busy, *some), "--source", "main").code == 0
    lines = busy.run("weddings", "list").out.splitlines()
    assert "the culture, which has no column here, is assumed of s0, s1, s2, s3, s4 and 2 more" in lines
    later = busy.run("weddings", "list", "--source", "import").out
    assert ("?150 later" in later, "? assumed" in later, "no column" in later) == (True, True, False)


def test_a_reference_by_which_a_wedding_is_asked_for_is_never_cut(busy: Machine) -> None:
    several = [BRITISH.replace("small", f"2026-06-06-000{n}") for n in (1, 2)]
    assert busy.run("weddings", "import", write(busy, INDIAN, BRITISH, LATER, *several)).code == 0
    found = [line.split()[-1] for line in busy.run("weddings", "list").out.splitlines() if "2026-06" in line]
    assert found == ["2026-06-06-0001", "2026-06-06-0002"]
    assert busy.run("weddings", "show", found[0]).code == 0


@on_both
def test_upcoming_is_what_is_live_or_comes(busy: Machine) -> None:
    assert listed(busy.run("weddings", "upcoming", "--json")) == ["small", "big", "later"]
    assert listed(busy.run("weddings", "upcoming", "--days", "1", "--json")) == ["small", "big"]
    busy.now += timedelta(hours=6)
    assert listed(busy.run("weddings", "upcoming", "--days", "1", "--json")) == ["small"]


@on_both
def test_show(busy: Machine) -> None:
    out = busy.run("weddings", "show", "big").out
    for words in (
        "big  from import, read 0 s ago  LIVE",
        "Palace (hotel)",
        "  start    Sat 2026-07-25 17:00 IST in Asia/Kolkata (2026-07-25 11:30 UTC)\n"
        "  end      23:00 IST in Asia/Kolkata (2026-07-25 17:30 UTC), after 6 h 00 m\n",
        "2 standard",
    ):
        assert words in out
    # Of a wedding that ends on another day both are said.
    assert "  end      Sun 2026-08-02 02:00 BST in Europe/London" in busy.run("weddings", "show", "later").out
    (row,) = busy.run("weddings", "show", "big", "--json").json["rows"]
    assert (row["load"], row["live"], row["start"]) == (2.0, True, "2026-07-25T11:30:00Z")
    assert busy.run("weddings", "show", "gone").code == 17


def test_show_says_that_a_row_that_could_not_be_used_may_be_the_one(busy: Machine) -> None:
    """Which wedding it is about is not kept, and neither of the two may look as if all were known of it."""
    assert "note: " not in busy.run("weddings", "show", "big").out
    bad = LATER.replace("later", "gone").replace("british,", "british,-5")
    worse = BRITISH.replace("british,150", "british,-5")
    assert busy.run("weddings", "import", write(busy, INDIAN, worse, LATER, FAR, bad)).code == 0
    missing = busy.run("weddings", "show", "gone")
    assert missing.code == 17
    assert 'no source names a wedding "gone"' in missing.err
    assert (
        '; 2 rows of the wedding source "import" cannot be used, and which weddings they are about is not kept: if one '
        "of them is about gone, it was left out because of that; lines and reasons: `wedtui weddings sources`"
    ) in missing.err
    known = busy.run("weddings", "show", "small")
    assert known.out.splitlines()[-1].endswith(
        "if one of them is about small, what stands here is how it was before; lines and reasons: "
        "`wedtui weddings sources`"
    )
    (note,) = busy.run("weddings", "show", "small", "--json").json["notes"]
    assert note.startswith("2 rows of the wedding source")
    said = busy.run("weddings", "sources").out
    assert "line 3: guests: expected a whole number, not negative" in said


def test_every_answer_says_how_old_the_calendar_is(busy: Machine) -> None:
    busy.now += timedelta(minutes=5)
    said = "the calendar is fresh, read 5 m 00 s ago"
    for command in (("list",), ("upcoming",), ("load",)):
        assert said in busy.run("weddings", *command).out.splitlines()
        assert busy.run("weddings", *command, "--json").json["calendar_age_s"] == 300
    assert "big  from import, read 5 m 00 s ago  LIVE\n" in busy.run("weddings", "show", "big").out
    busy.now += timedelta(hours=30)
    assert "the calendar is stale, read 1 d 6 h ago" in busy.run("weddings", "list").out.splitlines()
    assert "big  from import, STALE, read 1 d 6 h ago\n" in busy.run("weddings", "show", "big").out


def test_a_calendar_that_was_never_read_has_no_number(machine: Machine) -> None:
    machine.now = SATURDAY
    machine.configure(SOURCE)
    with machine.cache():
        pass
    assert machine.run("weddings", "load").out == "the calendar is not known: no source of weddings was ever read\n"
    said = machine.run("weddings", "load", "--json").json
    assert (said["calendar"], said["calendar_age_s"], said["peak"], said["steps"]) == ("stale", None, None, [])
    assert "no source of weddings was ever read" in machine.run("weddings", "list").out


def test_a_questioned_source_that_was_never_read_has_no_number() -> None:
    facts = SourceFacts("main", "csv", attempted_at=SATURDAY, questioned=True, problem="empty")
    details = SourceDetails(facts, "/srv", 0, 0, 0, 0, accept_next=False)
    assert next(source_lines(details, SATURDAY)) == "main (csv): QUESTIONED, never read"


@on_both
def test_load_is_the_step_function(busy: Machine) -> None:
    answer = busy.run("weddings", "load", "--from", "2026-07-25T11:00Z", "--to", "2026-07-26T00:00Z", "--json").json
    assert [(s["at"][11:16], s["load"], s["weddings"]) for s in answer["steps"]] == [
        ("11:00", 1.0, 1),
        ("11:30", 3.0, 2),
        ("17:30", 1.0, 1),
        ("19:00", 0.0, 0),
    ]
    assert answer["peak"] == {"at": "2026-07-25T11:30:00Z", "load": 3.0, "weddings": 2}
    assert (answer["calendar"], answer["unit"]) == ("fresh", "standard weddings")
    zone = busy.run(
        "weddings", "load", "--from", "now", "--to", "2026-07-26T00:00Z", "--zone", "Asia/Kolkata", "--json"
    ).json
    assert [s["load"] for s in zone["steps"]] == [2.0, 0.0]
    assert "peak 3 at" in busy.run("weddings", "load", "--from", "now", "--to", "2026-07-26T00:00Z").out
    assert busy.run("weddings", "load", "--from", "now", "--to", "now").code == 2
    ahead = busy.run("weddings", "load", "--json").json
    assert datetime.fromisoformat(ahead["to"]) - datetime.fromisoformat(ahead["from"]) == timedelta(days=14)


@on_both
def test_load_is_said_by_zone_and_by_culture_and_of_one_of_them(busy: Machine) -> None:
    asked = ("weddings", "load", "--from", "2026-07-25T12:00Z", "--to", "2026-07-26T00:00Z")
    by_culture = busy.run(*asked, "--by", "culture", "--json").json
    assert [(each["culture"], [s["load"] for s in each["steps"]]) for each in by_culture["by_culture"]] == [
        ("british", [1.0, 0.0]),
        ("indian", [2.0, 0.0]),
    ]
    assert [s["load"] for s in by_culture["steps"]] == [3.0, 1.0, 0.0]
    by_zone = busy.run(*asked, "--by", "zone", "--culture", "indian", "--json").json
    assert [(each["zone"], each["peak"]["load"]) for each in by_zone["by_zone"]] == [("Asia/Kolkata", 2.0)]
    assert (by_zone["culture"], by_zone["peak"]["load"]) == ("indian", 2.0)
    assert "by_zone" not in busy.run(*asked, "--json").json
    words = busy.run(*asked, "--by", "culture").out
    assert "peak of indian 2 at Sat 2026-07-25 12:00:00Z" in words
    assert "peak 3 at Sat 2026-07-25 12:00:00Z" in words
    assert busy.run(*asked, "--culture", "greek", "--json").json["peak"]["load"] == 0.0


@pytest.mark.parametrize(
    ("command", "options", "said"),
    [
        ("list", ["--zone", "Mars/Olympus"], 'expected an IANA zone such as "Europe/London", got "Mars/Olympus"'),
        ("load", ["--zone", "Mars/Olympus"], 'expected an IANA zone such as "Europe/London", got "Mars/Olympus"'),
        ("upcoming", ["--zone", ""], 'expected an IANA zone such as "Europe/London", got ""'),
        (
            "list",
            ["--culture", "martian"],
            '--culture: expected one of indian, nigerian, chinese, greek, jewish, british, other, got "martian"',
        ),
        ("load", ["--culture", "Indian"], 'british, other, got "Indian"'),
        ("upcoming", ["--culture", "martian"], "--culture: expected one of indian, nigerian"),
        ("list", ["--source", "man"], '--source: expected one of main, import, got "man"'),
        ("list", ["--venue-kind", "barm"], "--venue-kind: expected one of barn, beach, "),
    ],
)
def test_a_typo_is_no_calm_calendar(busy: Machine, command: str, options: list[str], said: str) -> None:
    busy.configure(SOURCE)
    for form in ([], ["--json"]):
        answer = busy.run("weddings", command, *options, *form)
        assert (answer.code, answer.out) == (2, "")
        assert said in " ".join(answer.err.split())


@on_both
def test_what_is_known_and_none_has_finds_nothing(busy: Machine) -> None:
    busy.configure(SOURCE)
    for options in (
        ["--zone", "Pacific/Auckland"],
        ["--culture", "other"],
        ["--source", "main"],
        ["--venue-kind", "beach"],
    ):
        answer = busy.run("weddings", "list", *options)
        assert (answer.code, "no wedding matches" in answer.out) == (0, True)
    assert listed(busy.run("weddings", "list", "--venue-kind", "", "--json")) == []


def test_what_only_the_cache_knows_is_known(busy: Machine) -> None:
    busy.configure(SOURCE)
    path = write(busy, BRITISH.replace("small", "other"))
    assert busy.run("weddings", "import", path, "--source", "main").code == 0
    busy.configure('[weddings]\nvenue_kinds = ["yurt"]\n')
    assert listed(busy.run("weddings", "list", "--source", "main", "--json")) == ["other"]
    assert listed(busy.run("weddings", "list", "--venue-kind", "hotel", "--json")) == ["big"]
    assert busy.run("weddings", "list", "--venue-kind", "beach").code == 2


@on_both
@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("0001-01-01T00:00Z", "9999-12-31T23:59:59.999999Z", ["small", "big", "later"]),
        ("0001-01-10T00:00Z", "0001-01-11T00:00Z", []),
        ("9999-12-31T23:59Z", "9999-12-31T23:59:59.999999Z", []),
    ],
)
def test_both_ends_of_time_are_no_damage(busy: Machine, start: str, end: str, found: list[str]) -> None:
    assert listed(busy.run("weddings", "list", "--from", start, "--to", end, "--json")) == found
    load = busy.run("weddings", "load", "--from", start, "--to", end, "--json").json
    assert (load["peak"]["load"] > 0) is bool(found)


@pytest.mark.parametrize("command", ["list", "upcoming", "load"])
def test_without_a_cache_there_is_no_answer(machine: Machine, command: str) -> None:
    answer = machine.run("weddings", command)
    assert (answer.code, answer.out) == (10, "")
    answer = machine.run("weddings", command, "--json")
    assert (answer.code, answer.out) == (10, "")


@on_both
def test_what_is_old_says_so(busy: Machine) -> None:
    busy.now += timedelta(hours=25)
    assert "was last read 1 d 1 h ago" in busy.run("weddings", "list").out
    assert (
        busy.run("weddings", "load", "--from", "now", "--to", "2026-08-02T00:00Z", "--json").json["calendar"] == "stale"
    )
    assert "STALE" in busy.run("weddings", "sources").out


@on_both
def test_sources(busy: Machine) -> None:
    busy.run(
        "weddings", "import", write(busy, INDIAN, BRITISH, "x,,,Mars,2026-08-01,,,\n", "y,,,UTC,2026-08-01,,elvish,\n")
    )
    out = busy.run("weddings", "sources").out
    for words in ("import (csv): fresh, 3 rows", "  1 row cannot be used\n", "line 4: zone", "counted as other"):
        assert words in out
    (found,) = busy.run("weddings", "sources", "--json").json
    assert (found["rows"], found["rejected"], found["unknown_cultures"], found["interval_s"]) == (3, 1, 1, None)
    assert "weddings" not in found, "rows are counted, of which one wedding may have several"


@on_both
def test_two_sources_that_do_not_agree_are_said(busy: Machine) -> None:
    busy.configure(SOURCE)
    longer = write(busy, INDIAN.replace("T23:00", "T23:30"))
    assert busy.run("weddings", "import", longer, "--source", "main").code == 0
    out = busy.run("weddings", "sources").out
    assert (
        out.count("  1 wedding at times that overlap and differ, CONFLICT: each counts in load, the wedding once") == 2
    )
    assert [each["conflicts"] for each in busy.run("weddings", "sources", "--json").json] == [1, 1]
    shown = busy.run("weddings", "show", "big").out
    assert shown.endswith("CONFLICT: import and main say other times; each counts in load, the wedding once\n")
    assert busy.run("weddings", "show", "big", "--json").json["conflict"] == ["import", "main"]
    assert "CONFLICT" not in busy.run("weddings", "show", "small").out


def test_a_source_that_names_one_wedding_at_two_times_at_once_is_said(busy: Machine) -> None:
    longer, next_day = SMALL_LATER, LATER.replace("later", "small")
    answer = busy.run("weddings", "import", write(busy, INDIAN, BRITISH, longer, next_day))
    assert answer.code == 0
    assert (
        "1 wedding at times that overlap and differ, CONFLICT: each counts in load, the wedding once\n"
        "  small: look with `wedtui weddings show REF`, and correct the source that is wrong\n"
    ) in answer.out
    told = busy.run("weddings", "import", "--json", write(busy, INDIAN, BRITISH, longer, next_day)).json
    assert (told["conflicts"], told["conflict_references"]) == (1, ["small"])
    said = "  1 wedding at times that overlap and differ, CONFLICT: each counts in load, the wedding once"
    assert busy.run("weddings", "sources").out.count(said) == 1
    assert [each["conflicts"] for each in busy.run("weddings", "sources", "--json").json] == [1]
    shown = busy.run("weddings", "show", "small").out
    assert shown.endswith("CONFLICT: import says times that overlap; each counts in load, the wedding once\n")
    assert busy.run("weddings", "show", "small", "--json").json["conflict"] == ["import"]
    # Several days of one wedding are none.
    assert busy.run("weddings", "import", write(busy, INDIAN, BRITISH, next_day)).code == 0
    assert "CONFLICT" not in busy.run("weddings", "show", "small").out + busy.run("weddings", "sources").out


def test_of_many_that_are_named_at_two_times_some_are_said(busy: Machine) -> None:
    many = [line.replace("small", f"m{n}") for n in range(9) for line in (BRITISH, SMALL_LATER)]
    answer = busy.run("weddings", "import", write(busy, INDIAN, BRITISH, LATER, *many))
    assert "9 weddings at times that overlap and differ, CONFLICT" in answer.out
    for out in (answer.out, busy.run("weddings", "sources").out):
        assert "  m0, m1, m2, m3, m4 and 4 more: look with" in out
        assert "m5" not in out


@on_both
def test_dropping_what_was_imported(busy: Machine) -> None:
    assert busy.run("weddings", "drop").code == 0
    assert listed(busy.run("weddings", "list", "--json")) == []
    assert busy.run("weddings", "drop").code == 17


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in (folder / "state").rglob("*") if path.is_file())


@on_both
def test_forget_erases_which_it_was_and_keeps_its_weight(busy: Machine) -> None:
    load: list[Any] = ["weddings", "load", "--from", "2026-07-25T00:00Z", "--to", "2026-07-26T00:00Z", "--json"]
    before = busy.run(*load).json["steps"]
    answer = busy.run("weddings", "forget", "big")
    assert answer.code == 0
    alias = answer.out.split()[-1]
    assert alias.startswith("forgotten-")
    assert busy.run("weddings", "show", "big").code == 17
    shown = busy.run("weddings", "show", alias, "--json").json["rows"][0]
    assert (shown["venue"], shown["venue_kind"], shown["load"], shown["zone"]) == ("", "", 2.0, "Asia/Kolkata")
    assert busy.run(*load).json["steps"] == before
    assert busy.run("weddings", "forget", "big").out == f"it was forgotten already: 1 row kept as {alias}\n"
    assert busy.run("weddings", "forget", alias).code == 18
    # The next reading of the same file names it again, and it stays forgotten.
    again = busy.run("weddings", "import", write(busy, INDIAN, BRITISH, LATER), "--json").json
    assert (again["written"], again["deleted"]) == (0, 0)
    assert busy.run("weddings", "show", "big").code == 17
    assert busy.run(*load).json["steps"] == before


SECRET = (
    "REF-4711-unmistakable,Schloss Unverwechselbar,barn,Europe/London,2026-07-25T12:00,2026-07-25T20:00,british,150\n"
)


def says(folder: Path) -> tuple[bool, bool]:
    """Whether reference and venue of `SECRET` can be read anywhere in the state directory."""
    found = everything(folder)
    return b"REF-4711-unmistakable" in found, b"Schloss Unverwechselbar" in found


def test_forget_leaves_no_byte_of_it_while_a_service_holds_the_cache(busy: Machine) -> None:
    # What is open keeps the log beside the file.
    with busy.cache():
        assert busy.run("weddings", "import", write(busy, INDIAN, SECRET)).code == 0
        assert says(busy.folder) == (True, True)
        assert busy.run("weddings", "forget", "REF-4711-unmistakable").code == 0
        assert (busy.state / "cache.db-wal").exists()
        assert says(busy.folder) == (False, False)
        assert busy.run("weddings", "import", write(busy, INDIAN, SECRET)).code == 0
        assert says(busy.folder) == (False, False)


def test_forget_says_that_a_reader_holds_what_was_and_a_second_try_ends_it(busy: Machine) -> None:
    store = readable(busy.cache_url, CACHE)
    with busy.cache() as service:
        assert busy.run("weddings", "import", write(busy, INDIAN, SECRET)).code == 0
        with store.reading() as snapshot:
            assert snapshot.scalar("SELECT count(*) FROM wedding")
            answer = busy.run("weddings", "forget", "REF-4711-unmistakable")
            assert (answer.code, answer.out.startswith("forgotten: 1 row kept as forgotten-")) == (11, True)
            assert "can still be read in its log" in answer.err
            assert says(busy.folder) == (True, True)
            assert not service.empty_log()
        assert busy.run("weddings", "forget", "REF-4711-unmistakable").code == 0
        assert says(busy.folder) == (False, False)
    store.close()


def test_forget_counts_what_a_reading_in_between_renamed(busy: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    forget = WeddingWriter.forget

    def late(writer: WeddingWriter, reference: str, alias: str) -> Erased:
        forget(writer, reference, alias)
        return forget(writer, reference, alias)

    monkeypatch.setattr(WeddingWriter, "forget", late)
    assert busy.run("weddings", "forget", "big").out.startswith("forgotten: 1 row kept as forgotten-")


@on_both
@pytest.mark.parametrize("reads", [True, False])
def test_forget_what_only_a_source_names(machine: Machine, reads: bool) -> None:
    machine.now = SATURDAY
    if reads:
        machine.run("weddings", "import", write(machine, BRITISH))
    answer = machine.run("weddings", "forget", " big ")
    assert answer.code == 0
    assert answer.out.startswith("no row names it now, so none was erased; a later reading that names it stores it as ")
    alias = answer.out.split()[-1]
    again = machine.run("weddings", "forget", "big").out
    assert again == f"it was forgotten already, and no row names it: a later reading that does stores it as {alias}\n"
    assert machine.run("weddings", "import", write(machine, INDIAN, BRITISH)).code == 0
    assert sorted(listed(machine.run("weddings", "list", "--json"))) == [alias, "small"]
    (shown,) = machine.run("weddings", "show", alias, "--json").json["rows"]
    assert (shown["venue"], shown["load"]) == ("", 2.0)
    assert machine.run("weddings", "show", "big").code == 17


def test_forget_what_can_be_no_reference(machine: Machine) -> None:
    answer = machine.run("weddings", "forget", "a\nb")
    assert (answer.code, answer.err.count("1 to 200 printable characters")) == (2, 1)


def test_while_nobody_knows_who_was_forgotten_nothing_is_imported(busy: Machine) -> None:
    busy.run("weddings", "forget", "big")
    busy.forbid("ledger.db")
    answer = busy.run("weddings", "import", write(busy, INDIAN, BRITISH, LATER))
    assert answer.code == 18
    assert "which weddings were forgotten cannot be known" in answer.err
    assert busy.run("weddings", "show", "big").code == 17


def test_a_round_in_the_foreground_reads_the_calendar(machine: Machine) -> None:
    machine.now = SATURDAY
    path = write(machine, INDIAN, BRITISH)
    machine.configure(SOURCE.replace("/srv/gone.csv", path))
    answer = machine.run("poll", "--once", "--json")
    (seen,) = [each for each in answer.json["observations"] if each["kind"] == "weddings"]
    assert (seen["ok"], seen["name"], seen["rows"], seen["rejected"]) == (True, "main", 2, 0)
    assert listed(machine.run("weddings", "list", "--json")) == ["small", "big"]
    assert "weddings main: 2 rows, 0 unusable" in machine.run("poll", "--once").out


def test_nothing_configured_and_nothing_imported(machine: Machine) -> None:
    with machine.cache():
        pass
    assert "no source of weddings is known" in machine.run("weddings", "sources").out
    assert "nobody imported any" in machine.run("weddings", "list").out
