"""The root of the command line: where `--config` may stand, and how a command ends."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.base import FEED, WINDOW, Machine, machine
from wedtui import __version__
from wedtui.cli.app import config_first

__all__ = ["machine"]


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ([], []),
        (["gate"], ["gate"]),
        (["gate", "--config", "a"], ["--config", "a", "gate"]),
        (["freeze", "list", "--config=a", "--json"], ["--config=a", "freeze", "list", "--json"]),
        (["--config", "a", "gate", "--json"], ["--config", "a", "gate", "--json"]),
        (["gate", "--config"], ["gate", "--config"]),
        (["x", "--", "--config", "a"], ["x", "--", "--config", "a"]),
    ],
)
def test_the_configuration_may_be_named_behind_the_command(given: list[str], understood: list[str]) -> None:
    assert config_first(given) == understood


def test_version_and_mistakes_in_arguments(machine: Machine) -> None:
    assert machine.run("--version").out == f"wedtui {__version__}\n"
    assert (machine.run("freeze", "add").code, machine.run("nothing").code) == (2, 2)


def test_every_problem_is_a_sentence_of_its_own(machine: Machine) -> None:
    machine.configure("a = 1\nb = 2\n")
    answer = machine.run("freeze", "status")
    assert (answer.code, answer.out) == (2, "")
    assert [line.partition(" expected")[0] for line in answer.err.splitlines()] == [
        f"wedtui: {machine.config}:1: a:",
        f"wedtui: {machine.config}:2: b:",
    ]


def test_check_knows_what_opening_a_store_would_refuse(machine: Machine) -> None:
    machine.configure('[cache]\nurl = "oracle://me:hunter2@db/x"\n\n[ledger]\nurl = "sqlite:///relative.db"\n')
    answer = machine.run("config", "check")
    assert answer.code == 2
    assert [line.split(" ")[1] for line in answer.err.splitlines()] == [f"{machine.config}:{n}:" for n in (2, 5)]
    assert "hunter2" not in answer.err


def test_show_keeps_entries_of_one_name_apart(machine: Machine) -> None:
    machine.configure(WINDOW + WINDOW.replace("18:00", "12:00") + FEED)
    shown = machine.run("config", "show", "--json").json
    assert shown["freeze.windows.0.start"] == {"value": '"fri 18:00"', "origin": f"{machine.config}:3"}
    assert shown["freeze.windows.1.start"] == {"value": '"fri 12:00"', "origin": f"{machine.config}:8"}
    assert shown["freeze.feeds.venues.url"]["value"] == '"https://calendar.example.com/***"'


def test_the_examples_of_the_readme_do_not_grow_old(machine: Machine) -> None:
    machine.configure("")
    machine.now = datetime(2071, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^wedtui ((?:freeze|weddings load|protection)\b.*)", text, re.M)
    commands = [shlex.split(line, comments=True) for line in lines]
    some = [each for each in commands if each[1:2] not in (["lift"], ["lower"])]
    assert len(some) >= 7
    # Without a cache no load is known: `weddings load` has one to read, of a calendar in which a wedding is live.
    weddings = machine.folder / "weddings.csv"
    weddings.write_text("reference,start,end\nw,2071-03-04T04:00,2071-03-04T09:00\n", encoding="utf-8")
    assert machine.run("weddings", "import", str(weddings), "--zone", "Europe/London").code == 0
    answers = {tuple(each): machine.run(*each) for each in some}
    assert {each: answer.code for each, answer in answers.items()} == dict.fromkeys(answers, 0)
    (load,) = [answer.json for each, answer in answers.items() if each[:2] == ("weddings", "load")]
    assert [step["load"] for step in load["steps"]] == [1.0, 0.0]
    (added, *_) = machine.run("freeze", "list", "--json").json
    assert added["end"] == "2071-03-06T05:06:07Z"


def test_a_reader_that_has_gone_is_no_traceback(machine: Machine) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [sys.executable, "-m", "wedtui", "config", "show"]
        ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=300)
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (1, b"")


@pytest.mark.parametrize("command", [("status",), ("status", "--json"), ("weddings", "sources"), ("doctor",)])
def test_a_reader_that_has_gone_ends_every_command_quietly(machine: Machine, command: tuple[str, ...]) -> None:
    with machine.cache():
        pass
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "wedtui", *command],
            env=os.environ,
            stdout=write,
            stderr=subprocess.PIPE,
            check=False,
            timeout=300,
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")
