"""`wedtui changes`: the timeline from both stores, what it says where one cannot be read, and its arguments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest

from tests.cli.base import WEDNESDAY, WINDOW, Machine, machine, on_both
from wedtui.core.season import Protection
from wedtui.ledger.ledger import Ledger

__all__ = ["machine"]

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@contextmanager
def ledger(machine: Machine) -> Iterator[Ledger]:
    machine.state.mkdir(exist_ok=True)
    with closing(Ledger(machine.ledger_url)) as opened:
        yield opened


def decide(machine: Machine) -> None:
    """Let persons do, in the last hours, whatever a ledger keeps."""
    now = WEDNESDAY
    with ledger(machine) as opened:
        opened.note_configuration("aaa", at=now - 5 * HOUR, seen_by="wedtui", changes=["first seen, with 12 keys"])
        opened.add_freeze(
            "launch",
            now - 2 * HOUR,
            now - 1 * HOUR,
            reason="big launch",
            added_by="grace",
            added_at=now - 3 * HOUR,
        )
        opened.lock_down(reason="bad release", by="ada", at=now - 50 * MINUTE)
        opened.override_freeze(
            "traffic", reason="the vendor asked", by="grace", at=now - 40 * MINUTE, until=now - 10 * MINUTE
        )
        opened.override_freeze("traffic", reason="again", by="grace", at=now - 35 * MINUTE, until=now + HOUR)
        opened.end_override(2, by="ada", at=now - 30 * MINUTE, reason="done")
        opened.lift_freeze(2, by="grace", at=now - 20 * MINUTE, reason="it is good\x1b[31m")
        opened.raise_protection(
            Protection.HIGH, reason="the press", by="ada", at=now - 19 * MINUTE, expires_at=now - 5 * MINUTE
        )
        opened.stop_automation(by="ada", at=now - 4 * MINUTE, reason="it flaps")
        opened.resume_automation(by="olga", at=now - 3 * MINUTE, reason="it is quiet")


DECIDED = [
    ("07:00:00", "configuration configuration: the service of wedtui runs with it: first seen, with 12 keys"),
    (
        "09:00:00",
        'freeze        freeze 1: freeze 1 "launch" added, 2026-07-22 10:00:00 UTC to 2026-07-22 11:00:00 UTC for '
        "production: big launch, by grace",
    ),
    ("10:00:00", 'freeze        freeze 1: freeze 1 "launch" began'),
    ("11:00:00", 'freeze        freeze 1: freeze 1 "launch" ended by itself'),
    ("11:10:00", "freeze        lockdown: lockdown (2) added, until it is lifted: bad release, by ada"),
    (
        "11:20:00",
        "freeze        override 1: freeze overridden to 2026-07-22 11:50:00 UTC for traffic (override 1): "
        "the vendor asked, by grace",
    ),
    (
        "11:25:00",
        "freeze        override 2: freeze overridden to 2026-07-22 13:00:00 UTC for traffic (override 2): again, "
        "by grace",
    ),
    ("11:30:00", "freeze        override 2: freeze override ended for traffic (override 2): done, by ada"),
    ("11:40:00", "freeze        lockdown: lockdown (2) lifted: it is good [31m, by grace"),
    (
        "11:41:00",
        "protection    raise 1: raised to at least HIGH until 2026-07-22 11:55:00 UTC: the press, by ada",
    ),
    ("11:50:00", "freeze        override 1: freeze override ended by itself for traffic (override 1)"),
    ("11:55:00", "protection    raise 1: raise to HIGH ended by itself"),
    ("11:56:00", "service       automation: all automation stopped: it flaps, by ada"),
    ("11:57:00", "service       automation: automation goes on: it is quiet, by olga"),
]


@on_both
def test_all_that_persons_decided_is_told_in_order(machine: Machine) -> None:
    decide(machine)
    answer = machine.run("changes")
    lines = answer.out.splitlines()
    assert lines[: len(DECIDED)] == [f"2026-07-22 {at}  {words}" for at, words in DECIDED]
    assert lines[len(DECIDED) : len(DECIDED) + 2] == ["", "not known:"]
    assert not any("alert" in line for line in lines), "of alerts as well all is known"


@on_both
def test_what_is_asked_for_is_what_is_told(machine: Machine) -> None:
    decide(machine)

    def sentences(*arguments: str) -> list[str]:
        return [each["sentence"] for each in machine.run("changes", "--json", *arguments).json["changes"]]

    assert len(sentences("--since", "5m")) == 3, "what was five minutes ago is within"
    [only] = sentences("--since", "2026-07-22T09:00Z", "--until", "2h")
    assert only.startswith('freeze 1 "launch" added'), "the end is not within"
    assert len(sentences("--kind", "protection")) == 2
    assert len(sentences("--kind", "protection", "--kind", "service")) == 4
    newest = machine.run("changes", "--json", "--limit", "2").json
    assert [each["who"] for each in newest["changes"]] == ["ada", "olga"]
    assert newest["earlier"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--kind", "deployment"), "--kind: expected one of release, configuration, weights, freeze, vendor"),
        (("--since", "yesterday"), "expected an instant such as"),
        (("--since", "+1h"), "expected --until after --since"),
        (("--since", "1h", "--until", "2h"), "expected --until after --since"),
    ],
)
def test_what_cannot_be_asked_is_said(machine: Machine, arguments: tuple[str, ...], said: str) -> None:
    answer = machine.run("changes", *arguments)
    assert answer.code == 2
    assert said in answer.err


def test_without_any_store_nothing_is_known(machine: Machine) -> None:
    answer = machine.run("changes")
    assert answer.code == 1
    assert "nothing is known to have changed" in answer.out
    assert "the cache, which knows what was observed, cannot be read" in answer.out
    assert "the ledger" not in answer.out, "on a machine of one's own there is none before the first decision"


def test_a_ledger_that_may_not_be_read_is_said_with_its_kinds(machine: Machine) -> None:
    with machine.cache() as cache:
        cache.note_level("NORMAL", "", None, WEDNESDAY - 2 * HOUR)
        cache.note_level("HIGH", "load 9", None, WEDNESDAY - HOUR)
    machine.forbid("ledger.db")
    answer = machine.run("changes", "--json")
    assert answer.code == 1
    assert [each["sentence"] for each in answer.json["changes"]] == ["NORMAL → HIGH: load 9"]
    [problem] = [gap for gap in answer.json["gaps"] if gap["problem"]]
    assert problem["kinds"] == ["configuration", "weights", "freeze", "protection", "service", "alert"]
    assert problem["sentence"].startswith("the ledger, which knows what persons decided, cannot be read")
    freezes = machine.run("changes", "--kind", "vendor", "--json")
    assert freezes.code == 0, "of incidents the ledger knows nothing"


def test_where_there_ought_to_be_a_ledger_a_missing_one_is_a_problem(machine: Machine) -> None:
    machine.configure(f'{WINDOW}[ledger]\nurl = "sqlite:///{machine.state}/elsewhere.db"\n')
    with machine.cache() as cache:
        cache.note_level("NORMAL", "", None, WEDNESDAY - 2 * HOUR)
    answer = machine.run("changes")
    assert answer.code == 1
    assert "the ledger, which knows what persons decided, cannot be read" in answer.out


@on_both
def test_more_than_is_read_at_once_is_said(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    decide(machine)
    monkeypatch.setattr("wedtui.ledger.changes.READ_AT_MOST", 1)
    found = machine.run("changes", "--json").json
    assert found["earlier"] is True
    # Of the overrides the second alone was read: what is older than it may be missing, whoever else knows it.
    assert min(each["at"] for each in found["changes"]) > "2026-07-22T11:25:00.000Z"
