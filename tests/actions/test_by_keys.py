"""A person at a terminal, a real service, a real PowerDNS: a failover by keys alone, and a line that drops in it."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.actions.site import Site
from tests.places import SQLITE
from tests.poller.service_process import eventually
from tests.postgres import running_postgres
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


def dashboard(site: Site, size: tuple[int, int], **more: str) -> Terminal:
    """Open the dashboard, in a terminal of its own; with more in its environment."""
    environ = {**site.place.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", **more}
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


def bells(terminal: Terminal) -> int:
    """Count what rang; a bell that ends a title or a text for the clipboard is none."""
    return re.sub(rb"\x1b\][^\x07\x1b]*(\x07|\x1b\\)", b"", bytes(terminal.sent)).count(b"\a")


def test_each_proposal_of_the_service_rings_once(tmp_path: Path, pdns: PowerDns) -> None:
    site = Site(tmp_path, pdns, mode="propose")
    try:
        eventually(lambda: site.station.seen("aws", "PASS") and site.station.seen("gcp", "PASS"))
        with dashboard(site, (80, 24)) as terminal:
            for rung in (1, 2):
                assert bells(terminal) == rung - 1
                site.platform.down.add("aws")
                terminal.until(lambda rung=rung: bells(terminal) == rung)  # type: ignore[misc]
                (proposed,) = site.client.actions(open_only=True)
                assert (proposed.automatic, proposed.target) == (True, "aws")
                site.platform.down.clear()
                # It stands there for as long as it takes to be sure that nothing fails, and rings no more.
                terminal.until(lambda: not site.client.actions(open_only=True))
            assert bells(terminal) == 2
    finally:
        site.close()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_line_that_drops_in_the_middle_of_a_failover_by_keys_loses_nothing(site: Site, size: tuple[int, int]) -> None:
    site.platform.down.add("aws")
    eventually(lambda: site.station.seen("gcp", "PASS") and site.station.seen("aws", "FAIL"))
    with dashboard(site, size) as terminal:
        named(terminal, "aws", "it answers 503")
        assert not site.client.actions()[0].confirmed_by
        confirm(terminal, "aws")
        begun = ("#1 running", "RUNNING", "under way", "VERIFIED")
        terminal.until(lambda: any(step in terminal.text for step in begun))
    with dashboard(site, size) as terminal:
        terminal.shows("#1 VERIFIED aws")
        press_until(terminal, "e", lambda: "200 answers name each place" in terminal.text)
        terminal.shows("#1 VERIFIED", "● done      submit", "● done      answers", "Enter leaves")
    (action,) = site.client.actions()
    assert (action.outcome, action.reason) == ("verified", "it answers 503")
    assert site.sampled() == {Place("gcp"): 200}
    assert site.zone.live() == (1, {"aws": 0, "gcp": 100})
    assert site.place.wedtui("audit", "verify").returncode == 0


def failed_over(site: Site) -> None:
    """Let AWS have failed, be left, and be well again."""
    site.platform.down.add("aws")
    eventually(lambda: site.station.seen("gcp", "PASS") and site.station.seen("aws", "FAIL"))
    asked = site.client.ask("failover", ["aws"], reason="it answers 503")
    site.client.confirm(asked.id, digest=asked.digest, typed="aws")
    assert site.station.ended(asked.id).outcome == "verified"
    site.platform.down.clear()
    # A failback is refused where the shares that it comes back to are not known to be well.
    eventually(lambda: not site.client.plan("failback", []).refused)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_failback_by_keys(site: Site, size: tuple[int, int]) -> None:
    failed_over(site)
    with dashboard(site, size) as terminal:
        press_until(terminal, "B", lambda: "to which shares?" in terminal.text)
        terminal.shows("› configured")
        press_until(terminal, "\r", lambda: "why:" in terminal.text)
        press_until(terminal, "\t", lambda: "› why:" in terminal.text)
        typed(terminal, "why", "it is well again")
        press_until(terminal, "\r", lambda: "type failback:" in terminal.text)
        assert site.client.actions()[0].confirmed_by is None
        confirm(terminal, "failback")
        terminal.shows("#2 VERIFIED", "Enter leaves")
    (action, _) = site.client.actions()
    assert (action.kind, action.outcome, action.reason) == ("failback", "verified", "it is well again")
    assert site.zone.live() == (2, {"aws": 60, "gcp": 40})
    assert site.place.wedtui("audit", "verify").returncode == 0


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_service_that_is_killed_under_the_open_panel_takes_nothing_with_it(site: Site, size: tuple[int, int]) -> None:
    site.platform.down.add("aws")
    eventually(lambda: site.station.seen("gcp", "PASS") and site.station.seen("aws", "FAIL"))
    with dashboard(site, size) as terminal:
        named(terminal, "aws", "it answers 503")
        site.station.die()
        terminal.shows("the service does not listen on", "type aws:")
        site.station.start()
        terminal.until(lambda: "does not listen" not in terminal.text)
        confirm(terminal, "aws")
        terminal.until(lambda: any(step in terminal.text for step in ("CONFIRMED", "RUNNING", "VERIFIED")))
        site.station.die()
        site.station.start()
        site.station.ended(1)
        terminal.shows("#1 VERIFIED", "● done      submit")
    (action,) = site.client.actions()
    assert (action.outcome, action.confirmed_by is not None) == ("verified", True)
    assert site.zone.live() == (1, {"aws": 0, "gcp": 100})
    assert site.place.wedtui("audit", "verify").returncode == 0


def test_a_failover_without_the_ledger_by_keys_is_on_record_after(tmp_path: Path, pdns: PowerDns) -> None:
    with running_postgres() as server:
        site = Site(tmp_path, pdns, mode="off", more=f'[ledger]\nurl = "{server.url(server.database())}"\n')
        try:
            site.platform.down.add("aws")
            eventually(lambda: site.station.seen("gcp", "PASS") and site.station.seen("aws", "FAIL"))
            with dashboard(site, (120, 40)) as terminal:
                server.stop()
                try:
                    terminal.shows("NO LEDGER")
                    press_until(terminal, "F", lambda: "THE SERVICE CANNOT REACH ITS LEDGER" in terminal.text)
                    terminal.shows("› aws")
                    press_until(terminal, "\r", lambda: "[Emergency path" in terminal.text)
                    press_until(terminal, "\t", lambda: "› [Emergency path" in terminal.text)
                    press_until(terminal, "\r", lambda: "why:" in terminal.text)
                    terminal.shows("fail over aws without the ledger", "standby.db")
                    press_until(terminal, "\t", lambda: "› why:" in terminal.text)
                    typed(terminal, "why", "all is down")
                    press_until(terminal, "\r", lambda: "type aws:" in terminal.text)
                    confirm(terminal, "aws")
                    terminal.shows("NOT YET RECONCILED")
                    eventually(lambda: site.client.actions(open_only=True, newest=True)[0].outcome == "verified")
                    assert site.sampled() == {Place("gcp"): 200}
                finally:
                    server.start()
                recorded = "RECONCILED: it is in journal and audit chain as action"
                terminal.shows(recorded)
                (action,) = site.client.actions()
                # A server that goes down in the middle of a transaction does not give the same number again.
                terminal.shows(f"{recorded} {action.id} (")
            assert (action.outcome, action.reason, action.aside) == ("verified", "all is down", False)
            assert site.place.wedtui("audit", "verify").returncode == 0
        finally:
            site.close()
