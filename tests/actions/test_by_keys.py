"""A person at a terminal, a real service, a real PowerDNS: a failover by keys alone, and a line that drops in it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.actions.site import Site
from tests.places import SQLITE
from tests.poller.service_process import eventually
from tests.providers.traffic.pdns import PowerDns
from tests.terminals import Terminal
from wedtui.core.traffic import Place

ONLY_ON = SQLITE
OPENS_WITHIN_BYTES = 8_000
NOT_SOONER_S, PRESSED_AGAIN_AFTER_S = 0.4, 15.0


@pytest.fixture
def site(tmp_path: Path, pdns: PowerDns) -> Iterator[Site]:
    """Give one that proposes nothing by itself: the plan is the person's own, and F does not open the service's."""
    made = Site(tmp_path, pdns, mode="off")
    try:
        yield made
    finally:
        made.close()


def dashboard(site: Site, size: tuple[int, int]) -> Terminal:
    """Open the dashboard, in a terminal of its own."""
    environ = {**site.place.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
    environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    columns, rows = size
    opened = Terminal([sys.executable, "-m", "wedtui"], environ, columns=columns, rows=rows)
    opened.shows("emergency actions", "F fail over")
    return opened


def press_until(terminal: Terminal, keys: str, condition: Callable[[], object]) -> None:
    """Press keys on what stands there; and again, as a person does, where they came too soon to count."""
    for _ in range(4):
        ends = time.monotonic() + NOT_SOONER_S
        while time.monotonic() < ends:
            terminal.read(0.05)
        terminal.type(keys)
        ends = time.monotonic() + PRESSED_AGAIN_AFTER_S
        while time.monotonic() < ends:
            terminal.read(0.05)
            if condition():
                return
    raise AssertionError(f"{keys!r} did nothing:\n{terminal.text}")


def named(terminal: Terminal, place: str, reason: str) -> None:
    """Go by keys from the dashboard to where the place's name is to be typed; each key is pressed on what was seen."""
    before = len(terminal.sent)
    press_until(terminal, "F", lambda: "away from where?" in terminal.text)
    assert len(terminal.sent) - before < OPENS_WITHIN_BYTES
    terminal.shows(f"› {place}")
    before = len(terminal.sent)
    press_until(terminal, "\r", lambda: "why:" in terminal.text)
    assert len(terminal.sent) - before < OPENS_WITHIN_BYTES
    press_until(terminal, "\t", lambda: "› why:" in terminal.text)
    typed(terminal, "why", reason)
    press_until(terminal, "\r", lambda: f"type {place}:" in terminal.text)


def typed(terminal: Terminal, field: str, words: str) -> None:
    """Type, and look whether it stands there."""
    terminal.type(words)
    terminal.shows(f"› {field}: {words}")


def confirm(terminal: Terminal, place: str) -> None:
    """Type the name, and press Enter once."""
    press_until(terminal, "\t", lambda: f"› type {place}:" in terminal.text)
    typed(terminal, f"type {place}", place)
    terminal.type("\r")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_line_that_drops_in_the_middle_of_a_failover_by_keys_loses_nothing(site: Site, size: tuple[int, int]) -> None:
    site.platform.down.add("aws")
    eventually(lambda: site.station.seen("gcp", "PASS") and site.station.seen("aws", "FAIL"))
    with dashboard(site, size) as terminal:
        named(terminal, "aws", "it answers 503")
        assert not site.client.actions()[0].confirmed_by
        confirm(terminal, "aws")
        terminal.until(lambda: any(step in terminal.text for step in ("claimed", "CLAIMED", "under way", "VERIFIED")))
    with dashboard(site, size) as terminal:
        terminal.shows("#1 VERIFIED aws")
        press_until(terminal, "a", lambda: "answered so by the authoritative servers" in terminal.text)
        terminal.shows("#1 VERIFIED", "● done      submit", "● done      answers", "Enter leaves")
    (action,) = site.client.actions()
    assert (action.outcome, action.reason) == ("verified", "it answers 503")
    assert site.sampled() == {Place("gcp"): 200}
    assert site.zone.live() == (1, {"aws": 0, "gcp": 100})
    assert site.place.wedtui("audit", "verify").returncode == 0
