"""What is stored while no service runs: every command says that nobody goes by it, and ends with a code of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.cli.base import WEDNESDAY, Machine, machine, on_both
from tests.cli.test_alerts import ALERT, CHANNEL, SECOND, stands
from tests.ledger.alerting import firing
from wedtui.cli.common import person
from wedtui.cli.judged import UNSERVED
from wedtui.errors import StoreUnreadableError

__all__ = ["machine"]
pytestmark = on_both

SILENCE = ("alerts", "silence", "--rule", "down", "--for", "1h", "--reason", "it is moved", "--yes")
DEAD = "the service is dead, and was heard last at 2026-07-22 12:00:00 UTC"


@pytest.fixture(autouse=True)
def its_clock(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    # A server has a clock of its own, which no test moves.
    monkeypatch.setattr("wedtui.ledger.silences.database_now", lambda _connection: machine.now)


def test_what_is_taken_neither_lapses_nor_climbs_and_is_shown_as_taken(machine: Machine) -> None:
    key = firing(machine.ledger_url, WEDNESDAY)
    stands(machine, replace(ALERT, key=key, escalates_at=WEDNESDAY, escalates_to="everybody"))
    machine.now += 11 * SECOND
    answer = machine.run("alerts", "ack", key)
    assert answer.code == UNSERVED
    assert "lapses at" not in answer.out
    assert f"NOBODY JUDGES ALERTS: {DEAD}; until one does, it does not lapse, nobody else is called" in answer.out
    assert "start one with `wedtui service start`" in answer.out
    shown = machine.run("alerts", "show", key).out
    assert f"has it      {person()} since 2026-07-22 12:00:11 UTC, and while nobody judges that does not lapse" in shown
    assert "nobody has it" not in shown
    assert "next call" not in shown
    assert f"({person()} has it;" in machine.run("alerts", "list").out


def test_a_service_that_was_never_there_is_no_dead_one(machine: Machine) -> None:
    answer = machine.run(*SILENCE)
    assert answer.code == UNSERVED
    assert "silence 1: alerts of down until" in answer.out
    assert "NOBODY JUDGES ALERTS: no service has run yet" in answer.out
    ended = machine.run("alerts", "unsilence", "1", "--reason", "done")
    assert (ended.code, "NOT KNOWN" in ended.out, "NOBODY JUDGES ALERTS" in ended.out) == (UNSERVED, True, True)


def test_with_a_service_that_judges_all_is_as_it_says(machine: Machine) -> None:
    stands(machine, ALERT)
    assert machine.run(*SILENCE).code == 0
    assert machine.run("alerts", "unsilence", "1", "--reason", "done").code == 0
    machine.configure(CHANNEL)
    assert machine.run("broadcast", "all hands", "--yes").code == 0


def test_in_json_it_is_said_beside_the_answer(machine: Machine) -> None:
    answer = machine.run(*SILENCE, "--json")
    assert (answer.code, answer.json["id"]) == (UNSERVED, 1)
    assert "NOBODY JUDGES ALERTS" in answer.err


def test_what_nobody_sends_is_told_to_nobody(machine: Machine) -> None:
    stands(machine)
    machine.configure(CHANNEL)
    machine.now += 11 * SECOND
    answer = machine.run("broadcast", "all hands", "--yes")
    assert answer.code == UNSERVED
    assert answer.out.startswith(f"NOBODY IS TOLD: {DEAD}; notification 1 is stored, and goes to hook")
    waits = "1 notification waits since "
    [found] = [each for each in machine.run("status", "--json").json["findings"] if each["subject"] == "notify"]
    assert (found["severity"], found["text"].startswith(waits)) == ("critical", True)
    assert "NOBODY IS TOLD, because no service runs" in found["text"]
    [check] = [e for e in machine.run("doctor", "--json").json if e["name"] == "notify" and e["level"] == "problem"]
    assert (check["text"].startswith(waits), check["remedy"]) == (True, "`wedtui service start`")


def test_what_waits_while_a_service_runs_is_that_services_to_say(machine: Machine) -> None:
    machine.configure(CHANNEL)
    stands(machine)
    machine.run("broadcast", "all hands", "--yes")
    assert [each for each in machine.run("status", "--json").json["findings"] if each["subject"] == "notify"] == []


def test_what_is_stored_is_said_to_be_where_nobody_knows_whether_a_service_runs(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_reader: object) -> None:
        raise StoreUnreadableError("it is damaged")

    machine.configure(CHANNEL)
    monkeypatch.setattr("wedtui.cache.reader.CacheReader.alerts", refuse)
    answer = machine.run("broadcast", "all hands", "--yes")
    assert answer.code == UNSERVED
    assert "whether a service runs is not known (it is damaged); notification 1 is stored" in answer.out
    machine.run(*SILENCE)
    ended = machine.run("alerts", "unsilence", "1", "--reason", "done")
    assert (ended.code, "silence 1: ended; what it hid" in ended.out) == (UNSERVED, True)
