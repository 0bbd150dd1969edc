"""`wedtui alerts silence` and `wedtui broadcast`, where whoever may writes the ledger herself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.cli.base import Machine, machine, on_both
from tests.cli.test_alerts import ALERT, stands
from wedtui.cli import silencing, typing_in
from wedtui.cli.source import PictureSource
from wedtui.config_file import load
from wedtui.control.answers import HidesIs, SilenceIs
from wedtui.core.alerts.memory import AlertState
from wedtui.core.alerts.track import labels_of
from wedtui.core.finding import Severity
from wedtui.ledger.alerts import AlertKeeper, Turn
from wedtui.paths import StatePaths

__all__ = ["machine"]
pytestmark = on_both

ASKED = ("alerts", "silence", "--rule", "down", "--label", "provider=aws", "--for", "1h", "--reason", "it is moved")
SILENCE = (*ASKED, "--yes")
CHANNEL = '[notify.hook]\nkind = "webhook"\nurl = "http://127.0.0.1:9/"\n'


@pytest.fixture(autouse=True)
def its_clock(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    # A server has a clock of its own, which no test moves.
    monkeypatch.setattr("wedtui.ledger.silences.database_now", lambda _connection: machine.now)


def test_what_it_hides_is_said_and_only_then_it_is_stored(machine: Machine) -> None:
    stands(machine, ALERT, replace(ALERT, rule="errors", key="alert/errors/1"))
    before = machine.run(*SILENCE, "--preview")
    assert (before.code, before.out.splitlines()[1]) == (0, "nothing was stored")
    assert machine.run("alerts", "silences").out == "nothing is silenced\n"
    first, line = machine.run(*SILENCE).out.splitlines()
    assert first == before.out.splitlines()[0]
    assert first.startswith("it would hide 1 that fire and 0 that are pending: down (")
    about = "alerts of down where provider is aws until 2026-07-22 13:00:00 UTC"
    assert line.startswith(f"silence 1: {about}, by ")
    assert line.endswith(": it is moved")
    assert machine.run("alerts", "silences").out.splitlines() == [
        line,
        "      hides 1 that fire and 0 that are pending",
    ]
    [found] = machine.run("alerts", "silences", "--json").json
    assert (found["id"], found["rules"], found["labels"]) == (1, ["down"], {"provider": ["aws"]})
    assert len(found["hides"]["firing"]) == 1


def test_it_holds_once_it_is_confirmed(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    stands(machine, ALERT)
    alone = machine.run(*ASKED)
    assert (alone.code, "not confirmed: nothing is silenced" in alone.err) == (3, True)
    assert alone.out.startswith("it would hide 1 that fire")
    asks = list[str]()

    def typed(word: str) -> bool:
        asks.append(word)
        return len(asks) > 1

    monkeypatch.setattr(typing_in, "attended", lambda: True)
    monkeypatch.setattr(typing_in, "typed", typed)
    assert machine.run(*ASKED).code == 3
    assert machine.run("alerts", "silences").out == "nothing is silenced\n"
    assert machine.run(*ASKED).code == 0
    assert asks == ["silence", "silence"]
    assert [each["id"] for each in machine.run("alerts", "silences", "--json").json] == [1]


def test_scripts_are_told_in_json(machine: Machine) -> None:
    stands(machine, ALERT)
    before = machine.run(*ASKED, "--preview", "--json")
    assert [each["key"] for each in before.json["firing"]] == [ALERT.key]
    made = machine.run(*SILENCE, "--json")
    assert (made.json["id"], made.json["hides"]) == (1, before.json)
    assert before.json["sentence"] in made.err


def test_the_service_is_asked_where_it_runs(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    hides = HidesIs("it would hide all", known=True, firing=[], pending=[], told=0)
    made = SilenceIs(7, ["own"], {}, "it is moved", "ada", machine.now, machine.now, None, None, None, hides)
    asked = list[str]()

    class Client:
        def silence_preview(self, rules: Sequence[str], _labels: object, **_more: object) -> HidesIs:
            asked.append(f"preview {rules}")
            return hides

        def silences(self) -> list[SilenceIs]:
            return []

        def silence(self, rules: Sequence[str], _labels: object, **_more: object) -> SilenceIs:
            asked.append(f"silence {rules}")
            return made

    monkeypatch.setattr(silencing, "deciding", lambda _session: Client())
    stands(machine)
    # A rule that only the service knows of.
    answer = machine.run("alerts", "silence", "--rule", "own", "--for", "1h", "--reason", "it is moved", "--yes")
    assert (answer.code, answer.out.splitlines()[0]) == (0, "it would hide all")
    assert asked == ["preview ('own',)", "silence ('own',)"]


def test_rules_that_cannot_be_read_now_are_those_that_counted_last(machine: Machine) -> None:
    own = '[[rules]]\nname = "own"\ncondition = "cpu > 90%"\nseverity = "critical"\n'
    with closing(AlertKeeper(machine.ledger_url, "one", clock=lambda _connection: machine.now)) as keeper:
        keeper.turn(lambda known: Turn(AlertState(known.now, {}), known.telling, files=[("own.toml", own)]))
    folder = machine.config.parent / "rules"
    folder.mkdir()
    (folder / "own.toml").write_text("[[rules]\n")
    ask = ("alerts", "silence", "--for", "1h", "--reason", "it is moved", "--yes", "--rule")
    stands(machine)
    assert machine.run(*ask, "own").code == 0
    assert machine.run(*ask, "never").code == 2


def test_where_alerts_are_not_judged_it_is_not_known_what_it_hides(machine: Machine) -> None:
    assert machine.run(*SILENCE).out.startswith("what it would hide is NOT KNOWN")
    assert "what it hides is NOT KNOWN" in machine.run("alerts", "silences").out


def test_it_ends_early_with_a_reason_or_by_itself(machine: Machine) -> None:
    stands(machine)
    assert machine.run(*SILENCE).code == 0
    assert machine.run(*SILENCE).code == 0
    ended = machine.run("alerts", "unsilence", "1", "--reason", "done")
    assert (ended.code, ended.out[:17]) == (0, "silence 1: ended;")
    assert machine.run("alerts", "unsilence", "1", "--reason", "again").code == 18
    assert machine.run("alerts", "unsilence", "9", "--reason", "none").code == 17
    assert [each["id"] for each in machine.run("alerts", "silences", "--json").json] == [2]
    machine.now += timedelta(hours=1)
    assert machine.run("alerts", "silences", "--json").json == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--for", "25h", "--rule", "down"), "within 1d"),
        (("--for", "soon", "--rule", "down"), "--for:"),
        (("--for", "1h"), "expected a rule or a label"),
        (("--for", "1h", "--rule", "never"), 'there is no rule "never"'),
        (("--for", "1h", "--rule", "wedtui/acton"), 'there is no rule "wedtui/acton": choose one of'),
        (("--for", "1h", "--label", "aws"), "expected a label and its value"),
        (("--for", "1h", "--rule", "down", "--preview", "--reason", " "), "--reason: expected words"),
    ],
)
def test_what_may_not_be_silenced_is_said(machine: Machine, arguments: tuple[str, ...], said: str) -> None:
    answer = machine.run("alerts", "silence", "--reason", "r", *arguments)
    assert answer.code == 2
    assert said in answer.err
    assert machine.run("alerts", "silences").out == "nothing is silenced\n"


def test_everybody_is_told_only_once_it_is_confirmed(machine: Machine) -> None:
    machine.configure(CHANNEL)
    asked = machine.run("broadcast", "all hands", "--severity", "warning")
    assert (asked.code, "not confirmed: nobody is told" in asked.err) == (3, True)
    assert "tells everybody: all hands" in asked.out
    assert machine.run("notify", "list", "--json").json == []
    stands(machine)
    told = machine.run("broadcast", "all hands", "--severity", "warning", "--yes")
    assert (told.code, "waits for hook" in told.out) == (0, True)
    [found] = machine.run("notify", "list", "--json").json
    assert (found["everybody"], found["severity"], found["stage"]) == (True, "warning", "waiting")
    assert found["sentence"].endswith("tells everybody: all hands")


def test_what_still_hides_and_what_was_told_before_is_said_at_its_end(machine: Machine) -> None:
    before = replace(
        ALERT, key="alert/down/2", labels=labels_of({"provider": "aws", "probe": "b"}), told_at=machine.now
    )
    behind = replace(ALERT, key="alert/down/3", labels=labels_of({"provider": "aws", "probe": "c"}), inhibited_by="up")
    stands(machine, ALERT, before, behind)
    machine.run(*SILENCE)
    machine.run("alerts", "silence", "--label", "probe=rsvp", "--for", "1h", "--reason", "r", "--yes")
    first = machine.run("alerts", "unsilence", "1", "--reason", "done").out
    assert first == (
        "silence 1: ended; of the alerts that it was about and that fire: 1 stay hidden by silence 2; 1 stay hidden by "
        "another alert that fires; people were told of 1 before, and are not told again\n"
    )
    last = machine.run("alerts", "unsilence", "2", "--reason", "done").out
    assert "people are told of 1 now: down (probe=rsvp, provider=aws)" in last
    machine.run(*SILENCE)
    stands(machine)
    assert "nothing fires that it was about" in machine.run("alerts", "unsilence", "3", "--reason", "done").out


def test_one_like_it_that_holds_is_said(machine: Machine) -> None:
    stands(machine, ALERT)
    wide = ("alerts", "silence", "--rule", "down", "--rule", "cpu", "--for", "30m", "--reason", "r", "--yes")
    assert machine.run(*wide).err == ""
    again = machine.run(*SILENCE)
    assert (again.code, "note: silence 1 of " in again.err) == (0, True)
    assert "hides all of that already, until 2026-07-22 12:30:00 UTC, and this one would for longer" in again.err
    assert machine.run("alerts", "silence", "--rule", "errors", "--for", "1h", "--preview").err == ""


def test_a_label_that_nothing_has_is_said(machine: Machine) -> None:
    stands(machine, ALERT)
    asked = ("alerts", "silence", "--for", "1h", "--preview", "--label")
    assert 'has a label "provder": it would hide nothing' in machine.run(*asked, "provder=aws").err
    assert machine.run(*asked, "probe=rsvp").err == ""


def test_a_value_that_nothing_has_is_said_with_those_that_there_are(machine: Machine) -> None:
    stands(machine, ALERT, replace(ALERT, key="alert/down/2", labels=labels_of({"provider": "gcp", "probe": "rsvp"})))
    asked = ("alerts", "silence", "--for", "1h", "--preview", "--label")
    assert "note: nothing that is configured or fires has provider=awss: there is aws and gcp" in (
        machine.run(*asked, "provider=awss,gcp").err
    )
    assert machine.run(*asked, "provider=aws,gcp").err == ""


def test_what_it_would_hide_is_said_without_a_reason(machine: Machine) -> None:
    stands(machine, ALERT)
    asked = ("alerts", "silence", "--rule", "down", "--for", "1h")
    found = machine.run(*asked, "--preview")
    assert (found.code, found.out.startswith("it would hide 1 that fire")) == (0, True)
    kept = machine.run(*asked, "--yes")
    assert (kept.code, "--reason: expected words" in kept.err) == (2, True)


def test_without_a_channel_or_words_nobody_would_be_told(machine: Machine) -> None:
    answer = machine.run("broadcast", "all hands", "--yes")
    assert (answer.code, "no channel is configured" in answer.err) == (2, True)
    machine.configure(CHANNEL)
    assert machine.run("broadcast", " ", "--yes").code == 2


def test_the_dashboard_says_how_many_hold(machine: Machine) -> None:
    stands(machine, ALERT)
    source = PictureSource(load(machine.config, os.environ), machine.config, StatePaths(machine.state))

    def notes() -> list[str]:
        found = source.picture(machine.now).findings
        return [each.text for each in found if each.subject == "alerts" and each.severity is Severity.NOTE]

    try:
        assert notes() == []
        machine.run(*SILENCE)
        [note] = notes()
        assert note.startswith("one silence holds until 2026-07-22 13:00:00 UTC, of down where provider is aws, by ")
        machine.run(*SILENCE)
        assert notes() == [
            "2 silences hold, the last until 2026-07-22 13:00:00 UTC: `wedtui alerts silences` says what they hide"
        ]
        machine.now += timedelta(hours=1)
        assert notes() == []
    finally:
        source.close()
