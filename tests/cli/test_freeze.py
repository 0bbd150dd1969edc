"""`wedtui freeze`: the answer for a time, the calendar, and what persons add and lift."""

from __future__ import annotations

import os
import pwd
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from tests.cli.base import FEED, WEDNESDAY, WINDOW, Machine, machine, on_both, period
from wedtui.cli import common
from wedtui.config import Configuration
from wedtui.ledger.reader import LedgerReader

__all__ = ["machine"]

ME = pwd.getpwuid(os.getuid()).pw_name
TWO_WEEKS = ("--from", "2026-07-21T00:00Z", "--to", "2026-08-01T00:00Z")


def weekend(span: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": "wedding weekend", "start": span["start"], "end": span["end"], "zone": "Europe/London"}


KNOWN: dict[str, object] = {"at_least_until": None, "persons": {}}
FREEZES = [
    {**span, **KNOWN, "reasons": ["wedding weekend"], "each": [weekend(span)]}
    for span in (
        {"start": "2026-07-24T17:00:00Z", "end": "2026-07-27T05:00:00Z"},
        {"start": "2026-07-31T17:00:00Z", "end": "2026-08-03T05:00:00Z"},
    )
]


class TestStatus:
    def test_it_answers_for_now(self, machine: Machine) -> None:
        answer = machine.run("freeze", "status")
        assert (answer.code, answer.out) == (
            0,
            "open until Fri 2026-07-24 18:00 Europe/London (17:00 UTC), then frozen: wedding weekend\n",
        )

    def test_it_answers_for_another_time(self, machine: Machine) -> None:
        answer = machine.run("freeze", "status", "--at", "2026-07-25T13:00:00+01:00", "--json")
        assert answer.code == 0
        assert (answer.json["at"], answer.json["frozen"]) == ("2026-07-25T12:00:00Z", True)
        assert answer.json["until"] == "2026-07-27T05:00:00Z"

    def test_a_feed_that_was_never_read_freezes_and_says_what_to_do(self, machine: Machine) -> None:
        machine.configure(WINDOW + FEED)
        [sentence] = machine.run("freeze", "status", "--json").json["unreadable"]
        assert 'feed "venues" has never been read' in sentence
        assert "wedtui poll --once" in sentence

    @pytest.mark.parametrize("at", ["2026-07-19T12:00Z", "2026-07-30T12:00Z"])
    def test_a_feed_is_judged_by_its_age_now_whatever_is_asked_about(self, machine: Machine, at: str) -> None:
        machine.configure(WINDOW.replace("fri", "sun") + FEED)
        machine.read_feed(period("royal wedding", datetime(2026, 7, 30, 11, tzinfo=UTC), 2))
        answer = machine.run("freeze", "status", "--at", at, "--json").json
        assert (answer["unreadable"], answer["frozen"]) == ([], at.startswith("2026-07-30"))
        range_ = ("--from", "2026-07-30T00:00Z", "--to", "2026-07-31T00:00Z", "--format", "json")
        [stretch] = machine.run("freeze", "calendar", *range_).json
        assert (stretch["reasons"], stretch["at_least_until"]) == (["royal wedding"], None)
        machine.now += timedelta(hours=25)
        [late] = machine.run("freeze", "calendar", *range_).json
        assert 'feed "venues" was last read 1 d 1 h ago' in late["reasons"][0]
        assert (late["end"], late["at_least_until"]) == (None, "2026-07-31T00:00:00Z"), "that is but the question's end"
        text = machine.run("freeze", "calendar", *range_[:-2]).out
        assert "to an end that is not known, at least to Fri 2026-07-31 00:00 UTC  feed" in text
        ics = machine.run("freeze", "calendar", *range_[:-1], "ics").out
        assert "SUMMARY:freeze\\, the end is not known: feed" in ics

    @pytest.mark.parametrize("text", ["2026-07-25", "2026-07-25T12:00", "tomorrow", "", "1", "0001-01-01T00:00+14:00"])
    def test_a_time_that_is_another_one_elsewhere_is_refused(self, machine: Machine, text: str) -> None:
        answer = machine.run("freeze", "status", "--at", text)
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith("wedtui: expected an instant")
        assert answer.err.count("\n") == 1


class TestCalendar:
    def test_json_is_a_list_of_merged_stretches_in_utc(self, machine: Machine) -> None:
        answer = machine.run("freeze", "calendar", *TWO_WEEKS, "--format", "json")
        assert (answer.code, answer.json) == (0, FREEZES)

    @on_both
    def test_reasons_are_sorted_and_what_touches_is_one(self, machine: Machine) -> None:
        machine.configure(
            WINDOW + '[[freeze.periods]]\nname = "a royal wedding"\n'
            "start = 2026-07-23T00:00:00+01:00\nend = 2026-07-24T18:00:00+01:00\n"
        )
        answer = machine.run("freeze", "calendar", *TWO_WEEKS, "--format", "json")
        assert answer.json[0] == {
            "start": "2026-07-22T23:00:00Z",
            "end": "2026-07-27T05:00:00Z",
            **KNOWN,
            "reasons": ["a royal wedding", "wedding weekend"],
            "each": [
                {
                    "name": "a royal wedding",
                    "start": "2026-07-22T23:00:00Z",
                    "end": "2026-07-24T17:00:00Z",
                    "zone": None,
                },
                weekend(FREEZES[0]),
            ],
        }
        lines = machine.run("freeze", "calendar", *TWO_WEEKS).out.splitlines()
        assert lines[1:3] == [
            "    a royal wedding, from Wed 22 Jul 23:00 to Fri 24 Jul 17:00, by UTC",
            "    wedding weekend, from Fri 24 Jul 17:00 to Mon 27 Jul 05:00 (06:00 BST), by UTC",
        ]

    def test_a_stretch_is_whole_where_it_leaves_the_range(self, machine: Machine) -> None:
        inside = ("--from", "2026-07-25T00:00Z", "--to", "2026-07-25T01:00Z")
        assert machine.run("freeze", "calendar", *inside, "--format", "json").json == FREEZES[:1]

    def test_ics_says_the_same(self, machine: Machine) -> None:
        text = machine.run("freeze", "calendar", *TWO_WEEKS, "--format", "ics").out
        calendar = Calendar.from_ical(text)
        assert (calendar["version"], "prodid" in calendar) == ("2.0", True)
        events = [(e.decoded("dtstart"), e.decoded("dtend")) for e in calendar.walk("VEVENT")]
        assert events == [
            (datetime.fromisoformat(str(f["start"])), datetime.fromisoformat(str(f["end"]))) for f in FREEZES
        ]
        assert len({str(e["uid"]) for e in calendar.walk("VEVENT")}) == len(events)
        assert all(e.decoded("dtstamp") == WEDNESDAY for e in calendar.walk("VEVENT"))

    def test_text_says_when_there_is_nothing(self, machine: Machine) -> None:
        asked = ("freeze", "calendar", "--from", "now", "--to", "2026-07-23T00:00Z")
        assert machine.run(*asked).out == "nothing is frozen in that range\n"

    def test_without_a_range_it_is_the_next_14_days(self, machine: Machine) -> None:
        machine.configure(WINDOW)
        begins = [row["start"][:10] for row in machine.run("freeze", "calendar", "--format", "json").json]
        assert begins == ["2026-07-24", "2026-07-31"]
        later = machine.run("freeze", "calendar", "--from", "2026-08-03T12:00Z", "--format", "json").json
        assert [row["start"][:10] for row in later] == ["2026-08-07", "2026-08-14"]

    def test_a_range_that_ends_before_it_begins_is_refused(self, machine: Machine) -> None:
        answer = machine.run("freeze", "calendar", "--from", "2026-07-23T00:00Z", "--to", "now")
        assert (answer.code, answer.out) == (2, "")
        assert "expected --to after --from" in answer.err
        last = "9999-12-31T23:59:59.999999Z"
        answer = machine.run("freeze", "calendar", "--from", last)
        assert f"expected --to after --from, got {last}, after which there is no time" in answer.err


class TestPersons:
    ADD = ("freeze", "add", "--from", "now", "--to", "2026-07-23T00:00Z")

    @on_both
    def test_what_is_added_freezes_until_it_is_lifted(self, machine: Machine) -> None:
        assert machine.run("gate").code == 0
        added = machine.run(*self.ADD, "--reason", "royal wedding")
        assert (added.code, added.out.split(":")[0]) == (0, f"freeze 1 added by {ME}")
        refused = machine.run("gate")
        assert (refused.code, "royal wedding" in refused.out) == (1, True)
        machine.now += timedelta(hours=1)
        assert machine.run("freeze", "lift", "1", "--reason", "called off").code == 0
        assert machine.run("gate").code == 0
        [entry] = machine.run("freeze", "list", "--all", "--json").json
        assert (entry["added_by"], entry["lifted_by"], entry["lift_reason"]) == (ME, ME, "called off")
        past = machine.run("freeze", "status", "--at", "2026-07-22T12:30Z", "--json").json
        assert past["frozen"], "what was frozen until then stays true"

    @on_both
    def test_what_was_lifted_names_no_later_stretch(self, machine: Machine) -> None:
        """It froze from its start to its lift, and began the stretch; what still counts stands alone."""
        for command in (self.ADD[:-1], ("freeze", "add", "--from", "now", "--to")):
            machine.run(*command, "2026-07-25T00:00Z", "--reason", "db migration")
        machine.now = datetime(2026, 7, 24, 18, tzinfo=UTC)
        for number in ("1", "2"):
            machine.run("freeze", "lift", number, "--reason", "done")
        before = machine.run("freeze", "calendar", "--from", "2026-07-24T16:00Z", "--format", "json").json
        assert before[0]["reasons"] == ["db migration", "wedding weekend"], "what was frozen until then stays true"
        machine.now += timedelta(minutes=1)
        assert machine.run("freeze", "calendar", "--format", "json").json[0]["reasons"] == ["wedding weekend"]
        for form in ("text", "ics"):
            out = machine.run("freeze", "calendar", "--format", form).out
            assert "wedding weekend" in out
            assert "db migration" not in out

    @on_both
    def test_a_lockdown_says_by_whom_until_when_and_what_it_ended(self, machine: Machine) -> None:
        assert machine.run("freeze", "override", "traffic", "--reason", "gcp is back").code == 0
        said = machine.run("lockdown", "--reason", "bad release").out.splitlines()
        assert said == [
            f"LOCKDOWN by {ME}: bad release",
            "everything is frozen, in every environment, until it is lifted",
            "the override for traffic ended with it: a manager may give one anew",
            "`wedtui freeze lift 1 --reason WHY` ends it",
        ]
        again = machine.run("lockdown", "--reason", "worse", "--until", "+2h").out
        assert "until 2026-07-22 14:00:00 UTC" in again
        assert "override" not in again, "that was said when it ended"
        first, second = machine.run("freeze", "list").out.splitlines()[:2]
        assert first == f"   1  2026-07-22T12:00:00Z until lifted  lockdown  by {ME}: bad release"
        assert "to 2026-07-22T14:00:00Z" in second
        assert "until it is lifted  LOCKDOWN by" in machine.run("freeze", "calendar").out

    def test_the_person_is_who_the_kernel_says(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        for variable in ("USER", "LOGNAME", "SUDO_USER", "USERNAME"):
            monkeypatch.setenv(variable, "somebody-else")
        machine.run(*self.ADD, "--reason", "x")
        assert machine.run("freeze", "list", "--json").json[0]["added_by"] == ME

    @on_both
    def test_it_can_be_narrowed(self, machine: Machine) -> None:
        machine.run(*self.ADD, "--reason", "x", "--service", "rsvp", "--service", "gallery", "--environment", "staging")
        assert machine.run("gate", "--environment", "staging", "--service", "rsvp").code == 1
        assert machine.run("gate", "--environment", "staging", "--service", "gallery").code == 1
        assert machine.run("gate", "--environment", "staging", "--service", "timeline").code == 0
        assert machine.run("gate").code == 0

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (("--from", "now", "--to", "2026-07-22T11:00Z", "--reason", "x"), "expected --to after --from"),
            (("--from", "2026-07-20T00:00Z", "--to", "2026-07-21T00:00Z", "--reason", "x"), "after now"),
            (("--from", "now", "--to", "2026-07-23T00:00Z", "--reason", " \t"), "expected a reason"),
            (("--from", "now", "--to", "2026-07-23T00:00", "--reason", "x"), "expected an instant with its offset"),
            (("--from", "now", "--to", "2026-07-23T00:00Z", "--reason", "x", "--environment", "P"), "--environment: "),
        ],
    )
    def test_a_freeze_that_says_nothing_is_refused(
        self, machine: Machine, arguments: tuple[str, ...], sentence: str
    ) -> None:
        answer = machine.run("freeze", "add", *arguments)
        assert (answer.code, sentence in answer.err) == (2, True), answer.err
        assert not (machine.state / "ledger.db").exists()

    @on_both
    def test_the_list_says_why_once(self, machine: Machine) -> None:
        machine.run(*self.ADD, "--reason", "db migration")
        machine.run(*self.ADD, "--reason", "they asked for it", "--name", "royal wedding")
        first, second = machine.run("freeze", "list").out.splitlines()
        assert first.endswith(f"Z  db migration  by {ME}")
        assert second.endswith(f"Z  royal wedding  by {ME}: they asked for it")

    def test_a_reason_with_escapes_does_not_reach_anybody_s_terminal(self, machine: Machine) -> None:
        machine.run(*self.ADD, "--reason", "\x1b[2Jboo\nhoo")
        assert machine.run("freeze", "list", "--json").json[0]["reason"] == "[2Jboo hoo"

    @on_both
    def test_a_number_that_nothing_has_and_one_that_is_over(self, machine: Machine) -> None:
        assert machine.run("freeze", "lift", "7", "--reason", "x").code == 17
        machine.run(*self.ADD, "--reason", "x")
        machine.now += timedelta(days=2)
        assert machine.run("freeze", "lift", "1", "--reason", "x").code == 18

    def test_a_ledger_of_somebody_else_names_the_owner(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        machine.run(*self.ADD, "--reason", "x")
        # Nothing is closed to root, as which tests may run.
        monkeypatch.setattr(os, "access", lambda *_args: False)
        monkeypatch.setattr(common, "owner", lambda _path: "wedtui-service")
        answer = machine.run(*self.ADD, "--reason", "y")
        assert answer.code == 10
        assert answer.err == (
            f"wedtui: the ledger at {machine.state / 'ledger.db'} belongs to wedtui-service: "
            "run this command as wedtui-service\n"
        )

    def test_a_copy_in_the_cache_is_not_the_ledger(self, machine: Machine) -> None:
        with machine.cache() as cache:
            cache.mirror_decisions([period("x", WEDNESDAY, 1)], [], datetime(2026, 7, 22, 12, tzinfo=UTC))
        assert machine.run("freeze", "list").out == "nothing is frozen by a person now; `--all` lists what was\n"


ASKED = (
    ("gate",),
    ("gate", "--json"),
    ("freeze", "status"),
    ("freeze", "status", "--json"),
    ("freeze", "calendar"),
    ("freeze", "calendar", "--format", "json"),
    ("freeze", "calendar", "--format", "ics"),
)


def answers(machine: Machine) -> list[str]:
    """Return what everybody is told of a freeze."""
    return [machine.run(*asked).out for asked in ASKED]


class TestCopy:
    """Who may not read the ledger sees the same freezes as who may, with who and why."""

    @pytest.mark.parametrize("start", ["now", "+1h"])
    def test_who_and_why_are_said_to_every_reader(self, machine: Machine, start: str) -> None:
        reason = ("--reason", "the \x1b[31mvenue asked\nfor it")
        added = machine.run("freeze", "add", "--from", start, "--to", "+3h", "--name", "royal wedding", *reason)
        assert added.code == 0
        reader = LedgerReader(machine.ledger_url)
        with machine.cache() as cache:
            cache.mirror_decisions(reader.freeze_periods(), [], machine.now)
        reader.close()
        told = answers(machine)
        machine.forbid("ledger.db")
        assert answers(machine) == told
        why = "the [31mvenue asked for it"
        for out in told:
            assert "royal wedding" in out.replace("\r\n ", "")
            assert why in out.replace("\r\n ", "")
            assert "\x1b" not in out


class TestAccept:
    """A feed that suddenly lost most of its events keeps the old ones until a person says that it is right."""

    @on_both
    def test_what_vanished_stays_frozen_until_it_is_accepted(self, machine: Machine) -> None:
        machine.configure(WINDOW + FEED)
        fair = period("wedding fair", machine.now - timedelta(hours=1), 5)
        machine.read_feed(fair)
        assert machine.run("freeze", "accept", "venues").code == 18
        machine.read_feed()
        questioned = machine.run("freeze", "status").out
        assert "FROZEN" in questioned
        assert "wedtui freeze accept venues" in questioned
        accepted = machine.run("freeze", "accept", "venues")
        assert accepted.code == 0
        assert 'the feed "venues" loses more than half of what it had (1 coming event), or all' in accepted.out
        (link,) = machine.run("audit", "list", "--json").json
        assert (link["kind"], link["body"]) == ("freeze.accept", {"feed": "venues", "coming": 1})
        assert "FROZEN" in machine.run("freeze", "status").out
        machine.read_feed()
        assert machine.run("freeze", "status").out.startswith("open")

    @on_both
    def test_a_feed_that_is_no_longer_configured_counts_until_it_is_forgotten(self, machine: Machine) -> None:
        machine.configure(WINDOW + FEED + 'environments = ["staging"]\n')
        machine.read_feed(period("fair", machine.now, 3))
        assert machine.run("gate", "--environment", "staging").code == 1
        assert machine.run("freeze", "drop", "venues").code == 18
        machine.configure(WINDOW)
        with machine.cache() as cache:
            wrong = Configuration.model_validate(tomllib.loads(WINDOW))
            cache.configure(wrong, probe_interval=timedelta(minutes=1), query_interval=timedelta(minutes=1))
        # Where it did, and nowhere else.
        assert [machine.run("gate", "--environment", env).code for env in ("staging", "production")] == [1, 0]
        assert 'the feed "venues" is no longer configured and is forgotten at ' in machine.run("freeze", "status").out
        assert machine.run("freeze", "drop", "venues").out == 'feed "venues" is forgotten\n'
        (link,) = machine.run("audit", "list", "--json").json
        assert (link["kind"], link["body"]) == ("freeze.drop", {"feed": "venues"})
        assert machine.run("gate", "--environment", "staging").code == 0
        assert machine.run("freeze", "drop", "venues").code != 0

    @on_both
    def test_an_unknown_feed_names_the_known_ones(self, machine: Machine) -> None:
        machine.configure(WINDOW + FEED)
        machine.read_feed()
        answer = machine.run("freeze", "accept", "venue")
        assert answer.code == 17
        assert "known are venues" in answer.err
