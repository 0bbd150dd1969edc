"""`wedtui gate`: 0 allowed, 1 refused, 2 could not be decided, and never anything else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest

from tests.cli.base import FEED, SATURDAY, WEDNESDAY, WINDOW, Machine, machine, on_both, period
from wedtui.cli import freeze
from wedtui.ledger.ledger import Ledger

__all__ = ["machine"]


def test_an_open_day_is_allowed(machine: Machine) -> None:
    answer = machine.run("gate")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        "allowed: production is open until Fri 2026-07-24 18:00 Europe/London (17:00 UTC), "
        "then frozen: wedding weekend\n"
    )


def test_a_freeze_is_refused_with_its_end_and_reason(machine: Machine) -> None:
    machine.now = SATURDAY
    answer = machine.run("gate")
    assert answer.code == 1
    assert answer.out == (
        "refused: production is FROZEN until Mon 2026-07-27 06:00 Europe/London (05:00 UTC): wedding weekend\n"
    )


def test_an_end_that_is_another_day_by_utc_says_which(machine: Machine) -> None:
    machine.configure(WINDOW.replace("Europe/London", "Asia/Kolkata").replace("mon 06:00", "tue 01:00"))
    machine.now = SATURDAY
    assert "FROZEN until Tue 2026-07-28 01:00 Asia/Kolkata (Mon 19:30 UTC)" in machine.run("gate").out


def test_json_says_the_same(machine: Machine) -> None:
    machine.now = SATURDAY
    answer = machine.run("gate", "--service", "rsvp", "--json")
    assert answer.code == 1
    assert answer.json == {
        "decision": "refused",
        "environment": "production",
        "service": "rsvp",
        "frozen": True,
        "since": "2026-07-24T17:00:00Z",
        "until": "2026-07-27T05:00:00Z",
        "zone": "Europe/London",
        "reasons": ["wedding weekend"],
        "later_reasons": [],
        "holding": [
            {
                "name": "wedding weekend",
                "start": "2026-07-24T17:00:00Z",
                "end": "2026-07-27T05:00:00Z",
                "zone": "Europe/London",
            }
        ],
        "coming": [],
        "clock": "Europe/London",
        "persons": {},
        "lockdown": None,
        "unreadable": [],
        "next_start": None,
        "next_reasons": [],
        "known_to": None,
        "ended_by": ["wedding weekend"],
        "runs_out": [],
        "doubts": [],
        "overrides": [],
    }


@on_both
def test_a_lockdown_says_who_and_why_and_nothing_of_what_comes_later(machine: Machine) -> None:
    ledger = Ledger(machine.ledger_url)
    ledger.lock_down(reason="bad release", by="sam", at=WEDNESDAY)
    ledger.close()
    said = "FROZEN until it is lifted: LOCKDOWN by sam: bad release\n"
    assert machine.run("freeze", "status").out == said
    assert machine.run("gate").out == f"refused: production is {said}"
    answer = machine.run("gate", "--json").json
    assert (answer["reasons"], answer["later_reasons"]) == (["lockdown", "wedding weekend"], ["wedding weekend"])
    assert answer["persons"] == {"lockdown": "by sam: bad release"}
    assert answer["lockdown"] == {"id": 1, "since": "2026-07-22T12:00:00Z", "why": "by sam: bad release"}


@on_both
def test_what_begins_later_and_ends_the_stretch_is_said_to_be_later(machine: Machine) -> None:
    machine.configure(WINDOW + '[[freeze.periods]]\nname = "fair"\n'
                      "start = 2026-07-22T00:00:00+01:00\nend = 2026-07-24T18:00:00+01:00\n")  # fmt: skip
    said = "FROZEN until Mon 2026-07-27 06:00 Europe/London (05:00 UTC): "
    said += "fair, until Fri 24 Jul 18:00; then wedding weekend, from Fri 24 Jul 18:00 to Mon 27 Jul 06:00\n"
    assert machine.run("freeze", "status").out == said


def test_the_environment_is_the_configured_one_unless_named(machine: Machine) -> None:
    machine.now = SATURDAY
    machine.configure('environment = "staging"\n' + WINDOW)
    assert machine.run("gate").code == 0
    assert machine.run("gate", "--environment", "production").code == 1


def test_a_window_of_one_service_refuses_that_one(machine: Machine) -> None:
    machine.now = WEDNESDAY
    machine.configure(WINDOW.replace("fri 18:00", "wed 06:00") + 'services = ["rsvp"]\n' + WINDOW)
    assert machine.run("gate", "--service", "rsvp").code == 1
    assert machine.run("gate", "--service", "gallery").code == 0
    assert machine.run("gate").code == 1


def no_configuration(machine: Machine) -> None:
    machine.config.unlink()


def bad_configuration(machine: Machine) -> None:
    machine.configure(WINDOW.replace("Europe/London", "Europe/Londinium"))


def unreadable_configuration(machine: Machine) -> None:
    machine.config.unlink()
    machine.config.mkdir()


def unsupported_ledger(machine: Machine) -> None:
    machine.configure(WINDOW + '[ledger]\nurl = "oracle://me:hunter2@db/ledger"\n')


def unreadable_ledger(machine: Machine) -> None:
    machine.forbid("ledger.db")


def damaged_ledger(machine: Machine) -> None:
    machine.damage("ledger.db")


def silent_feed(machine: Machine) -> None:
    machine.configure(WINDOW + FEED)


def feed_in_a_damaged_cache(machine: Machine) -> None:
    machine.configure(WINDOW + FEED)
    machine.damage("cache.db")


UNDECIDED = (
    no_configuration,
    bad_configuration,
    unreadable_configuration,
    unsupported_ledger,
    unreadable_ledger,
    damaged_ledger,
    silent_feed,
    feed_in_a_damaged_cache,
)


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("trouble", UNDECIDED, ids=lambda trouble: trouble.__name__)
def test_what_cannot_be_decided_is_2_with_a_sentence(
    machine: Machine, trouble: Callable[[Machine], None], as_json: bool
) -> None:
    trouble(machine)
    answer = machine.run("gate", *(["--json"] if as_json else []))
    assert answer.code == 2
    assert "Traceback" not in answer.out + answer.err
    assert "hunter2" not in answer.out + answer.err
    if as_json:
        assert answer.json["decision"] == "could not be decided"
        assert answer.json["unreadable"]
    else:
        assert "could not be decided" in answer.out + answer.err


def test_a_mistake_of_ours_is_undecided_too(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("hunter2")

    monkeypatch.setattr(freeze, "current_facts", broken)
    answer = machine.run("gate")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "wedtui: could not be decided, treat it as refused: unexpected ZeroDivisionError\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--at", "2026-07-22T12:00Z"),
        ("--environment", "Production"),
        ("--environment", ""),
        ("--service", "rsvp gallery"),
        ("now",),
    ],
)
def test_a_question_that_nobody_can_mean_is_undecided(machine: Machine, arguments: tuple[str, ...]) -> None:
    assert machine.run("gate", *arguments).code == 2


def test_no_variable_moves_the_clock(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.now = SATURDAY
    for variable in ("SOURCE_DATE_EPOCH", "FAKETIME", "TZ"):
        monkeypatch.setenv(variable, "0")
    assert machine.run("gate").code == 1


def test_the_copy_of_the_ledger_counts_for_half_a_minute(machine: Machine) -> None:
    royal = period("royal wedding", WEDNESDAY, 24)
    with machine.cache() as cache:
        cache.mirror_decisions([royal], [], WEDNESDAY)
    machine.forbid("ledger.db")
    machine.now = WEDNESDAY + timedelta(seconds=30)
    refused = machine.run("gate")
    assert (refused.code, "royal wedding" in refused.out) == (1, True)
    machine.now += timedelta(seconds=1)
    assert machine.run("gate").code == 2
    machine.now = WEDNESDAY + timedelta(hours=25)
    assert machine.run("gate").code == 2, "an old copy cannot say that nobody froze anything since"


def test_a_ledger_that_has_gone_does_not_lift_what_it_held(machine: Machine) -> None:
    with machine.cache() as cache:
        cache.mirror_decisions([period("royal wedding", WEDNESDAY, 24)], [], WEDNESDAY)
    assert machine.run("gate").code == 1
    machine.now += timedelta(hours=1)
    assert machine.run("gate").code == 2


def in_a_process(machine: Machine, redirection: str) -> int:
    command = [sys.executable, "-m", "wedtui", "gate"]
    shell = f'"$@" {redirection}'
    return subprocess.run(["sh", "-c", shell, "sh", *command], env=os.environ, check=False, timeout=300).returncode


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
def test_an_answer_that_cannot_be_written_is_undecided(machine: Machine, redirection: str) -> None:
    machine.configure('environment = "staging"\n')
    assert in_a_process(machine, ">/dev/null") == 0
    assert in_a_process(machine, redirection) == 2


def test_an_environment_that_is_likely_a_mistake_is_no_answer(machine: Machine) -> None:
    machine.now = SATURDAY
    mistaken = machine.run("gate", "--environment", "prod")
    assert mistaken.code == 2
    assert 'did you mean "production"?' in mistaken.err
    assert machine.run("gate", "--environment", "staging").code == 0


def test_a_shared_ledger_that_is_missing_is_no_answer(machine: Machine) -> None:
    assert machine.run("gate").code == 0
    machine.configure(WINDOW + '[service]\nmode = "shared"\n')
    missing = machine.run("gate")
    assert missing.code == 2
    assert "what persons froze cannot be known" in missing.out


def test_an_override_that_holds_is_named_with_the_answer(machine: Machine) -> None:
    machine.now = SATURDAY
    with closing(Ledger(machine.ledger_url)) as ledger:
        ledger.override_freeze(
            "traffic", reason="gcp is well", by="mo", at=SATURDAY, until=SATURDAY + timedelta(hours=1)
        )
    answer = machine.run("gate")
    assert answer.code == 1
    assert "\noverridden for traffic by mo until " in answer.out
