"""`--json` of what a person decides about alerts: one document on standard output, all else on standard error."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.cli.base import WEDNESDAY, Machine, machine
from tests.cli.test_alerts import ALERT, CHANNEL, SECOND, stands
from tests.ledger.alerting import firing
from wedtui.cli import notify
from wedtui.cli.common import person
from wedtui.cli.judged import UNSERVED
from wedtui.core.notify import Answer, Level, Notice, Verdict
from wedtui.ledger.outbox import Outbox

__all__ = ["machine"]

SILENCE = ("alerts", "silence", "--rule", "down", "--for", "1h", "--reason", "it is moved", "--yes")


def test_taking_an_alert(machine: Machine) -> None:
    key = firing(machine.ledger_url, WEDNESDAY)
    stands(machine, replace(ALERT, key=key, lapse_s=420.0))
    machine.now += SECOND
    answer = machine.run("alerts", "ack", key, "--reason", "I look", "--json")
    assert (answer.code, answer.err) == (0, "")
    taken = WEDNESDAY + SECOND
    assert answer.json == {
        "key": key,
        "rule": "down",
        "labels": {"probe": "rsvp", "provider": "aws"},
        "by": person(),
        "acknowledged_at": taken.isoformat(),
        "again": False,
        "reason": "I look",
        "lapses_at": (taken + timedelta(minutes=7)).isoformat(),
        "judged": True,
    }
    machine.now += 11 * SECOND
    again = machine.run("alerts", "ack", key, "--json")
    assert (again.code, again.json["again"], again.json["lapses_at"]) == (UNSERVED, True, None)
    assert "NOBODY JUDGES ALERTS" in again.err


def test_ending_a_silence(machine: Machine) -> None:
    stands(machine, ALERT)
    machine.run(*SILENCE)
    ended = machine.run("alerts", "unsilence", "1", "--reason", "done", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert (ended.json["id"], ended.json["end_reason"], ended.json["ended_by"]) == (1, "done", person())
    assert ended.json["released"]
    machine.run(*SILENCE)
    machine.now += 11 * SECOND
    unserved = machine.run("alerts", "unsilence", "2", "--reason", "done", "--json")
    assert (unserved.code, unserved.json["id"]) == (UNSERVED, 2)
    assert "NOBODY JUDGES ALERTS" in unserved.err


def test_a_broadcast(machine: Machine) -> None:
    machine.configure(CHANNEL)
    refused = machine.run("broadcast", "all hands", "--json")
    assert (refused.code, refused.out) == (3, "")
    unserved = machine.run("broadcast", "all hands", "--yes", "--json")
    assert (unserved.code, unserved.json["id"], unserved.json["served"]) == (UNSERVED, 1, False)
    assert "NOBODY IS TOLD" in unserved.err
    stands(machine)
    told = machine.run("broadcast", "all hands", "--yes", "--json")
    assert (told.code, told.json["served"], told.json["stage"]) == (0, True, "waiting")


def test_a_test_of_each_channel(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def tested(_configuration: object, _clock: object, names: list[str], *, drill: bool) -> list[Answer]:
        return [Answer(Verdict.REFUSED if name == "two" else Verdict.ACCEPTED, "it said 400") for name in names]

    monkeypatch.setattr(notify, "_tested", tested)
    machine.configure(CHANNEL + CHANNEL.replace("notify.hook", "notify.two"))
    answer = machine.run("notify", "test", "--json")
    assert answer.err == ""
    assert answer.json == [
        {"channel": "hook", "accepted": True, "problem": None},
        {"channel": "two", "accepted": False, "problem": "it said 400"},
    ]
    assert answer.code == 1
    assert machine.run("notify", "test", "hook", "--json").code == 0


def test_dismissing_a_dead_letter(machine: Machine) -> None:
    machine.configure(CHANNEL)
    stands(machine)
    with closing(Outbox(machine.ledger_url)) as outbox:
        outbox.post(Notice("a", Level.CRITICAL, "x"))
        taken = outbox.take("one", ("hook",))
        assert taken
        outbox.conclude(taken[0], Answer(Verdict.REFUSED, "answered 400"), ("hook",))
    answer = machine.run("notify", "dismiss", "1", "--reason", "the key was wrong", "--json")
    assert answer.json == {"id": 1, "dismissed": True, "by": person(), "reason": "the key was wrong"}
