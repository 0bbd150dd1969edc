"""`wedtui automation`, and confirming what the service proposes, by commands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.cli.base import Machine, machine
from tests.cli.standin import AWAITING, Standin, standing_in
from tests.core.emergency import NOW, SECOND
from wedtui.cli import carrying_out
from wedtui.cli.automation import lines_of
from wedtui.control.answers import AutomationIs

__all__ = ["machine"]

PROPOSED = replace(AWAITING, person="service london", automatic=True)
CALM = AutomationIs("propose", None, None, None, None)


@pytest.fixture
def service(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    monkeypatch.setattr(carrying_out, "LOOKS_EVERY_S", 0)
    machine.now = NOW + 10 * SECOND
    with standing_in(machine.state / "control.sock") as world:
        world.action = PROPOSED
        yield world


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        (
            CALM,
            ["mode propose: the service proposes, and a person confirms", "it asks for nothing at present"],
        ),
        (
            replace(CALM, mode="auto", stopped_by="kay", stopped_at=NOW, reason="let me\nlook"),
            [
                "mode auto: the service acts by itself where every condition holds",
                "STOPPED by kay since 2026-06-20 14:02:00 UTC: let me look",
                "it asks for nothing at present",
            ],
        ),
        (
            replace(CALM, mode="auto", action=replace(PROPOSED, acts_at=NOW + 5 * SECOND)),
            [
                "mode auto: the service acts by itself where every condition holds",
                "COUNTDOWN: action 7: failover aws is done at 14:02:05 UTC; `wedtui automation abort` ends it",
            ],
        ),
        (
            replace(CALM, action=PROPOSED),
            [
                "mode propose: the service proposes, and a person confirms",
                "action 7: failover aws, awaiting confirmation",
            ],
        ),
    ],
)
def test_how_it_stands(found: AutomationIs, lines: list[str]) -> None:
    assert lines_of(found) == lines


def test_it_asks_the_service_how_it_stands(machine: Machine, service: Standin) -> None:
    service.instead["GET /v1/automation"] = (200, replace(CALM, stopped_by="kay", stopped_at=NOW, reason="why"))
    said = machine.run("automation", "status", "--json").json
    assert (said["mode"], said["stopped_at"], said["action"]) == ("propose", "2026-06-20T14:02:00.000Z", None)


def test_aborting_says_what_was_aborted(machine: Machine, service: Standin) -> None:
    service.instead["POST /v1/automation/abort"] = (200, replace(PROPOSED, state="ended", outcome="cancelled"))
    said = machine.run("automation", "abort").out
    assert said == "the countdown of action 7 (failover aws) is aborted: nothing was done\n"


def test_in_personal_mode_whoever_may_write_the_ledger_stops_and_resumes(machine: Machine) -> None:
    assert machine.run("automation", "stop", "--reason", "let me look").out.startswith("all automation is stopped")
    again = machine.run("automation", "stop", "--reason", "once more")
    assert (again.code, "stopped already" in again.err) == (18, True)
    assert machine.run("automation", "resume", "--reason", "seen").out == "automation goes on\n"


def test_while_no_service_answers_the_ledger_says_who_stopped_it(machine: Machine) -> None:
    before = machine.run("automation", "status")
    assert before.code == 14
    assert before.out.startswith("whether automation is stopped is not known: ")
    machine.run("automation", "stop", "--reason", "let me\nlook")
    stopped = machine.run("automation", "status")
    assert stopped.code == 14
    assert stopped.out.startswith("STOPPED by ")
    assert stopped.out.endswith(": let me look; that stays when a service runs again\n")
    machine.run("automation", "resume", "--reason", "seen")
    resumed = machine.run("automation", "status")
    assert resumed.out == "nobody has stopped automation; whether a service acts by itself at present is not known\n"


def test_a_proposal_is_confirmed_by_its_name(machine: Machine, service: Standin) -> None:
    done = machine.run("actions", "confirm", "7", "--confirm", "aws", "--no-wait")
    assert done.code == 5
    assert "asked for by service london" in done.out
    assert ("POST", "/v1/actions/7/confirm") in [(how, path) for how, path, _ in service.asked]


def test_a_proposal_that_was_not_confirmed_stays_for_somebody_else(machine: Machine, service: Standin) -> None:
    done = machine.run("actions", "confirm", "7", "--confirm", "gcp")
    assert done.code == 3
    assert 'NOT CONFIRMED: expected --confirm "aws", got "gcp"; nothing was done' in done.out
    assert "/v1/actions/7/cancel" not in service.paths()
