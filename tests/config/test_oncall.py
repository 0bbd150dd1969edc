"""`[oncall]`: what is made of it, and what is refused with its line and key."""

from __future__ import annotations

from datetime import date, time, timedelta
from pathlib import Path

import pytest

from tests.config.base import read, refused
from tests.core.oncall_made import utc
from wedtui.core.alerts.rule import Severity
from wedtui.core.oncall.ladder import EVERYBODY, Kind, Step, Target
from wedtui.core.oncall.roster import Hours, Layer, Shift
from wedtui.core.season import Protection
from wedtui.errors import ConfigurationError
from wedtui.providers.oncall import load_plan
from wedtui.roster_files import load_rosters

CONTACTS = """\
[notify.chat]
kind = "webhook"
url = "https://hooks.example.com/"
[oncall.contacts.ada]
channels = ["chat"]
[oncall.contacts.grace]
channels = ["chat"]
"""
LINES = CONTACTS.count("\n")
LAYER = """\
[[oncall.rosters]]
name = "primary"
[[oncall.rosters.layers]]
participants = ["ada", "grace"]
zone = "Europe/London"
since = 2026-06-01
hand_over = "mon 09:00"
"""
LADDER = """\
[[oncall.ladders]]
name = "mine"
steps = [{ after = "0m", roster = "primary" }, { after = "90s", contact = "ada" }, { after = "5m", everybody = true }]
"""
FILE = """\
[[rosters]]
name = "night"
[[rosters.layers]]
participants = ["grace"]
zone = "Europe/London"
since = 2026-06-01
hand_over = "20:00"
length = "1d"
hours = [{ start = "20:00", end = "08:00", days = ["fri", "sat"] }]
"""


def beside(folder: Path, name: str, text: str) -> Path:
    path = folder / "rosters" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_everything_is_made_as_it_is_written(tmp_path: Path) -> None:
    override = (
        '[[oncall.rosters.overrides]]\ncontact = "ada"\nstart = 2026-07-01T00:00:00Z\nend = 2026-07-02T00:00:00Z\n'
    )
    beside(tmp_path, "night.toml", FILE)
    loaded = read(tmp_path, f'[oncall]\ndefault = "ada"\nlapse = "20m"\n{CONTACTS}{LAYER}{override}{LADDER}')
    plan = load_plan(loaded, utc("2026-06-01 00:00"))
    primary, night = plan.rosters
    assert primary.layers == (Layer(("ada", "grace"), "Europe/London", date(2026, 6, 1), time(9)),)
    assert primary.overrides == (Shift("ada", utc("2026-07-01 00:00"), utc("2026-07-02 00:00")),)
    hours = (Hours(time(20), time(8), frozenset({4, 5})),)
    assert night.layers == (Layer(("grace",), "Europe/London", date(2026, 6, 1), time(20), 1, hours=hours),)
    assert plan.ladders[0].steps == (
        Step(timedelta(), Target(Kind.ROSTER, "primary")),
        Step(timedelta(seconds=90), Target(Kind.CONTACT, "ada")),
        Step(timedelta(minutes=5), EVERYBODY),
    )
    assert plan.ladders[0].severities == {Severity.CRITICAL}
    assert plan.ladders[0].levels == set(Protection)
    assert (plan.default, plan.lapse, plan.channels) == ("ada", timedelta(minutes=20), ("chat",))
    # The default ladders stand for what this one does not.
    assert [ladder.name for ladder in plan.every_ladder] == ["mine", "warnings"]


@pytest.mark.parametrize(
    ("text", "line", "key", "said"),
    [
        (
            '[oncall]\ndefault = "alan"\n',
            2,
            "oncall.default",
            'expected the name of a contact (ada, grace); "alan" is none',
        ),
        (
            '[oncall.contacts.mute]\nchannels = ["chta"]\n',
            2,
            "oncall.contacts.mute.channels.0",
            'expected the name of a channel of [notify] (chat); "chta" is none; did you mean "chat"?',
        ),
        (
            '[oncall.contacts.alan]\nknown_as = ["Ada"]\n',
            2,
            "oncall.contacts.alan.known_as.0",
            'expected words of its own; "Ada" is ada too',
        ),
        (
            LAYER.replace('"grace"', '"grcae"'),
            4,
            "oncall.rosters.primary.layers.0.participants.1",
            'expected the name of a contact (ada, grace); "grcae" is none; did you mean "grace"?',
        ),
        (
            LAYER.replace('["ada", "grace"]', "[]"),
            3,
            "oncall.rosters.primary.layers.0",
            "expected at least one participant: a rotation of nobody is none",
        ),
        (LAYER + LAYER, 9, "oncall.rosters.1.name", 'expected a name of its own; "primary" occurs twice'),
        (
            '[[oncall.rosters]]\nname = "empty"\n',
            1,
            "oncall.rosters.empty",
            'expected layers or a calendar in roster "empty": nobody would ever have it',
        ),
        (
            LAYER.replace("2026-06-01", "2026-06-02"),
            3,
            "oncall.rosters.primary.layers.0",
            "expected since on the weekday of hand_over, got 2026-06-02, a tue",
        ),
        (
            LAYER + 'length = "3d"\n',
            3,
            "oncall.rosters.primary.layers.0",
            "expected a length of whole weeks beside a weekday in hand_over",
        ),
        (
            LAYER + 'length = "36h"\n',
            8,
            "oncall.rosters.primary.layers.0.length",
            'expected a length of whole days, such as "1d" or "1w", got "36h"',
        ),
        (
            LAYER + "until = 2026-06-01\n",
            3,
            "oncall.rosters.primary.layers.0",
            "expected until after since",
        ),
        (
            LAYER.replace('"mon 09:00"', '"9 o\'clock"'),
            7,
            "oncall.rosters.primary.layers.0.hand_over",
            'expected a time of day such as "09:00", or a weekday with one such as "mon 09:00", got "9 o\'clock"',
        ),
        (
            LAYER.replace("2026-06-01", "2026-06-01T00:00:00Z"),
            6,
            "oncall.rosters.primary.layers.0.since",
            "expected a day such as 2026-06-01, got 2026-06-01 00:00:00+00:00",
        ),
        (
            LAYER.replace("Europe/London", "Europe/Londn"),
            5,
            "oncall.rosters.primary.layers.0.zone",
            'expected an IANA zone such as "Europe/London"; "Europe/Londn" is not one; did you mean "Europe/London"?',
        ),
        (
            f"{LAYER}[[oncall.rosters.overrides]]\n"
            'contact = "ada"\nstart = 2026-07-02T00:00:00Z\nend = 2026-07-02T00:00:00Z\n',
            8,
            "oncall.rosters.primary.overrides.0",
            "expected an end after the start",
        ),
        (
            f"{LAYER}{LADDER}".replace('contact = "ada"', 'contact = "alan"'),
            10,
            "oncall.ladders.mine.steps.1.contact",
            'expected the name of a contact (ada, grace); "alan" is none',
        ),
        (
            LADDER.replace('"0m"', '"2m"'),
            1,
            "oncall.ladders.mine",
            "expected steps in the order of their delays",
        ),
        (
            LADDER.replace(', contact = "ada"', ""),
            3,
            "oncall.ladders.mine.steps.1",
            "expected exactly one of roster, contact and everybody = true",
        ),
        (
            '[[oncall.ladders]]\nname = "mine"\nsteps = []\n',
            1,
            "oncall.ladders.mine",
            "expected at least one step: a ladder without any tells nobody",
        ),
        (
            f"{LAYER}{LADDER}{LADDER.replace('mine', 'other')}",
            11,
            "oncall.ladders.other",
            'expected severities and levels of its own; "mine" stands for some of them (HIGH, MAXIMUM, NORMAL) too',
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("oncall") else "",
)
def test_what_is_refused_and_where(tmp_path: Path, text: str, line: int, key: str, said: str) -> None:
    problems = refused(tmp_path, f"{CONTACTS}{text}")
    assert f"config.toml:{LINES + line}: {key}: {said}" in problems


def test_a_file_of_rosters_says_its_own_lines(tmp_path: Path) -> None:
    loaded = read(tmp_path, f"{CONTACTS}{LAYER}")
    beside(tmp_path, "a.toml", FILE.replace('"grace"', '"nobody"'))
    beside(tmp_path, "b.toml", FILE.replace("night", "primary").replace('"20:00"\nlength', '"25:00"\nlength'))
    beside(tmp_path, "c.toml", FILE.replace("night", "primary"))
    with pytest.raises(ConfigurationError) as caught:
        load_rosters(loaded)
    assert [problem.removeprefix(f"{tmp_path}/rosters/") for problem in caught.value.problems] == [
        'a.toml:4: rosters.1.layers.1.participants.1: expected the name of a contact (ada, grace); "nobody" is none',
        'b.toml:7: rosters.1.layers.1.hand_over: expected a time of day such as "09:00", or a weekday with one such as '
        '"mon 09:00", got "25:00"',
        f'c.toml:2: rosters.1.name: expected another name: "primary" stands in {tmp_path}/config.toml',
    ]


def test_a_ladder_may_name_a_roster_of_a_file_and_no_other(tmp_path: Path) -> None:
    beside(tmp_path, "night.toml", FILE)
    loaded = read(tmp_path, CONTACTS + LADDER.replace("primary", "night"))
    assert [each.section.name for each in load_rosters(loaded)] == ["night"]
    loaded = read(tmp_path, CONTACTS + LADDER)
    with pytest.raises(ConfigurationError) as caught:
        load_rosters(loaded)
    assert caught.value.problems == (
        f"{tmp_path}/config.toml:{LINES + 3}: oncall.ladders.mine.steps.0.roster: "
        'expected the name of a roster (night); "primary" is none',
    )


def test_who_is_on_call_is_no_other_service(tmp_path: Path) -> None:
    assert read(tmp_path, CONTACTS).digest == read(tmp_path, CONTACTS + LAYER).digest


def test_who_is_told_is_no_part_of_what_is_watched_and_stands_on_record_all_the_same(tmp_path: Path) -> None:
    some = [read(tmp_path, text) for text in ("", CONTACTS, CONTACTS + LAYER, f'[oncall]\nlapse = "1m"\n{CONTACTS}')]
    assert len({each.digest for each in some}) == 1
    assert len({each.noted for each in some}) == 4
    assert some[0].noted == some[0].digest
