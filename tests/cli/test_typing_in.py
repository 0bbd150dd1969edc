"""Confirming on a real pseudo-terminal: only the name, typed after it could be read, confirms anything."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.standin import AWAITING, CONFIRMED, RUNNING, Standin, problem, standing_in
from tests.core.emergency import NOW, facts, leave
from tests.terminals import Terminal
from wedtui.core.failover import plan, plan_json

CONFIRM = "/v1/actions/7/confirm"
OTHER = plan(leave("aws"), facts(caps={"azure": 45, "gcp": 30, "digitalocean": 40}), NOW)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Standin]:
    with standing_in(tmp_path / "state" / "control.sock") as world:
        yield world


@contextmanager
def run(folder: Path) -> Iterator[Terminal]:
    """Run `failover run` for a person who sits at a terminal of 80 columns."""
    (folder / "config.toml").touch()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEDTUI_")}
    environ = {**kept, "WEDTUI_STATE_DIR": str(folder / "state"), "WEDTUI_CONFIG": str(folder / "config.toml")}
    command = [sys.executable, "-m", "wedtui", "failover", "run", "--from", "aws", "--reason", "AWS is down"]
    with Terminal(command, environ, rows=60) as terminal:
        yield terminal


def questioned(terminal: Terminal, times: int) -> None:
    """Read until it has asked for the name so many times, and waits."""
    terminal.until(lambda: bytes(terminal.sent).count(b"\n> ") == times)


def asked(terminal: Terminal) -> None:
    """Read until it waits for the name."""
    questioned(terminal, 1)


def code_of(terminal: Terminal) -> int:
    """Read to the end; return the exit code."""
    ended: list[int] = []

    def over() -> bool:
        pid, status = os.waitpid(terminal.pid, os.WNOHANG)
        if pid:
            ended.append(os.waitstatus_to_exitcode(status))
        return bool(ended)

    terminal.until(over)
    while terminal.read(0):
        pass
    return ended[0]


def test_the_name_confirms_and_the_steps_are_followed(tmp_path: Path, service: Standin) -> None:
    with run(tmp_path) as terminal:
        asked(terminal)
        above, question, _ = terminal.text.partition('Type "aws" and Enter to confirm')
        assert question
        short = [line for line in above.splitlines()[-8:] if line.startswith("in short, as of ")]
        assert "aws 60 % -> 0 %" in short[0], "a small screen shows it too"
        terminal.type("aws\n")
        assert code_of(terminal) == 0
        assert "VERIFIED: azure 63, gcp 37: watched" in terminal.text
        # The step that ran is counted on the line on which its end stands.
        assert sum("in sync  " in line for line in terminal.text.splitlines()) == 1
    assert service.paths() == ["/v1/actions", CONFIRM]


@pytest.mark.parametrize("answers", [("\n", "y\n", "AWS\n"), ("aws \n", "aws\x04", "aws2\n")])
def test_nothing_else_does(tmp_path: Path, service: Standin, answers: tuple[str, ...]) -> None:
    with run(tmp_path) as terminal:
        for number, keys in enumerate(answers, 1):
            questioned(terminal, number)
            terminal.type(keys)
        assert code_of(terminal) == 3
        assert "NOT CONFIRMED: its name was not typed; nothing was done" in terminal.text
    assert service.paths() == ["/v1/actions", "/v1/actions/7/cancel"]


def test_what_was_typed_before_the_question_is_thrown_away(tmp_path: Path, service: Standin) -> None:
    with run(tmp_path) as terminal:
        # The kernel has it before the program has begun.
        terminal.type("aws\naws\n")
        asked(terminal)
        terminal.type("\x04")
        assert code_of(terminal) == 3
    assert CONFIRM not in service.paths()


def test_of_what_is_pasted_only_the_first_line_counts(tmp_path: Path, service: Standin) -> None:
    with run(tmp_path) as terminal:
        asked(terminal)
        terminal.type("gcp\naws\n")
        questioned(terminal, 2)
        terminal.type("\x04")
        assert code_of(terminal) == 3
    assert CONFIRM not in service.paths()


def test_who_leaves_has_done_nothing(tmp_path: Path, service: Standin) -> None:
    with run(tmp_path) as terminal:
        asked(terminal)
        terminal.type("\x03")
        assert code_of(terminal) == 3
        assert "NOT CONFIRMED" in terminal.text
    assert service.paths()[-1] == "/v1/actions/7/cancel"


def test_a_changed_plan_is_typed_anew(tmp_path: Path, service: Standin) -> None:
    def change() -> tuple[int, object]:
        service.action = replace(AWAITING, plan=plan_json(OTHER), digest=OTHER.digest)
        return problem(409, "the plan has changed since it was shown: look at the new one")

    service.instead[f"POST {CONFIRM}"] = change
    with run(tmp_path) as terminal:
        asked(terminal)
        # The second name is there before the new plan is: it confirms nothing.
        terminal.type("aws\naws\n")
        questioned(terminal, 2)
        assert b"the plan CHANGED: this is the new one" in terminal.sent
        assert service.paths().count(CONFIRM) == 1
        terminal.type("aws\n")
        assert code_of(terminal) == 0
    digests = [body["digest"] for how, path, body in service.asked if path == CONFIRM]
    assert digests == [AWAITING.digest, OTHER.digest]


def test_a_plan_that_expired_is_made_anew(tmp_path: Path, service: Standin) -> None:
    def expire() -> tuple[int, object]:
        service.action = replace(AWAITING, state="ended", outcome="expired")
        service.instead["POST /v1/actions"] = again
        return problem(409, "the plan has expired: look at the new one, and confirm that")

    def again() -> tuple[int, object]:
        service.action = replace(AWAITING, plan=plan_json(OTHER), digest=OTHER.digest)
        return 200, service.action

    service.instead[f"POST {CONFIRM}"] = expire
    with run(tmp_path) as terminal:
        asked(terminal)
        terminal.type("aws\n")
        questioned(terminal, 2)
        assert b"the plan EXPIRED: this is the new one" in terminal.sent
        terminal.type("\x04")
        assert code_of(terminal) == 3
    assert service.paths() == ["/v1/actions", CONFIRM, "/v1/actions", "/v1/actions/7/cancel"]


def test_ctrl_c_stops_watching_alone(tmp_path: Path, service: Standin) -> None:
    service.story = [CONFIRMED, RUNNING]
    with run(tmp_path) as terminal:
        asked(terminal)
        terminal.type("aws\n")
        terminal.shows("running")
        terminal.type("\x03")
        assert code_of(terminal) == 5
        assert "no longer watching; action 7 itself goes on in the service:" in terminal.text
    assert service.paths() == ["/v1/actions", CONFIRM]
