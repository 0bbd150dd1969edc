"""`wedtui wall`: on a real terminal it shows what the cache says and starts nothing; elsewhere it refuses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.base import Machine, machine
from tests.cli.test_dashboard import place, terminal
from tests.poller.service_process import Place

__all__ = ["machine", "place"]


def test_on_a_pipe_it_refuses_in_one_sentence(machine: Machine) -> None:
    for command in (("wall",), ("demo", "--wall")):
        answer = machine.run(*command)
        assert answer.code == 2
        assert answer.err == "wedtui: the wall needs a terminal that understands escapes: use `wedtui status` here\n"
        assert answer.out == ""


@pytest.mark.parametrize("every", ["0", "-3", "soon"])
def test_a_page_that_turns_too_fast_is_refused(machine: Machine, every: str) -> None:
    assert machine.run("wall", "--every", every).code == 2


def test_two_ways_to_watch_the_demo_are_refused(machine: Machine) -> None:
    answer = machine.run("demo", "--wall", "--headless", "1")
    assert answer.code == 2
    assert "choose one" in answer.err


def test_it_starts_no_service_shows_that_there_is_none_and_shows_one_that_runs(tmp_path: Path, place: Place) -> None:
    with terminal(tmp_path, place) as tmux:
        tmux.type(f"{sys.executable} -m wedtui wall; echo code $?", "Enter")
        tmux.shows("no wedding calendar", "there is no cache at")
        assert place.wedtui("service", "status").returncode == 1
        assert place.wedtui("service", "start").returncode == 0
        tmux.shows("● here")
        assert place.wedtui("service", "stop").returncode == 0
        tmux.shows("the service was stopped", "OLD, last known: here")
        tmux.type("x", "w", "Enter", "q")
        tmux.shows("code 0")


def test_an_unknown_theme_is_said_on_a_restored_terminal(tmp_path: Path, place: Place) -> None:
    with terminal(tmp_path, place) as tmux:
        tmux.type(f"{sys.executable} -m wedtui wall --theme pink; echo code $?", "Enter")
        tmux.shows('there is no theme "pink"', "code 2")
