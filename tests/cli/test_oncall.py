"""`wedtui oncall`: who has it, with what exit code, and what `config check` and `doctor` say of rosters."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.cli.base import Machine, machine
from tests.core.oncall_made import utc
from wedtui.cli.oncall_reading import OnCallReading
from wedtui.config_file import load

__all__ = ["machine"]

DOCUMENT = Path(__file__).parents[2] / "docs" / "oncall.md"
CONTACTS = """\
[notify.pager]
kind = "webhook"
url = "https://hooks.example.com/"
[notify.chat]
kind = "webhook"
url = "https://hooks.example.com/"
[oncall.contacts.ada]
channels = ["pager", "chat"]
zone = "Europe/London"
known_as = ["ada@example.com"]
[oncall.contacts.grace]
channels = ["chat"]
zone = "America/New_York"
"""
WEEKS = """\
[[oncall.rosters]]
name = "primary"
[[oncall.rosters.layers]]
participants = ["ada", "grace"]
zone = "Europe/London"
since = 2026-07-20
hand_over = "mon 09:00"
"""
OFFICE = 'hours = [{ start = "09:00", end = "17:00", days = ["mon", "tue", "wed", "thu", "fri"] }]\n'
NIGHT = '[[oncall.rosters]]\nname = "night"\ncalendar = "night.ics"\n'
CALENDAR = """\
BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:one
DTSTAMP:20260701T000000Z
DTSTART:20260722T180000Z
DTEND:20260723T060000Z
ATTENDEE:mailto:ada@example.com
SUMMARY:Night
END:VEVENT
END:VCALENDAR
"""


def test_now_says_who_has_it_until_when_and_who_is_next(machine: Machine) -> None:
    machine.configure(CONTACTS + WEEKS)
    answer = machine.run("oncall", "now")
    assert (answer.code, answer.out) == (0, "primary: ada until Mon 09:00 Europe/London, then grace\n")
    assert machine.run("oncall", "now", "--json").json == {
        "at": "2026-07-22T12:00:00Z",
        "rosters": [
            {
                "roster": "primary",
                "contacts": ["ada"],
                "until": "2026-07-27T08:00:00Z",
                "next": ["grace"],
                "standing_in": False,
                "told": ["ada"],
                "channels": ["pager", "chat"],
                "problem": None,
            }
        ],
    }


def test_a_hole_ends_with_1_and_says_who_is_told(machine: Machine) -> None:
    machine.configure(CONTACTS + WEEKS + OFFICE)
    assert machine.run("oncall", "now").code == 0
    hole = machine.run("oncall", "who", "--at", "2026-07-25T12:00Z")
    assert hole.code == 1
    assert hole.out == ("primary: nobody until Mon 08:00 UTC, then grace; nobody has it, so every channel is told\n")
    machine.configure(f'[oncall]\ndefault = "grace"\n{CONTACTS}{WEEKS}{OFFICE}')
    hole = machine.run("oncall", "who", "--at", "2026-07-25T12:00Z", "--json")
    assert hole.code == 1
    (row,) = hole.json["rosters"]
    assert (row["contacts"], row["told"], row["channels"]) == ([], ["grace"], ["chat"])
    assert row["problem"] == "nobody has it, so grace is told"


def test_an_overlap_names_both_and_is_no_hole(machine: Machine) -> None:
    machine.configure(CONTACTS + WEEKS + WEEKS.partition("\n")[2].partition("\n")[2].replace('"ada", ', ""))
    answer = machine.run("oncall", "now")
    assert answer.code == 0
    assert "primary: ada and grace until" in answer.out
    assert "ada and grace have it at the same time, so each is told" in answer.out
    assert "ada and grace  (at the same time)" in machine.run("oncall", "check").out


def test_no_roster_is_a_hole(machine: Machine) -> None:
    machine.configure(CONTACTS)
    answer = machine.run("oncall", "now")
    assert (answer.code, answer.out) == (
        1,
        "nobody: no roster is configured, so every channel is told (docs/oncall.md)\n",
    )


def test_without_a_channel_nobody_is_told_and_that_is_said(machine: Machine) -> None:
    machine.configure("")
    said = "nobody: no roster is configured, so NOBODY IS TOLD: no channel is configured (docs/oncall.md)\n"
    assert (machine.run("oncall", "now").code, machine.run("oncall", "now").out) == (1, said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("who", "--at", "yesterday"), "expected an instant"),
        (("now", "--roster", "secondary"), 'there is no roster "secondary": choose one of primary'),
    ],
)
def test_what_cannot_be_answered_ends_with_2(machine: Machine, arguments: tuple[str, ...], said: str) -> None:
    machine.configure(CONTACTS + WEEKS)
    answer = machine.run("oncall", *arguments)
    assert answer.code == 2
    assert said in answer.err


def test_a_wrong_file_of_rosters_ends_with_2_everywhere(machine: Machine) -> None:
    machine.configure(CONTACTS)
    folder = machine.folder / "rosters"
    folder.mkdir()
    (folder / "a.toml").write_text('[[rosters]]\nname = "a"\nlayres = []\n')
    for command in (("oncall", "now"), ("oncall", "check"), ("config", "check")):
        answer = machine.run(*command)
        assert answer.code == 2
        assert 'a.toml:3: rosters.1.layres: expected a known key; did you mean "layers"?' in answer.err
    assert "problem  on call: " in machine.run("doctor").out


def test_check_lists_shifts_holes_and_ladders(machine: Machine) -> None:
    machine.configure(CONTACTS + WEEKS + OFFICE)
    answer = machine.run("oncall", "check", "--shifts", "4")
    assert answer.code == 1
    assert answer.out.splitlines() == [
        "primary:",
        "  Wed 22 Jul 13:00 to Wed 22 Jul 17:00 Europe/London  ada",
        "  Wed 22 Jul 16:00 to Thu 23 Jul 08:00 UTC  NOBODY",
        "  Thu 23 Jul 09:00 to Thu 23 Jul 17:00 Europe/London  ada",
        "  Thu 23 Jul 16:00 to Fri 24 Jul 08:00 UTC  NOBODY",
        "ladder wedding days (default), critical at HIGH and MAXIMUM: at once roster primary, 2m roster primary, "
        "4m everybody, 6m everybody",
        "ladder other days (default), critical at NORMAL: at once roster primary, 5m roster primary, 10m everybody, "
        "15m everybody",
        "ladder warnings (default), warning at HIGH, MAXIMUM and NORMAL: at once roster primary",
        "1 roster, 2 contacts",
    ]
    machine.configure(CONTACTS + WEEKS)
    shown = machine.run("oncall", "check", "--json")
    assert shown.code == 0
    assert shown.json["rosters"][0]["shifts"][1] == {
        "start": "2026-07-27T08:00:00Z",
        "end": "2026-08-03T08:00:00Z",
        "contacts": ["grace"],
        "standing_in": False,
    }
    assert len(shown.json["rosters"][0]["shifts"]) == 10


def test_a_calendar_beside_the_configuration(machine: Machine) -> None:
    machine.configure(CONTACTS + NIGHT)
    (machine.folder / "night.ics").write_text(CALENDAR)
    answer = machine.run("oncall", "who", "--at", "2026-07-22T18:00Z")
    assert (answer.code, answer.out) == (0, "night: ada until Thu 07:00 Europe/London, then nobody\n")
    assert machine.run("oncall", "who", "--at", "2026-07-23T06:00Z").code == 1


@pytest.mark.parametrize(
    ("text", "said"), [(None, "cannot be read (No such file"), ("<html>", "cannot be used: it sent")]
)
def test_a_calendar_that_cannot_be_read_is_a_hole_that_is_said(machine: Machine, text: str | None, said: str) -> None:
    machine.configure(CONTACTS + NIGHT + WEEKS)
    if text is not None:
        (machine.folder / "night.ics").write_text(text)
    answer = machine.run("oncall", "now")
    assert answer.code == 1
    night, primary = answer.out.splitlines()
    assert said in night
    assert "nobody has it, so every channel is told" in night
    assert primary == "primary: ada until Mon 09:00 Europe/London, then grace"


def test_doctor_finds_holes_of_the_next_fortnight_contacts_without_a_channel_and_ladders_that_name_nobody(
    machine: Machine,
) -> None:
    mute = '[oncall.contacts.mute]\n[[oncall.ladders]]\nname = "mine"\nsteps = [{ after = "0m", contact = "mute" }]\n'
    machine.configure(CONTACTS + mute + WEEKS + "until = 2026-08-03\n")
    lines = [line for line in machine.run("doctor").out.splitlines() if "on call" in line]
    assert [line.partition(" -> ")[0] for line in lines] == [
        "warning  on call: nobody has primary from 2026-08-03 08:00:00 UTC to 2026-08-05 12:00:00 UTC",
        "warning  on call: mute has no channel",
        "warning  on call: the ladder mine names nobody who can be told by contact mute",
    ]
    machine.configure(CONTACTS + WEEKS)
    assert "ok       on call: 1 roster without a hole in the next 14 days" in machine.run("doctor").out
    machine.configure("")
    assert "on call" not in machine.run("doctor").out


def test_the_picture_says_who_has_it_and_finds_holes(machine: Machine) -> None:
    machine.configure(CONTACTS + WEEKS + "until = 2026-07-27\n")
    loaded, reading = load(machine.config, {}), OnCallReading()
    (now,), findings = reading.now(loaded, utc("2026-07-27 07:59:55"))
    assert (now.contacts, now.until, findings) == (("ada",), utc("2026-07-27 08:00"), ())
    (now,), findings = reading.now(loaded, utc("2026-07-27 08:00"))
    assert now.is_hole
    assert [finding.text for finding in findings] == ["primary: nobody has it, so every channel is told"]


def test_the_picture_follows_files_and_keeps_what_it_knows_of_those_that_cannot_be_used(machine: Machine) -> None:
    machine.configure(CONTACTS + NIGHT)
    calendar = machine.folder / "night.ics"
    calendar.write_text(CALENDAR)
    loaded, reading = load(machine.config, {}), OnCallReading()
    at = utc("2026-07-22 18:00")
    (now,), _findings = reading.now(loaded, at)
    assert now.contacts == ("ada",)
    calendar.write_text(CALENDAR.replace("mailto:ada@example.com", "grace"))
    (now,), _findings = reading.now(loaded, utc("2026-07-22 18:01"))
    assert now.contacts == ("grace",)
    (machine.folder / "rosters").mkdir()
    (machine.folder / "rosters" / "a.toml").write_text("[[rosters]]\n")
    (now,), findings = reading.now(loaded, utc("2026-07-22 18:02"))
    assert now.contacts == ("grace",)
    assert "a.toml:1: rosters.1.name: expected this key" in findings[0].text


def test_a_file_that_could_not_be_used_and_is_gone_again_leaves_nothing_unknown(machine: Machine) -> None:
    machine.configure(CONTACTS + WEEKS)
    loaded, reading = load(machine.config, {}), OnCallReading()
    reading.now(loaded, utc("2026-07-22 18:00"))
    wrong = machine.folder / "rosters" / "a.toml"
    wrong.parent.mkdir()
    wrong.write_text("[[rosters]]\n")
    reading.now(loaded, utc("2026-07-22 18:01"))
    assert "a.toml:1" in reading.problem
    assert reading.good_at == utc("2026-07-22 18:00")
    wrong.unlink()
    (now,), findings = reading.now(loaded, utc("2026-07-22 18:02"))
    assert (now.contacts, findings, reading.problem) == (("ada",), (), "")
    assert reading.good_at == utc("2026-07-22 18:02")


def test_status_says_who_is_on_call(machine: Machine) -> None:
    machine.configure(CONTACTS + WEEKS)
    line = next(line for line in machine.run("status").out.splitlines() if line.startswith("on call"))
    assert line == "on call     ada until Mon 08:00 UTC, then grace · read 0 s ago: `wedtui oncall now`"
    assert machine.run("status", "--json").json["oncall"] == {
        "known": True,
        "why": None,
        "read_age_s": 0.0,
        "rosters": [
            {
                "roster": "primary",
                "contacts": ["ada"],
                "until": "2026-07-27T08:00:00+00:00",
                "next": ["grace"],
                "standing_in": False,
                "told": ["ada"],
                "doubted": False,
                "problem": None,
            }
        ],
        "counts_in_state": False,
    }


def test_status_does_not_know_who_is_on_call_by_a_file_that_cannot_be_used(machine: Machine) -> None:
    machine.configure(CONTACTS)
    assert "on call " not in machine.run("status").out
    (machine.folder / "rosters").mkdir()
    (machine.folder / "rosters" / "a.toml").write_text("[[rosters]]\n")
    assert "on call     UNKNOWN: `wedtui oncall now`" in machine.run("status").out
    found = machine.run("status", "--json").json["oncall"]
    assert (found["known"], found["rosters"]) == (False, [])
    assert "a.toml:1" in found["why"]


def test_status_names_a_hole(machine: Machine) -> None:
    machine.configure(CONTACTS + WEEKS.replace("2026-07-20", "2026-08-03"))
    assert "on call: primary: nobody has it, so every channel is told" in machine.run("status").out


def test_the_examples_of_the_document_can_be_used(machine: Machine) -> None:
    channels = "".join(
        f'[notify.{name}]\nkind = "webhook"\nurl = "https://hooks.example.com/"\n' for name in ("pager-ada", "chat")
    )
    blocks = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    own = [block for block in blocks if "[oncall" in block]
    (file,) = [block for block in blocks if block not in own]
    machine.configure("\n".join((channels, *own)))
    (machine.folder / "rosters").mkdir()
    (machine.folder / "rosters" / "night.toml").write_text(file)
    (machine.folder / "rosters" / "night.ics").write_text(CALENDAR)
    assert machine.run("config", "check").code == 0
    names = [roster["roster"] for roster in machine.run("oncall", "now", "--json").json["rosters"]]
    assert names == ["primary", "secondary", "night"]
    # What the document says of day and night: neither hole nor overlap.
    found = machine.run("oncall", "check", "--roster", "secondary", "--json")
    assert found.code == 0
    assert {tuple(shift["contacts"]) for shift in found.json["rosters"][0]["shifts"]} == {("ada",), ("grace",)}
    assert tomllib.loads(own[0])["oncall"]["default"] == "grace"
