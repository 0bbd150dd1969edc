"""`wedtui alerts`: what fires as an exit code, what became of it, and who has it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.cli.base import WEDNESDAY, Machine, machine, on_both
from tests.ledger.alerting import firing
from wedtui.cache.alert_copy import AlertCopy
from wedtui.cache.writer import CacheWriter
from wedtui.core.alerts.memory import Phase, Reason
from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.standing import AlertIs, AlertsNow
from wedtui.core.alerts.track import labels_of
from wedtui.core.observation import Claim
from wedtui.core.services import ServiceFacts
from wedtui.core.sharing import HOUSE

__all__ = ["machine"]
pytestmark = on_both

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
ALERT = AlertIs(
    "down",
    labels_of({"provider": "aws", "probe": "rsvp"}),
    Phase.FIRING,
    Severity.CRITICAL,
    Reason.CONDITION,
    WEDNESDAY - 3 * MINUTE,
    key="alert/down/2e4b9cfe894a59ba",
    condition="up < 1",
    value=0.0,
    measured_at=WEDNESDAY,
)


def stands(machine: Machine, *alerts: AlertIs, not_set: tuple[str, ...] = (), unknown: int = 0) -> None:
    """Have a service have judged just now."""
    facts = ServiceFacts("one", 1, "personal", "1", "production", WEDNESDAY, WEDNESDAY)
    machine.state.mkdir(exist_ok=True)
    with closing(CacheWriter(machine.cache_url)) as writer, closing(AlertCopy(machine.cache_url)) as copy:
        writer.begin(facts)
        held = writer.heartbeat(facts, {HOUSE: False}).held
        assert held is not None
        named = tuple(f"cpu provider=p{number}" for number in range(min(unknown, 2)))
        standing = AlertsNow(WEDNESDAY, alerts, 7, not_set, 7 - len(not_set), 4, unknown, named)
        copy.write(standing, Claim(HOUSE, held[HOUSE]))


WARNING = replace(ALERT, severity=Severity.WARNING, key="alert/down/ff")


@pytest.mark.parametrize(
    ("alerts", "code"),
    [((), 0), ((WARNING,), 1), ((WARNING, ALERT), 2), ((replace(ALERT, phase=Phase.PENDING, key=""),), 0)],
)
def test_what_fires_is_the_exit_code(machine: Machine, alerts: tuple[AlertIs, ...], code: int) -> None:
    stands(machine, *alerts)
    assert machine.run("alerts", "list").code == code
    answer = machine.run("alerts", "list", "--json", "--all")
    assert (answer.code, len(answer.json["alerts"])) == (code, len(alerts))


def test_that_nothing_fires_is_said_only_of_what_is_known(machine: Machine) -> None:
    stands(machine, unknown=3)
    answer = machine.run("alerts", "list")
    assert answer.code == 0
    assert answer.out.splitlines() == [
        "nothing fires of 7 rules",
        "not known of 3 of 4 series: cpu provider=p0, cpu provider=p1 and 1 more",
    ]
    stands(machine, unknown=4)
    answer = machine.run("alerts", "list")
    assert (answer.code, answer.out[:9]) == (3, "NOT KNOWN")
    stands(machine, not_set=("down", "errors", "errors-rising", "latency", "cpu", "memory", "cache-hits"))
    answer = machine.run("alerts", "list", "--json")
    assert (answer.code, answer.json["rules"], answer.json["judged"]) == (3, 7, 0)
    assert machine.run("alerts", "list").out.startswith("NOT KNOWN")


def test_where_nothing_was_judged_or_long_ago_nobody_knows(machine: Machine) -> None:
    answer = machine.run("alerts", "list")
    assert (answer.code, answer.out[:9]) == (3, "NOT KNOWN")
    stands(machine)
    machine.now += 2 * MINUTE
    answer = machine.run("alerts", "list")
    assert answer.code == 3
    assert "alerts were judged last 2 m 00 s ago" in answer.out
    assert machine.run("alerts", "list", "--json").json["fresh"] is False


def test_while_no_service_runs_nobody_knows_however_new_the_judgement_is(machine: Machine) -> None:
    stands(machine)
    assert machine.run("alerts", "list").code == 0
    machine.now += 11 * SECOND
    answer = machine.run("alerts", "list")
    assert (answer.code, answer.out[:30]) == (3, "NOT KNOWN: the service is dead")
    assert "nothing fires" not in answer.out
    assert machine.run("alerts", "list", "--json").json["fresh"] is False


def test_of_a_dead_service_the_next_call_is_not_sure(machine: Machine) -> None:
    stands(machine, replace(ALERT, escalates_at=WEDNESDAY + MINUTE, escalates_to="roster primary (ada)"))
    assert "NOT" not in machine.run("alerts", "show", ALERT.key).out
    machine.now += 11 * SECOND
    first, *rest = machine.run("alerts", "show", ALERT.key).out.splitlines()
    assert first.startswith("NOT KNOWN: the service is dead")
    (call,) = (line for line in rest if line.startswith("next call"))
    assert "NOT SURE, as nobody may judge: it was to come" in call


def test_a_line_says_who_has_it_and_what_hides_it(machine: Machine) -> None:
    hidden = replace(ALERT, acknowledged_by="ada", acknowledged_at=WEDNESDAY, silenced_by="bo", flaps=2)
    stands(machine, replace(hidden, silenced_until=WEDNESDAY + MINUTE, inhibited_by="up"), not_set=("cpu", "memory"))
    line, last = machine.run("alerts", "list").out.splitlines()
    assert line.startswith("2e4b9cfe894a  firing    critical")
    for words in ("ada has it", "hidden by up", "silenced by bo until 2026-07-22 12:01:00 UTC", "began again 2 x"):
        assert words in line
    assert last == "not set, because nothing of theirs is measured: cpu and memory"


def test_one_is_shown_by_its_key_or_how_that_begins(machine: Machine) -> None:
    stands(machine, replace(ALERT, escalates_at=WEDNESDAY + MINUTE, escalates_to="roster primary (ada)"), WARNING)
    for key in (ALERT.key, "2e4b"):
        answer = machine.run("alerts", "show", key)
        assert answer.code == 0
        assert f"next call   {WEDNESDAY + MINUTE:%Y-%m-%d %H:%M:%S} UTC: roster primary (ada)" in answer.out
        assert "condition   up < 1" in answer.out
    assert machine.run("alerts", "show", "nothing").code == 17
    assert machine.run("alerts", "show", "").code == 17


def test_without_a_service_whoever_may_writes_that_she_has_it(machine: Machine) -> None:
    key = firing(machine.ledger_url, WEDNESDAY)
    stands(machine, replace(ALERT, key=key, lapse_s=420.0))
    answer = machine.run("alerts", "ack", key, "--reason", "I look")
    assert (answer.code, answer.out[:13]) == (0, "you have down")
    assert "it lapses in 7m if it still fires" in answer.out
    (event,) = machine.run("alerts", "history", "--since", "-1h", "--json").json
    assert (event["kind"], event["key"], event["said"]) == ("acknowledged", key, "I look")
    assert "acknowledged by" in machine.run("alerts", "show", key).out
    assert machine.run("alerts", "history", "--since", "tomorrow").code == 2
