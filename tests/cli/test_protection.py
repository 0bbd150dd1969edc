"""`wedtui protection`: the level for a time, from a calendar that was really read, and what persons raise and lower."""

from __future__ import annotations

import os
import pwd
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.base import WEDNESDAY, WINDOW, Machine, machine, on_both
from tests.places import PLACES
from wedtui.core.protection import Raise
from wedtui.core.season import Protection

__all__ = ["machine"]

ME = pwd.getpwuid(os.getuid()).pw_name
HOUR = timedelta(hours=1)
HEADER = "reference,venue,venue_kind,zone,start,end,culture,guests\n"


def wedding(reference: str, start: datetime, hours: float, zone: str, of: str) -> str:
    end = start + hours * HOUR
    return f"{reference},Hall,hotel,{zone},{start.isoformat()},{end.isoformat()},{of}\n"


def large(start: datetime, hours: float, *, count: int = 15, zone: str = "Asia/Kolkata") -> str:
    """Weddings of 2 each."""
    return "".join(wedding(f"IN-{n}", start, hours, zone, "indian,600") for n in range(count))


def read_calendar(machine: Machine, rows: str) -> None:
    """Have the calendar read from a file; a person's round stores nothing on a server, and an import does."""
    path = machine.folder / "weddings.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    section = f'[[weddings.sources]]\nname = "platform"\nkind = "csv"\nurl = "{path}"\nmax_age = "24h"\n'
    machine.configure(WINDOW + section)
    by_hand = ("weddings", "import", str(path), "--source", "platform")
    assert machine.run(*(by_hand if PLACES.on_server else ("poll", "--once"))).code == 0


def import_by_hand(machine: Machine, rows: str) -> None:
    """Have weddings imported by a person, which nobody does again by itself."""
    path = machine.folder / "by_hand.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    machine.configure(WINDOW)
    assert machine.run("weddings", "import", str(path)).code == 0


def reason(name: str, start: str, end: str, zone: str) -> dict[str, str]:
    return {"name": name, "start": f"2026-{start}:00:00Z", "end": f"2026-{end}:00:00Z", "zone": zone}


class TestLevel:
    def test_without_a_calendar_it_is_the_date_s(self, machine: Machine) -> None:
        assert machine.run("protection").out == (
            "no wedding calendar, NORMAL until Sat 00:00 BST, then MAXIMUM\n"
            "because: by the date, without a wedding calendar: not Saturday in Europe/London, season peak\n"
        )
        status = machine.run("status").out
        assert "no wedding calendar, NORMAL until Sat 00:00 BST, then MAXIMUM\n" in status
        assert "protection  NORMAL until Sat 00:00 BST, then MAXIMUM (by the date" in status
        saturday = machine.run("protection", "--at", "2026-07-25T12:00Z", "--json").json
        assert (saturday["level"], saturday["weddings"]["calendar"], saturday["weddings"]["live"]) == (
            "MAXIMUM",
            "missing",
            None,
        )

    @on_both
    @pytest.mark.parametrize(
        "at",
        [
            "0001-01-01T00:00Z",
            "0001-01-02T00:00Z",
            "0002-02-05T00:00Z",
            "9998-11-27T00:00Z",
            "9999-12-31T00:00Z",
            "9999-12-31T23:59:59.999999Z",
        ],
    )
    def test_both_ends_of_time_have_an_answer(self, machine: Machine, at: str) -> None:
        machine.configure(WINDOW.replace('"Europe/London"', '"Pacific/Auckland", "America/Juneau", "Asia/Manila"'))
        path = machine.folder / "w.csv"
        path.write_text(HEADER + large(WEDNESDAY, 6), encoding="utf-8")
        assert machine.run("weddings", "import", str(path)).code == 0
        for form in ([], ["--json"]):
            assert machine.run("protection", "--at", at, *form).code == 0

    @on_both
    def test_a_weekday_with_large_weddings_says_until_when_in_their_zone(self, machine: Machine) -> None:
        read_calendar(machine, large(WEDNESDAY - HOUR, 6) + wedding("UK", WEDNESDAY, 9, "Europe/London", "british,75"))
        assert machine.run("protection").out == (
            "16 weddings live, MAXIMUM until 18:00 BST (22:30 Kolkata), then NORMAL\n"
            "load 30.5 now, no higher in the next 4 h\n"
            "because: by the calendar the load is 30.5, and no higher in the next 4 h (MAXIMUM from 25)\n"
        )
        said = machine.run("protection", "--json").json
        assert (said["since"], said["until"], said["decided_in"], said["next_level"]) == (
            "2026-07-22T07:00:00Z",
            "2026-07-22T17:00:00Z",
            "Asia/Kolkata",
            "NORMAL",
        )
        assert said["weddings"] == {
            "live": 16,
            "load": 30.5,
            "peak_load": 30.5,
            "peak_at": "2026-07-22T12:00:00Z",
            "peak_horizon_s": 14400.0,
            "calendar": "fresh",
            "calendar_age_s": 0.0,
        }
        status = machine.run("status", "--json").json
        assert (status["protection"]["level"], status["weddings"]["live"]) == ("MAXIMUM", 16)
        assert "protection  MAXIMUM until 18:00 BST (22:30 Kolkata) (" in machine.run("status").out
        line = "weddings    16 weddings live, MAXIMUM until 18:00 BST; load 30.5 now, no higher in the next 4 h; "
        assert f"{line}calendar read 0 s ago; wedding-day mode\n" in machine.run("status").out

    def test_another_time_is_judged_by_the_calendar_as_it_is_known_now(self, machine: Machine) -> None:
        read_calendar(machine, large(datetime(2026, 7, 30, 12, tzinfo=UTC), 6))
        assert machine.run("protection", "--at", "2026-07-30T09:00Z", "--json").json["level"] == "MAXIMUM"
        assert machine.run("protection", "--at", "2026-07-31T12:00Z", "--json").json["level"] == "NORMAL"

    @pytest.mark.parametrize(("at", "way"), [("2026-06-20T14:00+01:00", "before"), ("2026-08-01T12:00Z", "after")])
    def test_a_time_that_the_calendar_may_not_reach_is_judged_by_the_date_too(
        self, machine: Machine, at: str, way: str
    ) -> None:
        """Saturdays of the peak season, a month before the first wedding that is known and two days after the last."""
        read_calendar(machine, large(datetime(2026, 7, 30, 12, tzinfo=UTC), 6))
        said = machine.run("protection", "--at", at, "--json").json
        assert (said["level"], said["weddings"]["live"], said["weddings"]["peak_load"]) == ("MAXIMUM", None, None)
        assert said["reasons"][0].startswith("by the date, because the calendar may not reach that time: Saturday in ")
        assert said["problems"] == [f"no wedding is known at that time or {way} it: the calendar may not reach so far"]
        assert "\nlive weddings unknown, MAXIMUM until Sun 0" in machine.run("protection", "--at", at).out

    @on_both
    def test_one_absurd_row_is_named_by_what_it_makes(self, machine: Machine) -> None:
        absurd = wedding("W-9", WEDNESDAY, 6, "Europe/London", "british,100000")
        ten_thousand = wedding("W-8", WEDNESDAY + 9 * HOUR, 6, "Europe/London", "british,10000")
        read_calendar(machine, absurd + ten_thousand + wedding("W-7", WEDNESDAY, 6, "Europe/London", "british,900"))
        named = "1 wedding of over 10,000 guests (W-9) counts as 10,000 guests: 66.7 of the load"
        said = machine.run("protection", "--json").json
        assert (said["level"], said["weddings"]["load"]) == ("MAXIMUM", 72.6667)
        assert said["reasons"][1:] == [named]
        assert said["problems"] == [f"{named}; look at its source"]
        assert named in machine.run("status").out
        # Of two sources that name it, it is one.
        again = machine.folder / "again.csv"
        again.write_text(HEADER + absurd, encoding="utf-8")
        assert machine.run("weddings", "import", str(again)).code == 0
        assert machine.run("protection", "--json").json["reasons"][1:] == [named]

    def test_a_calendar_that_got_old_counts_with_the_date_and_freezes(self, machine: Machine) -> None:
        read_calendar(machine, large(WEDNESDAY + 24 * HOUR, 6))
        machine.now += 25 * HOUR
        said = machine.run("protection", "--json").json
        assert (said["level"], said["weddings"]["calendar"]) == ("MAXIMUM", "stale")
        assert said["reasons"][-1] == 'the wedding source "platform" was last read 1 d 1 h ago'
        assert machine.run("protection").out.startswith(
            "15 weddings live as last known, MAXIMUM until 19:00 BST (23:30 Kolkata)"
        )
        status = machine.run("freeze", "status", "--json").json
        assert status["unreadable"] == [
            'the wedding source "platform" was last read 1 d 1 h ago, which means frozen; repair it'
        ]
        assert machine.run("gate").code == 2

    def test_how_long_a_reading_counts_is_the_configuration_s_to_say(self, machine: Machine) -> None:
        read_calendar(machine, large(WEDNESDAY, 6))
        machine.now += 25 * HOUR
        assert machine.run("protection", "--json").json["weddings"]["calendar"] == "stale"
        machine.configure(machine.config.read_text(encoding="utf-8").replace("24h", "48h"))
        assert machine.run("protection", "--json").json["weddings"]["calendar"] == "fresh"

    def test_a_source_that_was_never_read_is_not_an_empty_calendar(self, machine: Machine) -> None:
        read_calendar(machine, "")
        (machine.state / "cache.db").unlink()
        said = machine.run("protection", "--json").json
        assert (said["weddings"]["calendar"], said["weddings"]["live"]) == ("stale", None)
        assert "has never been read (start the service or run `wedtui poll --once`)" in said["reason"]
        assert machine.run("protection").out.startswith("live weddings unknown, NORMAL")

    def test_a_cache_that_cannot_be_read_is_not_an_empty_calendar(self, machine: Machine) -> None:
        read_calendar(machine, large(WEDNESDAY, 6))
        machine.damage("cache.db")
        assert machine.run("protection", "--json").json["weddings"]["calendar"] == "stale"
        assert machine.run("gate").code == 2

    @on_both
    def test_the_calendar_of_freezes_has_the_weddings_reasons(self, machine: Machine) -> None:
        saturday = datetime(2026, 7, 25, 20, tzinfo=UTC)
        read_calendar(
            machine,
            large(datetime(2026, 7, 23, 12, tzinfo=UTC), 6)
            + wedding("H", saturday, 4, "Pacific/Honolulu", "other,100"),
        )
        found = machine.run("freeze", "calendar", "--from", "now", "--to", "2026-07-28T00:00Z", "--format", "json").json
        assert [each.pop("each") for each in found] == [
            [reason("weddings: load 30 at 2026-07-23 12:00 UTC", "07-23T10", "07-23T20", "Asia/Kolkata")],
            [
                reason("wedding weekend", "07-24T17", "07-27T05", "Europe/London"),
                reason("wedding weekend (weddings in Pacific/Honolulu)", "07-25T04", "07-27T16", "Pacific/Honolulu"),
            ],
        ]
        assert found == [
            {
                "start": "2026-07-23T10:00:00Z",
                "end": "2026-07-23T20:00:00Z",
                "at_least_until": None,
                "reasons": ["weddings: load 30 at 2026-07-23 12:00 UTC"],
                "persons": {},
            },
            {
                "start": "2026-07-24T17:00:00Z",
                "end": "2026-07-27T16:00:00Z",
                "at_least_until": None,
                "reasons": ["wedding weekend", "wedding weekend (weddings in Pacific/Honolulu)"],
                "persons": {},
            },
        ]

    def test_what_would_be_if_it_were_imported_again_is_said_as_far_as_it_reaches(self, machine: Machine) -> None:
        far = wedding("far", datetime(2026, 7, 25, 22, tzinfo=UTC), 2, "Europe/London", "british,10")
        import_by_hand(machine, large(datetime(2026, 7, 23, 4, tzinfo=UTC), 6) + far)
        found = machine.run("protection", "--at", "2026-07-25T12:00Z", "--json").json
        assert found["level"] == "MAXIMUM"
        assert found["problems"][0].endswith("; if it is read again, and says the same, this is NORMAL")

    def test_a_time_to_come_says_that_what_was_imported_will_be_old_by_then(self, machine: Machine) -> None:
        import_by_hand(machine, large(datetime(2026, 7, 23, 4, tzinfo=UTC), 6))
        stale = (
            "this is by the calendar as it is known now: unless it is read again it is stale from "
            "2026-07-23 12:00 UTC on, and the date counts as well"
        )
        # Beyond what it reaches the date counts, read again or not.
        saturday = machine.run("protection", "--at", "2026-12-05T12:00Z", "--json").json
        assert (saturday["level"], saturday["problems"]) == ("HIGH", [stale])
        far = machine.run("protection", "--at", "2026-08-01T12:00Z")
        assert (far.out.splitlines()[1][:24], f"note: {stale}\n" in far.out) == ("live weddings unknown, M", True)
        # Where nothing is known of that time, no level reads as if it were calm.
        weekday = machine.run("protection", "--at", "2026-08-05T12:00Z")
        assert "live weddings unknown, at least NORMAL until" in weekday.out
        assert machine.run("protection", "--at", "2026-08-05T12:00Z", "--json").json["at_least"] is True
        after = machine.run("protection", "--at", "2026-07-23T11:00Z", "--json").json
        assert after["problems"] == ["no wedding is known at that time or after it: the calendar may not reach so far"]
        for known in ("2026-07-23T09:00Z", "2026-07-22T11:00Z", "now"):
            assert machine.run("protection", "--at", known, "--json").json["problems"] == []

    @on_both
    def test_a_time_to_come_supposes_that_a_calendar_goes_on_being_read(self, machine: Machine) -> None:
        saturday = datetime(2026, 7, 25, 13, tzinfo=UTC)
        nine = "".join(wedding(f"W-{n}", saturday, 6, "Europe/London", "british,150") for n in range(9))
        read_calendar(machine, nine)
        assert machine.run("protection").out.startswith("0 weddings live, NORMAL until Sat 10:00 BST, then HIGH\n")
        far = machine.run("protection", "--at", "2026-07-25T12:00+01:00")
        assert far.out == (
            "at 2026-07-25 11:00:00 UTC (Sat 12:00 BST):\n"
            "0 weddings live, HIGH until 20:00 BST, then NORMAL\n"
            "load 0 then, 4 h peak 9 at 14:00 BST\n"
            "because: by the calendar the load of the next 4 h gets to 9 at 14:00 BST (HIGH from 8)\n"
            "note: this is supposing that the calendar goes on being read, and says the same: if nobody reads it "
            "again, it is stale from 2026-07-23 12:00 UTC on, and then this is MAXIMUM\n"
        )
        machine.now = datetime(2026, 7, 25, 11, tzinfo=UTC)
        late = machine.run("protection", "--json").json
        assert (late["level"], late["weddings"]["calendar"]) == ("MAXIMUM", "stale")

    def test_another_time_is_asked_with_the_weddings_of_then(self, machine: Machine) -> None:
        """Three months ahead, which no question about now looks at; a Wednesday, so that nothing else freezes."""
        then = datetime(2026, 10, 21, 12, tzinfo=UTC)
        read_calendar(machine, large(then, 6))
        assert machine.run("protection", "--at", "2026-10-21T13:00Z", "--json").json["level"] == "MAXIMUM"
        frozen = machine.run("freeze", "status", "--at", "2026-10-21T13:00Z", "--json").json
        assert (frozen["frozen"], frozen["until"]) == (True, "2026-10-21T20:00:00Z")
        asked = ("--from", "2026-10-20T00:00Z", "--to", "2026-10-22T00:00Z", "--format", "json")
        [stretch] = machine.run("freeze", "calendar", *asked).json
        assert (stretch["start"], stretch["end"]) == ("2026-10-21T10:00:00Z", "2026-10-21T20:00:00Z")

    def test_a_level_holds_no_longer_than_what_was_imported_is_fresh(self, machine: Machine) -> None:
        rows = large(datetime(2026, 10, 21, 12, tzinfo=UTC), 6)
        read_calendar(machine, rows)
        said = machine.run("protection", "--at", "2026-07-23T12:00Z", "--json").json
        assert (said["level"], said["until"], said["known_to"]) == ("NORMAL", None, "2026-10-21T08:00:00Z")
        import_by_hand(machine, rows)
        said = machine.run("protection", "--at", "2026-07-23T12:00Z", "--json").json
        assert (said["level"], said["until"], said["known_to"]) == ("NORMAL", "2026-07-24T18:30:00Z", None)
        words = machine.run("protection", "--at", "2026-07-23T12:00Z").out
        assert words.partition("\n")[2].startswith(
            "0 weddings live as last known, NORMAL until Fri 19:30 BST (Sat 00:00 Kolkata), then MAXIMUM\n"
        )

    @on_both
    def test_a_stretch_that_ends_beyond_the_weddings_looked_at_is_followed(self, machine: Machine) -> None:
        """A moratorium to Friday noon, and the Saturday after it a wedding in Auckland, where Friday began before."""
        saturday = datetime(2026, 8, 29, 2, tzinfo=UTC)
        read_calendar(machine, wedding("NZ", saturday, 4, "Pacific/Auckland", "other,100"))
        moratorium = '[[freeze.periods]]\nname = "moratorium"\nstart = 2026-07-22T00:00:00Z\nend = {}\n'
        plain = machine.config.read_text(encoding="utf-8")
        machine.configure(plain + moratorium.format("2026-08-28T12:00:00Z"))
        for to in ("2026-07-29T00:00Z", "2026-09-20T00:00Z"):
            asked = ("freeze", "calendar", "--from", "now", "--to", to, "--format", "json")
            assert machine.run(*asked).json[0]["end"] == "2026-08-31T05:00:00Z"
        now = machine.run("freeze", "status", "--json").json
        assert (now["until"], now["known_to"]) == ("2026-08-28T12:00:00Z", "2026-08-21T02:00:00Z")
        assert machine.run("freeze", "status").out.startswith(
            "FROZEN at least until Fri 2026-08-28 13:00 Europe/London (12:00 UTC)"
        )

    def test_a_freeze_beyond_what_is_known_is_no_next_one(self, machine: Machine) -> None:
        read_calendar(machine, wedding("F", datetime(2026, 8, 26, 12, tzinfo=UTC), 4, "Europe/London", "other,100"))
        window = f"{WINDOW}months = [9]\n"
        plain = machine.config.read_text(encoding="utf-8")
        machine.configure(plain.replace(WINDOW, window))
        for command in ("freeze", "status"), ("gate",):
            said = machine.run(*command, "--json").json
            assert (said["frozen"], said["next_start"], said["known_to"]) == (False, None, "2026-08-18T12:00:00Z")


class TestRaises:
    @on_both
    def test_a_person_raises_sees_and_lowers_it(self, machine: Machine) -> None:
        answer = machine.run("protection", "raise", "maximum", "--reason", "royal  wedding", "--for", "2h")
        assert (answer.code, answer.out) == (
            0,
            f"raise 1 to MAXIMUM by {ME} until 2026-07-22T14:00:00Z: royal wedding\n",
        )
        said = machine.run("protection", "--json").json
        assert (said["level"], said["until"], said["next_level"]) == ("MAXIMUM", "2026-07-22T14:00:00Z", "NORMAL")
        assert said["reasons"] == [f"raise 1 to MAXIMUM by {ME} until 15:00 BST: royal wedding"]
        assert machine.run("status", "--json").json["protection"]["level"] == "MAXIMUM"
        machine.now += HOUR
        assert machine.run("protection", "lower", "1", "--reason", "it rains").code == 0
        assert machine.run("protection", "--json").json["level"] == "NORMAL"
        assert machine.run("protection", "list").out == "nothing is raised by a person now; `--all` lists what was\n"
        [entry] = machine.run("protection", "list", "--all", "--json").json
        assert (entry["lowered_by"], entry["lowered_at"], entry["lower_reason"]) == (
            ME,
            "2026-07-22T13:00:00Z",
            "it rains",
        )
        again = machine.run("protection", "lower", "1", "--reason", "again")
        assert (again.code, again.err) == (
            18,
            f"wedtui: raise 1 ended at 2026-07-22 13:00:00 UTC, lowered by {ME}: there is nothing to lower\n",
        )

    @on_both
    def test_where_nobody_has_decided_anything_there_is_nothing_to_list(self, machine: Machine) -> None:
        for command, words in (
            ("protection", "nothing is raised by a person now; `--all` lists what was\n"),
            ("freeze", "nothing is frozen by a person now; `--all` lists what was\n"),
        ):
            answer = machine.run(command, "list")
            assert (answer.code, answer.out) == (0, words)

    @on_both
    def test_it_ends_by_itself(self, machine: Machine) -> None:
        machine.run("protection", "raise", "HIGH", "--reason", "x", "--until", "2026-07-22T13:00Z")
        assert "HIGH" in machine.run("protection", "list").out
        machine.now += HOUR
        assert machine.run("protection", "--json").json["level"] == "NORMAL"
        assert machine.run("protection", "--at", "2026-07-22T12:30Z", "--json").json["level"] == "HIGH"

    @pytest.mark.parametrize(
        "arguments",
        [
            ("NORMAL", "--reason", "x"),
            ("high", "--reason", " "),
            ("high", "--reason", "x", "--for", "25h"),
            ("high", "--reason", "x", "--for", "soon"),
            ("high", "--reason", "x", "--until", "2026-07-22T12:00Z"),
            ("high", "--reason", "x", "--until", "2026-07-23T12:01Z"),
        ],
    )
    def test_a_raise_that_means_nothing_is_refused(self, machine: Machine, arguments: tuple[str, ...]) -> None:
        answer = machine.run("protection", "raise", *arguments)
        assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
        assert answer.err.startswith("wedtui: expected") or answer.err.startswith("wedtui: --for: expected")

    def test_who_may_not_read_the_ledger_sees_the_copy(self, machine: Machine) -> None:
        raised = Raise(Protection.HIGH, "royal wedding", "ada", WEDNESDAY, WEDNESDAY + HOUR, 12)
        machine.state.mkdir()
        with machine.cache() as cache:
            cache.mirror_decisions([], [raised], WEDNESDAY)
        machine.forbid("ledger.db")
        said = machine.run("protection", "--json").json
        assert (said["level"], said["problems"]) == ("HIGH", [])
        assert said["reasons"] == ["raise 12 to HIGH by ada until 14:00 BST: royal wedding"]
        machine.now += timedelta(seconds=31)
        [problem] = machine.run("protection", "--json").json["problems"]
        assert problem.startswith("what persons raised cannot be known, the cache's copy is too old")
        assert machine.run("protection", "--json").json["level"] == "HIGH"
