"""`wedtui actions`: how things stand, and what a person may still do about them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from tests.actions.made_up import RESTART
from tests.cli.base import Machine, machine, on_both
from tests.cli.standin import AWAITING, CONFIRMED, RUNNING, VERIFIED, Standin, problem, standing_in, step
from tests.core.emergency import NOW, SECOND
from wedtui.cli import carrying_out, typing_in
from wedtui.cli.action_words import Ends
from wedtui.control.answers import ActionIs
from wedtui.core.actions import Action
from wedtui.core.emergency import EMERGENCIES
from wedtui.ledger.journal import Journal

__all__ = ["machine"]


@pytest.fixture
def service(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    monkeypatch.setattr(carrying_out, "LOOKS_EVERY_S", 0)
    machine.now = NOW + 60 * SECOND
    with standing_in(machine.state / "control.sock") as world:
        yield world


def test_the_list_says_how_each_stands(machine: Machine, service: Standin) -> None:
    service.action = RUNNING
    assert machine.run("actions", "list").out.splitlines() == [
        "   7  failover aws          verified               1 m 00 s ago by ann: AWS is down",
        "   7  failover aws          running                1 m 00 s ago by ann: AWS is down",
    ]
    shown = machine.run("actions", "list", "--open", "--json").json
    assert [(each["id"], each["state"], each["requested_at"]) for each in shown] == [
        (7, "claimed", "2026-06-20T14:02:00.000Z")
    ]
    assert [path for _, path, _ in service.asked] == ["/v1/actions", "/v1/open-actions"]


@pytest.mark.parametrize("dangerous", [True, False])
def test_what_is_registered_is_run_by_its_name_typed_or_given(
    machine: Machine, service: Standin, monkeypatch: pytest.MonkeyPatch, dangerous: bool
) -> None:
    plan = {"kind": "restart", "target": "gcp", "says": "3 hosts restart", "before": "3 hosts are ill", "checks": []}
    restart: dict[str, Any]
    restart = {"kind": "restart", "target": "gcp", "resource": "hosts:gcp", "plan": plan, "digest": "d"}
    service.story = [replace(each, **restart) for each in (CONFIRMED, VERIFIED)]
    service.action = replace(AWAITING, **restart)
    run = ("actions", "run", "restart", "gcp", "--reason", "they hang")
    refused = machine.run(*run)
    assert (refused.code, service.asked) == (2, [])
    assert 'this version has no other action, got "restart"' in " ".join(refused.err.replace("│", " ").split())
    EMERGENCIES.register(replace(RESTART, dangerous=dangerous))
    try:
        shown = machine.run(*run)
        assert (shown.code, service.paths()) == (Ends.NOT_CONFIRMED, ["/v1/plans"])
        assert "NOT CONFIRMED: this is no terminal, and no --confirm gcp was given" in shown.out
        monkeypatch.setattr(typing_in, "attended", lambda: True)
        asks = list[str]()

        def nothing_typed(name: str) -> bool:
            asks.append(name)
            return False

        monkeypatch.setattr(carrying_out, "typed", nothing_typed)
        service.asked.clear()
        left = machine.run(*run)
        assert (left.code, asks) == (Ends.NOT_CONFIRMED, ["gcp"])
        assert service.paths() == ["/v1/actions", "/v1/actions/7/cancel"]
        service.asked.clear()
        service.action = replace(AWAITING, **restart)
        done = machine.run(*run, "--confirm", "gcp")
        assert (done.code, "3 hosts are ill" in done.out) == (0, True), done
        assert [(path, body) for how, path, body in service.asked if how == "POST"] == [
            ("/v1/actions", {"kind": "restart", "subject": "gcp", "reason": "they hang"}),
            ("/v1/actions/7/confirm", {"digest": "d", "typed": "gcp"}),
        ]
    finally:
        EMERGENCIES.forget("restart")


def test_nothing_to_list(machine: Machine, service: Standin) -> None:
    service.instead["GET /v1/open-actions"] = (200, [])
    assert machine.run("actions", "list", "--open").out == "no action is open\n"
    service.instead["GET /v1/actions"] = (200, [])
    assert machine.run("actions", "list").out == "nobody has asked for any action\n"


@on_both
def test_while_the_service_does_not_answer_the_ledger_is_read_and_that_is_said(machine: Machine) -> None:
    machine.now = NOW + 60 * SECOND
    with closing(Journal(machine.ledger_url, clock=lambda _connection: NOW)) as journal:
        made = Action("failover", "aws", "website", "ann", "AWS is down", NOW)
        number = journal.request(lambda _at: made, "ann 1").id
    answer = machine.run("actions", "list", "--open")
    said, row = answer.out.splitlines()
    assert answer.code == 0
    assert said.startswith("there is no service to ask on ")
    assert said.endswith("this is what its ledger says, read 2026-06-20 14:03:00 UTC; no step is begun meanwhile")
    assert (f"{number}  failover aws" in row, "by ann: AWS is down" in row) == (True, True)
    shown = machine.run("actions", "show", str(number), "--json")
    assert (shown.json["target"], "what its ledger says" in shown.err) == ("aws", True)
    assert "AWS is down" in machine.run("actions", "show", str(number)).out
    missing = machine.run("actions", "show", "9")
    assert "there is no action 9" in missing.err
    assert machine.run("actions", "show", str(number), "--follow").code == 14


def test_one_in_full(machine: Machine, service: Standin) -> None:
    service.action = VERIFIED
    lines = machine.run("actions", "show", "7").out.splitlines()
    assert lines[:3] == [
        "action 7: failover aws, verified",
        "asked for 2026-06-20 14:02:00 UTC (1 m 00 s ago) by ann: AWS is down",
        "confirmed 2026-06-20 14:02:20 UTC by ann",
    ]
    assert "REAL FAILOVER: aws loses all of its traffic" in lines
    assert not [line for line in lines if line.startswith("holds")]
    assert lines[-8:] == [
        "14:02:20 UTC  submit            0.8 s  done",
        "14:02:21 UTC  in sync          30.0 s  done",
        "",
        "VERIFIED: azure 63, gcp 37: watched",
        "accepted after 1.0 s from the confirmation",
        "customers move until 14:03:21 UTC (in 21 s), as expected: in sync 14:02:51, TTL",
        "  30 s",
        "  `wedtui actions show 7` says when they were seen to have",
    ]
    shown = machine.run("actions", "show", "7", "--json").json
    assert (shown["outcome"], shown["steps"][0]["ended_at"]) == ("verified", "2026-06-20T14:02:21.000Z")
    assert shown["plan"] == AWAITING.plan
    assert (shown["accepted_after_s"], shown["customers_move_until"]) == (1.0, "2026-06-20T14:03:21.000Z")
    assert (shown["customers_moved_at"], shown["customers_moved_after_s"]) == (None, None), "nobody saw it yet"


def test_customers_who_were_seen_to_move(machine: Machine, service: Standin) -> None:
    check = {"rule": "requests:aws", "result": "PASS", "sentence": "aws serves 1 %", "measured_at": None}
    detail = json.dumps({"checks": [check], "why": ""})
    seen = step("customers", 61, 4, detail=detail)
    service.action = replace(VERIFIED, steps=[*VERIFIED.steps, seen])
    lines = machine.run("actions", "show", "7").out.splitlines()
    assert "14:03:21 UTC  customers                done" in lines
    moved = "customers moved after 65.0 s from the confirmation, measured at 14:03:25 UTC, expected by 14:03:21:"
    assert " ".join(line.strip() for line in lines[-2:]) == f"{moved} aws serves 1 %"
    shown = machine.run("actions", "show", "7", "--json").json
    assert (shown["customers_moved_at"], shown["customers_moved_after_s"]) == ("2026-06-20T14:03:25.000Z", 65.0)
    service.action = replace(VERIFIED, steps=[*VERIFIED.steps, replace(seen, state="failed")])
    lines = machine.run("actions", "show", "7").out.splitlines()
    assert "14:03:21 UTC  customers                not seen" in lines
    assert any(line.startswith("customers NOT SEEN to have moved") for line in lines)


def test_what_is_not_known_is_said_so(machine: Machine, service: Standin) -> None:
    service.action = replace(VERIFIED, plan=None, steps=[])
    out = machine.run("actions", "show", "7").out
    assert "its plan is not kept" in out
    assert "accepted after UNKNOWN" in out
    assert "customers moved: UNKNOWN, the change was not seen in sync" in out


def test_words_of_others_reach_no_terminal(machine: Machine, service: Standin) -> None:
    evil = "\x1b[2J\nVERIFIED"
    failed = step("submit", 0, 1, state="failed", detail=evil)
    service.action = replace(
        VERIFIED, reason=evil, person=evil, sentence=evil, target=evil, outcome="failed", steps=[failed]
    )
    for command in (("actions", "list"), ("actions", "show", "7")):
        out = machine.run(*command).out
        assert "\x1b" not in out
        assert not [line for line in out.splitlines() if line.startswith("VERIFIED")]


@pytest.mark.parametrize(("action", "code"), [(VERIFIED, 0), (replace(VERIFIED, outcome="undone"), 8)])
def test_following_one(machine: Machine, service: Standin, action: ActionIs, code: int) -> None:
    service.action, service.story = RUNNING, [RUNNING, action]
    answer = machine.run("actions", "show", "7", "--follow")
    assert answer.code == code
    assert "in sync          30.0 s  done" in answer.out


def test_cancelling_what_was_not_begun(machine: Machine, service: Standin) -> None:
    assert machine.run("actions", "cancel", "7").out.splitlines() == [
        "action 7: failover aws, cancelled",
        "CANCELLED: cancelled by ann",
    ]
    service.instead["POST /v1/actions/8/cancel"] = problem(404, "there is no action 8")
    missing = machine.run("actions", "cancel", "8")
    assert (missing.code, missing.err) == (17, "wedtui: there is no action 8\n")


def test_cancelling_what_runs_says_that_it_goes_on(machine: Machine, service: Standin) -> None:
    service.instead["POST /v1/actions/7/cancel"] = (200, replace(RUNNING, cancelled_by="ann"))
    answer = machine.run("actions", "cancel", "7")
    assert answer.out.splitlines() == [
        "action 7: failover aws, running, cancelled",
        "it goes on in the service: `wedtui actions show 7 --follow`",
    ]


def test_settling(machine: Machine, service: Standin) -> None:
    service.action, service.story = replace(CONFIRMED, state="handed over", sentence="look"), []
    assert "HANDED OVER, a person has to look: look" in machine.run("actions", "show", "7").out
    answer = machine.run("actions", "settle", "7", "--sentence", "aws is\nat 0")
    assert (answer.code, answer.out.splitlines()[-1]) == (0, "SETTLED: ann: aws is at 0")
    service.instead["POST /v1/actions/7/settle"] = problem(409, "it is ended (settled), and cannot be settled")
    assert machine.run("actions", "settle", "7", "--sentence", "x").code == 18


def test_without_a_service(machine: Machine) -> None:
    for command in (("actions", "list"), ("actions", "show", "1")):
        answer = machine.run(*command)
        assert (answer.code, answer.out) == (14, "")
        assert "there is no service to ask on" in answer.err
